"""The leak test finds the leak that was planted, names its column, and names nothing in honest councils.

The limits were fixed on seeds 101 to 105 (README of ``features.leaks``); the seeds here were used for nothing before. In the normal run one council of
each kind and the signs of three tables; with ``EARLY_ID_RUN_FACTOR`` (``make nightly``) all councils and signs, and the rates are printed. Marks are left out of
the stores: they are nine in ten of all rows, and the planted leak is in contacts.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from early_id.config.load import load_config
from early_id.core.calendar import usual_calendar
from early_id.data.synth import make_council
from early_id.features.leaks import gain
from early_id.features.leaks.check import measure_signs
from early_id.features.leaks.signs import signs_of
from early_id.workflow.steps import open_bench

MANY = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1")) > 1
#: Share of offers and referrals with a contact typed in afterwards → seeds. The scenario's usual size is 0.7.
TABLES = None if MANY else ("contacts", "notifications", "suspensions")
LEAKY = {0.7: range(201, 207), 0.5: range(201, 204), 0.3: range(201, 204)} if MANY else {0.7: [201]}
HONEST = [(seed, 2_000) for seed in range(201, 213)] + [(213, 5_000)] if MANY else [(202, 2_000)]


def named(folder: Path, seed: int, children: int, scenarios: list[str]) -> tuple[set[str], pd.DataFrame]:
    """Columns named in a council, and what was measured."""
    made = make_council(children, seed, folder / f"{seed}-{children}-{'-'.join(scenarios)}", scenarios=scenarios)
    text = Path(made.config).read_text(encoding="utf-8")
    Path(made.config).write_text("".join(line for line in text.splitlines(True) if "council_marks" not in line), encoding="utf-8")
    bench = open_bench(load_config(made.config))
    bench.store.ingest(cfg=bench.cfg)
    features = [f for f in bench.in_force.catalogue if f.source != "attendance" and (TABLES is None or f.source in TABLES)]
    signs = signs_of(features, bench.store.tables)
    measured = measure_signs(
        bench.store, bench.people, signs, bench.dates(), cfg=bench.cfg, programme=bench.in_force.programme, calendar=usual_calendar()
    )
    return {leak.column for leak in gain.too_good(signs, measured, {})}, measured


@pytest.mark.parametrize("size", LEAKY, ids=str)
def test_the_planted_leak_is_found_and_its_column_named(size: float, tmp_path: Path) -> None:
    found = []
    for seed in LEAKY[size]:
        columns, measured = named(tmp_path, seed, 2_000, [f"leak={size}"])
        contacts = measured[measured["columns"].str.startswith("contacts.")]
        print(f"\nleak {size}, seed {seed}: {sorted(columns)}; contacts z {contacts['z'].max():.1f}, limit {gain.limit(len(measured)):.1f}")
        assert columns <= {"contacts.contact_on"}, "nothing else is named"
        found.append("contacts.contact_on" in columns)
    print(f"leak {size}: found in {sum(found)} of {len(found)}")
    # At smaller sizes some may be missed; the README says how many were. At the usual size none may be.
    assert all(found) or size < 0.7


@pytest.mark.parametrize(("seed", "children"), HONEST)
def test_nothing_is_named_in_an_honest_council(seed: int, children: int, tmp_path: Path) -> None:
    columns, measured = named(tmp_path, seed, children, [])
    print(
        f"\nhonest, seed {seed}, {children} children: {sorted(columns)}; largest z {measured['z'].max():.1f}, limit {gain.limit(len(measured)):.1f}"
    )
    assert not columns
    assert len(measured) > (30 if MANY else 10)
