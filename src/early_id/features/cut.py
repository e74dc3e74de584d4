"""The cut in time, in one function, for features, cohort, groups, eligibility and outcomes alike.

``happened < moment AND known_from < moment AND (known_to IS NULL OR known_to >= moment)``: a row that happened, became known or was corrected
on or after the moment is not there. Facts that come later (an end date, a reason for leaving) are empty until their own date has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from early_id.core.types import Usage
from early_id.features.compile import compile_condition
from early_id.schema.codes import code_list
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis


def known_at(rows: ibis.Table, moment: Any, table: Table) -> ibis.Table:
    """The rows of ``table`` as they were known at ``moment``.

    Parameters
    ----------
    rows : ibis.Table
        Stored rows with ``happened_on``, ``known_from``, ``known_to``.
    moment : date or ibis date expression
        A date, or a date column of ``rows`` where each row has its own.
    table : Table
        The table's declaration.
    """
    import ibis

    when = ibis.literal(moment, type="date") if not isinstance(moment, ibis.Expr) else moment
    seen = rows.filter(rows.happened_on < when, rows.known_from < when, rows.known_to.isnull() | (rows.known_to >= when))
    later: dict[str, Any] = {}
    for name, dependents in table.later.items():
        # Read from the unchanged rows, so that dependents are judged by the date as it was written.
        passed = seen[name].notnull() & (seen[name].cast("date") < when)
        undated = seen[name].isnull()
        later[name] = passed.ifelse(seen[name], None)
        later |= {dependent: (passed | undated).ifelse(seen[dependent], None) for dependent in dependents}
    return seen.mutate(**later) if later else seen


#: Which line of which file a row came from: the trail of evidence, which reads rows from the engine. No frame of the past holds it.
_LINE = ("file", "row", "row_hash")


def without_lines(rows: ibis.Table) -> ibis.Table:
    """The rows without file and line that they came from, which take a fifth of the memory and tell nothing about anybody."""
    return rows.drop(*(name for name in _LINE if name in rows.columns))


def with_stand_ins(rows: ibis.Table, table: Table) -> ibis.Table:
    """The rows as features may read them: those that the table shows, and no code that may not be used is left in them.

    A code with a stand-in is replaced by it (R and T are read as present). One without is read as empty, and where the row cannot do without
    the code, the row is not there: neither a count of rows nor a negation can tell that it was.
    """
    if table.shown is not None:
        rows = rows.filter(compile_condition(table.shown, rows))
    changed: dict[str, Any] = {}
    for column in table.columns:
        if not column.codes:
            continue
        codes = code_list(column.codes)
        stand_ins: dict[str, str | None] = {**codes.stand_ins()}
        hidden = sorted(code.code for code in codes.codes if code.usage is not Usage.FEATURE and code.code not in stand_ins)
        if hidden and column.required and column.usage is Usage.FEATURE:
            rows = rows.filter(~rows[column.name].isin(hidden).fill_null(False))
        elif hidden:
            stand_ins |= dict.fromkeys(hidden)
        if stand_ins:
            changed[column.name] = rows[column.name].cases(*stand_ins.items(), else_=rows[column.name])
    return rows.mutate(**changed) if changed else rows
