"""Every shipped rule, held against rows that break it and rows that do not, and against cells that no rule may stumble over."""

from __future__ import annotations

from datetime import date

import pytest

from early_id.core.errors import DeclarationError
from early_id.core.types import Severity
from early_id.data.rules import BUILT_IN, RULES, Rule, all_rules, checking, register_rule
from early_id.data.rules.library import _ADDED
from early_id.data.rules.marks import _bank_holidays
from early_id.data.rules.returns import checked_columns
from early_id.schema.tables import Tables
from early_id.testing.check_rule import check_rule, staged, strange_rows
from intake import GOOD, Row

#: Found by one row: code, key of GOOD, what differs from the good row. A tuple of changes: each breaks the rule by itself.
ONE: list[tuple[str, str, Row | tuple[Row, ...]]] = [
    ("PUP001", "pupils", ({"upn": "A801200005001"}, {"upn": "M80120000500B"}, {"upn": "Q207000016049"})),
    ("PUP003", "pupils", ({"upn": "B80120000500"}, {"upn": "B801200005O01"}, {"upn": "I801200005001"}, {"upn": "b801200005001"})),
    ("PUP004", "pupils", {"ethnicity": "ZZZZ"}),
    ("PUP005", "pupils", ({"sex": ""}, {"sex": "X"})),
    ("PUP006", "pupils", {"birth_date": "2025-04-01"}),
    ("PUP007", "pupils", {"upn": "E999100019001"}),
    ("PUP008", "pupils", ({"upn": "", "upn_unknown": ""}, {"upn_unknown": "UN5"})),
    ("PUP009", "pupils", {"upn_unknown": "UN11"}),
    ("PUP010", "people", ({"child_number": "AB/12"}, {"child_number": "A" * 21}, {"child_number": "ab1"})),
    ("PUP011", "pupils", {"ethnicity": ""}),
    ("PUP012", "people", {"expected_birth_date": "2012-05-10"}),
    ("PUP013", "people", {"died_on": "2012-05-03"}),
    ("PUP014", "people", ({"disability_codes": "NONE,LD"}, {"disability_codes": "LD, LD"})),
    ("PUP015", "people", {"disability_codes": "LD,WINGS"}),
    ("PUP017", "pupils", {"sen_provision": "Z"}),
    ("PUP018", "pupils", {"sen_need": "ADHD"}),
    ("PUP019", "pupils", {"sen_provision": "N", "sen_need": "SEMH"}),
    ("PUP020", "pupils", ({"nhs_number": "9434765918"}, {"nhs_number": "943476591"}, {"nhs_number": "0000000000"})),
    ("PUP021", "pupils", ({"uln": "9276308687"}, {"uln": "927630868"}, {"uln": "0000000000"})),
    ("PUP023", "pupils", {"young_carer": "Y"}),
    ("PUP024", "pupils", ({"idaci_decile": "0"}, {"idaci_decile": "11"})),
    ("PUP025", "pupils", {"postcode": "Elm Street"}),
    ("PUP026", "pupils", ({"uprn": "1.00E+11"}, {"uprn": "1234567890123"})),
    ("ATT001", "attendance", ({"code": "8"}, {"code": "i"})),
    ("ATT002", "attendance", {"session": "Evening"}),
    ("ATT003", "attendance", {"date": "2024-11-09", "known": "2024-11-11"}),
    ("ATT004", "attendance", {"date": "2024-12-25", "known": "2024-12-26"}),
    ("ATT006", "attendance", ({"code": "H"}, {"code": "C2", "date": "2024-06-03"})),
    ("ATT007", "attendance", ({"session": "PM"}, {"code": "\\"})),
    ("ATT009", "attendance", {"known": "2024-11-03"}),
    ("ATT010", "attendance", {"code": "X"}),
    ("ATT011", "attendance", {"code": "S"}),
    ("ATT012", "attendance", {"date": "2014-05-02", "known": "2014-05-03"}),
    ("TOT001", "totals", {"possible": "61"}),
    ("TOT002", "totals", ({"possible": "900", "attended": "840", "absent": "60"}, {"possible": "-2", "attended": "-2", "absent": "0"})),
    ("ENR001", "enrolments", {"school_id": "S9"}),
    ("ENR003", "enrolments", {"establishment": "51001"}),
    ("ENR004", "enrolments", {"nc_year": "Year 8"}),
    ("ENR005", "enrolments", ({"nc_year": "5", "end_on": "2025-07-22"}, {"nc_year": "R"})),
    ("ENR006", "enrolments", {"leaving_reason": "moved", "end_on": ""}),
    ("ENR007", "enrolments", {"source_person_id": "P0"}),
    ("ENR008", "enrolments", {"start_on": "2014-01-06", "nc_year": ""}),
    ("SUS001", "suspensions", {"category": "LNCH"}),
    ("SUS002", "suspensions", {"reason_3": "QQ"}),
    ("SUS003", "suspensions", ({"sessions": ""}, {"sessions": "91"}, {"sessions": "0"})),
    ("SUS007", "suspensions", {"category": "PERM"}),
    ("SUS008", "suspensions", {"start_on": "2024-11-10"}),
    ("SUS010", "suspensions", {"reason_1": ""}),
    ("SUS011", "suspensions", {"reason_2": "DB"}),
    ("SUS012", "suspensions", ({"reason_1": "LG", "start_on": "2019-11-11"}, {"reason_1": "OT"})),
    ("SCH001", "schools", {"phase": ""}),
    ("SCH003", "schools", {"lead_contact": ""}),
    ("EDU001", "education_status", {"status": "EHE"}),
    ("EDU003", "education_status", {"status": "neet"}),
    ("MIS001", "missing_episodes", {"type": "Absconded"}),
    ("MIS002", "missing_episodes", {"ended_at": "2031-10-02 01:00:00"}),
    ("MIS005", "missing_episodes", {"started_at": "2023-10-01 20:00:00"}),
    ("MIS006", "missing_episodes", {"interview_offered": "perhaps"}),
    ("MIS007", "missing_episodes", {"source_person_id": "P0", "ended_at": ""}),
    ("FAC001", "household_factors", {"factor": "99Z"}),
    ("FAC003", "household_factors", ({"factor": "18A"}, {"factor": "19A"})),
    ("STA001", "statutory", {"status": "LAC"}),
    ("STA002", "statutory", {"status": "REFERRAL", "case_closed_on": "2024-01-09", "close_reason": "RC8"}),
    ("STA003", "statutory", ({"status": "REFERRAL", "case_closed_on": "2024-02-09", "close_reason": ""},
                             {"status": "REFERRAL", "case_closed_on": "", "close_reason": "RC8"})),
    ("STA008", "statutory", ({"status": "REFERRAL", "referral_source": "", "primary_need": "N1", "referral_nfa": "N"},
                             {"status": "REFERRAL", "referral_source": "2A", "primary_need": "", "referral_nfa": "N"})),
    ("STA009", "statutory", {"status": "REFERRAL", "referral_nfa": "Y", "outcome": "assessed"}),
    ("STA010", "statutory", {"outcome": "assessed", "outcome_on": "2024-01-09"}),
    ("STA011", "statutory", {"outcome": "", "outcome_on": "2024-01-12"}),
    ("STA012", "statutory", {"status": "CARE_LEAVER"}),
    ("STA013", "statutory", {"source_person_id": "P0", "end_on": ""}),
    ("STA014", "statutory", {"status": "S47", "end_on": ""}),
    ("STA016", "statutory", {"primary_need": "need"}),
    ("STA017", "statutory", {"close_reason": "RC0"}),
    ("STA018", "statutory", {"referral_source": "school"}),
    ("CON001", "contacts", {"outcome_on": "2024-10-11"}),
    ("CON002", "contacts", {"outcome": ""}),
    ("CON004", "contacts", {"contact_source": ""}),
    ("EHP001", "early_help", {"response": "declined"}),
    ("EHP002", "early_help", {"response": "accepted", "end_reason": "consent withdrawn", "end_on": "2025-01-10"}),
    ("EHP003", "early_help", {"response": "accepted", "start_on": "2024-11-20", "end_on": "2024-11-10"}),
    ("EHP004", "early_help", {"response": "accepted", "start_on": "2024-10-19"}),
    ("EHP005", "early_help", {"start_on": "2024-11-20"}),
    ("EHP006", "early_help", {"end_reason": "other", "end_on": ""}),
    ("EHP007", "early_help", {"reviewed_on": "2024-10-19"}),
    ("EHP008", "early_help", ({"plan_on": "2024-10-19"}, {"assessed_on": "2023-10-19"})),
    ("NOT001", "notifications", {"kind": "fire"}),
    ("NOT002", "notifications", {"known": "2024-10-09"}),
    ("WSH001", "wishes", {"kind": "please do not"}),
    ("WSH002", "wishes", {"until_on": "2024-10-01"}),
    ("REL001", "relationships", {"relation": "neighbour"}),
    ("REL001", "school_contacts", {"relation": "PAM"}),
    ("REL002", "relationships", {"other_person_id": "C1"}),
    ("REL003", "relationships", {"to_on": "2012-05-03"}),
    ("REL004", "relationships", {"source_person_id": "P0", "from_on": "2051-05-04"}),
    ("HHM001", "household_members", {"role": "lodger"}),
    ("HHM002", "household_members", {"source_person_id": "P9", "role": "parent", "from_on": "2016-05-04"}),
    ("HHM003", "household_members", {"source_person_id": "P0", "from_on": "2015-05-04"}),
    ("BIR001", "contacts", {"contact_on": "2012-05-03", "outcome": "", "outcome_on": ""}),
    ("BIR002", "contacts", {"stated_birth_date": "2012-04-05"}),
    ("BIR003", "contacts", {"source_person_id": "P8"}),
    ("ORP001", "contacts", {"source_person_id": "P" * 60}),
    ("INT001", "statutory", {"end_on": "2024-01-09"}),
    ("INT001", "missing_episodes", {"ended_at": "2024-10-01 19:59:00"}),
    ("FUT001", "household_factors", {"happened_on": "2026-04-01"}),
    ("FUT002", "household_factors", {"happened_on": "2025-03-10"}),
    ("GEN003", "contacts", {"source_person_id": "C1 "}),
    ("GEN004", "contacts", {"outcome": " advice"}),
    ("GEN005", "contacts", ({"source_person_id": "-1"}, {"source_person_id": "Unknown"}, {"source_person_id": "SSD_PH_7"})),
    ("GEN006", "notifications", {"known": "2025-03-09"}),
]  # fmt: skip
TOTALS: Row = {
    "source_person_id": "P1", "school_id": "S1", "from_on": "2024-09-02", "to_on": "2024-10-25", "possible": "60", "attended": "55", "absent": "5",
}  # fmt: skip
LAST_YEAR: Row = {"source_person_id": "P1", "upn": "B801200005001", "ethnicity": "WBRI"}
OTHERS = {
    "pupils": (
        {"source_person_id": "P0", "birth_date": "1990-01-01"},
        {"source_person_id": "P1", "birth_date": "2012-05-04", "upn": "B801200005001", "ethnicity": "WBRI"},
        {"source_person_id": "P9", "birth_date": "2015-05-04"},
        {"source_person_id": "P8", "birth_date": "2012-05-04", "died_on": "2024-10-01"},
    )
}
GOOD_ROWS: dict[str, tuple[str, Row]] = {
    name: ({"people": "pupils"}.get(name, name), row) for name, (_, _, row) in GOOD.items()
} | {"totals": ("attendance_totals", TOTALS), "last_year": ("pupils_last_year", LAST_YEAR)}  # fmt: skip
BY_CODE = {rule.code: rule for rule in all_rules()}


