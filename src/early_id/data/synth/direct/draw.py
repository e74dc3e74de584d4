"""Feature matrix and truth drawn directly, for simulations that need thousands of runs: no extracts, no store.

Need, effects, selection and scenarios are those of the council, read from the same constants and in large part the same functions;
what happens inside a window is drawn in closed form or from the marks' own score. ``tests/recovery/test_synth_draw.py`` holds it
against extracts that went through store and ``build_features``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.data.synth.direct.absence import absences
from early_id.data.synth.direct.agencies import Links, family_features, housing_features, leaked_contacts, make_links, police_features
from early_id.data.synth.direct.crowd import Crowd, known_dates, make_crowd
from early_id.data.synth.direct.events import Rows, indicators, missing, notices, suspensions
from early_id.data.synth.direct.windows import LAGS, Relatives, attendance_features, suspension_features
from early_id.data.synth.events.casework import Casework
from early_id.data.synth.events.services import NOISE, UNSEEN, null_walks, open_door, walk
from early_id.data.synth.naming import whole_number
from early_id.data.synth.plan import START, CouncilPlan
from early_id.data.synth.scenarios.biases import ethnic_groups, null_families
from early_id.data.synth.scenarios.declare import parse
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import HORIZON, day_number
from early_id.data.synth.truth.labels import OLDEST, YOUNGEST, help_from, recognised_in

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

#: Children drawn for each row wanted: some are too young, too old, away, or open to services. Days a contact may wait for its outcome.
DRAWN_PER_ROW, PENDING = 1.48, 28
HOUSING = ("rent_arrears", "council_tax_arrears", "temporary_accommodation")
_STATUTORY = ("CLA", "CPP", "COURT", "S47", "CIN", "REFERRAL")


@dataclass(frozen=True)
class Drawn:
    """Rows that a run would score on one date, with what became of them and what is true.

    Attributes
    ----------
    X : DataFrame, shape (n, features)
        The shipped features by their names; NaN is unknown.
    y : array of float, shape (n,)
        1 where need was recognised within the horizon, else 0.
    outcomes : DataFrame
        ``need_recognised``, ``early_help_offered``, ``statutory_entry``, ``referral_accepted``.
    groups : DataFrame
        Characteristics for an audit, with the values of ``features.groups``.
    index : DataFrame
        ``family``, ``school``, ``hub`` (numbers; -1 where on no roll), ``age``, ``household_open``.
    truth : DataFrame
        ``need``; ``should_be_helped``; ``decided`` and ``decided_without_bias`` (what the front door made of contacts within the horizon);
        ``found_in_review`` (need with chance against the threshold that holds for all).
    as_of : date
    """

    X: pd.DataFrame
    y: Floats
    outcomes: pd.DataFrame
    groups: pd.DataFrame
    index: pd.DataFrame
    truth: pd.DataFrame
    as_of: date

    @property
    def family(self) -> npt.NDArray[np.int64]:
        """Family of each row, for folds and resampling."""
        return np.asarray(self.index["family"].to_numpy(), dtype=np.int64)

    @property
    def need(self) -> Floats:
        """True need on the as-of date."""
        return np.asarray(self.truth["need"].to_numpy(), dtype=np.float64)

    @property
    def should_be_helped(self) -> Flags:
        """Who should have been helped."""
        return np.asarray(self.truth["should_be_helped"].to_numpy(), dtype=bool)

    def __len__(self) -> int:
        return len(self.X)


def matrix(n: int, seed: int, *, scenarios: Iterable[str] | Mapping[str, float] = (), as_of: date | None = None, start: date = START) -> Drawn:
    """Draw a feature matrix and its truth.

    Parameters
    ----------
    n : int
        Rows, at least 50. Families are kept whole except the last.
    seed : int
        The same seed gives the same rows.
    scenarios : iterable of str, or mapping
        As for ``make_council``.
    as_of : date, optional
        One of the council's as-of dates whose outcome is known; the last of them where none is given.
    start : date
        Any day of the first school year of marks.

    Returns
    -------
    Drawn
        Rows in the cohort whose outcome is known; those who left before it could be are not drawn.

    Raises
    ------
    SettingsError
        A number out of range, an unknown scenario, or a date that is none of the council's.

    Examples
    --------
    >>> drawn = matrix(500, seed=1)
    >>> drawn.X.shape, round(float(drawn.y.mean()), 2) < 0.2
    ((500, 42), True)
    """
    if not (whole_number(n, 50) and whole_number(seed, 0)):
        raise SettingsError("A matrix has a whole number of rows, at least 50, and a seed from 0.", what_next="Give other numbers.")
    known = known_dates(start.isoformat())
    day = known[-1] if as_of is None else as_of
    if day not in known:
        raise SettingsError(
            f"{day} is not an as-of date of a council that starts on {start}, or its outcome is not known yet.",
            what_next=f"Use one of: {', '.join(str(found) for found in known)}.",
        )
    sizes = parse(scenarios)
    count = int(n * DRAWN_PER_ROW) + 60
    while True:
        plan = CouncilPlan(count, seed, start, sizes)
        crowd = make_crowd(count, plan, Seeds(seed), day_number(day))
        drawn = _describe(crowd, day, n)
        if len(drawn) == n:
            return drawn
        count = int(count * 1.1)


def _describe(crowd: Crowd, as_of: date, n: int) -> Drawn:
    happened, recorded = notices(crowd)
    gone, suspended = missing(crowd), suspensions(crowd)
    case = services_of(crowd, happened, gone, suspended)
    links = make_links(crowd)
    relatives = Relatives(crowd, links.housed, links.listed)
    family, taken = family_features(crowd, case, leaked_contacts(crowd, case), links, relatives)
    rows, household_open = _cohort(crowd, case, links, taken)
    outcomes, known = _outcomes(crowd, case, links)
    rows = rows[known[rows]][:n]
    years = {year: absences(crowd, year, suspended) for year in (crowd.year, crowd.year - 1) if len(crowd.timeline.years[year].days)}
    features = {
        **attendance_features(crowd, years, relatives),
        **suspension_features(crowd, suspended, relatives),
        **police_features(crowd, recorded, gone, links, relatives),
        **family,
        **housing_features(crowd, indicators(crowd, HOUSING), links),
    }
    return Drawn(
        X=pd.DataFrame(np.column_stack([values[rows] for values in features.values()]), columns=list(features)),
        y=outcomes["need_recognised"][rows].astype(float),
        outcomes=pd.DataFrame({name: values[rows].astype(float) for name, values in outcomes.items()}),
        groups=_groups(crowd, rows),
        index=pd.DataFrame(
            {
                "family": crowd.family[rows],
                "school": np.where(crowd.on_roll, crowd.school[crowd.year], -1)[rows],
                "hub": np.where(crowd.on_roll, crowd.schools["hub"].to_numpy()[crowd.school[crowd.year]], -1)[rows],
                "age": ((crowd.day - crowd.dob[rows]) / 365.25).astype(np.int64),
                "household_open": household_open[rows],
            }
        ),
        truth=_truth(crowd, case, rows),
        as_of=as_of,
    )


def services_of(crowd: Crowd, happened: Rows, gone: Rows, suspended: Rows) -> Casework:
    """Contacts and what follows, by the council's own walk through the months."""
    visibility = seen_by_schools(crowd)
    door = open_door(crowd.people, visibility, np.zeros(len(crowd), dtype=bool), crowd.timeline, crowd.plan)
    signs = {"notice": {"child": happened["child"], "day": happened["known"]}, "missing": gone, "suspension": suspended}
    usual = walk(door, crowd.need, signs, crowd.seeds)
    chance = null_families(crowd.people, crowd.plan, crowd.seeds)
    if chance is None:
        return usual
    drawn = null_walks(door, usual, crowd.seeds)
    by_chance = chance[crowd.family]
    mixed = Casework(usual.dob, usual.stop, usual.free_from, usual.draws)
    for kind, case in drawn.items():
        own, other = usual.arrays(kind), case.arrays(kind)
        mixed.rows[kind] = [
            {name: values[~by_chance[own["child"]]] for name, values in own.items()},
            {name: values[by_chance[other["child"]]] for name, values in other.items()},
        ]
    return mixed


