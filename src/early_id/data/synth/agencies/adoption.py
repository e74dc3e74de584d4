"""Children who were adopted: what was recorded before must never be linked to what was recorded after.

A child placed in an adoptive family of the council before starting school. Social care and health hold a record from before, under the
birth family's surname and an NHS number that was retired; everything recorded since stands under the new name and number. The two agree
on birthday, sex and often the forename, which is what tempts. The one sign of the link that any file holds is that temptation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.homes import other_names
from early_id.data.synth.agencies.sources import planned
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.identifiers import make_nhs_numbers
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

Ints = npt.NDArray[np.int64]

#: Children adopted before school in the four years held: about 2,980 a year in England among 12.18 million children (DfE, children looked
#: after in England, 2024; unconfirmed), and their mean age at adoption in years (3 years and 5 months, same source).
ADOPTED, AGE = 0.0010, 3.4
#: Share who keep their forename, and of records before that hold the former NHS number.
KEEPS_FORENAME, NUMBER_KNOWN = 0.6, 0.8


def choose_adopted(people: People, first_event: pd.Series, spared: Ints, plan: CouncilPlan, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """Adopted children and who they were before.

    Parameters
    ----------
    first_event : Series
        Child → day of the first record with an agency other than the school: an adoption comes before.
    spared : array of int
        Rows of children who are not chosen (canaries, twins, cousins).

    Returns
    -------
    DataFrame
        child, on (day of adoption), care_from, forename, surname, nhs: the identity before.
    """
    rng = seeds.rng("adoptions")
    children, families = people.children, people.families
    family, dob = children["family"].to_numpy(), children["dob"].to_numpy()
    on = dob + (rng.gamma(6.0, AGE / 6.0, len(dob)) * 365.25).astype(np.int64)
    school = np.array([np.datetime64(f"{year}-09-01", "D") for year in children["entry_year"].unique()]).astype(np.int64)
    starts = pd.Series(school, index=children["entry_year"].unique())[children["entry_year"]].to_numpy()
    fits = (
        (on > timeline.events_from + 60)
        & (on > dob + 250)
        & (on < starts)
        & (on < timeline.extracted - 60)
        & (first_event.reindex(range(len(dob)), fill_value=NEVER).to_numpy() > on)
    )
    fits &= (families["joins"].to_numpy()[family] < 0) & (families["leaves"].to_numpy()[family] == NEVER)
    fits[spared] = False
    rows = rng.permutation(np.flatnonzero(fits))
    rows = np.sort(rows[: planned(ADOPTED, len(dob)) + 1] if "adopted" in plan.mess else rows[:0])
    forenames, male = children["forename"].to_numpy(), children["male"].to_numpy()
    usual = ~np.isin(family, family[spared])  # nobody but a canary bears a canary's name
    forename = forenames[rows].copy()
    for place in np.flatnonzero(rng.random(len(rows)) >= KEEPS_FORENAME):
        forename[place] = other_names(forename[[place]], forenames[usual & (male == male[rows[place]])], rng)[0]
    surnames = families["surname"].to_numpy()
    issued = set(children["nhs"])
    drawn = make_nhs_numbers(4 * len(rows) + 50, seeds.rng("nhs numbers before adoption"), area=seeds.area, areas=seeds.areas)
    spare = [number for number in drawn if number not in issued]
    nhs = np.array((spare + [""] * len(rows))[: len(rows)], dtype=object)
    return pd.DataFrame(
        {
            "child": rows,
            "on": on[rows],
            "care_from": np.maximum(dob[rows] + 5, on[rows] - rng.integers(500, 1000, len(rows))),
            "forename": forename,
            "surname": other_names(surnames[family[rows]], surnames[family[usual]], rng),
            "nhs": np.where(rng.random(len(rows)) < NUMBER_KNOWN, nhs, ""),
        }
    )
