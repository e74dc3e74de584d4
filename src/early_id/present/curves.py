"""Two pictures for boards: families found against places, and schools as a funnel. SVG as in :mod:`early_id.present.charts`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from early_id.present.charts import BLUE, BROWN, INK, LINE, PALE, QUIET, drawing
from early_id.present.svg import as_inline_svg

#: Line, width and shade of each kind of way to choose; the model put forward stands out by width as well as colour.
_LOOKS: dict[str, dict[str, Any]] = {
    "put forward": {"color": BLUE, "linewidth": 3.0, "linestyle": "solid"},
    "model": {"color": BLUE, "linewidth": 1.4, "linestyle": (0, (5, 2))},
    "rule": {"color": BROWN, "linewidth": 1.4, "linestyle": "solid"},
    "comparison": {"color": QUIET, "linewidth": 1.2, "linestyle": (0, (1, 1.5))},
}
#: Least distance of two names at the ends of lines, as a share of the height.
_APART = 0.058


def found_curve(
    lines: Sequence[Mapping[str, Any]], *, places: float, everybody: float, families: float, title: str, desc: str, with_need: str = "families found"
) -> Markup:
    """Families found against places, a line a way of choosing, the list's capacity marked.

    Parameters
    ----------
    lines : sequence of mappings
        ``label``, ``look`` (one of the keys of the table above) and ``points``: (places, found) in order of places.
    places : float
        The list's capacity.
    everybody : float
        Families with need, over everybody: choosing by lot finds this many if there are as many places as families.
    families : float
        All families.
    """
    with drawing(13) as (figure, axes):
        right = max((x for line in lines for x, _ in line["points"]), default=1.0)
        top = max((y for line in lines for _, y in line["points"]), default=1.0) or 1.0
        chance = min(everybody * right / families, everybody) if families else 0.0
        drawn = [*({**line, **_LOOKS[line["look"]]} for line in lines)]
        if families:
            drawn.append({"label": "by lot", "points": [(0.0, 0.0), (right, chance)], "color": LINE, "linewidth": 1.2, "linestyle": "solid"})
        axes.axvline(places, color=INK, linewidth=1.2)
        axes.annotate(f"{places:,.0f} places: this list", (places, top * 1.07), (4, 0), textcoords="offset points", va="center")
        for line in drawn:
            xs, ys = zip(*line["points"], strict=True)
            axes.plot(xs, ys, color=line["color"], linewidth=line["linewidth"], linestyle=line["linestyle"])
        ends = spread([line["points"][-1][1] for line in drawn], _APART * top * 1.12)
        for line, at in zip(drawn, ends, strict=True):
            colour = INK if line["color"] == LINE else line["color"]
            weight = "bold" if line.get("look") == "put forward" else "normal"
            y = line["points"][-1][1]
            axes.plot([right, right * 1.025], [y, at], color=LINE, linewidth=0.8, clip_on=False)
            axes.annotate(line["label"], (right * 1.03, at), va="center", color=colour, fontweight=weight, annotation_clip=False)
        axes.set_xlim(0, right * 1.48)
        axes.set_ylim(0, top * 1.12)
        axes.set_xticks([tick for tick in axes.get_xticks() if tick <= right])
        axes.set_xlabel("places on the list", x=0.34)
        axes.set_ylabel(with_need)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=PALE, linewidth=0.8)
        axes.set_axisbelow(True)
        return as_inline_svg(figure, title=title, desc=desc)


def spread(values: Sequence[float], apart: float) -> list[float]:
    """The values moved as little as needs be, upwards from the lowest, to stand at least ``apart``."""
    order, placed = np.argsort(values, kind="stable"), list(map(float, values))
    for before, after in itertools.pairwise(order):
        placed[after] = max(placed[after], placed[before] + apart)
    return placed


def funnel(points: Sequence[Mapping[str, Any]], *, share: float, limits: Callable[[np.ndarray], Any], title: str, desc: str) -> Markup:
    """Schools as points without names: families listed across, share with the outcome up, between exact binomial limits.

    Parameters
    ----------
    points : sequence of mappings
        ``listed``, ``share``, ``outside_95``.
    limits : callable
        Sizes → a frame with low_95, high_95, low_998, high_998.
    """
    with drawing(9) as (figure, axes):
        largest = max((int(point["listed"]) for point in points), default=1)
        sizes = np.arange(1, int(largest * 1.1) + 2)
        bounds = limits(sizes)
        axes.axhline(100 * share, color=INK, linewidth=1.2)
        for name, style in (("95", (0, (5, 2))), ("998", "solid")):
            for side in ("low", "high"):
                axes.plot(sizes, 100 * np.asarray(bounds[f"{side}_{name}"]), color=QUIET, linewidth=1.0, linestyle=style, drawstyle="steps-mid")
        for point in points:
            look: dict[str, Any] = {"marker": "D", "color": BROWN} if point["outside_95"] else {"marker": "o", "color": BLUE}
            axes.plot(point["listed"], 100 * point["share"], linestyle="none", markersize=6, **look)
        axes.set_xlim(0, sizes[-1])
        axes.set_ylim(-3, 103)
        axes.set_xlabel("families listed at the school, over all dates")
        axes.set_ylabel("of them with the outcome, per cent")
        axes.spines[["top", "right"]].set_visible(False)
        return as_inline_svg(figure, title=title, desc=desc)
