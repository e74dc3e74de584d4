"""The shapes of the national returns have the headings of the real returns, and no element that those do not have; and the real returns go in."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from early_id.config.load import folder_config
from early_id.data.store import Store
from early_id.data.synth import make_council
from early_id.data.synth.shapes.annex_a_lists import HEADINGS as LISTS
from early_id.data.synth.shapes.declare import FOLDER
from early_id.data.synth.shapes.ssda903 import HEADINGS

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("EARLY_ID_SHARED", ROOT.parent / "shared")) / "data" / "statutory_shapes"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the statutory shapes are not here; EARLY_ID_SHARED names their folder")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_council(400, 3, tmp_path_factory.mktemp("council") / "c", mess="none", shapes=("cin_census", "ssda903", "annex_a")).folder / FOLDER


def test_headings_of_the_looked_after_return() -> None:
    for name, headings in HEADINGS.items():
        assert tuple(pd.read_csv(DATA / "ssda903" / f"{name}.csv", nrows=0, encoding="utf-8-sig").columns) == headings


def test_headings_of_the_inspection_workbook(made: Path) -> None:
    real = openpyxl.load_workbook(DATA / "annex_a" / "Annex_A.xlsx", read_only=True)
    ours = openpyxl.load_workbook(made / "annex_a" / "Annex_A.xlsx", read_only=True)
    assert ours.sheetnames == real.sheetnames == list(LISTS)
    for name in real.sheetnames:
        headings = [next(iter(book[name].iter_rows(max_row=1, values_only=True))) for book in (real, ours)]
        assert headings[0] == headings[1], name


def paths(root: ET.Element) -> set[str]:
    found = set()

    def walk(element: ET.Element, above: str) -> None:
        here = f"{above}/{element.tag}"
        found.add(here)
        for child in element:
            walk(child, here)

    walk(root, "")
    return found


def test_elements_of_the_census_are_where_the_real_ones_are(made: Path) -> None:
    real = paths(ET.parse(DATA / "cin_census" / "fake_CIN_data.xml").getroot())
    ours = paths(ET.parse(made / "cin_census" / "cin_census.xml").getroot())
    # The sample is of 2022, when sex was a number; nobody has died here; it has no assessments, plans or enquiries.
    renamed = {"/Message/Children/Child/ChildIdentifiers/GenderCurrent", "/Message/Children/Child/ChildIdentifiers/PersonDeathDate"}
    # An initial conference is in the year of a small council or not.
    assert real - renamed - {"/Message/Children/Child/CINdetails/DateOfInitialCPC"} <= ours
    further = {path.split("/")[5] for path in ours - real if path.startswith("/Message/Children/Child/CINdetails/")}
    assert further <= {"Assessments", "CINPlanDates", "Section47", "ChildProtectionPlans"}


def test_every_return_goes_in_by_one_command(tmp_path: Path) -> None:
    """``early-id ingest FOLDER`` tells each file by its columns; no row is lost, and what it says is stored."""
    store = Store.open(folder_config(DATA, out=tmp_path / "out"))
    batch = store.ingest()
    counted = {item.file: item for item in batch.files}
    assert all(item.recognised and item.rows_in == item.rows_kept + item.rows_set_aside for item in batch.files) and not batch.not_read
    for path in (DATA / "ssda903").glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
        assert counted[f"ssda903/{path.name}"].rows_in == len(frame)
    book = openpyxl.load_workbook(DATA / "annex_a" / "Annex_A.xlsx", read_only=True, data_only=True)
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(min_row=2, values_only=True) if any(cell is not None for cell in row)]
        assert counted[f"annex_a/Annex_A.xlsx [{sheet.title}]"].rows_in == len(rows)
    tree = ET.parse(DATA / "cin_census" / "fake_CIN_data.xml")
    assert counted["cin_census/fake_CIN_data.xml [children]"].rows_in == len(list(tree.iter("Child")))
    assert counted["cin_census/fake_CIN_data.xml [referrals]"].rows_in == len(list(tree.iter("CINdetails")))
    # What was said is what is stored.
    missing = pd.read_csv(DATA / "ssda903" / "missing.csv", dtype=str)
    own = store.records("missing_episodes")
    assert sorted(own["started_at"].dt.strftime("%d/%m/%Y")) == sorted(missing["MIS_START"]) and sorted(own["type"]) == sorted(missing["MISSING"])
    pupils = store.records("pupils").set_index("source_person_id")
    header = pd.read_csv(DATA / "ssda903" / "header.csv", dtype=str).set_index("CHILD")
    assert (pupils.loc[header.index[:50], "sex"] == header["SEX"].iloc[:50].map({"1": "M", "2": "F"}).to_numpy()).all()
    labels = {row[2].partition(") ")[2] for sheet in book.worksheets[:9] for row in sheet.iter_rows(min_row=2, values_only=True) if row[2]}
    assert set(pupils.loc[pupils["source"] == "annex_a", "ethnicity"].dropna()) <= labels
    ends = store.records("statutory").query("source == 'cin_census'")
    closed = [case for case in tree.iter("CINdetails") if case.findtext("CINclosureDate") or case.findtext("ReferralNFA") == "true"]
    assert ends["end_on"].notna().sum() == len(closed)


def test_the_returns_go_in_from_an_archive_too(tmp_path: Path) -> None:
    import shutil

    (tmp_path / "in").mkdir()
    shutil.make_archive(str(tmp_path / "in" / "ssda903"), "zip", DATA / "ssda903")
    batch = Store.open(folder_config(tmp_path / "in", out=tmp_path / "out")).ingest()
    assert {item.file for item in batch.files} == {f"ssda903.zip/{path.name}" for path in (DATA / "ssda903").glob("*.csv")}
    assert {item.source for item in batch.files} == {"ssda903"}
