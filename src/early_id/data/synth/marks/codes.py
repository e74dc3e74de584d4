"""The codes of the marks, as numbers."""

from __future__ import annotations

#: All codes a file can hold, in the order of their numbers; the last two are in no list (faults).
CODES = (
    "/", "\\", "L", "B", "K", "P", "V", "W", "C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T", "G", "N", "O", "U",
    "Y4", "-", "H", "J", "Y", "D", "Q", "X", "Y1", "Y2", "Y3", "Y5", "Y6", "Y7", "#", "A", "8",
)  # fmt: skip
NUMBER = {code: i for i, code in enumerate(CODES)}
#: What a code of today was called before 19 August 2024.
OLD_CODES = {"C1": "C", "C2": "C", "J1": "J", "K": "B", **dict.fromkeys(("Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"), "Y")}
