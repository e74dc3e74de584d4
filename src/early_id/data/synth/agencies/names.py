"""How names and dates go wrong. By rule throughout, so that no list of names is ours.

Slips of the finger follow the neighbours of a British keyboard; spellings by ear follow pairs of letters that sound alike in English. A
short form is the forename up to the consonants after its first vowel (Samantha: Sam; Christopher: Chris), sometimes with -y (Sammy).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
#: Pairs of spellings that sound alike, either way round.
BY_EAR = (
    ("ph", "f"), ("ck", "k"), ("ie", "y"), ("ee", "ea"), ("ai", "ay"), ("c", "k"), ("i", "y"), ("s", "z"), ("nn", "n"), ("ll", "l"),
    ("tt", "t"), ("ss", "s"), ("th", "t"), ("gh", "g"), ("ou", "u"), ("er", "a"), ("ey", "y"), ("x", "cks"),
)  # fmt: skip
#: Share of mistakes that come from hearing rather than typing; share of short forms with -y.
HEARD, WITH_Y = 0.35, 0.4
_SHORT = re.compile(r"^[^aeiouy]*[aeiouy]+(?:th|[^aeiouy])", re.IGNORECASE)


def _neighbours() -> dict[str, str]:
    near: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for at, key in enumerate(keys):
            beside = [keys[at + step] for step in (-1, 1) if 0 <= at + step < len(keys)]
            for other in (row - 1, row + 1):
                if 0 <= other < len(_ROWS):
                    beside += [_ROWS[other][place] for place in (at, at - 1 if other > row else at + 1) if 0 <= place < len(_ROWS[other])]
            near[key] = "".join(beside)
    return near


NEIGHBOURS = _neighbours()


def mistyped(name: str, rng: np.random.Generator) -> str:
    """The name with one mistake in it: never the same name, never empty.

    >>> import numpy as np
    >>> mistyped("Morgan", np.random.default_rng(1)) != "Morgan"
    True
    """
    while True:
        wrong = _by_ear(name, rng) if rng.random() < HEARD else _slip(name, rng)
        if wrong and wrong != name and wrong.strip() == wrong:
            return wrong


def _by_ear(name: str, rng: np.random.Generator) -> str:
    small = name.lower()
    fits = [(a, b) for first, second in BY_EAR for a, b in ((first, second), (second, first)) if a in small[1:]]
    if not fits:
        return name
    heard, spelt = fits[int(rng.integers(len(fits)))]
    at = small.index(heard, 1)
    return name[:at] + spelt + name[at + len(heard) :]


def _slip(name: str, rng: np.random.Generator) -> str:
    """A neighbouring key, two letters changed round, one left out or one struck twice; the first letter is seldom wrong and is left."""
    if len(name) < 3:
        return name + name[-1].lower()
    at = int(rng.integers(1, len(name) - 1))
    slip = int(rng.integers(4))
    if slip == 0 and name[at].lower() in NEIGHBOURS:
        near = NEIGHBOURS[name[at].lower()]
        return name[:at] + near[int(rng.integers(len(near)))] + name[at + 1 :]
    if slip == 1:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if slip == 2:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at] + name[at:]


def short_form(forename: str) -> str:
    """The short form of a forename; empty where the name has none that is shorter by two letters.

    >>> short_form("Samantha"), short_form("Christopher"), short_form("Kathleen"), short_form("Amy")
    ('Sam', 'Chris', 'Kath', '')
    """
    found = _SHORT.match(forename)
    if not found:
        return ""
    short = found.group()
    return short if len(short) >= 2 and len(short) + 2 <= len(forename) and forename.isalpha() else ""


def nickname(forename: str, rng: np.random.Generator) -> str:
    """The short form, now and then with -y (Sam: Sammy; Kath: Kathy)."""
    short = short_form(forename)
    if not short or rng.random() >= WITH_Y:
        return short
    double = short[-1] if short[-2].lower() in "aeiou" and short[-1].lower() not in "aeiouxwh" else ""
    wrong = short + double + "y"
    return wrong if wrong != forename else short


def wrong_birth_date(text: str, latest: str, rng: np.random.Generator) -> str:
    """A date dd/mm/yyyy with two digits changed round, day and month swapped, or the year one out.

    ``latest`` is the day the record was made, after which nobody can be born; empty where no such mistake gives a date.
    """
    born, last = read_day(text), read_day(latest)
    options = []
    for first, second in ((0, 1), (3, 4), (8, 9)):
        letters = list(text)
        letters[first], letters[second] = letters[second], letters[first]
        options.append("".join(letters))
    options.append(f"{text[3:5]}/{text[:2]}/{text[6:]}")
    options += [f"{text[:6]}{born.year + step}" for step in (-1, 1)] if born else []
    usable = []
    for option in dict.fromkeys(options):
        day = read_day(option)
        if option != text and day and born and last and day <= last and abs(day - born) < timedelta(days=4 * 366):
            usable.append(option)
    return usable[int(rng.integers(len(usable)))] if usable else ""


def read_day(text: str) -> date | None:
    """The date of dd/mm/yyyy; None where there is none."""
    try:
        day, month, year = (int(part) for part in text.split("/"))
        return date(year, month, day)
    except ValueError:
        return None
