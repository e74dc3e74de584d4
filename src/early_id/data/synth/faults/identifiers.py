"""Identifiers that break the rules of their making (rules 1 to 9), and what exports do to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from early_id.data.synth.faults.declare import (
    BRITISH,
    Around,
    Case,
    Fault,
    Row,
    Spoil,
    any_row,
    append,
    birth_stays,
    both,
    filled,
    put,
)
from early_id.data.synth.files.returns import LAST_YEAR, NO_MATCH
from early_id.data.synth.population.identifiers import spoil_upn, upn_letter

#: Authority number that no council has.
NOBODY = "999"
#: Letters that no UPN may hold, at its end or in its middle.
FORBIDDEN = ("I", "O", "S")


def _letter_wrong(row: Row, case: Case) -> Row:
    return {**row, "UPN": spoil_upn(row["UPN"])}


def _unknown_authority(row: Row, case: Case) -> Row:
    tail = NOBODY + row["UPN"][4:]
    return {**row, "UPN": upn_letter(tail) + tail}


def _form(row: Row, case: Case) -> Row:
    """In turn a letter among the digits, and a last letter that the list does not have."""
    upn, letter = row["UPN"], FORBIDDEN[case.number % len(FORBIDDEN)]
    return {**row, "UPN": upn[:6] + letter + upn[7:] if case.number % 2 else upn[:12] + letter}


def _shared(row: Row, case: Case) -> Row:
    """Of two children the second one's UPN is written at both."""
    return dict(row) if case.number % 2 else {**row, "UPN": case.partner["UPN"]}


def _reason(row: Row, case: Case) -> Row:
    """A reason beside a UPN; or neither of them."""
    return {**row, "UPNUnknown": NO_MATCH if row["UPN"] else ""}


def _plain_upn(table: pd.DataFrame, around: Around) -> pd.Series:
    """Rows with a permanent UPN: thirteen characters, all digits after the first."""
    return table["UPN"].str.fullmatch(r"[A-Z]\d{12}")


def _over_five(table: pd.DataFrame, around: Around) -> pd.Series:
    return (table["UPN"] != "") | (table["UPNUnknown"] == NO_MATCH)


def _bad_character(row: Row, case: Case) -> Row:
    number = row["LAChildID"]
    return {**row, "LAChildID": number[:3] + ("/", " ", "_")[case.number % 3] + number[3:]}


def _other_birthday(column: str, style: str) -> Spoil:
    """Day and month change places where that is a date; otherwise the next day."""

    def spoil(row: Row, case: Case) -> Row:
        born = datetime.strptime(row[column], style)
        other = born.replace(day=born.month, month=born.day) if born.day <= 12 and born.day != born.month else born + timedelta(days=1)
        return {**row, column: other.strftime(style)}

    return spoil


def _ended(table: pd.DataFrame, around: Around) -> pd.Series:
    return table["EndedAt"] != ""


def _changed(row: Row, case: Case) -> Row:
    """In turn another pupil number and another ethnic group than now."""
    if case.number % 2 and row["Ethnicity"]:
        return {**row, "Ethnicity": "WOTH" if row["Ethnicity"] == "WBRI" else "WBRI"}
    tail = row["UPN"][1:4] + "9" + row["UPN"][5:]  # numbers of this council's schools begin with 1
    return {**row, "UPN": upn_letter(tail) + tail}


FAULTS: tuple[Fault, ...] = (
    Fault("upn_check_letter", "education/pupils.csv", "UPN", 14, _plain_upn, _letter_wrong),
    Fault("upn_check_letter", "socialcare/people.csv", "UPN", 6, _plain_upn, _letter_wrong),
    Fault("person_not_listed", "socialcare/contacts.csv", "PersonID", 7, any_row, put(PersonID="SC0000001")),
    Fault("person_not_listed", "police/missing.csv", "PersonID", 4, _ended, put(PersonID="NP0000001")),
    Fault("upn_shared", "education/pupils.csv", "UPN", 8, _plain_upn, _shared, pairs=True),
    Fault("upn_unknown_authority", "education/pupils.csv", "UPN", 8, _plain_upn, _unknown_authority),
    Fault("upn_unknown_authority", "socialcare/people.csv", "UPN", 5, _plain_upn, _unknown_authority),
    Fault("upn_form", "education/pupils.csv", "UPN", 8, _plain_upn, _form),
    Fault("upn_and_reason", "education/pupils.csv", "UPNUnknown", 9, _over_five, _reason),
    Fault("upn_and_reason", "socialcare/people.csv", "UPNUnknown", 8, _over_five, _reason),
    Fault("child_id_characters", "socialcare/people.csv", "LAChildID", 8, filled("LAChildID"), _bad_character),
    Fault("birth_date_differs", "police/missing.csv", "DOB", 4, both(filled("DOB"), _ended), _other_birthday("DOB", BRITISH)),
    Fault("birth_date_differs", "socialcare/statutory.csv", "DOB", 7, both(filled("DOB"), birth_stays), _other_birthday("DOB", BRITISH)),
    Fault("padded_ids", "education/enrolments.csv", "PupilID", 20, any_row, append("PupilID", " ")),
    Fault("padded_ids", "socialcare/early_help.csv", "PersonID", 12, any_row, append("PersonID", "  ")),
    Fault("lost_leading_zeros", "education/enrolments.csv", "LAESTAB", 40, any_row, lambda row, case: {**row, "LAESTAB": row["LAESTAB"].lstrip("0")}),
)  # fmt: skip

#: Planted last, in the list of last year, which is made of this year's with its faults: what was wrong is wrong still.
AGAINST_LAST_YEAR: tuple[Fault, ...] = (
    Fault("value_changed", LAST_YEAR, "UPN Ethnicity", 14, _plain_upn, _changed),
)  # fmt: skip
