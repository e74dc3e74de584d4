"""Signs: what several features read in common, so that it is looked at once, and over slices of time beside its own window.

``suspensions_count_90d``, ``suspensions_count_365d`` and ``days_since_suspension_ever`` are one sign, *rows of suspensions that meet this
condition*. A sign over a slice of time is a feature like any other, declared with another window and built by the same engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.declare import Feature, Measure, Window
from early_id.schema.conditions import columns_of
from early_id.schema.tables import Table

#: Measures that come down to how many rows meet a condition.
_OF_ROWS = (
    "count", "any_", "days", "weeks", "total", "largest", "different", "days_since_last", "days_since_first", "mean_gap", "latest", "current",
    "days_in_current", "days_in_stay",
)  # fmt: skip
#: Measures that read no rows of a window.
_OF_PEOPLE = ("relatives",)


@dataclass(frozen=True)
class Sign:
    """One condition on the rows of one table, and the features that read it.

    Parameters
    ----------
    feature : Feature
        A feature that counts the sign; its window is replaced by slices.
    features : tuple of str
        Names of the features of the catalogue behind it.
    columns : tuple of str
        ``table.column`` of what it reads; the column that dates the rows comes first.
    """

    feature: Feature
    features: tuple[str, ...]
    columns: tuple[str, ...]

    def over(self, window: Window, name: str) -> Feature:
        """The sign over another window."""
        return replace(self.feature, name=name, window=window)


def signs_of(features: Iterable[Feature], tables: Iterable[Table]) -> tuple[Sign, ...]:
    """The signs behind ``features``, in the order in which they first come."""
    known = {table.name: table for table in tables}
    found: dict[tuple[str, Unit, bool, Missing, Measure], list[Feature]] = {}
    for feature in (f for f in features if f.measure.kind not in _OF_PEOPLE):
        core = _core(feature.measure)
        found.setdefault((feature.source, feature.unit, feature.sharing is SharingClass.SCHOOL, feature.missing, core), []).append(feature)
    return tuple(
        Sign(replace(group[0], measure=key[-1]), tuple(f.name for f in group), _columns(key[-1], known[key[0]])) for key, group in found.items()
    )


def _core(measure: Measure) -> Measure:
    if measure.kind in ("change", "against_peers") and measure.inner is not None:
        return _core(measure.inner)
    if measure.kind == "longest_run":
        return Measure("share", of=measure.of, among=measure.among, at_least=measure.at_least)
    if measure.kind in _OF_ROWS:
        return Measure("count", of=measure.of, among=measure.among)
    return measure


def _columns(measure: Measure, table: Table) -> tuple[str, ...]:
    read = {*columns_of(measure.of), *columns_of(measure.among)} - {table.happened}
    if not read and measure.kind == "custom":
        read = set(table.column_names) - {table.happened}
    return tuple(f"{table.name}.{name}" for name in (table.happened, *sorted(read)))
