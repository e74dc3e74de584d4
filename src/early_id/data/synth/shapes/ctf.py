"""Common transfer files: what a school sends on when a pupil goes to another school, with all marks of the last year as one string.

A file holds the pupils who went from one school to another in the last full school year. The string begins on the Monday of the first
week of the year and has two marks for each day of seven, ``#`` where no mark was due. Codes of two characters stand as they
are, so the string has to be read mark by mark, not character by character. The element names of the attendance part are those of the
data standards (CENSUS); the rest of the file, of the guide's first level, is cut to what a reader of attendance needs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.core.calendar import monday_of
from early_id.data.synth.shapes.dates import ISO
from early_id.data.synth.shapes.records import ENROLMENTS, PUPILS, SCHOOL_CONTACTS, SCHOOLS, Records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.xml import Document
from early_id.data.synth.timeline import NEVER, SchoolYear, as_date, day_number
from early_id.schema.codes.lists import code_list

#: What stands where no mark was due.
NOT_DUE = "#"
Marks = dict[tuple[str, str], dict[int, str]]


def write_ctf(folder: Path, records: Records, registers: Registers) -> None:
    """One file for each pair of schools between which pupils moved."""
    year = records.timeline.years[-2]
    moves = _moves(records, year)
    marks = _marks(registers, year, set(zip(moves["pupil"], moves["school"], strict=True)))
    pupils = records[PUPILS].drop_duplicates("PupilID").set_index("PupilID")
    born = dict(zip(records.column(PUPILS, "PupilID"), records.dates(PUPILS, "DOB").text(ISO), strict=True))
    numbers = dict(zip(records.column(SCHOOLS, "SchoolID"), records.column(SCHOOLS, "LAESTAB"), strict=True))
    by_then = records[SCHOOL_CONTACTS][records.dates(SCHOOL_CONTACTS, "RecordedOn").day <= year.end]
    contacts = dict(tuple(by_then.groupby("PupilID", sort=False)))
    begin = day_number(monday_of(as_date(int(year.days[0]))))
    for (school, other), rows in moves.groupby(["school", "other"], sort=True):
        path = folder / f"{str(school).lower()}_{str(other).lower()}.xml"
        with Document(path) as xml, xml.inside("CTfile"):
            with xml.inside("Header"):
                xml.leaves(DocumentName="Common Transfer File", CTFversion="24.0", DateTime=f"{as_date(year.end).isoformat()}T12:00:00")
                for name, which in (("SourceSchool", school), ("DestSchool", other)):
                    with xml.inside(name):
                        number = str(numbers.get(which, ""))
                        xml.leaves(LEA=number[:-4], Estab=number[-4:])
            with xml.inside("CTFpupilData"):
                for row in rows.itertuples():
                    about = pupils.loc[row.pupil].to_dict() if row.pupil in pupils.index else {}
                    with xml.inside("Pupil"):
                        xml.leaves(UPN=about.get("UPN", ""), Surname=about.get("Surname", ""), Forename=about.get("Forename", ""))
                        xml.leaves(DOB=born.get(row.pupil, ""), Sex=about.get("Sex", ""), PupilID=row.pupil)
                        _contacts(xml, contacts.get(row.pupil))
                        _attendance(xml, marks.get((row.pupil, row.school), {}), year, begin)


def _contacts(xml: Document, rows: pd.DataFrame | None) -> None:
    """The contacts that the school holds, in its order; an address only where it is the pupil's, and then as no more than that."""
    if rows is None:
        return
    with xml.inside("Contacts"):
        for order, row in enumerate(rows.to_dict("records"), 1):
            with xml.inside("Contact"):
                xml.leaves(Order=order, Surname=row["ContactSurname"], Forename=row["ContactForename"], Relationship=row["Relationship"])
                xml.leaf("Responsibility", {"Y": "true", "N": "false"}.get(row["ParentalResponsibility"], ""))
                with xml.inside("Address"):
                    xml.leaf("AddressAsPupil", {"Y": "true", "N": "false"}.get(row["LivesWithPupil"], ""))


def _attendance(xml: Document, marks: dict[int, str], year: SchoolYear, begin: int) -> None:
    """Totals of the year and the string of marks; ``marks`` by twice the day number, and one more for the afternoon."""
    if not marks:
        return
    codes = code_list("attendance")
    counted = {
        name: sum(code in wanted for code in marks.values())
        for name, wanted in (
            ("SessionsPossible", codes.having(flag="possible")),
            ("SessionsAttended", codes.having(flag="attended")),
            ("SessionsAuthorised", codes.having(flag="absent") - codes.having(category="unauthorised_absence")),
            ("SessionsUnauthorised", codes.having(category="unauthorised_absence")),
        )
    }
    last = max(marks) // 2
    string = "".join(marks.get(place, NOT_DUE) for place in range(2 * begin, 2 * last + 2))
    with xml.inside("Attendance"):
        with xml.inside("YearData"):
            xml.leaves(Year=year.first_year + 1, **counted)
        xml.leaves(AttendanceStartDate=as_date(begin).isoformat(), AttendanceMarks=string)


def _moves(records: Records, year: SchoolYear) -> pd.DataFrame:
    """Pupils whose time at a school ended in the year and who were next on another school's roll: pupil, school, other."""
    frame = pd.DataFrame(
        {
            "pupil": records.column(ENROLMENTS, "PupilID"),
            "school": records.column(ENROLMENTS, "SchoolID"),
            "start": records.dates(ENROLMENTS, "Start").day,
            "end": records.dates(ENROLMENTS, "End").day,
        }
    )
    frame = frame[(np.abs(frame["start"]) < NEVER // 2) & (frame["end"] > -NEVER // 2)].sort_values(["pupil", "start"], kind="stable")
    frame["other"] = frame.groupby("pupil")["school"].shift(-1)
    ended = (frame["end"] >= year.start) & (frame["end"] <= year.end)
    moved = frame[ended & frame["other"].notna() & (frame["other"] != frame["school"])]
    return moved.drop_duplicates(["pupil", "school"], keep="last")[["pupil", "school", "other"]]


def _marks(registers: Registers, year: SchoolYear, wanted: set[tuple[str, str]]) -> Marks:
    """The year's marks of these pupils at these schools."""
    out: Marks = {}
    movers, schools = {pupil for pupil, _ in wanted}, {school for _, school in wanted}
    for month in registers.months(int(year.days[0]), int(year.days[-1])):
        mine = np.isin(month.pupils, list(movers))[month.pupil] & np.isin(month.schools, list(schools))[month.school]
        for school, pupil, day, session, code in zip(
            *(getattr(month, name)[mine] for name in ("school", "pupil", "day", "session", "code")), strict=True
        ):
            key = (str(month.pupils[pupil]), str(month.schools[school]))
            if key in wanted:
                out.setdefault(key, {})[2 * int(day) + int(session)] = str(month.codes[code])
    return out
