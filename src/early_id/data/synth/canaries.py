"""Five people with unmistakable names, so that a leak of any detail into a log or a page can be found by searching."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.need import Need
from early_id.data.synth.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

NAMES = (
    ("Zebedee", "Canaryfield"),
    ("Ottoline", "Canarywood"),
    ("Peregrine", "Canarystone"),
    ("Xanthippe", "Canarybrook"),
    ("Bartholomew", "Canaryhurst"),
)
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
    rows = rng.permutation(np.flatnonzero(usable))
    _, first = np.unique(family[rows], return_index=True)
    return np.asarray(rows[np.sort(first)[: len(NAMES)]], dtype=np.int64)


def name_canaries(people: People, rows: npt.NDArray[np.int64]) -> People:
    """The same people with the canaries' names and postcodes in place."""
    children, families = people.children.copy(), people.families.copy()
    for number, (row, (forename, surname)) in enumerate(zip(rows, NAMES, strict=True)):
        home = int(children["family"].iloc[row])
        children.loc[row, "forename"] = forename
        families.loc[home, "surname"] = surname
        families.loc[home, "postcode"] = f"ZZ99 {number + 1}CX"
    return People(families, children)


def raise_canaries(need: Need, people: People, rows: npt.NDArray[np.int64]) -> tuple[Need, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Need with the first canaries' families high, the lift of their absence, and who is held back from services."""
    family = people.children["family"].to_numpy()
    resid = need.resid.copy()
    high = np.isin(family, family[rows[:HIGH]])
    resid[high, -4:] = HIGH_NEED
    lift = np.zeros(len(people))
    lift[rows[:HIGH]] = HIGH_ABSENCE
    return replace(need, resid=resid), lift, np.isin(family, family[rows])


def canary_table(people: People, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """What is to be searched for: names, ids, postcodes."""
    children = people.children.iloc[rows]
    families = people.families.iloc[children["family"].to_numpy()]
    table = children[["forename", "upn", "nhs", "pupil_id", "social_care_id", "police_id", "housing_id"]].reset_index(drop=True)
    table.insert(1, "surname", families["surname"].to_numpy())
    table["postcode"] = families["postcode"].to_numpy()
    table["household_id"] = families["household_id"].to_numpy()
    table["high_on_signs"] = ["yes" if i < HIGH else "no" for i in range(len(table))]
    return table
