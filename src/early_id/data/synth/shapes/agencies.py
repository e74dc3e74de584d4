"""Housing and police records as their own systems list them: flat CSV with the person's details on every row, headings of their own.

No national shape exists for either; these are such as a housing system and a police force send a council.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.data.synth.shapes.dates import BRITISH, Texts
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import MISSING, NOTICES, POLICE_PEOPLE, Records

HOUSING_PEOPLE, HOUSEHOLDS, INDICATORS = "housing/people.csv", "housing/households.xlsx", "housing/indicators.csv"
RELATIONS = {"child": "Child", "parent": "Tenant or partner", "other_adult": "Other occupant"}
CASES = {
    "rent_arrears": "Rent account in arrears",
    "council_tax_arrears": "Council tax in arrears",
    "temporary_accommodation": "Temporary accommodation",
    "benefit_cap": "Benefit cap applied",
    "debt_advice": "Debt advice",
}
OCCURRENCES = {"domestic_abuse_notice": "Domestic abuse - child present or resident", "youth_justice": "Youth justice contact"}
KINDS = {"M": "Missing", "A": "Absent - no apparent risk"}


def write_housing(folder: Path, records: Records, extra: Extra) -> None:
    """Household members, and cases."""
    who = _people(records, HOUSING_PEOPLE)

    def cell(name: str) -> Texts:
        return records.column(HOUSEHOLDS, name)

    members = pd.DataFrame(
        {
            "Household Ref": cell("HouseholdID"),
            "Person Ref": cell("PersonID"),
            **_details(who, cell("PersonID")),
            "Relationship": _worded(cell("Role"), RELATIONS),
            "Moved In": records.dates(HOUSEHOLDS, "FromOn").text(BRITISH),
            "Moved Out": records.dates(HOUSEHOLDS, "ToOn").text(BRITISH),
            "UPRN": cell("UPRN"),
            "Postcode": cell("Postcode"),
            "Source": cell("Evidence"),
            "Safe To Contact": cell("SafeToContact"),
            "Address Withheld": cell("ProtectedAddress"),
            "No Joint Contact": cell("NoJointContact"),
        }
    )
    person = records.column(INDICATORS, "PersonID")
    cases = pd.DataFrame(
        {
            "Case Ref": extra.ids(INDICATORS, "HC", records.rows(INDICATORS)),
            "Person Ref": person,
            **_details(who, person),
            "Case Type": _worded(records.column(INDICATORS, "Factor"), CASES),
            "Opened": records.dates(INDICATORS, "HappenedOn").text(BRITISH),
            "Closed": records.dates(INDICATORS, "EndedOn").text(BRITISH),
        }
    )
    _write(folder, {"household_members": members, "cases": cases})


def write_police(folder: Path, records: Records, extra: Extra) -> None:
    """Missing reports, and notices about children."""
    who = _people(records, POLICE_PEOPLE)
    person = records.column(MISSING, "PersonID")
    missing = pd.DataFrame(
        {
            "Report No": extra.ids(MISSING, "MP", records.rows(MISSING)),
            "Nominal Ref": person,
            **_details(who, person),
            "Classification": _worded(records.column(MISSING, "Type"), KINDS),
            "Reported": _clock(records.column(MISSING, "StartedAt")),
            "Located": _clock(records.column(MISSING, "EndedAt")),
            "Return Interview Offered": records.column(MISSING, "InterviewOffered"),
        }
    )
    person = records.column(NOTICES, "PersonID")
    notices = pd.DataFrame(
        {
            "Occurrence No": extra.ids(NOTICES, "OC", records.rows(NOTICES)),
            "Nominal Ref": person,
            **_details(who, person),
            "Occurrence Type": _worded(records.column(NOTICES, "Kind"), OCCURRENCES),
            "Occurred": records.dates(NOTICES, "HappenedOn").text(BRITISH),
            "Created": records.dates(NOTICES, "RecordedOn").text(BRITISH),
        }
    )
    _write(folder, {"missing_reports": missing, "notices": notices})


def _people(records: Records, file: str) -> pd.DataFrame:
    table = records[file]
    table = table.assign(DOB=records.dates(file, "DOB").text(BRITISH))
    return table.drop_duplicates("PersonID").set_index("PersonID")


def _details(who: pd.DataFrame, person: Texts) -> dict[str, Texts]:
    """Name, birth date and sex beside each row; empty where the person is not on the agency's list."""
    found = who.reindex(person).fillna("")
    return {
        "Surname": found["Surname"].to_numpy(),
        "Forename": found["Forename"].to_numpy(),
        "DOB": found["DOB"].to_numpy(),
        "Sex": found["Sex"].to_numpy(),
    }


def _worded(values: Texts, words: dict[str, str]) -> Texts:
    column = pd.Series(values, dtype=object)
    return column.map(words).fillna(column).to_numpy(dtype=object)


def _clock(stamps: Texts) -> Texts:
    """Stamps as dd/mm/yyyy hh:mm; what is none stays as it stands."""
    column = pd.Series(stamps, dtype=object)
    read = pd.to_datetime(column, format="%Y-%m-%dT%H:%M:%S", errors="coerce")
    return np.where(read.notna(), read.dt.strftime("%d/%m/%Y %H:%M"), column).astype(object)


def _write(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\r\n", encoding="utf-8")
