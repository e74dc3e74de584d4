"""Crossed groups, conversations, standardised shares, calibration, recording and proxies, on lists small enough to work out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_material import paper_list, rules

from early_id.audit.crossed import crossed_groupings, pair, told_by
from early_id.audit.fairness import audit_model, audit_rows
from early_id.audit.groups import grouping, groupings
from early_id.audit.measures import Scored
from early_id.audit.proxies import proxy_table
from early_id.audit.recording import CANNOT_TELL, missed_grid, second_outcomes, tipping_table
from early_id.audit.result import AuditResult
from early_id.audit.standardised import COARSER, WARNING, standardised_table
from early_id.config.settings import AuditSettings
from early_id.core.errors import SettingsError


def _by(values: list[object], name: str = "g") -> object:
    return grouping(pd.Series(values, dtype=object), name=name, label=name.capitalize())


def _scored(listed: list[float], y: list[float], **more: object) -> Scored:
    n = len(y)
    return Scored(np.array(listed, dtype=float), np.array(y, dtype=float), None, np.arange(n), n, **more)  # type: ignore[arg-type]


def test_one_set_of_children_is_one_test() -> None:
    five = _by(["w", "w", "a", "a", "c"], "five")
    four = _by(["W", "W", "AC", "AC", "AC"], "four")
    assert five.members[five.groups.index("w")] == four.members[0] == four.members[1]
    assert len({*five.members, *four.members}) == 3


def test_crossing_what_follows_from_another_tells_nothing() -> None:
    assert pair(_by(["w", "b", "a"], "fine"), _by(["w", "x", "x"], "coarse")) is None
    crossed = pair(_by(["f", "m", "f", "m"], "sex"), _by(["y", "y", "n", None], "fsm"))
    assert crossed is not None and crossed.groups == ("f; n", "f; y", "m; y", "m; not known")


def test_of_two_roll_ups_only_the_first_is_published() -> None:
    six = _by(["w", "b", "a", "c", None], "six")
    five = _by(["w", "b", "ac", "ac", None], "five")
    need = _by(["none", "x", "y", "x", None], "need")
    sen = _by(["none", "some", "more", "more", None], "sen")
    assert told_by([six, five, sen, need]) == {"five": "six", "sen": "six", "need": "six"}
    # One empty answer in common is no roll-up; the groups themselves are.
    other = _by(["p", "p", "q", "q", None], "other")
    assert told_by([_by(["p", "q", "q", "p", None], "some"), other]) == {}


def test_evidence_rule_and_the_others_with_their_numbers() -> None:
    n = 25
    sex, fsm = ["f"] * 2 * n + ["m"] * 2 * n, (["y"] * n + ["n"] * n) * 2
    y = np.array(([1] * 10 + [0] * 15) + ([1] * 9 + [0] * 16) + ([1] * 12 + [0] * 13) + ([1] * 16 + [0] * 9), dtype=float)
    kept, small = crossed_groupings([_by(sex, "sex"), _by(fsm, "fsm")], y)
    assert [by.groups for by in kept] == [("f; y", "m; y", "")]
    assert small[["group", "children", "with_outcome", "without_outcome"]].to_numpy().tolist() == [["f; n", 25, 9, 16], ["m; n", 25, 16, 9]]


def wide_list() -> tuple[Scored, pd.DataFrame]:
    """3,000 children in families; girls with free meals are hardly ever listed; the score tells a little."""
    rng = np.random.default_rng(4)
    n = 3000
    frame = pd.DataFrame({"sex": rng.choice(["f", "m"], n), "fsm": rng.choice(["y", "n", None], n), "age_band": rng.choice(["a", "b"], n)})
    y = (rng.random(n) < 0.15).astype(float)
    listed = (rng.random(n) < np.where((frame["sex"] == "f") & (frame["fsm"] == "y"), 0.02, 0.3)).astype(float)
    p = np.clip(rng.beta(2, 10, n) + 0.05 * y, 0.01, 0.9)
    return Scored(listed, y, p, rng.integers(0, 2000, n), 2000, rng.random(n) + 0.3 * y), frame


@pytest.fixture(scope="module")
def wide() -> AuditResult:
    scored, frame = wide_list()
    return audit_rows(scored, frame, AuditSettings(characteristics={c: c for c in frame}), meta={})


def test_a_gap_of_a_crossed_group_is_found_and_called_exploratory(wide: AuditResult) -> None:
    found = wide.crossed[wide.crossed["verdict"] == "gap found"]
    assert ("f; y" in set(found["group"])) and set(found["characteristic"]) >= {"sex × fsm"}
    assert set(wide.rows["characteristic"]) == {"sex", "fsm", "age_band"}
    assert wide.meta["crossed_tests"] == wide.crossed["p_adjusted"].notna().sum()
    assert wide.meta["alpha_crossed"] == 0.01


def test_every_table_holds_every_group(wide: AuditResult) -> None:
    groups = set(wide.rows[["characteristic", "group"]].itertuples(index=False, name=None))
    assert len(groups) == 2 + 3 + 2
    for name in ("calibration", "standardised", "tipping"):
        assert set(wide.tables()[name][["characteristic", "group"]].itertuples(index=False, name=None)) == groups, name
    assert set(wide.unknown["characteristic"]) == {"fsm"} and set(wide.unknown["group"]) == {"y", "n"}
    assert set(wide.crossed["characteristic"]) == {"sex × fsm", "sex × age_band", "fsm × age_band"}


def test_calibration_by_band_adds_up(wide: AuditResult) -> None:
    table = wide.calibration
    whole = table[table["band"] == "all"].set_index(["characteristic", "group"])
    parts = table[table["band"] != "all"].groupby(["characteristic", "group"])[["n", "with_outcome", "expected"]].sum()
    assert np.allclose(parts, whole.loc[parts.index, ["n", "with_outcome", "expected"]])
    assert (whole["observed_expected"] - whole["with_outcome"] / whole["expected"]).abs().max() < 1e-12


def test_slope_and_auc_of_each_group_are_those_of_the_textbook(wide: AuditResult) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    scored, frame = wide_list()
    assert scored.probability is not None and scored.score is not None
    whole = wide.calibration[wide.calibration["band"] == "all"].set_index(["characteristic", "group"])
    for (name, group), row in whole.iterrows():
        mine = (frame[name].fillna("not known") == group).to_numpy()
        y, odds = scored.y[mine], np.log(scored.probability[mine] / (1 - scored.probability[mine]))
        fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds[:, None], y)
        assert row["slope"] == pytest.approx(float(fitted.coef_[0, 0]), rel=1e-4)
        assert row["auc"] == pytest.approx(roc_auc_score(y, scored.score[mine]), abs=1e-12)
        assert row["slope_low"] < row["slope"] < row["slope_high"] and 0.6 < row["auc_low"] < row["auc"] < row["auc_high"] < 0.95
    # Narrower where there are more children.
    width = (whole["auc_high"] - whole["auc_low"]).groupby("characteristic").mean()
    assert width["fsm"] > width["sex"]


def test_conversations_count_families_not_children() -> None:
    result = audit_model(*paper_list(), rules())
    rows = result.of("conversations").query("characteristic == 'sex'").set_index("group")
    # Two families are listed, one was helped; each has a girl, the helped one a boy too.
    assert rows.loc["F", ["n", "successes", "value"]].tolist() == [2, 1, 2]
    assert rows.loc["M", ["n", "successes", "value"]].tolist() == [1, 1, 1]
    assert rows.loc["F", "low"] < 2 < rows.loc["F", "high"]


def test_a_named_comparator_takes_the_place_of_everyone_else() -> None:
    frame = pd.DataFrame({"g": ["a"] * 40 + ["b"] * 40 + ["c"] * 40})
    listed, y = [1.0] * 30 + [0.0] * 10 + [1.0] * 20 + [0.0] * 20 + [1.0] * 10 + [0.0] * 30, [1.0] * 120
    named = audit_rows(_scored(listed, y), frame, AuditSettings(characteristics={"g": "G"}, comparators={"g": "a"}), meta={})
    rows = named.of("missed_share").set_index("group")
    assert rows["difference"].round(9).tolist()[1:] == [0.25, 0.5] and np.isnan(rows.loc["a", "difference"])
    assert rows["comparator"].tolist() == ["", "a", "a"] and rows.loc["a", "verdict"] == ""
    assert rows.loc["c", "verdict"] == "gap found"
    with pytest.raises(SettingsError, match="does not occur"):
        groupings(frame, {"g": "G"}, {"g": "z"})


def test_a_difference_that_is_only_the_mix_of_outcomes_is_gone_when_standardised() -> None:
    # Within each outcome both groups are listed alike; group a has the outcome three times as often.
    parts = [("a", 1, 60, 30), ("a", 0, 140, 14), ("b", 1, 20, 10), ("b", 0, 180, 18)]
    frame = pd.concat([pd.DataFrame({"g": g, "y": float(o), "listed": [1.0] * k + [0.0] * (n - k)}) for g, o, n, k in parts])
    g, y, listed = list(frame["g"]), list(frame["y"]), list(frame["listed"])
    row = standardised_table(_scored(listed, y), [_by(g)]).set_index("group").loc["a"]  # type: ignore[list-item]
    assert row["crude_difference"] == pytest.approx(44 / 200 - 28 / 200)
    assert row["difference"] == pytest.approx(0, abs=1e-12) and row["standardised_by"] == "outcome"
    assert row["note"] == WARNING  # the mix is of outcomes as recorded, and the row says so
    assert row["value"] == pytest.approx(0.2 * 0.5 + 0.8 * 0.1)


def test_coarser_strata_are_said_to_be() -> None:
    rng = np.random.default_rng(9)
    n = 130
    g, age = rng.choice(["a", "b"], n), rng.choice([f"{k:02d}" for k in range(60)], n)
    row = standardised_table(_scored(list(rng.integers(0, 2, n)), list(rng.integers(0, 2, n))), [_by(list(g))], age=_by(list(age), "age")).iloc[0]  # type: ignore[list-item,arg-type]
    assert row["standardised_by"] == "outcome" and row["note"] == WARNING + COARSER


def test_too_few_listed_cannot_be_standardised() -> None:
    table = standardised_table(_scored([1.0] * 9 + [0.0] * 91, [1.0, 0.0] * 50), [_by(["a", "b"] * 50)])  # type: ignore[list-item]
    assert table["value"].isna().all() and table["note"].str.startswith("cannot be estimated").all()


def test_tipping_ratio_is_the_ratio_of_precisions_and_says_that_it_cannot_tell() -> None:
    g = ["a"] * 100 + ["b"] * 100
    y = [1.0] * 30 + [0.0] * 70 + [1.0] * 60 + [0.0] * 40
    by = _by(g)
    table = tipping_table(_scored([1.0] * 200, y), [by], pd.DataFrame()).set_index(["measure", "group"])  # type: ignore[list-item]
    row = table.loc[("precision", "a")]
    assert row["tipping"] == pytest.approx(0.5) and row["tipping_low"] < 0.5 < row["tipping_high"] < 1
    assert row["says"] == CANNOT_TELL


def test_a_constant_ratio_leaves_the_missed_share_as_it_is() -> None:
    grid = missed_grid(0.6, 0.4)
    assert np.allclose(np.diag(grid), 0.2)
    # Needs of listed children recorded half as often as those not listed: in truth more were found.
    assert grid.loc[2.0, 0.5] < 0.2 < grid.loc[0.5, 2.0]


def test_a_second_outcome_tells_recording() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    group = rng.random(n) < 0.3
    need = rng.random(n) < 0.2
    referred = need & (rng.random(n) < np.where(group, 0.8, 0.4))
    reviewed = need & (rng.random(n) < 0.5)
    by = grouping(pd.Series(np.where(group, "a", "b")), name="g", label="G")
    row = (
        second_outcomes(_scored([0.0] * n, list(referred * 1.0)), [by], {"reviewed": reviewed * 1.0}, outcome="referred").set_index("group").loc["a"]
    )
    assert row["ratio_low"] < 2 < row["ratio_high"] and row["says"].startswith("recorded more often")


def test_many_comparisons_without_a_difference_say_nothing_of_recording() -> None:
    """12 characteristics of 4 groups, 4,000 children, 20 councils: 5 in 100 of them may hold a claim, so 5 of 20 would be far too many."""
    councils = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = 4_000
        need = rng.random(n) < 0.25
        referred, reviewed = (need & (rng.random(n) < 0.6) for _ in range(2))
        held = [grouping(pd.Series(rng.integers(0, 4, n)).astype(str), name=f"g{j}", label=f"G{j}") for j in range(12)]
        found = second_outcomes(_scored([0.0] * n, list(referred * 1.0)), held, {"reviewed": reviewed * 1.0}, outcome="referred")
        councils.append(found["says"].str.startswith("recorded").any())
    assert len(found) == 48 and sum(councils) < 5


def test_a_part_of_the_outcome_says_nothing_of_recording() -> None:
    rng = np.random.default_rng(4)
    n = 4_000
    group = rng.random(n) < 0.3
    referred = rng.random(n) < 0.3
    part = referred & (rng.random(n) < np.where(group, 0.8, 0.2))
    by = grouping(pd.Series(np.where(group, "a", "b")), name="g", label="G")
    told = second_outcomes(_scored([0.0] * n, list(referred * 1.0)), [by], {"part": part * 1.0}, outcome="referred", judged_apart=())
    assert told["ratio_high"].min() < 1 and told["says"].str.startswith("nothing about recording").all()


def test_a_feature_that_gives_a_group_away_leads_the_proxies() -> None:
    rng = np.random.default_rng(5)
    n = 2000
    group = rng.random(n) < 0.3
    X = pd.DataFrame({"tells": group + rng.normal(0, 0.5, n), "silent": rng.normal(size=n), "unknown": np.where(group, np.nan, 1.0)})
    by = grouping(pd.Series(np.where(group, "a", "b")), name="g", label="G")
    table = proxy_table(X, np.arange(n), [by], {"one": ["tells"], "two": ["silent"], "three": ["unknown"]})
    area = table[table["group"] == "a"].set_index("source")["auc"]
    assert area["tells"] == pytest.approx(area["one"], abs=0.02) and area["tells"] > 0.85
    assert area["silent"] < 0.55 and 0.45 < area["two"] < 0.55
    assert area["three"] > 0.95  # not knowing gives it away, and so does the whole set
    assert area["all features together"] > 0.95
