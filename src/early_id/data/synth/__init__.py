"""A made-up council: extracts as a council holds them, with faults and truth known."""

from early_id.data.synth.council import CouncilSummary, make_council

__all__ = ["CouncilSummary", "make_council"]
