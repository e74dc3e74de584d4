"""Every size in ``truth/effects.csv`` estimated from what happens to a large crowd, by true need: within a tenth.

The events come from the functions that the council and ``matrix`` draw with, the sizes from the written table; nothing here reads a constant
of a process. A monthly chance is fitted as a Poisson rate or, where need makes it large, with the complementary log-log link; a share by
logistic regression; what is normal by least squares.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.special import ndtri

from early_id.data.synth.direct.absence import absences
from early_id.data.synth.direct.crowd import Crowd, make_crowd
from early_id.data.synth.direct.draw import services_of
from early_id.data.synth.direct.events import missing, notices, suspensions
from early_id.data.synth.events.casework import Casework
from early_id.data.synth.events.factors import OF_THE_CHILD, factor_hits, family_indicators, read_factor_shares
from early_id.data.synth.events.health import make_health
from early_id.data.synth.events.police import NOTICE
from early_id.data.synth.events.services import AGE_EFFECT
from early_id.data.synth.marks.days import day_score, season
from early_id.data.synth.plan import council_plan
from early_id.data.synth.scenarios.biases import drift_from
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.truth.files import effects_table

CHILDREN, SEED, DRIFT = 100_000, 8, 2.0
Array = npt.NDArray[Any]
EFFECTS = effects_table(council_plan(CHILDREN, SEED)).set_index(["what", "how"])["size"]


def _stated(what: str, how: str = "") -> float:
    """The size of the one row whose words begin so."""
    rows = [size for (name, text), size in EFFECTS.items() if name == what and text.startswith(how)]
    assert len(rows) == 1, (what, how)
    return float(rows[0])


@cache
def _crowd() -> Crowd:
    """Rates move at a date, so that the size of ``drift`` can be estimated beside the effects."""
    plan = council_plan(CHILDREN, SEED, scenarios=[f"drift={DRIFT}"])
    return make_crowd(CHILDREN, plan, Seeds(SEED), 10**5)


@cache
def _case() -> tuple[Casework, dict[str, dict[str, Array]]]:
    """Contacts and what follows where signs come to one child in a hundred each month, whatever the need, so that there are many of each."""
    crowd, rng = _crowd(), np.random.default_rng(SEED)
    span, count = int(crowd.months[-1] - crowd.months[0]), len(crowd) * len(crowd.months) // 100
    signs = {
        name: {"child": rng.integers(0, len(crowd), count), "day": crowd.months[0] + rng.integers(0, span, count)}
        for name in ("notice", "missing", "suspension")
    }
    notice = {"child": signs["notice"]["child"], "known": signs["notice"]["day"]}
    return services_of(crowd, notice, signs["missing"], signs["suspension"]), signs


def _within_a_tenth(found: float, stated: float) -> None:
    assert found == pytest.approx(stated, rel=0.1), (found, stated)


def _here(crowd: Crowd, month: int) -> Array:
    return (crowd.joins <= month) & (crowd.leaves > month + 31) & (crowd.dob < month - 30) & (month - crowd.dob < 18 * 365.25 - 31)


def _slope(exposed: list[Array], events: list[Array]) -> float:
    """Log-rate of events by a level, Poisson likelihood in narrow bins: levels of everybody who might have one, and one level an event."""
    edges = np.arange(-6, 8, 0.04)
    middle = (edges[1:] + edges[:-1]) / 2
    whole, some = (sum(np.histogram(level, edges)[0] for level in levels) for levels in (exposed, events))
    wanted, slope = float(some @ middle / some.sum()), 0.0
    for _ in range(50):
        weight = whole * np.exp(slope * middle)
        mean = float(weight @ middle / weight.sum())
        slope += (wanted - mean) / float(weight @ (middle - mean) ** 2 / weight.sum())
    return slope


def _monthly(crowd: Crowd, child: Array, day: Array, among: Array | None = None) -> float:
    """Log-rate by need in the middle of the month, of events of children."""
    month = np.searchsorted(crowd.months, day, side="right") - 1
    exposed, events = [], []
    for index, first in enumerate(crowd.months):
        here, level = _here(crowd, int(first)) & (True if among is None else among), crowd.need.at(int(first) + 15)
        mine = child[month == index]
        exposed.append(level[here])
        events.append(level[mine[here[mine]]])
    return _slope(exposed, events)


# need itself -----------------------------------------------------------------------------------------------------------------------


def test_need_is_shared_moves_and_differs_by_group_as_stated() -> None:
    crowd = _crowd()
    resid, family = crowd.need.resid.astype(float), crowd.family
    pairs = np.flatnonzero(family[1:] == family[:-1])
    one, other = resid[pairs], resid[pairs + 1]
    shared = float(np.mean(one * other) / resid.var())
    family_stays = float(np.mean(one[:, :-1] * other[:, 1:]) / np.mean(one * other))
    child_stays = (float(np.mean(resid[:, :-1] * resid[:, 1:]) / resid.var()) - shared * family_stays) / (1 - shared)
    _within_a_tenth(shared, _stated("need", "share of variance"))
    _within_a_tenth(family_stays, _stated("need", "family part"))
    _within_a_tenth(child_stays, _stated("need", "child part"))
    families, sen = crowd.people.families, crowd.people.children["sen"].to_numpy()
    columns = [-families["idaci"].to_numpy()[family], families["fsm"].to_numpy()[family], sen == "E", sen == "K", crowd.need.strength]
    found = np.linalg.lstsq(np.column_stack([np.ones(len(crowd)), *columns]).astype(float), resid.mean(axis=1) + crowd.need.shift, rcond=None)[0][1:]
    for value, how in zip(found, ("each decile", "free school meals", "education, health", "SEN support"), strict=False):
        _within_a_tenth(value, _stated("need", how))
    _within_a_tenth(-found[4], _stated("strengths", "taken off need"))
    _within_a_tenth(crowd.need.strength.mean(), _stated("strengths", "families"))


# signs -----------------------------------------------------------------------------------------------------------------------------


def test_police_notices_follow_need_as_stated() -> None:
    crowd = _crowd()
    rows = notices(crowd)[0]
    eldest = np.zeros(len(crowd), dtype=bool)
    eldest[crowd.first] = True
    abuse = (rows["kind"] == NOTICE) & (rows["day"] < drift_from(crowd.timeline))
    months = replace(crowd, timeline=replace(crowd.timeline, months=crowd.months[crowd.months < drift_from(crowd.timeline)]))
    mine = abuse & eldest[rows["child"]]
    _within_a_tenth(_monthly(months, rows["child"][mine], rows["day"][mine], eldest), _stated("domestic-abuse notices"))
    justice = rows["kind"] != NOTICE
    _within_a_tenth(_monthly(crowd, rows["child"][justice], rows["day"][justice]), _stated("youth-justice notices"))


def test_missing_episodes_follow_need_as_stated() -> None:
    crowd, rows = _crowd(), missing(_crowd())
    _within_a_tenth(_monthly(crowd, rows["child"], rows["day"]), _stated("missing episodes"))


def test_health_notices_follow_need_and_bereavements_do_not() -> None:
    crowd = _crowd()
    rows = make_health(crowd.people, crowd.need, crowd.seeds, crowd.timeline)
    health, bereaved = (rows[rows["kind"] == kind] for kind in ("health", "bereavement"))
    _within_a_tenth(_monthly(crowd, health["child"].to_numpy(), health["happened"].to_numpy()), _stated("health notices"))
    assert _stated("bereavements") == 0
    assert abs(_monthly(crowd, bereaved["child"].to_numpy(), bereaved["happened"].to_numpy())) < 0.06


@pytest.mark.parametrize("name", ["rent_arrears", "council_tax_arrears", "temporary_accommodation", "benefit_cap", "debt_advice"])
def test_indicators_follow_need_as_stated(name: str) -> None:
    """The first indicator of each family: while one runs, no other begins."""
    crowd = _crowd()
    family, on, _ = family_indicators((name,), crowd.first, crowd.need, crowd.seeds, crowd.months)[name]
    begins = np.full(len(crowd.first), 10**6)
    np.minimum.at(begins, family, on)
    exposed, events = [], []
    for month in crowd.months:
        level = crowd.need.at(int(month) + 15)[crowd.first]
        exposed.append(level[begins >= month])
        events.append(level[(begins >= month) & (begins < month + 28)])
    _within_a_tenth(_slope(exposed, events), _stated(name))


def test_suspensions_follow_need_within_the_group_as_stated() -> None:
    crowd, rows = _crowd(), suspensions(_crowd())
    exposed, events = [], []
    for index, year in enumerate(crowd.timeline.years[:4]):
        level = crowd.need.resid_at(year.start + 140)
        exposed.append(level[crowd.school[index] >= 0])
        events.append(level[rows["child"][(rows["day"] >= year.start) & (rows["day"] <= year.end)]])
    _within_a_tenth(_slope(exposed, events), _stated("suspensions"))


# absence ---------------------------------------------------------------------------------------------------------------------------


@cache
def _small() -> Crowd:
    return make_crowd(20_000, council_plan(20_000, SEED), Seeds(SEED), 10**5)


def test_absence_of_a_year_goes_with_need_within_the_group_as_stated() -> None:
    crowd = _small()
    found = absences(crowd, 3, suspensions(crowd))
    year = crowd.timeline.years[3]
    rows = pd.DataFrame(
        {
            "absent": np.bincount(found.row, minlength=len(found.child)),
            "need": crowd.need.resid_at(int((year.days[0] + year.days[-1]) / 2))[found.child],
            "phase": crowd.phase[3][found.child],
            "nc": crowd.nc[3][found.child],
            "fsm": crowd.people.families["fsm"].to_numpy()[crowd.family[found.child]],
            "sen": crowd.people.children["sen"].to_numpy()[found.child],
            "male": crowd.people.children["male"].to_numpy()[found.child],
        }
    )
    start, end = crowd.since(year)
    whole = (start[found.child] <= year.start) & (end[found.child] >= year.end)
    groups = rows[whole & (rows["sen"] != "E")].groupby(["phase", "nc", "fsm", "sen", "male"])
    place = groups["absent"].transform(lambda values: ndtri((values.rank() - 0.5) / len(values)))
    kept = groups["absent"].transform("size") > 60
    _within_a_tenth(np.corrcoef(place[kept], rows["need"].loc[place.index][kept])[0, 1], _stated("absence", "place among"))


def test_the_course_of_absence_within_a_year_follows_need_as_stated() -> None:
    crowd = _small()
    year, child = crowd.timeline.years[3], np.arange(4000)
    score = day_score(len(child), year, crowd.need, child, np.random.default_rng(1)) - season(year)[None, :]
    level = np.stack([crowd.need.resid_at(day)[child] for day in year.days], axis=1)
    own, moves = (values - values.mean(axis=1, keepdims=True) for values in (score, level))  # within each child's year
    _within_a_tenth(float((own * moves).sum() / (moves**2).sum()), _stated("absence", "course within"))


def test_lateness_follows_need_and_a_settled_routine_as_stated() -> None:
    crowd = _small()
    found = absences(crowd, 3, suspensions(crowd))
    year = crowd.timeline.years[3]
    level = crowd.need.at(int((year.days[0] + year.days[-1]) / 2))[found.child]
    phases = [crowd.phase[3][found.child] == number for number in range(3)]
    design = np.column_stack([level, crowd.need.strength[found.child], *phases]).astype(float)
    need, routine = np.linalg.lstsq(design, np.log(found.late_rate), rcond=None)[0][:2]
    _within_a_tenth(need, _stated("lateness"))
    _within_a_tenth(-routine, _stated("strengths", "taken off lateness"))


# the front door --------------------------------------------------------------------------------------------------------------------


def _hazard(X: Array, hit: Array, offset: Array) -> Array:
    """Coefficients of the log-hazard of something that happens within a month (complementary log-log link), by Newton's method."""
    beta = np.zeros(X.shape[1])
    beta[0] = np.log(hit.mean()) - offset.mean()
    for _ in range(60):
        rate = np.exp(np.clip(X @ beta + offset, -20, 3))
        chance = -np.expm1(-rate)
        curve = (X * (rate**2 * (1 - chance) / chance)[:, None]).T @ X
        step = np.linalg.solve(curve, X.T @ (rate * (hit * (1 / chance) - 1)))
        beta = beta + step * min(1.0, 0.5 / np.abs(step).max())
    assert np.abs(step).max() < 1e-6
    return beta


