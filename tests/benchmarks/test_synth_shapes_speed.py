"""How long each further shape takes, and its room on the disk. ``make bench`` prints the figures; nothing here is an assertion about time."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from early_id.core.display import progress
from early_id.data.synth import make_council
from early_id.data.synth.files.returns import add_return_columns
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.declare import SHAPES
from early_id.data.synth.shapes.extra import draw_extra
from early_id.data.synth.shapes.records import whole_records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.write import WRITERS, Source
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import clean_tables, draw_world

CHILDREN, SEED = 2_000, 1


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the marks of a council without faults."""
    return make_council(CHILDREN, SEED, tmp_path_factory.mktemp("shapes") / "council", mess="none").folder / "extracts" / "attendance"


@pytest.fixture(scope="module")
def source(marks: Path) -> Source:
    """Records and marks of that council."""
    plan, seeds = council_plan(CHILDREN, SEED, mess="none"), Seeds(SEED)
    timeline = make_timeline(plan.start)
    with progress("records") as bar:
        world = draw_world(plan, seeds, timeline, bar)
    records = whole_records(add_return_columns(clean_tables(world, seeds), seeds, timeline), world.people, timeline)
    return Source(records, draw_extra(records, seeds), Registers(marks))


@pytest.mark.parametrize("shape", SHAPES)
def test_write_a_shape(benchmark: Any, shape: str, source: Source, marks: Path, tmp_path: Path) -> None:
    folder = tmp_path / shape

    def fresh() -> tuple[tuple[Path, Source], dict[str, Any]]:
        """An empty folder, and marks that nobody has read."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return (folder, replace(source, registers=Registers(marks))), {}

    benchmark.pedantic(WRITERS[shape], setup=fresh, rounds=3)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    benchmark.extra_info.update(bytes_a_child=round(size / CHILDREN), room=SHAPES[shape].room)
    assert size
