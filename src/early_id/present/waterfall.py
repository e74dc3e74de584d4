"""A sum drawn step by step: where it starts, what each part adds or takes away, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from early_id.present.charts import BLUE, BROWN, INK, LINE, QUIET, Row, drawing, finish, row_height
from early_id.present.svg import as_inline_svg


def waterfall(
    start: float,
    steps: Sequence[Row],
    *,
    title: str,
    desc: str,
    start_label: str,
    end_label: str,
    marks: Sequence[tuple[float, str]] = (),
    axis: str = "",
) -> Markup:
    """Bars from where the last one ended.

    Parameters
    ----------
    start : float
    steps : sequence of mappings
        ``label`` and ``value``; what is added points right, what is taken away points left and is hatched.
    start_label, end_label : str
        Words for the first and the last bar.
    marks : sequence of (value, label)
        Upright lines to compare the end with.
    axis : str
        What is counted.
    """
    total = start + sum(float(step["value"]) for step in steps)
    rows = [{"label": start_label}, *steps, {"label": end_label}]
    with drawing(len(rows), row_height=row_height(rows), extra=0.35) as (figure, axes):
        at, ends = 0.0, [0.0, start, total]
        for y, row in enumerate(rows):
            first, last = y == 0, y == len(rows) - 1
            value = start if first else total if last else float(row["value"])
            begin = 0.0 if first or last else at
            end = value if first or last else at + value
            less = value < 0
            look = {"color": INK} if first or last else {"color": BROWN, "hatch": "///", "fill": False} if less else {"color": BLUE}
            axes.barh(y, end - begin, left=begin, height=0.6, **look)
            if not last:
                axes.plot([end, end], [y + 0.3, y + 0.7], color=LINE, linewidth=1)
            side = 5 if end >= begin else -5
            axes.annotate(
                f"{value:+.1f}".replace("-", "−"), (end, y), (side, 0), textcoords="offset points", va="center", ha="left" if side > 0 else "right"
            )
            at = end
            ends.append(end)
        low, high = min(ends), max(ends)
        room = (high - low or 1.0) * 0.14
        axes.set_xlim(low - room, high + room)
        for value, label in marks:
            if low - room < value < high + room:
                axes.axvline(value, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
                axes.annotate(
                    label, (value, 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center", va="bottom", color=QUIET
                )
        axes.axvline(0, color=LINE, linewidth=1, zorder=0)
        finish(axes, rows, "number")
        axes.set_xlabel(axis, color=QUIET)
        return as_inline_svg(figure, title=title, desc=desc)
