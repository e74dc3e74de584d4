"""How much more often each pupil is suspended than the average pupil, by group: the published ratios of all groups hold at once.

Free meals, SEN, ethnic group and deprivation overlap, so the published ratios may not be multiplied together: the factors are found by
iterative proportional fitting on the council's own pupils, until each group's mean rate stands to the others as published.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.rates import PHASES, code_shares, suspension_ratio

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROUNDS = 12
#: Highest expected rate of a pupil, in mean rates, while the factors are sought.
CEILING = 15.0
#: Events lost to overlaps and yearly limits, per mean rate: of a pupil with ten times the mean rate, about a quarter are lost.
LOSS = 0.03
ETHNIC = {
    "WBRI": "White_British", "WIRI": "Irish", "WIRT": "Traveller_of_Irish_heritage", "WOTH": "Any_other_white_background",
    "WROM": "Gypsy_Roma", "MWBC": "White_and_Black_Caribbean", "MWBA": "White_and_Black_African", "MWAS": "White_and_Asian",
    "MOTH": "Any_other_Mixed_background", "AIND": "Indian", "APKN": "Pakistani", "ABAN": "Bangladeshi",
    "AOTH": "Any_other_Asian_background", "BCRB": "Black_Caribbean", "BAFR": "Black_African",
    "BOTH": "Any_other_black_background", "CHNE": "Chinese", "OOTH": "Any_Other_Ethnic_Group",
}  # fmt: skip
SEN = {
    "N": "SEN_Provision_No_SEN",
    "K": "SEN_provision_SEN_without_statement",
    "E": "SEN_provision_SEN_with_statement_EHC",
}
NEEDS = {
    "ASD": "Autistic_spectrum_disorder", "HI": "Hearing_impairment", "MLD": "Moderate_learning_difficulty", "MSI": "Multisensory_impairment",
    "NSA": "No_specialist_assessment", "OTH": "Other_difficulty_disability", "PD": "Physical_disability",
    "PMLD": "Profound_and_multiple_learning_difficulty", "SEMH": "Social_emotional_and_mental_health",
    "SLCN": "Speech_language_and_communications_needs", "SLD": "Severe_learning_difficulty", "SPLD": "Specific_learning_difficulty",
    "VI": "Visual_impairment",
}  # fmt: skip
DECILES = {1: "0_to_10pc_most_deprived", 10: "90_to_100pc_least_deprived", **{n: f"{10 * n - 10}_to_{10 * n}pc" for n in range(2, 10)}}
YEARS = {0: "Reception", 12: "12_and_above", **{n: str(n) for n in range(1, 12)}}
#: Mean school days of a suspension by phase, 2015/16, to turn the published shares of code E into numbers of events.
DAYS = {"Primary": 2.11, "Secondary": 2.31, "Special": 2.03}


@dataclass(frozen=True)
class Characteristic:
    """One way to split pupils: the group of each row (-1: in none), and the groups' rates relative to each other."""

    group: Ints
    ratio: Array


def relative_rates(people: People, rolls: Rolls, weight: Array) -> Array:
    """Expected suspensions of each roll spell relative to the mean, before need and chance; ``weight`` is its share of a year."""
    spells, schools = rolls.spells, rolls.schools
    rate = np.exp(schools["suspension_shift"].to_numpy(dtype=float))[spells["school"].to_numpy()]
    splits = characteristics(people, rolls)
    for _ in range(ROUNDS):
        # Factors multiply up for the few who are in every high group; beyond the ceiling the limits on a pupil's year would cut them anyway.
        rate = np.minimum(rate / np.average(rate, weights=weight), CEILING)
        for split in splits:
            rate *= _factors(split, rate / (1 + LOSS * rate), weight)
    return np.asarray(rate / np.average(rate, weights=weight), dtype=np.float64)


def _factors(split: Characteristic, rate: Array, weight: Array) -> Array:
    """What each row's rate is to be multiplied by for its groups to stand as published; the mean over the groups stays."""
    inside = split.group >= 0
    group = np.where(inside, split.group, 0)
    used = weight * inside
    size = np.bincount(group, weights=used, minlength=len(split.ratio))
    mass = np.bincount(group, weights=used * rate, minlength=len(split.ratio))
    wanted = split.ratio * size
    scale = mass.sum() / max(wanted.sum(), 1e-12)
    factor = np.where(mass > 0, scale * wanted / np.maximum(mass, 1e-12), 1.0)
    return np.where(inside, factor[group], 1.0)


def characteristics(people: People, rolls: Rolls) -> tuple[Characteristic, ...]:
    """The splits of the published table for every roll spell; phase comes last, because its level is the most recent."""
    spells, schools = rolls.spells, rolls.schools
    child = spells["child"].to_numpy()
    children, families = people.children, people.families
    family = children["family"].to_numpy()[child]
    phase = schools["phase"].map({name: i for i, name in enumerate(PHASES)}).to_numpy(dtype=np.int64)[spells["school"].to_numpy()]
    year = np.clip(spells["nc"].to_numpy(), 0, 12) * 2 + children["male"].to_numpy()[child]
    by_year = suspension_ratio("NC_year_gender", {f"{n}{s[0]}": f"NC_Year_{name}|{s}" for n, name in YEARS.items() for s in ("Female", "Male")})
    sen_need = children["sen_need"].to_numpy()[child]
    return (
        _named(families["ethnicity"].to_numpy()[family], _ratios("Ethnicity", "Ethnicity_Minor_", ETHNIC)),
        _named(families["idaci"].to_numpy()[family], _ratios("IDACI_decile", "IDACI_decile_", DECILES)),
        _named(sen_need, _ratios("SEN_primary_need", "SEN_primary_need_", NEEDS)),
        _named(children["sen"].to_numpy()[child], _ratios("SEN_provision", "", SEN)),
        _named(families["fsm"].to_numpy()[family], _ratios("FSM_Eligible", "", {True: "FSM_Eligible", False: "FSM_NotEligible"})),
        Characteristic(year, np.array([by_year[f"{n}{s}"] for n in range(13) for s in "FM"])),
        Characteristic(phase, np.array([code_shares(i)["E"] / DAYS[name] for i, name in enumerate(PHASES)])),
    )


def _ratios(characteristic: str, prefix: str, names: dict[object, str] | dict[str, str] | dict[int, str] | dict[bool, str]) -> dict[object, float]:
    found = suspension_ratio(characteristic, {str(key): prefix + value for key, value in names.items()})
    return {key: found[str(key)] for key in names}


def _named(values: npt.NDArray[np.generic], ratios: dict[object, float]) -> Characteristic:
    """A characteristic from the rows' values; values without a published rate are in no group."""
    group = np.full(len(values), -1, dtype=np.int64)
    for number, name in enumerate(ratios):
        group[values == name] = number
    return Characteristic(group, np.array(list(ratios.values())))
