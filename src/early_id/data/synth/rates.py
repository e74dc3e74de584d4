"""The published tables that the council is calibrated to, in the form the generator draws from.

Source: Department for Education, Open Government Licence v3 (see ``tables/README.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

Array = npt.NDArray[np.float64]

#: Upper edges of the absence bands of the table, in percent of possible sessions.
BAND_EDGES = np.array([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 100], dtype=float) / 100
PHASES = ("Primary", "Secondary", "Special")
_TABLE_PHASE = {"Primary": "State-funded primary", "Secondary": "State-funded secondary", "Special": "Special"}
#: Bands 10-15 up to 45-50: where the bend of :func:`rescaling` is a straight line.
PERSISTENT_FROM, SEVERE_FROM = 0.1, 0.5
#: The year whose level the council has.
LEVEL_YEAR = "2024/25"
#: Share of pupils with a plan and with SEN support, for weighting medians of local authorities that are given by SEN (SEN in England 2024/25).
SEN_WEIGHTS = {"EHC plan": 0.053, "SEN support": 0.142, "no SEN": 0.805}


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


@dataclass(frozen=True)
class Bands:
    """The absence distribution of each cell, 2022/23."""

    cumulative: Array  #: cell × 12: cumulative shares of enrolments at ``BAND_EDGES``
    tilt: Array  #: cell × 11: density at the lower edge of a band over its mean density
    enrolments: Array  #: cell


@cache
def absence_bands() -> Bands:
    """Absence bands by cell. Within a band the density falls in a straight line towards the next band's."""
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
    return _bands(counts, totals)


@cache
def short_bands() -> Bands:
    """Absence bands of enrolments without a census record (joined or left in the year), one row a phase."""
    table = read_table("absence_bands_2022_23.csv")
    table = table[(table[["fsm_eligible", "sen_status"]] == "Unclassified").any(axis=1)]
    counts = np.stack([table[table["phase"] == _TABLE_PHASE[name]].filter(regex="^band_").sum().to_numpy(dtype=float) for name in PHASES])
    return _bands(counts, counts.sum(axis=1))


def _bands(counts: Array, totals: Array) -> Bands:
    density = (counts + 0.5) / np.diff(BAND_EDGES)
    edges = np.sqrt(density[:, 1:] * density[:, :-1])
    tilt = np.ones_like(density)
    tilt[:, 1:-1] = np.clip(2 * edges[:, :-1] / (edges[:, :-1] + edges[:, 1:]), 0.05, 1.95)
    tilt[:, 0] = np.clip(2 - edges[:, 0] / density[:, 0], 0.05, 1.95)  # below 5 % the line is drawn on from the edge at 5 %
    shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    return Bands(np.concatenate([np.zeros((len(counts), 1)), shares], axis=1), tilt, totals)


def draw_absence(cells: npt.NDArray[np.int64], ranks: Array, bands: Bands | None = None) -> Array:
    """Yearly absence shares of 2022/23 at given ranks (0 to 1) within the pupils' cells."""
    bands = absence_bands() if bands is None else bands
    rows = bands.cumulative[cells]
    band = np.minimum((rows[:, 1:] < ranks[:, None]).sum(axis=1), rows.shape[1] - 2)
    line = np.arange(len(cells))
    low, high = rows[line, band], rows[line, band + 1]
    part = np.clip((ranks - low) / np.maximum(high - low, 1e-12), 0, 1)
    tilt = bands.tilt[cells, band]
    top = band == rows.shape[1] - 2
    # Nothing is published within the top band: the density is taken to fall with the square of the distance from 100 %.
    part = np.where(top, 1 - np.cbrt(1 - part), 2 * part / (tilt + np.sqrt(tilt**2 + 4 * (1 - tilt) * part)))
    return np.asarray(BAND_EDGES[band] + part * (BAND_EDGES[band + 1] - BAND_EDGES[band]), dtype=np.float64)


