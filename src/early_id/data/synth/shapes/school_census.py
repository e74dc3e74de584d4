"""The school census as XML, pupil level, of the last four terms: a file a school and term.

Attendance is that of the term before, suspensions those of two terms before, as the census collects them. The first of the four shows
UPN and ethnicity as they were held a year ago, where the council kept that list. Element names: Department for Education, school
census specification; those of the suspension rows beside category and reason are (unconfirmed).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.calendar import Term
from early_id.data.synth.files.returns import LAST_YEAR
from early_id.data.synth.shapes.dates import ISO
from early_id.data.synth.shapes.records import ENROLMENTS, PUPILS, SCHOOLS, SUSPENSIONS, Records
from early_id.data.synth.shapes.registers import Registers
from early_id.data.synth.shapes.xml import Document
from early_id.data.synth.timeline import as_date, day_number
from early_id.schema.codes.lists import code_list

TERMS = 4
#: Day of each term that the census counts (first Thursday of October, third of January, third of May), as days after the term began.
COUNTED_AFTER = 30


@dataclass(frozen=True)
class Census:
    """One census: its term, the day it counts, and the terms whose attendance and suspensions it holds."""

    term: Term
    day: int
    attendance: Term
    suspensions: Term

    @property
    def name(self) -> str:
        """Year and term as folders are named: 2025_spring."""
        return f"{self.term.first.year}_{self.term.name.split()[0]}"


def censuses(records: Records) -> list[Census]:
    """The last four censuses that were over on the day of the extracts."""
    terms = records.timeline.calendar.terms
    made = [
        Census(term, day_number(term.first) + COUNTED_AFTER, terms[number - 1], terms[number - 2])
        for number, term in enumerate(terms)
        if number >= 2 and day_number(term.first) + COUNTED_AFTER < records.timeline.extracted
    ]
    return made[-TERMS:]


def write_school_census(folder: Path, records: Records, registers: Registers) -> None:
    """All censuses."""
    pupils = _pupils(records)
    before = records.tables.get(LAST_YEAR)
    for number, census in enumerate(censuses(records)):
        (folder / census.name).mkdir()
        shown = pupils if number or before is None else _as_last_year(pupils, before)
        held = _attendance(registers, census.attendance)
        suspended = _suspended(records, census.suspensions)
        spells = _spells(records, census)
        schools = records[SCHOOLS].set_index("SchoolID")
        for school, rows in spells.groupby("school", sort=True):
            about = schools.loc[school] if school in schools.index else pd.Series({"LAESTAB": "", "Phase": "", "Name": ""})
            with Document(folder / census.name / f"{str(school).lower()}.xml") as xml, xml.inside("Message"):
                _header(xml, census, about)
                with xml.inside("Pupils"):
                    for name, on_roll in (("On", True), ("NoLongerOn", False)):
                        with xml.inside(f"Pupils{name}Roll"):
                            for row in rows[rows["on_roll"] == on_roll].itertuples():
                                key = (row.pupil, school)
                                with xml.inside(f"Pupil{name}Roll"):
                                    _pupil(xml, row, shown.get(row.pupil, {}), held.get(key), suspended.get(key, ()))


def _header(xml: Document, census: Census, school: Any) -> None:
    number = str(school["LAESTAB"])
    with xml.inside("Header"):
        with xml.inside("CollectionDetails"):
            term = {"autumn": "AUT", "spring": "SPR", "summer": "SUM"}[census.term.name.split()[0]]
            xml.leaves(Collection="SC", Term=term, Year=census.term.first.year, ReferenceDate=as_date(census.day).isoformat())
        with xml.inside("Source"):
            # A school number that lost its leading zeros stands here as the council holds it.
            xml.leaves(SourceLevel="S", LEA=number[:-4], Estab=number[-4:], SoftwareCode="made-up council")
    with xml.inside("School"):
        xml.leaves(SchoolName=school["Name"], Phase=school["Phase"])


def _pupil(xml: Document, row: Any, about: dict[str, str], attended: dict[str, int] | None, suspended: Iterable[Any]) -> None:
    with xml.inside("PupilIdentifiers"):
        xml.leaves(UniqueLearnerNumber="", UPN=about.get("UPN", ""), PupilID=row.pupil)
        xml.leaves(Surname=about.get("Surname", ""), Forename=about.get("Forename", ""), DOB=about.get("DOB", ""), Sex=about.get("Sex", ""))
    with xml.inside("PupilCharacteristics"):
        xml.leaves(Ethnicity=about.get("Ethnicity", ""), FSMeligible=about.get("FSM", ""), Language=about.get("FirstLanguage", ""))
        xml.leaf("YoungCarer", about.get("YoungCarer", ""))
    with xml.inside("PupilStatus"):
        xml.leaves(EnrolStatus="C", EntryDate=row.start, LeavingDate=row.end, PartTime=row.part_time, NCyearActual=row.nc)
    with xml.inside("SpecialEducationalNeeds"):
        xml.leaf("SENprovision", about.get("SENProvision", ""))
        if about.get("SENNeed"):
            with xml.inside("SENneeds"), xml.inside("SENneed"):
                xml.leaves(SENtypeRank="1", SENtype=about["SENNeed"])
    events = list(suspended)
    if events:
        with xml.inside("Exclusions"):
            for event in events:
                with xml.inside("TermlyExclusion"):
                    xml.leaf("Category", event.Category)
                    with xml.inside("Reasons"):
                        for reason in (event.Reason1, event.Reason2, event.Reason3):
                            xml.leaf("Reason", reason)
                    xml.leaves(StartDate=event.start, ActualNumberOfSessions=event.Sessions)
    if attended:
        with xml.inside("Attendance"), xml.inside("TermlyAttendance"):
            _sessions(xml, attended)


def _sessions(xml: Document, attended: dict[str, int]) -> None:
    """Possible sessions, absences by code, and both totals; codes of no list are counted nowhere."""
    codes = code_list("attendance")
    possible, absent = codes.having(flag="possible"), codes.having(flag="absent")
    unauthorised = codes.having(category="unauthorised_absence")
    xml.leaf("SessionsPossible", sum(count for code, count in attended.items() if code in possible))
    away = {code: count for code, count in sorted(attended.items()) if code in absent}
    if away:
        with xml.inside("SessionDetails"):
            for code, count in away.items():
                with xml.inside("SessionDetail"):
                    xml.leaves(AttendanceReason=code, AbsenceSessions=count)
    xml.leaf("SessionsAuthorised", sum(count for code, count in away.items() if code not in unauthorised))
    xml.leaf("SessionsUnauthorised", sum(count for code, count in away.items() if code in unauthorised))


def _pupils(records: Records) -> dict[str, dict[str, str]]:
    table = records[PUPILS].drop_duplicates("PupilID")
    born = pd.Series(records.dates(PUPILS, "DOB").text(ISO), index=records[PUPILS].index)
    wanted = ["UPN", "Surname", "Forename", "Sex", "Ethnicity", "FSM", "FirstLanguage", "YoungCarer", "SENProvision", "SENNeed"]
    return table.assign(DOB=born.loc[table.index]).set_index("PupilID")[[*wanted, "DOB"]].to_dict("index")


def _as_last_year(pupils: dict[str, dict[str, str]], before: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The pupils with UPN and ethnicity as the council held them a year ago."""
    held = before.drop_duplicates("PupilID").set_index("PupilID")[["UPN", "Ethnicity"]].to_dict("index")
    return {pupil: {**about, **held.get(pupil, {})} for pupil, about in pupils.items()}


