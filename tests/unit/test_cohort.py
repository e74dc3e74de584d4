"""Who is looked at, who is taken out and why: one literal council with a child for each reason, each date and each precedence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from features_material import AS_OF, ago, past, people

from early_id.config.settings import CohortSettings, Config
from early_id.core.errors import InputDataError
from early_id.features.cohort import REASONS, Cohort, council_cohort
from early_id.features.households import LARGEST_HOME

BORN = date(2014, 6, 1)  # ten years old on the date
SIXTEEN = date(2009, 3, 19)
STATUSES = {
    "CLA": "looked_after",
    "CPP": "protection_plan",
    "COURT": "court",
    "S47": "section_47",
    "CIN": "child_in_need",
    "REFERRAL": "referral_open",
    "CARE_LEAVER": "care_leaver",
}
Row = dict[str, Any]


def status(child: str, kind: str, start: int = 30, end: int | None = None, **more: Any) -> Row:
    return {"child": child, "status": kind, "start_on": ago(start), "end_on": None if end is None else ago(end), **more}


def help_(child: str, offered: int, start: int | None = None, end: int | None = None, **more: Any) -> Row:
    return {"child": child, "offered_on": ago(offered), "start_on": None if start is None else ago(start),
            "end_on": None if end is None else ago(end), **more}  # fmt: skip


def contact(child: str, on: int, outcome: str | None = None, outcome_on: int | None = None) -> Row:
    return {"child": child, "contact_on": ago(on), "outcome": outcome, "outcome_on": None if outcome_on is None else ago(outcome_on)}


def wish(child: str, on: int = 30, until: int | None = -30, kind: str = "not_this_way", **more: Any) -> Row:
    return {"child": child, "kind": kind, "from_on": ago(on), "until_on": None if until is None else ago(until), **more}


#: Child → birth date where it matters; reason to be taken out, or None; rows that say so.
CASES: dict[str, tuple[date, str | None, dict[str, list[Row]]]] = {
    "plain": (BORN, None, {}),
    "died": (BORN, "died", {"statutory": [status("died", "CLA")]}),
    "dies later": (BORN, None, {}),
    "four today": (date(2021, 3, 19), None, {}),
    "four tomorrow": (date(2021, 3, 20), "too_young", {"statutory": [status("four tomorrow", "CIN")]}),
    "eighteen today": (date(2007, 3, 19), "too_old", {"statutory": [status("eighteen today", "CLA")]}),
    "eighteen tomorrow": (date(2007, 3, 20), None, {}),
    "ended yesterday": (BORN, None, {"statutory": [status("ended yesterday", "CIN", 90, 1)]}),
    "ends today": (BORN, "child_in_need", {"statutory": [status("ends today", "CIN", 90, 0)]}),
    "begins today": (BORN, None, {"statutory": [status("begins today", "CLA", 0)]}),
    "known today": (BORN, None, {"statutory": [status("known today", "CLA", 30, known_from=AS_OF)]}),
    "known yesterday": (BORN, "looked_after", {"statutory": [status("known yesterday", "CLA", 30, known_from=ago(1))]}),
    "taken back yesterday": (BORN, None, {"statutory": [status("taken back yesterday", "CLA", 30, known_to=ago(1))]}),
    "taken back today": (BORN, "looked_after", {"statutory": [status("taken back today", "CLA", 30, known_to=AS_OF)]}),
    "referral closed nfa": (BORN, None, {"statutory": [status("referral closed nfa", "REFERRAL", outcome="nfa", outcome_on=ago(2))]}),
    "referral assessed, not closed": (
        BORN, "referral_open", {"statutory": [status("referral assessed, not closed", "REFERRAL", outcome="assessed", outcome_on=ago(2))]},
    ),
    "referral assessed and closed": (
        BORN, None, {"statutory": [status("referral assessed and closed", "REFERRAL", 30, 2, outcome="assessed", outcome_on=ago(2))]},
    ),
    "sign for the safeguarding route": (
        BORN, "safeguarding_route", {"household_factors": [{"child": "sign for the safeguarding route", "factor": "24A", "happened_on": ago(30)}]},
    ),
    "such a sign long ago": (
        BORN, None, {"household_factors": [{"child": "such a sign long ago", "factor": "24A", "happened_on": ago(120)}]},
    ),
    "referral undated": (BORN, None, {"statutory": [status("referral undated", "REFERRAL", outcome="nfa")]}),
    "referral decided today": (BORN, "referral_open", {"statutory": [status("referral decided today", "REFERRAL", outcome="nfa", outcome_on=AS_OF)]}),
    "leaver of 15": (date(2009, 3, 20), None, {"statutory": [status("leaver of 15", "CARE_LEAVER")]}),
    "leaver of 16": (SIXTEEN, "care_leaver", {"statutory": [status("leaver of 16", "CARE_LEAVER")]}),
    "offered": (BORN, None, {"early_help": [help_("offered", 20)]}),
    "refused": (BORN, None, {"early_help": [help_("refused", 20, response="not_now")]}),
    "helped": (BORN, "early_help_open", {"early_help": [help_("helped", 20, 10)], "contacts": [contact("helped", 5)]}),
    "help begins today": (BORN, None, {"early_help": [help_("help begins today", 20, 0)]}),
    "help ended": (BORN, None, {"early_help": [help_("help ended", 200, 150, 1)]}),
    "contact 28 days ago": (BORN, "contact_pending", {"contacts": [contact("contact 28 days ago", 28)]}),
    "contact 29 days ago": (BORN, None, {"contacts": [contact("contact 29 days ago", 29)]}),
    "contact answered": (BORN, None, {"contacts": [contact("contact answered", 9, "nfa", 2)]}),
    "contact answered later": (BORN, "contact_pending", {"contacts": [contact("contact answered later", 9, "nfa", -2)]}),
    "gone": (BORN, "not_here", {}),
    "gone and in care": (BORN, "looked_after", {"statutory": [status("gone and in care", "CLA")]}),
    "resident": (BORN, None, {}),
    "moved school": (BORN, None, {}),
    "left school": (BORN, "not_here", {}),
    # Records that nobody could link, but that bear one name and date of birth.
    "looks like in need": (BORN, "maybe_statutory", {}),
    "second record": (BORN, "double_record", {}),
    "same name, other birth date": (date(2014, 6, 2), None, {}),
    # Each with a status and all that come after it: the first in the order of the standards wins.
    **{
        f"from {kind}": (SIXTEEN, STATUSES[kind], {
            "statutory": [status(f"from {kind}", later) for later in list(STATUSES)[number:]],
            "early_help": [help_(f"from {kind}", 20, 10)], "contacts": [contact(f"from {kind}", 5)],
        })
        for number, kind in enumerate(STATUSES)
    },
    # Households.
    "in care": (BORN, "looked_after", {"statutory": [status("in care", "CLA")]}),
    "sibling of care": (BORN, None, {}),
    "baby with a plan": (date(2024, 3, 1), "too_young", {"statutory": [status("baby with a plan", "CPP")]}),
    "sibling of baby": (BORN, None, {}),
    "care leaver": (SIXTEEN, "care_leaver", {"statutory": [status("care leaver", "CARE_LEAVER")]}),
    "sibling of leaver": (BORN, None, {}),
    "unsafe": (BORN, None, {}),
    "protected": (BORN, None, {}),
    "no joint contact": (BORN, None, {}),
    "unsafe and open": (BORN, None, {}),
    "in need": (BORN, "child_in_need", {"statutory": [status("in need", "CIN")]}),
    "sibling of helped": (BORN, None, {}),
    "sibling of contact": (BORN, None, {}),
    "sibling of sign": (BORN, None, {}),
    "sibling of sign and helped": (BORN, "early_help_open", {"early_help": [help_("sibling of sign and helped", 20, 10)]}),
    # The family's own word, and contact that may not be safe.
    "wishes not to be asked": (BORN, "family_wish", {"wishes": [wish("wishes not to be asked")]}),
    "objects": (BORN, "objection", {"wishes": [wish("objects", kind="objection"), wish("objects")]}),
    "in need, with a wish": (BORN, "child_in_need", {"wishes": [wish("in need, with a wish")], "statutory": [status("in need, with a wish", "CIN")]}),
    "notice of abuse": (BORN, None, {"notifications": [{"child": "notice of abuse", "kind": "domestic_abuse_notice", "happened_on": ago(2000)}]}),
    # Homes that only the school's own records show.
    "same home": (BORN, None, {}),
    "same home, other school": (BORN, None, {}),
    "same surname and postcode": (BORN, None, {}),
    "home of the protected": (BORN, None, {}),
}  # fmt: skip
FAMILIES = {
    "resident": "F1",
    "in care": "F2",
    "sibling of care": "F2",
    "baby with a plan": "F3",
    "sibling of baby": "F3",
    "care leaver": "F4",
    "sibling of leaver": "F4",
    "unsafe": "F5",
    "protected": "F6",
    "no joint contact": "F7",
    "unsafe and open": "F8",
    "in need": "F8",
    "helped": "F9",
    "sibling of helped": "F9",
    "contact 28 days ago": "F10",
    "sibling of contact": "F10",
    "sign for the safeguarding route": "F11",
    "sibling of sign": "F11",
    "sibling of sign and helped": "F11",
}
HOMES = {
    "in care": {"uprn": "100"}, "same home": {"uprn": "100", "surname": "Other"}, "same home, other school": {"uprn": "100"},
    "known yesterday": {"surname": "Reed", "postcode": "ZZ9 1AA"}, "same surname and postcode": {"surname": "REED ", "postcode": "zz91aa"},
    "protected": {"uprn": "200"}, "home of the protected": {"uprn": "200"},
}  # fmt: skip
NOT_ON_ROLL = {"second record", "gone", "gone and in care", "resident", "left school", "moved school", "baby with a plan"}

NAMES = {
    "in need": ("Zoe", "Fern"), "looks like in need": (" zoe", "FERN"), "same name, other birth date": ("Zoe", "Fern"),
    "plain": ("Max", "Moss"), "second record": ("Max", "Moss"),
}  # fmt: skip


def _rows() -> dict[str, list[Row]]:
    died = {"died": ago(5), "dies later": ago(-5)}
    rows: dict[str, list[Row]] = {
        name: [] for name in ("pupils", "statutory", "early_help", "contacts", "household_factors", "notifications", "wishes")
    }
    for child, (born, _, _) in CASES.items():
        forename, surname = NAMES.get(child, (None, None))
        rows["pupils"].append({"child": child, "birth_date": born, "died_on": died.get(child), "forename": forename, "surname": surname,
                               **HOMES.get(child, {})})  # fmt: skip
    rows["pupils"].append({"child": "parent", "birth_date": date(1980, 1, 1)})
    rows["enrolments"] = [{"child": child, "school_id": "S1", "start_on": ago(400), "nc_year": "5"} for child in CASES if child not in NOT_ON_ROLL]
    for row in rows["enrolments"]:
        row["school_id"] = "S2" if row["child"] == "same home, other school" else "S1"
    rows["enrolments"] += [
        {"child": "left school", "school_id": "S1", "start_on": ago(400), "end_on": ago(1)},
        {"child": "moved school", "school_id": "S1", "start_on": ago(400), "end_on": None},
        {"child": "moved school", "school_id": "S2", "start_on": ago(50), "end_on": None},
    ]
    rows["schools"] = [{"school_id": "S1", "name": "One", "hub_id": "H1"}, {"school_id": "S2", "name": "Two", "hub_id": "H2"}]
    for _, _, more in CASES.values():
        for name, items in more.items():
            rows[name] += items
    return rows


ROWS = _rows()
PEOPLE = people(
    {child: FAMILIES.get(child) for child in [*CASES, "parent"]},
    safe_contact={"unsafe": False, "unsafe and open": False},
    protected_address={"protected": True},
    no_joint_contact={"no joint contact": True},
)


@pytest.fixture(scope="module")
def made() -> Cohort:
    return council_cohort(past(ROWS, PEOPLE), Config())


@pytest.mark.parametrize("child", CASES)
def test_each_reason_and_its_precedence(made: Cohort, child: str) -> None:
    wanted = CASES[child][1]
    out = made.excluded[made.excluded["audiences"] == "all"].set_index("child_id")["reason"]
    assert out.get(child) == wanted
    assert (child in set(made.index["child_id"])) == (wanted is None)


def test_every_reason_is_met_and_worded(made: Cohort) -> None:
    assert set(made.excluded["reason"]) == set(REASONS)
    assert not made.excluded.duplicated(["child_id", "audiences"]).any()
    assert "parent" not in {*made.index["child_id"], *made.excluded["child_id"]}


def test_a_household_with_an_open_child_stays_off_school_lists_only(made: Cohort) -> None:
    only_school = made.excluded[made.excluded["audiences"] == "school_lead"].set_index("child_id")["reason"]
    assert only_school.to_dict() == {
        "sibling of care": "household_open",
        "sibling of baby": "household_open",  # the baby is too young for a list, and open all the same
        "unsafe and open": "household_open",
        "same home": "household_open",
        "same surname and postcode": "household_open",
        "sibling of helped": "household_in_help",
        "sibling of contact": "household_in_help",
        "sibling of sign": "household_safeguarding",
        "home of the protected": "safe_contact_first",
        "unsafe": "safe_contact_first",
        "protected": "safe_contact_first",
        "no joint contact": "safe_contact_first",
        "notice of abuse": "safe_contact_first",
    }
    rows = made.index.set_index("child_id")
    assert rows.loc[rows["household"] != "", "household"].to_dict() == {c: r for c, r in only_school.items() if r != "safe_contact_first"}
    assert set(rows.index[~rows["contact_is_safe"]]) == {
        "unsafe", "protected", "home of the protected", "no joint contact", "unsafe and open", "notice of abuse",
    }  # fmt: skip


def test_a_school_knows_homes_from_its_own_records_alone(made: Cohort) -> None:
    """Equality at one school; another school's pupil, a household row and a crowd at one property join nobody."""
    rows = made.index.set_index("child_id")["home_id"]
    assert rows["same home, other school"] not in set(rows.drop("same home, other school"))
    assert rows["sibling of helped"] != rows["plain"] and rows["protected"] == rows["home of the protected"]
    names = [f"pupil {i}" for i in range(LARGEST_HOME + 1)]
    crowd = {
        "pupils": [{"child": name, "birth_date": BORN, "uprn": "300"} for name in names],
        "enrolments": [{"child": name, "school_id": "S1", "start_on": ago(400), "nc_year": "5"} for name in names],
        "schools": [{"school_id": "S1", "name": "One", "hub_id": "H1"}],
    }
    homes = council_cohort(past(crowd, people(dict.fromkeys(names, "F1"))), Config()).index["home_id"]
    assert homes.is_unique


