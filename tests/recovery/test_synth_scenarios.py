"""Each scenario has the effect it states, and with it off the effect is absent.

Worlds are drawn without marks, with the usual size wherever another is not the point; figures about scores come from ``matrix``
(``make nightly`` draws more rows). Intervals are 99.9 % (3.29 standard errors), clustered by
family where rows of one family are compared, so that a false alarm is rare and a missing effect is not.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from early_id.core.errors import SettingsError
from early_id.data.synth import CouncilSummary, Drawn, make_council, matrix
from early_id.data.synth.direct.crowd import make_crowd
from early_id.data.synth.events.police import NOTICE, make_notices
from early_id.data.synth.events.services import EARLY_HELP_FROM, REFERRAL_FROM
from early_id.data.synth.plan import START, council_plan
from early_id.data.synth.population.need import STRENGTH_EFFECT, STRENGTH_LATE, STRENGTH_SHARE, STRENGTH_SHARE_RAISED
from early_id.data.synth.scenarios.biases import drift_from, loss_from, members, regime_from
from early_id.data.synth.scenarios.declare import SCENARIOS, parse, part
from early_id.data.synth.scenarios.distortions import BACKDATED, FILES, cut_off, miswritten_notices
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.truth.files import write_truth
from early_id.data.synth.truth.labels import make_labels
from early_id.data.synth.world import World, clean_tables, draw_world
from early_id.features.cohort import Cohort

CHILDREN, SEED, Z = 1500, 5, 3.29
MANY = 25_000 if int(os.environ.get("EARLY_ID_RUN_FACTOR", "1")) > 1 else 12_000


class _Quiet:
    def advance(self, *_: object) -> None:
        """Nothing to show."""


def _world(*scenarios: str) -> World:
    return _world_of(*parse(scenarios).items())


@cache
def _world_of(*sizes: tuple[str, float]) -> World:
    plan = council_plan(CHILDREN, SEED, scenarios=dict(sizes))
    return draw_world(plan, Seeds(SEED), make_timeline(plan.start), _Quiet())  # type: ignore[arg-type]


@cache
def _rows(n: int, *scenarios: str, seed: int = 3) -> Drawn:
    return matrix(n, seed, scenarios=scenarios)


def _clustered(values: npt.NDArray[Any], family: npt.NDArray[Any]) -> tuple[float, float]:
    """Mean and its standard error over families."""
    values = np.asarray(values, dtype=float)
    mean = values.mean()
    totals = np.bincount(np.unique(family, return_inverse=True)[1], weights=values - mean)
    return float(mean), float(np.sqrt((totals**2).sum()) / len(values))


def _gap(values: npt.NDArray[Any], group: npt.NDArray[np.bool_], family: npt.NDArray[Any]) -> tuple[float, float]:
    """Difference of means, group less others, and its standard error."""
    (a, se_a), (b, se_b) = (_clustered(values[mask], family[mask]) for mask in (group, ~group))
    return a - b, float(np.hypot(se_a, se_b))


def _rate_ratio(more: float, fewer: float) -> tuple[float, float]:
    """Log of a ratio of two counts and its standard error."""
    return float(np.log(more / fewer)), float(np.sqrt(1 / more + 1 / fewer))


def _scores(n: int, *scenarios: str, seeds: tuple[int, int] = (11, 12)) -> tuple[npt.NDArray[Any], Drawn]:
    """Scores of a plain model, fitted to other children of the same scenario."""
    fit, test = (_rows(n, *scenarios, seed=seed) for seed in seeds)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    columns = fit.X.mean()
    model.fit(fit.X.fillna(columns), fit.y)
    return model.predict_proba(test.X.fillna(columns))[:, 1], test


def _black(drawn: Drawn) -> npt.NDArray[np.bool_]:
    return (drawn.groups["ethnic_group"] == "Black").to_numpy()


# What a scenario may touch; everything else of the world stays as it was, to the last number.
PARTS = (
    "rolls.spells",
    "absence.rows",
    "suspensions",
    "missing",
    "notices",
    "contacts",
    "early_help",
    "statutory",
    "assessed",
    "factors",
    "indicators",
)
#: Contacts follow notices, and everything of social care follows contacts; episodes from care follow care.
_CARE = {"missing", "contacts", "early_help", "statutory", "assessed", "factors"}
TOUCHES: dict[str, set[str]] = {
    "null": set(PARTS),
    "label_bias": _CARE,
    "unbiased_outcome": set(),
    "measurement_bias": {"notices"},
    "proxy": {"absence.rows"},
    "drift": {"absence.rows", "notices", *_CARE},
    "source_loss": set(),
    "regime": _CARE,
    "leak": {"contacts"},
    "strengths": set(PARTS),
}


def _part(world: World, name: str) -> pd.DataFrame:
    if name in world.services:
        return world.services[name]
    value: Any = world
    for step in name.split("."):
        value = getattr(value, step)
    return value  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_scenario_touches_what_it_says_and_nothing_else(name: str) -> None:
    plain, on = _world(), _world(name)
    changed = {part_of for part_of in PARTS if not _part(plain, part_of).equals(_part(on, part_of))}
    assert changed <= TOUCHES[name]
    if name not in ("unbiased_outcome", "source_loss"):
        assert changed, "the scenario changes nothing"


def test_every_scenario_can_be_combined() -> None:
    world = _world(*SCENARIOS)
    assert {name for name in PARTS if len(_part(world, name))} == set(PARTS)


# null ------------------------------------------------------------------------------------------------------------------------------


def test_null_signs_say_nothing_of_outcomes_and_no_gap_is_left() -> None:
    """Three draws together: about 50 comparisons, and one draw of 8,000 may lie four standard errors off by chance."""
    gaps: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for seeds in ((11, 12), (21, 22), (31, 32)):
        score, test = _scores(8_000, "null", seeds=seeds)
        cases = test.y.sum()
        se = np.sqrt(1 / 12 * (1 / cases + 1 / (len(test) - cases)) * 1.5)  # AUC of a score that says nothing; 1.5 for families
        assert abs(roc_auc_score(test.y, score) - 0.5) < Z * se
        listed = score >= np.quantile(score, 0.9)
        for name in ("ethnic_group", "sex", "fsm", "sen", "idaci_quintile"):
            for value in test.groups[name].unique():
                group = (test.groups[name] == value).to_numpy()
                if group.sum() >= 400:
                    for what, values in {"outcome": test.y, "listed": listed, "need": test.need}.items():
                        gaps.setdefault((name, value, what), []).append(_gap(values, group, test.family))
    assert len(gaps) > 40
    far = {key: round(sum(gap for gap, _ in draws) / np.sqrt(sum(se**2 for _, se in draws)), 2) for key, draws in gaps.items()}
    assert all(abs(z) < 4 for z in far.values()), far


def test_without_null_signs_tell_and_groups_differ() -> None:
    score, test = _scores(8_000)
    assert roc_auc_score(test.y, score) > 0.74
    gap, se = _gap(score >= np.quantile(score, 0.9), (test.groups["fsm"] == "yes").to_numpy(), test.family)
    assert gap > Z * se


def test_null_of_a_half_leaves_half_of_what_the_signs_say() -> None:
    aucs = [float(roc_auc_score(test.y, score)) for score, test in (_scores(8_000), _scores(8_000, "null=0.5"), _scores(8_000, "null"))]
    assert aucs[0] - aucs[1] > 0.05 and aucs[1] - aucs[2] > 0.05


def test_null_in_the_council_keeps_rates_and_cuts_the_link() -> None:
    plain, on = _world(), _world("null")
    rates = {}
    for name, world in (("off", plain), ("on", on)):
        labels = pd.concat([frame for frame in make_labels(world, Seeds(SEED)) if frame["recognised"].notna().all()])
        labels = labels[~labels["open_to_statutory"] & ~labels["in_early_help"]]
        family = world.people.children["family"].to_numpy()[labels["child"]]
        hit = labels["recognised"].astype(float).to_numpy()
        rates[name] = (_gap(hit, labels["should_be_helped"].to_numpy(), family), len(world.services["contacts"]))
    (off, off_se), (on_, on_se) = rates["off"][0], rates["on"][0]
    assert off > Z * off_se and abs(on_) < Z * on_se
    ratio, se = _rate_ratio(rates["on"][1], rates["off"][1])
    assert abs(ratio) < 0.1 + Z * se  # contacts lock out a little differently where they do not repeat in the same families


# label_bias ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "size", "target"), [("label_bias", 0.6, "black"), ("label_bias:fsm=-0.5", -0.5, "fsm")])
def test_label_bias_moves_the_thresholds_of_one_group_by_its_size(words: str, size: float, target: str) -> None:
    world = _world(words)
    decisions = world.services["decisions"]
    group = members(world.people, target)[decisions["child"]]
    assert 20 < group.sum() < len(decisions)
    threshold = EARLY_HELP_FROM + size * group
    assert (decisions["passed"] == (decisions["score"] > threshold)).all()
    assert (decisions["passed_without_bias"] == (decisions["score"] > EARLY_HELP_FROM)).all()
    plain = _world().services["decisions"]
    assert (plain["passed"] == plain["passed_without_bias"]).all()


def test_label_bias_lowers_the_share_of_those_in_need_who_are_referred() -> None:
    found = {}
    for name, words in (("off", ()), ("on", ("label_bias:eal",))):
        drawn = _rows(25_000, *words)
        mine = drawn.should_be_helped
        group = (drawn.groups["first_language"] == "other than English").to_numpy()  # a large group that differs in nothing else
        for column, values in (("seen", drawn.y), ("fair", drawn.truth["decided_without_bias"].to_numpy())):
            found[name, column] = _gap(values[mine], group[mine], drawn.family[mine])
    gap, se = found["on", "seen"]
    assert gap + Z * se < 0
    for key in (("off", "seen"), ("off", "fair"), ("on", "fair")):
        gap, se = found[key]
        assert abs(gap) < Z * se, key


def test_the_truth_gives_the_share_referred_by_group(tmp_path: Path) -> None:
    world = _world("label_bias:fsm=1.2")
    write_truth(tmp_path / "truth", world, clean_tables(world, Seeds(SEED)), pd.DataFrame({"count": []}), Seeds(SEED))
    bias = pd.read_csv(tmp_path / "truth" / "bias.csv").set_index(["characteristic", "group"])
    yes, no = bias.loc[("fsm", "yes")], bias.loc[("fsm", "no")]
    assert (yes["help_from_need"], no["help_from_need"]) == pytest.approx((EARLY_HELP_FROM + 1.2, EARLY_HELP_FROM))
    assert (yes["referral_from_need"], no["referral_from_need"]) == pytest.approx((REFERRAL_FROM + 1.2, REFERRAL_FROM))
    assert yes["referred_of_those_in_need"] < 0.7 * no["referred_of_those_in_need"]
    assert yes["decided_without_bias_of_those_in_need"] > yes["decided_of_those_in_need"]
    assert no["decided_without_bias_of_those_in_need"] == no["decided_of_those_in_need"]
    labels = pd.read_parquet(tmp_path / "truth" / "labels.parquet")
    links = pd.read_csv(tmp_path / "truth" / "links.csv", dtype=str, keep_default_na=False)
    held = dict(zip(links["child"], members(world.people, "fsm"), strict=True))
    rows = labels[labels["recognised"].notna() & ~labels["open_to_statutory"] & ~labels["in_early_help"] & labels["should_be_helped"]]
    of_group = rows["child"].astype(str).map(held).to_numpy(dtype=bool)
    assert rows.loc[of_group, "recognised"].astype(float).mean() == pytest.approx(yes["referred_of_those_in_need"], abs=1e-3)


def test_the_second_outcome_is_the_reviewers_and_is_written_only_when_asked(small_council: CouncilSummary, tmp_path: Path) -> None:
    plain = small_council
    made = make_council(plain.children, plain.plan.seed, tmp_path / "with", scenarios=["unbiased_outcome=0.5"])
    assert not (plain.folder / "second_outcome").exists()
    for file in (made.folder / "extracts").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (plain.folder / file.relative_to(made.folder)).read_bytes(), file.name
    labels = pd.read_csv(made.folder / "second_outcome" / "labels.csv", dtype={"PupilID": str})
    truth = pd.read_parquet(made.folder / "truth" / "labels.parquet")
    whole = truth[truth["recognised"].notna()]
    pupils = pd.read_csv(made.folder / "extracts" / "education" / "pupils.csv", dtype=str)["PupilID"]
    assert labels["PupilID"].isin(pupils).all()
    links = pd.read_csv(made.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)
    looked_at = whole["child"].astype(str).isin(links.loc[links["education"] != "", "child"])
    assert abs(len(labels) / looked_at.sum() - 0.5) < Z * np.sqrt(0.25 / looked_at.sum())
    named = labels.merge(links, left_on="PupilID", right_on="education").merge(
        whole.assign(child=whole["child"].astype(str), AsOf=whole["as_of"].astype(str)), on=["child", "AsOf"]
    )
    assert (named["NeedFound"].astype(bool) == named["found_in_review"]).all() and len(named) > 100
    _only_those_looked_at_can_be_learned_from(made.folder / "second_outcome" / "extension.py", labels, pupils)


def _only_those_looked_at_can_be_learned_from(file: Path, labels: pd.DataFrame, pupils: pd.Series) -> None:
    """On a date with reviews the cohort is the children looked at, on a later one everybody; so a share of 0.5 leaves no outcome unknown."""
    names: dict[str, Any] = {"__file__": str(file), "__name__": "second_outcome"}
    exec(file.read_text(encoding="utf-8"), names)
    people = SimpleNamespace(person_links=pd.DataFrame({"source": "education", "source_person_id": pupils, "child_id": "c" + pupils}))
    names["council_cohort"] = lambda past, _: Cohort(pd.DataFrame({"child_id": "c" + pupils, "as_of": past.as_of}), pd.DataFrame())
    day = labels["AsOf"].max()
    cohort = names["EXTENSION"].programme.cohort
    of_day = cohort(SimpleNamespace(people=people, as_of=day), None).index["child_id"]
    assert set(of_day) == set("c" + labels.loc[labels["AsOf"] == day, "PupilID"])
    assert len(cohort(SimpleNamespace(people=people, as_of="2025-11-10"), None).index) == len(pupils) > len(of_day)


def test_the_review_does_not_know_of_the_bias() -> None:
    drawn = _rows(25_000, "label_bias:eal")
    mine, group = drawn.should_be_helped, (drawn.groups["first_language"] == "other than English").to_numpy()
    gap, se = _gap(drawn.truth["found_in_review"].to_numpy()[mine], group[mine], drawn.family[mine])
    assert abs(gap) < Z * se


# measurement_bias, proxy, strengths --------------------------------------------------------------------------------------------------


def _notices(words: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame, npt.NDArray[np.bool_], int]:
    """Notices of 15,000 children before and after what a scenario does to them, one row a family and day; the group; the day of drift."""
    timeline = make_timeline(START)
    plan = council_plan(15_000, SEED, scenarios=words)
    crowd = make_crowd(15_000, plan, Seeds(SEED), timeline.extracted)
    of = crowd.people, crowd.need, Seeds(SEED), timeline
    plain = make_notices(*of, council_plan(15_000, SEED))
    moved = miswritten_notices(make_notices(*of, plan), *of, plan)
    frames = [rows[rows["kind"] == NOTICE].assign(family=crowd.family[rows.loc[rows["kind"] == NOTICE, "child"]]) for rows in (plain, moved)]
    first, second = (frame.drop_duplicates(["family", "happened"]) for frame in frames)
    group = np.zeros(len(crowd.first), dtype=bool)
    group[crowd.family] = members(crowd.people, "fsm")
    return first, second, group, drift_from(timeline)


@pytest.mark.parametrize(("words", "ratio"), [("measurement_bias:fsm", 2.0), ("measurement_bias:fsm=3", 3.0), ("measurement_bias:fsm=0.4", 0.4)])
def test_measurement_bias_multiplies_a_groups_notices(words: str, ratio: float) -> None:
    plain, on, group, _ = _notices((words,))
    mine, others = (
        [len(frame[group[frame["family"]] == of_group]) for frame in (plain, on)] for of_group in (True, False)
    )  # fmt: skip
    # What is added is a Poisson count, and so is the count before, by which it is judged; what is kept of it is a binomial one.
    error = np.sqrt(mine[0] * ((ratio - 1) + (ratio - 1) ** 2 if ratio > 1 else ratio * (1 - ratio)))
    assert abs(mine[1] - ratio * mine[0]) < Z * error and Z * error < 0.15 * ratio * mine[0]
    assert others[0] == others[1]


def test_drift_multiplies_notices_from_its_date() -> None:
    plain, on, _, since = _notices(("drift=2.5",))
    after, before = ([len(frame[(frame["happened"] >= since) == late]) for frame in (plain, on)] for late in (True, False))
    assert abs(after[1] - 2.5 * after[0]) < Z * 2.5 * np.sqrt(after[0]) and before[0] == before[1]


def test_drift_and_measurement_bias_multiply() -> None:
    plain, on, group, since = _notices(("drift=2", "measurement_bias:fsm=2"))
    for of_group, late, ratio in ((True, True, 4.0), (True, False, 2.0), (False, True, 2.0), (False, False, 1.0)):
        before, after = (int(((group[frame["family"]] == of_group) & ((frame["happened"] >= since) == late)).sum()) for frame in (plain, on))
        assert abs(after - ratio * before) <= Z * np.sqrt(before * (ratio - 1) * ratio), (of_group, late)


def test_measurement_bias_in_the_matrix_is_that_of_the_council() -> None:
    def gap(*words: str) -> tuple[float, float]:
        drawn = _rows(MANY, *words)
        return _gap(drawn.X["domestic_abuse_notices_365d"].to_numpy(), _black(drawn), drawn.family)

    (off, off_se), (on, on_se) = gap(), gap("measurement_bias")
    level = _rows(MANY).X["domestic_abuse_notices_365d"].mean()
    assert abs(off) < Z * off_se and abs(on - level) < Z * on_se  # twice as many: one level more


def test_proxy_lets_lateness_stand_in_for_ethnicity() -> None:
    plain, on = _world(), _world("proxy")
    group = members(plain.people, "black")[plain.absence.rows["child"]]
    factor = on.absence.rows["late"].to_numpy() / plain.absence.rows["late"].to_numpy()
    assert factor[group] == pytest.approx(3.0) and factor[~group] == pytest.approx(1.0)

    def told(*words: str) -> tuple[float, float]:
        drawn = _rows(MANY, *words)
        late = drawn.X["late_share_365d"]
        known = late.notna().to_numpy()
        black = _black(drawn)[known]
        n, m = black.sum(), (~black).sum()
        return float(roc_auc_score(black, late[known])), float(np.sqrt((1 / n + 1 / m) / 12 * 1.5))

    (off, se), (on_, _) = told(), told("proxy")
    assert abs(off - 0.5) < Z * se and on_ > 0.7


@pytest.mark.parametrize(("words", "share", "effect"), [((), STRENGTH_SHARE, STRENGTH_EFFECT), (("strengths",), STRENGTH_SHARE_RAISED, 1.0)])
def test_strengths_take_their_size_off_need_and_show_in_punctuality(words: tuple[str, ...], share: float, effect: float) -> None:
    world = _world(*words)
    families = len(world.people.families)
    strong = np.zeros(families, dtype=bool)
    strong[world.people.children["family"].to_numpy()] = world.need.strength
    assert abs(strong.mean() - share) < Z * np.sqrt(share * (1 - share) / families)
    drawn = _rows(MANY, *words)
    crowd_world = world.need.shift - _without_strength(world)
    assert np.ptp(crowd_world[world.need.strength]) < 1e-5
    assert crowd_world[~world.need.strength].mean() - crowd_world[world.need.strength].mean() == pytest.approx(effect, abs=1e-5)
    rows = world.absence.rows
    has = world.need.strength[rows["child"]]
    level = np.log(rows["late"]) - 0.7 * world.need.shift[rows["child"]]
    gap, se = _gap(level.to_numpy(), has, world.people.children["family"].to_numpy()[rows["child"]])
    assert abs(gap + STRENGTH_LATE) < Z * se + 0.1  # lateness follows need within group too, and is capped
    taken = effect * share - STRENGTH_EFFECT * STRENGTH_SHARE
    assert drawn.need.mean() == pytest.approx(_rows(MANY).need.mean() - taken, abs=0.05)


def test_more_strength_leaves_the_need_and_lateness_of_others_as_they_were() -> None:
    plain, on = _world(), _world("strengths")
    others = ~on.need.strength
    assert (plain.need.strength <= on.need.strength).all() and (others != ~plain.need.strength).any()
    assert on.need.shift[others] == pytest.approx(plain.need.shift[others], abs=1e-6)
    assert on.need.shift[plain.need.strength].mean() == pytest.approx(plain.need.shift[plain.need.strength].mean() - 0.6, abs=1e-5)


def _without_strength(world: World) -> npt.NDArray[Any]:
    from early_id.data.synth.population import need

    people = world.people
    rows = people.children["family"].to_numpy()
    sen = people.children["sen"].to_numpy()
    groups = need.BY_DECILE * (5.5 - people.families["idaci"].to_numpy()[rows]) + need.BY_FSM * people.families["fsm"].to_numpy()[rows]
    groups = groups + need.BY_PLAN * (sen == "E") + need.BY_SUPPORT * (sen == "K")
    return np.asarray(groups - groups.mean())


# drift, regime, source_loss, leak --------------------------------------------------------------------------------------------------


def test_drift_moves_three_rates_from_its_date_and_nothing_before() -> None:
    plain, on = _world(), _world("drift")
    since = drift_from(plain.timeline)
    for name, day in (("notices", "happened"), ("contacts", "on")):
        before = [_part(world, name)[lambda f, d=day: f[d] < since - 31].reset_index(drop=True) for world in (plain, on)]
        assert before[0].equals(before[1]), name
    contacts = [int((world.services["contacts"]["on"] >= since).sum()) for world in (plain, on)]
    ratio, se = _rate_ratio(contacts[1], contacts[0])
    assert ratio - 2 * se > 0 and ratio < np.log(1.6) + 2 * se  # who is helped is not named again for a while
    late = on.absence.rows["late"].to_numpy() / plain.absence.rows["late"].to_numpy()
    year = plain.absence.rows["year"].to_numpy()
    starts = np.array([school_year.start for school_year in plain.timeline.years])[year]
    assert late[starts >= since] == pytest.approx(1.6) and late[starts < since] == pytest.approx(1.0)


def test_regime_changes_who_is_offered_help_from_its_date() -> None:
    plain, on = _world(), _world("regime")
    since = regime_from(plain.timeline)
    decisions = on.services["decisions"]
    later = decisions["on"] >= since
    assert 50 < later.sum() < len(decisions)
    assert (decisions["passed"] == (decisions["score"] > EARLY_HELP_FROM - 0.5 * later)).all()
    assert (plain.services["decisions"]["passed"] == (plain.services["decisions"]["score"] > EARLY_HELP_FROM)).all()
    before = [world.services["early_help"][lambda f: f["offered"] < since].reset_index(drop=True) for world in (plain, on)]
    assert before[0].equals(before[1])


def test_regime_raises_what_is_recognised_by_a_fifth() -> None:
    """On 17 March, two weeks before the definition changes: nearly all of the outcome's 180 days come after it."""
    off, on = _rows(MANY), _rows(MANY, "regime")
    assert off.as_of == date(2025, 3, 17)
    assert 1.1 < on.y.mean() / off.y.mean() < 1.3
    gap, se = _clustered(on.y - off.y, off.family)
    assert gap - Z * se > 0