@cache
def ethnic_percent(codes: Sequence[str]) -> float:
    """Published percent of pupils in some ethnic groups, January 2025.

    Raises
    ------
    KeyError
        A group whose share is assumed, not published.
    """
    rows = read_table("ethnic_groups_2024_25.csv").set_index("code").loc[list(codes)]
    if not (rows["basis"] == "published").all():
        raise KeyError(f"no published share of {', '.join(rows.index[rows['basis'] != 'published'])}")
    return float(rows["percent"].sum())


def published(metric: str, group: str, year: str, phase: str = "all", note: str = "") -> float:
    """One figure of ``national_rates.csv``; ``note`` tells apart two sources of the same figure.

    Raises
    ------
    KeyError
        No row, or more than one, has these words.
    """
    table = read_table("national_rates.csv")
    rows = table[(table["metric"] == metric) & (table["group"] == group) & (table["year"] == year) & (table["phase"] == phase)]
    rows = rows[rows["note"].fillna("").str.contains(note, regex=False)]
    if len(rows) != 1:
        raise KeyError(f"{len(rows)} rows of national_rates.csv for {metric}, {group}, {year}, {phase}")
    return float(rows["value"].iloc[0])


@cache
def authorities(metric: str, phase: str, sen_group: str, year: str = LEVEL_YEAR) -> dict[str, float]:
    """Median, p10 and p90 over local authorities, whole academic year."""
    table = read_table("la_variation_by_sen.csv")
    rows = table[(table["metric"] == metric) & (table["phase"] == phase) & (table["sen_group"] == sen_group) & (table["year"] == year)]
    row = rows[rows["period"] == "Academic year"].iloc[0]
    return {name: float(row[name]) for name in ("median", "p10", "p90")}


@cache
def absence_level(phase: str) -> tuple[float, float, float]:
    """Overall, persistent and severe absence of a phase in 2024/25, percent.

    Overall and persistent absence are published for the year (DfE daily attendance). Severe absence by phase is published for 2022/23
    only; it is carried forward by the change of the local authorities' medians between the two years, each SEN group at its own pace:
    the figure of 2022/23 times (weighted medians of 2024/25) / (weighted medians of 2022/23).
    """
    name = phase.lower()
    overall, persistent = (published(f"{kind}_absence_rate", "all pupils", LEVEL_YEAR, name) for kind in ("overall", "persistent"))
    weights = {"EHC plan": 1.0} if phase == "Special" else SEN_WEIGHTS
    medians = [
        sum(w * authorities("enrolments_pa_50_exact_percent", _TABLE_PHASE[phase], sen, year)["median"] for sen, w in weights.items())
        for year in ("2022/23", LEVEL_YEAR)
    ]
    severe = published("severe_absence_rate", "all pupils", "2022/23", name) * medians[1] / medians[0]
    return overall, persistent, severe


@cache
def enrolment_weight(phase: int) -> float:
    """Mean absence over enrolments by the bands of 2022/23, over the published rate of that year, which weighs sessions (1.01 to 1.04).

    Heavy absentees are on roll for fewer sessions than the council gives them; without this factor the bend would make up for it by
    taking absence from pupils who have little.
    """
    bands = absence_bands()
    cells = np.flatnonzero(bands.enrolments[phase * 88 : (phase + 1) * 88]) + phase * 88
    ranks = (np.arange(400) + 0.5) / 400
    means = [float(draw_absence(np.full(400, cell), ranks).mean()) for cell in cells]
    name = PHASES[phase]
    weights = {"EHC plan": 1.0} if name == "Special" else SEN_WEIGHTS
    sessions = sum(w * authorities("sess_overall_percent", _TABLE_PHASE[name], sen, "2022/23")["median"] for sen, w in weights.items())
    return float(np.average(means, weights=bands.enrolments[cells]) / (sessions / 100 / sum(weights.values())))


@cache
def area_spread() -> float:
    """Standard deviation between areas of pupils' place in the absence distribution, in standard deviations of pupils.

    Of local authorities, p10 and p90 of persistent absence stand 2 x 1.2816 standard deviations apart on the probit scale if the
    areas' effects are normal: ``(probit(p90) - probit(p10)) / 2.563``, averaged over the three SEN groups (0.08 to 0.10 each).
    """
    widths = []
    for sen in SEN_WEIGHTS:
        row = authorities("enrolments_pa_10_exact_percent", "Total", sen)
        widths.append((ndtri(row["p90"] / 100) - ndtri(row["p10"] / 100)) / (2 * ndtri(0.9)))
    return float(np.mean(widths))


