"""Made-up councils in further shapes, a whole one and one of records without marks, and how the files of shapes are read again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from early_id.core.display import progress
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import council, make_council, mess
from early_id.data.synth.agencies import homes
from early_id.data.synth.faults import plant_faults
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.returns import add_return_columns
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.extra import draw_extra
from early_id.data.synth.shapes.records import Records, whole_records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.write import WRITERS, Source
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import clean_tables, draw_world

#: Of the council without marks.
CHILDREN, SEED = 1_500, 12
STATUTORY = "socialcare/statutory.csv"
OF_RECORDS = ("ssd", "ssd_snapshots", "ssda903", "cin_census", "annex_a", "housing", "police")
#: Of the last full year to 31 March.
FIRST, LAST = "2024-04-01", "2025-03-31"


def text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def make_shaped(folder: Path, shapes: str | list[str], *, marks: bool = True) -> Path:
    """A small council with every kind of mess with people. One address in ten is protected, so that there are enough to look for."""
    with pytest.MonkeyPatch.context() as patch:
        if not marks:
            patch.setattr(council, "write_marks", lambda *_: 0)
        patch.setattr(homes, "PROTECTED", 0.1)
        return make_council(300, 9, folder, mess=["usual", *(kind.name for kind in mess.PEOPLE)], shapes=shapes).folder


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
    plan, seeds = council_plan(CHILDREN, SEED, mess=mess), Seeds(SEED)
    timeline = make_timeline(plan.start)
    with progress("records", total=9) as bar:
        world = draw_world(plan, seeds, timeline, bar)
    tables = add_return_columns(clean_tables(world, seeds), seeds, timeline)
    tables = plant_faults(tables, world.spared, plan, timeline, seeds, FaultLog())
    records = whole_records(tables, world.people, timeline)
    source = Source(records, draw_extra(records, seeds), Registers(folder / "no marks"))
    for name in shapes:
        (folder / name).mkdir()
        WRITERS[name](folder / name, source)
    return Made(records, source, folder)


def codes_of(cell: str) -> list[str]:
    return list(json.loads(cell))


def hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
