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


@dataclass(frozen=True)
class Seeds:
    """The streams that follow from one seed."""

    seed: int

    def rng(self, purpose: str, block: int = 0) -> np.random.Generator:
        """A generator for ``purpose``, the same on every machine (NumPy, ``SeedSequence`` with a spawn key)."""
        key = (zlib.crc32(purpose.encode("ascii")), block)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
