"""Which families a recipient is asked to think about: never more than it can talk to.

A family stands where its highest-scoring child stands. Ties break by a keyed hash of the family, which favours nobody and
repeats from run to run. There is no overflow list (design, section 2.7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from early_id.core.errors import SettingsError
from early_id.core.privacy import keyed_hash


def places(capacity: int | Mapping[str, int], recipient: str) -> int:
    """How many families ``recipient`` can talk to.

    Raises
    ------
    SettingsError
        If no capacity is stated for the recipient, or it is below one.
    """
    if isinstance(capacity, Mapping) and recipient not in capacity:
        raise SettingsError.unknown_name("recipient with a capacity", recipient, map(str, capacity), where="capacity")
    stated = int(capacity[recipient] if isinstance(capacity, Mapping) else capacity)
    if stated < 1:
        raise SettingsError(
            f"The capacity of '{recipient}' is {stated}.",
            where="capacity",
            what_next="State how many families it can talk to, at least 1, or leave the recipient out.",
        )
    return stated


def choose_families(scores: pd.Series, families: pd.Series, n: int, *, tie_key: str, first: Sequence[str] = ()) -> list[str]:
    """The families to list, in alphabetical order of their ids so that the order says nothing.

    Parameters
    ----------
    scores : Series
        Uncalibrated log-odds of the eligible children of one recipient.
    families : Series
        Family of each child, under the same index.
    n : int
        Places; at most this many families come back.
    tie_key : str
        Key of the hash that breaks ties.
    first : sequence of str
        Families that stay on the list from an earlier one; they take their places before others are chosen.
    """
    if not scores.index.equals(families.index):
        raise SettingsError("Scores and families are not about the same rows.")
    best = scores.groupby(families.astype(str)).max()
    stays = set(first)
    # Hashes are needed only where families tie; of most, none does.
    tied = set(best[best.duplicated(keep=False)].index)
    order = sorted(best.items(), key=lambda item: (item[0] not in stays, -item[1], keyed_hash(str(item[0]), tie_key) if item[0] in tied else ""))
    return sorted(str(family) for family, _ in order[:n])
