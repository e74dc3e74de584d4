"""The bar as a file, its limits, the final verdict, and the count of openings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from early_id.acceptance.limits import Facts, check_bar, check_limits
from early_id.acceptance.openings import LEDGER, Opening, open_test_date
from early_id.acceptance.verdict import final_verdict
from early_id.config.governing import AcceptanceSettings
from early_id.config.load import load_config, shipped
from early_id.core.chain import Chain
from early_id.core.errors import PolicyError, SettingsError
from early_id.models.result import Trial
from early_id.models.train import train
from early_id.stats.calibration import calibration_slope
from model_fixtures import SHARING, bar, fake_matrix, settings

GOOD = Facts(set_aside=0.01, known=0.95, steady=0.8)
FULL = AcceptanceSettings(**shipped("acceptance.yaml"))
MARGINS = {"margin_precision": 0.0, "margin_recall": 0.0}


@pytest.fixture(scope="module")
def trial() -> Trial:
    """A trial whose margins were cleared, whatever the small matrix gave."""
    quick = settings(models=("logistic",), put_forward="logistic", resamples=50, families_folds=2)
    made = train(fake_matrix(400, seed=2), quick, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20)
    return replace(made, verdict="ready for approval", reasons=("above the margin",))


def audit(**verdicts: str) -> object:
    class Audit:
        summary = pd.DataFrame({"characteristic": list(verdicts), "label": [n.title() for n in verdicts], "verdict": list(verdicts.values())})

    return Audit()


def given(trial: Trial, acceptance: AcceptanceSettings, facts: Facts = GOOD, **more: object) -> tuple[str, str]:
    final = final_verdict(trial, more.pop("audit", audit(sex="no gap found")), acceptance=acceptance, facts=facts, **more)  # type: ignore[arg-type]
    return final.verdict, " ".join(final.reasons)


# --- the file


def settings_file(folder: Path, text: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_bar_is_a_file_beside_the_settings_or_named_in_them(tmp_path: Path) -> None:
    assert load_config(settings_file(tmp_path)).acceptance is None, "figures that nobody decided are no bar"
    (tmp_path / "acceptance.yaml").write_text("margin_precision: 0.02\n", encoding="utf-8")
    first = load_config(settings_file(tmp_path)).acceptance
    assert first and first.margin_precision == 0.02
    (tmp_path / "board.yaml").write_text("margin_precision: 0.03  # agreed in May\n", encoding="utf-8")
    other = load_config(settings_file(tmp_path, "acceptance: board.yaml")).acceptance
    assert other and other.margin_precision == 0.03 and other.hash != first.hash
    assert load_config(settings_file(tmp_path, "acceptance: none.yaml")).acceptance is None
    (tmp_path / "board.yaml").write_text("# another comment\nmargin_precision: 0.03\n", encoding="utf-8")
    again = load_config(settings_file(tmp_path, "acceptance: board.yaml"), overrides=["acceptance.minimum_outcomes=100"]).acceptance
    assert again and again.hash == other.hash, "comments are no part of the bar"
    inline = load_config(settings_file(tmp_path, "acceptance: {minimum_outcomes: 7}")).acceptance
    assert inline and inline.minimum_outcomes == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("margn: 0.1", "'acceptance.margn' is not known"),
        ("calibration: {slope: 1}", "'acceptance.calibration.slope' is not known"),
        ("data_quality: {left_at_most: 3}", "acceptance.data_quality.left_at_most"),
        ("calibration: {slope_from: 1.2, slope_to: 0.8}", "a range must begin below its end"),
        ("fairness: {blocks: [gaps]}", "acceptance.fairness.blocks"),
        ("named_on: [in May]", "acceptance.named_on"),
    ],
)
def test_a_bar_that_cannot_be_followed_is_one_message_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "acceptance.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_config(settings_file(tmp_path))
    assert words in str(caught.value) and "acceptance.yaml" in str(caught.value) and caught.value.exit_code == 2


def test_the_shipped_form_states_everything_and_the_copy_in_configs_is_the_same() -> None:
    named = FULL.model_copy(update={"named_on": (date(2024, 3, 4),)})
    assert named.unstated_for("school_lead") == named.unstated_for("hub_lead") == ()
    assert ["named_on" in words for words in FULL.unstated_for("hub_lead")] == [True], "the form leaves to the board who named the model and when"
    assert len(AcceptanceSettings().unstated) == 7 and "a bar of its own" in AcceptanceSettings().unstated_for("hub_lead")[0]
    assert not [words for words in AcceptanceSettings(steady_at_least=0.0).unstated if "steady" in words], "0 is a limit that was stated"
    root = Path(__file__).parents[2]
    for name in ("acceptance.yaml", "thresholds.yaml"):
        assert (root / "configs" / name).read_bytes() == (root / "src/early_id/config/defaults" / name).read_bytes()


# --- a bar for each audience


def test_each_audience_has_its_own_bar_over_what_holds_for_every_list() -> None:
    bars = AcceptanceSettings(
        minimum_outcomes=70, steady_at_least=0.4,
        audiences={"school_lead": {"margin_precision": 0.05, "margin_recall": 0.01, "minimum_outcomes": 30}, "hub_lead": MARGINS},
    )  # type: ignore[arg-type]  # as a file says it  # fmt: skip
    school, hub = bars.for_audience("school_lead"), bars.for_audience("hub_lead")
    assert (school.margin_precision, school.minimum_outcomes, school.steady_at_least) == (0.05, 30, 0.4)
    assert (hub.margin_precision, hub.minimum_outcomes) == (0.0, 70)
    assert school.hash != hub.hash and school.for_audience("hub_lead") == school, "what was taken apart stays so"
    said_nothing, said_nobody = AcceptanceSettings(minimum_outcomes=7), AcceptanceSettings(minimum_outcomes=7, named_on=())
    assert said_nothing.hash != said_nobody.hash, "they are judged differently"


def test_each_trial_is_judged_by_the_bar_of_its_audience() -> None:
    quick = settings(models=("logistic",), put_forward="logistic", resamples=50, families_folds=2, baselines=("age",))
    asks = {"hub_lead": {"margin_precision": -1, "margin_recall": -1}, "school_lead": {"margin_precision": 0.9, "margin_recall": 0.9}}
    bars = AcceptanceSettings(minimum_outcomes=5, audiences=asks)  # type: ignore[arg-type]  # as a file says it
    matrix = fake_matrix(400, seed=2)
    found = {name: train(matrix, quick, acceptance=bars, audience=name, sharing=SHARING, capacity=20) for name in asks}
    assert {name: trial.verdict for name, trial in found.items()} == {"hub_lead": "ready for approval", "school_lead": "use the rule instead"}
    assert {name: trial.acceptance["bar"]["margin_precision"] for name, trial in found.items()} == {"hub_lead": -1, "school_lead": 0.9}
    assert all(trial.acceptance["own_bar"] and trial.acceptance["hash"] == bars.for_audience(name).hash for name, trial in found.items())
    steady = AcceptanceSettings(steady_at_least=0.1, audiences={"hub_lead": {**MARGINS, "steady_at_least": 0.9}})  # type: ignore[arg-type]  # as a file says it
    assert missed(found["hub_lead"], Facts(steady=0.5), **steady.model_dump(exclude_defaults=True)) == {"stability": False}


def test_a_part_for_an_audience_states_both_margins(tmp_path: Path) -> None:
    (tmp_path / "acceptance.yaml").write_text("audiences: {hub_lead: {margin_recall: 0.1}}", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"audiences\.hub_lead\.margin_precision"):
        load_config(settings_file(tmp_path))


def test_a_bar_for_another_model_or_outcome_is_refused_before_anything_is_trained() -> None:
    check_bar(FULL, put_forward="additive", outcome="need_recognised")
    check_bar(None, put_forward="anything", outcome="anything")
    for names in ({"put_forward": "logistic", "outcome": "need_recognised"}, {"put_forward": "additive", "outcome": "help_offered"}):
        with pytest.raises(SettingsError, match="The bar names"):
            check_bar(FULL, **names)


# --- limits


def missed(trial: Trial, facts: Facts = GOOD, **limits: object) -> dict[str, bool | None]:
    found = check_limits(trial, AcceptanceSettings(**limits), facts)  # type: ignore[arg-type]
    return {limit.name: limit.met for limit in found}


def test_a_limit_that_is_not_stated_is_not_asked_for(trial: Trial) -> None:
    assert check_limits(trial, AcceptanceSettings(), Facts()) == ()


@pytest.mark.parametrize(
    ("limits", "facts", "name", "met"),
    [
        ({"steady_at_least": 0.5}, GOOD, "stability", True),
        ({"steady_at_least": 0.9}, GOOD, "stability", False),
        ({"steady_at_least": 0.5}, Facts(), "stability", None),
        ({"data_quality": {"set_aside_at_most": 0.05}}, GOOD, "rows set aside", True),
        ({"data_quality": {"set_aside_at_most": 0.05}}, Facts(set_aside=0.2), "rows set aside", False),
        ({"data_quality": {"known_at_least": 0.9}}, GOOD, "completeness", True),
        ({"data_quality": {"known_at_least": 0.99}}, GOOD, "completeness", False),
        ({"data_quality": {"left_at_most": 0.5}}, GOOD, "children who left", True),
        ({"data_quality": {"left_at_most": 0.0}}, GOOD, "children who left", False),
        ({"minimum_listed_families": 5}, GOOD, "listed families", True),
        ({"minimum_listed_families": 5000}, GOOD, "listed families", False),
        ({"calibration": {"observed_expected_from": 0.1, "observed_expected_to": 10}}, GOOD, "calibration", True),
        ({"calibration": {"observed_expected_from": 10}}, GOOD, "calibration", False),
        ({"calibration": {"slope_from": -10, "slope_to": 10}}, GOOD, "calibration slope", True),
        ({"calibration": {"slope_to": -10}}, GOOD, "calibration slope", False),
        ({"named_on": [date(2024, 3, 4)]}, GOOD, "named beforehand", True),
        ({"named_on": [date(2024, 3, 4), date(2026, 3, 2)]}, GOOD, "named beforehand", False),
        ({"named_on": []}, GOOD, "named beforehand", None),
    ],
)
def test_each_limit(trial: Trial, limits: dict, facts: Facts, name: str, met: bool | None) -> None:
    assert missed(trial, facts, **limits) == {name: met}


def test_a_limit_missed_is_not_ready_with_one_sentence_for_each(trial: Trial) -> None:
    asks = AcceptanceSettings(steady_at_least=0.9, data_quality={"set_aside_at_most": 0.001})  # type: ignore[arg-type]
    final = final_verdict(trial, audit(sex="no gap found"), acceptance=asks, facts=GOOD)  # type: ignore[arg-type]
    assert final.verdict == "not ready"
    assert final.reasons[:2] == (
        "Of the families listed, the share who stay on the list in 90 of 100 fits on other families: 80.0 %; the bar asks for 90.0 % or more.",
        "Of all rows taken in, the share set aside: 1.0 %; the bar asks for 0.1 % or less.",
    )


def test_a_limit_that_nobody_measured_or_that_few_data_leave_open_is_cannot_tell(trial: Trial) -> None:
    verdict, reasons = given(trial, AcceptanceSettings(steady_at_least=0.5), Facts())
    assert verdict == "cannot tell" and "not measured" in reasons
    verdict, reasons = given(trial, AcceptanceSettings(minimum_listed_families=5000))
    assert verdict == "cannot tell" and "more listed families" in reasons
    figure = check_limits(trial, AcceptanceSettings(calibration={"observed_expected_from": 0.0}), GOOD)[0].value  # type: ignore[arg-type]
    assert figure is not None
    just_above = AcceptanceSettings(calibration={"observed_expected_from": figure + 0.01})  # type: ignore[arg-type]
    verdict, reasons = given(trial, just_above)
    assert verdict == "cannot tell" and "may lie inside" in reasons


def test_a_model_that_nobody_had_named_is_not_ready_and_it_is_said_why(trial: Trial) -> None:
    verdict, reasons = given(trial, AcceptanceSettings(named_on=()))
    assert verdict == "cannot tell" and "The bar does not say on which earlier test date this model was named." in reasons
    assert "named_on" not in reasons, "a board reads this"
    assert given(trial, AcceptanceSettings(named_on=(date(2024, 3, 4),)))[0] == "ready for approval"


def test_meeting_every_limit_keeps_ready_and_mends_nothing_else(trial: Trial) -> None:
    asks = AcceptanceSettings(steady_at_least=0.5)
    assert given(trial, asks)[0] == "ready for approval"
    for verdict in ("cannot tell", "not ready", "use the rule instead"):
        assert given(replace(trial, verdict=verdict), asks)[0] == verdict
    failing = AcceptanceSettings(steady_at_least=0.9)
    assert given(replace(trial, verdict="use the rule instead"), failing)[0] == "use the rule instead"
    assert given(replace(trial, verdict="cannot tell"), failing)[0] == "not ready"


def test_which_verdicts_of_the_audit_block_stands_in_the_bar(trial: Trial) -> None:
    open_question = audit(sex="cannot tell")
    assert given(trial, AcceptanceSettings(), audit=open_question)[0] == "ready for approval"
    strict = AcceptanceSettings(fairness={"blocks": ["gap found", "cannot tell"]})  # type: ignore[arg-type]
    verdict, reasons = given(trial, strict, audit=open_question)
    assert verdict == "not ready" and "cannot tell whether there is a gap for Sex, and no written response" in reasons
    verdict, reasons = given(trial, strict, audit=open_question, responses=["sex"])
    assert verdict == "ready for approval" and "a written response is on record" in reasons


def test_what_an_approval_may_still_answer_is_told_apart(trial: Trial) -> None:
    final = final_verdict(trial, audit(sex="gap found"), acceptance=AcceptanceSettings(), facts=GOOD)  # type: ignore[arg-type]
    assert (final.verdict, final.but_for_gaps) == ("not ready", "ready for approval")
    assert final.gaps == {"sex": "Sex"} and final.unanswered == ("sex",) and final.kept_back == ()


# --- openings


def opened(store: Path, **changes: str | None) -> Opening:
    usual: dict = {"test_date": "2025-03-03", "outcome": "need_recognised", "audience": "hub_lead", "cohort": "early help",
                   "data_hash": "d1", "acceptance_hash": "a1", "settings_hash": "s1"}  # fmt: skip
    return open_test_date(store, **{**usual, **changes})


def test_the_first_opening_is_free_and_each_further_one_is_counted_and_said(trial: Trial, tmp_path: Path) -> None:
    first, second, third = (opened(tmp_path) for _ in range(3))
    assert [o.number for o in (first, second, third)] == [1, 2, 3]
    assert len({o.hash for o in (first, second, third)}) == 3
    assert given(trial, AcceptanceSettings(), opening=first)[0] == "ready for approval"
    verdict, reasons = given(trial, AcceptanceSettings(), opening=second)
    assert verdict == "cannot tell" and reasons.startswith("Exploratory: the results of the test date 2025-03-03 had been opened once before")
    assert "opened 2 times before" in given(trial, AcceptanceSettings(), opening=third)[1]
    shown = final_verdict(trial, audit(sex="no gap found"), opening=third)  # type: ignore[arg-type]
    assert shown.to_json()["exploratory"] is True and shown.to_json()["opening"]["number"] == 3


@pytest.mark.parametrize("name", ["test_date", "outcome", "audience", "cohort"])
def test_other_results_are_another_opening(tmp_path: Path, name: str) -> None:
    opened(tmp_path)
    assert opened(tmp_path, **{name: "other"}).number == 1


def test_a_date_some_days_off_is_the_same_test_date_and_one_of_another_term_is_not(tmp_path: Path) -> None:
    opened(tmp_path)
    near = opened(tmp_path, test_date="2025-03-04")
    assert near.number == 2 and "(or those of a date within four weeks of it)" in near.reasons[0]
    assert opened(tmp_path, test_date="2025-06-16").number == 1


def test_another_batch_is_no_test_date_that_nobody_has_seen(tmp_path: Path) -> None:
    opened(tmp_path)
    later = opened(tmp_path, data_hash="d2")
    assert later.number == 2 and "Other files have been taken in since" in later.reasons[0]
    opened(tmp_path / "other")
    assert "Other files" not in opened(tmp_path / "other").reasons[0]


def test_openings_on_record_from_before_count_for_every_outcome_of_their_date(tmp_path: Path) -> None:
    old = {"test_date": "2025-03-03", "data_hash": "d0", "audience": "hub_lead", "number": 1, "acceptance_hash": "a1", "settings_hash": "s1"}
    Chain(tmp_path / LEDGER, "openings").append("opened", old)
    assert opened(tmp_path).number == 2
    assert opened(tmp_path, outcome="help_offered").number == 2, "the old record alone"
    assert opened(tmp_path, test_date="2025-06-02").number == 1


def test_another_bar_or_none_does_not_begin_anew_and_a_change_is_said(tmp_path: Path) -> None:
    opened(tmp_path, acceptance_hash=None)
    later = opened(tmp_path, acceptance_hash="a2", settings_hash="s2")
    assert later.number == 2 and "The bar was changed in between" in later.reasons[0]
    opened(tmp_path / "other")
    assert "The bar was changed" not in opened(tmp_path / "other").reasons[0]


def test_a_ledger_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path)
    lines = (tmp_path / LEDGER).read_bytes().splitlines(keepends=True)
    (tmp_path / LEDGER).write_bytes(lines[0])
    with pytest.raises(PolicyError, match="openings of the test date are not as they were written"):
        opened(tmp_path)


# --- the slope of the calibration


def test_the_slope_is_one_where_probabilities_are_true_and_half_where_they_are_twice_too_sure() -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(-2, 1, 20_000)
    y = (rng.random(len(z)) < 1 / (1 + np.exp(-z))).astype(float)
    for factor in (1.0, 2.0):
        slope, low, high = calibration_slope(y, 1 / (1 + np.exp(-factor * z)))
        assert low < 1 / factor < high and high - low < 0.15 and abs(slope - 1 / factor) < 0.05
    families = np.repeat(np.arange(10_000), 2)
    single = calibration_slope(y, 1 / (1 + np.exp(-z)))
    doubled = calibration_slope(np.repeat(y[:10_000], 2), np.repeat(1 / (1 + np.exp(-z[:10_000])), 2), families)
    assert doubled[2] - doubled[1] > 1.3 * (single[2] - single[1]), "rows of one family are not two findings"


def test_without_both_outcomes_or_with_outcomes_torn_apart_there_is_no_slope() -> None:
    assert np.isnan(calibration_slope([0, 0, 0], [0.1, 0.2, 0.3])).all()
    assert np.isnan(calibration_slope([0, 1, 0], [0.2, 0.2, 0.2])).all()
    assert np.isnan(calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])).all()
