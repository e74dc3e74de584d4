"""Oversight: answers, time, help without plan or view, before and after; and the pages that say so."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, ago, past, people
from review_material import HELP, NO_NEED, WRONG, line, published, workbook

from early_id.config.settings import Config
from early_id.core.errors import InputDataError
from early_id.explain.page import OUTCOMES
from early_id.learning.oversight import (
    AGREED,
    ANSWERS,
    ENDED_OTHERWISE,
    FINISHED,
    IN_TIME,
    LATE,
    NO_ANSWER,
    NO_DATE,
    OFFERED,
    OVERRIDDEN,
    UNCLEAR,
    UNDER_WAY,
    Oversight,
    answered_lines,
    before_and_after,
    help_quality,
    help_rows,
)
from early_id.learning.oversight_page import NO_CAUSE, oversight_page
from early_id.learning.tables import Question, Words, group_section
from early_id.present.wording import check_words
from early_id.workflow import overseeing
from early_id.workflow.overseeing import oversee
from early_id.workflow.reviewing import import_reviews

Row = dict[str, Any]
PUPILS = [{"child": name, "birth_date": date(2014, 6, 1)} for name in ("Ann", "Bob", "Cat", "Dee")]


def test_answers_and_their_time() -> None:
    rows = pd.DataFrame({
        "list_as_of": "2025-06-16", "expires_on": "2025-07-28", "family_id": list("abcdef"), "child_id": list("abcdef"),
        "decision": [OUTCOMES[HELP], OUTCOMES[NO_NEED], OUTCOMES[WRONG], "", "", OUTCOMES[7]],
        "status": ["stands", "stands", "stands", "", "conflict", "waits for a countersign"],
        "decided_on": ["2025-06-20", "2025-08-01", "", "", "2025-06-30", "2025-07-28"], "role": "",
    })  # fmt: skip
    found = answered_lines(rows)
    assert found["category"].tolist() == [AGREED, OVERRIDDEN, OVERRIDDEN, NO_ANSWER, UNCLEAR, AGREED]
    assert found["time"].tolist() == [IN_TIME, LATE, NO_DATE, NO_ANSWER, IN_TIME, IN_TIME]
    assert found["days"].tolist()[:2] == [4, 46]


HELP_ROWS: list[Row] = [
    # Under way for 100 days: assessed, planned without the child's view, a review due that was made late.
    {"child": "Ann", "offered_on": ago(110), "response": "accepted", "start_on": ago(100), "assessed_on": ago(80), "plan_on": ago(50),
     "child_view_recorded": False, "review_due_on": ago(20), "reviewed_on": ago(10)},
    # Under way for 50 days without an assessment; too early for a plan.
    {"child": "Bob", "offered_on": ago(60), "response": "accepted", "start_on": ago(50)},
    {"child": "Cat", "offered_on": ago(200), "response": "accepted", "start_on": ago(190), "end_on": ago(30), "end_reason": "needs met"},
    {"child": "Dee", "offered_on": ago(200), "response": "accepted", "start_on": ago(190), "end_on": ago(30), "end_reason": "family withdrew"},
    {"child": "Dee", "offered_on": ago(20), "response": "not_now"},
]  # fmt: skip


def test_help_by_step_and_what_it_lacks() -> None:
    then = past({"pupils": PUPILS, "early_help": HELP_ROWS}, people({"Ann": "F1", "Bob": "F2", "Cat": "F3", "Dee": None}))
    steps = help_rows(then, ago(365)).sort_values(["child_id", "offered_on"])
    assert steps["category"].tolist() == [UNDER_WAY, UNDER_WAY, FINISHED, ENDED_OTHERWISE, OFFERED]
    assert help_quality(then) == (
        ("No whole-family assessment, 45 days after help began", 1, 2),
        ("No plan, 60 days after help began", 0, 1),
        ("A plan without the child's view", 1, 1),
        ("A review that was due and not made in time", 1, 1),
        ("A plan without aims", None, None),
    )
    bare = past(
        {"pupils": PUPILS, "early_help": [{"child": "Ann", "offered_on": ago(110), "response": "accepted", "start_on": ago(100)}]},
        people({"Ann": "F1"}),
    )
    assert [(part, whole) for _, part, whole in help_quality(bare)] == [(None, None)] * 5


def marks(child: str, first: int, last: int, absent: int) -> list[Row]:
    """One mark a day from ``first`` to ``last`` days ago, the first ``absent`` of them absent."""
    days = range(first, last, -1)
    return [{"child": child, "school_id": "S1", "date": ago(d), "session": "AM", "code": "O" if n < absent else "/"} for n, d in enumerate(days)]


def test_before_and_after_help_counts_the_same_children_over_the_same_days() -> None:
    rows = {
        "pupils": PUPILS,
        "early_help": [{"child": name, "offered_on": ago(305), "response": "accepted", "start_on": ago(300)} for name in ("Ann", "Bob")],
        # Ann: 20 of 90 days absent before, 10 of 90 after; Bob has no marks afterwards.
        "attendance": [*marks("Ann", 390, 300, 18), *marks("Ann", 210, 120, 9), *marks("Bob", 390, 300, 9)],
        "contacts": [
            {"child": "Ann", "contact_on": ago(310), "contact_source": "school"},
            {"child": "Bob", "contact_on": ago(150), "contact_source": "school"},
        ],
    }
    absence, contacts = before_and_after(past(rows, people({"Ann": "F1", "Bob": "F2"})), known_until=AS_OF)
    assert (absence.rows, round(absence.before, 3), round(absence.after, 3)) == (1, 0.2, 0.1) and np.isnan(absence.low)
    assert (contacts.rows, contacts.before, contacts.after, contacts.change) == (2, 0.5, 0.5, 0.0)
    # Not before both times are known.
    assert before_and_after(past(rows, people({"Ann": "F1", "Bob": "F2"})), known_until=ago(150)) == ()


def test_pages_say_what_cannot_be_said_and_keep_to_our_words() -> None:
    empty = pd.DataFrame({"category": pd.Series(dtype=str), "family_id": pd.Series(dtype=str)})
    question = Question(empty, ANSWERS, AGREED, "children on lists")
    nothing = Oversight(AS_OF, question, question, Question(empty, (OFFERED,), OFFERED, "offers"), (), ())
    for publishable in (False, True):
        page = oversight_page(nothing, Words("A council", "us"), publishable=publishable)
        assert NO_CAUSE in page and "No list of the last year" in page and not check_words(page)


def test_a_gap_is_only_said_where_it_is_beyond_chance() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(["a", "b"], 200)
    flat = pd.DataFrame({"category": np.where(rng.random(400) < 0.4, AGREED, OVERRIDDEN), "g": group, "family_id": np.arange(400).astype(str)})
    gap = flat.assign(category=np.where(rng.random(400) < np.where(group == "a", 0.2, 0.6), AGREED, OVERRIDDEN))
    said = {
        name: group_section(Question(rows, ANSWERS, AGREED, "children"), "g", "Group", publishable=False)
        for name, rows in (("flat", flat), ("gap", gap))
    }
    assert "cannot tell any" in said["flat"] and "beyond chance for a" in said["gap"]
    shown = group_section(Question(gap, ANSWERS, AGREED, "children"), "g", "Group", publishable=True)
    assert all(int(n.replace(",", "")) % 5 == 0 for n in re.findall(r'<td class="number">([\d,]+)</td>', shown))


def test_what_may_not_be_entered_yet_is_not_known_and_only_unknown_outcomes_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = Config()
    programme: Any = SimpleNamespace(outcome="y")
    coverage = pd.DataFrame({"table": ["early_help", "statutory", "contacts"], "covers_to": ["2025-10-31"] * 3})
    bench: Any = SimpleNamespace(cfg=cfg, in_force=SimpleNamespace(programme=programme), store=SimpleNamespace(coverage=lambda: coverage))
    assert overseeing._known_until(bench, date(2025, 12, 1)) == date(2025, 11, 1) - timedelta(days=cfg.outcome.recording_lag_days)
    lines = pd.DataFrame({"category": [AGREED, OVERRIDDEN] * 20, "family_id": range(40), "sex": ["F", "M"] * 20, "y": [1.0, 0.0] * 20})
    lines = lines.assign(child_id=lines["family_id"].astype(str), list_as_of="2025-11-10")
    earlier = lines.head(10).assign(list_as_of="2025-06-16", category=OVERRIDDEN)  # on an earlier list as well: each child counts once, by the newest
    bench.cfg = cfg.model_copy(update={"audit": cfg.audit.model_copy(update={"comparators": {"sex": "not there"}})})
    monkeypatch.setattr(overseeing, "_outcomes", lambda _, rows: rows[["y"]])
    found = overseeing._acted(bench, pd.concat([lines, earlier], ignore_index=True), {"sex": "Sex"})
    assert len(found)
    pd.testing.assert_frame_equal(found, overseeing._acted(bench, lines, {"sex": "Sex"}))
    assert overseeing._acted(bench, lines.assign(y=np.nan), {"sex": "Sex"}).empty
    with pytest.raises(InputDataError, match="name no family"):  # a fault is a fault, not an empty table
        overseeing._acted(bench, lines.assign(family_id=None), {"sex": "Sex"})


@pytest.fixture(scope="module")
def made(small_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    lists = published(small_store, tmp_path_factory.mktemp("published"), as_of=date(2025, 6, 16))
    rows = [row for _, row in lists.of(0).iterrows()]
    lines = [line(row, OUTCOMES[HELP if i % 2 else NO_NEED], day="01/07/2025") for i, row in enumerate(rows[:5])]
    import_reviews(lists.cfg, workbook(lists.cfg.store_dir.parent / "a.xlsx", lines), today=date(2025, 7, 5))
    return lists, oversee(lists.cfg)


def test_the_command_counts_what_came_back(made: Any) -> None:
    lists, done = made
    shown = done.to_json()
    assert shown["answers"][AGREED] == 2 and shown["answers"][OVERRIDDEN] == 3 and shown["answers"][NO_ANSWER] == 7
    assert shown["times"][IN_TIME] == 5 and sum(shown["help"].values()) > 0
    names = set(lists.rows["name"])
    for item in done.outputs:
        page = (Path(lists.cfg.out_dir) / item["path"]).read_text(encoding="utf-8")
        assert not check_words(page) and not [name for name in names if name in page]
        assert "<h1" in page and page.count("<h1") == 1
