"""The same council in other shapes: each can be read, and tells the same as the extracts, counted again here from the extracts."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml

from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import make_council
from early_id.data.synth.faults import plant_faults
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.returns import add_return_columns
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes import FOLDER, LARGEST, SHAPES, parse
from early_id.data.synth.shapes.annex_a_lists import HEADINGS
from early_id.data.synth.shapes.dates import read_dates
from early_id.data.synth.shapes.extra import draw_extra
from early_id.data.synth.shapes.records import KNOWN, Records, whole_records
from early_id.data.synth.shapes.register import Source
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.ssda903 import HEADINGS as RETURN_HEADINGS
from early_id.data.synth.shapes.standard import fields, keys
from early_id.data.synth.timeline import as_date, make_timeline
from early_id.data.synth.world import clean_tables, draw_world
from early_id.schema.codes import code_list

CHILDREN, SEED, RECORDS = 250, 12, 2_500
STATUTORY = "socialcare/statutory.csv"
OF_RECORDS = ("ssd", "ssd_snapshots", "ssda903", "cin_census", "annex_a", "housing", "police")
#: Of the last full year to 31 March.
FIRST, LAST = "2024-04-01", "2025-03-31"


def text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@dataclass(frozen=True)
class Made:
    """Record tables of a council and its shapes of records; no marks."""

    records: Records
    source: Source
    folder: Path

    def csv(self, shape: str, name: str) -> pd.DataFrame:
        return text(self.folder / shape / f"{name}.csv")

    def census(self) -> ET.Element:
        return ET.parse(self.folder / "cin_census" / "cin_census.xml").getroot()

    def sheet(self, name: str) -> pd.DataFrame:
        book = openpyxl.load_workbook(self.folder / "annex_a" / "Annex_A.xlsx", read_only=True)
        head, *rows = book[name].iter_rows(values_only=True)
        return pd.DataFrame(rows, columns=list(head))


def of_records(folder: Path, mess: str, shapes: tuple[str, ...]) -> Made:
    plan, seeds = council_plan(RECORDS, SEED, mess=mess), Seeds(SEED)
    timeline = make_timeline(plan.start)
    with progress("records", total=9) as bar:
        world = draw_world(plan, seeds, timeline, bar)
    tables = add_return_columns(clean_tables(world, seeds), seeds, timeline)
    tables = plant_faults(tables, world.spared, plan, timeline, seeds, FaultLog())
    records = whole_records(tables, world.people, timeline)
    source = Source(records, draw_extra(records, seeds), Registers(folder / "no marks"))
    for name in shapes:
        (folder / name).mkdir()
        SHAPES[name].write(folder / name, source)
    return Made(records, source, folder)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return of_records(tmp_path_factory.mktemp("clean"), "none", OF_RECORDS)


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return of_records(tmp_path_factory.mktemp("messy"), "all", ("ssd", "cin_census", "police"))


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_council(CHILDREN, SEED, tmp_path_factory.mktemp("shapes") / "council", shapes="all").folder


def hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


# ------------------------------------------------------------------------------------------------ words and files


def test_words_for_shapes() -> None:
    assert parse("all") == tuple(SHAPES)
    assert parse(()) == ()
    assert parse(["ssd", "mis_long"]) == ("mis_long", "ssd")
    assert parse("ssd, ctf,ssd") == ("ctf", "ssd")
    with pytest.raises(SettingsError, match="There is no shape named 'ssda930'") as refused:
        parse(["ssda930"])
    assert "ssda903" in str(refused.value)
    assert parse((), children=1_000_000) == ()
    with pytest.raises(SettingsError, match=r"up to 100,000 children"):
        parse("ssd", children=LARGEST + 1)


def test_same_seed_gives_the_same_shapes_and_the_extracts_do_not_change(council: Path, tmp_path: Path) -> None:
    again = make_council(CHILDREN, SEED, tmp_path / "again", shapes=["ssd", "cin_census", "annex_a", "mis_daily"]).folder
    made, known = hashes(again / FOLDER), hashes(council / FOLDER)
    made.pop("made_up.json")
    assert made and made.items() <= known.items()
    assert hashes(again / "extracts") == hashes(council / "extracts")
    assert yaml.safe_load((again / "config.yaml").read_bytes()) == yaml.safe_load((council / "config.yaml").read_bytes())


def test_every_shape_has_files_that_a_plain_reader_reads(council: Path) -> None:
    assert sorted(path.name for path in (council / FOLDER).iterdir() if path.is_dir()) == sorted(SHAPES)
    for name in SHAPES:
        files = [path for path in (council / FOLDER / name).rglob("*") if path.is_file()]
        assert files, name
        for path in files:
            if path.suffix == ".csv":
                assert len(text(path)), path
            elif path.suffix == ".xml":
                assert len(ET.parse(path).getroot()), path
            else:
                assert openpyxl.load_workbook(path, read_only=True).sheetnames == list(HEADINGS)
    note = json.loads((council / FOLDER / "made_up.json").read_text(encoding="utf-8"))
    others = {name: digest for name, digest in hashes(council / FOLDER).items() if name != "made_up.json"}
    assert set(note["sha256"]) == set(others.values())


# ------------------------------------------------------------------------------------------------ marks


@pytest.fixture(scope="module")
def register(council: Path) -> pd.DataFrame:
    """The last entry of each mark of the extracts, worked out with pandas alone."""
    folder = council / "extracts" / "attendance"
    parts = [pd.read_parquet(path) for path in folder.rglob("*.parquet")]
    for path in folder.glob("*.csv"):
        table = text(path)
        table = table[table["Date"].str.fullmatch(r"\d\d/\d\d/20\d\d") & ~table["Date"].str.startswith("32")]
        parts.append(table.assign(**{name: pd.to_datetime(table[name], format="%d/%m/%Y").dt.date for name in ("Date", "RecordedOn")}))
    marks = pd.concat(parts, ignore_index=True)
    for name in ("Date", "RecordedOn"):
        marks[name] = pd.to_datetime(marks[name])
    for name in ("PupilID", "SchoolID", "Session", "Code"):
        marks[name] = marks[name].astype("category")
    last = marks.groupby(["PupilID", "SchoolID", "Date", "Session"], observed=True)["RecordedOn"].transform("max")
    marks = marks[marks["RecordedOn"] == last]
    days = {day: day.strftime("%d/%m/%Y") for day in marks["Date"].unique()}
    marks["Date"] = marks["Date"].map(days)
    return marks.rename(columns={"SchoolID": "School", "PupilID": "Adno", "Code": "Mark"})[["School", "Adno", "Date", "Session", "Mark"]]


@cache
def exported(council: Path, shape: str) -> pd.DataFrame:
    return pd.concat([text(path) for path in sorted((council / FOLDER / shape).rglob("*.csv"))], ignore_index=True)


def ordered(marks: pd.DataFrame) -> pd.DataFrame:
    return marks.sort_values(list(marks.columns), ignore_index=True).astype(str)


def test_long_form_is_the_register_of_the_extracts(council: Path, register: pd.DataFrame) -> None:
    long = exported(council, "mis_long")
    assert list(long.columns) == ["School", "Adno", "UPN", "Date", "Session", "Mark"]
    dated = long[long["Date"].isin(set(register["Date"]))]
    pd.testing.assert_frame_equal(ordered(dated.drop(columns="UPN")), ordered(register))
    pupils = text(council / "extracts/education/pupils.csv").set_index("PupilID")["UPN"]
    assert (long["UPN"] == long["Adno"].map(pupils)).all()


def test_daily_form_holds_the_same_marks(council: Path, register: pd.DataFrame) -> None:
    daily = exported(council, "mis_daily")
    assert not daily[daily["Date"].isin(set(register["Date"]))].duplicated(["School", "Adno", "Date"]).any()
    wide = daily.melt(["School", "Adno", "Date"], ["AM", "PM"], "Session", "Mark").query("Mark != ''")
    wide = wide[wide["Date"].isin(set(register["Date"]))]
    once = register.drop_duplicates()  # a cell cannot repeat a mark
    assert len(once) < len(register)
    pd.testing.assert_frame_equal(ordered(wide), ordered(once))


def test_faults_of_marks_show_in_both_forms(council: Path) -> None:
    files = [text(path) for path in (council / "extracts/attendance").glob("*.csv")]
    unreadable = sum(table["Date"].isin(["32/13/2024", ""]).sum() for table in files)
    assert unreadable > 0
    for shape in ("mis_daily", "mis_long"):
        assert exported(council, shape)["Date"].isin(["32/13/2024", ""]).sum() == unreadable
    assert {"A", "8"} <= set(exported(council, "mis_long")["Mark"])


def test_school_census_counts_the_sessions_of_the_term_before(council: Path, register: pd.DataFrame) -> None:
    marks = register.drop_duplicates()
    day = pd.to_datetime(marks["Date"], format="%d/%m/%Y")
    autumn = marks[(day >= "2024-09-01") & (day <= "2024-12-31")]
    possible = code_list("attendance").having(flag="possible")
    truth = autumn[autumn["Mark"].isin(possible)].groupby(["School", "Adno"]).size()
    shown = {}
    for path in (council / FOLDER / "school_census" / "2025_spring").glob("*.xml"):
        for pupil in ET.parse(path).getroot().find("Pupils").iter():
            attendance = pupil.find("Attendance/TermlyAttendance")
            if attendance is not None:
                sessions = {name: int(attendance.findtext(name)) for name in ("SessionsPossible", "SessionsAuthorised", "SessionsUnauthorised")}
                details = [int(item.text) for item in attendance.iter("AbsenceSessions")]
                assert sum(details) == sessions["SessionsAuthorised"] + sessions["SessionsUnauthorised"] <= sessions["SessionsPossible"]
                shown[path.stem.upper(), pupil.findtext("PupilIdentifiers/PupilID")] = sessions["SessionsPossible"]
    assert len(shown) > 100
    # Pupils who changed school over Christmas are on no list of the spring term.
    assert len(truth) - len(shown) <= 0.03 * len(truth)
    assert all(truth[key] == count for key, count in shown.items())


def test_transfer_strings_hold_every_mark_of_the_year(council: Path, register: pd.DataFrame) -> None:
    marks = register.drop_duplicates().assign(day=lambda rows: pd.to_datetime(rows["Date"], format="%d/%m/%Y"))
    marks = marks[(marks["day"] >= "2024-09-01") & (marks["day"] <= "2025-08-31")].sort_values(["day", "Session"])
    seen = 0
    for path in (council / FOLDER / "ctf").glob("*.xml"):
        root = ET.parse(path).getroot()
        for pupil in root.iter("Pupil"):
            string = pupil.findtext("Attendance/AttendanceMarks")
            if string is None:
                continue
            start = pd.Timestamp(pupil.findtext("Attendance/AttendanceStartDate"))
            assert start.weekday() == 0
            tokens = re.findall(r"C[12]|J1|Y\d|.", string)
            assert len(tokens) % 2 == 0
            read = [(start + pd.Timedelta(days=place // 2), code) for place, code in enumerate(tokens) if code != "#"]
            own = marks[(marks["Adno"] == pupil.findtext("PupilID")) & (marks["School"] == path.stem.split("_")[0].upper())]
            assert read == [(day, code) for day, code in zip(own["day"], own["Mark"], strict=True) if code != "#"]
            seen += 1
    assert seen > 10


# ------------------------------------------------------------------------------------------------ Standard Safeguarding Dataset


def test_tables_have_the_fields_of_the_standard(clean: Made) -> None:
    names = {path.stem for path in (clean.folder / "ssd").glob("*.csv")}
    assert len(names) >= 28
    for name in names:
        assert tuple(clean.csv("ssd", name).columns) == fields()[name]


def test_keys_are_unique_and_references_are_met(clean: Made) -> None:
    ssd = {path.stem: text(path) for path in (clean.folder / "ssd").glob("*.csv")}
    for name in sorted(set(ssd) - {"ssd_family"}):  # a family has several rows
        for key in keys().get(name, ()):
            assert ssd[name][key].ne("").all() and ssd[name][key].is_unique, key
    people = set(ssd["ssd_person"]["pers_person_id"])
    for name, table in ssd.items():
        for column in [column for column in table if column.endswith("_person_id") and name != "ssd_person"]:
            assert set(table[column]) <= people, column
    for table, column, other, key in (
        ("ssd_cin_assessments", "cina_referral_id", "ssd_cin_episodes", "cine_referral_id"),
        ("ssd_assessment_factors", "cinf_assessment_id", "ssd_cin_assessments", "cina_assessment_id"),
        ("ssd_cla_episodes", "clae_cla_placement_id", "ssd_cla_placement", "clap_cla_placement_id"),
        ("ssd_cp_plans", "cppl_icpc_id", "ssd_initial_cp_conference", "icpc_icpc_id"),
        ("ssd_cin_episodes", "cine_referral_worker_id", "ssd_professionals", "prof_professional_id"),
    ):
        assert set(ssd[table][column]) - {""} <= set(ssd[other][key]), column


def codes_of(cell: str) -> list[str]:
    return list(json.loads(cell))


def test_factors_are_those_of_the_extracts_in_both_forms(clean: Made, messy: Made) -> None:
    for made in (clean, messy):
        table = made.csv("ssd", "ssd_assessment_factors")
        cells = table["cinf_assessment_factors_json"]
        assert {cell[0] for cell in cells} == {"[", "{"}
        shown = pd.Series([code for cell in cells for code in codes_of(cell)]).value_counts()
        dated = made.records["socialcare/factors.csv"].query("AssessedOn != ''")["Factor"]
        pd.testing.assert_series_equal(shown.sort_index(), dated.value_counts().sort_index(), check_names=False)


def test_rows_of_the_dataset_are_those_of_the_extracts(clean: Made) -> None:
    records = clean.records
    help_ = records["socialcare/early_help.csv"]
    assert len(clean.csv("ssd", "ssd_contacts")) == len(records["socialcare/contacts.csv"])
    assert len(clean.csv("ssd", "ssd_early_help_episodes")) == (help_["StartOn"] != "").sum()
    statuses = records[STATUTORY]["Status"].value_counts()
    for table, status in (("cp_plans", "CPP"), ("s47_enquiry", "S47"), ("pre_proceedings", "COURT"), ("care_leavers", "CARE_LEAVER")):
        assert len(clean.csv("ssd", f"ssd_{table}")) == statuses[status], table
    assert clean.csv("ssd", "ssd_cla_episodes")["clae_cla_id"].nunique() == statuses["CLA"]
    open_plans = records[STATUTORY].query("Status == 'CPP' and EndOn == ''")["PersonID"]
    shown = clean.csv("ssd", "ssd_cp_plans").query("cppl_cp_plan_end_date == ''")["cppl_person_id"]
    assert sorted(shown) == sorted(open_plans)


def test_care_episodes_follow_one_another_within_a_period(clean: Made) -> None:
    table = clean.csv("ssd", "ssd_cla_episodes").sort_values("clae_cla_episode_id")
    assert table["clae_cla_episode_start_reason"].isin(["S", "P", "T", "L"]).all()
    for _, rows in table.groupby("clae_cla_id"):
        assert list(rows["clae_cla_episode_start_date"])[1:] == list(rows["clae_cla_episode_ceased_date"])[:-1]
        assert (rows["clae_cla_episode_ceased_reason"][:-1] == "X1").all() and rows["clae_cla_episode_ceased_reason"].iloc[-1] != "X1"
        assert rows["clae_cla_episode_start_reason"].iloc[0] == "S" and "S" not in rows["clae_cla_episode_start_reason"].tolist()[1:]


# ------------------------------------------------------------------------------------------------ national returns


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
    SHAPES["ssda903"].write(tmp_path, Source(records, draw_extra(records, Seeds(1)), clean.source.registers))
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


# ------------------------------------------------------------------------------------------------ agencies' own lists


def test_housing_and_police_lists(clean: Made) -> None:
    records = clean.records
    assert len(clean.csv("housing", "household_members")) == len(records["housing/households.xlsx"])
    assert len(clean.csv("housing", "cases")) == len(records["housing/indicators.csv"])
    assert len(clean.csv("police", "missing_reports")) == len(records["police/missing.csv"])
    notices = clean.csv("police", "notices")
    assert len(notices) == len(records["police/notifications.parquet"])
    who = records["police/people.csv"].set_index("PersonID")
    assert (notices["Surname"] == notices["Nominal Ref"].map(who["Surname"])).all()
    hidden = clean.csv("housing", "household_members").query("`Address Withheld` == 'Y'")
    assert hidden["Postcode"].eq("").all() and hidden["UPRN"].eq("").all()


# ------------------------------------------------------------------------------------------------ snapshots


def snapshots(made: Made, table: str) -> dict[str, pd.DataFrame]:
    return {path.name: text(path / f"ssd_{table}.csv") for path in sorted((made.folder / "ssd_snapshots").iterdir())}


def test_the_last_snapshot_is_the_dataset(clean: Made) -> None:
    last = max(path for path in (clean.folder / "ssd_snapshots").iterdir())
    assert hashes(last) == hashes(clean.folder / "ssd")
    assert len(list((clean.folder / "ssd_snapshots").iterdir())) == 7


@pytest.mark.parametrize("table", ["cin_episodes", "contacts", "cp_plans", "cla_episodes", "person", "involvements"])
def test_differences_between_snapshots_retell_the_history(clean: Made, table: str) -> None:
    """Known from a snapshot, changed or gone by the next: applied one after another they end at the last one."""
    key = keys()[f"ssd_{table}"][0] if f"ssd_{table}" in keys() else "invo_involvements_id"
    taken = [frame.set_index(key) for frame in snapshots(clean, table).values()]
    held = taken[0]
    counts = {"new": 0, "changed": 0, "gone": 0}
    for before, after in pairwise(taken):
        new, gone = after.index.difference(before.index), before.index.difference(after.index)
        both = before.index.intersection(after.index)
        changed = both[(before.loc[both] != after.loc[both]).any(axis=1)]
        held = pd.concat([held.drop(gone).drop(changed), after.loc[changed], after.loc[new]])
        for kind, rows in (("new", new), ("changed", changed), ("gone", gone)):
            counts[kind] += len(rows)
    pd.testing.assert_frame_equal(held.sort_index(), taken[-1].sort_index())
    assert counts["new"] > 0
    assert (counts["gone"] > 0) == (table == "contacts")
    assert counts["changed"] > 0 or table == "contacts"


def test_snapshots_hold_what_was_recorded_by_their_day_and_nothing_later(clean: Made) -> None:
    """From the extracts' dates alone: a referral is there three days after it was made, its end when it has come."""
    referrals = clean.records[STATUTORY].query("Status == 'REFERRAL'").set_index("ReferralID")
    for day, table in snapshots(clean, "cin_episodes").items():
        lag = (pd.Timestamp(day) - pd.Timedelta(days=3)).date().isoformat()
        shown = table[table["cine_referral_id"].isin(referrals.index)].set_index("cine_referral_id")
        assert set(shown.index) == set(referrals[referrals["StartOn"] < lag].index)
        closed = referrals.loc[shown.index, "CaseClosedOn"]
        pd.testing.assert_series_equal(shown["cine_close_date"], closed.where(closed < day, ""), check_names=False)
        for name in (name for name in table if name.endswith("_date")):
            assert (table[name] < day).all()


def test_records_of_the_last_day_are_the_records(clean: Made) -> None:
    then = clean.records.as_on(clean.records.day)
    for file in KNOWN:
        pd.testing.assert_frame_equal(then[file], clean.records[file], check_dtype=False)


# ------------------------------------------------------------------------------------------------ faults


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
