"""Labels of group columns as they come: one group in several spellings, and free text that is no group."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from early_id.core.errors import InputDataError

#: From so many different values a column has to look like groups.
MANY = 20
#: A value of fewer rows than this is rare.
RARE = 10
#: So many words or more are a sentence, where `MANY` different values have them.
WORDS = 4

_WORD = re.compile(r"[^\W\d_]+")


def folded(label: str) -> str:
    """A label without what only its spelling says: capitals, and how many blanks.

    >>> folded("Any  Other ")
    'any other'
    """
    return " ".join(label.split()).casefold()


def commonest(text: pd.Series, keep: Iterable[str] = ()) -> dict[str, str]:
    """Each spelling -> the commonest of those that are the same but for capitals and blanks; the first in the alphabet where two are as common.

    Parameters
    ----------
    text : Series of str
        One label a row.
    keep : str
        Spellings that stand however rare they are.
    """
    counts = text.value_counts()
    stands = {folded(label): label for label in keep}
    for label in sorted(counts.index, key=lambda one: (-int(counts[one]), one)):
        stands.setdefault(folded(label), label)
    return {label: stands[folded(label)] for label in counts.index}


def spelling_notes(column: pd.Series, name: str) -> list[str]:
    """What to know of a column whose values come in several spellings; no value is in it, for the note is published."""
    text = column.dropna().astype(str).str.strip()
    other = {label for label, stands in commonest(text[text != ""]).items() if label != stands}
    rows = "1 spelling was" if len(other) == 1 else f"{len(other)} spellings were"
    told = (
        "that differs from another only in capitals or blanks; it counts"
        if len(other) == 1
        else "that differ from others only in capitals or blanks; they count"
    )
    return [f"Column '{name}': {rows} found {told} under the commonest spelling."] if other else []


def refuse_free_text(column: pd.Series, name: str, *, most: int) -> None:
    """Refuse a column of a foreign table that looks like notes, names or numbers about people: its values would be printed as groups.

    Columns with more than ``most`` values are refused as such by `grouping`.

    Raises
    ------
    InputDataError
        If there are over 20 different values, of which most are of fewer than 10 rows, or most have four words or more; or if hardly any value
        occurs twice and most have several words.
    """
    counts = column.dropna().astype(str).str.strip().value_counts()
    different = len(counts)
    if different > most or not different:
        return
    words = pd.Series([len(_WORD.findall(label)) for label in counts.index])
    rare = float((counts < RARE).mean()) > 0.5
    sentences = float((words >= WORDS).mean()) > 0.5
    once = float((counts == 1).mean()) > 0.5 and float((words > 1).mean()) > 0.5 and different > WORDS
    if (different > MANY and (rare or sentences)) or once:
        raise InputDataError(
            f"The column holds {different} different values that look like free text, not like groups.",
            where=f"audit, column '{name}'",
            what_next="Put them into a few declared groups of at least ten rows each, or leave the column out: a group's name is printed on the pages.",
        )
