"""The shipped rules. Faults follow ``data_quality_rules`` of the data standards; CINV and 903V name the public validators they restate."""

from __future__ import annotations

from early_id.core.types import Severity
from early_id.data.rules.declare import Rule
from early_id.schema.codes import code_list

_E, _Q = Severity.ERROR, Severity.QUERY

#: UPN check letters by remainder (CINV 1510): characters 2-13 times weights 2-13, sum modulo 23.
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_SUM = " + ".join(
    f"(CASE WHEN substr(upn, {n}, 1) BETWEEN '0' AND '9' THEN CAST(substr(upn, {n}, 1) AS INTEGER) "
    f"ELSE strpos('{_LETTERS}', substr(upn, {n}, 1)) - 1 END) * {n}"
    for n in range(2, 14)
)
_UPN_WRONG = (
    f"upn IS NOT NULL AND (NOT regexp_full_match(upn, '[{_LETTERS}][0-9]{{11}}[0-9{_LETTERS}]') "
    f"OR substr(upn, 1, 1) <> substr('{_LETTERS}', (({_SUM}) % 23) + 1, 1))"
)


def _values(name: str) -> str:
    return ", ".join("'" + code.replace("'", "''") + "'" for code in code_list(name).values())


def _outside_validity() -> str:
    parts = []
    for code in code_list("attendance").codes:
        literal = "'" + code.code.replace("'", "''") + "'"
        if code.valid_from:
            parts.append(f"(code = {literal} AND date < DATE '{code.valid_from}')")
        if code.valid_to:
            parts.append(f"(code = {literal} AND date > DATE '{code.valid_to}')")
    return " OR ".join(parts)


