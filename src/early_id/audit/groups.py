"""Who is in which group. Nobody is dropped: *not known* is a group of its own.

Frames are matched by row key or refused: two frames paired by position would mix children up without anybody noticing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from early_id.audit.spellings import commonest, folded
from early_id.core.errors import InputDataError, SettingsError
from early_id.stats.arrays import Ints

NOT_KNOWN = "not known"

#: More different values than this is free text or a key, not a characteristic.
MOST_GROUPS = 60


@dataclass(frozen=True)
class Grouping:
    """One characteristic of every row.

    Attributes
    ----------
    name, label : str
        Column, and its name on pages.
    groups : tuple of str
        In alphabetical order, *not known* last.
    codes : array of int
        Position in ``groups`` of each row.
    comparator : str
        The group that the others are compared with; empty for everyone else.
    """

    name: str
    label: str
    groups: tuple[str, ...]
    codes: Ints
    comparator: str = ""
    #: A number for the members of each group, the same for the group and for everyone else; see `memberships`.
    members: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.members:
            object.__setattr__(self, "members", memberships(self.codes, len(self.groups)))


def memberships(codes: Ints, n_groups: int) -> tuple[int, ...]:
    """A number for each group's members, equal for a group and its complement, so that one question is one test.

    Each row has a fixed random number of 64 bits; a group's is their sum (Zobrist 1970). White of five and of six ethnic groups, or both
    groups of a pair, get one number. Different members get the same by chance once in 10^19.
    """
    marks: NDArray[np.uint64] = np.random.default_rng(20_240_819).integers(0, 2**64, len(codes), dtype=np.uint64)
    sums = np.zeros(n_groups, dtype=np.uint64)
    np.add.at(sums, codes, marks)
    everyone = int(marks.sum(dtype=np.uint64))
    return tuple(min(int(one), (everyone - int(one)) % 2**64) for one in sums)


def align(groups: pd.DataFrame, keys: pd.Index, *, what: str = "groups") -> pd.DataFrame:
    """The rows of ``groups`` for ``keys``, in that order.

    Raises
    ------
    InputDataError
        If a key is missing from ``groups``, or either side holds a key twice.
    """
    for name, index in ((what, groups.index), ("scores", keys)):
        if index.has_duplicates:
            raise InputDataError(
                f"{int(index.duplicated().sum())} rows of the {name} have a key that occurs before.",
                where=f"audit, {name} frame",
                what_next="Keep one row per child and date.",
            )
    missing = int((~keys.isin(groups.index)).sum())
    if missing:
        raise InputDataError(
            f"{missing} of {len(keys)} scored rows have no entry in the {what}.",
            where=f"audit, {what} frame",
            what_next="Audit a model on the matrix it was evaluated on; frames are matched by row key, never by position.",
        )
    return groups.loc[keys]


def grouping(values: pd.Series, *, name: str, label: str, comparator: str = "", most: int = MOST_GROUPS, together: bool = False) -> Grouping:
    """Codes for one characteristic, with empty values as *not known*.

    ``together``: values that differ only in capitals or blanks are one group, under the commonest spelling.

    Raises
    ------
    InputDataError
        If the column holds so many different values that it must be free text or a key.
    SettingsError
        If the named comparator is no group of the column.
    """
    known = values.notna()
    text = values.where(known).map(_as_text, na_action="ignore")
    text = text.where(text.notna() & (text != ""), NOT_KNOWN).astype(str)
    if together:
        stands = commonest(text, keep=(NOT_KNOWN,))
        text = text.map(stands)
        comparator = next((one for one in stands.values() if folded(one) == folded(comparator)), comparator)
    different = int(text.nunique())
    if different > most:
        raise InputDataError(
            f"The column holds {different} different values, too many to be groups (at most {most}).",
            where=f"audit, column '{name}'",
            what_next="Give a column of categories, or put free text and numbers into bands first.",
        )
    found = sorted(set(text) - {NOT_KNOWN}) + ([NOT_KNOWN] if (text == NOT_KNOWN).any() else [])
    if comparator and comparator not in found:
        raise SettingsError(
            "The group to compare with does not occur.",
            where=f"audit.comparators.{name}",
            what_next="Name a group of this characteristic, or leave the comparator out to compare with everyone else.",
        )
    codes = text.map({group: i for i, group in enumerate(found)}).to_numpy().astype(np.int64)
    return Grouping(name, label, tuple(found), codes, comparator)


def groupings(
    frame: pd.DataFrame, characteristics: Mapping[str, str], comparators: Mapping[str, str] | None = None
) -> tuple[tuple[Grouping, ...], dict[str, str]]:
    """Groupings of the characteristics that the frame holds, and why the others are missing.

    A column that knows nobody's answer is not held: one row of *not known* for everybody would only look like a figure.
    """
    against = comparators or {}
    known = [name for name in characteristics if name in frame.columns]
    made = [grouping(frame[name], name=name, label=characteristics[name], comparator=against.get(name, ""), together=True) for name in known]
    held = tuple(by for by in made if by.groups != (NOT_KNOWN,))
    missing = {label: "Not in the data of this run." for name, label in characteristics.items() if name not in frame.columns}
    missing |= {by.label: "The column is there, but empty for every child." for by in made if by.groups == (NOT_KNOWN,)}
    return held, missing


def excluded_heads(excluded: pd.DataFrame, dates: pd.Series) -> list[dict[str, object]]:
    """Children taken out before scoring on the dates audited, per reason: whoever is not scored is in no row of the audit."""
    if not len(excluded):
        return []
    at_dates = excluded[pd.to_datetime(excluded["as_of"]).isin(pd.to_datetime(dates).unique())]
    heads = at_dates.groupby("reason", sort=True)["child_id"].nunique()
    return [{"reason": str(reason), "children": int(count)} for reason, count in heads.items()]


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