def test_school_family_hub_and_dates_of_the_rows(made: Cohort) -> None:
    rows = made.index.set_index("child_id")
    assert rows.loc[["plain", "moved school"], ["school_id", "hub_id"]].to_numpy().tolist() == [["S1", "H1"], ["S2", "H2"]]
    assert pd.isna(rows.at["resident", "school_id"]) and rows.at["resident", "family_id"] == "F1"
    assert rows.at["plain", "family_id"] == PEOPLE.own_family(pd.Series(["plain"]))[0] != rows.at["offered", "family_id"]
    assert rows.loc[["plain", "eighteen tomorrow", "four today"], "age"].tolist() == [10, 17, 4]
    assert made.index.index[0] == f"{made.index['child_id'].iloc[0]}@2025-03-19"
    until = pd.Timestamp(2025, 9, 15)  # 180 days on
    assert (made.index["outcome_until"] == until).all() and (made.index["mature_on"] == until + pd.Timedelta(days=30)).all()
    known = set(rows.index[rows["known_to_services"]])
    assert {"offered", "contact 29 days ago", "referral closed nfa", "ended yesterday"} <= known
    assert not {"plain", "known today", "begins today"} & known


def test_what_became_known_later_takes_out_from_then_on() -> None:
    later = council_cohort(past(ROWS, PEOPLE, ago(-1)), Config()).excluded.set_index("child_id")["reason"]
    assert later["known today"] == later["begins today"] == "looked_after"
    assert "ends today" not in later


