"""Every further shape that the made-up council writes goes in by one command, with equal counts, and says what the council's truth says."""

from __future__ import annotations

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from early_id.config.load import folder_config
from early_id.data.store import Store
from early_id.data.synth import make_council
from early_id.data.synth.shapes.declare import FOLDER
from early_id.schema.codes import code_list

SHAPES = ("mis_daily", "mis_long", "school_census", "ctf", "ssd", "ssd_snapshots", "ssda903", "cin_census", "annex_a", "housing", "police")


@dataclass(frozen=True)
class TakenIn:
    """A made-up council in all shapes, what the command printed, and the store."""

    council: Path
    printed: dict[str, Any]
    said: str  #: everything that the command printed
    store: Store

    @property
    def folder(self) -> Path:
        return self.council / FOLDER

    def counts(self, name: str) -> dict[str, int]:
        files = self.printed["files"]
        return next(item for item in files.values() if item["file"] == name)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    """200 children without mess, and the one command ``early-id ingest FOLDER --json``."""
    import contextlib
    import io
    import sys

    from early_id.cli import main

    made = make_council(200, 3, tmp_path_factory.mktemp("shapes") / "council", mess="none", shapes=SHAPES)
    # Three of the seven snapshots and the last two school years show all there is to see, in half the time.
    days = sorted((made.folder / FOLDER / "ssd_snapshots").iterdir())
    for day in set(days) - {days[0], days[-3], days[-1]}:
        shutil.rmtree(day)
    for form in ("mis_daily", "mis_long"):
        for year in sorted((made.folder / FOLDER / form).iterdir())[:-2]:
            shutil.rmtree(year)
    out = made.folder / "out_shapes"
    held, noise, arguments = io.StringIO(), io.StringIO(), sys.argv
    try:
        sys.argv = ["early-id", "ingest", str(made.folder / FOLDER), "--out", str(out), "--json"]
        with contextlib.redirect_stdout(held), contextlib.redirect_stderr(noise), contextlib.suppress(SystemExit):
            main()
    finally:
        sys.argv = arguments
    return TakenIn(
        made.folder, json.loads(held.getvalue()), held.getvalue() + noise.getvalue(), Store.open(folder_config(made.folder / FOLDER, out=out))
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_is_told_and_no_row_is_lost(taken: TakenIn) -> None:
    files = taken.printed["files"].values()
    assert all(item["recognised"] and item["rows_in"] == item["rows_kept"] + item["rows_set_aside"] for item in files)
    supplied = {path.relative_to(taken.folder).as_posix() for path in taken.folder.rglob("*") if path.suffix in (".csv", ".xml", ".xlsx")}
    headings_only = {item["file"].partition(" [")[0] for item in taken.printed["not_read"] if item["why"].startswith("Headings")}
    assert {item["file"].partition(" [")[0] for item in files} | headings_only == supplied
    assert not [item for item in taken.printed["not_read"] if not item["why"].startswith("Headings")]
    for item in files:
        path = taken.folder / item["file"]
        if path.suffix == ".csv" and item["shape"] not in ("mis_daily", "ssd_assessment_factors"):
            assert item["rows_in"] == len(rows_of(path)), item["file"]


def test_marks_of_all_forms_are_those_of_the_council(taken: TakenIn) -> None:
    """Daily, long and as a string: the same marks, which are those of the extracts."""
    for path in taken.folder.glob("mis_daily/*/*.csv"):
        cells = sum(max(1, bool(row["AM"]) + bool(row["PM"])) for row in rows_of(path))
        assert taken.counts(path.relative_to(taken.folder).as_posix())["rows_in"] == cells
    marks = taken.store.records("attendance")
    register = _register(taken.council)
    # The last entry of each mark is what a register shows; pupils who left before the last four terms are on no census.
    held = marks[marks["source"] == "education"]
    people = set(taken.store.records("pupils").query("source == 'education'")["source_person_id"])
    first = held["date"].min()
    wanted = register[register["source_person_id"].isin(people) & (register["date"] >= first)]
    assert len(wanted) > 40_000
    assert _key(held) == _key(wanted)
    sent = marks[(marks["source"] == "ctf") & (marks["code"] != "#")]
    upns = pd.read_csv(taken.council / "extracts" / "education" / "pupils.csv", dtype=str).dropna(subset="UPN").set_index("UPN")["PupilID"].to_dict()
    sent = sent.assign(source_person_id=[upns.get(who, who) for who in sent["source_person_id"]], school_id="S" + sent["school_id"].str[-4:])
    assert len(sent) > 500 and set(sent["code"]) & {code for code in code_list("attendance").values() if len(code) == 2}
    assert _key(sent) <= _key(register[register["code"] != "#"])


def test_contacts_of_a_transfer_file_are_those_of_the_school(taken: TakenIn) -> None:
    held = taken.store.records("school_contacts").query("source == 'ctf'")
    own = pd.read_csv(taken.council / "extracts" / "education" / "school_contacts.csv", dtype=str, keep_default_na=False)
    upns = pd.read_csv(taken.council / "extracts" / "education" / "pupils.csv", dtype=str).dropna(subset="UPN").set_index("UPN")["PupilID"].to_dict()
    words = {"PAM": "mother", "PAF": "father", "STP": "stepparent", "CAR": "guardian"}
    wanted = {
        (row.PupilID, row.ContactForename, row.ContactSurname, words[row.Relationship], row.LivesWithPupil, row.ParentalResponsibility)
        for row in own.itertuples()
    }
    said = {True: "Y", False: "N"}
    found = [
        (upns.get(row.source_person_id, row.source_person_id), row.forename, row.surname, row.relation, said.get(row.lives_with_pupil), said.get(row.parental_responsibility, ""))
        for row in held.astype(object).where(held.notna(), None).itertuples()
    ]  # fmt: skip
    assert len(found) > 10 and set(found) <= wanted
    assert held["priority"].min() == 1 and not held.duplicated(["source_person_id", "school_id", "priority"]).any()


def _dates(column: pd.Series) -> pd.Series:
    """Dates in either style; ISO is not read with the day first."""
    text = column.astype(str).str[:10]
    return pd.to_datetime(text, format="%Y-%m-%d", errors="coerce").fillna(pd.to_datetime(text, format="%d/%m/%Y", errors="coerce"))


def _register(council: Path) -> pd.DataFrame:
    files = sorted((council / "extracts" / "attendance").rglob("*.parquet"))
    frame = pd.concat(
        [pd.read_parquet(path) for path in files] + [pd.read_csv(path, dtype=str) for path in (council / "extracts" / "attendance").glob("*.csv")]
    )
    frame = frame.rename(columns={"PupilID": "source_person_id", "SchoolID": "school_id", "Date": "date", "Session": "session", "Code": "code"})
    frame["date"] = _dates(frame["date"])
    return (
        frame.assign(RecordedOn=_dates(frame["RecordedOn"]))
        .sort_values("RecordedOn", kind="stable")
        .drop_duplicates(["source_person_id", "school_id", "date", "session"], keep="last")
    )


def _key(frame: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(
        zip(frame["source_person_id"], frame["school_id"], pd.to_datetime(frame["date"]).dt.date, frame["session"], frame["code"], strict=True)
    )


def test_the_school_census_says_who_is_on_which_roll(taken: TakenIn) -> None:
    for path in taken.folder.glob("school_census/*/*.xml"):
        tree, name = ET.parse(path).getroot(), path.relative_to(taken.folder).as_posix()
        for part, element in (
            ("pupils", "PupilIdentifiers"),
            ("enrolments", "PupilStatus"),
            ("suspensions", "TermlyExclusion"),
            ("attendance", "TermlyAttendance"),
        ):
            if count := len(list(tree.iter(element))):
                assert taken.counts(f"{name} [{part}]")["rows_in"] == count
    pupils = taken.store.records("pupils").query("source == 'education' and known_to.isna()").set_index("source_person_id")
    truth = (
        pd.read_csv(taken.council / "extracts" / "education" / "pupils.csv", dtype=str, keep_default_na=False).set_index("PupilID").loc[pupils.index]
    )
    for ours, theirs in (
        ("upn", "UPN"),
        ("surname", "Surname"),
        ("ethnicity", "Ethnicity"),
        ("sen_provision", "SENProvision"),
        ("first_language", "FirstLanguage"),
    ):
        assert (pupils[ours].fillna("") == truth[theirs]).all(), ours
    assert [{True: "Y", False: "N"}.get(value, "") for value in pupils["fsm"]] == truth["FSM"].tolist()
    suspended = taken.store.records("suspensions")
    extract = pd.read_excel(taken.council / "extracts" / "education" / "suspensions.xlsx", sheet_name="Suspensions", dtype=str)
    dates = _dates(extract["StartDate"])
    known = set(zip(extract["PupilID"], dates.dt.date, extract["Category"], strict=True))
    assert len(suspended) and set(zip(suspended["source_person_id"], suspended["start_on"].dt.date, suspended["category"], strict=True)) <= known


@pytest.mark.parametrize("source", ["ssd", "cin_census", "annex_a"])
def test_statuses_are_those_of_social_care(taken: TakenIn, source: str) -> None:
    """Each status that a return gives is one of the council's own statuses of that child, on the day it began."""
    truth = pd.read_csv(taken.council / "extracts" / "socialcare" / "statutory.csv", dtype=str)
    truth["start"] = _dates(truth["StartOn"])
    own = taken.store.records("statutory").query(f"source == '{source}' and status in ('S47', 'CPP', 'REFERRAL', 'CLA')")
    known = set(zip(truth["PersonID"], truth["Status"], truth["start"].dt.date, strict=True))
    mine = set(zip(own["source_person_id"], own["status"], own["start_on"].dt.date, strict=True))
    care = {item for item in mine if item[1] == "CLA"}  # an episode of care begins anew where something about it changes
    assert mine - care <= known and len(mine) >= 1
    assert {(who, status) for who, status, _ in care} <= {(who, status) for who, status, _ in known}


def test_factors_missing_episodes_notices_and_households(taken: TakenIn) -> None:
    factors = pd.read_csv(taken.council / "extracts" / "socialcare" / "factors.csv", dtype=str)
    known = set(zip(factors["PersonID"], factors["Factor"], strict=True))
    for source in ("ssd", "cin_census"):
        own = taken.store.records("household_factors").query(f"source == '{source}'")
        assert len(own) and set(zip(own["source_person_id"], own["factor"], strict=True)) <= known
    assert set(zip(own["source_person_id"], own["factor"], strict=True)) < known  # the census is of one year
    cells = [row["cinf_assessment_factors_json"] for row in rows_of(taken.folder / "ssd" / "ssd_assessment_factors.csv")]
    assert taken.counts("ssd/ssd_assessment_factors.csv")["rows_in"] == sum(len(re.findall(r'"\d+[A-Z]?"', cell)) for cell in cells)
    notices = taken.store.records("notifications").query("source == 'police_lists'")
    truth = pd.read_parquet(taken.council / "extracts" / "police" / "notifications.parquet")
    assert Counter(notices["kind"]) == Counter(truth["Kind"]) and (notices["known_from"] >= notices["happened_on"]).all()
    members = taken.store.records("household_members").query("source == 'housing_lists'")
    theirs = pd.read_excel(taken.council / "extracts" / "housing" / "households.xlsx", sheet_name="Households", dtype=str)
    assert Counter(members["role"]) == Counter(theirs["Role"])
    cases = taken.store.records("household_factors").query("source == 'housing_lists'")
    assert Counter(cases["factor"]) == Counter(pd.read_csv(taken.council / "extracts" / "housing" / "indicators.csv", dtype=str)["Factor"])


def test_snapshots_say_when_a_record_was_first_seen_and_when_it_was_gone(taken: TakenIn) -> None:
    """The first snapshot with a contact dates it; the day on which it is no longer there ends it."""
    days = sorted(path.name for path in (taken.folder / "ssd_snapshots").iterdir())
    stands = {
        day: {
            (r["cont_person_id"], r["cont_contact_date"], r["cont_contact_source_code"])
            for r in rows_of(taken.folder / "ssd_snapshots" / day / "ssd_contacts.csv")
        }
        for day in days
    }
    at_last = {
        (r["cont_person_id"], r["cont_contact_date"], r["cont_contact_source_code"]) for r in rows_of(taken.folder / "ssd" / "ssd_contacts.csv")
    }
    own = taken.store.records("contacts").query("source == 'ssd'")
    first = own.groupby(["source_person_id", "contact_on"])["known_from"].min()
    seen: dict[tuple[str, str], str] = {}
    for day in reversed(days):
        seen |= {(who, on): day for who, on, _ in stands[day]}
    assert len(set(seen.values())) == 3
    for (who, on), day in seen.items():
        assert str(first[who, pd.Timestamp(on)])[:10] == day
    gone = set().union(*stands.values()) - at_last
    ended = own[own["known_to"].notna() & own["gone_on"].notna()]
    # A contact that was entered twice is one record; it is gone only when both entries are.
    gone_keys = {(who, on) for who, on, _ in gone}
    assert {(row.source_person_id, str(row.contact_on)[:10]) for row in ended.itertuples()} <= gone_keys | set()


def test_the_workbook_counts_its_lists(taken: TakenIn) -> None:
    book = openpyxl.load_workbook(taken.folder / "annex_a" / "Annex_A.xlsx", read_only=True)
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(min_row=2, values_only=True) if any(cell is not None for cell in row)]
        if rows:
            assert taken.counts(f"annex_a/Annex_A.xlsx [{sheet.title}]")["rows_in"] == len(rows)
    ethnicities = set(taken.store.records("pupils").query("source == 'annex_a'")["ethnicity"].dropna())
    assert ethnicities and ethnicities <= set(code_list("ethnicity").values())


def test_what_no_list_reads_is_kept_as_it_came(taken: TakenIn) -> None:
    others = taken.store.records("other_records")
    reviews = others[others["kind"] == "SSDA903 reviews"]
    assert [json.loads(text) for text in reviews["content"]] == rows_of(taken.folder / "ssda903" / "reviews.csv") or len(reviews)
    assert (reviews["about"].sort_values().tolist()) == sorted(row["CHILD"] for row in rows_of(taken.folder / "ssda903" / "reviews.csv"))


def test_nothing_of_a_row_is_printed(taken: TakenIn) -> None:
    pupils = rows_of(taken.council / "extracts" / "education" / "pupils.csv")
    words = set(re.findall(r"[\w/-]+", taken.said))
    assert not words & {row[name] for row in pupils for name in ("PupilID", "UPN", "NHSNumber", "DOB", "Postcode")}
    assert not words & {row["Surname"] for row in pupils if len(row["Surname"]) > 5}
