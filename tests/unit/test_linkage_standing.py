"""A bad later file harms no earlier link: what was joined stays joined until something speaks against it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from linkage_material import BORN, NUMBERS, UPNS, all_alike, frame, groups, record, said

from early_id.config.settings import LinkageSettings
from early_id.linkage.decisions import Decision, Decisions
from early_id.linkage.history import History, found_on
from early_id.linkage.linked import Scorer
from early_id.linkage.model import LinkageModel
from early_id.linkage.people import People, link_people
from early_id.linkage.review import Taken
from early_id.linkage.splink_pass import Scored
from early_id.linkage.standing import UNSEEN, holds_less

#: Joined by its number and birth date; and one that nothing joins, so that no link comes of nothing.
SCHOOL = [record("edu", "1", upn=UPNS[0]), record("edu", "2", "Carl", "Pike", "2010-02-03", upn=UPNS[1])]
CARE = [record("care", "1", None, None, upn=UPNS[0]), record("care", "2", None, None, "2010-02-03")]
SETTINGS, JOINED = LinkageSettings(use_names=False), {frozenset({"edu:1", "care:1"})}
DAYS = {"first": pd.Timestamp("2025-01-06"), "later": pd.Timestamp("2025-02-03")}


def linked(
    *later: dict, decisions: Decisions | None = None, at_first: Decisions | None = None, rows: tuple[dict, ...] = (*SCHOOL, *CARE)
) -> tuple[People, People]:
    """The first linking, and one after ``later`` rows came."""
    first = link_people(frame([*rows]), None, key="k", settings=SETTINGS, on=DAYS["first"], decisions=at_first)
    rows = frame([*rows, *(row | {"known_from": "2025-02-02"} for row in later)])
    assert first.linkage is not None
    held = History(first.person_links, waits=first.waits, joins=first.linkage.joins)
    return first, link_people(rows, None, key="k", settings=SETTINGS, history=held, on=DAYS["later"], decisions=decisions)


def test_a_new_record_waits_from_the_day_from_which_its_link_counts() -> None:
    received, on = DAYS["later"], pd.Timestamp("2025-02-20")
    first = link_people(frame([*SCHOOL, *CARE]), None, key="k", settings=SETTINGS, on=DAYS["first"])
    other = record("health", "1", "Quite", "Otherwise", None, upn=UPNS[0], known_from="2025-02-02")
    turned = record(
        "care", "2", "Quite", "Otherwise", "2010-02-03", upn=UPNS[1], known_from="2025-02-02"
    )  # known before: from the day of the linking
    rows, held = frame([*SCHOOL, *CARE, other, turned]), History(first.person_links, waits=first.waits)
    made = link_people(rows, None, key="k", settings=SETTINGS, history=held, on=on, received=received)
    link = made.current().set_index("source").loc["health", "known_from"]
    assert made.waits is not None
    waits = made.waits.assign(new=made.waits[["source", "other_source"]].eq("health").any(axis=1)).groupby("new")["known_from"].unique()
    assert list(waits[True]) == [link] == [found_on(received)] and list(waits[False]) == [found_on(on)]
    assert len(made.may_be_one(received)) and made.may_be_one(received - pd.Timedelta(days=1)).empty


BARE = record("care", "1", None, None, None)


@pytest.mark.parametrize(
    "later",
    [[BARE], [record("care", "1", "Joan", "Reed", None)], [record("care", "1", None, None, upn="-1")], [record("care", "1", None, None, BORN)]],
    ids=["nothing", "names alone", "a stand-in", "no number"],
)
def test_who_was_joined_stays_joined_where_a_later_file_holds_less(later: list[dict]) -> None:
    first, second = linked(*later)
    assert groups(first) == groups(second) == JOINED and second.changes == ()
    assert second.findings.by_code()["LNK016"] == 1
    pd.testing.assert_frame_equal(first.person_links, second.person_links)


def test_a_source_with_one_birth_date_for_everybody_harms_no_link() -> None:
    filled = [record("care", f"{n}", None, None, "1900-01-01", upn=UPNS[0] if n == 1 else None) for n in range(1, 31)]
    first, second = linked(*filled)
    assert groups(second) == JOINED and {"LNK004", "LNK016"} <= set(second.findings.by_code())
    assert groups(first) == JOINED


@pytest.mark.parametrize(
    "later",
    [
        [record("care", "1", None, None, "2011-11-11")],
        [record("care", "1", None, None, None, upn=UPNS[2])],
        [record("care", "1", "Peter", "Reed", None)],
        [record("care", "1", "Joan", "Vale", None)],
    ],
    ids=["another birth date", "another number", "another forename", "another surname"],
)
def test_what_speaks_against_a_link_ends_it(later: list[dict]) -> None:
    _, second = linked(*later)
    assert groups(second) == set() and "LNK016" not in second.findings.by_code()
    assert [change.kind for change in second.changes] == ["split"]


PAIR = (("edu", "1"), ("care", "1"))


def test_a_decision_beats_a_link_that_stands() -> None:
    _, second = linked(BARE, decisions=Decisions().add(Decision.of(*PAIR, "different")))
    assert groups(second) == set()


def test_not_sure_leaves_a_pair_that_linking_had_joined_joined_as_whoever_answers_is_told() -> None:
    told = " ".join(Taken(same=0, different=0, not_sure=1, empty=0).lines())
    assert "joined to nobody, and in the next workbook again (one that linking had joined stays joined)" in told
    _, second = linked(BARE, decisions=Decisions().add(Decision.of(*PAIR, "open")))
    assert groups(second) == JOINED and second.changes == ()


def test_a_pair_that_only_a_decision_joined_does_not_stand_once_that_is_taken_back() -> None:
    joined = Decisions().add(Decision.of(*PAIR, "same"))
    rows = (*SCHOOL, record("care", "1", None, None), CARE[1])
    first, second = linked(BARE, decisions=joined.undo(by="officer", on=date(2025, 2, 3)), at_first=joined, rows=rows)
    assert groups(first) == JOINED and groups(second) == set() and "LNK016" not in second.findings.by_code()


def test_two_records_that_only_a_third_held_together_do_not_outlive_it() -> None:
    bridge = record("care", "1", None, None, upn=UPNS[0], nhs_number=NUMBERS[0])
    rows = (*SCHOOL, bridge, CARE[1], record("health", "1", None, None, nhs_number=NUMBERS[0]))
    elsewhere = record("care", "1", None, None, upn=UPNS[2], nhs_number=NUMBERS[1])
    first, second = linked(elsewhere, record("health", "1", None, None, None, nhs_number=NUMBERS[0]), rows=rows)
    assert groups(first) == {frozenset({"edu:1", "care:1", "health:1"})} and groups(second) == set()


@pytest.mark.parametrize("number", [None, UPNS[0]], ids=["likeness", "a number"])
def test_a_mark_that_comes_later_ends_what_likeness_joined_and_not_what_a_number_did(number: str | None) -> None:
    rows = [record("edu", "1", upn=UPNS[0]), record("care", "1", upn=number, postcode="AB1 2CD")]
    home = pd.DataFrame([{"source": "care", "source_person_id": "1", "household_id": "H1", "role": "child", "from_on": "2020-01-01", "to_on": None}])
    home = home.assign(safe_to_contact=True, no_joint_contact=False, known_from=DAYS["first"], known_to=pd.NaT, protected_address=False)
    home[["from_on", "to_on"]] = home[["from_on", "to_on"]].apply(pd.to_datetime)
    first = link_people(frame(rows), home, key="k", score=all_alike, on=DAYS["first"])
    assert groups(first) == JOINED and first.linkage is not None
    less = record("care", "1", "Joan", None, known_from="2025-02-02")  # no surname, home and number any more
    held = History(first.person_links, waits=first.waits, joins=first.linkage.joins)
    pupils, marked = frame([*rows, less]), home.assign(protected_address=True)
    later = link_people(pupils, marked, key="k", score=all_alike, history=held, on=DAYS["later"])
    assert groups(later) == (JOINED if number else set())


def scored_by(weight: float, *, used: bool, always_left_out: str = "too large") -> Scorer:
    """In the place of Splink: two rules, one of which always makes too many pairs; the other finds every pair of records of two sources."""

    def score(records: pd.DataFrame, model: LinkageModel, least: float) -> Scored:
        found = all_alike(records, model, least).pairs.assign(weight=weight)
        rules = pd.DataFrame({"rule": [always_left_out, "names"], "pairs": [10**9, len(found)], "used": [False, used]})
        return Scored(found if used and weight >= least else found.iloc[:0], rules)

    return score


def test_a_lower_weight_gives_a_likeness_up_and_a_rule_that_is_left_out_does_not_however_often() -> None:
    pupils = frame([record("edu", "1", postcode="AB1 2CD"), record("care", "1", postcode="AB1 2CD")])
    made = link_people(pupils, None, key="k", score=scored_by(30.0, used=True), on=DAYS["first"])
    assert groups(made) == JOINED
    for day in ("2025-02-03", "2025-03-03"):  # left out twice running
        assert made.linkage is not None
        held = History(made.person_links, waits=made.waits, joins=made.linkage.joins)
        made = link_people(pupils, None, key="k", score=scored_by(30.0, used=False), history=held, on=pd.Timestamp(day))
        assert groups(made) == JOINED and made.findings.by_code()["LNK017"] == 1 and "LNK016" not in made.findings.by_code()
        assert said(made, "edu:1", "care:1") == ("link", UNSEEN)
    assert made.linkage is not None
    held = History(made.person_links, waits=made.waits, joins=made.linkage.joins)
    for weight in (3.0, -20.0):  # for a person to look at, and nothing at all; another rule is left out as ever
        again = link_people(pupils, None, key="k", score=scored_by(weight, used=True), history=held, on=pd.Timestamp("2025-04-07"))
        assert groups(again) == set() and not {"LNK016", "LNK017"} & set(again.findings.by_code())


def test_a_record_that_never_held_more_stands_by_nothing() -> None:
    pupils = frame([*SCHOOL, *CARE, record("care", "3", None, None, None, nhs_number=NUMBERS[0])])
    newest = pupils.assign(uln=None, temporary_upn=None, upn=[UPNS[0], UPNS[1], None, None, None])
    assert list(holds_less(pupils, newest)) == [False, False, True, False, False]
