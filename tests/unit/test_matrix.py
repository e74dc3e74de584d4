"""The feature matrix: fewer rows, fewer columns, another audience; and what it refuses to hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, ago, feature, people, store

from early_id.config.load import shipped
from early_id.config.settings import Config, FeatureSettings, OutcomeSettings
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Audience, Missing, SharingClass
from early_id.features import Catalogue, FeatureMatrix, build_features
from early_id.features.declare import days, last_days
from early_id.features.matrix import EXCLUDED_COLUMNS, MatrixMeta, row_keys

FEATURES = (
    feature("own", sharing=SharingClass.SCHOOL),
    feature("anywhere"),
    feature("police", source="missing_episodes", sharing=SharingClass.POLICE),
)
FIRST, SECOND = date(2024, 11, 11), date(2025, 3, 17)


def matrix(**parts: Any) -> FeatureMatrix:
    index = pd.DataFrame(
        {"child_id": ["Ann", "Ben", "Ann"], "as_of": pd.to_datetime([FIRST, FIRST, SECOND]), "family_id": ["F1", "F1", "F1"], "school_id": "S1"}
    )
    keys = row_keys(index["child_id"], index["as_of"])
    X = pd.DataFrame({"own": [1.0, np.nan, 2.0], "anywhere": [1.0, 3.0, 2.0], "police": [0.0, 0.0, 1.0]}, index=keys)
    excluded = pd.DataFrame([["Cat", pd.Timestamp(day), "F2", "S1", "H1", "court", "all"] for day in (FIRST, SECOND)], columns=list(EXCLUDED_COLUMNS))
    given: dict[str, Any] = {
        "X": X,
        "y": pd.DataFrame({"need": [1.0, 0.0, np.nan], "censored": False}, index=keys),
        "groups": pd.DataFrame({"sex": ["female", "not known", "female"]}, index=keys),
        "index": index.set_index(keys),
        "excluded": excluded,
        "meta": MatrixMeta(FEATURES, "need", as_of_dates=(FIRST, SECOND)),
        "evidence_dates": pd.DataFrame(pd.Timestamp(FIRST), index=keys, columns=X.columns),
    }
    return FeatureMatrix(**{**given, **parts})


def names(held: FeatureMatrix) -> list[str]:
    assert list(held.X) == list(held.evidence_dates) == [f.name for f in held.meta.features]
    return list(held.X)


def test_row_keys_name_child_and_date() -> None:
    assert matrix().X.index.tolist() == ["Ann@2024-11-11", "Ben@2024-11-11", "Ann@2025-03-17"]


@pytest.mark.parametrize("day", [SECOND, "2025-03-17", pd.Timestamp(SECOND)])
def test_at_one_date(day: Any) -> None:
    one = matrix().at(day)
    for part in (one.X, one.y, one.groups, one.index, one.evidence_dates):
        assert part.index.tolist() == ["Ann@2025-03-17"]
    assert one.excluded["as_of"].tolist() == [pd.Timestamp(SECOND)] and len(one) == 1


def test_at_a_date_that_is_not_held() -> None:
    with pytest.raises(InputDataError, match=r"no rows for 2025-03-18[\s\S]*2024-11-11, 2025-03-17"):
        matrix().at("2025-03-18")


def test_where_takes_an_array_in_order_or_a_series_by_its_keys() -> None:
    whole = matrix()
    mask = pd.Series([True, False, False], index=whole.X.index)
    assert whole.where(mask.to_numpy()).X.index.tolist() == whole.where(mask).X.index.tolist() == whole.where(mask[::-1]).X.index.tolist()
    assert whole.where(mask).X.index.tolist() == ["Ann@2024-11-11"]
    assert whole.where(whole.index["child_id"] == "Nobody").excluded.empty
    with pytest.raises(InputDataError, match="not about the rows"):
        whole.where(pd.Series([True, False, True]))


def test_columns_keep_the_order_of_the_matrix_and_refuse_what_is_not_there() -> None:
    assert names(matrix().columns(["police", "own"])) == ["own", "police"]
    with pytest.raises(SettingsError, match="anywhere"):
        matrix().columns(["own", "anywere"])


SEES = {"school_lead": ["own"], "hub_lead": ["own", "anywhere", "police"], "analyst": ["own", "anywhere", "police"]}


@pytest.mark.parametrize("audience", SEES)
def test_an_audience_sees_the_classes_it_is_given(audience: str) -> None:
    sharing = shipped("sharing.yaml")
    assert names(matrix().for_audience(audience, sharing)) == SEES[audience]
    assert names(matrix().for_audience(Audience(audience), sharing)) == SEES[audience]
    assert names(matrix().for_audience("hub_lead", {"hub_lead": [SharingClass.POLICE]})) == ["police"]


@pytest.mark.parametrize("sharing", [{}, {"hub_lead": ["POLICE"]}, {"school_lead": []}, {"school_lead": ["HEALTH"]}])
def test_deny_by_default(sharing: dict[str, Sequence[str]]) -> None:
    with pytest.raises(InputDataError, match=r"'school_lead' may see none"):
        matrix().for_audience("school_lead", sharing)


def test_rows_that_occur_twice_are_refused() -> None:
    whole = matrix()
    twice = whole.X.index[[0, 0, 2]]
    parts = {name: getattr(whole, name).set_axis(twice) for name in ("X", "y", "groups", "index", "evidence_dates")}
    with pytest.raises(InputDataError, match="1 child-and-date rows occur twice"):
        matrix(**parts)


@pytest.mark.parametrize("part", ["y", "groups", "index", "evidence_dates"])
def test_parts_about_other_rows_are_refused(part: str) -> None:
    whole = getattr(matrix(), part)
    for other in (whole[::-1], whole[:-1], whole.set_axis(["a", "b", "c"])):
        with pytest.raises(InputDataError, match="not about the same rows"):
            matrix(**{part: other})


def test_summary_fingerprint_and_page() -> None:
    whole = matrix()
    assert whole.summary().loc["own", ["of", "measured_in", "share_unknown", "mean"]].tolist() == ["the child", "number", 0.333, 1.5]
    assert whole.fingerprint == matrix().fingerprint != replace(whole, X=whole.X + 1).fingerprint
    assert whole.frame().shape == (3, 4 + 3 + 2)
    html = whole._repr_html_()
    assert "3 child-and-date rows" in html and "Ann" not in html


# From a store of literal rows.
BORN = date(2014, 6, 1)
ROWS: dict[str, list[dict[str, Any]]] = {
    "pupils": [{"child": child, "birth_date": BORN, "sex": sex} for child, sex in (("Ann", "F"), ("Ben", None), ("Cat", "F"))],
    "schools": [{"school_id": "S1", "name": "One", "hub_id": "H1"}],
    "enrolments": [{"child": child, "school_id": "S1", "start_on": ago(900), "nc_year": "5"} for child in ("Ann", "Ben", "Cat")],
    "attendance": [{"child": "Ann", "school_id": "S1", "date": ago(n), "session": "AM", "code": "O"} for n in (5, 250)],
    "suspensions": [],
    "statutory": [{"child": "Cat", "status": "CLA", "start_on": ago(100)}],
    "early_help": [{"child": "Ann", "offered_on": ago(100), "response": "not_now"}],
    "contacts": [],
}
PEOPLE = people({"Ann": "F1", "Ben": "F1", "Cat": None})
CATALOGUE = Catalogue(
    (
        feature("suspended", sharing=SharingClass.SCHOOL),
        feature("marked", source="attendance", measure=days(), window=last_days(30), sharing=SharingClass.SCHOOL, missing=Missing.UNKNOWN),
    )
)


def build(as_of: Any, **more: Any) -> FeatureMatrix:
    return build_features(store(ROWS, covers=more.pop("covers", None)), PEOPLE, CATALOGUE, as_of=as_of, **more)


@pytest.fixture(scope="module")
def built() -> FeatureMatrix:
    covers = [("any", name, date(2015, 1, 1), ago(1)) for name in ROWS]
    return build([AS_OF, ago(240), AS_OF], covers=covers)


def test_a_matrix_of_several_dates(built: FeatureMatrix) -> None:
    before, now = ago(240).isoformat(), AS_OF.isoformat()
    assert built.X.index.tolist() == [f"Ann@{before}", f"Ben@{before}", f"Cat@{before}", f"Ann@{now}", f"Ben@{now}"]
    assert built.meta.as_of_dates == (ago(240), AS_OF)  # in order, each once
    assert built.X.dtypes.eq("float64").all() and built.X["marked"].fillna(-1).tolist() == [1, -1, -1, 1, -1]
    assert built.evidence_dates["marked"].dropna().tolist() == [pd.Timestamp(ago(250)), pd.Timestamp(ago(5))]
    assert built.y["need_recognised"].tolist()[:3] == [1, 0, 1] and built.y["need_recognised"][3:].isna().all()
    assert built.y["help_accepted"].tolist()[:3] == [0, 0, 0]
    assert built.groups["sex"].tolist() == ["female", "not known", "female", "female", "not known"]
    assert built.excluded[["child_id", "reason"]].to_numpy().tolist() == [["Cat", "looked_after"]]
    assert (
        built.meta.outcome == "need_recognised"
        and built.meta.catalogue_hash == CATALOGUE.hash
        and built.meta.labels == ("help_accepted", "re_referral", "need_assessed")
    )
    assert build(AS_OF, settings=Config(outcome=OutcomeSettings(main="statutory_entry"))).meta.outcome == "statutory_entry"


def test_training_and_screening_build_the_same(built: FeatureMatrix) -> None:
    alone = build(AS_OF, covers=[("any", name, date(2015, 1, 1), ago(1)) for name in ROWS])
    pd.testing.assert_frame_equal(alone.X, built.at(AS_OF).X)
    assert alone.fingerprint == built.at(AS_OF).fingerprint


def test_the_family_s_answer_is_no_main_outcome() -> None:
    with pytest.raises(SettingsError, match="help_accepted"):
        build(AS_OF, settings=Config(outcome=OutcomeSettings(main="help_accepted"), features=FeatureSettings()))


COVERS = [("any", name, ago(600), ago(31)) for name in ROWS]


@pytest.mark.parametrize("day", [ago(600), ago(700), ago(-1)])
def test_a_date_outside_the_data_is_refused(day: date) -> None:
    with pytest.raises(InputDataError, match=rf"{day} lies outside the data[\s\S]*{ago(600)} to {ago(31)}"):
        build([AS_OF, day], covers=COVERS)


def test_without_dates_or_data() -> None:
    assert len(build(AS_OF, covers=COVERS)) == 2
    with pytest.raises(SettingsError, match="No as-of date"):
        build([])
    with pytest.raises(InputDataError, match="store is empty"):
        build(AS_OF, covers=[])
