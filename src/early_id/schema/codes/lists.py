"""Code lists: what a code means, when it was valid, and what it may be used for.

The lists are data, in the CSV files beside this module (source: Department for Education code sets, Open Government Licence v3; see
the README of ``schema``). What a code may be used for is the package's own rule and stands here, in tables.

A code marked ``never`` may have a stand-in: the code that features read instead of it. Sessions coded R (religious
observance) and T (parent travelling for work) are read as present, and Y5 (custody) as Y7 (cannot attend, other cause), so that
no feature can tell such a mark from an ordinary one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from early_id.core.errors import SettingsError
from early_id.core.types import Usage


@dataclass(frozen=True)
class Code:
    """One code: meaning, category, validity (both ends included) and permitted use."""

    code: str
    meaning: str
    category: str = ""
    usage: Usage = Usage.FEATURE
    valid_from: date | None = None
    valid_to: date | None = None
    stand_in: str | None = None
    flags: frozenset[str] = frozenset()
    feed: str = ""  #: codes that one supplier always sends together; empty: the code comes, or does not come, by itself

    def is_valid_on(self, day: date) -> bool:
        """Whether the code was in force on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class CodeList:
    """An ordered set of codes. An unknown code is a finding, never a default."""

    name: str
    label: str
    codes: tuple[Code, ...]

    def __contains__(self, code: object) -> bool:
        return any(item.code == code for item in self.codes)

    def __getitem__(self, code: str) -> Code:
        for item in self.codes:
            if item.code == code:
                return item
        raise SettingsError.unknown_name(f"code in the list '{self.name}'", code, self.values())

    def values(self) -> tuple[str, ...]:
        """All codes, in order."""
        return tuple(item.code for item in self.codes)

    def having(self, *, flag: str | None = None, category: str | None = None, usage: Usage | None = None) -> frozenset[str]:
        """Codes with a flag, a category or a permitted use."""
        return frozenset(
            item.code
            for item in self.codes
            if (flag is None or flag in item.flags) and (category is None or item.category == category) and (usage is None or item.usage is usage)
        )

    def stand_ins(self) -> dict[str, str]:
        """Code → the code that features read instead of it."""
        return {item.code: item.stand_in for item in self.codes if item.stand_in}


#: What codes may be used for, where it is not 'feature' (Equality Act 2010; data-standards section 8.2).
_USAGE: dict[str, dict[str, Usage]] = {
    "attendance": {"R": Usage.NEVER, "T": Usage.NEVER, "Y5": Usage.NEVER},
    "assessment_factors": {
        **dict.fromkeys(("11A", "12A", "19A", "19B", "19C", "22A", "23A", "24A"), Usage.REMOVE_ONLY),
        # The child's own disability as such, and a child from abroad: not signs of need for help.
        **dict.fromkeys(("5A", "6A"), Usage.AUDIT_ONLY),
        **dict.fromkeys(("8B", "8C", "9A"), Usage.NEVER),
    },
    # Abuse on sexual orientation, disability or race describes the act, and would still be read as the child's own.
    "suspension_reasons": dict.fromkeys(("LG", "DS", "RA"), Usage.AUDIT_ONLY),
}
# The afternoon's present mark is read as the morning's: otherwise an afternoon '/' would give an R or T away.
_STAND_INS: dict[str, dict[str, str]] = {"attendance": {"R": "/", "T": "/", "\\": "/", "Y5": "Y7"}}

