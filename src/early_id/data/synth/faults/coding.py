"""Codes and needs (rules 21 to 23), and codes of another list."""

from __future__ import annotations

import pandas as pd

from early_id.data.synth.faults.declare import ISO, Around, Case, Fault, Row, any_row, append, both, equals, filled, put
from early_id.data.synth.files.returns import REFERRAL_SOURCES
from early_id.data.synth.timeline import as_date

#: The code for "no factor found", which must stand alone.
NONE_FOUND = "21"
WITHDRAWN = ("18A", "19A")
#: Factors in an assessment of which one may become "none".
SEVERAL = 3


def _several(table: pd.DataFrame, around: Around) -> pd.Series:
    return table.groupby(["PersonID", "AssessedOn"])["Factor"].transform("size") >= SEVERAL


def _repeated(row: Row, case: Case) -> Row:
    """The same factor of the same assessment, with another end: given as ended by the one row and as lasting by the other."""
    return {**row, "EndedOn": "" if row["EndedOn"] else row["AssessedOn"]}


def _withdrawn(row: Row, case: Case) -> Row:
    return {**row, "Factor": WITHDRAWN[case.number % 2]}


def _worked_on(table: pd.DataFrame, around: Around) -> pd.Series:
    return (table["Status"] == "REFERRAL") & (table["Outcome"] == "assessed") & (table["ReferralNFA"] == "N")


def _need_or_source(row: Row, case: Case) -> Row:
    return {**row, "PrimaryNeed" if case.number % 2 else "ReferralSource": ""}


def _since_new_list(table: pd.DataFrame, around: Around) -> pd.Series:
    return (table["ContactDate"] >= new_list_from(around)) & table["Source"].isin(list(REFERRAL_SOURCES))


def new_list_from(around: Around) -> str:
    """1 January of the last full school year: the front door changes its list of sources in the middle of the year."""
    year = as_date(around.timeline.extracted).year
    return pd.Timestamp(year, 1, 1).strftime(ISO)


def _other_list(row: Row, case: Case) -> Row:
    return {**row, "Source": REFERRAL_SOURCES[row["Source"]]}


FAULTS: tuple[Fault, ...] = (
    Fault("factor_unknown", "socialcare/factors.csv", "Factor", 8, any_row, put(Factor="99Z"), related="PersonID"),
    Fault("factor_unknown", "housing/indicators.csv", "Factor", 5, any_row, put(Factor="no_central_heating"), related="PersonID"),
    Fault("suspension_category", "education/suspensions.xlsx", "Category", 6, equals("Category", "SUSP"), put(Category="LUNCH")),
    Fault("trailing_spaces", "socialcare/contacts.csv", "Outcome", 20, filled("Outcome"), append("Outcome", " ")),
    Fault("trailing_spaces", "socialcare/factors.csv", "Factor", 20, any_row, append("Factor", "  ")),
    Fault("activity_on_no_action", "socialcare/statutory.csv", "ReferralNFA", 6, _worked_on, put(ReferralNFA="Y")),
    Fault("need_or_source_missing", "socialcare/statutory.csv", "PrimaryNeed ReferralSource", 10, both(_worked_on, filled("PrimaryNeed", "ReferralSource")), _need_or_source),
    Fault("factor_none_with_others", "socialcare/factors.csv", "Factor", 6, _several, put(Factor=NONE_FOUND), related="PersonID"),
    Fault("factor_repeated", "socialcare/factors.csv", "EndedOn", 6, any_row, _repeated, adds=True, related="PersonID"),
    Fault("factor_withdrawn", "socialcare/factors.csv", "Factor", 8, any_row, _withdrawn, related="PersonID"),
)  # fmt: skip

#: Takes what is left, so it comes after all others of its file.
WHOLE_LIST: tuple[Fault, ...] = (
    Fault("code_list_change", "socialcare/contacts.csv", "Source", None, _since_new_list, _other_list),
)  # fmt: skip
