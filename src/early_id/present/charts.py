"""Charts as SVG with real text, a title and a description.

Drawn by matplotlib on a bare ``Figure`` (no pyplot, no window, nothing kept between calls) and the same to the byte
for the same values. Text stays text, so it can be searched, enlarged and read aloud; shapes and hatching differ as
well as colours. A chart never stands alone: :func:`early_id.present.page.chart_html` puts its table after it.

Shares are given as fractions (0.34) and drawn as per cents. A row whose ``value`` is None or NaN is drawn as a note.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from early_id.present.svg import as_inline_svg
from early_id.present.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, BROWN, INK, QUIET, LINE, PALE = "#1d4e89", "#b35900", "#1b1b1b", "#4a4a4a", "#b5bac0", "#dbe5f0"
_WIDTH = 8.2  # inches; the page shows it at most 58rem wide
_ROW = 0.32
_LABEL_CHARS = 34
_PITCH = 11.0  # points from line to line of a label
_DASHES = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
_MARKERS = ("o", "s", "^", "D")

#: Unit -> (factor for drawing, how a value reads).
_UNITS = {
    "percent": (100.0, "{:.0f}%"),
    "points": (100.0, "{:+.0f}"),
    "count": (1.0, "{:,.0f}"),
    "ratio": (1.0, "{:.2f}"),
    "number": (1.0, "{:.2f}"),
}
_AXIS = {"percent": "per cent", "count": "", "ratio": "", "points": "percentage points", "number": ""}

Row = Mapping[str, Any]


def bars(rows: Sequence[Row], *, title: str, desc: str, unit: str = "count") -> Markup:
    """One bar a row, longest words to the left, value at the end.

    Parameters
    ----------
    rows : sequence of mappings
        ``label``, ``value`` and, where known, ``low`` and ``high`` (a whisker), ``note`` (in place of a missing value).
    title, desc : str
        Read aloud in place of the picture; ``desc`` says what is to be seen.
    unit : {"count", "percent", "ratio", "points"}
    """
    with drawing(len(rows), row_height=row_height(rows)) as (figure, axes):
        factor = _UNITS[unit][0]
        right = max((_number(row.get("high")) or _number(row["value"]) or 0 for row in rows), default=0) * factor
        axes.set_xlim(0, right * 1.18 or 1)
        for y, row in enumerate(rows):
            value = _number(row["value"])
            if value is None:
                _note(axes, y, row)
                continue
            axes.barh(y, value * factor, height=0.6, color=BLUE)
            end = max(value, _whisker(axes, y, row, factor) or value)
            axes.annotate(_text(value, unit), (end * factor, y), (5, 0), textcoords="offset points", va="center")
        finish(axes, rows, unit)
        return as_inline_svg(figure, title=title, desc=desc)


def paired_bars(rows: Sequence[Row], *, names: tuple[str, str], title: str, desc: str, unit: str = "percent") -> Markup:
    """Two bars a row to be compared, such as the rate on the list beside the rate of need.

    Parameters
    ----------
    rows : sequence of mappings
        ``label``, ``first``, ``second`` and, where one is missing, ``note``.
    names : pair of str
        What the first and the second bar show; the second is hatched, so that colour is not needed.
    """
    with drawing(len(rows), row_height=max(0.42, row_height(rows)), extra=0.4) as (figure, axes):
        factor = _UNITS[unit][0]
        values = [_number(row[key]) or 0 for row in rows for key in ("first", "second")]
        axes.set_xlim(0, max(values, default=0) * factor * 1.18 or 1)
        looks: tuple[dict[str, Any], dict[str, Any]] = (
            {"color": BLUE},
            {"facecolor": "#f6dcc3", "edgecolor": BROWN, "hatch": "////", "linewidth": 0.8},
        )
        for y, row in enumerate(rows):
            for offset, key, look, name in zip((-0.19, 0.19), ("first", "second"), looks, names, strict=True):
                value = _number(row[key])
                if value is None:
                    _note(axes, y + offset, row)
                    continue
                axes.barh(y + offset, value * factor, height=0.34, label=name if y == 0 else None, **look)
                axes.annotate(_text(value, unit), (value * factor, y + offset), (5, 0), textcoords="offset points", va="center")
        finish(axes, rows, unit)
        _key(figure, axes, names, looks)
        return as_inline_svg(figure, title=title, desc=desc)


def forest(rows: Sequence[Row], *, title: str, desc: str, unit: str = "percent", zero_line: bool = False) -> Markup:
    """A dot with its interval a row; the usual way to show a rate or a gap with its uncertainty.

    Parameters
    ----------
    rows : sequence of mappings
        ``label``, ``value``, ``low``, ``high``; ``strong`` (True draws the dot filled, False hollow; filled where absent);
        ``note`` in place of a missing value.
    unit : {"percent", "points", "ratio", "number", "count"}
    zero_line : bool
        Draw a line at no difference (at 1 for ratios).
    """
    with drawing(len(rows), row_height=row_height(rows)) as (figure, axes):
        factor = _UNITS[unit][0]
        neutral = 1.0 if unit == "ratio" else 0.0
        ends = [n * factor for row in rows for key in ("low", "value", "high") if (n := _number(row.get(key))) is not None]
        ends += [neutral * factor] if zero_line or unit == "percent" else []
        low, high = min(ends, default=0), max(ends, default=1)
        room = (high - low or 1) * 0.06
        axes.set_xlim(low - (room if zero_line else 0), high + room * 3.2)
        if zero_line:
            axes.axvline(neutral * factor, color=INK, linewidth=1)
        for y, row in enumerate(rows):
            value = _number(row["value"])
            if value is None:
                _note(axes, y, row)
                continue
            end = max(value, _whisker(axes, y, row, factor) or value)
            filled = row.get("strong", True)
            axes.plot(
                value * factor,
                y,
                "o",
                markersize=7,
                color=BLUE,
                markerfacecolor=BLUE if filled else "white",
                markeredgewidth=1.5,
            )
            axes.annotate(_text(value, unit), (end * factor, y), (7, 0), textcoords="offset points", va="center")
        finish(axes, rows, unit)
        axes.grid(axis="x", color=PALE, linewidth=0.8)
        return as_inline_svg(figure, title=title, desc=desc)


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    title: str,
    desc: str,
    x_label: str,
    y_label: str,
    unit: str = "count",
) -> Markup:
    """One line a series, named at its end, told apart by dashes and markers as well as colour.

    Parameters
    ----------
    series : mapping
        Name -> (x, y) points in order of x.
    """
    with drawing(9) as (figure, axes):
        factor = _UNITS[unit][0]
        for n, (name, points) in enumerate(series.items()):
            colour = (BLUE, BROWN, INK, QUIET)[n % 4]
            xs, ys = [x for x, _ in points], [y * factor for _, y in points]
            axes.plot(xs, ys, color=colour, linestyle=_DASHES[n % 4], marker=_MARKERS[n % 4], markersize=4, linewidth=1.8)
            if points:
                axes.annotate(name, (xs[-1], ys[-1]), (7, 0), textcoords="offset points", va="center", color=colour)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.02)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=PALE, linewidth=0.8)
        return as_inline_svg(figure, title=title, desc=desc)


def people_strip(found: int, of: int = 10, *, title: str, desc: str) -> Markup:
    """A row of people, ``found`` of them filled: "of every 10 families listed, about 3".

    Parameters
    ----------
    found, of : int
        Whole numbers of people; for shares, round before you call, so that picture and sentence agree.
    """
    from matplotlib.patches import Circle, FancyBboxPatch

    if not 0 <= found <= of <= 20:
        raise ValueError("a strip shows at most 20 people, and no more found than shown")
    with drawing(2, row_height=0.2, width=_WIDTH / 2) as (figure, axes):
        for n in range(of):
            look: dict[str, Any] = {"edgecolor": BLUE, "linewidth": 1.4, "facecolor": BLUE if n < found else "white"}
            axes.add_patch(Circle((n + 0.5, 1.28), 0.17, **look))
            axes.add_patch(FancyBboxPatch((n + 0.33, 0.2), 0.34, 0.62, boxstyle="round,pad=0.04,rounding_size=0.16", **look))
        axes.set_xlim(0, max(of, 10))
        axes.set_ylim(0, 1.6)
        axes.set_aspect("equal", anchor="W")
        axes.set_axis_off()
        return as_inline_svg(figure, title=title, desc=desc)


def row_height(rows: Sequence[Row]) -> float:
    """Inches a row, so that the longest label does not run into its neighbours."""
    most = max((len(wrap(str(row["label"]), _LABEL_CHARS)) for row in rows), default=1)
    return max(_ROW, most * _PITCH / 72 + 0.04)


@contextmanager
def drawing(rows: int, *, row_height: float = _ROW, extra: float = 0.0, width: float = _WIDTH) -> Iterator[tuple[Figure, Axes]]:
    """A bare figure of the right height, with settings that end with the block."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "early_id",
        "font.family": "DejaVu Sans",  # ships with matplotlib: the layout is the same on every machine
        "font.size": 10,
        "text.color": INK,
        "text.parse_math": False,  # a "$" in a name is a dollar
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "hatch.color": BROWN,
        "hatch.linewidth": 0.8,
    }
    with rc_context(settings):
        figure = Figure(figsize=(width, 0.75 + extra + row_height * max(rows, 1)), layout="constrained")
        yield figure, figure.add_subplot()


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _text(value: float, unit: str) -> str:
    """How a value reads at its dot: as in the tables."""
    if unit in ("percent", "points"):
        text = percent(value, signed=unit == "points", fine=True)
        return text.rstrip("%") if unit == "points" else text
    return _UNITS[unit][1].format(value).replace("-", "−")


