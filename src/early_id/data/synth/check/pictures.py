"""Pictures of a made-up council beside the published shape: absence by week of the year, enrolments by absence band."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.data.synth.check.tally import Tally, count_council
from early_id.data.synth.rates import PHASES, absence_bands, absence_level, draw_absence, published, rescaling, short_bands

Array = npt.NDArray[np.float64]

#: Colours that stay apart in print and for colour-blind readers (Okabe and Ito, 2008).
PUBLISHED, BENT, MADE_UP, PALE = "#595959", "#56b4e9", "#d55e00", "#bfbfbf"
#: Edges and names of the bands shown, in percent.
EDGES = (0, 5, 10, 15, 20, 30, 50, 100)
#: Share of enrolments too short to be in the census, 2022/23.
SHORT = 0.009
NAMES = ("absence_by_week.png", "enrolments_by_absence_band.png")


def draw_pictures(children: int, seed: int, to: Path) -> tuple[Path, ...]:
    """Draw both pictures of a council that is made for the purpose.

    Parameters
    ----------
    children, seed : int
        As for :func:`early_id.data.synth.check.judge.check_council`.
    to : Path
        Folder of the PNG files; made if need be. Files of these names are replaced.

    Returns
    -------
    tuple of Path

    Raises
    ------
    SettingsError
        ``to`` is a file.
    """
    to = Path(to)
    if to.exists() and not to.is_dir():
        raise SettingsError("The pictures need a folder, and this is a file.", where=str(to), what_next="Name another folder.")
    to.mkdir(parents=True, exist_ok=True)
    tally = count_council(children, seed)
    paths = tuple(to / name for name in NAMES)
    for path, figure in zip(paths, (week_picture(tally), band_picture(tally)), strict=True):
        figure.savefig(path, dpi=120, metadata={"Software": None})
    return paths


def weekly_absence(tally: Tally, phase: str | None = None) -> Array:
    """Overall absence in each school week, percent; pupils of years 1 to 11."""
    rows = tally.enrolments["counted"].to_numpy()
    if phase is not None:
        rows = rows & (tally.enrolments["phase"] == phase).to_numpy()
    return np.asarray(100 * tally.week_absent[rows].sum(axis=0) / np.maximum(tally.week_possible[rows].sum(axis=0), 1), dtype=np.float64)


def made_bands(tally: Tally, phase: str) -> Array:
    """Percent of enrolments in each band of ``EDGES``."""
    rows = tally.enrolments[tally.enrolments["counted"] & (tally.enrolments["phase"] == phase)]
    return _shares(rows["absence"].to_numpy(), np.ones(len(rows)))


def published_bands(phase: str) -> tuple[Array, Array]:
    """Percent of enrolments in each band of ``EDGES`` as published for 2022/23, and bent to the level of 2024/25."""
    number = PHASES.index(phase)
    bands = absence_bands()
    cells = np.flatnonzero(bands.enrolments[number * 88 : (number + 1) * 88]) + number * 88
    ranks = (np.arange(1000) + 0.5) / 1000
    shares = np.concatenate([draw_absence(np.full(1000, cell), ranks) for cell in cells])
    weights = np.repeat(bands.enrolments[cells], 1000)
    brief = draw_absence(np.full(1000, number), ranks, short_bands())
    bent = rescaling(number, bands.enrolments, SHORT)(shares)
    return tuple((1 - SHORT) * _shares(these, weights) + SHORT * _shares(brief, np.ones(1000)) for these in (shares, bent))  # type: ignore[return-value]


def _shares(absence: Array, weights: Array) -> Array:
    counts, _ = np.histogram(absence, bins=[*(edge / 100 for edge in EDGES[:-1]), 1.0001], weights=weights)
    return np.asarray(100 * counts / counts.sum(), dtype=np.float64)


def week_points(tally: Tally) -> dict[str, tuple[list[int], float]]:
    """The published weeks of 2024/25: name → numbers of the weeks in ``tally.weeks``, and absence in percent."""
    autumn, spring = (np.flatnonzero(tally.terms[term]) for term in ("autumn", "spring"))
    half_term = next(term.half_term for term in tally.world.timeline.calendar.terms if term.first.isoformat() >= tally.weeks[0])
    before = [number for number in autumn if tally.weeks[number] < half_term.isoformat()]
    places = {
        "first weeks of autumn": list(autumn[:2]),
        "week before autumn half term": before[-1:],
        "last week of autumn term": list(autumn[-1:]),
        "last week of spring term (Eid)": list(spring[-1:]),
    }
    return {name: (weeks, published("overall_absence_rate", "all pupils", f"2024/25 {name}")) for name, weeks in places.items()}


def week_picture(tally: Tally) -> Any:
    """Absence by week of the marked year, with the weeks that are published."""
    from matplotlib.dates import DateFormatter, MonthLocator

    figure, axes = _figure(1, 1)
    axis = axes[0]
    days = pd.to_datetime(list(tally.weeks)).to_numpy()
    lines = ((None, MADE_UP, 2.4, "made up, all pupils"), ("Secondary", PALE, 1.4, "made up, secondary"), ("Primary", PALE, 1.4, "made up, primary"))
    top = 13.2
    for phase, colour, width, label in lines:
        values = weekly_absence(tally, phase)
        top = max(top, float(values.max()) + 0.6)
        dashes = ":" if phase == "Primary" else "-"
        for number, part in enumerate(_runs(days)):
            axis.plot(
                days[part], values[part], dashes, color=colour, lw=width, marker="o", ms=width + 1, label=label if number == 0 else None, zorder=3
            )
    for number, (name, (weeks, value)) in enumerate(week_points(tally).items()):
        axis.plot(
            days[weeks],
            [value] * len(weeks),
            ls="none",
            marker="D",
            ms=11,
            mfc="white",
            mec=PUBLISHED,
            mew=2,
            label="" if number else "published, 2024/25",
            zorder=4,
        )
        axis.annotate(
            f"{name}: {value:.1f}",
            (days[weeks[0]], value),
            # Above everything, by turns, so that no label hides a line.
            xytext=(days[weeks[0]], top + 0.7 * (1 - number % 2)),
            ha="left" if number == 0 else "center",
            fontsize=9,
            color=PUBLISHED,
            arrowprops={"arrowstyle": "-", "color": PUBLISHED, "lw": 0.6, "shrinkB": 7, "relpos": (0.0 if number == 0 else 0.5, 0.0)},
        )
    whole = published("overall_absence_rate", "all pupils", "2024/25")
    axis.axhline(whole, color=PUBLISHED, lw=1, ls="--", zorder=1)
    # Outside, because lines run above and below it all year.
    axis.text(1.005, whole, f"published,\nwhole year:\n{whole:.2f}", transform=axis.get_yaxis_transform(), va="center", fontsize=9, color=PUBLISHED)
    axis.xaxis.set_major_locator(MonthLocator())
    axis.xaxis.set_major_formatter(DateFormatter("%b"))
    axis.set_ylim(0, top + 1.3)
    axis.set_ylabel("overall absence, % of possible sessions")
    axis.set_title(f"Absence by week, made up ({_size(tally)}) and published (DfE daily attendance, 2024/25)", loc="left", fontsize=11)
    axis.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def band_picture(tally: Tally) -> Any:
    """Enrolments by absence band in each phase: published 2022/23, the same bent to 2024/25, made up."""
    figure, axes = _figure(1, len(PHASES))
    place = np.arange(len(EDGES) - 1)
    for axis, phase in zip(axes, PHASES, strict=True):
        first, bent = published_bands(phase)
        made = made_bands(tally, phase)
        bars = ((first, PALE, "published, 2022/23"), (bent, BENT, "2022/23 bent to 2024/25"), (made, MADE_UP, "made up"))
        for offset, (values, colour, label) in zip((-0.28, 0.0, 0.28), bars, strict=True):
            drawn = axis.bar(place + offset, np.maximum(values, 0.1), 0.27, color=colour, label=label, zorder=2)
            numbers = [f"{value:.0f}" if value >= 9.5 else f"{value:.1f}" for value in values]
            axis.bar_label(drawn, numbers, fontsize=6, padding=2, rotation=90)  # upright, they would touch
        axis.set_yscale("log")
        axis.set_ylim(0.2, 120)
        axis.set_yticks([0.5, 1, 2, 5, 10, 20, 50, 100], ["0.5", "1", "2", "5", "10", "20", "50", "100"])
        axis.minorticks_off()
        axis.set_xticks(
            place,
            [f"{a} to {b}" if b < 100 else f"{a} and over" for a, b in pairwise(EDGES)],
            rotation=35,
            ha="right",
            fontsize=8,
        )
        _, persistent, severe = absence_level(phase)
        over = f"10 % and over: {persistent:.1f} published 2024/25, {made[2:].sum():.1f} made up\n50 % and over: {severe:.1f} carried forward, {made[-1]:.1f} made up"
        axis.set_title(f"{phase}\n{over}", loc="left", fontsize=8.5)
        axis.set_xlabel("sessions missed in the year, %", fontsize=9)
    axes[0].set_ylabel("% of enrolments (logarithmic)")
    axes[0].legend(loc="upper right", frameon=False, fontsize=8)
    figure.suptitle(f"Enrolments by absence band, made up ({_size(tally)}) and published (DfE school census)", x=0.01, ha="left", fontsize=11)
    return figure


def _figure(rows: int, columns: int) -> tuple[Any, list[Any]]:
    """A figure without the state of a plotting window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, number + 1) for number in range(rows * columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e6e6e6", zorder=0)
    return figure, axes


def _runs(days: npt.NDArray[np.datetime64]) -> list[slice]:
    """Runs of weeks without a holiday between them."""
    cuts = [0, *(np.flatnonzero(np.diff(days) > np.timedelta64(7, "D")) + 1), len(days)]
    return [slice(a, b) for a, b in pairwise(cuts)]


def _size(tally: Tally) -> str:
    plan = tally.world.plan
    return f"{plan.children:,} children, seed {plan.seed}"
