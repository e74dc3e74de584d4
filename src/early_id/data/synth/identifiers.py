"""Well-formed made-up identifiers, none of which can be a real person's.

UPN: letter, 3-digit council, 4-digit school, 2-digit year, 3-digit serial; the letter is the sum of characters 2-13 times
their position, modulo 23, in an alphabet without I, O and S (DfE, UPN guide; CIN census rule 1510). The council part is 005,
one of the pseudo codes. NHS numbers lie in the 999 range kept for tests (NHS data dictionary: weights 10 to 2, 11 less the
sum modulo 11). Postcodes lie in the ZZ9 and ZZ99 areas, which are not allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
PSEUDO_COUNCIL = "005"
POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"

Texts = npt.NDArray[np.object_]


def upn_letter(tail: str) -> str:
    """The check letter of the twelve characters after it."""
    total = sum(weight * int(digit) for weight, digit in enumerate(tail, start=2))
    return UPN_LETTERS[total % 23]


def make_upns(entry_years: npt.NDArray[Any]) -> Texts:
    """One valid UPN a child; school and serial only keep them apart."""
    upns = np.empty(len(entry_years), dtype=object)
    for i, year in enumerate(entry_years):
        tail = f"{PSEUDO_COUNCIL}{1000 + i // 1000:04d}{int(year) % 100:02d}{i % 1000:03d}"
        upns[i] = upn_letter(tail) + tail
    return upns


def spoil_upn(upn: str) -> str:
    """The same UPN with a check letter that cannot be right."""
    return UPN_LETTERS[(UPN_LETTERS.index(upn[0]) + 7) % 23] + upn[1:]


def make_nhs_numbers(count: int, rng: np.random.Generator) -> Texts:
    """``count`` different valid NHS numbers of the 999 test range."""
    stems = rng.permutation(1_000_000)[: min(1_000_000, int(count * 1.12) + 20)]
    digits = np.column_stack([np.full((len(stems), 3), 9), *(stems // 10**p % 10 for p in range(5, -1, -1))])
    check = 11 - (digits * np.arange(10, 1, -1)).sum(axis=1) % 11
    check[check == 11] = 0
    usable = check < 10  # a check of 10 is never issued
    numbers = (999_000_000 + stems[usable]) * 10 + check[usable]
    return np.asarray(numbers[:count].astype(str), dtype=object)


def make_postcodes(count: int, rng: np.random.Generator) -> Texts:
    """Postcodes of the unallocated area ZZ9."""
    letters = np.array(list(POSTCODE_LETTERS), dtype=object)
    digits = rng.integers(0, 10, count).astype(str).astype(object)
    return np.asarray(
        "ZZ9 " + digits + letters[rng.integers(0, len(letters), count)] + letters[rng.integers(0, len(letters), count)],
        dtype=object,
    )