def test_age_limits_and_waiting_time_are_settings(made: Cohort) -> None:
    cfg = Config(cohort=CohortSettings(youngest=5, oldest=15, contact_pending_days=8))
    out = council_cohort(past(ROWS, PEOPLE), cfg).excluded.set_index("child_id")["reason"]
    assert out["four today"] == "too_young" and out["leaver of 16"] == "too_old"
    assert "contact 28 days ago" not in out


def test_a_child_on_no_roll_goes_to_the_hub_of_the_brothers_and_sisters() -> None:
    rows = {name: ROWS[name] for name in ("pupils", "enrolments", "schools")}
    who = people({"plain": "F", "resident": "F"})
    index = council_cohort(past({**rows, "statutory": [], "early_help": [], "contacts": []}, who), Config()).index.set_index("child_id")
    assert index.loc["resident", ["family_id", "hub_id"]].tolist() == ["F", "H1"] and pd.isna(index.at["resident", "school_id"])


def test_an_empty_cohort_says_why_without_naming_anybody() -> None:
    rows: dict[str, list[Row]] = {name: [] for name in ROWS}
    rows |= {"pupils": [{"child": name, "birth_date": BORN} for name in ("in care", "in need", "gone")], "enrolments": ROWS["enrolments"]}
    rows["statutory"] = [status("in care", "CLA"), status("in need", "CIN")]
    who = people(dict.fromkeys(("in care", "in need", "gone")))
    with pytest.raises(InputDataError) as caught:
        council_cohort(past(rows, who), Config())
    text = str(caught.value)
    assert "No child is in the cohort on 2025-03-19" in text and f"{REASONS['looked_after']} 1" in text and f"{REASONS['not_here']} 1" in text
    assert "Pgone" not in text and caught.value.exit_code == 3
    rows["pupils"] = []
    with pytest.raises(InputDataError, match="nobody is held at all"):
        council_cohort(past(rows, who), Config())
