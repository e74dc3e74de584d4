"""One chart: what each way of making a list finds, against the gap it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from early_id.present.charts import BLUE, INK, PALE, drawing
from early_id.present.svg import as_inline_svg


def trade_off(points: Sequence[Mapping[str, Any]], *, title: str, desc: str, x_label: str, y_label: str) -> Markup:
    """A numbered dot an option, with the interval of its change in the gap; the numbers are those of the table after the picture.

    Parameters
    ----------
    points : sequence of mappings
        ``number``, ``x``; ``y``, ``low`` and ``high`` as fractions, drawn as percentage points. The first is the list as it is.
    """
    from matplotlib.ticker import MaxNLocator

    with drawing(11) as (figure, axes):
        for n, point in enumerate(points):
            axes.plot([point["x"]] * 2, [100 * point["low"], 100 * point["high"]], color=INK, linewidth=1.0)
            filled = n == 0
            axes.plot(point["x"], 100 * point["y"], "o", markersize=8, color=BLUE, markerfacecolor=BLUE if filled else "white", markeredgewidth=1.5)
            axes.annotate(str(point["number"]), (point["x"], 100 * point["y"]), (7, 4 if n % 2 else -10), textcoords="offset points", fontsize=9)
        axes.axhline(0, color=INK, linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # families
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.margins(x=0.06, y=0.1)
        axes.grid(color=PALE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        return as_inline_svg(figure, title=title, desc=desc)
