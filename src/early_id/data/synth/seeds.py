"""One seed in, one independent stream a purpose out.

Each purpose (and each fixed block of children) draws from its own stream, so that adding a purpose, or working on the blocks
in another order, changes nothing that the others draw. What depends on earlier draws (a length, a reason, a delay) comes from
:class:`RowDraws`: it belongs to its row, so that an event more or less, or another child's, moves nothing.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Children in one block of session marks. Part of the meaning of a seed: another size gives another council.
BLOCK = 1_000
#: Children in one area at most. A larger council is made area by area, so that a million children take the memory of one area. No council
#: in England has many more children than this.
AREA = 250_000


@dataclass(frozen=True)
class Seeds:
    """The streams that follow from one seed."""

    seed: int
    area: int = 0
    areas: int = 1

    @property
    def first(self) -> int:
        """A number from which those of this area are counted, so that no two areas give the same one."""
        return self.area * AREA

    @property
    def letter(self) -> str:
        """What stands in the ids of an area after their first letters; nothing in the first area."""
        return "ABCDEFGH"[self.area] if self.area else ""

    def rng(self, purpose: str, block: int = 0) -> np.random.Generator:
        """A generator for ``purpose``, the same on every machine (NumPy, ``SeedSequence`` with a spawn key)."""
        key = (zlib.crc32(purpose.encode("ascii")), block, *([self.area] if self.area else []))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def rows(self, purpose: str) -> RowDraws:
        """Draws for ``purpose`` that belong to rows."""
        return RowDraws(int(self.rng(purpose).integers(2**63)))


def whole(uniform: Array, low: int, high: int) -> Ints:
    """Whole numbers from ``low`` to below ``high`` by numbers between 0 and 1."""
    return low + (uniform * (high - low)).astype(np.int64)


def gamma(uniform: Array, shape: float, mean: float) -> Array:
    """Quantiles of a gamma distribution of a shape and a mean."""
    return np.asarray(gammaincinv(shape, uniform) * (mean / shape), dtype=np.float64)


_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class RowDraws:
    """Numbers that depend on a key, the name of what is drawn, and whole numbers that say of whom and when; on nothing else.

    Each is the SplitMix64 output of these, mixed in one by one (Steele, Lea and Flood, Fast splittable pseudorandom number generators,
    2014), so that only what is needed is drawn, in any order. The numbers are arrays that broadcast against each other.
    """

    key: int

    def uniform(self, name: str, *of: npt.ArrayLike) -> Array:
        """Uniform between 0 and 1, neither included."""
        state: Any = np.array([self.key ^ (zlib.crc32(name.encode("ascii")) << 31)], dtype=np.uint64)
        for number in of:
            state = (np.atleast_1d(number).astype(np.uint64) + np.uint64(1)) * _STEP + state
            state = (state ^ (state >> np.uint64(30))) * _FIRST
            state = (state ^ (state >> np.uint64(27))) * _SECOND
            state = state ^ (state >> np.uint64(31))
        return np.asarray(((state >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52, dtype=np.float64)

    def columns(self, count: int, name: str, *of: npt.ArrayLike) -> Array:
        """Several uniform numbers for each row, shape (count, rows); much faster than one by one where rows are few."""
        return self.uniform(name, *of, np.arange(count)[:, None])

    def integers(self, low: int, high: int, name: str, *of: npt.ArrayLike) -> Ints:
        """Whole numbers from ``low`` to below ``high``."""
        return whole(self.uniform(name, *of), low, high)

    def geometric(self, chance: float, name: str, *of: npt.ArrayLike) -> Ints:
        """Number of trials up to the first success."""
        return np.ceil(np.log(self.uniform(name, *of)) / np.log1p(-chance)).astype(np.int64)

    def gamma(self, shape: float, mean: float, name: str, *of: npt.ArrayLike) -> Array:
        """Gamma of a shape and a mean, by the inverse of its distribution function."""
        return gamma(self.uniform(name, *of), shape, mean)

    def arrivals(self, mean: Array, most: int, name: str, *of: Ints) -> tuple[Ints, Ints]:
        """Poisson numbers of events, at most ``most`` a row: the row of each event, in order of rows, and its number within the row.

        Events are the arrivals of a process of rate one before ``mean``, so that a higher mean keeps the events of a lower one.
        """
        active = np.flatnonzero(mean > 1e-9)
        reached = np.zeros(len(active))
        found = []
        for number in range(most):
            reached = reached - np.log(self.uniform(name, number, *(part[active] for part in of)))
            here = reached < mean[active]
            active, reached = active[here], reached[here]
            if not len(active):
                break
            found.append((active, np.full(len(active), number)))
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        row, number_ = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.lexsort((number_, row))
        return row[order], number_[order]
