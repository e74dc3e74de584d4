"""What a scenario or a kind of mess is not about stays as it was, row for row; and what is to have an effect has it, in its direction of time."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from early_id.data.synth import world as world_module
from early_id.data.synth.direct.crowd import make_crowd
from early_id.data.synth.direct.draw import services_of
from early_id.data.synth.events.services import EARLY_HELP_FROM, REFERRAL_FROM, SIGN_DAYS
from early_id.data.synth.plan import council_plan
from early_id.data.synth.population.schools import make_schools
from early_id.data.synth.scenarios.biases import members, regime_from
from early_id.data.synth.seeds import RowDraws, Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, draw_world

CHILDREN, SEED = 3000, 4


class _Quiet:
    def advance(self, *_: object) -> None:
        """Nothing to show."""


@cache
def _world(*scenarios: str, mess: str = "none") -> World:
    plan = council_plan(CHILDREN, SEED, scenarios=scenarios, mess=mess)
    return draw_world(plan, Seeds(SEED), make_timeline(plan.start), _Quiet())  # type: ignore[arg-type]


def _tables(world: World) -> dict[str, pd.DataFrame]:
    """Every table of events, by child."""
    names = ("suspensions", "missing", "notices", "factors", "indicators", "health")
    return {**{name: getattr(world, name) for name in names}, **world.services, "marks": world.absence.rows}


def _families_without(world: World, child: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Children in whose family nobody is one of ``child``: brothers and sisters share contacts."""
    family = world.people.children["family"].to_numpy()
    return np.bincount(family, weights=child)[family] == 0


# other children --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "size"), [("black", 0.6), ("fsm", 0.01), ("girls", 0.6)])
def test_a_biased_threshold_moves_no_family_outside_the_group(target: str, size: float) -> None:
    plain, on = _world(), _world(f"label_bias:{target}={size}")
    outside = _families_without(plain, members(plain.people, target))
    assert 200 < outside.sum() < CHILDREN
    for name, table in _tables(plain).items():
        first, second = (frame[outside[frame["child"]]].reset_index(drop=True) for frame in (table, _tables(on)[name]))
        assert first.equals(second), name
    if size == 0.6:
        assert not plain.services["early_help"].equals(on.services["early_help"])


def test_a_group_measured_more_leaves_every_other_notice() -> None:
    plain, on = _world(), _world("measurement_bias:fsm=2")
    group = members(plain.people, "fsm")
    first, second = (frame[~group[frame["child"]]].reset_index(drop=True) for frame in (plain.notices, on.notices))
    assert first.equals(second) and len(on.notices) > len(plain.notices)
    both = plain.notices.merge(on.notices, how="left", indicator=True)
    assert (both["_merge"] == "both").all()


def test_another_definition_of_help_leaves_what_came_before() -> None:
    plain, on = _world(), _world("regime=0.5")
    since = regime_from(plain.timeline)
    for name, day in (("contacts", "on"), ("early_help", "offered"), ("statutory", "start"), ("assessed", "on")):
        first, second = (world.services[name][lambda f, d=day: f[d] < since].reset_index(drop=True) for world in (plain, on))
        assert first.equals(second), name


def test_twins_move_no_other_family() -> None:
    plain, on = _world(), _world(mess="twins")
    moved = (plain.people.children["dob"] != on.people.children["dob"]).to_numpy()
    assert moved.any()
    outside = _families_without(plain, moved)
    for name, table in _tables(plain).items():
        if name == "marks":  # rates of absence are scaled to the whole council
            continue
        first, second = (frame[outside[frame["child"]]] for frame in (table, _tables(on)[name]))
        same = first.merge(second, how="inner")
        # Rates of suspension are fitted to all pupils at once, and their number is the published one: a few give way, and a sign with them.
        least = {"suspensions": 0.95, "missing": 1.0, "notices": 1.0, "indicators": 1.0, "health": 1.0}.get(name, 0.99)
        assert len(same) >= least * max(len(first), len(second)), (name, len(same), len(first), len(second))


# signs and schools -----------------------------------------------------------------------------------------------------------------


def test_a_sign_is_followed_by_contacts_and_not_preceded_by_any() -> None:
    """Half of the children get a notice, known on one day; until that day both halves are named alike, then one of them more often."""
    crowd = make_crowd(20_000, council_plan(20_000, SEED), Seeds(SEED), 10**5)
    nobody = {name: np.zeros(0, dtype=np.int64) for name in ("child", "day", "known")}
    half = np.random.default_rng(1).random(len(crowd.first)) < 0.5
    child = np.flatnonzero(half[crowd.family])
    known = int(crowd.months[30]) + 13
    notices = {"child": child, "day": np.full(len(child), known - 40), "known": np.full(len(child), known)}
    plain, on = (services_of(crowd, rows, nobody, nobody).arrays("contacts") for rows in (nobody, notices))
    for contacts in (plain, on):
        contacts["half"] = half[crowd.family[contacts["child"]]]
    before = {name: values[plain["on"] <= known] for name, values in plain.items()}
    assert all(np.array_equal(values, on[name][on["on"] <= known]) for name, values in before.items())
    after = [int(((rows["on"] > known) & (rows["on"] <= known + SIGN_DAYS) & rows["half"]).sum()) for rows in (plain, on)]
    assert after[1] > 2 * after[0] > 100


