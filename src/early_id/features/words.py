"""What a feature counts, in a sentence: read off its declaration, so that it cannot differ from it."""

from __future__ import annotations

from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.declare import STAY_GAP_DAYS, Feature, Measure, Window
from early_id.schema.codes import code_list
from early_id.schema.conditions import AllOf, AnyOf, AtLeast, AtMost, Condition, IsIn, IsTrue, Not, PartIn
from early_id.schema.tables import Table

#: So many codes are named with their meaning; of more only the codes are listed.
_FEW = 4
_PARTS = {"hour": "hour", "weekday": "weekday (Monday is 0)", "month": "month"}
#: Who holds the records of each class.
SHARING_WORDS = {
    SharingClass.SCHOOL: "the child's own school",
    SharingClass.EDUCATION: "the council's education team, and other schools",
    SharingClass.SOCIAL_CARE: "social care",
    SharingClass.POLICE: "police",
    SharingClass.HEALTH: "health",
    SharingClass.HOUSING_FINANCE: "housing and benefits",
}
#: Measures of which no row can mean none.
_COUNTS = ("count", "any_", "total", "largest", "different", "days", "weeks", "current")


def condition_words(condition: Condition | None, table: Table) -> str:
    """A condition as part of a sentence, with the columns' labels and what codes mean."""

    def label(name: str) -> str:
        return (table[name].label or name).lower()

    match condition:
        case None:
            return "any"
        case IsIn(column, values):
            return f"{label(column)} is {_codes(table, column, values)}"
        case AtLeast(column, bound):
            return f"{label(column)} is {bound:g} or more"
        case AtMost(column, bound):
            return f"{label(column)} is {bound:g} or less"
        case IsTrue(column):
            return f"{label(column)} is yes"
        case PartIn(column, part, numbers):
            return f"the {_PARTS[part]} of {label(column)} is one of {', '.join(str(n) for n in sorted(numbers))}"
        case Not(inner):
            return f"not ({condition_words(inner, table)})"
        case AllOf(parts):
            return " and ".join(condition_words(part, table) for part in parts)
        case AnyOf(parts):
            return " or ".join(f"({condition_words(part, table)})" for part in parts)
    return str(condition)


def _codes(table: Table, column: str, values: frozenset[str]) -> str:
    ordered = sorted(values)
    if table[column].codes and len(ordered) <= _FEW:
        known = code_list(table[column].codes or "")
        ordered = [f"{value} ({known[value].meaning})" if value in known and known[value].meaning else value for value in ordered]
    return ordered[0] if len(ordered) == 1 else f"one of {', '.join(ordered)}"


def _rows(measure: Measure, table: Table) -> str:
    return "rows" if measure.of is None else f"rows where {condition_words(measure.of, table)}"


def _column(measure: Measure, table: Table) -> str:
    return (table[measure.column].label or measure.column).lower() if measure.column else ""


def measure_words(measure: Measure, table: Table, window: Window) -> str:
    """What is computed over which time."""
    rows, column = _rows(measure, table), _column(measure, table)
    among = "rows" if measure.among is None else f"rows where {condition_words(measure.among, table)}"
    those = among if measure.kind in _COUNTS else "of those"
    least = f" Not known with fewer than {measure.at_least} {those}." if measure.at_least > 1 else ""
    if measure.kind == "change" and measure.inner is not None and measure.earlier is not None:
        inner = measure_words(measure.inner, table, window)
        return f"{inner} Then the same in {measure.earlier} is taken away; not known where either is."
    if measure.kind == "against_peers" and measure.inner is not None:
        inner = measure_words(measure.inner, table, window)
        return f"{inner} Then the same of the child's year group at the school is taken away, if it has {measure.at_least} children to compare with."
    said = {
        "count": f"Number of {rows}",
        "any_": f"Whether there are any {rows}",
        "share": f"Share of {among} for which also {condition_words(measure.of, table)}",
        "longest_run": f"Most consecutive {among} for all of which {condition_words(measure.of, table)}",
        "total": f"Sum of {column} over {rows}",
        "largest": f"Largest {column} of {rows}",
        "different": f"Number of different values of {column} in {rows}",
        "days": f"Number of different days with {rows}",
        "weeks": f"Number of different weeks with {rows}",
        "days_since_last": f"Days since the newest of {rows}",
        "days_since_first": f"Days since the oldest of {rows}",
        "mean_gap": f"Mean days from one to the next of {rows}",
        "latest": f"The {column} of the newest of {rows}",
        "current": f"Whether a spell is open on the date: {rows}",
        "days_in_stay": f"Days since the beginning of the stay that is open on the date (a gap of up to {STAY_GAP_DAYS} days does not end it): {rows}",
        "days_in_current": f"Days since the beginning of the newest spell that is open on the date: {rows}",
        "relatives": "Number of other children in the family",
        "custom": f"Computed by a function of the extension from rows of {', '.join(measure.tables) or table.name}",
    }[measure.kind]
    span = "" if measure.kind == "relatives" else f", in {window}"
    return f"{said}{span}.{least}"


def definition(feature: Feature, table: Table) -> str:
    """The whole definition: what is counted, whose rows, of which table, and what no rows mean."""
    whose = "brothers and sisters, without the child" if feature.unit is Unit.FAMILY else "the child"
    own = " Only rows of the child's present school count." if feature.sharing is SharingClass.SCHOOL and "school_id" in table else ""
    return f"{measure_words(feature.measure, table, feature.window)} Rows: {table.label.lower()} of {whose}.{own}{_empty(feature, table)}"


def _empty(feature: Feature, table: Table) -> str:
    """What no such rows mean, where they can mean none."""
    measure = feature.measure.inner if feature.measure.kind == "change" and feature.measure.inner is not None else feature.measure
    if measure.kind not in _COUNTS:
        return ""
    among = "rows" if measure.among is None else f"rows where {condition_words(measure.among, table)}"
    if table.covered_by == "rows":
        return "" if measure.at_least > 1 else f" Not known without {among} in that time."
    covered = "a source covers the child and the time"
    if feature.missing is Missing.UNKNOWN:
        return f" No such rows are taken as none where there were ever {among} and {covered}, else as not known."
    return f" No such rows are taken as none where {covered}, else as not known."
