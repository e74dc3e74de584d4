"""Sex, ethnicity, disability, birth and death (rules 10 to 13)."""

from __future__ import annotations

from early_id.data.synth.faults.declare import BRITISH, Case, Fault, Row, any_row, birth_may_go, both, filled, moved, put


def _expected(row: Row, case: Case) -> Row:
    return {**row, "ExpectedDOB": moved(row["DOB"], 9, BRITISH)}


def _died_before(row: Row, case: Case) -> Row:
    return {**row, "DeathDate": moved(row["DOB"], -30, BRITISH)}


def _disability(row: Row, case: Case) -> Row:
    """NONE beside a code, or a code twice."""
    first = row["Disability"].split(",")[0]
    if first != "NONE" and case.number % 2:
        return {**row, "Disability": f"{row['Disability']},{first}"}
    return {**row, "Disability": "NONE,LD" if first == "NONE" else f"NONE,{row['Disability']}"}


FAULTS: tuple[Fault, ...] = (
    Fault("birth_date_missing", "socialcare/people.csv", "DOB", 4, both(filled("DOB"), birth_may_go), put(DOB="")),
    Fault("ethnicity_code", "education/pupils.csv", "Ethnicity", 10, any_row, put(Ethnicity="WXYZ")),
    Fault("sex_missing", "education/pupils.csv", "Sex", 9, any_row, put(Sex="")),
    Fault("sex_missing", "police/people.csv", "Sex", 4, any_row, put(Sex="")),
    Fault("ethnicity_missing", "education/pupils.csv", "Ethnicity", 12, any_row, put(Ethnicity="")),
    Fault("birth_and_expected", "socialcare/people.csv", "ExpectedDOB", 5, filled("DOB"), _expected),
    Fault("death_before_birth", "socialcare/people.csv", "DeathDate", 4, filled("DOB"), _died_before),
    Fault("disability_list", "socialcare/people.csv", "Disability", 9, any_row, _disability),
)  # fmt: skip
