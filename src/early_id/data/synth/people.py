"""Families and their children: who they are, where they live, what the school census says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.identifiers import make_nhs_numbers, make_postcodes, make_upns
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
#: Roughly the school census of 2025: code, share of families, share of those with another first language.
ETHNICITY = (
    ("WBRI", 0.625, 0.01), ("WIRI", 0.003, 0.02), ("WIRT", 0.001, 0.02), ("WOTH", 0.072, 0.66), ("WROM", 0.003, 0.55),
    ("MWBC", 0.016, 0.02), ("MWBA", 0.009, 0.10), ("MWAS", 0.017, 0.10), ("MOTH", 0.026, 0.15), ("AIND", 0.042, 0.50),
    ("APKN", 0.046, 0.60), ("ABAN", 0.018, 0.65), ("AOTH", 0.024, 0.60), ("BCRB", 0.009, 0.03), ("BAFR", 0.048, 0.45),
    ("BOTH", 0.008, 0.25), ("CHNE", 0.006, 0.55), ("OOTH", 0.019, 0.65), ("REFU", 0.004, 0.10), ("NOBT", 0.004, 0.20),
)  # fmt: skip
SEN_NEEDS = {
    "K": (
        ("SLCN", 0.28),
        ("SEMH", 0.23),
        ("SPLD", 0.15),
        ("MLD", 0.14),
        ("ASD", 0.10),
        ("OTH", 0.06),
        ("HI", 0.02),
        ("PD", 0.02),
    ),
    "E": (
        ("ASD", 0.34),
        ("SLCN", 0.21),
        ("SEMH", 0.16),
        ("MLD", 0.09),
        ("SLD", 0.08),
        ("SPLD", 0.04),
        ("PD", 0.04),
        ("PMLD", 0.04),
    ),
}


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


def ids(prefix: str, count: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """``count`` different ids in no order that tells anything."""
    width = max(6, len(str(count * 3)))
    numbers = rng.permutation(count * 3)[:count] + 10 ** (width - 1)
    return np.asarray(prefix + numbers.astype(str).astype(object), dtype=object)


def make_people(count: int, seeds: Seeds, timeline: Timeline) -> People:
    """Draw ``count`` children in families."""
    rng = seeds.rng("families")
    sizes = rng.choice(4, size=count, p=FAMILY_SIZES) + 1
    n_families = int(np.searchsorted(np.cumsum(sizes), count) + 1)
    sizes = sizes[:n_families]
    sizes[-1] -= int(sizes.sum()) - count
    families = _families(n_families, sizes, seeds, timeline)
    return People(families, _children(families, seeds, timeline))


def _families(count: int, sizes: npt.NDArray[np.int64], seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    rng = seeds.rng("family traits")
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
    fsm = rng.random(count) < 1 / (1 + np.exp(1.08 + 0.29 * (idaci - 5.5)))
    span = timeline.extracted - timeline.events_from
    years = span / 365.25
    joins = np.where(rng.random(count) < MOVES_IN * years, timeline.events_from + rng.integers(0, span, count), -NEVER)
    leaves = np.where(rng.random(count) < MOVES_AWAY * years, timeline.events_from + rng.integers(60, span, count), NEVER)
    leaves = np.where(leaves < joins + 120, NEVER, leaves)
    return pd.DataFrame(
        {
            "hub": hub,
            "size": sizes,
            "idaci": idaci,
            "ethnicity": ethnicity,
            "language": language,
            "fsm": fsm,
            "surname": _surnames(count, seeds),
            "postcode": make_postcodes(count, rng),
            "uprn": (999_000_000_000 + rng.permutation(count * 2)[:count]).astype(str).astype(object),
            "joins": joins,
            "leaves": leaves,
            "household_id": ids("HH", count, rng),
        }
    )


def _children(families: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    rng = seeds.rng("child traits")
    family = np.repeat(np.arange(len(families)), families["size"])
    count = len(family)
    dob = _birth_days(families["size"].to_numpy(), seeds.rng("births"), timeline)
    male = rng.random(count) < 0.512
    fsm = families["fsm"].to_numpy()[family]
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
    nhs = make_nhs_numbers(count, seeds.rng("nhs numbers"))
    nhs = np.concatenate([nhs, np.full(count - len(nhs), "", dtype=object)])
    nhs[rng.random(count) < 0.06] = ""
    return pd.DataFrame(
        {
            "family": family,
            "dob": dob,
            "entry_year": entry,
            "male": male,
            "sen": sen,
            "sen_need": sen_need,
            "disability": disability,
            "fsm": fsm_now,
            "fsm_ever6": ever,
            "forename": _forenames(male, seeds),
            "upn": make_upns(entry),
            "nhs": nhs,
            "young_carer": pick(rng, (("N", 0.995), ("P", 0.0015), ("S", 0.0035)), count),
            "home_educated": rng.random(count) < 0.012,
            "pupil_id": ids("P", count, rng),
            "social_care_id": ids("SC", count, rng),
            "police_id": ids("NP", count, rng),
            "housing_id": ids("HP", count, rng),
        }
    )


def _birth_days(sizes: npt.NDArray[np.int64], rng: np.random.Generator, timeline: Timeline) -> npt.NDArray[np.int64]:
    """Birthdays with at least ten months between siblings, twins apart, wrapped into the span that is held."""
    last = timeline.extracted - int(4 * 365.25)
    span = int(BIRTH_SPAN_YEARS * 365.25)
    total = int(sizes.sum())
    gaps = (300 + rng.gamma(2.0, 330.0, total)).astype(np.int64)
    gaps[rng.random(total) < 0.012] = 0
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
