"""A slow, obvious twin of the engine: what each feature means, in plain Python.

It reads the rows of a ``MemoryStore`` one by one and shares no code with ``features/compile.py`` or ``features/build.py``. Random councils must give the
same answers from both. ``custom`` measures are engine expressions by nature and have no twin.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.types import Missing, SharingClass, Unit, Usage
from early_id.features.declare import STAY_GAP_DAYS, Feature, Measure, Window
from early_id.features.windows import span
from early_id.linkage import People
from early_id.schema.codes import code_list
from early_id.schema.tables import Table
from early_id.testing.memory_store import MemoryStore
from early_id.testing.rows import Row, day_of, holds, may_hold, seen


class Twin:
    """Features of a small council on one date, computed row by row."""

    def __init__(self, store: MemoryStore, people: People, as_of: date, calendar: SchoolCalendar, settings: FeatureSettings | None = None):
        self.store, self.people, self.as_of, self.calendar = store, people, as_of, calendar
        self.settings = settings or FeatureSettings()
        self.rows = {name: seen(items, store.tables[name], as_of) for name, items in store.rows.items()}
        links = people.person_links
        self.child_of = {
            (link["source"], link["source_person_id"]): link["child_id"]
            for link in links.to_dict("records")
            if link["known_from"].date() < as_of and (pd.isna(link["known_to"]) or link["known_to"].date() >= as_of)
        }
        self.of_child: dict[str, dict[str | None, list[Row]]] = {}
        for name, items in self.rows.items():
            of_child = self.of_child.setdefault(name, {})
            for row in items:
                of_child.setdefault(self.child_of.get((row["source"], row["source_person_id"])), []).append(row)
        families = people.families_on(as_of)
        self.members: dict[str, set[str]] = {}
        for child, family in zip(families["child_id"], families["family_id"], strict=True):
            self.members.setdefault(family, set()).add(child)

    def frame(self, cohort: pd.DataFrame, features: Iterable[Feature]) -> pd.DataFrame:
        """One row a child of ``cohort``, one column a feature; NaN is unknown."""
        wanted = list(features)
        values = [{f.name: self.value(f, row["child_id"], row["family_id"], row["school_id"]) for f in wanted} for row in cohort.to_dict("records")]
        return pd.DataFrame(values, index=cohort.index, columns=[f.name for f in wanted], dtype="float64")

    def value(self, feature: Feature, child: str, family: str, school: str | None) -> float | None:
        """One feature of one child; None is unknown."""
        measure = feature.measure
        if measure.kind == "change":
            assert measure.inner is not None and measure.earlier is not None
            now = self._measure(feature, measure.inner, feature.window, child, family, school)
            before = self._measure(feature, measure.inner, measure.earlier, child, family, school)
            return None if now is None or before is None else now - before
        if measure.kind == "against_peers":
            assert measure.inner is not None
            own = self._measure(feature, measure.inner, feature.window, child, family, school)
            usual = self._of_year_group(feature, child, school)
            return None if own is None or usual is None else own - usual
        if measure.kind == "relatives":
            held = self.store.has(feature.source) and family in self.members
            return float(len(self.members[family] - {child})) if held else None
        return self._measure(feature, measure, feature.window, child, family, school)

    def _of_year_group(self, feature: Feature, child: str, school: str | None) -> float | None:
        """The share of all children who are on this school's roll on the date in the child's year group."""
        inner = feature.measure.inner
        assert inner is not None
        spells: dict[str, list[tuple[date, str]]] = {}
        for row in self.rows.get("enrolments", []):
            member = self.child_of.get((row["source"], row["source_person_id"]))
            is_open = row["end_on"] is None or row["end_on"] >= self.as_of
            if member and is_open and school is not None and row["school_id"] == school and row["nc_year"] is not None:
                spells.setdefault(member, []).append((row["start_on"], row["nc_year"]))
        year = {member: max(own)[1] for member, own in spells.items()}
        if child not in year:
            return None
        among: list[Row] = []
        counted = 0
        for member in (member for member in year if year[member] == year[child]):
            start, end = span(feature.window, self.as_of, self.calendar)
            mine = [row for row in self._own_rows(feature, member, "", school) if start <= row["happened_on"] < end and holds(inner.among, row)]
            among += mine
            counted += bool(mine)
        return sum(holds(inner.of, row) for row in among) / len(among) if counted >= max(feature.measure.at_least, 1) else None

    def _subjects(self, feature: Feature, child: str, family: str) -> set[str]:
        return self.members.get(family, set()) - {child} if feature.unit is Unit.FAMILY else {child}

    def _own_rows(self, feature: Feature, child: str, family: str, school: str | None) -> list[Row]:
        """Rows of the child, or of the family without the child; of the present school only for features of class SCHOOL."""
        table = self.store.tables[feature.source]
        subjects = self._subjects(feature, child, family)
        mine = [row for one in subjects for row in self.of_child.get(table.name, {}).get(one, [])]
        if feature.sharing is SharingClass.SCHOOL and "school_id" in table:
            mine = [row for row in mine if school is not None and row["school_id"] == school]
        if table.provisional:
            column, codes = table.provisional
            settled = self.as_of - timedelta(days=self.settings.settling_days)
            mine = [row for row in mine if not (row[column] in codes and row["happened_on"] >= settled)]
        return mine

    def _measure(self, feature: Feature, measure: Measure, window: Window, child: str, family: str, school: str | None) -> float | None:
        table = self.store.tables[feature.source]
        start, end = span(window, self.as_of, self.calendar)
        mine = self._own_rows(feature, child, family, school)
        inside = [row for row in mine if start <= row["happened_on"] < end]
        among = [row for row in inside if holds(measure.among, row)]
        hits = [row for row in inside if holds(measure.of, row)]
        enough = len(among) >= max(measure.at_least, 1)
        match measure.kind:
            case "share":
                return sum(holds(measure.of, row) for row in among) / len(among) if enough else None
            case "longest_run":
                return float(_longest(measure, among)) if enough else None
            case "days_since_last":
                return float((self.as_of - max(row["happened_on"] for row in hits)).days) if hits else None
            case "days_since_first":
                return float((self.as_of - min(row["happened_on"] for row in hits)).days) if hits else None
            case "days_in_current":
                began = [row["happened_on"] for row in hits if _is_open(row, table, self.as_of)]
                return float((self.as_of - max(began)).days) if began else None
            case "days_in_stay":
                began = _stay(hits, table, self.as_of)
                return float((self.as_of - began[0]).days) if began else None
            case "mean_gap":
                on = sorted(row["happened_on"] for row in hits)
                return sum((b - a).days for a, b in pairwise(on)) / (len(on) - 1) if len(on) > 1 else None
            case "latest":
                column = measure.column or ""
                told = [(row["happened_on"], row[column]) for row in hits if row[column] is not None]
                return float(max(told)[1]) if told else None
        unknown_amount = measure.kind in ("total", "largest", "different") and any(row[measure.column or ""] is None for row in hits)
        too_few = measure.at_least > 1 and len(among) < measure.at_least
        if unknown_amount or too_few or not self._known(feature, measure, table, mine, inside, window, child, family, school):
            return None
        return self._counted(measure, table, hits)

    def _counted(self, measure: Measure, table: Table, hits: list[Row]) -> float:
        match measure.kind:
            case "count":
                return float(len(hits))
            case "any_":
                return float(bool(hits))
            case "total":
                column = measure.column or ""
                return float(sum(row[column] for row in hits))
            case "largest":
                return float(max((row[measure.column or ""] for row in hits), default=0))
            case "different":
                return float(len({row[measure.column or ""] for row in hits}))
            case "days":
                return float(len({row["happened_on"] for row in hits}))
            case "weeks":
                return float(len({row["happened_on"].isocalendar()[:2] for row in hits}))
            case "current":
                return float(any(_is_open(row, table, self.as_of) for row in hits))
        raise TypeError(measure.kind)

    def _known(
        self, feature: Feature, measure: Measure, table: Table, mine: list[Row], inside: list[Row], window: Window,
        child: str, family: str, school: str | None,
    ) -> bool:  # fmt: skip
        """Whether what was counted is all there was."""
        among = [row for row in inside if holds(measure.among, row)]
        if table.covered_by == "rows":
            return bool(among)
        if measure.kind == "current":
            counted = bool(self._counted(measure, table, [row for row in inside if holds(measure.of, row)]))
        else:
            counted = any(holds(measure.of, row) for row in inside)
        if counted:
            return True
        if feature.missing is Missing.UNKNOWN and not any(holds(measure.among, row) for row in mine):
            return False
        if table.covered_by == "source_or_rows" and among:
            return True
        return self._covered(feature, measure, table, window, child, family, school)

    def _covered(self, feature: Feature, measure: Measure, table: Table, window: Window, child: str, family: str, school: str | None) -> bool:
        """Whether no row means none: for every kind of row that counts there is a source that sends it, of the schools on whose rolls the child was."""
        start, end = span(window, self.as_of, self.calendar)
        slack = timedelta(days=self.settings.covered_within_days)
        since = (self.as_of - timedelta(days=365) if window.kind == "ever" else start) + slack
        until = max(self.as_of - slack, start)
        sources = [row for row in self.store.coverage().to_dict("records") if row["table"] == table.name and row["covers_to"].date() >= until]
        subjects = self._subjects(feature, child, family)
        if feature.unit is Unit.FAMILY and not any(c in subjects for c in self.child_of.values()):
            return False
        spells = [row for one in subjects for row in self.of_child.get("enrolments", {}).get(one, [])]
        if feature.sharing is SharingClass.SCHOOL:
            spells = [row for row in spells if row["school_id"] == school]
        spells = [row for row in spells if row["start_on"] < end and (row["end_on"] is None or row["end_on"] >= start)]
        if table.covered_by == "roll" and not any(row["start_on"] <= since for row in spells):
            return False
        for kind in self._kinds(measure, table):
            senders = [one for one in sources if self._sends(one, table, kind, since)]
            if not senders:
                return False
            of_schools = spells if table.covered_by == "roll" and "school_id" in table else []
            if not all(any(self._sends_of_school(one, table, row["school_id"]) for one in senders) for row in of_schools):
                return False
        return True

    def _kinds(self, measure: Measure, table: Table) -> list[set[str] | None]:
        """Sets of codes that come together, of which the measure counts any; one that holds everything, where the table has no kinds."""
        if not table.kind:
            return [None]
        codes = code_list(table[table.kind].codes or "").codes
        together: dict[str, set[str]] = {}
        for code in codes:
            together.setdefault(code.feed or code.code, set()).add(code.code)
        counted = {code.code for code in codes if code.usage is Usage.FEATURE and may_hold(measure.of, table.kind, code.code)}
        return [kind for kind in together.values() if kind & counted]

    def _sends(self, source: Row, table: Table, kind: set[str] | None, since: date) -> bool:
        """Whether a source has sent such rows, and since when."""
        sent = [
            row["happened_on"]
            for row in self.rows.get(table.name, [])
            if row["source"] == source["source"] and (kind is None or row[table.kind] in kind)
        ]
        if source["stated"]:
            return (kind is None or bool(sent)) and source["covers_from"].date() <= since
        return bool(sent) and min(sent) <= since

    def _sends_of_school(self, source: Row, table: Table, school: str) -> bool:
        """Whether a source would have sent a row of this school."""
        if source["schools"] == "all":
            return True
        rows = [row for row in self.rows.get(table.name, []) if row["source"] == source["source"]]
        if any(row["school_id"] == school for row in rows) or (isinstance(source["schools"], list) and school in source["schools"]):
            return True
        if source["schools"] is not None:
            return False
        rolls = self.rows.get("enrolments", [])
        linked = {row["school_id"] for row in rolls if (row["source"], row["source_person_id"]) in self.child_of}
        files = {row["file"] for row in rows}
        return any(2 * len({row["school_id"] for row in rows if row["file"] == file} & linked) > len(linked) for file in files)


def _is_open(row: Row, table: Table, on: date) -> bool:
    """Whether a spell has not ended before a day."""
    return row[table.ends] is None or day_of(row[table.ends]) >= on


def _stay(spells: list[Row], table: Table, on: date) -> list[date]:
    """Days on which the spells of the stay that is open on a day began; a gap of weeks does not end a stay."""
    began: list[date] = []
    reached: date | None = date.min
    for row in sorted(spells, key=lambda row: row["happened_on"]):
        end = None if row[table.ends] is None else day_of(row[table.ends])
        if reached is not None and row["happened_on"] - timedelta(days=STAY_GAP_DAYS) > reached:
            began, reached = [], date.min
        began.append(row["happened_on"])
        reached = None if reached is None or end is None else max(reached, end)
    return began if reached is None or reached >= on else []


def _longest(measure: Measure, among: list[Row]) -> int:
    longest = run = 0
    for row in sorted(among, key=lambda row: (row["happened_on"], row.get("session") or "", holds(measure.of, row))):
        run = run + 1 if holds(measure.of, row) else 0
        longest = max(longest, run)
    return longest