#: Lists that come from a CSV file: file, label, code column, meaning column, category column, row filter.
_FILES: dict[str, tuple[str, str, str, str, str, tuple[str, str] | None]] = {
    "attendance": ("attendance_codes.csv", "Attendance marks", "code", "meaning", "category", None),
    "assessment_factors": ("assessment_factors.csv", "Factors at end of assessment", "code", "theme", "person_concerned", None),
    "suspension_reasons": ("exclusion_reasons.csv", "Reasons for suspension", "code", "meaning", "", None),
    "ethnicity": ("ethnicity_codes.csv", "Ethnic group", "code", "label", "dfe_major_6", None),
    "sen_provision": ("sen_codes.csv", "SEN provision", "code", "meaning", "status", ("code_set", "provision")),
    "sen_need": ("sen_codes.csv", "SEN need", "code", "meaning", "status", ("code_set", "need")),
    "authority": ("authority_codes.csv", "Authorities that issue pupil numbers", "code", "name", "", None),
    "cin_disability": ("sen_codes.csv", "Disability (children in need census)", "code", "meaning", "status", ("code_set", "cin_disability")),
}
#: Lists whose codes come together: an assessment records all factors or none, while each money team sends its own indicator.
_FEEDS = {"assessment_factors": "assessment"}
_FLAG_COLUMNS = {"counts_as_possible": "possible", "counts_as_attended": "attended", "counts_as_absent": "absent"}


def _plain(name: str, label: str, pairs: Iterable[tuple[str, str]], *, never: Iterable[tuple[str, str]] = ()) -> CodeList:
    """A list of code and meaning; those under ``never`` may not be used in a feature."""
    codes = [Code(code, meaning, usage=usage) for usage, some in ((Usage.FEATURE, pairs), (Usage.NEVER, never)) for code, meaning in some]
    return CodeList(name, label, tuple(codes))


#: Short lists of the package's own or of the Standard Safeguarding Dataset.
_OWN: dict[str, CodeList] = {
    item.name: item
    for item in (
        _plain("session", "Session", [("AM", "morning"), ("PM", "afternoon")]),
        _plain("sex", "Sex", [("F", "female"), ("M", "male"), ("U", "unknown")]),
        _plain("suspension_category", "Suspension category", [("SUSP", "suspension"), ("PERM", "permanent exclusion")]),
        _plain("missing_type", "Missing episode type", [("M", "whereabouts not known"), ("A", "absent, whereabouts known")]),
        _plain(
            "early_help_response",
            "The family's answer",
            [("accepted", "accepted"), ("not_now", "not now"), ("no_contact", "could not be reached")],
        ),
        _plain(
            "early_help_end",
            "Why help ended",
            [
                ("needs met", "the family's needs were met"),
                ("no longer needed", "no longer needed"),
                ("moved away", "the family moved away"),
                ("stepped up", "children's social care took over"),
                ("other", "another reason that is not the family's wish"),
            ],
            never=[("family withdrew", "the family wished it to end")],
        ),
        _plain(
            "education_status",
            "Education other than at school",
            [
                ("home_educated", "educated at home by choice of the parents"),
                ("missing_education", "of school age and not in education"),
                ("alternative_provision", "alternative provision arranged by the council"),
                ("neet", "16 or 17 and not in education, employment or training"),
                ("not_known", "16 or 17 and what they do is not known"),
            ],
        ),
        _plain(
            "recorder",
            "Who recorded it",
            [
                ("social_worker", "a social worker"),
                ("early_help", "an early-help practitioner"),
                ("school", "a school"),
                ("health", "a health service"),
                ("other", "another service"),
            ],
        ),
        _plain(
            "statutory_status",
            "Statutory status",
            [
                ("CLA", "looked after"),
                ("CPP", "child protection plan"),
                ("COURT", "court or pre-proceedings"),
                ("S47", "section 47 enquiry"),
                ("CIN", "child in need plan"),
                ("REFERRAL", "referral or assessment"),
                ("CARE_LEAVER", "care leaver"),
            ],
        ),
        _plain(
            "wish_kind",
            "Wish of a family",
            [("not_this_way", "not to be approached by way of a list"), ("objection", "objection to the use of records for lists")],
        ),
        _plain(
            "relationship",
            "What the other person is to the child",
            [
                ("mother", "mother"),
                ("father", "father"),
                ("parent", "parent, not said which"),
                ("stepparent", "step-parent, or a parent's partner"),
                ("guardian", "guardian or carer with parental responsibility"),
                ("special_guardian", "special guardian"),
                ("kinship_carer", "kinship carer: a relative or friend who brings the child up"),
                ("grandparent", "grandparent"),
                ("aunt", "aunt"),
                ("uncle", "uncle"),
                ("sibling", "brother or sister"),
                ("half_sibling", "half-brother or half-sister"),
                ("child", "child of the person"),
                ("other_relative", "another relative"),
                ("foster_carer", "foster carer: a placement, not a family"),
                ("childminder", "childminder"),
                ("professional", "somebody who works with the child"),
                ("other", "another contact"),
            ],
        ),
        _plain("household_role", "Role in the household", [("child", "child"), ("parent", "parent or carer"), ("other_adult", "other adult")]),
        _plain(
            "notification_kind",
            "Notice from another agency",
            [
                ("domestic_abuse_notice", "domestic abuse notice from police"),
                ("youth_justice", "youth justice contact"),
                ("health", "health notice"),
                ("bereavement", "bereavement"),
                ("section_47_contact", "contact that may lead to a section 47 enquiry"),
            ],
        ),
        _plain(
            "housing_finance",
            "Housing and money indicators",
            [
                ("rent_arrears", "rent arrears"),
                ("council_tax_arrears", "council tax arrears"),
                ("temporary_accommodation", "temporary accommodation"),
                ("benefit_cap", "benefit cap"),
                ("debt_advice", "debt advice"),
            ],
        ),
    )
}
_REGISTERED: dict[str, CodeList] = {}


