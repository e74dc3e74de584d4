"""The shapes of the national returns have the headings of the real returns, and no element that those do not have."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

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
