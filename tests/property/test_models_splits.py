"""No family, child or unripe row on both sides of a split, whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.core.errors import InputDataError
from early_id.models.splits import family_groups, named_splits, temporal_splits, validation_pairs

DAYS = pd.to_datetime(["2023-09-01", "2024-01-15", "2024-09-01", "2025-01-15"])


@st.composite
def indexes(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series]:
    """Rows of children who may change family, with maturity from at once to a year and outcomes partly unknown."""
    n = draw(st.integers(8, 60))
    child = draw(st.lists(st.integers(0, 15), min_size=n, max_size=n))
    family = draw(st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=n, max_size=n))
    day = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    lag = draw(st.lists(st.sampled_from([0, 30, 136, 210, 365]), min_size=n, max_size=n))
    y = draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=n, max_size=n))
    as_of = DAYS[day]
    index = pd.DataFrame(
        {
            "child_id": [f"c{c}" for c in child],
            "family_id": pd.array([None if f is None else f"f{f}" for f in family], dtype="object"),
            "as_of": as_of,
            "mature_on": as_of + pd.to_timedelta(lag, unit="D"),
        }
    )
    return index, pd.Series(y)


@settings(max_examples=60, deadline=None)
@given(indexes(), st.integers(2, 5))
def test_temporal_fits_never_see_the_family_or_an_unripe_row(made: tuple[pd.DataFrame, pd.Series], folds: int) -> None:
    index, y = made
    day = DAYS[-1]
    splits = temporal_splits(index, y, pd.Series(False, index=y.index), folds=folds, key="k", test_date=day)
    tested = np.zeros(len(index), dtype=int)
    for part in splits.fits:
        fit, test = index[part.fit], index[part.test]
        assert not set(fit["child_id"]) & set(test["child_id"])
        assert not set(fit["family_id"].dropna()) & set(test["family_id"].dropna())
        assert (fit["mature_on"] <= day).all()
        assert (fit["as_of"] < day).all()
        assert y[part.fit].notna().all()
        assert not (part.fit & part.calibrate).any()
        assert not set(fit["child_id"]) & set(index[part.calibrate]["child_id"])
        tested += part.test
    assert (tested == (index["as_of"] == day).to_numpy()).all(), "each row of the test date is scored once"


@settings(max_examples=60, deadline=None)
@given(indexes())
def test_choosing_looks_at_later_dates_and_other_families_inside_the_training_rows(made: tuple[pd.DataFrame, pd.Series]) -> None:
    index, y = made
    splits = temporal_splits(index, y, pd.Series(False, index=y.index), folds=3, key="k", test_date=DAYS[-1])
    as_of, mature_on = (index[c].to_numpy(dtype="datetime64[ns]") for c in ("as_of", "mature_on"))
    for fit, judge in validation_pairs(as_of, mature_on, splits.fold, splits.usable):
        assert not (fit & ~splits.usable).any()
        assert not (judge & ~splits.usable).any()
        assert not set(splits.family[fit]) & set(splits.family[judge])


@settings(max_examples=40, deadline=None)
@given(indexes(), st.lists(st.sampled_from(["train", "test", None]), min_size=60, max_size=60))
def test_named_splits_drop_shared_families_from_training_only(made: tuple[pd.DataFrame, pd.Series], names: list[str | None]) -> None:
    index, y = made
    index = index.assign(split=names[: len(index)])
    if not {"train", "test"} <= set(index["split"]):
        with pytest.raises(InputDataError, match="named split has"):
            named_splits(index, y, folds=3, key="k")
        return
    splits = named_splits(index, y, folds=3, key="k")
    assert (splits.test == (index["split"] == "test").to_numpy()).all(), "never dropped from test"
    assert not set(splits.family[splits.usable]) & set(splits.family[splits.test])
    kept = (index["split"] == "train") & y.notna() & ~np.isin(splits.family, splits.family[splits.test])
    assert (splits.usable == kept.to_numpy()).all(), "nobody else is dropped"
    assert "label gap is off" in splits.notes[0]


@settings(max_examples=40, deadline=None)
@given(indexes(), st.randoms())
def test_folds_do_not_depend_on_the_order_of_rows(made: tuple[pd.DataFrame, pd.Series], random: object) -> None:
    index, y = made
    censored = pd.Series(False, index=y.index)
    order = list(range(len(index)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = temporal_splits(index, y, censored, folds=3, key="k", test_date=DAYS[-1])
    other = temporal_splits(index.iloc[order], y.iloc[order], censored, folds=3, key="k", test_date=DAYS[-1])
    assert list(one.fold[order]) == list(other.fold)


def test_a_child_who_moved_ties_two_families_together() -> None:
    index = pd.DataFrame({"child_id": ["a", "a", "b", "c", "d"], "family_id": ["f1", "f2", "f1", "f2", None]})
    groups = family_groups(index)
    assert len(set(groups[:4])) == 1
    assert groups[4] != groups[0]


def test_a_row_whose_lag_ends_on_the_test_date_counts_and_a_day_later_does_not() -> None:
    index = pd.DataFrame(
        {
            "child_id": ["a", "b", "c"],
            "family_id": ["a", "b", "c"],
            "as_of": [DAYS[0], DAYS[0], DAYS[3]],
            "mature_on": [DAYS[3], DAYS[3] + pd.Timedelta(days=1), DAYS[3] + pd.Timedelta(days=210)],
        }
    )
    splits = temporal_splits(index, pd.Series([1.0, 0.0, 1.0]), pd.Series([False] * 3), folds=2, key="k")
    assert list(splits.usable) == [True, False, False]
    assert splits.immature == 1
