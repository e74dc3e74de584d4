"""The published tables that the council is calibrated to, in the form the generator draws from.

Source: Department for Education, Open Government Licence v3 (see ``tables/README.md``).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

#: Upper edges of the absence bands of the table, in percent of possible sessions.
BAND_EDGES = np.array([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 100], dtype=float) / 100
PHASES = ("Primary", "Secondary", "Special")
_TABLE_PHASE = {"Primary": "State-funded primary", "Secondary": "State-funded secondary", "Special": "Special"}
#: Overall and persistent absence of 2024/25 by phase, percent (DfE daily attendance; ``national_rates.csv``).
OVERALL = {"Primary": 5.25, "Secondary": 8.59, "Special": 12.88}
PERSISTENT = {"Primary": 13.50, "Secondary": 24.32, "Special": 35.80}


@cache
def read_table(name: str) -> pd.DataFrame:
    """One of the shipped tables, as published."""
    with resources.files("early_id.data.synth").joinpath("tables").joinpath(name).open("r", encoding="utf-8") as handle:
        return pd.read_csv(handle)


def cell_number(
    phase: npt.NDArray[Any], fsm: npt.NDArray[Any], sen: npt.NDArray[Any], male: npt.NDArray[Any], nc: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Number of the cell of :func:`absence_bands` for each pupil; years outside 1 to 11 use the nearest year."""
    year = np.clip(nc, 1, 11).astype(np.int64) - 1
    sen = np.where(phase == PHASES.index("Special"), 1, sen)  # a special school without SEN is a fault of the census
    place = phase.astype(np.int64)
    for part in (fsm, sen, male):
        place = place * 2 + part.astype(np.int64)
    return np.asarray(place * 11 + year, dtype=np.int64)


@cache
def absence_bands() -> tuple[Array, Array]:
    """Cumulative band shares of each cell (cells × 12), and the cells' enrolments."""
    table = read_table("absence_bands_2022_23.csv")
    table = table[(table[["fsm_eligible", "sen_status", "sex"]] != "Unclassified").all(axis=1)]
    phase = table["phase"].map({name: i for i, name in enumerate(_TABLE_PHASE[p] for p in PHASES)}).to_numpy(dtype=float)
    fsm = (table["fsm_eligible"] == "Eligible").to_numpy(dtype=float)
    sen = table["sen_status"].str.startswith("Any").to_numpy(dtype=float)
    usable = ~((phase == PHASES.index("Special")) & (sen == 0))
    cells = cell_number(phase, fsm, sen, (table["sex"] == "Male").to_numpy(dtype=float), table["nc_year"].to_numpy(dtype=float))
    bands = table.filter(regex="^band_").to_numpy(dtype=float)
    counts = np.zeros((len(PHASES) * 88, bands.shape[1]))
    np.add.at(counts, cells[usable], bands[usable])
    totals = counts.sum(axis=1)
    # Cells the table does not hold (a secondary school has no year 1) take their phase's whole distribution.
    for number in range(len(PHASES)):
        rows = slice(number * 88, (number + 1) * 88)
        whole = counts[rows].sum(axis=0)
        counts[rows] = np.where(totals[rows, None] > 0, counts[rows], whole)
    cumulative = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)], axis=1)
    return cumulative, totals


def draw_absence(cells: npt.NDArray[np.int64], ranks: Array) -> Array:
    """Yearly absence shares of 2022/23 at given ranks (0 to 1) within the pupils' cells, uniform within a band."""
    cumulative, _ = absence_bands()
    rows = cumulative[cells]
    band = np.minimum((rows[:, 1:] < ranks[:, None]).sum(axis=1), rows.shape[1] - 2)
    line = np.arange(len(cells))
    low, high = rows[line, band], rows[line, band + 1]
    part = np.clip((ranks - low) / np.maximum(high - low, 1e-12), 0, 1)
    top = band == rows.shape[1] - 2
    part = np.where(top, part**1.6, part)  # few of those above 50 % are near 100 %
    return np.asarray(BAND_EDGES[band] + part * (BAND_EDGES[band + 1] - BAND_EDGES[band]), dtype=np.float64)


def rescaling(phase: int, pupils: Array) -> tuple[float, float]:
    """``(edge, power)`` that take the 2022/23 shares of a phase to the overall and persistent absence of 2024/25.

    Pupils keep their order. The share at ``edge`` becomes 10 %, so that persistent absence is met; heavier absence is scaled in
    proportion; lighter absence is bent by ``power`` until the overall share is met too. ``pupils`` are the council's own
    numbers by cell: free meals and SEN have grown since 2022/23, and the level of 2024/25 already holds that growth.
    """
    name = PHASES[phase]
    totals = np.asarray(pupils, dtype=float)
    cells = np.flatnonzero(totals[phase * 88 : (phase + 1) * 88]) + phase * 88
    if not len(cells):
        return 0.1, 1.0
    ranks = (np.arange(200) + 0.5) / 200
    shares = np.concatenate([draw_absence(np.full(200, cell), ranks) for cell in cells])
    weights = np.repeat(totals[cells], 200)
    order = np.argsort(shares)
    edge = float(np.interp(1 - PERSISTENT[name] / 100, np.cumsum(weights[order]) / weights.sum(), shares[order]))
    low, high = 0.3, 3.0
    for _ in range(40):
        power = (low + high) / 2
        mean = float(np.average(bend(shares, edge, power), weights=weights))
        low, high = (power, high) if mean > OVERALL[name] / 100 else (low, power)
    return edge, power


def bend(shares: Array, edge: float, power: float) -> Array:
    """Shares of 2022/23 as shares of 2024/25 (see :func:`rescaling`)."""
    relative = shares / edge
    return np.minimum(0.1 * np.where(relative < 1, relative**power, relative), 1.0)


@cache
def code_shares(phase: int) -> dict[str, float]:
    """Percent of possible sessions by code in a phase, 2024/25."""
    table = read_table("attendance_code_mix.csv")
    rows = table[(table["year"] == "2024/25") & (table["phase"] == PHASES[phase])]
    return dict(zip(rows["code"], rows["percent_of_possible_sessions"].astype(float), strict=True))


def suspension_ratio(characteristic: str, names: dict[str, str]) -> dict[str, float]:
    """Suspension rate of each group over the national rate, 2015/16 (all state-funded schools)."""
    table = read_table("suspension_rates_2015_16.csv")
    rows = table[(table["school_type"] == "Total") & (table["characteristic"] == characteristic)]
    rates = dict(zip(zip(rows["value"], rows["sub_value"], strict=True), rows["suspension_rate"], strict=True))
    national = 4.29
    found = {}
    for key, value in names.items():
        group, _, sub = value.partition("|")
        found[key] = float(rates[(group, sub or "Total")]) / national
    return found


@cache
def suspension_days() -> tuple[npt.NDArray[np.int64], Array]:
    """Days per suspension and their cumulative shares, 2015/16, up to 45."""
    table = read_table("suspension_distributions_2015_16.csv")
    rows = table[(table["distribution"] == "days_per_suspension") & (table["school_type"] == "Total")]
    days = pd.to_numeric(rows["value"], errors="coerce")
    counts = pd.to_numeric(rows["count"], errors="coerce").fillna(2.0)
    keep = days.notna()
    shares = counts[keep].to_numpy(dtype=float)
    return days[keep].to_numpy(dtype=np.int64), np.cumsum(shares) / shares.sum()
