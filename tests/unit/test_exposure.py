"""Who had been listed and seen before: kept with later rows, shown apart, and no ground for a new approval."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from early_id.config.settings import AuditSettings, Config
from early_id.core.errors import PolicyError
from early_id.explain.page import OUTCOMES
from early_id.learning.suggestions import ELSEWHERE, NONE_SO_FAR, NOT_YET_KNOWN, THROUGH_LIST, suggestions
from early_id.screening.answers import COLUMNS as ANSWERS
from early_id.screening.exposure import exposure, first_list
from early_id.screening.history import LISTS, ledger
from early_id.screening.listed import COLUMNS, listed
from early_id.workflow.registering import refuse_after_lists

PLACE = {"audience": "school_lead", "recipient": "S1"}


def lists(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """(date, child, made at)."""
    whole = [{**dict.fromkeys(COLUMNS, ""), **PLACE, "list_as_of": d, "child_id": c, "key": c, "made_at": m} for d, c, m in rows]
    return pd.DataFrame(whole, columns=COLUMNS)


def test_exposure_is_what_was_known_on_the_rows_own_date() -> None:
    made = lists(("2025-03-17", "A", "1"), ("2025-06-16", "A", "2"), ("2025-03-17", "B", "0"), ("2025-03-17", "C", "1"))
    seen = pd.DataFrame(
        [{**dict.fromkeys(ANSWERS, ""), **PLACE, "list_as_of": "2025-06-16", "child_id": "A", "decided_on": "2025-07-01", "role": "DSL"}]
    )
    dates = ["2025-03-16", "2025-03-17", "2025-06-20", "2025-11-10"]
    index = pd.DataFrame({"child_id": ["A"] * 4 + ["B"], "as_of": pd.to_datetime([*dates, "2025-11-10"])}, index=list("vwxyz"))
    found = exposure(index, made, seen)
    assert [str(d.date()) if pd.notna(d) else "" for d in found["listed_on"]] == [
        "",
        "2025-03-17",
        "2025-06-16",
        "2025-06-16",
        "",
    ]  # B's list was made anew without B
    assert found["seen_by"].fillna("").tolist() == ["", "", "", "DSL", ""] and found["seen_on"].isna().tolist() == [True, True, True, False, True]


def test_help_that_a_list_brought_about_is_shown_apart() -> None:
    talked, no = OUTCOMES[0], OUTCOMES[3]
    lines = pd.DataFrame({"child_id": list("abcdef"), "family_id": list("abcdef"), "list_as_of": "2025-03-17",
                          "decision": [talked, no, talked, talked, talked, talked], "decided_on": ["2025-04-01"] * 5 + [""]})  # fmt: skip
    outcomes = pd.DataFrame({"need": [1, 1, 0, None, 1, 1], "statutory_entry": [0, 0, 0, None, 1, 0], "referral_accepted": 0.0})
    offers = pd.DataFrame({"child_id": list("abef"), "offered_on": pd.to_datetime(["2025-04-05", "2025-04-05", "2025-04-05", "2025-03-20"])})
    found = suggestions(lines, outcomes, offers, outcome="need")
    assert found.rows["category"].tolist() == [THROUGH_LIST, ELSEWHERE, NONE_SO_FAR, NOT_YET_KNOWN, ELSEWHERE, THROUGH_LIST]
    # An offer before the talk is not the talk's doing.
    early = offers.assign(offered_on=pd.Timestamp("2025-03-25"))
    assert suggestions(lines.head(1), outcomes.head(1), early, outcome="need").rows["category"].tolist() == [ELSEWHERE]


def test_an_approval_may_not_rest_on_what_lists_brought_about(tmp_path: Any) -> None:
    cfg = Config(out=tmp_path, store=tmp_path / "store")
    bundle: Any = SimpleNamespace(label="additive_hub_lead/2", card={"splits": {"test_date": "2025-03-17"}})
    refuse_after_lists(cfg, bundle)  # no list yet
    families = [{"key": "K", "keys": ["K"], "children": ["A"], "since": "2025-06-16"}]
    one = {**PLACE, "capacity": 1, "families": families}
    ledger(cfg.store_dir).append(LISTS, {"as_of": "2025-06-16", "models": {}, "lists": [one]})
    assert str(first_list(listed(cfg.store_dir))) == "2025-06-16"
    with pytest.raises(PolicyError, match="lists have been made since 2025-06-16"):
        refuse_after_lists(cfg, bundle)
    refuse_after_lists(cfg.model_copy(update={"audit": AuditSettings(second_outcome="judged_need")}), bundle)
    earlier: Any = SimpleNamespace(label="additive_hub_lead/1", card={"splits": {"test_date": "2024-11-11"}})
    refuse_after_lists(cfg, earlier)