def seen_by_schools(crowd: Crowd) -> Floats:
    """Log-rate of being named, month × child: of the school that the child is at, was at last, or comes to first; low where no school ever sees it."""
    schools = [crowd.school[0]]
    for school in crowd.school[1:]:
        schools.append(np.where(school >= 0, school, schools[-1]))
    for index in range(len(schools) - 2, -1, -1):
        schools[index] = np.where(schools[index] >= 0, schools[index], schools[index + 1])
    school = np.stack(schools)
    rate = np.where(school >= 0, crowd.schools["visibility"].to_numpy(dtype=float)[school], UNSEEN)
    starts = [year.start for year in crowd.timeline.years]
    return np.asarray(rate[np.searchsorted(starts, crowd.months + 15, side="right") - 1], dtype=np.float64)


def _cohort(crowd: Crowd, case: Casework, links: Links, taken: Flags) -> tuple[npt.NDArray[np.int64], Flags]:
    """Row numbers of the children a run would score, and whether another child of the household is open to statutory services."""
    day, count = crowd.day, len(crowd)
    age = (day - crowd.dob) / 365.25
    statutory, offers, contacts = case.arrays("statutory"), case.arrays("early_help"), case.arrays("contacts")
    running = (statutory["start"] + LAGS["statutory"] < day) & (statutory["end"] >= day) & np.isin(statutory["status"], _STATUTORY)
    is_open = np.zeros(count, dtype=bool)
    is_open[statutory["child"][running & (statutory["outcome"] != "nfa")]] = True  # linked or not: names and birthdays tell
    out = is_open | taken
    leaver = (statutory["status"] == "CARE_LEAVER") & (statutory["start"] + LAGS["statutory"] < day) & (statutory["end"] >= day)
    out[statutory["child"][leaver & links.social_care[statutory["child"]]]] = True
    helped = (offers["start"] < day) & (offers["end"] >= day) & links.social_care[offers["child"]]
    out[offers["child"][helped]] = True
    waiting = (contacts["on"] >= day - PENDING) & (contacts["on"] + LAGS["contacts"] < day) & (contacts["outcome_on"] >= day)
    out[contacts["child"][waiting & links.social_care[contacts["child"]]]] = True
    here = (crowd.on_roll | links.listed) & (crowd.joins < day) & (crowd.leaves >= day)
    rows = np.flatnonzero(here & ~out & (age >= YOUNGEST) & (age < OLDEST + 1))
    others = np.bincount(crowd.family[is_open & links.housed], minlength=len(crowd.first)) > 0
    return rows, others[crowd.family] & links.housed


