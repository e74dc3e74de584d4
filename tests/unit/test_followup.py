"""Follow-up of contacts that met no threshold: literal children, worked out by hand; the pages; the hub's sheet."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, ago, past, people
from openpyxl import load_workbook

from early_id.config.settings import Config
from early_id.core.errors import BusyError, InputDataError
from early_id.core.types import SharingClass
from early_id.features.past import Past
from early_id.learning.followup import STEPS, FollowUp, follow_up
from early_id.learning.followup_files import write_followup
from early_id.learning.followup_page import followup_page
from early_id.learning.followup_sheet import nothing_since, sheet_workbook
from early_id.learning.published import hidden_totals, publish
from early_id.learning.tables import Words
from early_id.linkage import link
from early_id.present.wording import check_words
from early_id.workflow.afterwards import followed_up

Row = dict[str, Any]
CFG = Config()
#: A contact 200 days ago, closed two days later: 30, 90 days are known, and 180 would end before the recording lag.
CONTACT: Row = {"contact_on": ago(202), "contact_source": "school", "outcome": "nfa", "outcome_on": ago(200)}


def found(rows: dict[str, list[Row]], *, contact: Row = CONTACT, held: tuple[str, ...] = ("early_help", "statutory"), **more: Any) -> FollowUp:
    tables: dict[str, list[Row]] = {
        "pupils": [{"child": "Ann", "birth_date": date(2014, 6, 1)}, {"child": "Bob", "birth_date": date(2014, 6, 1)}],
        "contacts": [{"child": "Ann", **contact}, *rows.pop("contacts", [])],
        **{name: [] for name in held},
    }
    tables |= {name: [{"child": "Ann", **row} for row in own] for name, own in rows.items()}
    return follow_up(past(tables, people({"Ann": "F1", "Bob": "F2"}), **more), CFG)


#: What is recorded after the contact → what follows within 90 days.
CASES: dict[str, tuple[dict[str, list[Row]], set[str], int]] = {
    "nothing": ({}, {"nothing"}, 4),
    "offered": ({"early_help": [{"offered_on": ago(190), "response": "not_now"}]}, {"offered"}, 1),
    "offered before it was closed": ({"early_help": [{"offered_on": ago(201)}]}, {"offered"}, 1),
    "offered before the contact": ({"early_help": [{"offered_on": ago(203)}]}, {"nothing"}, 4),
    "taken up": ({"early_help": [{"offered_on": ago(190), "response": "accepted", "start_on": ago(180)}]}, {"offered", "taken_up"}, 0),
    "accepted, begun too late": ({"early_help": [{"offered_on": ago(190), "response": "accepted", "start_on": ago(110)}]}, {"offered"}, 1),
    "offered on the last day": ({"early_help": [{"offered_on": ago(111)}]}, {"offered"}, 1),
    "offered at the end": ({"early_help": [{"offered_on": ago(110)}]}, {"nothing"}, 4),
    "help was running": ({"early_help": [{"offered_on": ago(300), "response": "accepted", "start_on": ago(290)}]}, set(), 3),
    "help had ended": ({"early_help": [{"offered_on": ago(300), "response": "accepted", "start_on": ago(290), "end_on": ago(210)}]}, {"nothing"}, 4),
    "referred": ({"statutory": [{"status": "REFERRAL", "start_on": ago(150)}]}, {"again"}, 2),
    "plan": ({"statutory": [{"status": "CIN", "start_on": ago(150)}]}, {"statutory"}, 2),
    "known too late": ({"early_help": [{"offered_on": ago(190), "known_from": AS_OF}]}, {"nothing"}, 4),
}


@pytest.mark.parametrize("case", CASES)
def test_what_followed(case: str) -> None:
    rows, expected, step = CASES[case]
    follow = found({name: [dict(row) for row in own] for name, own in rows.items()})
    within = follow.within(90)
    assert len(within) == 1
    assert {name for name in follow.measures if within[name].iloc[0]} == expected
    assert within["step"].iloc[0] == STEPS[step]


def test_a_second_contact_is_coming_back_for_the_first_and_followed_itself() -> None:
    follow = found({"contacts": [{"child": "Ann", "contact_on": ago(170), "contact_source": "police", "outcome": "advice", "outcome_on": ago(168)}]})
    within = follow.within(90)
    assert within["again"].tolist() == [True, False] and within["nothing"].tolist() == [False, True]


def test_days_that_have_not_gone_by_are_not_counted() -> None:
    follow = found({})
    assert follow.known_until == AS_OF - timedelta(days=CFG.outcome.recording_lag_days)
    assert len(follow.within(90)) == 1 and len(follow.within(180)) == 0
    assert follow.by_group("source", 180).empty


def test_who_left_within_the_time_is_left_out_and_counted() -> None:
    gone = {"enrolments": [{"school_id": "S1", "start_on": ago(400), "end_on": ago(150), "leaving_reason": "moved away"}]}
    follow = found(gone)
    assert len(follow.within(30)) == 1 and len(follow.within(90)) == 0 and follow.left_within(90) == 1


def test_passed_on_waiting_and_outcomes_nobody_named_are_counted_apart() -> None:
    others = [
        {"child": "Bob", **CONTACT, "outcome": outcome, "contact_source": str(i)}
        for i, outcome in enumerate(["new_referral", None, "Gibberish", "NFA "])
    ]
    follow = found({"contacts": others})
    assert (len(follow.rows), follow.passed_on, follow.waiting) == (2, 1, 1)
    assert follow.findings.by_code() == {"FUP001": 1}
    assert "Gibberish" not in str(follow.findings.items[0])


def test_a_referral_closed_with_no_further_action_is_followed_too() -> None:
    follow = found(
        {"statutory": [{"status": "REFERRAL", "start_on": ago(205), "outcome": "nfa", "outcome_on": ago(199)}]},
        contact={**CONTACT, "outcome": "new_referral"},
    )
    assert follow.rows["kind"].tolist() == ["referral"] and follow.rows["source"].tolist() == ["referral: not held"]


def test_what_is_not_held_is_said_and_never_counted_as_nothing() -> None:
    follow = found({}, held=("statutory",))
    assert "nothing" not in follow.measures and "offered" not in follow.measures and "again" in follow.measures
    page = followup_page(follow, Words("A council", "us"), publishable=False)
    assert "Not held: early help" in page and "Main need as recorded: not held" in page
    with pytest.raises(InputDataError, match="Neither contacts"):
        follow_up(past({"pupils": [{"child": "Ann", "birth_date": date(2014, 6, 1)}]}, people({"Ann": None})), CFG)
    with pytest.raises(InputDataError, match="No contact or referral was closed"):
        found({}, contact={**CONTACT, "outcome": None, "outcome_on": None})


def people_rows(**marks: Any) -> pd.DataFrame:
    who = pd.DataFrame({"child_id": ["Ann", "Bob"], "forename": ["Ann", "Bob"], "surname": ["=Zo", "Ash"], "nc_year": ["5", None]})
    who = who.assign(
        school_name="Elm",
        hub_id="H1",
        hub_name="Hub One",
        order=["zo ann", "ash bob"],
        safe_contact=True,
        protected_address=False,
        no_joint_contact=False,
    )
    return who.assign(**marks)


def test_the_hub_sees_those_with_nothing_recorded_and_nobody_else() -> None:
    recent = {**CONTACT, "contact_on": ago(62), "outcome_on": ago(60)}
    bob = {"child": "Bob", **recent, "contact_source": "police"}
    rows = nothing_since(found({"contacts": [bob]}, contact=recent), people_rows(safe_contact=[False, True]), CFG.follow_up)[0].rows
    assert rows["name"].tolist() == ["Bob Ash", "Ann =Zo"]  # by surname
    assert rows["source"].tolist() == ["another service", "school"] and rows["check_safe"].tolist() == [False, True]
    helped = found({"contacts": [bob], "early_help": [{"offered_on": ago(20)}]}, contact=recent)
    assert nothing_since(helped, people_rows(), CFG.follow_up)[0].rows["name"].tolist() == ["Bob Ash"]
    # Closed ten days ago, or more than half a year: not yet, or no longer.
    for days in (10, 190):
        early = found({}, contact={**CONTACT, "contact_on": ago(days + 2), "outcome_on": ago(days)})
        assert nothing_since(early, people_rows(), CFG.follow_up)[0].rows.empty
    # Closed 40 days ago, and what followed is known for ten of them: not yet known, and said so.
    early = found({}, contact={**CONTACT, "contact_on": ago(42), "outcome_on": ago(40)})
    [one] = nothing_since(early, people_rows(), CFG.follow_up)
    assert one.rows.empty and one.not_yet == 1 and early.not_yet_within(30) == 1 and early.within(30).empty
    cells = [
        str(cell.value)
        for sheet in load_workbook(BytesIO(sheet_workbook(one, CFG.follow_up, watermark=None)))
        for row in sheet.iter_rows()
        for cell in row
    ]
    assert any("Not known yet, and so not here: 1 child" in text for text in cells)
    # Who may not be approached is not among the people handed over.
    assert nothing_since(found({}, contact=recent), people_rows().iloc[1:], CFG.follow_up)[0].rows.empty


def test_the_hubs_workbook_has_room_for_answers_and_no_formula() -> None:
    recent = {**CONTACT, "contact_on": ago(62), "outcome_on": ago(60)}
    [one] = nothing_since(found({}, contact=recent), people_rows(), CFG.follow_up)
    made = sheet_workbook(one, CFG.follow_up, watermark=None)
    assert made == sheet_workbook(one, CFG.follow_up, watermark=None)
    book = load_workbook(BytesIO(made))
    cells = [cell for row in book["List"].iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells) and any(cell.value == "Your decision" for cell in cells)
    assert not [text for cell in cells for text in check_words(str(cell.value))]


@pytest.fixture(scope="module")
def small(small_store: Any) -> FollowUp:
    cfg = small_store.cfg
    return follow_up(Past(small_store.store, link(small_store.store), date(2025, 11, 10)), cfg)


def test_the_published_page_holds_no_small_count_and_both_keep_to_our_words(small: FollowUp) -> None:
    words = Words("A council", "us", "Made-up data: no real child, family or school is in it")
    pages = {publishable: followup_page(small, words, publishable=publishable) for publishable in (False, True)}
    for page in pages.values():
        assert check_words(page) == () and page.count("<h1") == 1
    counts = re.findall(r'<td class="number">([\d,c]+)</td>', pages[True])
    assert counts and not [v for v in counts if v != "c" and int(v.replace(",", "")) % 5]
    assert pages[True] == followup_page(small, words, publishable=True)


def test_groups_add_up(small: FollowUp) -> None:
    for column in small.by:
        if column not in small.not_held:
            assert small.by_group(column).groupby("measure")["n"].sum().eq(len(small.within(90))).all()
    steps = small.within(90)
    assert steps["step"].eq(STEPS[-1]).sum() == steps["nothing"].sum()


def feasible(groups: list[np.ndarray], totals: np.ndarray) -> None:
    """No hidden small count can be worked out from what is shown, over several tables with one total."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    hidden_total = hidden_totals(totals.tolist())
    tables = [publish([str(i) for i in range(len(g))], g, hidden_total) for g in groups]
    steps = len(totals)
    cells = [(t, i, j) for t, g in enumerate(groups) for i in range(len(g)) for j in range(steps)]
    place = {cell: k for k, cell in enumerate(cells)}
    rows: list[tuple[np.ndarray, float, float]] = []

    def bound(members: list[tuple[int, int, int]], shown: Any) -> None:
        line = np.zeros(len(cells))
        line[[place[m] for m in members]] = 1
        low, high = (0, np.inf) if shown == "c" else (0, 0) if shown == 0 else (int(shown) - 2, int(shown) + 2)
        rows.append((line, low, high))

    for t, table in enumerate(tables):
        for i in range(len(table.groups)):
            for j in range(steps):
                bound([(t, i, j)], table.cell(i, j))
            bound([(t, i, j) for j in range(steps)], table.cell(i, steps))
        for j in range(steps):
            total = "c" if hidden_total[j] else int(5 * ((totals[j] + 2) // 5))
            bound([(t, i, j) for i in range(len(table.groups))], total)
    # The same children stand in every table, so its totals are equal.
    for t in range(1, len(tables)):
        for j in range(steps):
            line = np.zeros(len(cells))
            line[[place[(0, i, j)] for i in range(len(groups[0]))]] = 1
            line[[place[(t, i, j)] for i in range(len(groups[t]))]] -= 1
            rows.append((line, 0, 0))
    matrix = LinearConstraint(np.array([r[0] for r in rows]), [r[1] for r in rows], [r[2] for r in rows])
    for (t, i, j), k in place.items():
        if not 0 < groups[t][i, j] < 6:
            continue
        assert tables[t].hidden[i, j]
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(cells))
            goal[k] = sign
            ends.append(sign * milp(goal, constraints=matrix, bounds=Bounds(0, np.inf), integrality=np.ones(len(cells))).fun)
        assert ends[1] - ends[0] >= 2, (groups, totals, (t, i, j))


@pytest.mark.parametrize("seed", range(6))
def test_no_small_count_can_be_worked_out_from_published_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    step = rng.choice(5, size=int(rng.integers(30, 250)), p=rng.dirichlet(np.ones(5)))
    groups = []
    for n in (2, 3, 5):
        of = rng.choice(n, size=len(step), p=rng.dirichlet(np.ones(n) * 0.8))
        groups.append(np.array([[int(((of == i) & (step == j)).sum()) for j in range(5)] for i in range(n)]))
    feasible(groups, np.array([int((step == j).sum()) for j in range(5)]))


def test_the_command_writes_pages_and_workbooks_and_replaces_none_that_was_filled_in(small_store: Any, tmp_path: Path) -> None:
    cfg = small_store.cfg.model_copy(update={"out": tmp_path, "store": small_store.cfg.store_dir})
    made = followed_up(cfg)
    kinds = {item["kind"] for item in made.outputs}
    assert kinds == {"followup", "followup_publishable", "followup_figures", "followup_hub"}
    assert all((tmp_path / item["path"]).is_file() for item in made.outputs)
    assert made.to_json()["contacts"] == len(made.follow.rows)
    followed_up(cfg)  # again, over what nobody has touched
    book = next(tmp_path.glob("followup/*/hubs/*.xlsx"))
    book.write_bytes(book.read_bytes() + b" ")
    before = book.read_bytes()
    with pytest.raises(BusyError, match="filled in"):
        followed_up(cfg)
    assert book.read_bytes() == before


def test_a_hub_that_may_not_see_social_care_gets_no_workbook(small_store: Any, tmp_path: Path) -> None:
    sharing = {**small_store.cfg.sharing, "hub_lead": (SharingClass.SCHOOL,)}
    cfg = small_store.cfg.model_copy(update={"out": tmp_path, "store": small_store.cfg.store_dir, "sharing": sharing})
    assert not [item for item in followed_up(cfg).outputs if item["kind"] == "followup_hub"]


def test_a_page_of_nothing_says_so(tmp_path: Path) -> None:
    follow = found({}, contact={**CONTACT, "contact_on": ago(12), "outcome_on": ago(10)})
    page = followup_page(follow, Words("A council", "us"), publishable=True)
    assert "Nothing can be said" in page
    write_followup(follow, [], tmp_path, Words("A council", "us"), CFG.follow_up)
