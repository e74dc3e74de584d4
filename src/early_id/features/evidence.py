"""The very rows behind a number: as known on its date, through the same cut, window, conditions, school scope and settling as the engine used.

Nothing is defined a second time: rows come from the ``Scope`` that answers features, and what counts is marked by the compiled conditions that
values are counted from. Recomputing the value from these rows gives the value of the matrix (``tests/property/test_evidence_property.py``).

Rows are for analysts. ``EvidenceRows`` is a pandas frame that prints counts only, so that a notebook cell, a log or a traceback that happens to
show it shows nobody's records; ``frame()`` gives the plain one. Columns that may not be used in a feature (a refusal, an outcome known only later)
are not in it, and codes that may not be used are read as everywhere else: their stand-in, or not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.errors import SettingsError
from early_id.core.types import Usage
from early_id.features.build import numbered, scopes
from early_id.features.compile import flagged, marks_of
from early_id.features.cut import with_stand_ins
from early_id.features.declare import Feature, Measure, Window
from early_id.features.past import Past, TableSource
from early_id.features.peers import members_of_year
from early_id.features.scope import Scope, subjects_of
from early_id.features.values import parts_of
from early_id.linkage import People

if TYPE_CHECKING:
    import ibis

#: What a row's ``window`` says: the feature's own window, or the earlier one that ``change`` compares with.
NOW, BEFORE = "now", "before"
#: Columns of every evidence frame, before the table's own and after them.
FIRST, LAST = ("child_id", "window", "counts", "among", "happened_on"), ("known_from", "known_to", "source", "source_person_id", "file", "row")

#: What has to be known to read the rows of some measures.
NOTES = {
    "custom": "Rows as they were given to a function of the extension; it alone knows which it counts.",
    "against_peers": "The child's own rows. The value is their share minus the share of the year group at the school, the child among it.",
}


@dataclass(frozen=True, repr=False)
class Origin:
    """What a matrix was built from: enough to show the rows behind its numbers."""

    store: TableSource
    people: People
    settings: FeatureSettings
    calendar: SchoolCalendar
    cohort: pd.DataFrame  #: row key → child_id, family_id, school_id as the features were built with

    def __repr__(self) -> str:
        return f"Origin({len(self.cohort):,} rows)"


@dataclass(frozen=True)
class Further:
    """How many rows of others, or of another table, went into the number."""

    children: int
    rows: int
    counted: int


#: Name of the year group among :meth:`EvidenceRows.further`.
YEAR_GROUP = "year group"


@dataclass(frozen=True)
class About:
    """What evidence rows are evidence of. Holds counts and dates, no row."""

    feature: Feature
    as_of: date
    value: float
    windows: Mapping[str, tuple[date, date]]  #: ``now``, and for a change ``before``: half-open spans
    left_out: Mapping[str, int] = field(default_factory=dict)  #: why → how many stored rows of the child (or the relatives)
    note: str = ""
    further: Mapping[str, Further] = field(default_factory=dict)  #: the year group, or a table that a custom measure reads besides


class EvidenceRows(pd.DataFrame):  # type: ignore[misc]  # pandas has no types of its own here
    """Rows behind one number, as a pandas frame that prints counts only; ``frame()`` is the plain one, for analysts."""

    _metadata: ClassVar[list[str]] = ["about", "more"]
    about: About
    more: Mapping[str, pd.DataFrame]

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame  # what is cut out of it on purpose may be seen

    def frame(self) -> pd.DataFrame:
        """The rows themselves."""
        return pd.DataFrame(self)

    def further(self, name: str) -> pd.DataFrame:
        """The rows of others that went into the number: of the ``year group``, or of another table that a custom measure reads."""
        if name not in self.more:
            raise SettingsError.unknown_name("further rows", name, tuple(self.more) or ("none",))
        return self.more[name]

    def __repr__(self) -> str:
        about = self.about
        return (
            f"EvidenceRows({about.feature.name} on {about.as_of}: {len(self):,} rows, {int(self['counts'].sum()):,} of them count; "
            f"the rows themselves: .frame())"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"


def evidence_rows(origin: Origin, row: str, feature: Feature, value: float, *, left_out: bool = True) -> EvidenceRows:
    """The rows behind ``value``, the value of ``feature`` in the matrix row with the key ``row``; with ``left_out`` also how many others there are, and why.

    Returns
    -------
    EvidenceRows
        ``child_id`` (the relative's, where the feature counts the family), ``window`` (``now``, or ``before`` for the earlier window of a change),
        ``counts`` (is one of those counted), ``among`` (is one of those looked at), ``happened_on``, the table's usable columns, and where each row
        came from. A custom measure is a function, so nobody can say which of the rows given to it count: ``counts`` is true for all.
    """
    child = origin.cohort.loc[[row]]
    as_of = pd.Timestamp(child["as_of"].iloc[0]).date()
    past = Past(origin.store, origin.people, as_of)
    answering = [scope for scope, _ in scopes(past, numbered(child), (feature,), origin.calendar, origin.settings)]
    if not answering:
        return _told(pd.DataFrame(columns=[*FIRST, *LAST]), About(feature, as_of, value, {}, note=f"No table '{feature.source}' is held."))
    scope = answering[0]
    if feature.measure.kind == "relatives":
        return _told(_people(scope), About(feature, as_of, value, {}, note="The other children of the family, as households were known on the date."))
    windows = {name: scope.window(window) for name, _, window in _parts(feature)}
    found = pd.concat([_rows(scope, measure, name, windows[name]) for name, measure, _ in _parts(feature)], ignore_index=True)
    found = _in_order(found)
    others = _left_out(scope, windows, len(found)) if left_out else {}
    more = {name: _in_order(rows) for name, rows in _further(scope, feature).items()}
    counts = {name: Further(rows["child_id"].nunique(), len(rows), int(rows["counts"].sum())) for name, rows in more.items()}
    return _told(found, About(feature, as_of, value, windows, others, NOTES.get(feature.measure.kind, ""), counts), more)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    order = [name for name in ("window", "happened_on", "session", "source", "source_person_id") if name in rows]
    return rows.sort_values(order, ascending=[name != "window" for name in order], kind="stable", ignore_index=True)


def _further(scope: Scope, feature: Feature) -> dict[str, pd.DataFrame]:
    """Rows behind the number that are not of the child (or the relatives) in the feature's own table."""
    measure, window = feature.measure, scope.window(feature.window)
    if measure.kind == "against_peers" and measure.inner is not None:
        members = members_of_year(scope.past, scope.children)
        mates = replace(scope, persons=members, subjects=subjects_of(members, scope.past.links()))
        return {YEAR_GROUP: _rows(mates, measure.inner, NOW, window)}
    others = [name for name in dict.fromkeys(measure.tables) if name != scope.table.name and scope.past.store.has(name)]
    return {name: _rows(replace(scope, table=scope.past.store.tables[name]), measure, NOW, window) for name in others}


def _people(scope: Scope) -> pd.DataFrame:
    """The relatives who are counted, as rows without a date."""
    frame = pd.DataFrame({name: pd.Series(dtype="object") for name in (*FIRST, *LAST)})
    others = scope.persons["child_id"].drop_duplicates().sort_values()
    return pd.concat([frame, pd.DataFrame({"child_id": others, "window": NOW, "counts": True, "among": True})], ignore_index=True)


def _told(rows: pd.DataFrame, about: About, more: Mapping[str, pd.DataFrame] | None = None) -> EvidenceRows:
    result = EvidenceRows(rows)
    result.about, result.more = about, more or {}
    return result


def _parts(feature: Feature) -> list[tuple[str, Measure, Window]]:
    """Window mark, measure and window: one, or two for a change."""
    return [(name, part.measure, part.window) for name, part in zip((NOW, BEFORE), parts_of(feature, ""), strict=False)]


def _rows(scope: Scope, measure: Measure, name: str, window: tuple[date, date]) -> pd.DataFrame:
    scope.place_subjects()
    rows = scope.rows(scope.dates(()))
    flags = flagged(rows, [(measure, *window)])
    marks = marks_of(measure, flags, *window, scope.past.as_of, scope.table.ends)
    wanted = marks.inside & ((marks.among | marks.hit) if measure.among is not None else marks.hit)
    frame = flags.rows.mutate(counts=marks.counted, among=marks.among).filter(wanted).execute()
    links = scope.past.links()
    frame = frame.merge(links, on=["source", "source_person_id"], how="left").assign(window=name)
    same = scope.table.happened if scope.table.happened and scope.table[scope.table.happened].type == "date" else ""  # happened_on says it already
    usable = [c.name for c in scope.table.columns if (c.usage is Usage.FEATURE or c.name == "school_id") and c.name != same]
    shown = [*FIRST, *(column for column in usable if column not in FIRST), *(column for column in LAST if column in frame)]
    return frame[shown]


def _left_out(scope: Scope, windows: Mapping[str, tuple[date, date]], shown: int) -> dict[str, int]:
    """Why → how many stored rows of those who count for the child are not among the rows shown. Each row has the first reason that holds."""
    past, table = scope.past, scope.table

    scope.place_subjects()

    def of_subjects(rows: ibis.Table) -> ibis.Table:
        return rows.join(past.store.backend.table(scope.placed), ["source", "source_person_id"])

    import ibis

    when = ibis.literal(past.as_of, type="date")
    stored = of_subjects(with_stand_ins(past.store.table(table.name), table))
    late = stored.happened_on >= when
    unknown = ~late & (stored.known_from >= when)
    replaced = ~late & ~unknown & (stored.known_to < when).fill_null(False)
    counted = stored.aggregate(late=late.sum(), unknown=unknown.sum(), replaced=replaced.sum()).execute().fillna(0).astype("int64").iloc[0]
    dates = scope.dates(())
    here = scope.rows(dates)
    readable, settled, school = (
        int(rows.count().execute()) for rows in (of_subjects(past.rows(table.name)), of_subjects(scope.settled(table, dates)), here)
    )
    inside = ibis.literal(False)
    for start, end in windows.values():
        inside = inside | ((here.happened_on >= ibis.literal(start, type="date")) & (here.happened_on < ibis.literal(end, type="date")))
    within = int(here.filter(inside).count().execute())
    reasons = {
        "happened on the date or later": counted["late"],
        "became known only on the date or later": counted["unknown"],
        "an older version, corrected or completed before the date": counted["replaced"],
        f"provisional marks of the last {scope.settings.settling_days} days, still being rewritten": readable - settled,
        "of a school that is not the child's present one": settled - school,
        "before the window" if all(end == past.as_of for _, end in windows.values()) else "outside the window": school - within,
        "in the window, but not what this feature counts": within - shown,
    }
    return {why: int(number) for why, number in reasons.items() if number > 0}