def _spells(records: Records, census: Census) -> pd.DataFrame:
    """Who is on each roll on the day, and who left it since the term before began."""
    start, end = records.dates(ENROLMENTS, "Start"), records.dates(ENROLMENTS, "End")
    frame = pd.DataFrame(
        {
            "pupil": records.column(ENROLMENTS, "PupilID"),
            "school": records.column(ENROLMENTS, "SchoolID"),
            "start": start.text(ISO),
            "end": np.where(end.day <= census.day, end.text(ISO), ""),
            "nc": records.column(ENROLMENTS, "NCYear"),
            "part_time": records.column(ENROLMENTS, "PartTime"),
            "on_roll": (start.day <= census.day) & (end.day > census.day),
            "left": (end.day <= census.day) & (end.day >= day_number(census.attendance.first)),
        }
    )
    # A pupil who goes on into the next school year at the same school has not left.
    stays = frame.loc[frame["on_roll"], ["pupil", "school"]]
    again = pd.MultiIndex.from_frame(frame[["pupil", "school"]]).isin(pd.MultiIndex.from_frame(stays))
    frame = frame[frame["on_roll"] | (frame["left"] & ~again)]
    return frame.drop_duplicates(["pupil", "school", "on_roll"], keep="last")


def _attendance(registers: Registers, term: Term) -> dict[tuple[str, str], dict[str, int]]:
    """Sessions of a term by pupil, school and code."""
    out: dict[tuple[str, str], dict[str, int]] = {}
    for month in registers.months(day_number(term.first), day_number(term.last)):
        wide = max(1, len(month.codes))
        key = (month.school.astype(np.int64) * max(1, len(month.pupils)) + month.pupil) * wide + month.code
        # An exact repeat of a mark counts once.
        place = month.day.astype(np.int64) * 2 + month.session
        fresh = (np.diff(place, prepend=-1) != 0) | (np.diff(month.pupil, prepend=-1) != 0) | (np.diff(month.school, prepend=-1) != 0)
        found, counts = np.unique(key[fresh], return_counts=True)
        for number, count in zip(found, counts, strict=True):
            who, code = divmod(int(number), wide)
            school, pupil = divmod(who, len(month.pupils))
            codes = out.setdefault((str(month.pupils[pupil]), str(month.schools[school])), {})
            name = str(month.codes[code])
            codes[name] = codes.get(name, 0) + int(count)
    return out


def _suspended(records: Records, term: Term) -> dict[tuple[str, str], list[Any]]:
    """Suspensions that began in a term, by pupil and school; a row without a date belongs to none."""
    start = records.dates(SUSPENSIONS, "StartDate")
    inside = (start.day >= day_number(term.first)) & (start.day <= day_number(term.last))
    table = records[SUSPENSIONS].assign(start=start.text(ISO))[inside]
    out: dict[tuple[str, str], list[Any]] = {}
    for row in table.itertuples():
        out.setdefault((str(row.PupilID), str(row.SchoolID)), []).append(row)
    return out
