"""What named leads are told of their own families: the step, as far as partners agreed, and never that a family said no."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from review_material import HARM, HELP, NOT_NOW, Published, line, published, workbook

from early_id.config.load import make_config
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Audience, SharingClass
from early_id.explain.page import OUTCOMES
from early_id.present.wording import check_words
from early_id.screening.feedback import (
    ALL_STEPS,
    CONTACT_MADE,
    ENDED,
    NOBODY_FREE,
    NOT_SHARED,
    OFFERED,
    RUNNING,
    help_since,
    reader_step,
    step_of,
    steps_allowed,
    thanks_for,
)
from early_id.workflow.feeding_back import feed_back
from early_id.workflow.reviewing import import_reviews

LISTED, DAY = date(2025, 11, 10), date(2026, 1, 15)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


#: Records since the list, the reader's answer → the step.
STEPS: list[tuple[dict[str, Any] | None, str, str]] = [
    (None, "", ""),
    (None, OUTCOMES[NOT_NOW], CONTACT_MADE),
    (None, OUTCOMES[HELP], NOBODY_FREE),
    ({"offered_on": day("2025-12-01"), "start_on": pd.NaT, "end_on": pd.NaT}, OUTCOMES[NOT_NOW], OFFERED),
    ({"offered_on": day("2026-01-05"), "start_on": pd.NaT, "end_on": pd.NaT}, OUTCOMES[HELP], OFFERED),
    ({"offered_on": day("2025-12-01"), "start_on": pd.NaT, "end_on": pd.NaT}, "", OFFERED),
    ({"offered_on": day("2025-12-01"), "start_on": day("2025-12-10"), "end_on": pd.NaT}, "", RUNNING),
    ({"offered_on": day("2025-12-01"), "start_on": day("2026-02-10"), "end_on": pd.NaT}, OUTCOMES[HELP], OFFERED),
    ({"offered_on": day("2025-12-01"), "start_on": day("2025-12-10"), "end_on": day("2026-01-10")}, "", ENDED),
]


@pytest.mark.parametrize(("records", "decision", "step"), STEPS)
def test_the_step_reached(records: dict[str, Any] | None, decision: str, step: str) -> None:
    assert step_of(records, decision, listed_on=LISTED, day=DAY, decided_on=date(2025, 11, 20)) == step


def test_only_help_offered_since_the_list_counts() -> None:
    rows = pd.DataFrame({
        "child_id": ["A", "A", "B"], "offered_on": ["2025-10-01", "2025-11-12", "2025-10-02"], "response": ["accepted", "not_now", "accepted"],
        "start_on": [pd.NaT] * 3, "end_on": [pd.NaT] * 3,
    })  # fmt: skip
    found = help_since(rows, pd.Series(day("2025-11-10"), index=["A", "B"]))
    assert found.index.tolist() == ["A"] and found.loc["A", "offered_on"] == day("2025-11-12")
    assert "response" not in found and "accepted" not in found


@pytest.mark.parametrize("decision", ["", *OUTCOMES])
@pytest.mark.parametrize("began", [pd.NaT, day("2026-01-20")])
def test_what_a_family_said_to_an_offer_cannot_be_read_off_at_any_date(decision: str, began: pd.Timestamp) -> None:
    said = ["accepted", "not_now", "declined", None]
    offered = {"child_id": list("ABCD"), "offered_on": ["2025-11-20"] * 4, "response": said, "start_on": [began] * 4, "end_on": [pd.NaT] * 4}
    found = help_since(pd.DataFrame(offered), pd.Series(day("2025-11-10"), index=list("ABCD"))).to_dict("index")
    for moment in pd.date_range("2025-11-10", "2026-06-30"):
        told = {step_of(found[child], decision, listed_on=LISTED, day=moment.date(), decided_on=date(2025, 11, 15)) for child in "ABCD"}
        assert len(told) == 1
        if pd.isna(began) and moment > day("2025-11-20"):
            assert told == {OFFERED}


def test_who_is_told_what() -> None:
    usual = {Audience.SCHOOL_LEAD: (SharingClass.SCHOOL,), Audience.HUB_LEAD: (SharingClass.SCHOOL, SharingClass.SOCIAL_CARE)}
    assert steps_allowed("school_lead", {}, usual) == frozenset() and steps_allowed("hub_lead", {}, usual) == frozenset(ALL_STEPS)
    assert steps_allowed("school_lead", {Audience.SCHOOL_LEAD: (CONTACT_MADE, RUNNING)}, usual) == {CONTACT_MADE, RUNNING}
    assert reader_step(RUNNING, frozenset(), "") == NOT_SHARED and reader_step(RUNNING, frozenset(), OUTCOMES[HELP]) == CONTACT_MADE
    assert reader_step(RUNNING, frozenset({RUNNING}), "") == RUNNING
    # Whether there is anything that may not be told is not told either.
    assert reader_step("", frozenset(), "") == reader_step(RUNNING, frozenset(), "")


def test_the_agreement_may_stand_with_the_sharing_rules(tmp_path: Path) -> None:
    cfg = make_config({"sharing": {"school_lead": ["SCHOOL"], "feedback": {"school_lead": ["help running"]}}}, base=tmp_path)
    assert cfg.feedback == {Audience.SCHOOL_LEAD: ("help running",)} and set(cfg.sharing) == {Audience.SCHOOL_LEAD}
    with pytest.raises(SettingsError, match="feedback"):
        make_config({"sharing": {"feedback": {"school_lead": ["refused help"]}}}, base=tmp_path)


@pytest.mark.parametrize("decision", ["", *OUTCOMES])
def test_thanks_keep_to_our_words(decision: str) -> None:
    said = thanks_for(decision, "stands" if decision else "", date(2025, 12, 3) if decision else None)
    assert said and not check_words(said) and ("Thank you" in said) == bool(decision)


@pytest.fixture(scope="module")
def lists(small_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return published(small_store, tmp_path_factory.mktemp("published"))


def test_each_lead_is_told_of_the_own_families_and_of_no_others(lists: Published, tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="last year"):
        feed_back(lists.cfg.model_copy(update={"as_of": lists.cfg.as_of.model_copy(update={"screening": date(2024, 3, 1)})}))
    rows = lists.of(0)
    import_reviews(
        lists.cfg, workbook(tmp_path / "a.xlsx", [line(rows.iloc[0], OUTCOMES[HELP]), line(rows.iloc[1], OUTCOMES[HARM])]), today=date(2025, 12, 5)
    )
    made = feed_back(lists.cfg)
    books = {item["recipient"]: (lists.cfg.out_dir / item["path"]).read_bytes() for item in made.outputs}
    assert set(books) == set(lists.schools)
    for school, content in books.items():
        cells = [str(c) for row in load_workbook(BytesIO(content)).active.iter_rows(values_only=True) for c in row if c is not None]
        own, others = (lists.rows[(lists.rows["school_id"] == school) == mine]["name"] for mine in (True, False))
        assert set(own) <= set(cells) and not set(others) & set(cells)
        assert not [word for cell in cells if cell not in OUTCOMES for word in check_words(cell)]
    assert feed_back(lists.cfg).lines == made.lines == 12