@pytest.mark.parametrize("agency", ["police", "housing"])
def test_source_loss_ends_one_agencys_files_on_its_day(agency: str) -> None:
    world = _world(f"source_loss:{agency}")
    tables = clean_tables(world, Seeds(SEED))
    cut = cut_off(tables, world.plan, world.timeline)
    found = loss_from(world.plan, world.timeline)
    assert found == (agency, world.timeline.extracted - 365)
    last = pd.Timestamp(found[1], unit="D")
    for name, table in tables.items():
        if not name.startswith(f"{agency}/"):
            assert table.equals(cut[name])
            continue
        known, later = FILES[agency][name.split("/")[1]]
        for column in (known, *later):
            british, iso = (pd.to_datetime(cut[name][column], format=style, errors="coerce") for style in ("%d/%m/%Y", "ISO8601"))
            days = british.fillna(iso)
            assert days.notna().sum() == (cut[name][column] != "").sum()
            assert not (days >= last).any(), (name, column)
        assert len(cut[name]) < len(table)
    assert cut_off(tables, _world().plan, world.timeline) is tables


def test_source_loss_makes_the_features_of_the_police_unknown() -> None:
    off, on = _rows(2000), _rows(2000, "source_loss=400")
    assert off.X["missing_count_365d"].notna().all()
    assert on.X["missing_count_365d"].isna().mean() > 0.95
    assert np.array_equal(off.X["contacts_count_365d"], on.X["contacts_count_365d"]) and np.array_equal(off.y, on.y)


