"""Custom measures: functions of a council's own, over rows that the cut in time has let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.errors import DeclarationError
from early_id.core.types import Missing, Usage
from early_id.features.declare import Feature
from early_id.features.scope import Scope

if TYPE_CHECKING:
    import ibis


def custom_values(scope: Scope, feature: Feature) -> tuple[np.ndarray, np.ndarray]:
    """Run a custom measure over rows that are already cut in time and inside the feature's window.

    Only columns that may be used in a feature are there, in a council's own tables too, since nobody can read off a function what it reads.
    """
    import ibis

    assert feature.measure.compute is not None
    backend, past, children = scope.past.store.backend, scope.past, scope.children
    subjects = backend.create_table("_custom_subjects", scope.subjects.drop(columns="link"), temp=True, overwrite=True)
    start, end = scope.window(feature.window)
    dates = scope.dates(())
    cut: dict[str, ibis.Table] = {}
    for name in dict.fromkeys((feature.source, *feature.measure.tables)):
        table = past.store.tables[name]
        rows = scope.settled(table, dates)
        rows = rows.filter(rows.happened_on >= ibis.literal(start, type="date"), rows.happened_on < ibis.literal(end, type="date"))
        if table.has_person:
            rows = rows.join(subjects, ["source", "source_person_id"])
            if scope.own_school_only and "school_id" in table:
                rows = rows.filter(rows.school_id == rows.own_school)
        usable = {"rid", "happened_on", *(column.name for column in table.columns if column.usage is Usage.FEATURE)}
        cut[name] = rows.select(*(column for column in rows.columns if column in usable))
    frame = children[["rid", "child_id"]].assign(as_of=pd.Timestamp(past.as_of))
    cohort = backend.create_table("_custom_cohort", frame, temp=True, overwrite=True)
    answer = _computed(feature, cut, cohort).set_index("rid").reindex(children["rid"])
    value = answer["value"].to_numpy(dtype="float64", na_value=np.nan)
    if feature.missing is Missing.ZERO_IF_COVERED and scope.table.covered_by != "rows":
        value = np.where(np.isnan(value) & scope.coverage.of(feature.measure, start, end), 0.0, value)
    return value, np.full(len(children), np.nan)


def _computed(feature: Feature, rows: dict[str, ibis.Table], cohort: ibis.Table) -> pd.DataFrame:
    """The answer of a custom measure; where it cannot be had, what the function may read. The engine's own words could hold values of rows."""
    assert feature.measure.compute is not None
    try:
        answer: pd.DataFrame = feature.measure.compute(rows, cohort).execute()
        return answer[["rid", "value"]]
    except Exception as error:
        given = "; ".join(f"{name}: {', '.join(table.columns)}" for name, table in rows.items())
        raise DeclarationError(
            f"The custom measure of the feature '{feature.name}' could not be computed ({type(error).__name__}).",
            where=f"feature '{feature.name}'",
            what_next=f"Return an engine table with the columns rid and value. The columns that it may read: {given}. Columns marked otherwise "
            f"than 'feature' are not given.",
        ) from None
