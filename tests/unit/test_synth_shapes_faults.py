"""Planted faults show in a shape wherever it has the field."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapes_material import STATUTORY, Made, codes_of

from early_id.data.synth.shapes.dates import read_dates
from early_id.data.synth.timeline import as_date


def test_dates_are_rewritten_and_what_is_none_stays() -> None:
    column = pd.Series(["03/02/2024", "29/02/2024", "", "31/02/2024", "2024-02-03", "45325", "soon ", "01/03/2024 "], dtype=object)
    dates = read_dates(column)
    assert list(dates.text()) == ["2024-02-03", "2024-02-29", "", "31/02/2024", "2024-02-03", "45325", "soon ", "01/03/2024 "]
    assert [as_date(day).isoformat() for day in dates.day[[0, 4, 5]]] == ["2024-02-03"] * 3
    assert (np.abs(dates.day[[2, 3, 6]]) >= 10**6).all()


def overlapping(table: pd.DataFrame, person: str, start: str, end: str) -> set[str]:
    """People of whom a row begins while the one before it runs."""
    rows = table[table[start] != ""].sort_values([person, start], kind="stable")
    ends = rows[end].where(rows[end] != "", "9999").groupby(rows[person]).shift(1, fill_value="")
    return set(rows[rows[start] < ends][person])


def referrals(made: Made) -> pd.DataFrame:
    return made.records[STATUTORY].query("Status == 'REFERRAL'")


def episodes(made: Made) -> pd.DataFrame:
    """Episodes of the dataset that a referral of the extracts began."""
    table = made.csv("ssd", "ssd_cin_episodes")
    return table[table["cine_referral_id"].isin(set(referrals(made)["ReferralID"]))]


def factor_cells(made: Made) -> list[list[str]]:
    return [codes_of(cell) for cell in made.csv("ssd", "ssd_assessment_factors")["cinf_assessment_factors_json"]]


def of_status(made: Made, status: str) -> pd.DataFrame:
    return made.records[STATUTORY].query(f"Status == '{status}'")


PEOPLE = "socialcare/people.csv"
#: Kind of fault: what of it the extracts show, and what the shape shows.
SHOWN = {
    "upn_check_letter": (
        lambda m: set(m.records[PEOPLE]["UPN"]) - set(m.records.people.children["upn"]) - {""},
        lambda m: set(m.csv("ssd", "ssd_person")["pers_upn"]) - set(m.records.people.children["upn"]) - {""},
    ),
    "child_id_characters": (
        lambda m: {text for text in m.records[PEOPLE]["LAChildID"] if not text.isalnum()},
        lambda m: {text for text in m.csv("ssd", "ssd_person")["pers_legacy_id"] if not text.isalnum()},
    ),
    "unreadable_date": (
        lambda m: (m.records["socialcare/contacts.csv"]["ContactDate"] == "31/02/2024").sum(),
        lambda m: (m.csv("ssd", "ssd_contacts")["cont_contact_date"] == "31/02/2024").sum(),
    ),
    "closed_before_referred": (
        lambda m: len(referrals(m).query("CaseClosedOn != '' and CaseClosedOn < StartOn")),
        lambda m: len(episodes(m).query("cine_close_date != '' and cine_close_date < cine_referral_date")),
    ),
    "close_reason": (
        lambda m: len(referrals(m).query("(CaseClosedOn == '') != (CloseReason == '')")),
        lambda m: len(episodes(m).query("(cine_close_date == '') != (cine_close_reason == '')")),
    ),
    "need_or_source_missing": (
        lambda m: (referrals(m)["ReferralSource"] == "").sum(),
        lambda m: (episodes(m)["cine_referral_source_code"] == "").sum(),
    ),
    "two_open_episodes": (
        lambda m: overlapping(of_status(m, "CIN"), "PersonID", "StartOn", "EndOn"),
        lambda m: overlapping(m.csv("ssd", "ssd_cin_episodes"), "cine_person_id", "cine_referral_date", "cine_close_date"),
    ),
    "two_protection_plans": (
        lambda m: overlapping(of_status(m, "CPP"), "PersonID", "StartOn", "EndOn"),
        lambda m: overlapping(m.csv("ssd", "ssd_cp_plans"), "cppl_person_id", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),
    ),
    "factor_none_with_others": (
        lambda m: sum("21" in rows and len(rows) > 1 for rows in m.records["socialcare/factors.csv"].groupby(["PersonID", "AssessedOn"])["Factor"].apply(list)),
        lambda m: sum("21" in codes and len(codes) > 1 for codes in factor_cells(m)),
    ),
    "factor_repeated": (
        lambda m: m.records["socialcare/factors.csv"].query("AssessedOn != ''").duplicated(["PersonID", "AssessedOn", "Factor"]).sum(),
        lambda m: sum(len(codes) - len(set(codes)) for codes in factor_cells(m)),
    ),
    "factor_unknown": (
        lambda m: m.records["socialcare/factors.csv"].query("AssessedOn != ''")["Factor"].isin(["99Z", "18A", "19A"]).sum(),
        lambda m: sum(code in ("99Z", "18A", "19A") for codes in factor_cells(m) for code in codes),
    ),
    "missing_type": (
        lambda m: (m.records["police/missing.csv"]["Type"] == "Absconded").sum(),
        lambda m: (m.csv("police", "missing_reports")["Classification"] == "Absconded").sum(),
    ),
    "disability_list": (
        lambda m: m.records[PEOPLE]["Disability"].str.contains(r"NONE,|,NONE").sum(),
        lambda m: m.csv("ssd", "ssd_disability").groupby("disa_person_id")["disa_disability_code"].apply(lambda c: "NONE" in set(c) and len(set(c)) > 1).sum(),
    ),
    "birth_and_expected": (
        lambda m: len(m.records[PEOPLE].query("DOB != '' and ExpectedDOB != ''")),
        lambda m: len(m.csv("ssd", "ssd_person").query("pers_dob != '' and pers_expected_dob != ''")),
    ),
    "sex_missing": (
        lambda m: set(m.records["police/people.csv"].query("Sex == ''")["PersonID"]) & set(m.records["police/notifications.parquet"]["PersonID"]),
        lambda m: set(m.csv("police", "notices").query("Sex == '' and DOB != ''")["Nominal Ref"]),
    ),
    "person_not_listed": (
        lambda m: set(m.records["socialcare/contacts.csv"]["PersonID"]) - set(m.records[PEOPLE]["PersonID"]),
        lambda m: set(m.csv("ssd", "ssd_contacts")["cont_person_id"]) - set(m.csv("ssd", "ssd_person")["pers_person_id"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_planted_faults_show_where_the_field_exists(clean: Made, messy: Made, kind: str) -> None:
    extracts, shape = SHOWN[kind]
    assert extracts(messy) == shape(messy)
    assert shape(messy)
    assert not extracts(clean) and not shape(clean)
