"""Validators for the identifiers that agencies share, and the words that stand where an identifier should.

UPN: the check letter is the sum of characters 2 to 13 times their position, modulo 23, indexed into ``ABCDEFGHJKLMNPQRTUVWXYZ`` (DfE UPN guide; CINV rule
1510). A temporary UPN ends in a letter, which counts by its place in the same list (CINV 1550).
NHS number: the check digit is 11 minus the sum of digits 1 to 9 times 10 to 2, modulo 11; 11 becomes 0 and 10 is invalid (NHS data dictionary).
ULN: digits 1 to 10 times 10 to 1 sum to 10 modulo 11; a remainder of 0 over the first nine is invalid (ULN specification). So no number is both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pandas as pd

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_VALUE = {**{str(n): n for n in range(10)}, **{letter: n for n, letter in enumerate(LETTERS)}}

#: Reasons why a UPN is not known, by return: SSDA903 UN1–UN5, CIN census UN1–UN7, SEN2 UN1–UN3, UN5, UN8–UN10 (data standards, section 6).
UNKNOWN_REASONS: Final = frozenset(f"UN{n}" for n in range(1, 11))
#: What systems write where nothing is known. Two people who both have one of these have nothing in common.
_PLACEHOLDERS = re.compile(
    r"^(?:-?[019]+|X+|N/?A|NONE|NULL|NIL|NAN|UNKNOWN|UN\d{1,2}|NOT ?(?:KNOWN|RECORDED|STATED|GIVEN|AVAILABLE)|TBC|TBA|TEST|DUPLICATE|"
    r"REDACTED|WITHHELD|PROTECTED|BABY|UNBORN|NO ?(?:NAME|UPN|SURNAME|FORENAME|POSTCODE)|SSD[_ ]?PH.*)$"
)
#: Names of the systems that an id went through, written before it: ``G_``, ``eStart`` (data standards, sections 4.4 and 6).
_PREFIXES = re.compile(r"^(?:G_|ESTART[_-]?|SSD[_-]|MOS[_-]|LL[_-])+(?=[A-Z0-9])")


def upn_is_valid(upn: str | None) -> bool:
    """Whether a permanent or temporary UPN has a right form and check letter.

    >>> upn_is_valid("B801200005001"), upn_is_valid("A801200005001"), upn_is_valid("M80120000500A")
    (True, False, True)
    """
    if not isinstance(upn, str) or len(upn) != 13 or upn[0] not in LETTERS:
        return False
    if not (upn[1:12].isascii() and upn[1:12].isdigit()) or upn[12] not in _VALUE:
        return False
    return LETTERS[sum(_VALUE[character] * place for place, character in enumerate(upn[1:], 2)) % 23] == upn[0]


def upn_is_temporary(upn: str | None) -> bool:
    """Whether a UPN is valid and temporary: a school gave it until the permanent one is known, so it contradicts no other.

    >>> upn_is_temporary("M80120000500A"), upn_is_temporary("B801200005001")
    (True, False)
    """
    return isinstance(upn, str) and upn_is_valid(upn) and upn[12].isalpha()


def nhs_number_is_valid(number: str | None) -> bool:
    """Whether a ten-digit NHS number has a right check digit; spaces are ignored.

    >>> nhs_number_is_valid("943 476 5919"), nhs_number_is_valid("9434765918")
    (True, False)
    """
    digits = _ten_digits(number)
    if digits is None:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9]) and check != 10


def uln_is_valid(number: str | None) -> bool:
    """Whether a ten-digit Unique Learner Number has a right check digit; no NHS number has.

    >>> uln_is_valid("9276308686"), uln_is_valid("9434765919")
    (True, False)
    """
    digits = _ten_digits(number)
    if digits is None:
        return False
    first_nine = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return first_nine % 11 != 0 and (first_nine + int(digits[9])) % 11 == 10


def uprn_is_valid(number: str | None) -> bool:
    """Whether a property number is up to twelve digits and not a filler such as 0 or 999999999999; there is no check digit.

    >>> uprn_is_valid("100023336956"), uprn_is_valid("0"), uprn_is_valid("1000 233")
    (True, False, True)
    """
    digits = number.replace(" ", "") if isinstance(number, str) else ""
    return digits.isascii() and digits.isdigit() and len(digits) <= 12 and int(digits) > 0 and set(digits.lstrip("0")) != {"9"}


def is_unknown_reason(value: str | None) -> bool:
    """Whether a value says why there is no UPN (UN1 to UN10) in place of being one."""
    return isinstance(value, str) and value.strip().upper() in UNKNOWN_REASONS


def is_placeholder(value: str | None) -> bool:
    """Whether a value is empty or a stand-in (``-1``, ``Unknown``, ``SSD_PH…``): it never agrees with anything, itself included.

    >>> [is_placeholder(v) for v in ("-1", "SSD_PH0012", "UN3", "not known", None, "Ann")]
    [True, True, True, True, True, False]
    """
    return not isinstance(value, str) or not value.strip() or _PLACEHOLDERS.match(value.strip().upper()) is not None


def without_prefix(value: str) -> str:
    """An id without the name of the system that it came through.

    >>> without_prefix("G_P12345"), without_prefix("eStart-77")
    ('P12345', '77')
    """
    return _PREFIXES.sub("", value.strip().upper())


def valid_or_missing(values: pd.Series, check: Callable[[str], bool]) -> pd.Series:
    """The values that ``check`` accepts, and None elsewhere; each distinct value is checked once."""
    tidy = [without_prefix(value.replace(" ", "")) if isinstance(value, str) else None for value in values]
    good = {value for value in set(tidy) if value is not None and not is_placeholder(value) and check(value)}
    return pd.Series([value if value in good else None for value in tidy], index=values.index, dtype="object")


def _ten_digits(number: str | None) -> str | None:
    digits = number.replace(" ", "") if isinstance(number, str) else ""
    return digits if len(digits) == 10 and digits.isascii() and digits.isdigit() and len(set(digits)) > 1 else None
