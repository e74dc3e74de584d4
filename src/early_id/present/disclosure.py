"""Small counts: what a published table may show.

The rule is the one that English official statistics on children use (DfE, statistical disclosure control): counts
of 1 to 5 appear as ``c``, other counts are rounded to the nearest 5, rates are worked out from the rounded counts,
and where one hidden cell could be found by taking the others from a total, a second cell is hidden too.
"""

from __future__ import annotations

from collections.abc import Sequence

#: What stands in place of a hidden count.
HIDDEN = "c"
SMALLEST_SHOWN = 6
ROUND_TO = 5

#: The note that goes under every published table.
NOTE = "c: a count of 1 to 5, or one that would give such a count away. Other counts are rounded to the nearest 5."

Shown = int | str


def is_small(count: int) -> bool:
    """Whether a count is between 1 and 5."""
    return 0 < count < SMALLEST_SHOWN


def round_count(count: int) -> Shown:
    """``c`` for 1 to 5, else the nearest 5 (0 stays 0)."""
    if count < 0:
        raise ValueError("a count cannot be below 0")
    return HIDDEN if is_small(count) else ROUND_TO * ((count + ROUND_TO // 2) // ROUND_TO)


def round_rate(part: int, whole: int) -> float | None:
    """``part / whole`` from the rounded counts; None where a small count stands behind it.

    The rest (``whole - part``) counts too: a rate of 97 in 100 tells as much about the three as about the ninety-seven.
    """
    shown_part, shown_whole = round_count(part), round_count(whole)
    if isinstance(shown_part, str) or isinstance(shown_whole, str) or is_small(whole - part) or shown_whole == 0:
        return None
    return min(shown_part / shown_whole, 1.0)


def hidden_cells(counts: Sequence[Sequence[int]]) -> list[list[bool]]:
    """Which cells of a table with totals are hidden.

    Parameters
    ----------
    counts : sequence of sequences of int
        The inner cells, without totals.

    Returns
    -------
    list of list of bool
        One row and one column longer than ``counts``: totals are cells too and may be hidden. No row or column
        holds exactly one hidden cell.
    """
    full = with_totals(counts)
    hide = [[is_small(cell) for cell in row] for row in full]
    lines = [[(i, j) for j in range(len(full[0]))] for i in range(len(full))]
    lines += [[(i, j) for i in range(len(full))] for j in range(len(full[0]))]
    changed = True
    while changed:
        changed = False
        for line in lines:
            hidden = [place for place in line if hide[place[0]][place[1]]]
            if len(hidden) != 1:
                continue
            # The smallest count that is left tells least when it goes; a nought only where there is nothing else.
            shown = [place for place in line if place not in hidden]
            i, j = min(shown, key=lambda place: (full[place[0]][place[1]] == 0, full[place[0]][place[1]], place))
            hide[i][j] = changed = True
    return hide


def with_totals(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    """``counts`` with a total at the end of each row and column."""
    if not counts or not counts[0]:
        raise ValueError("a table needs at least one row and one column")
    rows = [[*row, sum(row)] for row in counts]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def publish_table(counts: Sequence[Sequence[int]]) -> list[list[Shown]]:
    """A table of counts with totals, as it may be published: rounded, with ``c`` where hidden."""
    hide = hidden_cells(counts)
    return [
        [HIDDEN if hidden else round_count(cell) for cell, hidden in zip(row, hidden_row, strict=True)]
        for row, hidden_row in zip(with_totals(counts), hide, strict=True)
    ]


def publish_list(counts: Sequence[int]) -> list[Shown]:
    """A single column of counts whose total may be known elsewhere: never exactly one of them is hidden."""
    hide = [is_small(count) for count in counts]
    if sum(hide) == 1 and len(counts) > 1:
        rest = [i for i in range(len(counts)) if not hide[i]]
        hide[min(rest, key=lambda i: (counts[i] == 0, counts[i], i))] = True
    return [HIDDEN if hidden else round_count(count) for count, hidden in zip(counts, hide, strict=True)]