def register_code_list(codes: CodeList) -> None:
    """Add a council's own list (through an extension); a shipped list cannot be replaced."""
    if codes.name in _FILES or codes.name in _OWN:
        raise SettingsError(f"The code list '{codes.name}' is shipped with the package and cannot be replaced.")
    _REGISTERED[codes.name] = codes


def code_list(name: str) -> CodeList:
    """The code list called ``name``; an unknown name is a settings error that offers the nearest."""
    if name in _OWN:
        return _OWN[name]
    if name in _REGISTERED:
        return _REGISTERED[name]
    if name in _FILES:
        return _from_file(name)
    if name == "household_factor":
        return CodeList(name, "Household factors", _from_file("assessment_factors").codes + _OWN["housing_finance"].codes)
    raise SettingsError.unknown_name("code list", name, [*_OWN, *_FILES, *_REGISTERED, "household_factor"])


@cache
def _from_file(name: str) -> CodeList:
    file, label, code_column, meaning_column, category_column, row_filter = _FILES[name]
    usage, stand_ins = _USAGE.get(name, {}), _STAND_INS.get(name, {})
    text = resources.files("early_id.schema.codes").joinpath(file).read_text(encoding="utf-8")
    codes = []
    for row in csv.DictReader(text.splitlines()):
        if row_filter and row[row_filter[0]] != row_filter[1]:
            continue
        code = row[code_column]
        codes.append(
            Code(
                code=code,
                meaning=row[meaning_column],
                category=row.get(category_column, "") if category_column else "",
                usage=usage.get(code, Usage.FEATURE),
                valid_from=_day(row.get("valid_from")),
                valid_to=_day(row.get("valid_to")),
                stand_in=stand_ins.get(code),
                flags=frozenset(flag for column, flag in _FLAG_COLUMNS.items() if row.get(column) == "1"),
                feed=_FEEDS.get(name, ""),
            )
        )
    return CodeList(name, label, tuple(codes))


#: Ethnic groups are reported in several sizes: number of groups → column of the shipped list.
ETHNIC_ROLL_UPS = {5: "group_5", 6: "dfe_major_6", 18: "dfe_minor_18", 19: "ons_2021_19_group"}


@cache
def ethnic_roll_up(size: int) -> dict[str, str]:
    """Code → group, for 5, 6, 18 (Department for Education) or 19 groups (Census 2021); refused and not obtained are left out."""
    text = resources.files("early_id.schema.codes").joinpath("ethnicity_codes.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    known = [row for row in rows if row["dfe_major_6"] != "Unclassified"]
    return {row["code"]: row[ETHNIC_ROLL_UPS[size]].removeprefix("ambiguous: ") for row in known}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
