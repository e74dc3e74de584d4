"""A list as made and as acted on: agreement, overrides and gaps that can be counted, with changes paired by family."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from audit_material import rules
from scipy import stats

import early_id as eid
from early_id.audit.acted import BeforeAndAfter, audit_before_and_after
from early_id.audit.table import audit_table
from early_id.core.errors import InputDataError, SettingsError

#: Sex, outcome, listed as made, acted on, how many: people take off girls with a need, and put a few boys on.
CELLS = [
    ("F", 1, 1, 1, 30), ("F", 1, 1, 0, 10), ("F", 1, 0, 0, 60), ("F", 0, 1, 1, 15), ("F", 0, 1, 0, 5), ("F", 0, 0, 0, 180),
    ("M", 1, 1, 1, 40), ("M", 1, 0, 0, 55), ("M", 1, 0, 1, 5), ("M", 0, 1, 1, 20), ("M", 0, 0, 0, 180),
]  # fmt: skip


def _table() -> pd.DataFrame:
    rows = [(sex, y, was, then) for sex, y, was, then, n in CELLS for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["sex", "y", "flag_before", "flag_after"])
    return frame.assign(family=np.arange(len(frame)))


@pytest.fixture(scope="module")
def both() -> BeforeAndAfter:
    return eid.audit_before_and_after(_table(), label="y", groups={"sex": "Sex"}, settings=rules(), cluster="family")


def test_each_list_is_audited_as_any_other(both: BeforeAndAfter) -> None:
    for found, flag in ((both.before, "flag_before"), (both.after, "flag_after")):
        alone = audit_table(_table(), label="y", groups={"sex": "Sex"}, settings=rules(), selected=flag, cluster="family")
        pd.testing.assert_frame_equal(found.rows, alone.rows)


@pytest.mark.parametrize(
    ("what", "girls", "boys"),
    [
        ("left as it was", (285, 300), (295, 300)),
        ("taken off, of those listed", (15, 60), (0, 60)),
        ("taken off, of those listed with the outcome", (10, 40), (0, 40)),
        ("taken off, of those listed without the outcome", (5, 20), (0, 20)),
        ("put on, of those not listed", (0, 240), (5, 240)),
    ],
)
def test_what_people_changed_by_group(both: BeforeAndAfter, what: str, girls: tuple[int, int], boys: tuple[int, int]) -> None:
    rows = both.agreement[both.agreement["what"] == what].set_index("group")
    for group, (k, n) in (("F", girls), ("M", boys)):
        assert rows.loc[group, "n"] == n and rows.loc[group, "value"] == pytest.approx(k / n)
        assert rows.loc[group, "low"] <= k / n <= rows.loc[group, "high"]
    assert rows.loc["F", "difference"] == pytest.approx(girls[0] / girls[1] - boys[0] / boys[1])


def test_gaps_before_and_after_and_their_paired_change(both: BeforeAndAfter) -> None:
    row = both.gaps.query("group == 'F' and measure == 'missed_share'").iloc[0]
    assert (row["n"], row["gap_before"], row["gap_after"]) == (100, pytest.approx(0.0), pytest.approx(70 / 100 - 55 / 100))
    # Of 100 girls 10 change one way, of 100 boys 5 the other: variance of two means of changes, not of four shares.
    error = np.sqrt((0.1 - 0.1**2) / 100 + (0.05 - 0.05**2) / 100)
    assert row["change"] == pytest.approx(0.15)
    assert row["change_high"] - row["change"] == pytest.approx(stats.norm.ppf(0.975) * error, rel=0.01)
    missed = both.after.of("missed_share").set_index("group").loc["F"]
    assert row["gap_after"] == pytest.approx(missed["difference"])
    assert row["change_high"] - row["change_low"] < missed["difference_high"] - missed["difference_low"]


def test_brothers_and_sisters_are_one_family() -> None:
    """The same rows twice, as twins who share every answer, are no surer."""
    twice = pd.concat([_table(), _table()])
    widths = []
    for frame in (_table(), twice):
        found = audit_before_and_after(frame, label="y", groups=["sex"], settings=rules(), cluster="family").gaps
        row = found.query("group == 'F' and measure == 'missed_share'").iloc[0]
        widths.append(row["change_high"] - row["change_low"])
    assert widths[0] == pytest.approx(widths[1])


def test_a_handful_gets_no_interval_and_says_why() -> None:
    few = _table().groupby(["sex", "y", "flag_before", "flag_after"]).head(2)
    row = audit_before_and_after(few, label="y", groups=["sex"], settings=rules()).gaps.query("group == 'F' and measure == 'missed_share'").iloc[0]
    assert row["n"] == 6 and np.isnan(row["change_low"]) and row["note"].startswith("fewer than 10")


def test_it_can_be_shown(both: BeforeAndAfter) -> None:
    assert set(both.tables()) >= {"agreement", "gaps", "before_rows", "after_rows"}
    assert json.loads(json.dumps(both.to_json(), allow_nan=False))["gaps"][0]["characteristic"] == "sex"
    assert both.plot().lstrip().startswith("<svg") and "Gaps before and after people" in both._repr_html_()
    copy = both.frame()
    copy["change"] = 9.0
    assert (both.gaps["change"] < 1).all()
    with pytest.raises(SettingsError, match="paired audit measure"):
        both.plot("precision")


def test_an_entry_that_is_not_decided_is_no_guess() -> None:
    frame = _table().astype({"flag_after": float})
    frame.loc[3, "flag_after"] = np.nan
    with pytest.raises(InputDataError, match="1 of 600 rows do not say"):
        audit_before_and_after(frame, label="y", groups=["sex"], settings=rules())
    with pytest.raises(InputDataError, match="Columns that are needed are missing: flag_after"):
        audit_before_and_after(_table().drop(columns="flag_after"), label="y", groups=["sex"], settings=rules())
