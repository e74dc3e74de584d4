"""The further shapes a council can be written in, declared in one table, and the one function that writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from early_id.core.errors import SettingsError
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.instructions import write_made_up_note
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.agencies import write_housing, write_police
from early_id.data.synth.shapes.annex_a import write_annex_a
from early_id.data.synth.shapes.cin_census import write_cin_census
from early_id.data.synth.shapes.ctf import write_ctf
from early_id.data.synth.shapes.extra import Extra, draw_extra
from early_id.data.synth.shapes.mis import write_daily, write_long
from early_id.data.synth.shapes.records import Records, whole_records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.school_census import write_school_census
from early_id.data.synth.shapes.ssd import write_snapshots, write_ssd
from early_id.data.synth.shapes.ssda903 import write_ssda903
from early_id.data.synth.timeline import Timeline
from early_id.data.synth.world import World

#: The folder beside the extracts. A run does not look there, so the shapes change nothing for ``config.yaml``.
FOLDER = "extracts_other_shapes"
#: Children up to whom the shapes are written: they are for learning and for tests of readers, not for a nation.
LARGEST = 100_000


@dataclass(frozen=True)
class Source:
    """What a shape is made from: the records, what they do not hold, and the marks as they were written."""

    records: Records
    extra: Extra
    registers: Registers


@dataclass(frozen=True)
class Shape:
    """One further shape.

    ``files`` names its files below its folder, ``shows`` the records it is made from, ``room`` is what it takes on the disk in bytes a
    child, with room to spare, ``write`` makes it.
    """

    name: str
    text: str
    files: str
    shows: str
    room: int
    write: Callable[[Path, Source], None]


def _of_records(write: Callable[[Path, Records, Extra], None]) -> Callable[[Path, Source], None]:
    return lambda folder, source: write(folder, source.records, source.extra)


def _of_marks(write: Callable[[Path, Records, Registers], None]) -> Callable[[Path, Source], None]:
    return lambda folder, source: write(folder, source.records, source.registers)


_TABLE: tuple[Shape, ...] = (
    Shape(
        "mis_daily",
        "a school's information system: one row a pupil and day, AM and PM side by side",
        "<school year>/<school>.csv",
        "marks",
        24_000,
        _of_marks(write_daily),
    ),
    Shape("mis_long", "the same: one row a mark", "<school year>/<school>.csv", "marks", 48_000, _of_marks(write_long)),
    Shape(
        "school_census",
        "school census XML, pupil level, of the last three terms",
        "<year>_<term>/<school>.xml",
        "pupils, rolls, suspensions, marks as termly totals one term in arrears",
        6_000,
        _of_marks(write_school_census),
    ),
    Shape(
        "ctf",
        "common transfer files of pupils who went to another school in the last full year",
        "<from>_<to>.xml",
        "pupils, rolls, marks as strings",
        500,
        _of_marks(write_ctf),
    ),
    Shape(
        "ssd",
        "Standard Safeguarding Dataset",
        "ssd_<table>.csv",
        "social care, missing episodes",
        1_500,
        _of_records(write_ssd),
    ),
    Shape(
        "ssd_snapshots",
        "the same as exported on the first of each of the last months, and at the end",
        "<day>/ssd_<table>.csv",
        "social care, missing episodes",
        9_000,
        _of_records(write_snapshots),
    ),
    Shape(
        "ssda903",
        "looked-after children return (SSDA903) of the last full year to 31 March",
        "<table>.csv",
        "care, missing episodes while in care",
        200,
        _of_records(write_ssda903),
    ),
    Shape(
        "cin_census",
        "children in need census of the last full year to 31 March",
        "cin_census.xml",
        "referrals, assessments, factors, plans",
        300,
        _of_records(write_cin_census),
    ),
    Shape(
        "annex_a",
        "the workbook of lists an inspection asks for (Annex A)",
        "Annex_A.xlsx",
        "contacts, early help, social care",
        200,
        _of_records(write_annex_a),
    ),
    Shape(
        "housing",
        "a housing system's own lists",
        "household_members.csv, cases.csv",
        "households, indicators",
        600,
        _of_records(write_housing),
    ),
    Shape(
        "police",
        "a police force's own lists",
        "missing_reports.csv, notices.csv",
        "missing episodes, notices",
        200,
        _of_records(write_police),
    ),
)
SHAPES: dict[str, Shape] = {shape.name: shape for shape in _TABLE}


def parse(words: str | Iterable[str], *, children: int = 0) -> tuple[str, ...]:
    """Shapes from ``all``, or from names one after another or with commas between them, in the order of the table and each once.

    Raises
    ------
    SettingsError
        A name that is not known, or a council of more ``children`` than the shapes are written for.
    """
    asked = [part.strip() for word in ([words] if isinstance(words, str) else words) for part in word.split(",") if part.strip()]
    for word in asked:
        if word not in SHAPES and word != "all":
            raise SettingsError.unknown_name("shape", word, ["all", *SHAPES], where="--shapes")
    if asked and children > LARGEST:
        raise SettingsError(
            f"The other shapes are written for councils of up to {LARGEST:,} children.",
            where="--shapes",
            what_next="Make a smaller council for them, or leave --shapes out: the extracts themselves have no such limit.",
        )
    return tuple(name for name in SHAPES if name in asked or "all" in asked)


def write_shapes(plan: CouncilPlan, folder: Path, world: World, tables: Tables, timeline: Timeline, seeds: Seeds) -> None:
    """Write the plan's shapes below ``folder``, which holds the council's ``extracts`` with their marks already.

    Parameters
    ----------
    plan : CouncilPlan
        ``plan.shapes`` names what is written; nothing is written when it is empty.
    folder : Path
        The council's folder. Files go to ``extracts_other_shapes/<shape>/`` in it.
    world : World
        Who is who: the agencies' ids and the families' traits.
    tables : Tables
        The record tables as they were written, faults included.
    """
    if not plan.shapes:
        return
    records = whole_records(tables, world.people, timeline)
    source = Source(records, draw_extra(records, seeds), Registers(folder / "extracts" / "attendance"))
    for name in plan.shapes:
        target = folder / FOLDER / name
        target.mkdir(parents=True)
        SHAPES[name].write(target, source)
    write_made_up_note(folder / FOLDER)
