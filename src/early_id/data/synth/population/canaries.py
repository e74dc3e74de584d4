"""Five people with unmistakable names, so that a leak of any detail into a log or a page can be found by searching.

Every name, number, id, address and free text of theirs, in every agency's files, is a string that no ordinary value contains.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.identifiers import make_canary_nhs, make_canary_upns
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

if TYPE_CHECKING:
    from early_id.data.synth.agencies.homes import Homes

NAMES = (
    ("Zebedee", "Canaryfield"),
    ("Ottoline", "Canarywood"),
    ("Peregrine", "Canarystone"),
    ("Xanthippe", "Canarybrook"),
    ("Bartholomew", "Canaryhurst"),
)
#: Forenames of their parents, first and second adult.
PARENTS = (
    ("Hortensia", "Ignatius"),
    ("Leopoldina", "Cornelius"),
    ("Clementina", "Thelonius"),
    ("Wilhelmina", "Evaristus"),
    ("Seraphina", "Aurelius"),
)
#: Column of ``People.children`` → letters before CANARY and a number.
ID_LETTERS = {"pupil_id": "P", "social_care_id": "SC", "police_id": "NP", "housing_id": "HP", "health_id": "HE"}
#: The first of them sit high on the signs, unknown to services, so that they are likely to be listed.
HIGH = 3
#: Need of their families in the last year and a half, and how far up their schools' absence they are moved.
HIGH_NEED, HIGH_ABSENCE = 2.6, 0.9


def choose_canaries(people: People, seeds: Seeds, timeline: Timeline) -> npt.NDArray[np.int64]:
    """Rows of five children of different families who are at school, live here throughout, and have a UPN and NHS number."""
    rng = seeds.rng("canaries")
    children, families = people.children, people.families
    family = children["family"].to_numpy()
    nc = timeline.years[-1].first_year - children["entry_year"].to_numpy()
    stays = (families["joins"].to_numpy()[family] < 0) & (families["leaves"].to_numpy()[family] > timeline.extracted)
    usable = (nc >= 2) & (nc <= 6) & stays & (children["nhs"].to_numpy() != "") & ~children["home_educated"].to_numpy()
    usable &= children["sen"].to_numpy() != "E"
    if seeds.area:
        usable[:] = False  # all of them are in the first area
    rows = rng.permutation(np.flatnonzero(usable))
    _, first = np.unique(family[rows], return_index=True)
    return np.asarray(rows[np.sort(first)[: len(NAMES)]], dtype=np.int64)


def name_canaries(people: People, rows: npt.NDArray[np.int64]) -> People:
    """The same people with the canaries' names, numbers, ids and addresses in place."""
    if not len(rows):
        return people
    children, families = people.children.copy(), people.families.copy()
    homes = children["family"].to_numpy()[rows]
    number = [str(n) for n in range(1, len(rows) + 1)]
    named: tuple[tuple[pd.DataFrame, npt.NDArray[np.int64], str, list[str]], ...] = (
        (children, rows, "forename", [forename for forename, _ in NAMES]),
        (children, rows, "upn", make_canary_upns(children["entry_year"].to_numpy()[rows]).tolist()),
        (children, rows, "nhs", make_canary_nhs(len(rows)).tolist()),
        *((children, rows, column, [f"{letters}CANARY{letters}{n}" for n in number]) for column, letters in ID_LETTERS.items()),
        (families, homes, "surname", [surname for _, surname in NAMES]),
        (families, homes, "postcode", [f"ZZ99 {n}CX" for n in number]),
        (families, homes, "uprn", [f"99977777777{n}" for n in number]),
        (families, homes, "household_id", [f"HHCANARY{n}" for n in number]),
    )
    for table, at, column, values in named:
        cells = table[column].to_numpy(dtype=object).copy()
        cells[at] = np.array(values[: len(rows)], dtype=object)
        table[column] = cells
    return People(families, children)


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


def raise_canaries(need: Need, people: People, rows: npt.NDArray[np.int64]) -> tuple[Need, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Need with the first canaries' families high, the lift of their absence, and who is held back from services."""
    family = people.children["family"].to_numpy()
    resid = need.resid.copy()
    high = np.isin(family, family[rows[:HIGH]])
    resid[high, -4:] = HIGH_NEED
    lift = np.zeros(len(people))
    lift[rows[:HIGH]] = HIGH_ABSENCE
    return replace(need, resid=resid), lift, np.isin(family, family[rows])


def canary_table(people: People, rows: npt.NDArray[np.int64], homes: Homes | None = None) -> pd.DataFrame:
    """What is to be searched for, one row a canary: names, ids, postcodes, and the parents."""
    children = people.children.iloc[rows]
    families = people.families.iloc[children["family"].to_numpy()]
    table = children[["forename", "upn", "nhs", *ID_LETTERS]].reset_index(drop=True)
    table.insert(1, "surname", families["surname"].to_numpy())
    for column in ("postcode", "uprn", "household_id"):
        table[column] = families[column].to_numpy()
    table["high_on_signs"] = ["yes" if i < HIGH else "no" for i in range(len(table))]
    if homes is not None:
        adults = homes.adults
        for number, title in ((1, "parent"), (2, "second_parent")):
            own = adults[adults["number"] == number].set_index("family").reindex(children["family"].to_numpy())
            table[f"{title}_forename"] = own["forename"].fillna("").to_numpy()
            table[f"{title}_id"] = own["housing_id"].fillna("").to_numpy()
    return table
