"""Validators for the identifiers that agencies share.

UPN: the check letter is the sum of characters 2 to 13 times their position, modulo 23, indexed into ``ABCDEFGHJKLMNPQRTUVWXYZ`` (DfE UPN guide; CINV rule 1510).
NHS number: the check digit is 11 minus the sum of digits 1 to 9 times 10 to 2, modulo 11; 11 becomes 0 and 10 is invalid (NHS data dictionary).
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_VALUE = {**{str(n): n for n in range(10)}, **{letter: n for n, letter in enumerate(LETTERS)}}


def upn_is_valid(upn: str | None) -> bool:
    """Whether a permanent or temporary UPN has a right form and check letter.

    >>> upn_is_valid("B801200005001"), upn_is_valid("A801200005001"), upn_is_valid("M80120000500A")
    (True, False, True)
    """
    if not isinstance(upn, str) or len(upn) != 13 or upn[0] not in LETTERS:
        return False
    if not upn[1:12].isdigit() or upn[12] not in _VALUE:
        return False
    return LETTERS[sum(_VALUE[character] * place for place, character in enumerate(upn[1:], 2)) % 23] == upn[0]


def nhs_number_is_valid(number: str | None) -> bool:
    """Whether a ten-digit NHS number has a right check digit; spaces are ignored.

    >>> nhs_number_is_valid("943 476 5919"), nhs_number_is_valid("9434765918")
    (True, False)
    """
    digits = number.replace(" ", "") if isinstance(number, str) else ""
    if len(digits) != 10 or not digits.isdigit() or len(set(digits)) == 1:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9]) and check != 10


def valid_or_missing(values: pd.Series, check: Callable[[str], bool]) -> pd.Series:
    """The values that ``check`` accepts, and None elsewhere; each distinct value is checked once."""
    tidy = [value.replace(" ", "").upper() if isinstance(value, str) else None for value in values]
    good = {value for value in set(tidy) if value is not None and check(value)}
    return pd.Series([value if value in good else None for value in tidy], index=values.index, dtype="object")
