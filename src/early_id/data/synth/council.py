"""Make a whole council: people, records, faults, files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.data.synth.agencies.known import as_agencies_know
from early_id.data.synth.agencies.people_truth import write_people
from early_id.data.synth.areas import build_areas
from early_id.data.synth.faults import FaultLog, copy_exports, encoding_of, plant_faults, total
from early_id.data.synth.files.instructions import write_instructions, write_made_up_note
from early_id.data.synth.files.returns import add_return_columns
from early_id.data.synth.files.room import check_room, is_full, no_room, usable_folder
from early_id.data.synth.files.writers import file_name, write_table
from early_id.data.synth.marks.files import blocks_of, write_marks
from early_id.data.synth.plan import START, CouncilPlan, council_plan
from early_id.data.synth.scenarios.second_outcome import write_second_outcome
from early_id.data.synth.seeds import AREA, Seeds
from early_id.data.synth.shapes.write import write_shapes
from early_id.data.synth.summary import CouncilSummary
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.truth.files import CONTACTS, leaked_at, write_truth
from early_id.data.synth.truth.labels import ELSEWHERE
from early_id.data.synth.world import STEPS, clean_tables, draw_world


def make_council(
    children: int,
    seed: int,
    out: Path,
    *,
    start: date = START,
    scenarios: Iterable[str] | Mapping[str, float] = (),
    mess: str | Iterable[str] = "usual",
    shapes: str | Iterable[str] = (),
    processes: int = 1,
) -> CouncilSummary:
    """Make a council of ``children`` children in the folder ``out``.

    Parameters
    ----------
    children : int
        Children made, 200 to 1,000,000: all who are 4 to 17 on any as-of date.
    seed : int
        The same seed gives the same bytes, whatever ``processes`` is.
    out : Path
        A folder that is not there yet, or is empty.
    start : date
        Any day of the first school year of marks; two more and the running autumn term follow.
    scenarios : iterable of str, or mapping
        ``"NAME"`` or ``"NAME=SIZE"`` (``scenarios.declare.SCENARIOS`` lists them).
    mess : str or iterable of str
        ``"usual"``, ``"all"``, ``"none"``, or names of kinds (``mess.KINDS`` lists them).
    shapes : str or iterable of str
        ``"all"``, or names of further shapes the records are written in besides (``shapes.declare.SHAPES`` lists them).
    processes : int
        Processes that make marks side by side.

    Returns
    -------
    CouncilSummary

    Raises
    ------
    SettingsError
        A number out of range, an unknown name, a folder that already holds something, or a disk without room.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     make_council(500, 1, Path(folder) / "council").schools
    6
    """
    plan = council_plan(children, seed, start=start, scenarios=scenarios, mess=mess, shapes=shapes, processes=processes)
    out = usable_folder(out)
    # Written whole under another name and then renamed, so that a broken run never looks like a council.
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        check_room(plan, out.parent)
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise SettingsError(f"The output folder cannot be made: {error.strerror}.", where=str(out), what_next="Name another folder.") from None
    try:
        summary = _build(plan, out, building) if plan.children <= AREA else build_areas(plan, out, building, _build)
        building.chmod(0o755)
        if out.exists():
            out.rmdir()
        building.rename(out)
    except BaseException as error:
        shutil.rmtree(building, ignore_errors=True)
        if isinstance(error, OSError) and is_full(error):
            raise no_room(plan, out.parent, error) from None
        raise
    return summary


def _build(plan: CouncilPlan, out: Path, building: Path) -> CouncilSummary:
    """The order of the work. Later steps read what earlier steps made; none changes what another draws."""
    seeds, timeline = Seeds(plan.seed, plan.area, plan.areas), make_timeline(plan.start)
    extracts = building / "extracts"
    with progress("Making a council", total=STEPS + 4) as bar:
        world = draw_world(plan, seeds, timeline, bar)
        bar.extend(blocks_of(world))
        log = FaultLog()
        tables = clean_tables(world, seeds)
        known = as_agencies_know(tables, world, seeds, log)
        world = replace(world, services=world.services | {ELSEWHERE: known.elsewhere})
        tables = add_return_columns(known.tables, seeds, timeline)
        second_ids = known.second_ids("social_care")
        clean = {CONTACTS: leaked_at(tables, world, second_ids)}  # leak.csv lists them as they stand in the file
        tables = plant_faults(tables, world.spared | known.touched, plan, timeline, seeds, log, clean)
        bar.advance(1, "records")
        marks = write_marks(extracts, world, world.spared, seeds, log, bar)
        written = {name: file_name(name, len(table), large=plan.areas > 1) for name, table in tables.items()}
        for name, table in tables.items():
            write_table(extracts, written[name], table, encoding=encoding_of(name, plan.mess))
            log.note_size(name, len(table))
        copy_exports(extracts, plan.mess, log)
        write_made_up_note(extracts)
        write_shapes(plan, building, world, tables, timeline, seeds)
        bar.advance(2, "files")
        faults = log.frame().replace({"file": written})
        write_truth(building / "truth", world, tables, faults, seeds, second_ids)
        write_people(building / "truth", known, world, {written[name]: table for name, table in tables.items()})
        write_instructions(building, plan, timeline, written)
        write_second_outcome(building, world, tables, seeds)
        bar.advance(1)
    return CouncilSummary(
        plan=plan,
        folder=out,
        config=out / "config.yaml",
        children=plan.children,
        families=len(world.people.families),
        schools=len(world.rolls.schools),
        marks=marks,
        rows={written[name]: len(table) for name, table in tables.items()},
        faults=total(faults),
        screening=timeline.screening,
        as_of_dates=timeline.as_of_dates,
    )
