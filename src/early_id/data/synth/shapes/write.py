"""Every further shape and the function that makes it, and the one function that writes those of a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.instructions import write_made_up_note
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.agencies import write_housing, write_police
from early_id.data.synth.shapes.annex_a import write_annex_a
from early_id.data.synth.shapes.cin_census import write_cin_census
from early_id.data.synth.shapes.ctf import write_ctf
from early_id.data.synth.shapes.declare import FOLDER
from early_id.data.synth.shapes.extra import Extra, draw_extra
from early_id.data.synth.shapes.mis import write_daily, write_long
from early_id.data.synth.shapes.records import Records, whole_records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.school_census import write_school_census
from early_id.data.synth.shapes.ssd import write_snapshots, write_ssd
from early_id.data.synth.shapes.ssda903 import write_ssda903
from early_id.data.synth.timeline import Timeline
from early_id.data.synth.world import World


@dataclass(frozen=True)
class Source:
    """What a shape is made from: the records, what they do not hold, and the marks as they were written."""

    records: Records
    extra: Extra
    registers: Registers


Writer = Callable[[Path, Source], None]


def _of_records(write: Callable[[Path, Records, Extra], None]) -> Writer:
    return lambda folder, source: write(folder, source.records, source.extra)


def _of_marks(write: Callable[[Path, Records, Registers], None]) -> Writer:
    return lambda folder, source: write(folder, source.records, source.registers)


#: How each shape of ``declare.SHAPES`` is made.
WRITERS: dict[str, Writer] = {
    "mis_daily": _of_marks(write_daily),
    "mis_long": _of_marks(write_long),
    "school_census": _of_marks(write_school_census),
    "ctf": _of_marks(write_ctf),
    "ssd": _of_records(write_ssd),
    "ssd_snapshots": _of_records(write_snapshots),
    "ssda903": _of_records(write_ssda903),
    "cin_census": _of_records(write_cin_census),
    "annex_a": _of_records(write_annex_a),
    "housing": _of_records(write_housing),
    "police": _of_records(write_police),
}


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
        WRITERS[name](target, source)
    write_made_up_note(folder / FOLDER)
