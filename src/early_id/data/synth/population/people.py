"""Families and their children: who they are, where they live, what the school census says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.identifiers import make_ids, make_nhs_numbers, make_postcodes, make_upns, make_uprns, upn_places
from early_id.data.synth.rates import read_table
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

if TYPE_CHECKING:
    from faker import Faker

#: Share of families with 1, 2, 3 and 4 children.
FAMILY_SIZES = (0.45, 0.38, 0.13, 0.04)
#: Years of birth held: those aged 4 to 17 on any as-of date.
BIRTH_SPAN_YEARS = 16.5
#: Yearly chance that a family moves out of, or into, the area.
MOVES_AWAY, MOVES_IN = 0.012, 0.012
#: Share of children taught at home, and of those whose NHS number nobody has.
HOME_EDUCATED, NHS_UNKNOWN = 0.012, 0.06
#: Ethnic group → share with another first language. They add up to one pupil in five.
OTHER_LANGUAGE = {
    "WBRI": 0.01, "WIRI": 0.02, "WIRT": 0.02, "WOTH": 0.70, "WROM": 0.55, "MWBC": 0.02, "MWBA": 0.12, "MWAS": 0.12, "MOTH": 0.18, "AIND": 0.58,
    "APKN": 0.65, "ABAN": 0.65, "AOTH": 0.66, "BCRB": 0.03, "BAFR": 0.52, "BOTH": 0.30, "CHNE": 0.58, "OOTH": 0.72, "REFU": 0.10, "NOBT": 0.20,
}  # fmt: skip
#: Code, share of families (the table of pupils, January 2025), share of those with another first language.
ETHNICITY = tuple(
    (str(row.code), row.percent / 100, OTHER_LANGUAGE[str(row.code)]) for row in read_table("ethnic_groups_2024_25.csv").itertuples(index=False)
)
#: Primary needs of pupils with SEN support (K) and with a plan (E): every current code of the census. The order is that of the published
#: statistics (speech and language lead support, autism leads plans); the rare needs keep their share of 2015/16; the rest is assumed.
SEN_NEEDS = {
    "K": (
        ("SLCN", 0.260), ("SEMH", 0.220), ("SPLD", 0.140), ("MLD", 0.135), ("ASD", 0.090), ("OTH", 0.055), ("NSA", 0.035), ("PD", 0.024),
        ("HI", 0.020), ("VI", 0.010), ("SLD", 0.004), ("PMLD", 0.004), ("MSI", 0.003),
    ),
    "E": (
        ("ASD", 0.330), ("SLCN", 0.205), ("SEMH", 0.160), ("MLD", 0.085), ("SLD", 0.080), ("SPLD", 0.035), ("PD", 0.035), ("PMLD", 0.030),
        ("OTH", 0.015), ("HI", 0.014), ("VI", 0.008), ("MSI", 0.003),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class People:
    """Families and children, one row each; a child's ``family`` is the row number of its family."""

    families: pd.DataFrame
    children: pd.DataFrame

    def __len__(self) -> int:
        return len(self.children)


def pick(rng: np.random.Generator, table: tuple[tuple[str, float], ...], count: int) -> npt.NDArray[np.object_]:
    """Draw ``count`` values of a table of value and weight."""
    names = np.array([row[0] for row in table], dtype=object)
    weights = np.array([row[1] for row in table], dtype=float)
    edges = np.cumsum(weights / weights.sum())
    return np.asarray(names[np.minimum(np.searchsorted(edges, rng.random(count)), len(names) - 1)])


def make_people(count: int, seeds: Seeds, timeline: Timeline) -> People:
    """Draw ``count`` children in families."""
    rng = seeds.rng("families")
    sizes = rng.choice(4, size=count, p=FAMILY_SIZES) + 1
    n_families = int(np.searchsorted(np.cumsum(sizes), count) + 1)
    sizes = sizes[:n_families]
    sizes[-1] -= int(sizes.sum()) - count
    families = _families(n_families, sizes, seeds, timeline)
    return People(families, _children(families, seeds, timeline))


def family_traits(sizes: npt.NDArray[np.int64], rng: np.random.Generator, timeline: Timeline) -> dict[str, npt.NDArray[Any]]:
    """What decides about signs and need, one entry a family: hub, size, idaci, ethnicity, language, fsm, joins, leaves."""
    count = len(sizes)
    hub = rng.integers(0, 3, count)
    # Deprivation differs between hubs, as it does between parts of any council.
    place = rng.normal(0, 0.9, count) + np.array([-0.55, 0.0, 0.55])[hub]
    rank = np.argsort(np.argsort(place, kind="stable"), kind="stable") / count
    idaci = np.minimum((rank * 10).astype(np.int64) + 1, 10)
    ethnicity = pick(rng, tuple((code, share) for code, share, _ in ETHNICITY), count)
    other = pd.Series(ethnicity).map({code: eal for code, _, eal in ETHNICITY}).to_numpy(dtype=float)
    language = np.where(rng.random(count) < other, "OTH", "ENG").astype(object)
    language[rng.random(count) < 0.01] = ""
    # 25.7 % of pupils eligible in 2025 (DfE, Schools, pupils and their characteristics), steep in deprivation.
    fsm = rng.random(count) < 1 / (1 + np.exp(1.23 + 0.29 * (idaci - 5.5)))
    span = timeline.extracted - timeline.events_from
    years = span / 365.25
    joins = np.where(rng.random(count) < MOVES_IN * years, timeline.events_from + rng.integers(0, span, count), -NEVER)
    leaves = np.where(rng.random(count) < MOVES_AWAY * years, timeline.events_from + rng.integers(60, span, count), NEVER)
    leaves = np.where(leaves < joins + 120, NEVER, leaves)
    return {
        "hub": hub,
        "size": sizes,
        "idaci": idaci,
        "ethnicity": ethnicity,
        "language": language,
        "fsm": fsm,
        "joins": joins,
        "leaves": leaves,
    }