@cache
def suspension_area_spread() -> float:
    """Standard deviation between areas of the log of the suspension rate: ``log(p90 / p10) / 2.563``, mean of the SEN groups."""
    table = read_table("la_variation_by_sen.csv")
    rows = table[(table["metric"] == "susp_rate") & (table["year"] == LEVEL_YEAR) & (table["phase"] == "Total")]
    return float(np.mean(np.log(rows["p90"] / rows["p10"]) / (2 * ndtri(0.9))))


@dataclass(frozen=True)
class Bend:
    """A rising line from shares of 2022/23 to shares of 2024/25.

    The share at ``persistent`` becomes 10 %, the share at ``severe`` 50 %; between them and above it is straight, below it a power.
    """

    persistent: float = PERSISTENT_FROM
    severe: float = SEVERE_FROM
    power: float = 1.0

    def __call__(self, shares: Array) -> Array:
        """Bent shares, 0 to 1."""
        light = PERSISTENT_FROM * np.minimum(shares / self.persistent, 1.0) ** self.power
        heavy = np.interp(shares, [self.persistent, self.severe, 1.0], [PERSISTENT_FROM, SEVERE_FROM, 1.0])
        return np.asarray(np.where(shares < self.persistent, light, heavy), dtype=np.float64)


@cache
def plan_contrast(phase: str) -> tuple[float, float]:
    """How pupils with a plan stand to those with SEN support: shift and scale of their place, in standard deviations of pupils.

    On the probit scale the medians of persistent and severe absence of local authorities give two equations for the two numbers:
    ``(t - shift) / scale`` is the threshold of a group with a plan where ``t`` is that of SEN support.
    """
    table = _TABLE_PHASE[phase]
    thresholds = [
        [-float(ndtri(authorities(f"enrolments_pa_{percent}_exact_percent", table, sen)["median"] / 100)) for percent in (10, 50)]
        for sen in ("SEN support", "EHC plan")
    ]
    (support_10, support_50), (plan_10, plan_50) = thresholds
    scale = (support_50 - support_10) / (plan_50 - plan_10)
    return support_10 - scale * plan_10, scale


def rescaling(phase: int, pupils: Array, short: float = 0.0) -> Bend:
    """The bend that takes the 2022/23 shares of a phase to overall, persistent and severe absence of 2024/25 at once.

    Pupils keep their order. Two quantiles fix the two knots (persistent and severe absence), the power below them the overall rate.
    ``pupils`` are the council's own numbers by cell: free meals and SEN have grown since 2022/23, and the level of 2024/25
    already holds that growth. ``short`` is the share of enrolments that are short: their absence is not bent, so the others
    have to make up for them (they hardly weigh in the overall rate, which counts sessions).
    """
    overall, persistent, severe = (figure / 100 for figure in absence_level(PHASES[phase]))
    overall *= enrolment_weight(phase)
    among_short = short_bands().cumulative[phase]
    persistent, severe = (
        (figure - short * (1 - among_short[band])) / (1 - short) for figure, band in ((persistent, 2), (severe, len(BAND_EDGES) - 2))
    )
    totals = np.asarray(pupils, dtype=float)
    cells = np.flatnonzero(totals[phase * 88 : (phase + 1) * 88]) + phase * 88
    if not len(cells):
        return Bend()
    ranks = (np.arange(400) + 0.5) / 400
    shares = np.concatenate([draw_absence(np.full(400, cell), ranks) for cell in cells])
    weights = np.repeat(totals[cells], 400)
    order = np.argsort(shares)
    place = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    edges = np.interp([1 - persistent, 1 - severe], place, shares[order])
    low, high = 0.2, 4.0
    for _ in range(40):
        power = (low + high) / 2
        mean = float(np.average(Bend(float(edges[0]), float(edges[1]), power)(shares), weights=weights))
        low, high = (power, high) if mean > overall else (low, power)
    return Bend(float(edges[0]), float(edges[1]), power)


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
