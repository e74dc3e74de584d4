"""Every kind of mess a made-up council can hold, each of which can be switched on and off.

``rule`` is the number of the fault in ``data_quality_rules`` of the data standards; kinds without one have the place that names
them as their source. ``found`` is the code under which today's intake finds the mess; empty where it does not notice, and
``refused`` where it refuses the whole file (held by ``tests/recovery/test_synth_faults_found.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from early_id.core.errors import SettingsError
from early_id.data.synth.naming import LISTED, unknown

Group = Literal["records", "marks", "people"]
#: Words that stand for several kinds.
WORDS = ("usual", "all", "none")
#: What ``Kind.found`` says where a file with this mess is not read at all.
REFUSED = "refused"


@dataclass(frozen=True)
class Kind:
    """One kind of mess.

    Attributes
    ----------
    name : str
        What it is called on the command line and in ``truth/faults.csv``.
    group : str
        ``records`` (rows of the extracts), ``marks`` (session marks) or ``people`` (who is who).
    usual : bool
        Whether it is planted by default: today's intake reads it without harm or finds it.
    text : str
        What is wrong, in a few words.
    rule : int or None
        Number of the fault in ``data_quality_rules``.
    source : str
        Where the fault comes from.
    found : str
        Code of the finding that ingest makes of it; empty where it makes none.
    """

    name: str
    group: Group
    usual: bool
    text: str
    rule: int | None = None
    source: str = ""
    found: str = ""

    @property
    def told(self) -> str:
        """What is wrong, the number of its rule, and what intake makes of it; of people intake sees next to nothing, so only what it finds."""
        intake = {"": "" if self.group == "people" else "not noticed", REFUSED: "the file is refused"}.get(self.found, f"found as {self.found}")
        return "; ".join(part for part in (self.text, f"rule {self.rule}" if self.rule else "", intake) if part)


_YES, _NO = True, False
_GENERAL = "data standards, 7.2"
_EXPORTS = "exports of council systems; data standards, 7.1 and 7.2"

RECORDS: tuple[Kind, ...] = (
    Kind("upn_check_letter", "records", _YES, "UPN check letter wrong", 1, "CIN 1510", "PUP001"),
    Kind("upn_shared", "records", _NO, "same UPN on two children", 2, "CIN 1520; 903 444", "PUP002"),
    Kind("upn_unknown_authority", "records", _NO, "UPN of a council that is not known", 3, "CIN 1530", "PUP007"),
    Kind("upn_form", "records", _NO, "UPN with a character that is not allowed", 4, "CIN 1540, 1550", "PUP003"),
    Kind("upn_and_reason", "records", _YES, "UPN and reason for having none both or neither filled", 5, "CIN 8770Q, 1560Q; 903 168, 442", "PUP008"),
    Kind("child_id_characters", "records", _YES, "LA child id with other characters than A-Z and 0-9", 6, "CIN 1580", "PUP010"),
    Kind("person_not_listed", "records", _YES, "person not in this source's list", 7, "903 INT04", "ORP001"),
    Kind("birth_date_differs", "records", _YES, "birth date of the event differs from the person's", 8, "903 INT13, 203", "BIR002"),
    Kind("value_changed", "records", _YES, "UPN or ethnicity differs from the value held last year", 9, "903 208, 204", "PUP016"),
    Kind("ethnicity_code", "records", _YES, "ethnicity not in the list", 10, "CIN 4220", "PUP004"),
    Kind("ethnicity_missing", "records", _NO, "ethnicity missing", 10, "CIN 4220", "PUP011"),
    Kind("sex_missing", "records", _YES, "sex missing", 11, "CIN 4180", "PUP005"),
    Kind("birth_date_missing", "records", _NO, "neither birth date nor expected birth date", 12, "CIN 8525Q", "GEN002"),
    Kind("birth_and_expected", "records", _YES, "both birth date and expected birth date", 12, "CIN 8525Q", "PUP012"),
    Kind("death_before_birth", "records", _YES, "death before birth", 12, "CIN 8535Q", "PUP013"),
    Kind("disability_list", "records", _YES, "disability list with NONE and another, or a code twice", 13, "CIN 8790, 8794", "PUP014"),
    Kind("end_before_start", "records", _YES, "end before start", 14, "CIN 8630", "INT001"),
    Kind("closed_before_referred", "records", _YES, "case closed before it was referred", 14, "CIN 8630", "STA002"),
    Kind("close_reason", "records", _YES, "closed without a reason, or reason without a close date", 15, "CIN 8805, 8810", "STA003"),
    Kind("activity_after_close", "records", _YES, "activity after the case closed", 16, "CIN 8565", "STA004"),
    Kind("event_before_birth", "records", _YES, "event before birth", 17, "903 586", "BIR001"),
    Kind("two_open_episodes", "records", _NO, "two open CIN episodes for one child", 18, "CIN 8815, 8816", "STA005"),
    Kind("plan_during_protection", "records", _YES, "CIN plan runs while a child protection plan runs", 19, "CIN 4001", "STA006"),
    Kind("two_protection_plans", "records", _NO, "two open child protection plans", 20, "CIN 8935", "STA007"),
    Kind("need_or_source_missing", "records", _YES, "primary need or referral source missing", 21, "CIN 8610, 8866", "STA008"),
    Kind("factor_none_with_others", "records", _NO, "factor 21 (none) together with another", 22, "CIN 8869", "FAC002"),
    Kind("factor_repeated", "records", _NO, "the same factor twice in one assessment", 22, "CIN 8898", "DUP002"),
    Kind("factor_withdrawn", "records", _NO, "withdrawn factor 18A or 19A", 22, "CIN 8945Q, 8950Q", "FAC003"),
    Kind("factor_unknown", "records", _YES, "unknown factor code", None, _GENERAL, "FAC001"),
    Kind("activity_on_no_action", "records", _YES, "activity on a referral marked no further action", 23, "CIN 8831", "STA009"),
    Kind("missing_type", "records", _YES, "missing-episode type not M or A", 24, "903 1006", "MIS001"),
    Kind("missing_blank", "records", _NO, "missing episode without type or start", 24, "903 1006, 564", "GEN002"),
    Kind("missing_end_before_start", "records", _YES, "end before start", 24, "903 567", "INT001"),
    Kind("missing_outside_year", "records", _NO, "missing episode that ends after the extract", 24, "903 570, 571", "MIS002"),
    Kind("missing_overlap", "records", _NO, "missing episode begins while another runs", 25, "903 574", "MIS003"),
    Kind("missing_left_open", "records", _NO, "missing episode left open though a later one began", 25, "903 575, 576, 577", "MIS004"),
    Kind("suspension_category", "records", _YES, "unknown suspension category", None, "data standards, 2.2", "SUS001"),
    Kind("unreadable_date", "records", _YES, "date cannot be read", None, _GENERAL, "GEN001"),
    Kind("required_missing", "records", _YES, "required value missing", None, _GENERAL, "GEN002"),
    Kind("repeated_row", "records", _YES, "exact repeated row", None, _EXPORTS, "DUP001"),
    Kind("mixed_date_styles", "records", _YES, "dates of two styles in one column", None, _GENERAL, "DAT002"),
    Kind("unusual_date_styles", "records", _NO, "dates in styles that no mapping names", None, _GENERAL, "GEN001"),
    Kind("serial_dates", "records", _NO, "spreadsheet serial number in place of a date", None, _GENERAL, "GEN001"),
    Kind("lost_leading_zeros", "records", _YES, "leading zeros of a school number lost", None, _GENERAL, "ENR003"),
    Kind("trailing_spaces", "records", _YES, "spaces after a code", None, _EXPORTS, "GEN004"),
    Kind("padded_ids", "records", _NO, "spaces after a person's id", None, _EXPORTS, "GEN003"),
    Kind("duplicate_export", "records", _NO, "the same file twice under two names", None, _EXPORTS, "DUP001"),
    Kind("code_list_change", "records", _NO, "codes of another list from a day within a school year", None, "data standards, 7.2", "CON003"),
    Kind("wrong_encoding", "records", _NO, "file in the encoding cp1252", None, _EXPORTS, "SRC001"),
    Kind("two_enrolments", "records", _NO, "on the rolls of two schools at once", None, "data standards, 1.3 (D)", "ENR002"),
)  # fmt: skip

MARKS: tuple[Kind, ...] = (
    Kind("mark_unknown", "marks", _YES, "unknown attendance code", None, "data standards, 1.3", "ATT001"),
    Kind("mark_withdrawn", "marks", _YES, "code used after it was withdrawn", None, "data standards, 1.3", "ATT006"),
    Kind("mark_unreadable_date", "marks", _YES, "date cannot be read", None, _GENERAL, "GEN001"),
    Kind("mark_required_missing", "marks", _YES, "required value missing", None, _GENERAL, "GEN002"),
    Kind("mark_repeated", "marks", _YES, "exact repeated row", None, _EXPORTS, "DUP001"),
    Kind("late_marks", "marks", _YES, "mark known later than the next day", None, "data standards, 1.5"),
    Kind("corrected_marks", "marks", _YES, "mark entered as N and corrected later", None, "data standards, 1.3"),
    Kind("silent_month", "marks", _NO, "school that sends nothing for a month", None, "data standards, 4.3", "COV001"),
)  # fmt: skip

_LINKS = "data standards, 6 (matching problems)"
_HOMES = "data standards, 6 and 7.3; council tax, tenancy and court records"
#: People as each agency knows them.
PEOPLE: tuple[Kind, ...] = (
    Kind("typing_errors", "people", _YES, "name mistyped or spelt by ear", None, _LINKS),
    Kind("nicknames", "people", _YES, "short form in place of the forename", None, _LINKS),
    Kind("swapped_names", "people", _YES, "forename and surname change places", None, _LINKS),
    Kind("surname_changes", "people", _YES, "surname from before or after a marriage or a parting", None, _LINKS),
    Kind("names_without_numbers", "people", _NO, "the errors above also where no number joins the record", None, _LINKS),
    Kind("missing_upns", "people", _YES, "pupil without a UPN", 5, "CIN 8770Q"),
    Kind("temporary_upns", "people", _YES, "pupil with a temporary UPN", 4, "CIN 1550"),
    Kind("sibling_upns", "people", _NO, "brothers or sisters under one UPN", 2, "CIN 1520; 903 444", "PUP002"),
    Kind("missing_nhs_numbers", "people", _YES, "NHS number missing", None, _LINKS),
    Kind("wrong_nhs_numbers", "people", _YES, "NHS number mistyped, or a brother's or sister's", None, _LINKS),
    Kind("birth_date_errors", "people", _NO, "digits of the birth date changed round, day and month swapped, or a year out", 8, "903 INT13, 203"),
    Kind("estimated_birth_dates", "people", _NO, "1 January in place of an unknown birthday", 8, _LINKS),
    Kind("unknown_birth_dates", "people", _NO, "birth date missing", 12, "CIN 8525Q", "GEN002"),
    Kind("old_addresses", "people", _YES, "family moved; the address before is still held", None, _HOMES),
    Kind("protected_addresses", "people", _YES, "address protected: marked, and withheld from every list", None, _HOMES),
    Kind("unsafe_contacts", "people", _YES, "adult marked as not safe to contact", None, _HOMES),
    Kind("no_contact_orders", "people", _YES, "adults who must not be contacted together", None, _HOMES),
    Kind("separated_parents", "people", _YES, "child in two households, with the other parent's surname in some lists", None, _HOMES),
    Kind("living_apart", "people", _YES, "16- or 17-year-old in a household of their own", None, _HOMES),
    Kind("one_open_child", "people", _YES, "one child of a family open to another council's statutory services", None, "data standards, 5.1"),
    Kind("twins", "people", _YES, "twins: same birthday and address, other forename", None, _LINKS),
    Kind("cousins", "people", _YES, "cousins of nearly the same name and birthday in two families", None, _LINKS),
    Kind("adopted", "people", _YES, "records from before an adoption, never to be linked to those after", None, "data standards, 5.1 and 6"),
    Kind("two_ids", "people", _YES, "one person under two ids of one agency", None, "data standards, 4.2 (ssd_linked_identifiers)"),
)  # fmt: skip

KINDS: tuple[Kind, ...] = RECORDS + MARKS + PEOPLE


def kind_named(name: str) -> Kind:
    """The kind called ``name``; an unknown name is a settings error that offers the nearest."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise unknown("kind of mess", name, [*WORDS, *(kind.name for kind in KINDS)], where="--mess")


