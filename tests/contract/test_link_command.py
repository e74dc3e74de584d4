"""``early-id link --by-group``: groups by their labels, and a line where none differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from early_id.cli.linkage import NONE_DIFFERS
from early_id.core.findings import Findings
from early_id.linkage import by_group

Cli = Callable[..., tuple[int, str]]
ROWS = pd.DataFrame(
    {
        "measure": "joined", "characteristic": ["ethnicity", "sex", "age"], "group": ["WBRI", "F", "5 to 10"], "n": [400, 300, 200],
        "share": 0.8, "rest": 0.81, "differs": False,
    }
)  # fmt: skip


def test_groups_are_named_by_their_labels_and_none_that_differs_is_said(
    cli: Cli, small_store: Any, small_council: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_group, "linkage_by_group", lambda *_, **__: by_group.LinkageByGroup(ROWS, Findings()))
    code, said = cli("link", "--by-group", "--config", str(small_council.config), "--out", str(small_store.cfg.out_dir))
    assert code == 0 and "White British" in said and "female" in said and "5 to 10" in said and "WBRI" not in said
    assert NONE_DIFFERS in said
