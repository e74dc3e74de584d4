"""The canaries' parents by name, and everything of theirs that is to be searched for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.homes import Homes
from early_id.data.synth.population.canaries import HIGH, ID_LETTERS, NAMES
from early_id.data.synth.population.people import People

#: Forenames of their parents, first and second adult.
PARENTS = (
    ("Hortensia", "Ignatius"),
    ("Leopoldina", "Cornelius"),
    ("Clementina", "Thelonius"),
    ("Wilhelmina", "Evaristus"),
    ("Seraphina", "Aurelius"),
)


def name_parents(homes: Homes, people: People, rows: npt.NDArray[np.int64]) -> Homes:
    """The same homes with the canaries' parents named, and numbered so that their ids are unmistakable too."""
    adults = homes.adults.copy()
    family, second = adults["family"].to_numpy(), adults["number"].to_numpy() == 2
    for number, home in enumerate(people.children["family"].to_numpy()[rows]):
        for at in np.flatnonzero(family == home):
            adults.loc[at, "forename"] = PARENTS[number][int(second[at])]
            adults.loc[at, "surname"] = NAMES[number][1]
            adults.loc[at, "housing_id"] = f"HPCANARY{number + 1}{'B' if second[at] else 'A'}"
    return replace(homes, adults=adults)


def canary_table(people: People, rows: npt.NDArray[np.int64], homes: Homes) -> pd.DataFrame:
    """What is to be searched for, one row a canary: names, ids, postcodes, and the parents."""
    children = people.children.iloc[rows]
    families = people.families.iloc[children["family"].to_numpy()]
    table = children[["forename", "upn", "nhs", *ID_LETTERS]].reset_index(drop=True)
    table.insert(1, "surname", families["surname"].to_numpy())
    for column in ("postcode", "uprn", "household_id"):
        table[column] = families[column].to_numpy()
    table["high_on_signs"] = ["yes" if i < HIGH else "no" for i in range(len(table))]
    adults = homes.adults
    for number, title in ((1, "parent"), (2, "second_parent")):
        own = adults[adults["number"] == number].set_index("family").reindex(children["family"].to_numpy())
        table[f"{title}_forename"] = own["forename"].fillna("").to_numpy()
        table[f"{title}_id"] = own["housing_id"].fillna("").to_numpy()
    return table
