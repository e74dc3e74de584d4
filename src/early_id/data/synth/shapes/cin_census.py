"""The children in need census as XML: every episode of need open in the last full year to 31 March.

Element names: Department for Education, children in need census guide, as read by data-to-insight/csc-validator-be-cin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from early_id.data.synth.population.identifiers import PSEUDO_COUNCIL
from early_id.data.synth.shapes.cases import make_cases
from early_id.data.synth.shapes.dates import ISO, Dates, written
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import PEOPLE, STATUTORY, Records
from early_id.data.synth.shapes.recurring import CP_REVIEWS, recurring
from early_id.data.synth.shapes.ssd_people import ethnicity_and_more, known_upn
from early_id.data.synth.shapes.ssd_protection import CONFERENCE_DUE, categories, conferences, need_plans, statuses
from early_id.data.synth.shapes.xml import Document
from early_id.data.synth.timeline import NEVER, Timeline, as_date, day_number

#: Days within which an assessment is due.
ASSESSMENT_DUE = 45


class Part(NamedTuple):
    """One status within a case: its place among those of its kind, its first day, and both dates as they are shown."""

    place: int
    day: int
    start: str
    end: str


def return_year(timeline: Timeline) -> tuple[int, int]:
    """First and last day of the last year to 31 March that is over at the time of the extracts."""
    today = as_date(timeline.extracted)
    last = date(today.year, 3, 31) if today > date(today.year, 3, 31) else date(today.year - 1, 3, 31)
    return day_number(date(last.year - 1, 4, 1)), day_number(last)


def write_cin_census(folder: Path, records: Records, extra: Extra) -> None:
    """One file for the council."""
    first, last = return_year(records.timeline)
    census = _Census(records.as_on(records.day), extra, first, last)
    with Document(folder / "cin_census.xml") as xml, xml.inside("Message"):
        with xml.inside("Header"):
            with xml.inside("CollectionDetails"):
                xml.leaves(Collection="CIN", Year=as_date(last).year, ReferenceDate=as_date(last).isoformat())
            with xml.inside("Source"):
                xml.leaves(SourceLevel="L", LEA=PSEUDO_COUNCIL, SoftwareCode="made-up council", Release="1", SerialNo="001")
                xml.leaf("DateTime", f"{as_date(records.day).isoformat()}T09:00:00")
        with xml.inside("Children"):
            for person, numbers in census.children():
                census.write_child(xml, person, numbers)


class _Census:
    """The cases of a year and their parts, looked up by the number of the case."""

    def __init__(self, records: Records, extra: Extra, first: int, last: int) -> None:
        cases = make_cases(records, extra)
        self.table = cases.table
        opened, closed = self.table["opened"].to_numpy(), self.table["closed"].to_numpy()
        self.in_year = (opened <= last) & (closed >= first)
        self.opened = cases.opened.text(ISO)
        self.closed = np.where(closed <= last, cases.closed.text(ISO), "")
        # A reason without a date is a fault of the record and is shown; a reason that belongs to a later date is not.
        self.reason = np.where((closed <= last) | (closed == NEVER), self.table["reason"].to_numpy(), "")
        self.people = _people(records, extra)
        known = cases.assessments[(cases.assessments["case"] >= 0) & (cases.assessments["started"] <= last)]
        late = known["authorised"] > last
        self.assessments = {int(case): rows for case, rows in known.assign(authorised=known["authorised"].mask(late, NEVER)).groupby("case")}
        enquiry, began, _, _ = statuses(records, cases, "S47")
        met = conferences(records, cases, extra)
        on = pd.Series(met["on"].to_numpy(), index=met["enquiry"].to_numpy()).reindex(range(len(enquiry)), fill_value=NEVER)
        held = Dates(on.to_numpy(dtype=np.int64), np.full(len(on), "", dtype=object), np.ones(len(on), dtype=bool))
        self.enquiries = _by_case(enquiry, began, held, first, last)
        self.plans = _by_case(*need_plans(records, cases)[:3], first, last)
        protection, start, end, _ = statuses(records, cases, "CPP")
        self.protection = _by_case(protection, start, end, first, last)
        rows = protection["row"].to_numpy()
        self.initial, self.latest = categories(extra, rows, start.day, end.day, last + 1)
        person = self.table["person"].to_numpy()[protection["case"].to_numpy()]
        self.before = pd.DataFrame({"person": person, "start": start.day}).groupby("person")["start"].rank("first").to_numpy(dtype=np.int64) - 1
        reviews = recurring(start.day, end.day, extra.chance(STATUTORY, "visits", rows), last + 1, CP_REVIEWS)
        self.reviews = {int(place): list(written(group["on"].to_numpy())) for place, group in reviews[reviews["on"] >= first].groupby("place")}

    def children(self) -> Iterator[tuple[str, list[int]]]:
        """Each person with a case in the year, and the numbers of the cases in order of their start."""
        table = self.table[self.in_year].sort_values(["person", "opened"], kind="stable")
        for person, rows in table.groupby("person", sort=True):
            yield str(person), [int(number) for number in rows.index]

    def write_child(self, xml: Document, person: str, numbers: list[int]) -> None:
        """One child with all episodes."""
        about = self.people.get(person, {})
        with xml.inside("Child"):
            with xml.inside("ChildIdentifiers"):
                only_referred = bool((self.table["nfa"].to_numpy()[numbers] == "Y").all()) and not about.get("upn") and about.get("why")
                xml.leaves(LAchildID=about.get("id", person), UPN=about.get("upn", ""))
                xml.leaf("UPNunknown", "UN7" if only_referred else about.get("why", ""))
                xml.leaves(PersonBirthDate=about.get("born", ""), ExpectedPersonBirthDate=about.get("expected", ""))
                xml.leaves(Sex=about.get("sex", ""), PersonDeathDate=about.get("died", ""))
            with xml.inside("ChildCharacteristics"):
                xml.leaf("Ethnicity", about.get("ethnicity", "NOBT"))
                if about.get("disability"):
                    with xml.inside("Disabilities"):
                        for code in about["disability"].split(","):
                            xml.leaf("Disability", code)
            for number in numbers:
                with xml.inside("CINdetails"):
                    self._case(xml, number)

    def _case(self, xml: Document, number: int) -> None:
        row = self.table.iloc[number]
        enquiries = self.enquiries.get(number, [])
        xml.leaves(
            CINreferralDate=self.opened[number],
            ReferralSource=row["source"],
            PrimaryNeedCode=row["need"],
            CINclosureDate=self.closed[number],
            ReasonForClosure=self.reason[number],
            DateOfInitialCPC=next((part.end for part in enquiries if part.end), ""),
        )
        if number in self.assessments:
            for item in self.assessments[number].itertuples():
                with xml.inside("Assessments"):
                    started, due, signed = written(np.array([item.started, item.started + ASSESSMENT_DUE, item.authorised]))
                    xml.leaves(AssessmentActualStartDate=started, AssessmentInternalReviewDate=due, AssessmentAuthorisationDate=signed)
                    if signed and item.factors:
                        with xml.inside("FactorsIdentifiedAtAssessment"):
                            for code in item.factors:
                                xml.leaf("AssessmentFactors", code)
        for part in self.plans.get(number, []):
            with xml.inside("CINPlanDates"):
                xml.leaves(CINPlanStartDate=part.start, CINPlanEndDate=part.end)
        for part in enquiries:
            with xml.inside("Section47"):
                due = written(np.array([part.day + CONFERENCE_DUE]))[0]
                xml.leaves(S47ActualStartDate=part.start, InitialCPCtarget=due, DateOfInitialCPC=part.end)
                xml.leaf("ICPCnotRequired", "false" if part.end else "true")
        xml.leaf("ReferralNFA", "true" if row["nfa"] == "Y" else "false")
        for part in self.protection.get(number, []):
            with xml.inside("ChildProtectionPlans"):
                xml.leaves(CPPstartDate=part.start, CPPendDate=part.end, InitialCategoryOfAbuse=self.initial[part.place])
                xml.leaves(LatestCategoryOfAbuse=self.latest[part.place], NumberOfPreviousCPP=self.before[part.place])
                if part.place in self.reviews:
                    with xml.inside("Reviews"):
                        for day in self.reviews[part.place]:
                            xml.leaf("CPPreviewDate", day)


def _by_case(steps: pd.DataFrame, start: Dates, end: Dates, first: int, last: int) -> dict[int, list[Part]]:
    """Parts of each case that touch the year; an end after the year is not shown."""
    starts, ends = start.text(ISO), np.where(end.day <= last, end.text(ISO), "")
    out: dict[int, list[Part]] = {}
    for place, case in enumerate(steps["case"].to_numpy()):
        if start.day[place] <= last and end.day[place] >= first:
            out.setdefault(int(case), []).append(Part(place, int(start.day[place]), str(starts[place]), str(ends[place])))
    return out


def _people(records: Records, extra: Extra) -> dict[str, dict[str, str]]:
    """What the census says of each person of social care."""
    upn, why = known_upn(records, extra)
    ids = records.column(PEOPLE, "PersonID")
    frame = pd.DataFrame(
        {
            "id": records.column(PEOPLE, "LAChildID"),
            "upn": upn,
            "why": why,
            "born": records.dates(PEOPLE, "DOB").text(ISO),
            "sex": records.column(PEOPLE, "Sex"),
            "expected": records.dates(PEOPLE, "ExpectedDOB").text(ISO),
            "died": records.dates(PEOPLE, "DeathDate").text(ISO),
            "ethnicity": ethnicity_and_more(records, ids)["ethnicity"].to_numpy(),
            "disability": records.column(PEOPLE, "Disability"),
        },
        index=ids,
    )
    return {str(person): row for person, row in frame[~frame.index.duplicated()].to_dict("index").items()}