def _outcomes(crowd: Crowd, case: Casework, links: Links) -> tuple[dict[str, Flags], Flags]:
    """Outcomes as the records show them, and for whom they are known."""
    day, count = crowd.day, len(crowd)
    statutory, offers = case.arrays("statutory"), case.arrays("early_help")
    nothing = {name: values[:0] for name, values in statutory.items()}, {name: values[:0] for name, values in offers.items()}
    referral = {name: values[statutory["status"] == "REFERRAL"] for name, values in statutory.items()}
    entry = {name: values[statutory["status"] != "REFERRAL"] for name, values in statutory.items()}
    found = {
        "early_help_offered": recognised_in(nothing[0], offers, day, count),
        "statutory_entry": recognised_in(entry, nothing[1], day, count),
        "referral_accepted": recognised_in(referral, nothing[1], day, count),
    }
    found = {name: flags & links.social_care for name, flags in found.items()}
    need = found["early_help_offered"] | found["statutory_entry"] | found["referral_accepted"]
    left = (crowd.leaves < day + HORIZON) | (day + HORIZON - crowd.dob > 18 * 365.25)
    return {"need_recognised": need, **found}, need | ~left


def _truth(crowd: Crowd, case: Casework, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    need, threshold = crowd.need.at(crowd.day), help_from(crowd.plan, crowd.timeline, crowd.day)
    decisions = case.arrays("decisions")
    inside = (decisions["on"] >= crowd.day) & (decisions["on"] < crowd.day + HORIZON)

    def decided(column: str) -> Flags:
        return np.bincount(decisions["child"][inside & decisions[column]], minlength=len(crowd)) > 0

    return pd.DataFrame(
        {
            "need": need[rows],
            "should_be_helped": (need > threshold)[rows],
            "decided": decided("passed")[rows],
            "decided_without_bias": decided("passed_without_bias")[rows],
            "found_in_review": (need + crowd.seeds.rng("review").normal(0, NOISE, len(crowd)) > threshold)[rows],
        }
    )


_AGES = np.array(["4 to 7", "8 to 10", "11 to 13", "14 to 17"], dtype=object)
_QUINTILES = np.array(["1 (most deprived)", "2", "3", "4", "5 (least deprived)"], dtype=object)
_YES_NO = {"Y": "yes", "N": "no"}


def _groups(crowd: Crowd, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    children, families, family = crowd.people.children, crowd.people.families, crowd.family[rows]

    def words_for(values: npt.NDArray[np.object_], words: dict[str, str]) -> npt.NDArray[np.object_]:
        return np.array([words.get(value, "not known") for value in values], dtype=object)

    def of_child(name: str, words: dict[str, str]) -> npt.NDArray[np.object_]:
        return words_for(children[name].to_numpy()[rows], words)

    def of_family(name: str, words: dict[str, str]) -> npt.NDArray[np.object_]:
        return words_for(families[name].to_numpy(), words)[family]

    age = ((crowd.day - crowd.dob[rows]) / 365.25).astype(np.int64)
    found = {
        "sex": np.where(children["male"].to_numpy()[rows], "male", "female").astype(object),
        "ethnic_group": of_family("ethnicity", dict(ethnic_groups())),
        "sen": of_child("sen", {"N": "none", "K": "SEN support", "E": "EHC plan"}),
        "disability": of_child("disability", dict(_YES_NO)),
        "fsm": of_child("fsm", dict(_YES_NO)),
        "age_band": _AGES[np.searchsorted([8, 11, 14], age, side="right")],
        "first_language": of_family("language", {"ENG": "English", "OTH": "other than English"}),
        "idaci_quintile": _QUINTILES[(families["idaci"].to_numpy()[family] - 1) // 2],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in found.items()})
