"""How good the links are: precision, recall and F1 in pairs of records, against the truth or labels, with intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.stats.intervals import proportion_interval
from early_id.stats.rates import design_effect


@dataclass(frozen=True)
class Measured:
    """A share with its 95 % interval and the counts behind it."""

    value: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class PairQuality:
    """Precision, recall and F1 in pairs of records.

    Pairs of one person come and go together, so intervals count people rather than pairs (design effect by person).
    """

    precision: Measured
    recall: Measured
    f1: Measured
    right: int  #: pairs joined that are one person
    joined: int
    true: int

    def __str__(self) -> str:
        return f"precision {self.precision}, recall {self.recall}, F1 {self.f1}; {self.joined:,} pairs joined, {self.true:,} true"


def quality_of_groups(found: Iterable[object], true: Iterable[object]) -> PairQuality:
    """Quality of links as groups of records: two records of one group count as a pair joined.

    Parameters
    ----------
    found, true : iterable
        For each record the person it was taken for, and the person it is.

    Examples
    --------
    >>> quality = quality_of_groups([1, 1, 1, 2, 3], ["a", "a", "b", "b", "c"])
    >>> quality.right, quality.joined, quality.true
    (1, 3, 2)
    """
    frame = pd.DataFrame(
        {"found": pd.factorize(np.asarray(list(found), dtype=object))[0], "true": pd.factorize(np.asarray(list(true), dtype=object))[0]}
    )
    both = _pairs(frame.groupby(["true", "found"]).size())
    right = both.groupby("true").sum()
    wanted = _pairs(frame.groupby("true").size()).reindex(right.index)
    # A group's wrong pairs belong to whoever has most of its records.
    joined_of_group = _pairs(frame.groupby("found").size())
    wrong = joined_of_group - both.groupby("found").sum()
    owner = frame.groupby(["found", "true"]).size().reset_index(name="n").sort_values(["found", "n", "true"], ascending=[True, False, True])
    owner = owner.drop_duplicates("found").set_index("found")["true"]
    astray = wrong.groupby(owner.reindex(wrong.index).to_numpy()).sum().reindex(right.index, fill_value=0)
    return _quality(right.to_numpy(dtype=np.int64), (right + astray).to_numpy(dtype=np.int64), wanted.to_numpy(dtype=np.int64))


def quality_of_pairs(joined: Iterable[tuple[int, int]], true: Iterable[tuple[int, int]]) -> PairQuality:
    """Quality of links as pairs, such as against a labelled sample: only pairs that are labelled should be given."""
    got = {(min(pair), max(pair)) for pair in joined}
    want = {(min(pair), max(pair)) for pair in true}
    people: dict[int, list[int]] = {}
    for place, pairs in enumerate((got & want, got, want)):
        for one, _ in pairs:
            people.setdefault(one, [0, 0, 0])[place] += 1
    counts = np.array(list(people.values()) or [[0, 0, 0]], dtype=np.int64)
    return _quality(counts[:, 0], counts[:, 1], counts[:, 2])


def _pairs(sizes: pd.Series) -> pd.Series:
    return sizes * (sizes - 1) // 2


def _quality(right: np.ndarray, joined: np.ndarray, true: np.ndarray) -> PairQuality:
    """From counts of pairs for each person."""
    every = joined + true - right  # pairs that are joined, true, or both
    overlap = _share(right, every)
    # F1 = 2J / (1 + J), where J is the share of those pairs that are both: so its interval is that of J, carried over.
    value, low, high = (2 * v / (1 + v) for v in (overlap.value, overlap.low, overlap.high))
    f1 = Measured(value, low, high, overlap.of)
    return PairQuality(_share(right, joined), _share(right, true), f1, int(right.sum()), int(joined.sum()), int(true.sum()))


def _share(hits: np.ndarray, of: np.ndarray) -> Measured:
    k, n = int(hits.sum()), int(of.sum())
    if n == 0:
        return Measured(np.nan, np.nan, np.nan, 0)
    people = np.repeat(np.arange(len(of)), of)
    values = np.concatenate([np.r_[np.ones(int(h)), np.zeros(int(o - h))] for h, o in zip(hits, of, strict=True) if o]) if k < n else np.ones(n)
    low, high = proportion_interval(k, n, design_effect(values, people))
    return Measured(k / n, float(low), float(high), n)
