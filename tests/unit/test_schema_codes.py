"""Code lists: shipped with validity, old codes readable, unknown ones refused, and what each code may be used for."""

from __future__ import annotations

from datetime import date

import pytest

from early_id.core.errors import DeclarationError, SettingsError
from early_id.core.types import SharingClass, Usage
from early_id.schema.codes import Code, CodeList, code_list, register_code_list
from early_id.schema.conditions import all_of, any_of, at_least, can_hold, is_true, isin, not_
from early_id.schema.tables import CANONICAL, Column, Table, Tables

MARKS = code_list("attendance")
CHANGE = date(2024, 8, 19)  #: the attendance codes of 2024 came into force

PUBLISHED_MARKS = "/ \\ L B K P V W D C C1 C2 E I J1 M R S T G N O U Q Y1 Y2 Y3 Y4 Y5 Y6 Y7 X Z # - H J Y F"
PUBLISHED_REASONS = "BU DA DB DM DS LG MT OW PA PH PP RA SM TH VA VP OT"

NAMES = (
    "attendance", "assessment_factors", "suspension_reasons", "ethnicity", "sen_provision", "sen_need", "cin_disability", "session", "sex",
    "suspension_category", "missing_type", "early_help_response", "statutory_status", "household_role", "notification_kind", "housing_finance",
    "household_factor",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_list_has_codes_each_once_with_a_meaning(name: str) -> None:
    codes = code_list(name)
    assert len(codes.codes) >= 2 and len(set(codes.values())) == len(codes.codes)
    assert all(item.code and item.meaning for item in codes.codes)
    assert all(item.valid_from is None or item.valid_to is None or item.valid_from <= item.valid_to for item in codes.codes)


def test_the_lists_hold_what_the_department_publishes() -> None:
    assert set(PUBLISHED_MARKS.split()) == set(MARKS.values())
    assert set(PUBLISHED_REASONS.split()) == set(code_list("suspension_reasons").values())
    factors = set(code_list("assessment_factors").values())
    assert {"1A", "3B", "4C", "8F", "18B", "19C", "20", "21", "22A", "23A", "24A"} <= factors
    assert {"N", "K", "E"} <= set(code_list("sen_provision").values()) and "WBRI" in code_list("ethnicity")


@pytest.mark.parametrize("code", ["C1", "C2", "J1", "K", "Q", "Y1", "Y7"])
def test_new_marks_are_in_force_from_their_day_only(code: str) -> None:
    assert MARKS[code].is_valid_on(CHANGE) and not MARKS[code].is_valid_on(date(2024, 8, 18))


@pytest.mark.parametrize("code", ["H", "J", "Y"])
def test_withdrawn_marks_are_in_force_until_their_day_and_stay_readable(code: str) -> None:
    assert MARKS[code].is_valid_on(date(2024, 8, 18)) and not MARKS[code].is_valid_on(CHANGE)
    assert MARKS[code].meaning


def test_old_marks_keep_their_meaning() -> None:
    assert {code: MARKS[code].category for code in "HJYF"} == {
        "H": "authorised_absence", "J": "approved_educational_activity", "Y": "not_possible_session", "F": "authorised_absence",
    }  # fmt: skip
    reason = code_list("suspension_reasons")
    assert reason["OT"].valid_to == date(2020, 8, 31) and reason["MT"].valid_from == date(2020, 9, 1)


@pytest.mark.parametrize("code", ["8", "i", "", "YY", "y1", None])
def test_an_unknown_code_is_refused_and_never_a_default(code: str | None) -> None:
    assert code not in MARKS
    with pytest.raises(SettingsError, match="no code in the list 'attendance'"):
        MARKS[str(code)]


def test_an_unknown_list_offers_the_nearest() -> None:
    with pytest.raises(SettingsError, match="attendance") as caught:
        code_list("atendance")
    assert caught.value.exit_code == 2


def test_flags_follow_the_category() -> None:
    possible, attended, absent = (MARKS.having(flag=name) for name in ("possible", "attended", "absent"))
    assert attended | absent == possible and not attended & absent
    assert absent == MARKS.having(category="authorised_absence") | MARKS.having(category="unauthorised_absence")
    assert not possible & (MARKS.having(category="not_possible_session") | MARKS.having(category="no_mark"))


def test_what_codes_may_be_used_for() -> None:
    assert MARKS.having(usage=Usage.NEVER) == {"R", "T", "Y5"}
    assert MARKS.stand_ins() == {"R": "/", "T": "/", "\\": "/", "Y5": "Y7"}
    factors = code_list("assessment_factors")
    # 19A is the withdrawn form of 19B and 19C, and is held back with them.
    assert factors.having(usage=Usage.REMOVE_ONLY) == {"11A", "12A", "19A", "19B", "19C", "22A", "23A", "24A"}
    assert factors.having(usage=Usage.NEVER) == {"8B", "8C", "9A"}
    assert factors.having(usage=Usage.AUDIT_ONLY) == {"5A", "6A"}
    assert code_list("suspension_reasons").having(usage=Usage.AUDIT_ONLY) == {"LG", "DS", "RA"}
    assert code_list("household_factor").having(usage=Usage.REMOVE_ONLY) == factors.having(usage=Usage.REMOVE_ONLY)


#: Design: never as a feature, only for the audit, only to take a family out.
NEVER = {
    "pupils": {"upn", "nhs_number", "forename", "surname", "sex", "ethnicity", "first_language", "postcode", "uprn", "recorded_on"},
    "enrolments": {"school_id"},
    "early_help": {"response"},
    "household_members": {"household_id", "evidence"},
}
AUDIT_ONLY = {
    "pupils": {"birth_date", "sen_provision", "sen_need", "disability", "fsm", "fsm_ever6", "idaci_decile", "young_carer"},
    "schools": {"phase"},
}
REMOVE_ONLY = {
    "household_members": {"safe_to_contact", "protected_address", "no_joint_contact"},
    "pupils": {"died_on"},
    "contacts": {"outcome", "outcome_on", "need"},
}


@pytest.mark.parametrize(("usage", "expected"), [(Usage.NEVER, NEVER), (Usage.AUDIT_ONLY, AUDIT_ONLY), (Usage.REMOVE_ONLY, REMOVE_ONLY)])
def test_what_columns_may_be_used_for(usage: Usage, expected: dict[str, set[str]]) -> None:
    for table, names in expected.items():
        assert names == {column.name for column in CANONICAL[table].columns if column.usage is usage}, table


def test_no_statutory_column_and_no_school_can_be_a_feature() -> None:
    assert {column.usage for column in CANONICAL["statutory"].columns} == {Usage.REMOVE_ONLY}
    assert {table["school_id"].usage for table in CANONICAL.values() if "school_id" in table} == {Usage.NEVER}


@pytest.mark.parametrize("table", CANONICAL.values(), ids=lambda table: table.name)
def test_tables_name_only_columns_and_lists_that_exist(table: Table) -> None:
    own = {*table.column_names}
    named = {table.happened, table.ends, *table.key, *table.later, *(name for names in table.later.values() for name in names)} - {""}
    assert named <= own
    assert all(code_list(column.codes).codes for column in table.columns if column.codes)
    assert len(own) == len(table.columns) and not own & {"child_id", "family_id"}


def test_tables_of_the_design_are_there() -> None:
    assert set(CANONICAL) == {
        "pupils", "enrolments", "schools", "attendance", "suspensions", "missing_episodes", "education_status", "household_members",
        "household_factors", "notifications", "contacts", "early_help", "statutory", "wishes", "relationships", "family_groups", "school_contacts", "addresses",
    }  # fmt: skip


def test_what_is_shipped_cannot_be_replaced() -> None:
    with pytest.raises(SettingsError, match="cannot be replaced"):
        register_code_list(CodeList("attendance", "mine", (Code("A", "anything"),)))
    with pytest.raises(DeclarationError, match="canonical"):
        Tables().plus((Table("pupils", "mine", (), sharing=SharingClass.SCHOOL),))
    rent = Table("rent", "Rent", (Column("due_on", "date"),), sharing=SharingClass.HOUSING_FINANCE)
    assert "rent" in Tables().plus((rent,)) and "rent" not in Tables()


HALF_SAID = {
    "who holds it": ({}, "does not say who holds"),
    "who holds it, in a word of one's own": ({"sharing": "SCHOOL"}, "does not say who holds"),
    "covered by nothing known": ({"sharing": SharingClass.SCHOOL, "covered_by": "roles"}, "covered by something"),
    "kind without codes": ({"sharing": SharingClass.SCHOOL, "kind": "due_on"}, "not a column with a code list"),
    "kind that is no column": ({"sharing": SharingClass.SCHOOL, "kind": "sort"}, "not a column with a code list"),
}


@pytest.mark.parametrize("name", HALF_SAID)
def test_a_half_said_table_does_not_load_and_is_told_what_to_write(name: str) -> None:
    parts, wanted = HALF_SAID[name]
    with pytest.raises(DeclarationError, match=wanted) as caught:
        Table("rent", "Rent", (Column("due_on", "date"),), **parts)
    assert "'rent'" in str(caught.value) and caught.value.what_next
    if not parts:
        assert "sharing=SharingClass.SCHOOL" in str(caught.value)


def test_codes_of_one_feed_come_together() -> None:
    feeds = {code.code: code.feed or code.code for code in code_list("household_factor").codes}
    assert feeds["4B"] == feeds["21"] == "assessment" and feeds["rent_arrears"] == "rent_arrears" != feeds["council_tax_arrears"]


CAN_HOLD = {
    "nothing said": (None, {"a", "b", "c"}),
    "named": (isin("kind", {"a", "b"}), {"a", "b"}),
    "not named": (not_(isin("kind", {"a"})), {"b", "c"}),
    "another column": (isin("other", {"a"}), {"a", "b", "c"}),
    "not another column": (not_(at_least("n", 3)), {"a", "b", "c"}),
    "both": (all_of(isin("kind", {"a", "b"}), not_(isin("kind", {"a"}))), {"b"}),
    "either": (any_of(isin("kind", {"a"}), all_of(is_true("x"), isin("kind", {"c"}))), {"a", "c"}),
    "neither": (not_(any_of(isin("kind", {"a"}), all_of(is_true("x"), isin("kind", {"c"})))), {"b", "c"}),
}


@pytest.mark.parametrize("name", CAN_HOLD)
def test_which_codes_a_condition_can_count(name: str) -> None:
    condition, wanted = CAN_HOLD[name]
    assert {code for code in "abc" if can_hold(condition, "kind", code)} == wanted


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(SettingsError, match="attendance"):
        Tables()["atendance"]
    with pytest.raises(SettingsError, match="start_on"):
        CANONICAL["enrolments"]["start"]
    with pytest.raises(DeclarationError, match="unknown type"):
        Column("x", "date time")
