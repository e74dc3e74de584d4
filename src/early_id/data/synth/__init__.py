"""A made-up council: extracts as a council holds them, with faults and truth known."""

from early_id.data.synth.council import CouncilSummary, make_council
from early_id.data.synth.direct.ceiling import OracleResult, oracle
from early_id.data.synth.direct.draw import Drawn, matrix

__all__ = ["CouncilSummary", "Drawn", "OracleResult", "make_council", "matrix", "oracle"]