def _families(count: int, sizes: npt.NDArray[np.int64], seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    rng = seeds.rng("family traits")
    return pd.DataFrame(
        {
            **family_traits(sizes, rng, timeline),
            "surname": _surnames(count, seeds),
            "postcode": make_postcodes(count, rng),
            "uprn": make_uprns("first", count, int(sizes.sum()), seeds),
            "household_id": make_ids("HH", "first", count, int(sizes.sum()), seeds),
        }
    )


def child_traits(
    family: npt.NDArray[np.int64], fsm: npt.NDArray[np.bool_], dob: npt.NDArray[np.int64], rng: np.random.Generator
) -> dict[str, npt.NDArray[Any]]:
    """What decides about signs and need, one entry a child, by the free meals of its family and its birthday."""
    count = len(family)
    male = rng.random(count) < 0.512
    # SEN: 5.3 % with a plan and 14.2 % with support in 2025; 71 % and 61 % boys, 44 % and 39 % eligible for free meals.
    plan = 0.0425 * np.where(male, 1.39, 0.58) * np.where(fsm, 2.05, 0.95)
    support = 0.1215 * np.where(male, 1.2, 0.79) * np.where(fsm, 1.75, 0.98)
    draw = rng.random(count)
    sen = np.where(draw < plan, "E", np.where(draw < plan + support, "K", "N")).astype(object)
    sen_need = np.full(count, "", dtype=object)
    for level, table in SEN_NEEDS.items():
        rows = np.flatnonzero(sen == level)
        sen_need[rows] = pick(rng, table, len(rows))
    disability = np.where(rng.random(count) < np.select([sen == "E", sen == "K"], [0.5, 0.1], 0.025), "Y", "N").astype(object)
    disability[rng.random(count) < 0.08] = ""
    fsm_now = np.where(fsm & (rng.random(count) < 0.97), "Y", "N").astype(object)
    ever = np.where((fsm_now == "Y") | (rng.random(count) < 0.06), "Y", "N").astype(object)
    fsm_now[rng.random(count) < 0.01] = ""
    born = pd.to_datetime(pd.Series(dob), unit="D")
    entry = (born.dt.year + np.where(born.dt.month >= 9, 5, 4)).to_numpy(dtype=np.int64)
    return {
        "family": family,
        "dob": dob,
        "entry_year": entry,
        "male": male,
        "sen": sen,
        "sen_need": sen_need,
        "disability": disability,
        "fsm": fsm_now,
        "fsm_ever6": ever,
    }


def _children(families: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    rng = seeds.rng("child traits")
    family = np.repeat(np.arange(len(families)), families["size"])
    count = len(family)
    dob = birth_days(families["size"].to_numpy(), seeds.rng("births"), timeline)
    traits = child_traits(family, families["fsm"].to_numpy()[family], dob, rng)
    nhs = make_nhs_numbers(count, seeds.rng("nhs numbers"), area=seeds.area, areas=seeds.areas)
    nhs = np.concatenate([nhs, np.full(count - len(nhs), "", dtype=object)])
    nhs[rng.random(count) < NHS_UNKNOWN] = ""
    return pd.DataFrame(
        {
            **traits,
            "forename": _forenames(traits["male"], seeds),
            "upn": make_upns(traits["entry_year"], upn_places(count, seeds)),
            "nhs": nhs,
            "young_carer": pick(rng, (("N", 0.995), ("P", 0.0015), ("S", 0.0035)), count),
            "home_educated": rng.random(count) < HOME_EDUCATED,
            "pupil_id": make_ids("P", "first", count, count, seeds),
            "social_care_id": make_ids("SC", "first", count, count, seeds),
            "police_id": make_ids("NP", "first", count, count, seeds),
            "housing_id": make_ids("HP", "first", count, count, seeds),
        }
    )


def birth_days(sizes: npt.NDArray[np.int64], rng: np.random.Generator, timeline: Timeline) -> npt.NDArray[np.int64]:
    """Birthdays with at least ten months between siblings, wrapped into the span that is held; twins come later (``agencies.kin``)."""
    last = timeline.extracted - int(4 * 365.25)
    span = int(BIRTH_SPAN_YEARS * 365.25)
    total = int(sizes.sum())
    gaps = (300 + rng.gamma(2.0, 330.0, total)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    gaps[starts] = 0
    run = np.cumsum(gaps)
    offset = run - np.repeat(run[starts], sizes)
    anchor = np.repeat(rng.integers(0, span, len(sizes)), sizes)
    return np.asarray(last - (anchor + offset) % span, dtype=np.int64)


def _forenames(male: npt.NDArray[np.bool_], seeds: Seeds) -> npt.NDArray[np.object_]:
    """Forenames from two pools drawn once: a call a child would take longer than everything else."""
    rng = seeds.rng("forenames")
    fake = _faker(seeds)
    boys = np.array([fake.first_name_male() for _ in range(1500)], dtype=object)
    girls = np.array([fake.first_name_female() for _ in range(1500)], dtype=object)
    picks = rng.integers(0, 1500, len(male))
    return np.where(male, boys[picks], girls[picks])


def _surnames(count: int, seeds: Seeds) -> npt.NDArray[np.object_]:
    rng = seeds.rng("surnames")
    fake = _faker(seeds)
    pool = np.array([fake.last_name() for _ in range(2500)], dtype=object)
    return pool[rng.integers(0, len(pool), count)]


def _faker(seeds: Seeds) -> Faker:
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(seeds.seed)
    return fake
