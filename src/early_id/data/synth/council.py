"""Make a whole council: people, records, faults, files."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from early_id.core.display import Progress, progress
from early_id.core.errors import SettingsError
from early_id.data.synth.attendance import AbsencePlan, make_plan
from early_id.data.synth.canaries import canary_table, choose_canaries, name_canaries, raise_canaries
from early_id.data.synth.extracts import Tables, education_tables, police_tables, social_care_tables
from early_id.data.synth.factors import make_factors, make_indicators
from early_id.data.synth.faults import FaultLog, plant_faults, spoil_number_marks, spoil_text_marks
from early_id.data.synth.housing import housing_tables, known_families
from early_id.data.synth.instructions import write_instructions, write_made_up_note
from early_id.data.synth.marks import Marks, make_marks, plan_year
from early_id.data.synth.need import Need, make_need
from early_id.data.synth.people import People, make_people
from early_id.data.synth.police import make_missing, make_notices
from early_id.data.synth.schools import Rolls, make_rolls, make_schools
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.services import make_services
from early_id.data.synth.suspensions import make_suspensions
from early_id.data.synth.timeline import Timeline, make_timeline
from early_id.data.synth.truth import write_truth
from early_id.data.synth.writers import MARK_SCHEMA, marks_to_arrow, marks_to_text, write_table

SMALLEST, LARGEST = 200, 1_000_000
#: First marked school year.
START = date(2022, 9, 1)
#: Schools that send their marks as CSV files of their own.
TEXT_SCHOOLS = 2


@dataclass(frozen=True)
class CouncilSummary:
    """What was made: counts and paths."""

    folder: Path
    config: Path
    children: int
    families: int
    schools: int
    marks: int
    rows: dict[str, int]
    faults: int
    screening: date
    as_of_dates: tuple[date, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "folder": str(self.folder),
            "config": str(self.config),
            "counts": {
                "children": self.children,
                "families": self.families,
                "schools": self.schools,
                "marks": self.marks,
                **self.rows,
            },
            "faults": self.faults,
            "screening": self.screening.isoformat(),
            "as_of_dates": [day.isoformat() for day in self.as_of_dates],
        }


@dataclass(frozen=True)
class _World:
    """Everything that is drawn before a file is written."""

    people: People
    rolls: Rolls
    need: Need
    plan: AbsencePlan
    suspensions: pd.DataFrame
    tables: Tables
    canaries: npt.NDArray[np.int64]


def make_council(children: int, seed: int, out: Path, *, start: date = START) -> CouncilSummary:
    """Make a council of ``children`` children in the folder ``out``.

    Parameters
    ----------
    children : int
        Children made, 200 to 1,000,000: all who are 4 to 17 on any as-of date.
    seed : int
        The same seed gives the same bytes.
    out : Path
        A folder that is not there yet, or is empty.
    start : date
        Any day of the first school year of marks; three more and the running autumn term follow.

    Returns
    -------
    CouncilSummary

    Raises
    ------
    SettingsError
        A number out of range, or a folder that already holds something.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     make_council(500, 1, Path(folder) / "council").schools
    6
    """
    if not SMALLEST <= children <= LARGEST:
        raise SettingsError(
            f"A made-up council has {SMALLEST:,} to {LARGEST:,} children.",
            where="--children",
            what_next="Give a number in that range.",
        )
    if seed < 0:
        raise SettingsError("A seed is a whole number from 0.", where="--seed", what_next="Give another seed.")
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(
            "The output folder is there already and is not empty.",
            where=str(out),
            what_next="Name another folder, or empty this one.",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    # Written whole under another name and then renamed, so that a broken run never looks like a council.
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        summary = _build(children, Seeds(seed), out, building, make_timeline(start))
        building.chmod(0o755)
        if out.exists():
            out.rmdir()
        building.rename(out)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return summary


def _build(children: int, seeds: Seeds, out: Path, building: Path, timeline: Timeline) -> CouncilSummary:
    blocks = -(-children // BLOCK)
    years = sum(1 for year in timeline.years if len(year.days))
    with progress("Making a council", total=blocks * years + 8) as bar:
        world = _draw(children, seeds, timeline, bar)
        log = FaultLog()
        spared = set(canary_table(world.people, world.canaries).astype(str).to_numpy().ravel()) - {"", "yes", "no"}
        tables = plant_faults(world.tables, spared, children, seeds, log)
        marks = _write_marks(building / "extracts" / "attendance", world, spared, seeds, timeline, log, bar)
        for name, table in tables.items():
            write_table(building / "extracts", name, table)
        write_made_up_note(building / "extracts")
        bar.advance(2, "files")
        faults = log.frame()
        write_truth(building / "truth", world.people, world.need, tables, faults, canary_table(world.people, world.canaries))
        write_instructions(building, children, seeds.seed, timeline)
        bar.advance(1)
    return CouncilSummary(
        folder=out,
        config=out / "config.yaml",
        children=children,
        families=len(world.people.families),
        schools=len(world.rolls.schools),
        marks=marks,
        rows={name: len(table) for name, table in tables.items()},
        faults=int(faults["count"].sum()),
        screening=timeline.screening,
        as_of_dates=timeline.as_of_dates,
    )


def _draw(children: int, seeds: Seeds, timeline: Timeline, bar: Progress) -> _World:
    people = make_people(children, seeds, timeline)
    canaries = choose_canaries(people, seeds, timeline)
    people = name_canaries(people, canaries)
    need, lift, held_back = raise_canaries(make_need(people, seeds, timeline), people, canaries)
    bar.advance(1, "families")
    schools = make_schools(children, seeds)
    rolls = make_rolls(people, schools, need, seeds, timeline)
    plan = make_plan(people, rolls, need, lift, seeds, timeline)
    bar.advance(1, "schools")
    suspensions = make_suspensions(people, rolls, need, seeds, timeline)
    missing = make_missing(people, need, seeds, timeline)
    notices = make_notices(people, need, seeds, timeline)
    bar.advance(1, "events")
    signs = {
        "notice": notices.rename(columns={"happened": "day"}),
        "missing": missing.assign(day=missing["started"] // 86400),
        "suspension": suspensions.rename(columns={"start": "day"}),
    }
    last = rolls.spells.drop_duplicates("child", keep="last")
    visibility = np.full(len(people), -0.3)  # a child no school sees is named less often
    visibility[last["child"]] = schools["visibility"].to_numpy()[last["school"]]
    services = make_services(people, need, signs, visibility, held_back, seeds, timeline)
    bar.advance(1, "services")
    factors = make_factors(services["assessed"], people, need, seeds, timeline)
    known = known_families(people, seeds, canaries)
    indicators = make_indicators(people, need, known, seeds, timeline)
    tables = {
        **education_tables(people, rolls, suspensions, timeline),
        **social_care_tables(people, services, factors, seeds, timeline),
        **police_tables(people, missing, notices, seeds, timeline),
        **housing_tables(people, known, indicators, seeds, timeline),
    }
    bar.advance(1, "records")
    return _World(people, rolls, need, plan, suspensions, tables, canaries)


def _write_marks(folder: Path, world: _World, spared: set[str], seeds: Seeds, timeline: Timeline, log: FaultLog, bar: Progress) -> int:
    """Marks of each year as Parquet, block after block; two schools as CSV. Returns the number of rows."""
    folder.mkdir(parents=True)
    people, rolls = world.people, world.rolls
    schools = rolls.schools
    pupil_ids, school_ids = people.children["pupil_id"].to_numpy(), schools["school_id"].to_numpy()
    traits = pd.DataFrame({"ethnicity": people.families["ethnicity"].to_numpy()[people.children["family"].to_numpy()]})
    as_text = _text_schools(rolls)
    kept: dict[int, list[Marks]] = {school: [] for school in as_text}
    blocks = -(-len(people) // BLOCK)
    total = 0
    last_years = set(range(len(timeline.years) - 2, len(timeline.years)))
    for index, year in enumerate(timeline.years):
        if not len(year.days):
            continue
        name = f"marks_{year.label.replace('/', '_')}.parquet"
        shared = plan_year(year, index, schools, seeds.rng(f"year {year.label}"))
        rows_of, spells_of, events_of = (
            _by_block(frame[frame["year"] == index], blocks) for frame in (world.plan.rows, rolls.spells, world.suspensions)
        )
        with pq.ParquetWriter(folder / name, MARK_SCHEMA, compression="zstd") as writer:
            for block in range(blocks):
                rng = seeds.rng(f"marks {year.label}", block)
                if len(rows_of[block]):
                    marks = make_marks(
                        rows_of[block],
                        spells_of[block],
                        events_of[block],
                        traits,
                        world.plan,
                        shared,
                        world.need,
                        timeline.extracted,
                        rng,
                    )
                    own = np.isin(marks.school, as_text)
                    for school in as_text:
                        kept[school].append(marks.take(marks.school == school))
                    marks = marks.take(~own)
                    if block == 0 and index in last_years:
                        fault_rng = seeds.rng("mark faults", index)
                        marks = spoil_number_marks(marks, year.first_year, f"attendance/{name}", world.canaries, len(people), fault_rng, log)
                    writer.write_table(marks_to_arrow(marks, pupil_ids, school_ids))
                    total += len(marks)
                bar.advance(1, f"marks of {year.label}")
    for number, school in enumerate(as_text):
        parts = kept[school]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.plus(part)
        file = f"marks_{school_ids[school].lower()}.csv"
        text = marks_to_text(whole, pupil_ids, school_ids)
        text = spoil_text_marks(text, f"attendance/{file}", spared, len(people), TEXT_SCHOOLS, seeds.rng("text mark faults", number), log)
        write_table(folder, file, text)
        total += len(text)
    return total


def _by_block(frame: pd.DataFrame, blocks: int) -> list[pd.DataFrame]:
    """A frame cut into the fixed blocks of children."""
    frame = frame.sort_values("child", kind="stable")
    edges = np.searchsorted(frame["child"].to_numpy(), np.arange(blocks + 1) * BLOCK)
    return [frame.iloc[a:b] for a, b in pairwise(edges)]


def _text_schools(rolls: Rolls) -> list[int]:
    """The smallest primary and the smallest secondary school by roll."""
    sizes = np.bincount(rolls.spells["school"], minlength=len(rolls.schools)).astype(float)
    sizes[sizes == 0] = np.inf
    phase = rolls.schools["phase"].to_numpy()
    return [int(np.argmin(np.where(phase == name, sizes, np.inf))) for name in ("Primary", "Secondary")]
