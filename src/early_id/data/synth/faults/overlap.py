"""Two of what there can be one of at a time (rules 18 to 20), and two rolls at once."""

from __future__ import annotations

import pandas as pd

from early_id.data.synth.faults.declare import BRITISH, ISO, Around, Case, Fault, Row, Spoil, Usable, both, equals, moved

#: What runs this long can have another begin inside it, this many days after its start.
LASTS, LATER = 60, 30


def _lasts(start: str, end: str, style: str) -> Usable:
    """Rows that run for two months at least, or do still."""

    def usable(table: pd.DataFrame, around: Around) -> pd.Series:
        cut = pd.Timestamp(around.timeline.extracted, unit="D")
        begins = pd.to_datetime(table[start], format=style, errors="coerce")
        ends = pd.to_datetime(table[end], format=style, errors="coerce").fillna(cut)
        return ends - begins > pd.Timedelta(days=LASTS)

    return usable


def _again(**cleared: str) -> Spoil:
    """A second one that begins while the first one runs, and ends with it."""
    return lambda row, case: {**row, "StartOn": moved(row["StartOn"], LATER, ISO), **cleared}


def _protected_later(table: pd.DataFrame, around: Around) -> pd.Series:
    """CIN plans of children who come to a protection plan after the plan began and within the status."""
    begins = table["PersonID"].map(around.protected_from).fillna("")
    within = (begins > table["PlanStartOn"]) & ((table["EndOn"] == "") | (begins < table["EndOn"]))
    return (table["Status"] == "CIN") & (table["PlanStartOn"] != "") & within


def _runs_on(row: Row, case: Case) -> Row:
    return {**row, "PlanEndOn": moved(case.around.protected_from[row["PersonID"]], 10, ISO)}


def _second_roll(row: Row, case: Case) -> Row:
    """The same year on the roll of the next school of the phase, a month into the spell."""
    other = case.around.schools[case.around.schools[row["SchoolID"]]["next"]]
    return {**row, "SchoolID": other["SchoolID"], "LAESTAB": other["LAESTAB"], "Start": moved(row["Start"], LATER, BRITISH)}


def _has_next(table: pd.DataFrame, around: Around) -> pd.Series:
    """Pupils of schools that are not the only one of their phase."""
    return table["SchoolID"].isin([school for school, row in around.schools.items() if row["next"] != school])


_open_status = _lasts("StartOn", "EndOn", ISO)
_on_roll = _lasts("Start", "End", BRITISH)
_NO_PLAN = {"PlanStartOn": "", "PlanEndOn": ""}

FAULTS: tuple[Fault, ...] = (
    Fault("plan_during_protection", "socialcare/statutory.csv", "PlanEndOn", 4, _protected_later, _runs_on, related="PersonID"),
    Fault("two_protection_plans", "socialcare/statutory.csv", "StartOn EndOn", 3, both(equals("Status", "CPP"), _open_status), _again(), adds=True, related="PersonID"),
    Fault("two_open_episodes", "socialcare/statutory.csv", "StartOn EndOn", 5, both(equals("Status", "CIN"), _open_status), _again(**_NO_PLAN), adds=True, related="PersonID"),
    Fault("two_enrolments", "education/enrolments.csv", "SchoolID Start", 12, both(_on_roll, _has_next), _second_roll, adds=True, related="PupilID"),
)  # fmt: skip
