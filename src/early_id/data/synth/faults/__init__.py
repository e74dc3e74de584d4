"""Faults planted in the extracts, each row taking one at most, and counted for ``truth/faults.csv``.

One module a subject declares its faults in a table (``identifiers``, ``demography``, ``coding``, ``dates``, ``overlap``, ``missing``; how, says
``declare``); ``plant`` hands out the rows, ``marks`` does the same for session marks, block by block, and ``exports`` for whole files; ``log``
counts, ``counting`` says how. Which rows a kind gets does not depend on the kinds that are switched on.
"""

from early_id.data.synth.faults.exports import copy_exports, encoding_of
from early_id.data.synth.faults.log import Entry, FaultLog, total
from early_id.data.synth.faults.marks import count_timing, silence, silent_months, spoil_number_marks, spoil_text_marks
from early_id.data.synth.faults.plant import FAULTS, plant_faults

__all__ = [
    "FAULTS",
    "Entry",
    "FaultLog",
    "copy_exports",
    "count_timing",
    "encoding_of",
    "plant_faults",
    "silence",
    "silent_months",
    "spoil_number_marks",
    "spoil_text_marks",
    "total",
]
