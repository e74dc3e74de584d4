"""Five people with unmistakable names, so that a leak of any detail into a log or a page can be found by searching.

Every name, number, id, address and free text of theirs, in every agency's files, is a string that no ordinary value contains.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.identifiers import make_canary_nhs, make_canary_upns
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

NAMES = (
    ("Zebedee", "Canaryfield"),
    ("Ottoline", "Canarywood"),
    ("Peregrine", "Canarystone"),
    ("Xanthippe", "Canarybrook"),
    ("Bartholomew", "Canaryhurst"),
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


def raise_canaries(need: Need, people: People, rows: npt.NDArray[np.int64]) -> tuple[Need, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Need with the first canaries' families high, the lift of their absence, and who is held back from services."""
    family = people.children["family"].to_numpy()
    resid = need.resid.copy()
    high = np.isin(family, family[rows[:HIGH]])
    resid[high, -4:] = HIGH_NEED
    lift = np.zeros(len(people))
    lift[rows[:HIGH]] = HIGH_ABSENCE
    return replace(need, resid=resid), lift, np.isin(family, family[rows])
