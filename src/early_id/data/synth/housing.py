"""What housing and revenues hold: who lives where, and housing and money indicators."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.extracts import Tables, british, people_table
from early_id.data.synth.people import People, ids
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

#: Share of families whose household the council knows; share of families with two adults.
KNOWN, TWO_ADULTS = 0.97, 0.72
EVIDENCE = ("council tax", "tenancy", "benefits")


def known_families(people: People, seeds: Seeds, held: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which children's households the council knows; those of ``held`` always."""
    families = seeds.rng("households known").random(len(people.families)) < KNOWN
    family = people.children["family"].to_numpy()
    families[family[held]] = True
    return np.asarray(families[family])


def housing_tables(people: People, known: npt.NDArray[np.bool_], indicators: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> Tables:
    """People, households, indicators."""
    rng = seeds.rng("households")
    children, families = people.children, people.families
    cut = timeline.extracted
    rows = np.flatnonzero(known & (children["dob"].to_numpy() < cut - 40))
    home = children["family"].to_numpy()[rows]
    moved_in = np.maximum(timeline.events_from - rng.integers(30, 3000, len(families)), families["joins"].to_numpy())
    begins = np.maximum(np.maximum(children["dob"].to_numpy()[rows], moved_in[home]), -NEVER)
    lists = people_table(people, pd.DataFrame({"child": rows, "day": begins}), "housing", "housing_id", seeds, timeline)
    members = [_members(children["housing_id"].to_numpy()[rows], home, np.full(len(rows), "child", dtype=object), begins, families, cut)]
    parents = []
    here = np.unique(home)
    for number, adults in enumerate((here, here[rng.random(len(here)) < TWO_ADULTS])):
        numbers = ids(f"HA{number + 1}", len(adults), rng)
        role = np.full(len(adults), "parent", dtype=object)
        role[rng.random(len(adults)) < (0.0 if number == 0 else 0.12)] = "other_adult"
        born = timeline.events_from - (rng.normal(37, 7, len(adults)).clip(20, 62) * 365.25).astype(np.int64)
        members.append(_members(numbers, adults, role, np.maximum(moved_in[adults], born + 1), families, cut))
        parents.append(
            pd.DataFrame(
                {
                    "PersonID": numbers,
                    "UPN": "",
                    "NHSNumber": "",
                    "Forename": children["forename"].to_numpy()[rng.integers(0, len(children), len(adults))],
                    "Surname": families["surname"].to_numpy()[adults],
                    "DOB": british(born),
                    "Sex": np.where(rng.random(len(adults)) < (0.12 if number == 0 else 0.85), "M", "F"),
                    "RecordedOn": british(np.maximum(moved_in[adults], born + 1)),
                }
            )
        )
    households = pd.concat(members, ignore_index=True)
    count = len(households)
    households["Evidence"] = np.array(EVIDENCE, dtype=object)[rng.integers(0, 3, count)]
    safe = rng.random(count)
    households["SafeToContact"] = np.select([safe < 0.012, safe < 0.07], ["N", ""], "Y")
    protected = rng.random(len(families)) < 0.004
    apart = rng.random(len(families)) < 0.008
    place = households.pop("family").to_numpy()
    households["ProtectedAddress"] = np.where(protected[place], "Y", "N")
    households["NoJointContact"] = np.where(apart[place], "Y", "N")
    facts = indicators[np.isin(indicators["child"].to_numpy(), rows)]
    return {
        "housing/people.csv": pd.concat([lists, *parents], ignore_index=True),
        "housing/households.xlsx": households,
        "housing/indicators.csv": pd.DataFrame(
            {
                "PersonID": children["housing_id"].to_numpy()[facts["child"]],
                "Factor": facts["factor"].to_numpy(),
                "HappenedOn": british(facts["on"].to_numpy()),
                "EndedOn": british(facts["ended"].to_numpy(), before=cut),
            }
        ),
    }


def _members(
    person: npt.NDArray[np.object_],
    home: npt.NDArray[np.int64],
    role: npt.NDArray[np.object_],
    begins: npt.NDArray[np.int64],
    families: pd.DataFrame,
    cut: int,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "PersonID": person,
            "HouseholdID": families["household_id"].to_numpy()[home],
            "Role": role,
            "FromOn": british(begins),
            "ToOn": british(families["leaves"].to_numpy()[home], before=cut),
            "family": home,
        }
    )
