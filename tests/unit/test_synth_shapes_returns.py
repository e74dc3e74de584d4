"""National returns and the inspection's workbook count what the extracts hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from shapes_material import FIRST, LAST, STATUTORY, Made, text

from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.annex_a_lists import HEADINGS
from early_id.data.synth.shapes.extra import draw_extra
from early_id.data.synth.shapes.records import whole_records
from early_id.data.synth.shapes.ssda903 import HEADINGS as RETURN_HEADINGS
from early_id.data.synth.shapes.write import WRITERS, Source
from early_id.data.synth.timeline import as_date


def open_on(table: pd.DataFrame, day: str, statuses: list[str]) -> set[str]:
    rows = table[table["Status"].isin(statuses)]
    return set(rows[(rows["StartOn"] <= day) & ((rows["EndOn"] == "") | (rows["EndOn"] > day))]["PersonID"])


def test_children_in_need_on_31_march(clean: Made) -> None:
    table = clean.records[STATUTORY]
    root = clean.census()
    assert root.findtext("Header/CollectionDetails/ReferenceDate") == LAST
    shown = {
        child.findtext("ChildIdentifiers/LAchildID")
        for child in root.iter("Child")
        if any(d.find("CINclosureDate") is None for d in child.iter("CINdetails"))
    }
    # Between a finished assessment and the next status lies a day, on which nothing is open but the case is.
    need = ["REFERRAL", "CIN", "S47", "CPP", "COURT", "CLA", "CARE_LEAVER"]
    certain = open_on(table, LAST, need)
    around = certain | open_on(table, "2025-03-30", need) & open_on(table, "2025-04-01", need)
    assert len(certain) > 30
    assert certain <= shown <= around


def test_census_counts_what_the_extracts_hold_in_the_year(clean: Made) -> None:
    table, root = clean.records[STATUTORY], clean.census()
    in_year = table[(table["StartOn"] >= FIRST) & (table["StartOn"] <= LAST)]

    def dates(name: str) -> list[str]:
        return sorted(item.text for item in root.iter(name) if FIRST <= item.text <= LAST)

    assert dates("CINreferralDate") == sorted(in_year.query("Status == 'REFERRAL'")["StartOn"])
    assert dates("S47ActualStartDate") == sorted(in_year.query("Status == 'S47'")["StartOn"])
    assert dates("CPPstartDate") == sorted(in_year.query("Status == 'CPP'")["StartOn"])
    assert [item.text for item in root.iter("ReferralNFA")].count("true") == (in_year.query("Status == 'REFERRAL'")["Outcome"] == "nfa").sum()
    signed = table[(table["Outcome"] == "assessed") & (table["OutcomeOn"] >= FIRST) & (table["OutcomeOn"] <= LAST)]
    assert len(dates("AssessmentAuthorisationDate")) == len(signed)
    factors = clean.records["socialcare/factors.csv"]
    day = pd.to_datetime(factors["AssessedOn"], format="%d/%m/%Y")
    expected = factors[(day >= FIRST) & (day <= LAST)]["Factor"].value_counts()
    found = pd.Series(
        [
            code.text
            for item in root.iter("Assessments")
            if item.findtext("AssessmentAuthorisationDate", "") >= FIRST
            for code in item.iter("AssessmentFactors")
        ]
    ).value_counts()
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), check_names=False)
    for child in root.iter("ChildIdentifiers"):
        assert (child.find("UPN") is None) != (child.find("UPNunknown") is None)


def test_looked_after_return(clean: Made) -> None:
    table = clean.records[STATUTORY].query("Status == 'CLA'")
    care = table[(table["StartOn"] <= LAST) & ((table["EndOn"] == "") | (table["EndOn"] >= FIRST))]
    assert set(clean.csv("ssda903", "header")["CHILD"]) == set(care["PersonID"])
    assert set(clean.csv("ssda903", "episodes")["CHILD"]) == set(care["PersonID"])
    for path in (clean.folder / "ssda903").glob("*.csv"):
        assert tuple(text(path).columns) == RETURN_HEADINGS[path.stem]
    dates = clean.csv("ssda903", "episodes")["DECOM"]
    assert dates.str.fullmatch(r"\d\d/\d\d/\d{4}").all()
    of_police = clean.records.people.children.set_index("police_id")["social_care_id"]
    missing = clean.records["police/missing.csv"].assign(child=lambda rows: rows["PersonID"].map(of_police))
    pairs = missing.merge(care, left_on="child", right_on="PersonID")
    day = pairs["StartedAt"].str[:10]
    within = (day >= FIRST) & (day <= LAST) & (day >= pairs["StartOn"]) & ((pairs["EndOn"] == "") | (day < pairs["EndOn"]))
    shown = clean.csv("ssda903", "missing")
    assert sorted(shown["CHILD"]) == sorted(pairs[within]["child"])


def test_only_missing_episodes_in_care_and_in_the_year_are_returned(clean: Made, tmp_path: Path) -> None:
    children = clean.records.people.children
    tables = dict(clean.records.tables)
    care = tables[STATUTORY].query("Status == 'CLA'").iloc[[0]].assign(StartOn="2024-03-01", EndOn="2024-12-01", CaseClosedOn="")
    tables[STATUTORY] = care
    police = children.set_index("social_care_id")["police_id"][care["PersonID"].iloc[0]]
    days = ["2024-02-29", "2024-03-31", "2024-04-01", "2024-11-30", "2024-12-01", "2025-01-05"]
    stamps = [f"{day}T21:00:00" for day in days]
    row = tables["police/missing.csv"].iloc[[0] * len(days)]
    tables["police/missing.csv"] = row.assign(PersonID=police, StartedAt=stamps, EndedAt=stamps, Type="M")
    records = whole_records(tables, clean.records.people, clean.records.timeline)
    WRITERS["ssda903"](tmp_path, Source(records, draw_extra(records, Seeds(1)), clean.source.registers))
    assert list(text(tmp_path / "missing.csv")["MIS_START"]) == ["01/04/2024", "30/11/2024"]


def test_workbook_lists(clean: Made) -> None:
    table = clean.records[STATUTORY]
    for name, headings in HEADINGS.items():
        assert tuple(clean.sheet(name).columns) == headings
    plans = clean.sheet("List 7")
    assert sorted(plans[plans["Child Protection Plan End Date"].isna()]["Child Unique ID"]) == sorted(
        table.query("Status == 'CPP' and EndOn == ''")["PersonID"]
    )
    care = clean.sheet("List 8")
    assert sorted(care[care["Date Ceased to be Looked After"].isna()]["Child Unique ID"]) == sorted(
        table.query("Status == 'CLA' and EndOn == ''")["PersonID"]
    )
    assert care["Date of Last Health Assessment"].notna().any() and care["Placement Type"].str.match(r"[a-z]\) [A-Z]\d: ").all()
    contacts = clean.sheet("List 1")
    assert set(contacts["Ethnicity"]) >= {"a) WBRI"} and contacts["Ethnicity"].str.match(r"[a-t]\) [A-Z]{4}").all()
    assert contacts["Contact Source"].str.match(r"[a-v]\) \w+: ").all()
    assert all(hasattr(day, "year") for day in contacts["Date of Contact"])
    since = as_date(clean.records.day - 182).isoformat()
    assert len(contacts) == (clean.records["socialcare/contacts.csv"]["ContactDate"] >= since).sum()
