"""The leak test finds the leak that was planted, names its column, and names nothing in honest councils.

The limits were fixed on seeds 101 to 105 (README of ``features.leaks``); the others were used for nothing before. In the normal run one council of each
kind and the signs of three tables; with ``EARLY_ID_RUN_FACTOR=10`` (``make nightly``) a few councils and all signs; with 100 all councils, those of the
calibration too, which takes an hour or more. What is found is printed (``-s``). Marks are left out of the stores: they are nine in ten of all rows, and
the planted leak is in contacts.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from early_id.config.load import load_config
from early_id.core.errors import LeakError
from early_id.data.synth import make_council
from early_id.features.catalogue import Catalogue
from early_id.features.leaks import gain
from early_id.features.leaks.check import check_features
from early_id.features.leaks.result import LeakCheck
from early_id.workflow.steps import Bench, open_bench

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
#: Tables whose signs are looked at in the normal run; then all but marks.
TABLES = None if FACTOR > 1 else ("contacts", "notifications", "suspensions")
#: Share of offers and referrals with a contact typed in afterwards → seeds. The scenario's usual size is 0.7.
LEAKY = (
    {0.7: range(201, 207), 0.5: range(201, 204), 0.3: range(201, 204), 0.15: range(201, 204)}
    if FACTOR >= 100
    else {0.7: [201], 0.5: [202], 0.3: [203]}
    if FACTOR > 1
    else {0.7: [201]}
)
#: Seed and children of honest councils.
HONEST = (
    [*((seed, 2_000) for seed in range(201, 213)), (213, 5_000), (214, 5_000)]
    if FACTOR >= 100
    else [(202, 2_000), (213, 5_000)]
    if FACTOR > 1
    else [(202, 2_000)]
)
#: What the limits were fixed on: share typed in afterwards, seed. Printed, never judged.
CALIBRATION = [(0.0, 101), (0.0, 102), (0.0, 103), (0.0, 104), (0.0, 105), (0.7, 101), (0.7, 102), (0.3, 103)] if FACTOR >= 100 else []


def council(folder: Path, seed: int, children: int, scenarios: list[str]) -> tuple[Bench, Catalogue]:
    """A council taken in without its marks, and the features that are looked at."""
    made = make_council(children, seed, folder / f"{seed}-{children}-{'-'.join(scenarios)}", scenarios=scenarios)
    text = Path(made.config).read_text(encoding="utf-8")
    Path(made.config).write_text("".join(line for line in text.splitlines(True) if "council_marks" not in line), encoding="utf-8")
    bench = open_bench(load_config(made.config))
    bench.store.ingest(cfg=bench.cfg)
    names = [f.name for f in bench.in_force.catalogue if f.source != "attendance" and (TABLES is None or f.source in TABLES)]
    return bench, bench.in_force.catalogue.only(names)


def checked(bench: Bench, features: Catalogue) -> LeakCheck:
    """The whole test, as ``early-id features check`` runs it."""
    return check_features(bench.store, bench.people, features, as_of=bench.dates(), settings=bench.cfg, programme=bench.in_force.programme)


@pytest.mark.parametrize("size", LEAKY, ids=str)
def test_the_planted_leak_is_found_and_its_column_named(size: float, tmp_path: Path) -> None:
    found = []
    for seed in LEAKY[size]:
        check = checked(*council(tmp_path, seed, 2_000, [f"leak={size}"]))
        contacts = check.signs[check.signs["columns"].str.startswith("contacts.")]
        named = {leak.column for leak in check.leaks}
        print(f"\nleak {size}, seed {seed}: {sorted(named)}; contacts z {contacts['z'].max():.1f}, limit {gain.limit(len(check.signs)):.1f}")
        assert named <= {"contacts.contact_on"}, "nothing else is named"
        assert all(leak.kind == "too good" and "contacts_count_90d" in {n for one in check.leaks for n in one.features} for leak in check.leaks)
        if check.found:
            with pytest.raises(LeakError, match=r"contacts\.contact_on"):
                check.refuse()
        found.append(check.found)
    print(f"leak {size}: found in {sum(found)} of {len(found)}")
    # At smaller sizes some may be missed; the README says how many were. At the usual size none may be.
    assert all(found) or size < 0.7


@pytest.mark.parametrize(("seed", "children"), HONEST)
def test_nothing_is_named_in_an_honest_council(seed: int, children: int, tmp_path: Path) -> None:
    check = checked(*council(tmp_path, seed, children, []))
    signs = check.signs
    print(f"\nhonest, seed {seed}, {children} children: {check.leaks}; largest z {signs['z'].max():.1f}, limit {gain.limit(len(signs)):.1f}")
    assert not check.found
    check.refuse()
    assert len(signs) > (30 if FACTOR > 1 else 10)


@pytest.mark.parametrize(("size", "seed"), CALIBRATION)
def test_show_the_councils_that_the_limits_were_fixed_on(size: float, seed: int, tmp_path: Path) -> None:
    signs = checked(*council(tmp_path, seed, 2_000, [f"leak={size}"] if size else [])).signs
    contacts = signs[signs["columns"].str.startswith("contacts.")]
    print(
        f"\ncalibration, leak {size}, seed {seed}: largest z {signs['z'].max():.1f}, of contacts {contacts['z'].max():.1f}, limit {gain.limit(len(signs)):.1f}"
    )
