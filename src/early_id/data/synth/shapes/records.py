"""The council's records as on a day: the same tables that the extracts hold, without what was not yet known.

Nothing in these tables says when a row was recorded; each agency's delay is known (and stands in the mappings of the extracts), so
what was known on an earlier day is what a later extract holds, less the rows and the cells that came after.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.population.people import People
from early_id.data.synth.shapes.dates import Dates, Ints, Texts, read_dates
from early_id.data.synth.timeline import NEVER, Timeline

PEOPLE, CONTACTS, EARLY_HELP = "socialcare/people.csv", "socialcare/contacts.csv", "socialcare/early_help.csv"
STATUTORY, FACTORS = "socialcare/statutory.csv", "socialcare/factors.csv"
MISSING, POLICE_PEOPLE, NOTICES = "police/missing.csv", "police/people.csv", "police/notifications.parquet"
PUPILS, ENROLMENTS, SCHOOLS = "education/pupils.csv", "education/enrolments.csv", "education/schools.xlsx"
SUSPENSIONS = "education/suspensions.xlsx"
RELATIONSHIPS, SCHOOL_CONTACTS = "socialcare/relationships.csv", "education/school_contacts.csv"

#: File → column that dates a row, days until it is recorded, and later columns with what becomes known with them.
KNOWN: dict[str, tuple[str, int, dict[str, tuple[str, ...]]]] = {
    PEOPLE: ("RecordedOn", 0, {}),
    RELATIONSHIPS: ("RecordedOn", 0, {}),
    CONTACTS: ("ContactDate", 1, {"OutcomeDate": ("Outcome",)}),
    EARLY_HELP: (
        "OfferedOn",
        2,
        {
            "StartOn": ("LeadRole",),
            "EndOn": ("EndReason",),
            "AssessedOn": (),
            "PlanOn": ("ChildViewRecorded", "ReviewDueOn"),
            "ReviewedOn": (),
        },
    ),
    STATUTORY: (
        "StartOn",
        3,
        {"EndOn": (), "OutcomeOn": ("Outcome", "PrimaryNeed", "ReferralNFA"), "CaseClosedOn": ("CloseReason",), "PlanStartOn": (), "PlanEndOn": ()},
    ),
    FACTORS: ("AssessedOn", 5, {"EndedOn": ()}),
    MISSING: ("StartedAt", 1, {"EndedAt": ("InterviewOffered",)}),
}
#: Days after an offer by which the family's answer is put down, if help has not begun before; as in the extracts.
ANSWERED_WITHIN = 14


@dataclass(frozen=True)
class Records:
    """Tables as text, with row labels that stay the same whatever the day, and who is who behind the agencies' ids.

    ``day`` is the day of the export; nothing recorded on it or after it is in the tables.
    """

    tables: Tables
    people: People
    timeline: Timeline
    day: int
    _dates: dict[tuple[str, str], Dates] = field(default_factory=dict, repr=False)

    def __getitem__(self, file: str) -> pd.DataFrame:
        return self.tables[file]

    def column(self, file: str, name: str) -> Texts:
        """A column as text; empty where the table has no such column."""
        table = self.tables[file]
        return table[name].to_numpy(dtype=object) if name in table else np.full(len(table), "", dtype=object)

    def rows(self, file: str) -> Ints:
        """The label of each row: its number in the whole table."""
        return self.tables[file].index.to_numpy(dtype=np.int64)

    def dates(self, file: str, name: str) -> Dates:
        """A column of dates, read once."""
        key = (file, name)
        if key not in self._dates:
            self._dates[key] = read_dates(self.tables[file][name])
        return self._dates[key]

    def children(self, ids: Texts, column: str) -> Ints:
        """Row numbers of the children behind an agency's ids (``social_care_id`` and the like); -1 where nobody is."""
        known = pd.Series(np.arange(len(self.people)), index=self.people.children[column].to_numpy())
        return known.reindex(ids, fill_value=-1).to_numpy(dtype=np.int64)

    def as_on(self, day: int) -> Records:
        """The same records as they were known on an earlier day."""
        tables = dict(self.tables)
        for file, (dated, lag, later) in KNOWN.items():
            table = tables[file]
            on = self.dates(file, dated).day
            keep = (on < day - lag) | (on == NEVER)
            # A cell that should have a date beside it and has none is a fault of the record, not a thing of later.
            ahead = {when: (self.dates(file, when).day >= day) & (self.dates(file, when).day != NEVER) for when in later}
            cells = {
                name: np.where(ahead[when], "", self.column(file, name))[keep]
                for when, others in later.items()
                for name in (when, *others)
                if name in table
            }
            tables[file] = table[keep].assign(**cells)
        offers = tables[EARLY_HELP]
        offered = read_dates(offers["OfferedOn"]).day
        open_ = (offered >= day - ANSWERED_WITHIN) & (offered != NEVER) & (offers["StartOn"] == "").to_numpy()
        tables[EARLY_HELP] = offers.assign(Response=np.where(open_, "", offers["Response"]))
        return Records(tables, self.people, self.timeline, day)


def whole_records(tables: Tables, people: People, timeline: Timeline) -> Records:
    """The records as on the day of the extracts."""
    named = {name: table.reset_index(drop=True) for name, table in tables.items()}
    # Nobody has written down who belongs to whom in records that no agency holds yet.
    named.setdefault(RELATIONSHIPS, pd.DataFrame(columns=["PersonID", "OtherPersonID", "Relation", "FromOn", "ToOn", "RecordedOn"], dtype=object))
    return Records(named, people, timeline, timeline.extracted)