def test_contacts_follow_need_signs_school_and_drift_as_stated() -> None:
    """The first contact of children without brothers or sisters: until then nobody works with them, and nobody is named with them."""
    crowd, (case, signs) = _crowd(), _case()
    contacts, statutory = case.arrays("contacts"), case.arrays("statutory")
    named = np.full(len(crowd), 10**6)
    np.minimum.at(named, contacts["child"], contacts["on"])
    taken = np.full(len(crowd), 10**6)
    np.minimum.at(taken, statutory["child"], statutory["start"])
    alone = (np.bincount(crowd.family)[crowd.family] == 1) & (taken >= named)
    schools = crowd.schools["visibility"].to_numpy()
    starts = [year.start for year in crowd.timeline.years]
    tables = []
    for index, month in enumerate(crowd.months):
        if index < 2:  # of signs before the first month there are none
            continue
        # The day on which a family would be named is drawn in every month, whether somebody names it or not.
        days = (month + crowd.seeds.rng("contact days", index).integers(0, 28, len(crowd.first)))[crowd.family]
        school = crowd.school[np.searchsorted(starts, month + 15, side="right") - 1]
        here = alone & (school >= 0) & _here(crowd, int(month)) & (crowd.leaves > month + 40) & (named >= month)
        exposed = np.flatnonzero(here)
        hit = named[exposed] < month + 28
        assert (named[exposed][hit] == days[exposed][hit]).all()
        columns = {"hit": hit, "need": crowd.need.at(int(month) + 15)[exposed], "seen": schools[school[exposed]]}
        columns["later"] = np.full(len(exposed), month >= drift_from(crowd.timeline))
        columns["age"] = np.interp((month - crowd.dob[exposed]) / 365.25, *np.array(AGE_EFFECT).T)
        for name, rows in signs.items():
            gap = days[rows["child"]] - rows["day"]
            flags = np.zeros(len(crowd), dtype=bool)
            flags[rows["child"][(gap > 0) & (gap <= 45)]] = True
            columns[name] = flags[exposed]
        table = pd.DataFrame(columns)
        tables.append(table[table[list(signs)].sum(axis=1) <= 1])
    table = pd.concat(tables, ignore_index=True)
    names = ["need", "seen", "later", *signs]
    X = np.column_stack([np.ones(len(table)), table[names].to_numpy(dtype=float)])
    found = dict(zip(names, _hazard(X, table["hit"].to_numpy(), table["age"].to_numpy())[1:], strict=True))
    _within_a_tenth(found["need"], _stated("contacts"))
    for name in signs:
        _within_a_tenth(found[name], _stated(f"contacts after {name}"))
    assert found["seen"] == pytest.approx(1.0, abs=0.15)
    assert np.exp(found["later"]) == pytest.approx(DRIFT, rel=0.1)


