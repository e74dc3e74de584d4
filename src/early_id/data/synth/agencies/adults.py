"""Parents and carers: they stand in lists of housing and social care under ids of their own, and are never on a school roll."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.identifiers import make_ids
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds

#: Share of families with two adults, and of second adults who are not a parent.
TWO_ADULTS, OTHER_ADULT = 0.72, 0.12
#: Share of first and second adults who are men.
MEN = (0.12, 0.85)
#: Age at the birth of the eldest child (ONS: mothers 30.9 at any birth in 2022, less for the first; unconfirmed), and who is how much older.
AGE_AT_BIRTH, SPREAD, SECOND_OLDER = 28.5, 5.5, 2.5
#: Share of adults whose surname is not the children's.
OTHER_SURNAME = (0.20, 0.25)


def make_adults(people: People, spared: npt.NDArray[np.int64], seeds: Seeds) -> pd.DataFrame:
    """One row an adult, by family: family, number (1, 2), role, male, forename, surname, dob, housing_id.

    Names are drawn from those of the council's own people, so that no further list of names is needed; those of ``spared`` children
    (canaries) are not among them.
    """
    rng = seeds.rng("adults")
    families, children = people.families, people.children
    count = len(families)
    family = np.concatenate([np.arange(count), np.flatnonzero(rng.random(count) < TWO_ADULTS)])
    number = np.repeat([1, 2], [count, len(family) - count])
    order = np.lexsort((number, family))
    family, number = family[order], number[order]
    second = number == 2
    male = rng.random(len(family)) < np.where(second, MEN[1], MEN[0])
    of_child = children["family"].to_numpy()
    eldest = np.minimum.reduceat(children["dob"].to_numpy(), np.searchsorted(of_child, np.arange(count)))
    age = (rng.normal(AGE_AT_BIRTH, SPREAD, len(family)) + SECOND_OLDER * second).clip(16.5, 55)
    surnames = families["surname"].to_numpy()
    usual = np.ones(count, dtype=bool)
    usual[of_child[spared]] = False
    pool = surnames[usual]
    other = rng.random(len(family)) < np.where(second, OTHER_SURNAME[1], OTHER_SURNAME[0])
    surname = np.where(other, pool[rng.integers(0, len(pool), len(family))], surnames[family])
    return pd.DataFrame(
        {
            "family": family,
            "number": number,
            "role": np.where(second & (rng.random(len(family)) < OTHER_ADULT), "other_adult", "parent").astype(object),
            "male": male,
            "forename": _forenames(male, children, spared, rng),
            "surname": surname,
            "dob": eldest[family] - (age * 365.25).astype(np.int64),
            # The same look as the children's: an id does not say who is grown up.
            "housing_id": make_ids("HP", "adults", len(family), len(children), seeds),
        }
    )


def _forenames(
    male: npt.NDArray[np.bool_], children: pd.DataFrame, spared: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    named = children["forename"].to_numpy()
    boys = children["male"].to_numpy().copy()
    girls = ~boys
    boys[spared], girls[spared] = False, False
    pick = rng.random(len(male))
    drawn = [named[mask][(pick * mask.sum()).astype(np.int64)] for mask in (boys, girls)]
    return np.asarray(np.where(male, drawn[0], drawn[1]), dtype=object)
