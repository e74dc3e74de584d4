"""Settings of linkage: what may join two records by itself, and what a person has to look at."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from early_id.config.base import Frozen


class LinkageSettings(Frozen):
    """How records of several agencies become people.

    Weights are log2 of the odds that two records are one person: 10 is about 1,000 to 1, 7 about 100 to 1. A wrong join shows one family another's facts, so only
    what is all but certain counts by itself; the rest waits for a person.
    """

    use_names: bool = True  #: whether names, birth dates and postcodes may join records; without, only identifiers do
    link_from: float = Field(10.0, description="weight from which a pair is joined without anybody looking")
    review_from: float = Field(0.0, description="weight from which a pair goes into the review workbook")
    engine: Literal["duckdb", "spark"] = "duckdb"  #: where pairs are compared: this process, or Spark as the settings' ``engine`` part says
    seed: int = 1
    sample_pairs: int = Field(2_000_000, gt=0, description="pairs drawn to learn how often two people agree by chance")
    most_pairs: int = Field(100_000_000, gt=0, description="a rule for finding pairs that makes more is left out")
    review_at_most: int = Field(500, gt=0, description="pairs in one review workbook, the most telling first")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_from > self.link_from:
            raise ValueError("review_from has to be at or below link_from")
        return self
