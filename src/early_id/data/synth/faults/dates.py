"""Dates that cannot be read, are missing, stand in the wrong order (rules 14 to 17) or in another style."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from early_id.data.synth.faults.declare import (
    BRITISH,
    ISO,
    Around,
    Case,
    Fault,
    Row,
    Spoil,
    any_row,
    birth_stays,
    both,
    earlier,
    equals,
    filled,
    moved,
    put,
    restyled,
    swap,
)

#: Day that spreadsheets count from: 45,000 is 15 March 2023.
SERIAL_ORIGIN = datetime(1899, 12, 30)


def _before_birth(row: Row, case: Case) -> Row:
    born = datetime.strptime(case.around.births[row["PersonID"]], BRITISH)
    return {**row, "ContactDate": (born - timedelta(days=200)).strftime(ISO), "Outcome": "", "OutcomeDate": ""}


def _born(table: pd.DataFrame, around: Around) -> pd.Series:
    """Rows of people whose birth date the list holds."""
    return (table["PersonID"].map(around.births).fillna("") != "") & birth_stays(table, around)


def _serial(column: str) -> Spoil:
    def spoil(row: Row, case: Case) -> Row:
        return {**row, column: str((datetime.strptime(row[column], BRITISH) - SERIAL_ORIGIN).days)}

    return spoil


def _only_referral(table: pd.DataFrame, around: Around) -> pd.Series:
    """Closed cases with nothing in them but the referral."""
    alone = table.groupby("ReferralID")["ReferralID"].transform("size") == 1
    return (table["Status"] == "REFERRAL") & alone & (table["CaseClosedOn"] != "")


def _closed_early(row: Row, case: Case) -> Row:
    return {**row, "CaseClosedOn": moved(row["StartOn"], -12, ISO)}


def _reason(row: Row, case: Case) -> Row:
    return {**row, "CloseReason": "" if row["CaseClosedOn"] else "RC7"}


def _went_on(table: pd.DataFrame, around: Around) -> pd.Series:
    """Closed cases in which something began after the referral, a week or more."""
    later = pd.to_datetime(table["ReferralID"].map(around.last_activity)) - pd.to_datetime(table["StartOn"]) > pd.Timedelta(days=7)
    return (table["Status"] == "REFERRAL") & (table["CaseClosedOn"] != "") & later


def _closed_before_activity(row: Row, case: Case) -> Row:
    return {**row, "CaseClosedOn": moved(case.around.last_activity[row["ReferralID"]], -3, ISO)}


_serial_start, _serial_happened = _serial("StartDate"), _serial("HappenedOn")
_unusual = restyled("OfferedOn", BRITISH, "{n} %b %Y", "%d/%m/%y", "%d.%m.%Y")

FAULTS: tuple[Fault, ...] = (
    Fault("unreadable_date", "socialcare/contacts.csv", "ContactDate", 6, any_row, put(ContactDate="31/02/2024")),
    Fault("unreadable_date", "socialcare/early_help.csv", "OfferedOn", 4, any_row, put(OfferedOn="awaiting")),
    Fault("required_missing", "education/suspensions.xlsx", "StartDate", 4, any_row, put(StartDate="")),
    Fault("required_missing", "housing/indicators.csv", "HappenedOn", 8, any_row, put(HappenedOn="")),
    Fault("end_before_start", "socialcare/statutory.csv", "StartOn EndOn", 6, both(equals("Status", "CIN"), earlier("StartOn", "EndOn")), swap("StartOn", "EndOn")),
    Fault("event_before_birth", "socialcare/contacts.csv", "ContactDate", 6, _born, _before_birth),
    Fault("mixed_date_styles", "socialcare/contacts.csv", "ContactDate", 30, any_row, restyled("ContactDate", ISO, BRITISH)),
    Fault("mixed_date_styles", "housing/indicators.csv", "HappenedOn", 30, any_row, restyled("HappenedOn", BRITISH, ISO)),
    Fault("activity_after_close", "socialcare/statutory.csv", "CaseClosedOn", 6, _went_on, _closed_before_activity, related="ReferralID"),
    Fault("closed_before_referred", "socialcare/statutory.csv", "CaseClosedOn", 5, _only_referral, _closed_early),
    Fault("close_reason", "socialcare/statutory.csv", "CloseReason", 9, equals("Status", "REFERRAL"), _reason),
    Fault("serial_dates", "education/suspensions.xlsx", "StartDate", 9, filled("StartDate"), _serial_start),
    Fault("serial_dates", "housing/indicators.csv", "HappenedOn", 12, filled("HappenedOn"), _serial_happened),
    Fault("unusual_date_styles", "socialcare/early_help.csv", "OfferedOn", 12, filled("OfferedOn"), _unusual),
)  # fmt: skip