def test_leak_types_in_contacts_that_claim_the_past() -> None:
    plain, on = _world(), _world("leak")
    leaked, statutory = on.services["leaked"], on.services["statutory"]
    typed_in, referred = on.timeline.extracted - 1, (statutory["status"] == "REFERRAL") & (statutory["outcome"] != "nfa")
    causes = int((on.services["early_help"]["offered"] < typed_in).sum() + (referred & (statutory["start"] < typed_in)).sum())
    # A few come too early in the records for a contact before them.
    assert abs(len(leaked) / causes - 0.7) < 0.02 + Z * np.sqrt(0.21 / causes)
    gap = leaked["typed"] - leaked["on"]
    assert gap.min() >= BACKDATED[0] and gap.max() < BACKDATED[1] and leaked["typed"].max() < typed_in
    assert "leaked" not in plain.services
    kept = plain.services["contacts"].merge(on.services["contacts"], how="left", indicator=True)
    assert (kept["_merge"] == "both").all()

    off, typed = _rows(MANY), _rows(MANY, "leak")
    assert np.array_equal(off.y, typed.y)
    extra = (typed.X["contacts_count_365d"] - off.X["contacts_count_365d"]).to_numpy()
    gap, se = _gap(extra, off.y > 0, off.family)
    # An outcome falls anywhere in 180 days and its contact claims 20 to 150 days before it: 0.7 x 85 / 180 lie before the as-of date.
    assert gap + Z * se > 0.7 * 85 / 180 - 0.03 and gap - Z * se > 0.2


# names and sizes -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["nothing", "null=2", "null=abc", "proxy=1", "label_bias:nobody", "leak:police", "drift=0", "source_loss=5"])
def test_what_cannot_be_is_refused_with_what_can(word: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse([word])
    told = str(refusal.value)
    name = word.partition("=")[0].partition(":")[0]
    assert "early-id synth --list" in told if name == "nothing" else name in told


def test_names_sizes_and_targets_are_read() -> None:
    sizes = parse({"label_bias:girls": -0.3, "leak": 0.2})
    assert part(sizes, "label_bias") == ("girls", -0.3) and part(sizes, "leak") == ("", 0.2) and part(sizes, "null") is None
    assert parse(["null"])["null"] == SCENARIOS["null"].usual
    with pytest.raises(SettingsError, match="twice"):
        parse(["leak", "leak=0.3"])
    for scenario in SCENARIOS.values():
        assert scenario.low <= scenario.usual <= scenario.high and scenario.usual != scenario.neutral
