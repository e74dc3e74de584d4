"""Records made by hand for tests of linkage, with as many others around them as a model needs to learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.config.settings import LinkageSettings
from early_id.data.synth.population.identifiers import make_nhs_numbers, make_upns
from early_id.linkage.model import LinkageModel
from early_id.linkage.people import People, link_people
from early_id.linkage.splink_pass import Scored, no_pairs

UPNS = tuple(str(upn) for upn in make_upns(np.arange(2008, 2014)))
NUMBERS = tuple(str(number) for number in make_nhs_numbers(6, np.random.default_rng(1)))
BORN = "2012-05-04"
COLUMNS = ["source", "source_person_id", "upn", "nhs_number", "forename", "surname", "birth_date", "sex", "postcode", "uprn"]

FORENAMES = (
    "Adam",
    "Beth",
    "Carl",
    "Dora",
    "Eric",
    "Fern",
    "Gwen",
    "Hugo",
    "Iris",
    "Joel",
    "Kate",
    "Liam",
    "Mona",
    "Neil",
    "Olga",
    "Paul",
    "Rosa",
    "Sean",
)
SURNAMES = ("Archer", "Barlow", "Cooper", "Dalton", "Ellis", "Foster", "Gibson", "Harper", "Irving", "Jarvis", "Kendal", "Lawson", "Mercer", "Norris")


def record(
    source: str, number: str, forename: str | None = "Joan", surname: str | None = "Reed", born: str | None = BORN, **more: str | None
) -> dict:
    """One record of one source."""
    row = dict.fromkeys(COLUMNS) | {"source": source, "source_person_id": number, "forename": forename, "surname": surname, "birth_date": born}
    return row | more


def crowd(size: int = 240, seed: int = 3) -> list[dict]:
    """Children whom two sources hold, most alike in both: what the weights are learnt from."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(size):
        forename, surname = FORENAMES[int(rng.integers(len(FORENAMES)))], SURNAMES[int(rng.integers(len(SURNAMES)))]
        born = str((pd.Timestamp("2008-01-01") + pd.Timedelta(days=int(rng.integers(3600)))).date())
        postcode = f"AB{rng.integers(1, 9)} {rng.integers(1, 9)}{'CDEF'[int(rng.integers(4))]}{'GHJK'[int(rng.integers(4))]}"
        rows.append(record("crowd_a", f"a{n}", forename, surname, born, postcode=postcode))
        if rng.random() < 0.9:
            wrong = rng.random()
            other = forename[:-1] if wrong < 0.06 else forename
            moved = postcode if rng.random() < 0.9 else "ZE1 9ZZ"
            rows.append(record("crowd_b", f"b{n}", other, surname if wrong > 0.03 else surname + "s", born, postcode=moved))
    return rows


def frame(rows: list[dict]) -> pd.DataFrame:
    """Rows as the store gives them."""
    made = pd.DataFrame(rows, columns=[*COLUMNS, *(["known_from"] if any("known_from" in row for row in rows) else [])])
    made["birth_date"] = pd.to_datetime(made["birth_date"])
    known = made["known_from"] if "known_from" in made else pd.Series(None, index=made.index)
    return made.assign(known_from=pd.to_datetime(known).fillna(pd.Timestamp("2024-01-01")))


def all_alike(records: pd.DataFrame, model: LinkageModel, least: float) -> Scored:
    """In the place of Splink: every two records weigh as much as two can, so that nothing but a rule keeps them apart."""
    left, right = np.triu_indices(len(records), 1)
    pairs = no_pairs(model).reindex(range(len(left))).assign(left=left, right=right, weight=30.0, rule=0)
    levels = {name: -1 for name in pairs if name.startswith("level_")}
    return Scored(pairs.assign(**levels), pd.DataFrame({"rule": ["every pair"], "pairs": [len(left)], "used": [True]}))


def linked(*rows: dict, **more: object) -> People:
    """These records, linked, where every two look alike."""
    return link_people(frame(list(rows)), more.pop("households", None), key="k", score=all_alike, **more)  # type: ignore[arg-type]


def linked_in_a_crowd(*rows: dict, **more: object) -> People:
    """These records among others, with weights as Splink learns them."""
    settings = more.pop("settings", LinkageSettings(sample_pairs=100_000))
    return link_people(frame([*rows, *crowd()]), None, key="k", settings=settings, **more)  # type: ignore[arg-type]


def groups(people: People) -> set[frozenset[str]]:
    """Groups of two and more records that are not of the crowd, each as source:id."""
    links = people.current()
    links = links[~links["source"].str.startswith("crowd")]
    found = {frozenset(own["source"] + ":" + own["source_person_id"]) for _, own in links.groupby("child_id")}
    return {group for group in found if len(group) > 1}


def said(people: People, one: str, two: str) -> tuple[str, str]:
    """Verdict and reason of one pair, each record as source:id."""
    linkage = people.linkage
    assert linkage is not None
    keys = (linkage.records["source"] + ":" + linkage.records["source_person_id"]).tolist()
    left, right = sorted((keys.index(one), keys.index(two)))
    rows = linkage.pairs[(linkage.pairs["left"] == left) & (linkage.pairs["right"] == right)]
    return ("", "") if rows.empty else (rows.iloc[0]["verdict"], rows.iloc[0]["reason"])
