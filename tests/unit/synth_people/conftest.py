"""One world, and what the agencies hold of it with every kind of mess, with the careful ones, and with none."""

from __future__ import annotations

import pytest
from synth_people_made import CAREFUL, KINDS, SEED, Made, draw, known

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.world import World, clean_tables


@pytest.fixture(scope="session")
def world() -> World:
    return draw(sorted(KINDS))


@pytest.fixture(scope="session")
def tables(world: World) -> Tables:
    return clean_tables(world, Seeds(SEED))


@pytest.fixture(scope="session")
def made(world: World, tables: Tables) -> Made:
    return known(world, tables, KINDS)


@pytest.fixture(scope="session")
def careful(world: World, tables: Tables) -> Made:
    return known(world, tables, CAREFUL)


@pytest.fixture(scope="session")
def plain() -> Made:
    world = draw(())
    return known(world, clean_tables(world, Seeds(SEED)), ())
