"""What counts as an outcome, from when to when, and what is unknown rather than no: literal children, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, ago, people, store

from early_id.config.settings import Config, OutcomeSettings
from early_id.core.errors import SettingsError
from early_id.features.outcomes import COMPONENTS, LABELS, NEED, council_outcomes, mature_dates
from early_id.features.programme import COUNCIL, main_outcome

UNTIL = AS_OF + timedelta(days=180)
MATURE = UNTIL + timedelta(days=30)
BORN = date(2014, 6, 1)
Row = dict[str, Any]
NONE: tuple[float | None, ...] = (0, 0, 0, 0, 0)


def on(n: int) -> date:
    """So many days after the as-of date."""
    return ago(-n)


def offer(n: int, response: str | None = None, **more: Any) -> dict[str, list[Row]]:
    return {"early_help": [{"offered_on": on(n), "response": response, **more}]}


def status(kind: str, n: int, **more: Any) -> dict[str, list[Row]]:
    return {"statutory": [{"status": kind, "start_on": on(n), **more}]}


def left(n: int, reason: str = "moved away") -> dict[str, list[Row]]:
    return {"enrolments": [{"school_id": "S1", "start_on": ago(400), "end_on": on(n), "leaving_reason": reason}]}


#: Child → rows; need recognised, help offered, statutory entry, referral accepted, help accepted; censored.
CASES: dict[str, tuple[dict[str, list[Row]], tuple[float | None, ...], bool]] = {
    "nothing": ({}, NONE, False),
    "offered, accepted": (offer(30, "accepted"), (1, 1, 0, 0, 1), False),
    "offered, not now": (offer(30, "not_now"), (1, 1, 0, 0, 0), False),
    "offered, no contact": (offer(30, "no_contact"), (1, 1, 0, 0, 0), False),
    "offered, no answer": (offer(30), (1, 1, 0, 0, 0), False),
    **{f"entry {kind}": (status(kind, 30), (1, 0, 1, 0, 0), False) for kind in ("CLA", "CPP", "COURT", "S47", "CIN")},
    "care leaver": (status("CARE_LEAVER", 30), NONE, False),
    "referral open": (status("REFERRAL", 30), (1, 0, 0, 1, 0), False),
    "referral assessed": (status("REFERRAL", 30, outcome="assessed", outcome_on=on(60)), (1, 0, 0, 1, 0), False),
    "referral nfa": (status("REFERRAL", 30, outcome="nfa", outcome_on=on(60)), NONE, False),
    "on the date": (offer(0), (1, 1, 0, 0, 0), False),
    "the day before": (offer(-1), NONE, False),
    "on the last day": (status("CIN", 179), (1, 0, 1, 0, 0), False),
    "at the end": (status("CIN", 180), NONE, False),
    "known in time": (offer(100, known_from=MATURE - timedelta(days=1)), (1, 1, 0, 0, 0), False),
    "known too late": (offer(100, known_from=MATURE), NONE, False),
    "taken back": (offer(100, known_to=on(150)), NONE, False),
    "left": (left(100), (None,) * 5, True),
    "left, written otherwise": (left(100, "Out of area"), (None,) * 5, True),
    "left on the last day": (left(179), (None,) * 5, True),
    "left at the end": (left(180), NONE, False),
    "left before": (left(-1), NONE, False),
    "moved school": (left(100, "moved school"), NONE, False),
    "a school outside the area": (left(100, "school outside the area"), NONE, False),
    "moved and came back": (
        {"enrolments": [*left(50)["enrolments"], {"school_id": "S2", "start_on": on(80)}]}, NONE, False,
    ),
    "offered, then left": ({**offer(30, "not_now"), **left(100)}, (1, 1, None, None, None), False),
    "turned 18": ({}, (None,) * 5, True),
    "turned 18 at the end": ({}, NONE, False),
    "died": ({}, (None,) * 5, True),
    "entry, then 18": (status("CLA", 5), (1, None, 1, None, None), False),
}  # fmt: skip
BIRTHS = {"turned 18": date(2007, 4, 1), "entry, then 18": date(2007, 4, 1), "turned 18 at the end": date(UNTIL.year - 18, UNTIL.month, UNTIL.day)}
COLUMNS = (NEED, *COMPONENTS, "help_accepted")


def rows() -> dict[str, list[Row]]:
    made: dict[str, list[Row]] = {name: [] for name in ("early_help", "statutory", "enrolments")}
    for child, (more, _, _) in CASES.items():
        for name, items in more.items():
            made[name] += [{"child": child, **row} for row in items]
    made["pupils"] = [{"child": c, "birth_date": BIRTHS.get(c, BORN), "died_on": on(60) if c == "died" else None} for c in CASES]
    return made


def index(children: list[str], as_of: date = AS_OF) -> pd.DataFrame:
    moment = pd.Timestamp(as_of)
    until = moment + pd.Timedelta(days=180)
    frame = pd.DataFrame({"child_id": children, "as_of": moment, "outcome_until": until, "mature_on": until + pd.Timedelta(days=30)})
    return frame.set_index(pd.Index([f"{c}@{as_of}" for c in children]))


def outcomes(covers: Any = None, main: str | None = None, **parts: Any) -> pd.DataFrame:
    who = people(dict.fromkeys(CASES))
    given = store({name: items for name, items in rows().items() if name not in parts}, covers=covers)
    return council_outcomes(given, who, index(list(CASES)), Config(outcome=OutcomeSettings(main=main))).set_axis(list(CASES))


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return outcomes()


@pytest.mark.parametrize("child", CASES)
def test_literal_children(made: pd.DataFrame, child: str) -> None:
    _, wanted, censored = CASES[child]
    got = made.loc[child, list(COLUMNS)].astype(float)
    assert [None if np.isnan(value) else value for value in got] == list(wanted)
    assert made.at[child, "censored"] == censored


@pytest.mark.parametrize(
    ("referred", "offered", "wanted"),
    [
        ((10,), None, (0, 0)),
        ((-100, 10), None, (1, 0)),
        ((-356, 10), None, (0, 0)),  # 366 days after
        ((-100, -10), None, (0, 0)),  # both before
        ((10, 10), None, (0, 0)),  # two rows of one day are one referral
        ((10, 90), None, (1, 0)),
        ((-100, 180), None, (0, 0)),  # after the horizon
        ((), 5, (0, 1)),
        ((), -1, (0, 0)),
        ((), 180, (0, 0)),
    ],
)
def test_referred_again_and_need_assessed(referred: tuple[int, ...], offered: int | None, wanted: tuple[int, int]) -> None:
    assessed = [] if offered is None else [{"child": "Ann", "offered_on": on(-30), "response": "accepted", "assessed_on": on(offered)}]
    got = of_ann([(day, "social_care") for day in referred], [*assessed, SOMEBODY_ASSESSED])
    assert got[["re_referral", "need_assessed"]].to_numpy().tolist() == [list(map(float, wanted))]


#: Where no day of an assessment is held, nobody can tell who was not assessed.
SOMEBODY_ASSESSED: Row = {"child": "Bob", "offered_on": ago(300), "assessed_on": ago(290)}


def of_ann(referred: list[tuple[int, str]], help_rows: list[Row], covers: Any = None) -> pd.DataFrame:
    statutory = [{"child": "Ann", "source": source, "status": "REFERRAL", "start_on": on(day), "outcome": "nfa"} for day, source in referred]
    given = {"statutory": statutory, "early_help": help_rows, "pupils": [{"child": "Ann", "birth_date": BORN}]}
    who = people({"Ann": None, "Bob": None})
    links = who.person_links
    who = replace(
        who, person_links=pd.concat([links, *(links.assign(source=source) for source in {source for _, source in referred})], ignore_index=True)
    )
    return council_outcomes(store(given, covers=covers), who, index(["Ann"]), Config())


@pytest.mark.parametrize(
    ("referred", "again"),
    [
        ([(10, "social_care"), (11, "cin_census")], 0),  # one referral, held by two
        ([(10, "social_care"), (11, "social_care")], 1),
        ([(10, "social_care"), (18, "cin_census")], 1),
        ([(-60, "cin_census"), (10, "social_care"), (12, "cin_census")], 1),
    ],
)
def test_one_referral_that_two_sources_hold_is_one(referred: list[tuple[int, str]], again: int) -> None:
    assert of_ann(referred, [SOMEBODY_ASSESSED])["re_referral"].tolist() == [again]


def test_of_what_no_record_could_tell_there_is_no_nought() -> None:
    late = {"early_help": MATURE, "statutory": MATURE}
    year_before = [(source, name, AS_OF - timedelta(days=365), day) for source, name, _, day in covered(**late)]
    shorter = [(source, name, AS_OF - timedelta(days=200), day) for source, name, _, day in covered(**late)]
    once, twice = [(10, "social_care")], [(10, "social_care"), (90, "social_care")]
    assert [of_ann(once, [SOMEBODY_ASSESSED], covers).at["Ann@" + str(AS_OF), "re_referral"] for covers in (year_before, shorter)] == [
        0,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert of_ann(twice, [SOMEBODY_ASSESSED], shorter)["re_referral"].tolist() == [1]
    assert of_ann(once, [{"child": "Bob", "offered_on": ago(300)}])["need_assessed"].isna().all()


def test_further_labels_of_those_who_left_are_unknown_too(made: pd.DataFrame) -> None:
    gone = ["left", "turned 18", "died"]
    assert made.loc[gone, list(LABELS)].isna().all(axis=None) and made.loc["nothing", ["help_accepted", "re_referral"]].tolist() == [0, 0]


def test_no_answer_of_the_family_changes_the_outcome(made: pd.DataFrame) -> None:
    offered = [child for child in CASES if child.startswith("offered, ") and "left" not in child]
    assert (made.loc[offered, [NEED, "early_help_offered"]] == 1).all(axis=None)


def test_with_a_component_as_the_main_outcome_leaving_is_judged_by_it() -> None:
    got = outcomes(main="statutory_entry")
    assert got.at["offered, then left", "censored"] and np.isnan(got.at["offered, then left", "statutory_entry"])
    assert not got.at["entry, then 18", "censored"]


def covered(**until: date) -> list[tuple[str, str, date, date]]:
    return [("any", name, date(2015, 1, 1), day) for name, day in until.items()]


def test_an_outcome_not_yet_known_is_unknown() -> None:
    day = timedelta(days=1)
    late = {"attendance": MATURE + 90 * day, "early_help": MATURE + 90 * day}
    # The outcome is known once every table of outcomes reaches the last day before it matures; a newer register does not help.
    assert outcomes(covered(**late, statutory=MATURE - 2 * day))[[*COLUMNS, *LABELS]].isna().all(axis=None)
    known = outcomes(covered(**late, statutory=MATURE - day))
    assert known.at["offered, accepted", NEED] == 1 and known.at["nothing", NEED] == 0
    assert not outcomes(covered(attendance=MATURE))["censored"].any()
    assert outcomes([])[NEED].isna().all()


def test_a_component_whose_table_is_not_held_is_unknown_not_no() -> None:
    got = outcomes(covered(early_help=MATURE + timedelta(days=9)), statutory=None)
    assert got[["statutory_entry", "referral_accepted"]].isna().all(axis=None)
    assert got.loc[["nothing", "offered, not now"], "early_help_offered"].tolist() == [0, 1]


def test_dates_mature_each_for_itself() -> None:
    who = people(dict.fromkeys(CASES))
    both = pd.concat([index(["offered, not now"]), index(["offered, not now"], ago(-20)), index(["offered, not now"], ago(-200))])
    got = council_outcomes(store(rows(), covers=covered(early_help=MATURE + timedelta(days=40), statutory=date(2030, 1, 1))), who, both, Config())
    assert got[NEED].tolist()[:2] == [1, 1] and np.isnan(got[NEED].iloc[2])
    assert mature_dates(both, MATURE).tolist() == [True, False, False]


def test_the_family_s_answer_cannot_be_made_the_main_outcome() -> None:
    for name in (NEED, *COMPONENTS):
        assert main_outcome(COUNCIL, Config(outcome=OutcomeSettings(main=name))) == name
    assert main_outcome(COUNCIL, Config()) == NEED
    for name in (*LABELS, "early_help_ofered", "censored"):
        with pytest.raises(SettingsError, match="early_help_offered") as caught:
            main_outcome(COUNCIL, Config(outcome=OutcomeSettings(main=name)))
        assert "outcome.main" in str(caught.value) and caught.value.exit_code == 2
