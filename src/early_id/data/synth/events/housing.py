"""What housing and revenues hold: who lives where and since when, and housing and money indicators."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.homes import Homes
from early_id.data.synth.files.extracts import Tables, british, people_table
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

#: Share of families whose household the council knows; share of people of whom nobody has asked whether contact is safe.
KNOWN, NOT_ASKED = 0.97, 0.058
EVIDENCE = ("council tax", "tenancy", "benefits")


def known_families(people: People, seeds: Seeds, held: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which children's households the council knows; those of ``held`` always."""
    families = seeds.rng("households known").random(len(people.families)) < KNOWN
    family = people.children["family"].to_numpy()
    families[family[held]] = True
    return np.asarray(families[family])


def housing_tables(people: People, homes: Homes, known: npt.NDArray[np.bool_], indicators: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> Tables:
    """People, households with from and to, indicators."""
    children, adults, cut = people.children, homes.adults, timeline.extracted
    known_family = np.zeros(len(people.families), dtype=bool)
    known_family[children["family"].to_numpy()[known]] = True
    spells = homes.residence
    is_adult, person = spells["adult"].to_numpy(), spells["person"].to_numpy()
    of_family = homes.households["family"].to_numpy()[spells["household"].to_numpy()]
    listed = known_family[of_family] & (spells["from"].to_numpy() < cut - 15)
    spells, is_adult, person, of_family = spells[listed], is_adult[listed], person[listed], of_family[listed]
    grown = np.unique(person[is_adult])
    numbers = adults["housing_id"].to_numpy()
    rng = seeds.rng("household rows")
    lists = people_table(
        people,
        pd.DataFrame({"child": person[~is_adult], "day": spells["from"].to_numpy()[~is_adult]}),
        "housing",
        "housing_id",
        seeds,
        timeline,
    )
    since = spells[is_adult].groupby("person")["from"].min().reindex(grown).to_numpy(dtype=np.int64)
    parents = adults_table(adults.iloc[grown], numbers[grown], since)
    child_ids = children["housing_id"].to_numpy()
    ids = np.where(is_adult, numbers[np.where(is_adult, person, 0)], child_ids[np.where(is_adult, 0, person)])
    unsafe = is_adult & adults["unsafe"].to_numpy()[np.where(is_adult, person, 0)]
    hidden = homes.protected[of_family]
    where = homes.households.iloc[spells["household"].to_numpy()]
    households = pd.DataFrame(
        {
            "PersonID": ids,
            "HouseholdID": where["household_id"].to_numpy(),
            "Role": spells["role"].to_numpy(),
            "FromOn": british(spells["from"].to_numpy()),
            "ToOn": british(spells["to"].to_numpy(), before=cut),
            "UPRN": np.where(hidden, "", where["uprn"].to_numpy()),
            "Postcode": np.where(hidden, "", where["postcode"].to_numpy()),
            "Evidence": np.array(EVIDENCE, dtype=object)[rng.integers(0, 3, len(spells))],
            "SafeToContact": np.where(unsafe, "N", np.where(rng.random(len(spells)) < NOT_ASKED, "", "Y")),
            "ProtectedAddress": np.where(hidden, "Y", "N"),
            "NoJointContact": np.where(homes.no_joint[of_family], "Y", "N"),
        }
    )
    facts = indicators[np.isin(indicators["child"].to_numpy(), person[~is_adult])]
    return {
        "housing/people.csv": pd.concat([lists, parents], ignore_index=True),
        "housing/households.xlsx": households,
        "housing/indicators.csv": pd.DataFrame(
            {
                "PersonID": child_ids[facts["child"]],
                "Factor": facts["factor"].to_numpy(),
                "HappenedOn": british(facts["on"].to_numpy()),
                "EndedOn": british(facts["ended"].to_numpy(), before=cut),
            }
        ),
    }


def adults_table(adults: pd.DataFrame, ids: npt.NDArray[np.object_], since: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Adults as rows of an agency's list of people: without the numbers that only children have, or that are not shared."""
    return pd.DataFrame(
        {
            "PersonID": ids,
            "UPN": "",
            "NHSNumber": "",
            "Forename": adults["forename"].to_numpy(),
            "Surname": adults["surname"].to_numpy(),
            "DOB": british(adults["dob"].to_numpy()),
            "Sex": np.where(adults["male"].to_numpy(), "M", "F"),
            "RecordedOn": british(since),
        }
    )
