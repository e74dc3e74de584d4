"""Rules for every table, for whole files, and for what sources send over time."""

from __future__ import annotations

from early_id.core.types import Severity
from early_id.data.rules.declare import Rule

_E, _Q, _N = Severity.ERROR, Severity.QUERY, Severity.NOTE
PERSON_EVENTS = (
    "enrolments", "attendance", "suspensions", "missing_episodes", "education_status", "household_members",
    "household_factors", "notifications", "contacts", "early_help", "statutory", "wishes",
)  # fmt: skip
#: Who belongs to whom: rows of a person that are no events.
_BELONGING = ("relationships", "family_groups", "school_contacts", "addresses")
#: What cannot have happened yet when it is sent.
_PAST = ("missing_episodes", "notifications", "household_factors", "contacts", "suspensions")
_NOBODY = "'-1', '0', 'UNKNOWN', 'NOT KNOWN', 'N/A', 'NA', 'NONE', 'NULL', 'TBC', 'TEST'"

RULES: tuple[Rule, ...] = (
    Rule("ORP001", _E, (*PERSON_EVENTS, *_BELONGING), "source_person_id IS NOT NULL AND person_listed IS NULL",
         "The row's person is not in the people file of the same source.", "Ask for a people file of the same day.", "903V INT04", number=7, blames=("source_person_id",)),
    Rule("BIR001", _E, PERSON_EVENTS, "happened_on < person_born", "The event is dated before the child was born.", "Check both dates at the source.", "903V 586",
         number=17, blames=("{starts}",)),
    Rule("BIR002", _Q, PERSON_EVENTS, "len(person_births) > 0 AND NOT list_contains(person_births, stated_birth_date)",
         "The date of birth beside the event is not that of the person.", "The people list counts. Ask whose event it is: it may be another child's.", "903V INT13, 203",
         needs=("stated_birth_date",), number=8, blames=("stated_birth_date",)),
    Rule("BIR003", _Q, PERSON_EVENTS, "happened_on > person_died AND person_died >= person_born", "The event is dated after the person died.",
         "Check both dates at the source at once: meanwhile nobody writes to this family.", "903V (died)", blames=("{starts}",)),
    Rule("INT001", _E, ("enrolments", "education_status", "statutory", "household_members", "missing_episodes", "household_factors"),
         "{ends} < {starts}", "The end lies before the start.", "Check both dates at the source.", "903V 567, CINV 8630", number=14, blames=("{starts}", "{ends}")),
    Rule("FUT001", _Q, (), "happened_on > received_on + 366", "The row is dated more than a year after it was received.",
         "Check the date at the source.", blames=("{starts}",)),
    Rule("FUT002", _Q, _PAST, "happened_on > received_on + 1 AND happened_on <= received_on + 366", "The event lies after the day on which it was received.",
         "Check the date at the source, and the 'received' of the settings.", blames=("{starts}",)),
    Rule("GEN003", _N, (), "padded_id", "Spaces stood before or after a person's id.", "Nothing: they were taken away. A join in a spreadsheet would have missed the row."),
    Rule("GEN004", _N, (), "padded_text", "Spaces stood before or after a code or a word.", "Nothing: they were taken away."),
    Rule("GEN006", _Q, (), "stated_recorded > received_on + 1", "The recorded date lies after the day on which the file was received.",
         "Check the date at the source, and the 'received' of the settings: the row counts as known from its recorded date only.", blames=("recorded",)),
    Rule("GEN005", _E, (), f"upper(source_person_id) IN ({_NOBODY}) OR starts_with(upper(source_person_id), 'SSD_PH')",
         "The person's id is a placeholder.", "Ask for the real id: rows of many people would count as one person's.", "data standards, 6 (placeholder ids)",
         needs=("source_person_id",), blames=("source_person_id",)),
)  # fmt: skip

#: Rules that ingest applies by itself: they need the text before it was read, other rows, or other batches.
BUILT_IN: tuple[Rule, ...] = (
    Rule("GEN001", _E, (), "", "A date, a number or a yes-or-no cannot be read.",
         "Correct it, or name its format in the shape under 'dates' or its meaning under 'values'.", scope="intake"),
    Rule("GEN002", _E, (), "", "A value that has to be there is missing.", "Complete it at the source.", scope="intake"),
    Rule("DUP001", _N, (), "", "The row repeats another row of the same file exactly.", "Nothing is lost: one copy is kept, and the others lie with the rows set aside.",
         scope="intake", sets_aside=True),
    Rule("DUP002", _E, (), "", "Two rows of one day give different answers for the same record.",
         "Ask the source which holds; the first is kept, but a mark that is settled before one that is not (N, -).", "CINV 8898", scope="intake"),
    Rule("DAT001", _Q, (), "", "No day above 12 stands in a column of many dates: day and month have probably changed places.",
         "Ask in which style the file writes its dates, and name it in the shape under 'dates' (%m/%d/%Y is the American one). Counted are the dates.", scope="intake"),
    Rule("DAT002", _N, (), "", "Dates of two styles stand in one column.", "They were read. Ask the source for one style: the next one may be read wrongly. "
         "Counted are the dates of the rarer styles.", "data standards, 7.2", scope="intake"),
    Rule("COV001", _Q, ("attendance",), "", "A school with pupils on its roll sent no mark for a week or more while others did.",
         "Ask the school for the marks: until they come its pupils' absence is not known, not nought. Counted are the gaps.", "data standards, 4.3", scope="intake"),
    Rule("COV002", _Q, ("attendance",), "", "A school with pupils on its roll has never sent a mark.",
         "Ask the school, or say in the settings of which schools the source tells ('schools'). Counted are schools.", "data standards, 4.3", scope="intake"),
    Rule("COV003", _Q, (), "", "The file holds fewer than half of the rows that the one before it held.",
         "Ask whether the export was cut off. Counted are the rows that are fewer.", scope="intake"),
    Rule("FIL001", _N, (), "", "The same file was taken in before.",
         "It was not read again. To have it read again, correct its source name, its shape or 'received' in the settings, or send a new export.", scope="intake"),
    Rule("FIL002", _N, (), "", "The file was taken in before under another source name, shape or day of receipt.",
         "It was read again, and the rows of the earlier reading were withdrawn; the earlier version of the store still holds them.", scope="intake"),
    Rule("FIL004", _E, (), "", "A line has more or fewer cells than there are headings, so nobody can tell which cell is which.",
         "Look at the line at the source: often a comma or a line break stands in a cell without quotes round it. The rest of the file was read. Counted are records.",
         scope="intake"),
    Rule("FIL003", _N, (), "", "Rows of people whose records were erased came again and were left out.",
         "Nothing has to be done here; ask the source to stop sending them. Counted are the rows.", scope="intake"),
    Rule("FIL005", _Q, (), "", "Rows bear the number of a person who was erased, under a source name that was not known then; they were left out.",
         "If the source was renamed, say so in its settings: formerly: [its earlier names]. If it is a source of its own, write formerly: [], and the rows come in with "
         "its next export. Counted are the rows.", scope="intake"),
)  # fmt: skip