_PERSON_EVENTS = (
    "enrolments", "attendance", "suspensions", "missing_episodes", "education_status", "household_members",
    "household_factors", "notifications", "contacts", "early_help", "statutory", "wishes",
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule("PUP001", _Q, ("pupils",), _UPN_WRONG, "The UPN's check letter is wrong.",
         "Correct the UPN at its source; until then it is not used to link.", "CINV 1510, 1540, 1550"),
    Rule("PUP002", _Q, ("pupils",),
         "upn IS NOT NULL AND count(*) OVER (PARTITION BY upn) > 1 "
         "AND min(source_person_id) OVER (PARTITION BY upn) <> max(source_person_id) OVER (PARTITION BY upn)",
         "Two people carry the same UPN.", "Never merged automatically: ask the source which is right.", "CINV 1520, 903V 444"),
    Rule("PUP004", _Q, ("pupils",), f"ethnicity IS NOT NULL AND ethnicity NOT IN ({_values('ethnicity')})",
         "The ethnic group is not in the code list.", "Correct it at the source; it counts as not known in the audit.", "CINV 4220"),
    Rule("PUP005", _Q, ("pupils",), "sex IS NULL OR sex NOT IN ('F', 'M', 'U')", "Sex is missing or not F, M or U.",
         "Complete it at the source; it counts as not known in the audit.", "CINV 4180"),
    Rule("PUP006", _E, ("pupils",), "birth_date > received_on", "The date of birth lies after the extract was received.",
         "Correct the date; an expected birth date belongs in another field.", "CINV 8525Q"),
    Rule("ATT001", _E, ("attendance",), f"code IS NOT NULL AND code NOT IN ({_values('attendance')})",
         "The mark is not in the attendance code list.", "Correct the export; a code is never guessed.", "DfE attendance codes"),
    Rule("ATT002", _E, ("attendance",), "session IS NOT NULL AND session NOT IN ('AM', 'PM')", "The session is neither AM nor PM.",
         "Correct the export or recode it in the shape under 'values'."),
    Rule("ATT003", _Q, ("attendance",), "dayofweek(date) IN (0, 6) AND code NOT IN ('#', '-', 'X')", "A mark was made on a weekend.",
         "Check the dates of the export."),
    Rule("ATT006", _Q, ("attendance",), _outside_validity(), "The mark was not in force on its date.",
         "Kept and read by its old meaning; ask the school to use the codes in force.", "DfE attendance codes, 19 August 2024"),
    Rule("SUS001", _E, ("suspensions",), "category IS NOT NULL AND category NOT IN ('SUSP', 'PERM')",
         "The category of a suspension is not known.", "Use SUSP or PERM; recode older values (FIXD) in the shape under 'values'."),
    Rule("SUS002", _Q, ("suspensions",),
         " OR ".join(f"(reason_{n} IS NOT NULL AND reason_{n} NOT IN ({_values('suspension_reasons')}))" for n in (1, 2, 3)),
         "A reason for suspension is not in the code list.", "Correct it at the source; the event itself is kept."),
    Rule("SUS003", _Q, ("suspensions",), "category = 'SUSP' AND (sessions IS NULL OR sessions < 1 OR sessions > 90)",
         "A suspension has no sessions, or more than 90.", "Check the length: 45 school days a year is the limit.", "DfE exclusion guidance"),
    Rule("MIS001", _E, ("missing_episodes",), "type IS NOT NULL AND type NOT IN ('M', 'A')", "The type of a missing episode is not M or A.",
         "Map the words of the case system to M or A in the shape under 'values'.", "903V 1006"),
    Rule("FAC001", _E, ("household_factors",), f"factor IS NOT NULL AND factor NOT IN ({_values('household_factor')})",
         "The factor is not in the code list.", "Correct the export, or declare the factor in an extension."),
    Rule("FAC003", _Q, ("household_factors",), "factor IN ('18A', '19A')", "The factor was withdrawn.",
         "Ask for the current code (18B, 18C, 19B, 19C).", "CINV 8945Q, 8950Q"),
    Rule("STA001", _E, ("statutory",), f"status IS NOT NULL AND status NOT IN ({_values('statutory_status')})",
         "The statutory status is not known.", "Map the local name to a status in the shape under 'values'."),
    Rule("EHP001", _Q, ("early_help",), f"response IS NOT NULL AND response NOT IN ({_values('early_help_response')})",
         "The family's answer is not one of accepted, not_now, no_contact.", "Map it in the shape under 'values'."),
    Rule("EHP002", _Q, ("early_help",), f"end_reason IS NOT NULL AND end_reason NOT IN ({_values('early_help_end')})",
         "The reason why early help ended is not in the code list.",
         "Map it in the shape under 'values': to 'family withdrew' where the family wished it to end, so that it can never count against them."),
    Rule("EDU001", _Q, ("education_status",), f"status IS NOT NULL AND status NOT IN ({_values('education_status')})",
         "The education status is not in the code list.", "Map it in the shape under 'values'; it is kept but counted nowhere."),
    Rule("NOT001", _Q, ("notifications",), f"kind IS NOT NULL AND kind NOT IN ({_values('notification_kind')})",
         "The kind of notice is not known.", "Map it in the shape under 'values'; it is kept but counted nowhere."),
    Rule("WSH001", _Q, ("wishes",), f"kind IS NOT NULL AND kind NOT IN ({_values('wish_kind')})", "The kind of wish is not known.",
         "Map it in the shape under 'values'; until then it counts as a wish not to be approached."),
    Rule("WSH002", _Q, ("wishes",), "until_on <= from_on", "A wish ends before it was recorded.",
         "Correct the date; until then the wish counts as one without an end."),
    Rule("HHM001", _Q, ("household_members",), "role IS NOT NULL AND role NOT IN ('child', 'parent', 'other_adult')",
         "The role in the household is not known.", "Map it in the shape under 'values'."),
    Rule("ENR001", _Q, ("enrolments", "attendance", "suspensions"), "school_id IS NOT NULL AND school_id NOT IN (SELECT school_id FROM {schools})",
         "The school is not in the list of schools.", "Add it to the list of schools with its hub; it gets no list until then."),
    Rule("ORP001", _E, _PERSON_EVENTS,
         "source_person_id IS NOT NULL AND source_person_id NOT IN (SELECT source_person_id FROM {people} AS p WHERE p.source = s.source)",
         "The row's person is not in the people file of the same source.", "Ask for a people file of the same day.", "903V INT04"),
    Rule("BIR001", _E, _PERSON_EVENTS,
         "happened_on < (SELECT min(p.birth_date) FROM {people} AS p WHERE p.source = s.source AND p.source_person_id = s.source_person_id)",
         "The event is dated before the child was born.", "Check both dates at the source.", "903V 586"),
    Rule("INT001", _E, ("enrolments", "education_status", "statutory", "household_members", "missing_episodes", "household_factors"),
         "{ends} < {starts}", "The end lies before the start.", "Check both dates at the source.", "903V 567, CINV 8630"),
    Rule("FUT001", _Q, (), "happened_on > received_on + 366", "The row is dated more than a year after it was received.",
         "Check the date at the source."),
)  # fmt: skip

#: Rules that ingest applies by itself: they need the text before it was read, or other rows.
BUILT_IN: tuple[Rule, ...] = (
    Rule("GEN001", _E, (), "", "A date, a number or a yes-or-no cannot be read.", "Correct it, or name its format in the shape under 'dates' or its meaning under 'values'."),
    Rule("GEN002", _E, (), "", "A value that the table cannot do without is missing.", "Complete it at the source."),
    Rule("DUP001", _E, (), "", "The row repeats another row of the same file exactly.", "Nothing is lost: one copy is kept."),
    Rule("DUP002", _E, (), "", "Two rows of one day give different answers for the same record.", "Ask the source which holds; the first is kept."),
    Rule("FIL001", Severity.NOTE, (), "", "The same file was taken in before.",
         "It was not read again. To have it read again, correct its source name, its shape or 'received' in the settings, or send a new export."),
    Rule("FIL002", Severity.NOTE, (), "", "The file was taken in before under another source name, shape or day of receipt.",
         "It was read again, and the rows of the earlier reading were withdrawn; the earlier version of the store still holds them."),
)  # fmt: skip


def all_rules() -> tuple[Rule, ...]:
    """Every shipped rule, in order of code."""
    return tuple(sorted(RULES + BUILT_IN, key=lambda rule: rule.code))