@pytest.mark.parametrize("where", ["council", "matrix"])
def test_a_school_that_names_more_has_more_contacts(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other school has a log-rate of being named that is higher by one."""

    def louder(children: int, seeds: Seeds) -> pd.DataFrame:
        schools = make_schools(children, seeds)
        return schools.assign(visibility=schools["visibility"] + np.arange(len(schools)) % 2)

    def contacts() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """School of each child, and of each contact."""
        if where == "council":
            _world.cache_clear()
            world = _world()
            last = world.rolls.spells.drop_duplicates("child", keep="last").set_index("child")["school"]  # most stay a long time
            school = last.reindex(np.arange(CHILDREN), fill_value=-1).to_numpy()
            return school, world.services["contacts"]["child"].to_numpy()
        crowd = make_crowd(CHILDREN, council_plan(CHILDREN, SEED), Seeds(SEED), 10**5)
        nobody = {name: np.zeros(0, dtype=np.int64) for name in ("child", "day", "known")}
        school = np.full(CHILDREN, -1)
        for year in crowd.school[: crowd.year + 2]:
            school = np.where(year >= 0, year, school)
        return school, services_of(crowd, nobody, nobody, nobody).arrays("contacts")["child"]

    counts = []
    for loud in (False, True):
        if loud:
            monkeypatch.setattr(world_module, "make_schools", louder)
            monkeypatch.setattr("early_id.data.synth.direct.crowd.make_schools", louder)
        school, child = contacts()
        at = school[child]
        counts.append((int(((at >= 0) & (at % 2 == 1)).sum()), int(((at >= 0) & (at % 2 == 0)).sum())))
    _world.cache_clear()
    (odd, even), (odd_loud, even_loud) = counts
    assert 1.5 < odd_loud / odd < np.e  # who is helped is not named again for a while
    assert even_loud < 1.35 * even  # brothers and sisters at the other schools


def test_the_threshold_of_a_group_holds_for_help_and_for_referrals() -> None:
    world = _world("label_bias:fsm=0.6")
    rows = world.services["contacts"].merge(world.services["decisions"], on=["child", "on"], validate="one_to_one")
    shift = 0.6 * members(world.people, "fsm")[rows["child"]]
    expected = np.select([rows["score"] > REFERRAL_FROM + shift, rows["score"] > EARLY_HELP_FROM + shift], ["new_referral", "early_help"], "neither")
    found = rows["outcome"].where(rows["outcome"].isin(["new_referral", "early_help"]), "neither")
    assert (found == expected).all()
    between = (rows["score"] > REFERRAL_FROM) & (rows["score"] <= REFERRAL_FROM + shift)
    assert between.sum() > 10 and (rows.loc[between, "outcome"] == "early_help").all()


# draws by row ----------------------------------------------------------------------------------------------------------------------


def test_draws_by_row_depend_on_the_row_alone_and_look_like_chance() -> None:
    draws = RowDraws(12345)
    child, day = np.meshgrid(np.arange(500), np.arange(19_000, 19_400), indexing="ij")
    values = draws.uniform("a", child, day)
    assert values[17, 60] == draws.uniform("a", 17, 19_060)[0]
    assert values.min() > 0 and values.max() < 1
    assert np.histogram(values, 20, (0, 1))[0] / values.size == pytest.approx(0.05, rel=0.03)
    for other in (draws.uniform("b", child, day), RowDraws(12346).uniform("a", child, day), np.roll(values, 1, axis=0), np.roll(values, 1, axis=1)):
        assert abs(np.corrcoef(values.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(values.size)
    assert np.ptp(values.mean(axis=1)) < 8 * np.sqrt(1 / 12 / 400) and np.ptp(values.mean(axis=0)) < 8 * np.sqrt(1 / 12 / 500)
    assert draws.geometric(0.35, "g", child.ravel()).mean() == pytest.approx(1 / 0.35, rel=0.2)
    assert draws.gamma(2.0, 300, "m", child, day).mean() == pytest.approx(300, rel=0.01)
    assert set(draws.integers(3, 9, "i", child, day).ravel()) == {3, 4, 5, 6, 7, 8}


def test_arrivals_are_poisson_and_a_higher_mean_keeps_those_of_a_lower() -> None:
    draws, child = RowDraws(7), np.arange(60_000)
    row, number = draws.arrivals(np.full(len(child), 0.7), 30, "event", child)
    counts = np.bincount(row, minlength=len(child))
    assert counts.mean() == pytest.approx(0.7, rel=0.02) and counts.var() == pytest.approx(0.7, rel=0.03)
    assert (np.diff(row) >= 0).all() and (number[np.concatenate([[True], np.diff(row) > 0])] == 0).all()
    more = set(zip(*draws.arrivals(np.full(len(child), 1.1), 30, "event", child), strict=True))
    assert set(zip(row, number, strict=True)) <= more
    assert not len(draws.arrivals(np.zeros(5), 30, "event", np.arange(5))[0])
