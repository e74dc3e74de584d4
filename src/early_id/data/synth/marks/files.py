"""Write all marks: a Parquet file a school year and month, filled block after block, and a CSV file for each school that sends text.

Blocks are made in worker processes or in this one; they are written here, in their own order, so the files are the same
whatever the number of processes and of blocks in flight.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from early_id.core.display import Progress
from early_id.core.errors import SettingsError
from early_id.data.synth.faults import FaultLog, count_timing, spoil_text_marks
from early_id.data.synth.files.writers import mark_writer, marks_to_text, write_table
from early_id.data.synth.marks.blocks import Block, BlockMarks, Shared, cut, fill, order_of_marks, share
from early_id.data.synth.marks.make import Marks
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.world import World

#: Blocks that wait or are being made, for each worker process.
IN_FLIGHT = 2

_shared: Shared | None = None


def _receive(shared: Shared) -> None:
    """Start of a worker: keep what all blocks have in common."""
    global _shared
    _shared = shared


def _fill(block: Block) -> BlockMarks:
    if _shared is None:
        raise RuntimeError("a worker was started without its inputs")
    return fill(block, _shared)


def blocks_of(world: World) -> int:
    """Blocks of children in all marked years."""
    return -(-len(world.people) // BLOCK) * sum(1 for year in world.timeline.years if len(year.days))


def write_marks(folder: Path, world: World, spared: set[str], seeds: Seeds, log: FaultLog, bar: Progress) -> int:
    """Write the marks below ``folder`` (the extracts); returns the number of rows."""
    shared = share(world, seeds)
    log.add("silent_month", "attendance", "SchoolID Date", len(shared.silent))
    texts: dict[int, list[tuple[int, Marks]]] = {school: [] for school in shared.text_schools}
    total = 0
    with ExitStack() as pool_scope:
        pool = None
        if world.plan.processes > 1:
            # Spawned everywhere, not forked: the same on every system, and threads of libraries are not copied half alive.
            context = multiprocessing.get_context("spawn")
            workers = min(world.plan.processes, blocks_of(world))
            pool = pool_scope.enter_context(ProcessPoolExecutor(workers, mp_context=context, initializer=_receive, initargs=(shared,)))
        for index in shared.years:
            label = world.timeline.years[index].label
            with ExitStack() as files:
                writers: dict[str, pq.ParquetWriter] = {}
                for number, made in enumerate(_made(cut(world, index), shared, pool, world.plan.processes)):
                    for name, table in made.months:
                        if name not in writers:
                            writers[name] = files.enter_context(mark_writer(folder / name))
                        writers[name].write_table(table)
                        log.note_size(name, table.num_rows)
                    for school, marks in made.texts.items():
                        texts[school].append((number, marks))
                    log.extend(made.faults)
                    total += len(made)
                    bar.advance(1, f"marks of {label}")
    pupil_ids = world.people.children["pupil_id"].to_numpy()
    for number, (school, parts) in enumerate(texts.items()):
        total += _write_text(folder, number, school, parts, world, pupil_ids, spared, seeds, log)
    return total


def _made(blocks: Iterator[Block], shared: Shared, pool: ProcessPoolExecutor | None, processes: int) -> Iterator[BlockMarks]:
    """The blocks' marks in the order of the blocks, with a bounded number under way."""
    if pool is None:
        for block in blocks:
            yield fill(block, shared)
        return
    waiting: deque[Future[BlockMarks]] = deque(pool.submit(_fill, block) for block in islice(blocks, IN_FLIGHT * processes))
    while waiting:
        try:
            made = waiting.popleft().result()
        except BrokenProcessPool:
            raise SettingsError(
                "A process that makes marks was stopped from outside, most likely for want of memory.",
                where="--processes",
                what_next="Give --processes 1, or run it on a machine with more memory; in a script, call make_council under if __name__ == '__main__'.",
            ) from None
        waiting.extend(pool.submit(_fill, block) for block in islice(blocks, 1))
        yield made


def _write_text(
    folder: Path,
    number: int,
    school: int,
    parts: list[tuple[int, Marks]],
    world: World,
    pupil_ids: npt.NDArray[np.object_],
    spared: set[str],
    seeds: Seeds,
    log: FaultLog,
) -> int:
    """One school's own export of its marks."""
    school_ids = world.rolls.schools["school_id"].to_numpy()
    file = f"attendance/marks_{school_ids[school].lower()}.csv"
    order = order_of_marks(world)
    moved = [marks.about(order[block * BLOCK :]) for block, marks in parts]
    whole = moved[0].plus(*moved[1:])
    count_timing(whole, file, log)
    text = marks_to_text(whole, pupil_ids, school_ids)
    text = spoil_text_marks(text, file, spared, world.plan, 2, seeds.rng("text mark faults", number), log)
    log.note_size(file, len(text))
    write_table(folder, file, text)
    return len(text)
