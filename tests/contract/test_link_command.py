"""``early-id link``: with ``--by-group`` groups by their labels, and a line where none differs; with ``--anew`` all links dated again, on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from early_id.cli.linkage import ANEW, NONE_DIFFERS
from early_id.core.chain import Chain
from early_id.core.findings import Findings
from early_id.core.trail import Trail
from early_id.linkage import by_group
from early_id.linkage.store_link import kept_of
from intake import Council, check

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


def test_links_made_anew_are_said_and_on_record_and_need_somebody_who_answers_for_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no right")

    council = Council(tmp_path)
    for name in ("schools", "pupils", "people"):
        council.put_good(name)
    council.ingest()
    settings = council.write_settings()
    assert cli("link", "--config", settings)[0] == 0
    code, said = cli("link", "--anew", "--config", settings)
    assert code == 2 and "Nobody is named who decided" in said
    code, said = cli("link", "--by", "data officer", "--config", settings)
    assert code == 2 and said.count("Somebody is named, and nothing is decided.") == 1
    check(said, "Somebody is named", where="--by")
    with monkeypatch.context() as patch:  # what cannot be put on record does not happen
        patch.setattr(Chain, "append", refuse)
        assert cli("link", "--anew", "--by", "data officer", "--config", settings)[0] != 0
    assert len(kept_of(council.store()).linkings()) == 1
    code, said = cli("link", "--anew", "--by", "data officer", "--config", settings)
    assert code == 0 and ANEW.format(number=2) in said
    kept = kept_of(council.store())
    assert [bool(one.get("anew")) for one in kept.linkings()] == [False, True] and len(kept.links_of(1)) == 2
    noted = [record for record in Trail(council.store().folder).read() if record.kind == "links"]
    assert [(record.body["by"], record.body.get("linking")) for record in noted] == [("data officer", None), ("data officer", 2)]  # begun, and done
    assert cli("link", "--config", settings)[0] == 0 and len(kept.linkings()) == 2  # from then on they are the links of these records


def test_the_pairs_of_one_child_go_out_for_whoever_knows_that_a_join_is_wrong(cli: Cli, tmp_path: Path) -> None:
    council = Council(tmp_path)
    for name in ("schools", "pupils", "people"):
        council.put_good(name)
    council.ingest()
    settings = council.write_settings()
    code, said = cli("link", "review", "export", "--config", settings)
    assert code == 0 and "0 pair(s) in" in said
    code, said = cli("link", "review", "export", "--child", "social_care/C1", "--config", settings)
    assert code == 0 and "1 pair(s) in" in said
    check(cli("link", "review", "export", "--child", "social_care/C9", "--config", settings)[1], "No child is known", where="--child")
