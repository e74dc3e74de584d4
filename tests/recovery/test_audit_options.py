"""The study of options finds where a planted gap comes from, and tells who pays for a smaller one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.audit.fairness import audit_model
from early_id.audit.options import AS_IS, LEVELLING, REFUSED, levelled_down, reweighing, study_options
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
    places = options.loc[options["kind"] != "more places", "places"].dropna()
    assert places.nunique() == 1
    assert options.loc["1.5 times the places", "families_found"] >= options.loc[AS_IS, "families_found"]
    assert (options["change"].dropna().between(options["change_low"].dropna(), options["change_high"].dropna())).all()
    assert options.loc["another cut-off for each group", "status"] == REFUSED


def test_the_gap_is_taken_apart_in_one_order_and_adds_up(studied: AuditResult) -> None:
    steps = studied.further["decomposition"].query("group == 'over-recorded'").set_index("step")
    raw = steps.loc["gap in the share listed", "gap"]
    assert steps["part"].sum() == pytest.approx(raw)
    assert steps.iloc[2]["part"] > steps.iloc[3]["part"]  # most of it goes with the theme


def test_levelling_down_is_called_by_its_name() -> None:
    assert levelled_down(0.2, 0.1, 0.0, -5.0) == LEVELLING
    assert levelled_down(0.2, 0.1, 3.0, -3.0) == ""
    assert levelled_down(-0.2, -0.1, -4.0, 0.0) == LEVELLING
    assert levelled_down(0.2, 0.3, 0.0, 0.0) == ""


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
    assert {one.split(":")[0] for one in captions[1]} >= {"What could be done", "Recording or need", "Share listed at one mix, widest gaps first"}


def test_every_table_is_a_sheet(studied: AuditResult, tmp_path: Any) -> None:
    import openpyxl

    from early_id.report.governance import governance_pack

    made = governance_pack(None, {"hub_lead": studied}, to=tmp_path / "g.html")
    names = openpyxl.load_workbook(made["tables"], read_only=True).sheetnames
    assert len(names) == len(set(names)) >= 14 and all(len(name) <= 31 for name in names)
    assert {"Hub lists options", "Hub lists bands", "Hub lists recording", "Hub lists proxies"} <= set(names)