def parse(words: str | Iterable[str] = "usual") -> frozenset[str]:
    """Names of the kinds that ``words`` stand for.

    Parameters
    ----------
    words : str or iterable of str
        ``usual``, ``all``, ``none`` or names of kinds, one after another or with commas between them. A name after a minus sign is
        taken away again: ``usual,-late_marks``.

    Returns
    -------
    frozenset of str

    Raises
    ------
    SettingsError
        A name that no kind has, or a text without any name.

    Examples
    --------
    >>> sorted(parse("serial_dates, silent_month"))
    ['serial_dates', 'silent_month']
    >>> parse("none")
    frozenset()
    >>> "late_marks" in parse("usual"), "late_marks" in parse(["usual", "-late_marks"])
    (True, False)
    """
    listed = [words] if isinstance(words, str) else list(words)
    names = [part.strip() for word in listed for part in word.split(",") if part.strip()]
    if isinstance(words, str) and not names:
        raise SettingsError("No kind of mess is named.", where="--mess", what_next=f"Write 'none' for a council without mess. {LISTED}")
    groups = {
        "usual": frozenset(kind.name for kind in KINDS if kind.usual),
        "all": frozenset(kind.name for kind in KINDS),
        "none": frozenset[str](),
    }
    chosen: frozenset[str] = frozenset()
    for name in names:
        plain = name.removeprefix("-")
        kinds = groups[plain] if plain in groups else frozenset({kind_named(plain).name})
        chosen = chosen - kinds if name.startswith("-") else chosen | kinds
    return chosen
