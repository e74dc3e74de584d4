"""The study of options finds where a planted gap comes from, and tells who pays for a smaller one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.audit.fairness import audit_model
from early_id.audit.options import AS_IS, BY_THEME, FEWER, LEVELLING, LEVELLING_FLAGS, REFUSED, levelled_down, study_options
from early_id.audit.refit import refitter, reweighing
from early_id.audit.result import AuditResult
from early_id.config.settings import AuditSettings, TrainingSettings
from early_id.features.matrix import FeatureMatrix
from early_id.models.train import run_trial
from model_fixtures import SHARING, fake_matrix

THEMES = {"home_factors_365d": "home", "missing_episodes_365d": "missing_episodes", "suspensions_365d": "suspensions"}
TRAINING = TrainingSettings(put_forward="logistic", models=("logistic",), baselines=("absence",), comparators=(), tracking=False, resamples=50)
RULES = AuditSettings(characteristics={"group": "Group", "sex": "Sex"}, not_held={})


def over_recorded(seed: int = 2, children: int = 1500) -> FeatureMatrix:
    """Things at home are recorded more often for one group, and what is recorded in excess says nothing about need."""
    plain = fake_matrix(children, seed=seed, base=-3.2)
    rng = np.random.default_rng(seed + 100)
    families = plain.index["family_id"].unique()
    marked = set(rng.choice(families, len(families) * 3 // 10, replace=False))
    group = plain.index["family_id"].isin(marked).to_numpy()
    X = plain.X.copy()
    X.loc[group, "home_factors_365d"] += rng.poisson(1.6, int(group.sum()))
    groups = plain.groups.assign(group=np.where(group, "over-recorded", "others"))
    if "sex" not in groups:
        groups["sex"] = rng.choice(["f", "m"], len(groups))
    features = tuple(replace(feature, theme=THEMES.get(feature.name, "attendance")) for feature in plain.meta.features)
    return replace(plain, X=X, groups=groups, meta=replace(plain.meta, features=features))


@pytest.fixture(scope="module")
def studied() -> AuditResult:
    matrix = over_recorded()
    trial = run_trial(matrix, TRAINING, audience="hub_lead", sharing=SHARING, capacity=150)
    audit = audit_model(trial.best, matrix, RULES)
    return study_options(trial.best, matrix, audit, RULES, TRAINING.model_copy(update={"capacity_share": None}), sharing=SHARING)


def _gap(result: AuditResult, option: str, measure: str) -> Any:
    table = result.further["option_gaps"]
    rows = table[(table["option"] == option) & (table["group"] == "over-recorded") & (table["measure"] == measure)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_gap_is_found_and_taking_its_source_out_closes_it(studied: AuditResult) -> None:
    row = studied.of("false_flag_rate").set_index("group").loc["over-recorded"]
    assert row["verdict"] == "gap found" and row["difference"] > 0
    gone = _gap(studied, "without the theme “Home”", "false_flag_rate")
    assert gone["change_high"] < 0 and abs(gone["gap"]) < row["difference"] / 2
    other = _gap(studied, "without the theme “Suspensions”", "false_flag_rate")
    assert other["change"] > gone["change_high"]


def test_the_theme_behind_it_is_what_gives_the_group_away(studied: AuditResult) -> None:
    links = studied.further["proxies"].query("kind == 'theme' and group == 'over-recorded'").set_index("source")["auc"]
    assert links.idxmax() == "home" and links["home"] > 0.7 and links.drop("home").max() < 0.6


def test_all_options_have_the_same_places_but_the_one_that_says_more(studied: AuditResult) -> None:
    options = studied.further["options"].set_index("option")
    places = options.loc[~options["kind"].isin(["more places", "by group"]), "places"]
    assert len(places) >= 8 and places.eq(150).all() and options.loc["1.5 times the places", "places"] == 225
    assert options.loc[~options["kind"].isin(["more places", "by group"]), "families_listed"].sub(150).abs().max() < 1e-9
    # With half as many places again more families with the outcome are found, and fewer children missed beyond doubt.
    more = options.loc["1.5 times the places"]
    assert more["families_found"] > options.loc[AS_IS, "families_found"] and more["change_high"] < 0
    assert options.loc[AS_IS, "change"] == 0 and options["change"].nunique() > 5
    for name, row in options.drop("another cut-off for each group").iterrows():
        assert row["change_low"] <= row["change"] <= row["change_high"], name
        assert row["change"] == pytest.approx(row["missed_share"] - options.loc[AS_IS, "missed_share"])
        assert (row["change_high"] - row["change_low"] > 0.005) == (row["kind"] != "base"), name
    assert options.loc["another cut-off for each group", "status"] == REFUSED


def test_a_feature_and_a_theme_are_capped_and_another_outcome_is_learned(studied: AuditResult) -> None:
    options = studied.further["options"].set_index("kind")
    assert {"drop theme", "drop feature", "cap theme", "cap feature", "another outcome", "reweight", "more places", "by group"} <= set(options.index)
    assert options.loc["cap theme", "reasons_exact"] == BY_THEME and options.loc["cap feature", "reasons_exact"] == "yes"
    assert options.loc["by group", "reasons_exact"] == "no"


def test_the_gap_is_taken_apart_in_one_order_with_intervals_and_adds_up(studied: AuditResult) -> None:
    steps = studied.further["decomposition"].query("group == 'over-recorded'")
    raw, mix, theme, left = (row for _, row in steps.iterrows())
    listed = studied.of("selection_share").set_index("group").loc["over-recorded", "difference"]
    assert raw["gap"] == pytest.approx(listed, abs=0.03)  # a refit of the same list, of children whose outcome is known
    assert mix["part"] == pytest.approx(raw["gap"] - mix["gap"]) and theme["part"] == pytest.approx(mix["gap"] - theme["gap"])
    assert mix["part"] + theme["part"] + left["part"] == pytest.approx(raw["gap"])
    # The marked families were drawn by lot, so the mix of outcomes has no part in it and the theme nearly all.
    assert theme["step"] == "gone when the list is made without the theme “Home”"
    assert mix["part_low"] < 0.02 and mix["part_high"] > -0.02 and abs(mix["part"]) < raw["gap"] / 4
    assert theme["part_low"] > raw["gap"] / 3 and left["part_low"] < 0.02
    for row in (mix, theme, left):
        assert row["part_low"] <= row["part"] <= row["part_high"] and row["part_high"] - row["part_low"] > 0.005
        assert row["gap_low"] <= row["gap"] <= row["gap_high"]
    assert np.isnan(raw["part"]) and np.isnan(raw["part_low"])


@pytest.mark.parametrize(
    ("measure", "before", "after", "found", "says"),
    [
        ("missed_share", (0.6, 0.4), (0.6, 0.5), -10.0, LEVELLING),  # nobody gains, others lose
        ("missed_share", (0.6, 0.4), (0.57, 0.5), -7.0, LEVELLING),  # a few gain, others lose more
        ("missed_share", (0.6, 0.4), (0.62, 0.5), -9.0, LEVELLING),  # all lose
        ("missed_share", (0.6, 0.4), (0.5, 0.43), -3.0, FEWER),  # the group gains more than others lose, but others are many
        ("missed_share", (0.6, 0.4), (0.5, 0.43), 4.0, ""),
        ("missed_share", (0.6, 0.4), (0.5, 0.4), 5.0, ""),
        ("missed_share", (0.4, 0.6), (0.5, 0.6), -5.0, LEVELLING),  # the others were worse off
        ("missed_share", (0.6, 0.4), (0.65, 0.3), 0.0, ""),  # the gap is wider
        ("false_flag_rate", (0.2, 0.1), (0.2, 0.15), 9.0, LEVELLING_FLAGS),
        ("false_flag_rate", (0.2, 0.1), (0.15, 0.1), -9.0, ""),
    ],
)
def test_levelling_down_is_called_by_its_name(measure: str, before: tuple[float, float], after: tuple[float, float], found: float, says: str) -> None:
    assert levelled_down(measure, before, after, found) == says


def test_weights_of_training_rows_know_nothing_of_the_rows_tested() -> None:
    matrix = over_recorded(children=1200)
    trial = run_trial(matrix, TRAINING, audience="hub_lead", sharing=SHARING, capacity=120)
    again = refitter(trial.best, matrix, TRAINING.model_copy(update={"capacity_share": None}), SHARING)
    asked: list[np.ndarray] = []
    weigh = again.reweighted("group")

    def watched(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return weigh(rows)

    scores = again.scores(again.features, draw=watched, seed=1)
    assert scores is not None and len(asked) == sum(part.test.any() for part in again.prepared.splits.fits)
    tested = again.prepared.splits.test
    assert not any(tested[rows].any() for rows in asked)
    # Turning every tested child's outcome and group round moves no score.
    other = matrix.groups.copy()
    other.loc[again.keys, "group"] = "others"
    y = matrix.y.copy()
    y.loc[again.keys, trial.best.outcome] = 1 - y.loc[again.keys, trial.best.outcome]
    changed = refitter(trial.best, replace(matrix, groups=other, y=y), TRAINING.model_copy(update={"capacity_share": None}), SHARING)
    pd.testing.assert_frame_equal(changed.scores(changed.features, draw=changed.reweighted("group"), seed=1), scores)


def test_reweighing_unlinks_group_and_outcome() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 2, 4000)
    y = (rng.random(4000) < np.where(group == 1, 0.3, 0.1)).astype(float)
    weight = reweighing(group, y)
    rates = [np.average(y[group == g], weights=weight[group == g]) for g in (0, 1)]
    assert rates[0] == pytest.approx(rates[1]) == pytest.approx(y.mean())
    assert pd.Series(weight).notna().all()


def test_the_pages_say_it_and_the_published_one_holds_none_of_its_figures(studied: AuditResult) -> None:
    import re

    from early_id.present.wording import check_words
    from early_id.report.governance import governance_html

    pages = {kind: governance_html(None, {"hub_lead": studied}, publishable=kind == "publishable") for kind in ("restricted", "publishable")}
    for html in pages.values():
        text = re.sub(r"<style.*?</style>", " ", html, flags=re.DOTALL)
        text = re.sub(r"<[^>]+>", " ", text)
        assert check_words(text) == () and len(html.encode()) < 1_000_000
        for heading in (
            "What could be done",
            "What could stand in for a characteristic",
            "Recording or need?",
            "Schools, hubs and their lists",
            "By band of the score",
        ):
            assert heading in text
    assert "without the theme “Home”" in pages["restricted"] and "direct discrimination" in pages["restricted"]
    assert "without the theme “Home”" not in pages["publishable"] and "In the restricted report only" not in pages["restricted"]
    # No finer table than those of single characteristics is published.
    captions = set(re.findall(r"<caption>(.*?)</caption>", pages["publishable"])), set(re.findall(r"<caption>(.*?)</caption>", pages["restricted"]))
    assert not {
        one for one in captions[0] if one.startswith(("What could be done", "Recording or need", "Seen against expected", "Share listed at one"))
    }
    # The page tells whose gap it is, how the picture is read, whether reasons stay exact, and who would pay.
    for words in (
        "Judged by the gap for Group: over-recorded (listed without need).",
        "Further to the right finds more families",
        "would stay exact on every list that is not refused, but with the theme “Home” capped",
        "refused for screening",
    ):
        assert words in pages["restricted"] and words not in pages["publishable"], words
    assert {one.split(":")[0] for one in captions[1]} >= {"What could be done", "Recording or need", "Share listed at one mix, widest gaps first"}


def test_every_table_is_a_sheet(studied: AuditResult, tmp_path: Any) -> None:
    import openpyxl

    from early_id.report.governance import governance_pack

    made = governance_pack(None, {"hub_lead": studied}, to=tmp_path / "g.html")
    names = openpyxl.load_workbook(made["tables"], read_only=True).sheetnames
    assert len(names) == len(set(names)) >= 14 and all(len(name) <= 31 for name in names)
    assert {"Hub lists options", "Hub lists bands", "Hub lists recording", "Hub lists proxies"} <= set(names)