def test_decisions_stand_where_stated() -> None:
    crowd, (case, _) = _crowd(), _case()
    decisions, contacts = case.arrays("decisions"), case.arrays("contacts")
    score, outcome = decisions["score"], contacts["outcome"]
    helped, referred = (float(score[outcome == name].min()) for name in ("early_help", "new_referral"))
    _within_a_tenth(helped, _stated("decision", "help is offered"))
    _within_a_tenth(referred, _stated("decision", "a referral"))
    assert score[np.isin(outcome, ["nfa", "advice"])].max() <= helped and score[outcome == "early_help"].max() <= referred
    month = crowd.months[np.searchsorted(crowd.months, decisions["on"], side="right") - 1]
    noise = score - crowd.need.of(decisions["child"], month + 15)
    _within_a_tenth(float(noise.std()), _stated("decision", "chance in each contact"))


def test_factors_follow_need_among_those_assessed_as_stated() -> None:
    """Each factor by logistic regression; sizes averaged by their precision. Of the child's own factors age decides, too."""
    crowd, (case, _) = _crowd(), _case()
    assessed = case.arrays("assessed")
    child, day = assessed["child"], assessed["on"]
    level = crowd.need.of(child, day)
    codes = read_factor_shares()["code"].to_numpy()
    hits = factor_hits(child, day, level, (day - crowd.dob[child]) / 365.25, crowd.seeds.rows("factors"))
    X = np.column_stack([np.ones(len(level)), level]).astype(float)
    sizes, weights = [], []
    for number, code in enumerate(codes):
        if code in OF_THE_CHILD or hits[:, number].sum() < 50:
            continue
        beta = np.array([np.log(hits[:, number].mean()), 0.0])
        for _ in range(25):
            chance = 1 / (1 + np.exp(-X @ beta))
            curve = (X * (chance * (1 - chance))[:, None]).T @ X
            beta = beta + np.linalg.solve(curve, X.T @ (hits[:, number] - chance))
        sizes.append(beta[1])
        weights.append(1 / np.linalg.inv(curve)[1, 1])
    _within_a_tenth(float(np.average(sizes, weights=weights)), _stated("factors"))


def test_every_stated_size_is_estimated_here() -> None:
    """A new row of the table needs an estimate of its own."""
    assert len(EFFECTS) == 32
