"""What is compared, as plain values: fields, how each is compared, which pairs are looked at, what teaches the model. Holds no engine object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

How: TypeAlias = Literal["name", "full_name", "birth_date", "postcode", "exact", "close", "email"]
#: A rule for finding pairs: columns that have to agree, or a condition in SQL on ``l`` and ``r``.
Block: TypeAlias = tuple[str, ...] | str


@dataclass(frozen=True)
class Compare:
    """One comparison. ``how``: Splink's own for names, both names together, birth dates, postcodes and e-mails; ``exact`` with and ``close`` (two letters
    apart) for other values. Agreement on a rare value weighs more than on a frequent one (term frequencies), but for birth dates."""

    field: str
    how: How
    second: str = ""  #: the surname's column, for ``full_name``
    apart: tuple[int, ...] = (1, 2)  #: for ``close``: letters that may differ
    rarity: bool = True  #: for ``exact``: whether a rare value counts more

    @property
    def name(self) -> str:
        """Name of the comparison in what Splink gives back."""
        return f"{self.field}_{self.second}" if self.how == "full_name" else self.field


@dataclass(frozen=True)
class LinkageModel:
    """A model of linkage: the weights come from the records themselves, by expectation-maximisation, without labels.

    Parameters
    ----------
    comparisons : tuple of Compare
    blocking : tuple of Block
        Pairs that agree in any of these are compared; no others are.
    certain : tuple of Block
        Rules that make next to no wrong pair; with ``certain_recall``, the share of true pairs that they find, they say how many true pairs there are.
    training : tuple of tuple of str
        The columns within whose agreement expectation-maximisation learns the others; every comparison has to be left free by one of them.
    sample : int
        Pairs drawn to learn how often two people agree by chance.
    seed : int
    most_pairs : int
        A rule that makes more pairs is left out with a finding.
    enough : int or None
        Of the pairs drawn, so many at every level are enough; where chance pairs of a level are frequent, the others are not looked at. None: all that were drawn
        are, and every engine learns the same.
    rarity_in_training : bool
        Whether rare values count more while learning, too; slower.
    """

    comparisons: tuple[Compare, ...]
    blocking: tuple[Block, ...]
    certain: tuple[Block, ...]
    training: tuple[tuple[str, ...], ...]
    certain_recall: float = 0.7
    sample: int = 2_000_000
    seed: int = 1
    most_pairs: int = 100_000_000
    enough: int | None = 100
    rarity_in_training: bool = False


#: People of a council. Sex is left out, because the forename says it already; so is the property number, because the postcode does: weights add up,
#: and what is said twice would count twice.
COUNCIL = LinkageModel(
    comparisons=(
        Compare("forename", "name"),
        Compare("surname", "name"),
        Compare("birth_date", "birth_date"),
        Compare("postcode", "postcode"),
    ),
    blocking=(
        ("nhs_number",),
        ("upn",),
        ("surname", "birth_date"),
        ("forename", "birth_date"),
        ("forename", "surname"),
        ("postcode", "birth_date"),
        ("postcode", "forename"),
        "l.forename = r.surname and l.surname = r.forename",
    ),
    certain=(("nhs_number",), ("upn",), ("forename", "surname", "birth_date")),
    training=(("birth_date",), ("forename", "surname")),
    certain_recall=0.9,
)
