"""One seed in, one independent stream a purpose out.

Each purpose (and each fixed block of children) draws from its own stream, so that adding a purpose, or working on the blocks
in another order, changes nothing that the others draw.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

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