@pytest.mark.parametrize(("code", "name", "change"), ONE, ids=[f"{code}-{name}" for code, name, _ in ONE])
def test_a_rule_finds_what_breaks_it_and_nothing_else(code: str, name: str, change: Row | tuple[Row, ...]) -> None:
    table, good = GOOD_ROWS[name]
    changes = change if isinstance(change, tuple) else (change,)
    # A rule may need a column that the good row leaves out.
    needed = dict.fromkeys(BY_CODE[code].needs, "")
    fine = [] if code in ("PUP011", "PUP008") else [{**needed, **good}]
    others = {} if table == "pupils" else OTHERS
    check_rule(BY_CODE[code], bad=[{**needed, **good, **one} for one in changes], good=fine, table=table, tables=others, strange=False)


def rows(name: str, *changes: Row) -> list[Row]:
    return [{**GOOD_ROWS[name][1], **change} for change in changes]


def marks(first: date, codes: str, **more: str) -> list[Row]:
    """Marks of school days from ``first`` on, two a day."""
    days = [date.fromordinal(first.toordinal() + n) for n in range(60) if (first.toordinal() + n) % 7 not in (0, 6)]
    return rows(
        "attendance",
        *[{"date": str(days[n // 2]), "session": ("AM", "PM")[n % 2], "code": code, "known": "", **more} for n, code in enumerate(codes)],
    )


SUSPENDED = rows("suspensions", {"start_on": "2024-11-04", "sessions": "6"})
#: Found among several rows: code, table, rows at fault, how often, rows that are right, rows of other tables.
SEVERAL: dict[str, tuple[str, list[Row], int, list[Row], dict[str, list[Row]]]] = {
    "PUP002": ("pupils", rows("pupils", {}, {"source_person_id": "P2"}), 2, rows("pupils", {}, {"source_person_id": "P2", "upn": "P207000016049"}), {}),
    "PUP016": (
        "pupils_last_year", rows("last_year", {"upn": "P207000016049"}, {"ethnicity": "WIRI"}), 2,
        rows("last_year", {}, {"upn": "M80120000500A"}, {"upn": ""}, {"source_person_id": "P7", "upn": "P207000016049"}), dict(OTHERS),
    ),
    "PUP022": (
        "pupils", rows("pupils", {}, {"source_person_id": "P2", "nhs_number": "943 476 5919"}), 2,
        rows("pupils", {}, {"source_person_id": "P2", "nhs_number": "9434765870"}), {},
    ),
    "ATT005": (
        "attendance", rows("attendance", {"code": "#"}, {"code": "#", "source_person_id": "P2"}, {"source_person_id": "P3"}), 1,
        rows("attendance", {"code": "#"}, {"source_person_id": "P2"}, {"source_person_id": "P3"}), {},
    ),
    "ATT008": (
        "attendance", rows("attendance", {"date": "2024-08-30"}, {"school_id": "S2"}), 2, rows("attendance", {}, {"date": "2024-08-30", "code": "Z"}),
        {"enrolments": rows("enrolments", {})},
    ),
    "TOT003": (
        "attendance_totals", rows("totals", {"possible": "3", "attended": "3", "absent": "0"}), 1,
        rows("totals", {"possible": "3", "attended": "2", "absent": "1"}), {"attendance": marks(date(2024, 9, 2), "/\\I")},
    ),
    "ENR002": (
        "enrolments", rows("enrolments", {}, {"school_id": "S2", "start_on": "2024-10-01"}), 1,
        rows("enrolments", {"end_on": "2024-10-01"}, {"school_id": "S2", "start_on": "2024-10-01"}), {},
    ),
    "SUS004": ("suspensions", SUSPENDED, 1, rows("suspensions", {"start_on": "2024-11-04", "sessions": "4"}), {"attendance": marks(date(2024, 11, 4), "EEEE/\\")}),
    "SUS005": (
        "attendance", marks(date(2024, 11, 4), "EE") + marks(date(2024, 11, 4), "EE", source_person_id="P2"), 1, marks(date(2024, 11, 4), "EE"),
        {"suspensions": SUSPENDED},
    ),
    "SUS006": (
        "suspensions", rows("suspensions", {"sessions": "60"}, {"sessions": "20", "start_on": "2025-01-08"}, {"sessions": "11", "school_id": "S2", "start_on": "2025-02-03"}), 1,
        rows("suspensions", {"sessions": "60"}, {"sessions": "20", "start_on": "2025-01-08"}, {"sessions": "11", "start_on": "2024-07-03"}), {},
    ),
    "SUS009": (
        "suspensions", rows("suspensions", {"sessions": "10"}, {"sessions": "2", "start_on": "2024-11-13"}), 1,
        rows("suspensions", {"sessions": "10"}, {"sessions": "2", "start_on": "2024-11-18"}), {},
    ),
    "SUS013": (
        "suspensions", rows("suspensions", {"category": "PERM", "sessions": ""}, {"start_on": "2024-12-02"}), 1,
        rows("suspensions", {"category": "PERM", "sessions": ""}, {"start_on": "2024-12-02", "school_id": "S2"}), {},
    ),
    "SCH002": (
        "schools", rows("schools", {"hub_name": "North"}, {"school_id": "S2", "hub_name": "South"}), 2,
        rows("schools", {"hub_name": "North"}, {"school_id": "S2", "hub_name": "North"}), {},
    ),
    "EDU002": (
        "education_status", rows("education_status", {}, {"start_on": "2024-01-08"}), 1, rows("education_status", {}, {"start_on": "2024-09-02", "end_on": ""}), {},
    ),
    "EDU004": (
        "education_status", rows("education_status", {"start_on": "2024-09-16", "end_on": ""}), 1, rows("education_status", {}),
        {"enrolments": rows("enrolments", {})},
    ),
    "MIS003": (
        "missing_episodes", rows("missing_episodes", {}, {"started_at": "2024-10-01 23:00:00"}), 1,
        rows("missing_episodes", {}, {"started_at": "2024-10-02 01:00:00", "ended_at": "2024-10-03 01:00:00"}), {},
    ),
    "MIS004": (
        "missing_episodes", rows("missing_episodes", {"ended_at": ""}, {"started_at": "2024-12-01 23:00:00", "ended_at": ""}), 1,
        rows("missing_episodes", {}, {"started_at": "2024-12-01 23:00:00", "ended_at": ""}), {},
    ),
    "FAC002": (
        "household_factors", rows("household_factors", {}, {"factor": "21"}), 1, rows("household_factors", {}, {"factor": "21", "happened_on": "2024-11-10"}), {},
    ),
    "STA004": (
        "statutory",
        rows("statutory", {"status": "REFERRAL", "referral_id": "R1", "case_closed_on": "2024-02-01", "end_on": ""}, {"referral_id": "R1", "start_on": "2024-02-04"}), 1,
        rows("statutory", {"status": "REFERRAL", "referral_id": "R1", "case_closed_on": "2024-02-04", "end_on": ""}, {"referral_id": "R1", "start_on": "2024-02-04"}), {},
    ),
    "STA005": ("statutory", rows("statutory", {}, {"start_on": "2024-02-04"}), 1, rows("statutory", {}, {"start_on": "2024-02-04", "status": "CPP"}), {}),
    "STA006": (
        "statutory",
        rows("statutory", {"plan_start_on": "2024-01-17", "plan_end_on": "2024-03-01"}, {"status": "CPP", "start_on": "2024-02-20", "end_on": ""}), 1,
        rows("statutory", {"plan_start_on": "2024-01-17", "plan_end_on": "2024-02-19"}, {"status": "CPP", "start_on": "2024-02-20", "end_on": ""}), {},
    ),
    "STA007": ("statutory", rows("statutory", {"status": "CPP"}, {"status": "CPP", "start_on": "2024-02-04"}), 1, rows("statutory", {"status": "CPP"}), {}),
    "STA015": ("statutory", rows("statutory", {"status": "CLA"}, {"status": "CLA", "start_on": "2024-02-04"}), 1, rows("statutory", {"status": "CLA"}), {}),
    "CON003": (
        "contacts", rows("contacts", {}, {"contact_on": "2024-10-13", "contact_source": "2A"}), 1,
        rows("contacts", {"contact_source": "1A"}, {"contact_on": "2024-10-13", "contact_source": "2A"}), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", SEVERAL)
def test_a_rule_of_several_rows_or_tables_finds_what_breaks_it(code: str) -> None:
    table, bad, count, good, others = SEVERAL[code]
    check_rule(BY_CODE[code], bad=bad, good=good, count=count, table=table, tables={"schools": rows("schools", {}, {"school_id": "S2"}), **others})


@pytest.mark.parametrize("name", GOOD_ROWS)
def test_no_rule_of_a_row_stumbles_over_a_strange_cell(name: str) -> None:
    """All rules of a table at once, every column given: an error of the engine would stop the intake."""
    table, good = GOOD_ROWS[name]
    every = {column.name: "" for column in (*Tables()[table].columns, *checked_columns(table))}
    rows_given = list(strange_rows([{**every, **good}]))
    assert staged(table, rows_given, OTHERS if table != "pupils" else {}) == len(rows_given) > 40


def test_every_rule_is_tried() -> None:
    assert {code for code, *_ in ONE} | set(SEVERAL) == {rule.code for rule in RULES}
    assert len(all_rules()) >= 60 and len({rule.code for rule in all_rules()}) == len(all_rules())


def test_all_25_faults_of_the_standards_have_a_rule() -> None:
    assert {rule.number for rule in RULES if rule.number} == set(range(1, 26))


def test_a_rule_that_finds_nothing_or_too_much_is_told_so() -> None:
    rule = Rule("LOC001", Severity.QUERY, ("contacts",), "contact_source = 'fax'", "A contact came by fax.", "Ask for another way.")
    with pytest.raises(AssertionError, match="0 times among the bad rows, not 1"):
        check_rule(rule, bad=rows("contacts", {}))
    with pytest.raises(AssertionError, match="1 times among the good rows"):
        check_rule(rule, bad=rows("contacts", {"contact_source": "fax"}), good=rows("contacts", {"contact_source": "fax"}))
    blunt = Rule("LOC002", Severity.ERROR, ("contacts",), "contact_source = 'fax'", "A contact came by fax.", "Ask for another way.")
    with pytest.raises(AssertionError, match="which columns it blames"):
        check_rule(blunt, bad=rows("contacts", {"contact_source": "fax"}))
    assert "LOC001" not in {one.code for one in all_rules()}


def test_a_rule_that_stumbles_over_a_cell_does_not_pass() -> None:
    import duckdb

    rule = Rule("LOC001", Severity.QUERY, ("contacts",), "CAST(contact_source AS INTEGER) > 3", "The source is a large number.", "Ask.")
    with pytest.raises(duckdb.Error):
        check_rule(rule, bad=rows("contacts", {"contact_source": "4"}))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"code": "ATT1"}, "three capitals"),
        ({"scope": "table"}, "unknown scope"),
        ({"scope": "records", "severity": Severity.ERROR}, "cannot set rows aside"),
        ({"advice": " "}, "no advice"),
        ({"scope": "store", "tables": ()}, "names the tables"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_where_it_is_declared(change: dict[str, object], match: str) -> None:
    said = {"code": "LOC001", "severity": Severity.QUERY, "tables": ("contacts",), "predicate": "false", "message": "Wrong.", "advice": "Ask."}
    with pytest.raises(DeclarationError, match=match):
        Rule(**{**said, **change})  # type: ignore[arg-type]


def test_a_council_adds_a_rule_and_replaces_none() -> None:
    rule = Rule("LOC001", Severity.QUERY, ("contacts",), "contact_source = 'fax'", "A contact came by fax.", "Ask for another way.")
    try:
        register_rule(rule)
        assert rule in checking("row", "contacts") and rule not in checking("row", "attendance")
    finally:
        _ADDED.clear()
    with pytest.raises(DeclarationError, match="shipped"):
        register_rule(BUILT_IN[0])
    with pytest.raises(DeclarationError, match="shipped"):
        register_rule(RULES[0])


def test_a_rule_holds_in_its_years_only() -> None:
    rule = BY_CODE["SUS010"]
    assert rule.years == "from 2020-09-01" and BY_CODE["PUP001"].years == "all years"
    old = rows("suspensions", {"reason_1": "", "start_on": "2019-11-11"})
    check_rule(rule, bad=rows("suspensions", {"reason_1": ""}), good=[*old])


def test_bank_holidays_are_those_of_the_year() -> None:
    """As published for England and Wales (gov.uk)."""
    days = _bank_holidays()
    assert {date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 6), date(2024, 5, 27), date(2024, 8, 26)} <= set(days)
    assert date(2022, 6, 2) in days and date(2022, 5, 30) not in days and date(2020, 5, 8) in days and date(2020, 5, 4) not in days


def test_bank_holidays_of_a_weekend_are_kept_on_a_working_day() -> None:
    from early_id.data.rules.marks import _bank_holidays

    days = {str(day) for day in _bank_holidays(2020, 2023)}
    assert {"2020-12-28", "2021-12-27", "2021-12-28", "2022-12-27", "2022-01-03", "2023-01-02"} <= days
    assert not {"2020-12-27", "2022-12-28", "2023-12-27", "2021-01-04", "2022-01-02"} & days