def _whisker(axes: Axes, y: float, row: Row, factor: float) -> float | None:
    """Draw the interval where there is one; its upper end is given back."""
    low, high = _number(row.get("low")), _number(row.get("high"))
    if low is None or high is None:
        return None
    axes.plot([low * factor, high * factor], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")
    for end in (low, high):
        axes.plot([end * factor] * 2, [y - 0.14, y + 0.14], color=INK, linewidth=1.6, solid_capstyle="butt")
    return high


def _note(axes: Axes, y: float, row: Row) -> None:
    axes.annotate(
        row.get("note") or "cannot be estimated",
        (0.01, y),
        xycoords=("axes fraction", "data"),
        va="center",
        color=QUIET,
        style="italic",
    )


def finish(axes: Axes, rows: Sequence[Row], unit: str) -> None:
    """First row on top, words to the left, a quiet frame."""
    axes.set_yticks([])
    for y, row in enumerate(rows):
        # Line by line, each anchored at its end: the reader's font is narrower than the one measured with.
        words = wrap(str(row["label"]), _LABEL_CHARS) or [""]
        for n, line in enumerate(words):
            up = (len(words) - 1 - 2 * n) * _PITCH / 2
            axes.annotate(line, (0, y), (-6, up), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", va="center")
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.set_axisbelow(True)
    if unit == "count":
        axes.xaxis.set_major_formatter("{x:,.0f}")
    if _AXIS[unit]:
        axes.set_xlabel(_AXIS[unit], color=QUIET)


def _key(figure: Figure, axes: Axes, names: tuple[str, str], looks: Sequence[Mapping[str, Any]]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(label=name, **look) for name, look in zip(names, looks, strict=True)]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False)
