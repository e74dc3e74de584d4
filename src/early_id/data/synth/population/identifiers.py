"""Well-formed made-up identifiers, none of which can be a real person's.

UPN: letter, 3-digit council, 4-digit school, 2-digit year, 3-digit serial; the letter is the sum of characters 2-13 times
their position, modulo 23, in an alphabet without I, O and S (DfE, UPN guide; CIN census rule 1510). A temporary UPN ends in a
letter, which counts as its place in that alphabet (rule 1550). The council part is 005, one of the pseudo codes. NHS numbers lie
in the 999 range kept for tests (NHS data dictionary: weights 10 to 2, 11 less the sum modulo 11). Postcodes lie in the ZZ9 and
ZZ99 areas, which are not allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from early_id.data.synth.seeds import Seeds

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
PSEUDO_COUNCIL = "005"
POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
#: School part of the UPNs that are given besides a child's own: temporary ones, and the canaries'.
TEMPORARY_SCHOOL, CANARY_SCHOOL = 8000, 9999
#: Stems of NHS numbers from here on are kept for the canaries.
CANARY_STEM = 999_900
#: What an id is for → where its part of the pool begins and how wide it is, in children of the council. A family has two adults and two homes
#: besides its present one at most, and a child one of its own.
USES = {"first": (0, 1), "adults": (1, 2), "further homes": (1, 3), "former": (4, 1), "second": (5, 1)}
POOL = 6
_VALUES = {**{str(n): n for n in range(10)}, **{letter: n for n, letter in enumerate(UPN_LETTERS)}}

Texts = npt.NDArray[np.object_]


def upn_letter(tail: str) -> str:
    """The check letter of the twelve characters after it; the last of them may be a letter."""
    total = sum(weight * _VALUES[character] for weight, character in enumerate(tail, start=2))
    return UPN_LETTERS[total % 23]


def make_upns(entry_years: npt.NDArray[Any], places: npt.NDArray[np.int64] | None = None) -> Texts:
    """One valid UPN a child; school and serial only keep them apart.

    Parameters
    ----------
    entry_years : array
        Year in which each child entered school.
    places : array of int, optional
        Number of each child; the row number where it is not given.
    """
    rows = np.arange(len(entry_years)) if places is None else np.asarray(places)
    return _upns(1000 + rows // 1000, np.asarray(entry_years), rows % 1000)


def make_temporary_upns(entry_years: npt.NDArray[Any], places: npt.NDArray[np.int64] | None = None) -> Texts:
    """Valid temporary UPNs, all different if their ``places`` are: the last character is a letter."""
    rows = np.arange(len(entry_years)) if places is None else places
    return _upns(TEMPORARY_SCHOOL + rows // 2300, np.asarray(entry_years), rows % 100, rows // 100 % 23)


def make_canary_upns(entry_years: npt.NDArray[Any]) -> Texts:
    """Valid UPNs of a school that gives no other."""
    rows = np.arange(len(entry_years))
    return _upns(np.full(len(rows), CANARY_SCHOOL), np.asarray(entry_years), 990 + rows)


def _upns(school: npt.NDArray[Any], year: npt.NDArray[Any], serial: npt.NDArray[Any], letter: npt.NDArray[Any] | None = None) -> Texts:
    """UPNs of school, year and serial; with ``letter`` the serial has two digits and the letter (by number) stands last."""
    wide = 3 if letter is None else 2
    number = int(PSEUDO_COUNCIL) * 10**6 + school.astype(np.int64) * 100 + year.astype(np.int64) % 100
    number = number * 10**wide + serial.astype(np.int64)
    digits = 9 + wide
    total = np.zeros(len(number), dtype=np.int64)
    for place in range(digits):
        total += number // 10 ** (digits - 1 - place) % 10 * (place + 2)
    letters = np.array(list(UPN_LETTERS), dtype=object)
    tails = np.char.zfill(number.astype(str), digits).astype(object)
    if letter is not None:
        total += letter * 13
        tails = tails + letters[letter]
    return np.asarray(letters[total % 23] + tails, dtype=object)


def spoil_upn(upn: str) -> str:
    """The same UPN with a check letter that cannot be right."""
    return UPN_LETTERS[(UPN_LETTERS.index(upn[0]) + 7) % 23] + upn[1:]


def make_nhs_numbers(count: int, rng: np.random.Generator, *, area: int = 0, areas: int = 1) -> Texts:
    """``count`` different valid NHS numbers of the 999 test range, fewer where the range ends (about 909,000).

    Each of ``areas`` areas has a part of the range of its own.
    """
    stems = rng.permutation(CANARY_STEM)
    stems = stems[stems % areas == area][: int(count * 1.12) + 20]
    return _nhs_numbers(stems)[:count]


def make_canary_nhs(count: int) -> Texts:
    """Valid NHS numbers that no other person gets."""
    return _nhs_numbers(np.arange(CANARY_STEM, CANARY_STEM + 2 * count + 10))[:count]


def _nhs_numbers(stems: npt.NDArray[np.int64]) -> Texts:
    check = _nhs_check(999_000_000 + stems)
    usable = check < 10  # a check of 10 is never issued
    return np.asarray(((999_000_000 + stems[usable]) * 10 + check[usable]).astype(str), dtype=object)


def _nhs_check(stems: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    total = sum(stems // 10 ** (8 - place) % 10 * (10 - place) for place in range(9))
    check = 11 - np.asarray(total) % 11
    return np.where(check == 11, 0, check)


def spoil_nhs(number: str, rng: np.random.Generator) -> str:
    """The same NHS number with two neighbouring digits changed round or one mistyped; the check digit no longer fits."""
    while True:
        at = int(rng.integers(3, 9))
        digits = list(number)
        digits[at], digits[at + 1] = digits[at + 1], digits[at]
        if digits == list(number):
            digits[at] = str((int(digits[at]) + int(rng.integers(1, 10))) % 10)
        wrong = "".join(digits)
        if not nhs_fits(wrong):
            return wrong


def nhs_fits(number: str) -> bool:
    """Whether the check digit of ten digits is right."""
    return int(_nhs_check(np.array([int(number[:9])]))[0]) == int(number[9])


def make_postcodes(count: int, rng: np.random.Generator) -> Texts:
    """Postcodes of the unallocated area ZZ9."""
    letters = np.array(list(POSTCODE_LETTERS), dtype=object)
    digits = rng.integers(0, 10, count).astype(str).astype(object)
    return np.asarray(
        "ZZ9 " + digits + letters[rng.integers(0, len(letters), count)] + letters[rng.integers(0, len(letters), count)],
        dtype=object,
    )


def make_ids(prefix: str, use: str, count: int, children: int, seeds: Seeds) -> Texts:
    """``count`` ids for one use: the prefix, the area's letter and a number; different for every use of one prefix.

    Parameters
    ----------
    prefix : str
        Letters of the agency or thing that gives the id.
    use : str
        What for, a key of ``USES``: all uses draw from one range in no order, so that neither the number nor its size tells which it is.
    children : int
        Children of the council (of the area).
    """
    numbers = _part(f"ids {prefix}", use, count, children, seeds)
    width = 6
    while 9 * 10 ** (width - 1) < POOL * children:
        width += 1
    return np.asarray(f"{prefix}{seeds.letter}" + (numbers + 10 ** (width - 1)).astype(str).astype(object), dtype=object)


def make_uprns(use: str, count: int, children: int, seeds: Seeds) -> Texts:
    """``count`` property numbers for one use, as :func:`make_ids`; none of them is given to a real property."""
    numbers = _part("uprns", use, count, children, seeds)
    return np.asarray((999_000_000_000 + 100 * seeds.first + numbers).astype(str), dtype=object)


def _part(purpose: str, use: str, count: int, children: int, seeds: Seeds) -> npt.NDArray[np.int64]:
    """The part of a use of all whole numbers below ``POOL`` times ``children``, which lie in one random order."""
    first, width = USES[use]
    if count > width * children:
        raise ValueError(f"{count} ids for {use} do not fit into {width} times {children}")
    return seeds.rng(purpose).permutation(POOL * children)[first * children :][:count]


def upn_places(count: int, seeds: Seeds) -> npt.NDArray[np.int64]:
    """The number of each child by which :func:`make_upns` keeps UPNs apart, in no order."""
    return seeds.first + seeds.rng("upn places").permutation(count)
