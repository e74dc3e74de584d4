"""Missed chances: literal children, dates and signs; what kept them off; what may be published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from features_material import AS_OF, ago, feature, past, people

from early_id.config.settings import TrainingSettings
from early_id.core.types import SharingClass
from early_id.features.declare import count, last_days, share
from early_id.learning.missed import BELOW, LISTED, NO_MODEL, NO_SOURCE, NOT_HERE, UNLINKED, Missed, missed_chances, thresholds
from early_id.learning.missed_page import missed_page, timelines_page
from early_id.learning.tables import Words
from early_id.models.walked import scores_then
from early_id.present.wording import check_words
from early_id.schema.conditions import isin
from model_fixtures import SHARING, fake_matrix

Row = dict[str, Any]
FIRST, SECOND = pd.Timestamp(ago(400)), pd.Timestamp(ago(200))
FEATURES = (
    feature("suspensions_count_365d", label="Suspensions", sharing=SharingClass.SCHOOL, theme="suspensions"),
    feature("notices_365d", label="Notices", source="notifications", measure=count(), window=last_days(365), sharing=SharingClass.POLICE, theme="safety_at_home"),
    feature("absence_share_365d", label="Absence", source="attendance", measure=share(isin("code", {"O"}), among=isin("code", {"O", "/"})),
            sharing=SharingClass.SCHOOL, theme="attendance"),
)  # fmt: skip


def looked(n: int = 40, without: tuple[pd.Timestamp, ...] = ()) -> Missed:
    """Forty children on two dates; Ann and Bob reach a threshold 100 days ago, two more of those with a suspension too."""
    names = ["Ann", "Bob", *[f"C{i:02d}" for i in range(n - 2)]]
    who = people(dict.fromkeys(names))
    entries = [{"child": child, "status": "CIN", "start_on": ago(100)} for child in ("Ann", "Bob")]
    then = past({"pupils": [{"child": c, "birth_date": date(2014, 6, 1)} for c in names], "statutory": entries}, who)
    rows = [(child, moment) for moment in (FIRST, SECOND) for child in names if not (child == "Bob" and moment == FIRST)]
    index = pd.DataFrame(rows, columns=["child_id", "as_of"])
    index.index = pd.Index([f"{c}@{m.date()}" for c, m in rows], name="row")
    with_suspension = index["child_id"].isin(["Ann", "C00", "C01", "C02", "C03", "C04", "C05", "C06"])
    values = pd.DataFrame(
        {"suspensions_count_365d": with_suspension.astype(float), "notices_365d": 0.0, "absence_share_365d": 0.0}, index=index.index
    )
    values.loc[(index["child_id"] == "Bob") & (index["as_of"] == SECOND), ["suspensions_count_365d", "absence_share_365d"]] = np.nan
    newest = pd.DataFrame({"suspensions_count_365d": FIRST - pd.Timedelta(days=9)}, index=index.index)
    gone = pd.DataFrame({"child_id": ["Bob"], "as_of": [FIRST], "reason": ["early_help_open"], "audiences": ["all"]})
    held = pd.DataFrame({"child_id": ["Ann"], "as_of": [SECOND]})
    return missed_chances(then, thresholds(then, ago(420)), values, newest, index, gone, held, FEATURES, known_until=AS_OF, without=without)


def test_when_a_list_held_a_child_and_what_kept_it_off() -> None:
    found = looked()
    children = found.children.set_index("child_id")
    assert children.loc["Ann", "held_on"] == SECOND and children.loc["Ann", "days_earlier"] == 100
    assert pd.isna(children.loc["Bob", "held_on"])
    assert found.standing["why"].tolist() == [BELOW, LISTED, "taken out: early help already under way", NO_SOURCE]
    assert found.reasons().to_dict() == {LISTED: 1, NO_SOURCE: 1}


def test_a_date_on_which_no_list_could_be_made_is_told_so() -> None:
    assert looked(without=(FIRST,)).standing["why"].tolist() == [NO_MODEL, LISTED, "taken out: early help already under way", NO_SOURCE]
    assert "On 1 of the dates too little was known" in missed_page(looked(without=(FIRST,)), Words("A council", "us"), publishable=False)


def test_the_score_of_a_date_rests_on_nothing_that_was_known_later() -> None:
    """Outcomes that became known after a date, of whomever, move no score of that date; those known before it do."""
    settings = TrainingSettings(put_forward="logistic", models=["logistic"])
    seen = fake_matrix(400, base=-2.0).for_audience("hub_lead", SHARING)
    scores = scores_then(seen, settings)
    by_date = scores.groupby(seen.index["as_of"]).agg(lambda own: own.notna().mean())
    assert by_date.iloc[0] == 0 and by_date.iloc[-1] == 1  # on the first date nothing was known that could teach
    day = seen.index["as_of"].unique()[3]
    late = seen.index["mature_on"] > day
    other = scores_then(replace(seen, y=seen.y.mask(late, 1 - seen.y)), settings)
    now = seen.index["as_of"] == day
    pd.testing.assert_series_equal(scores[now], other[now])
    early = scores_then(replace(seen, y=seen.y.mask(~late, 1 - seen.y)), settings)
    assert (early[now] - scores[now]).abs().max() > 0.1


def test_beside_each_sign_stands_how_many_never_came_that_far() -> None:
    found = looked()
    assert found.signs[["child_id", "as_of", "route"]].to_numpy().tolist() == [["Ann", FIRST, "school"], ["Ann", SECOND, "school"]]
    [row] = found.totals().to_dict("records")
    assert (row["children"], row["days"], row["with_sign"], row["never"]) == (1, 300, 8, 7)
    assert {name.split(": ")[0] for name in found.base["feature"]} == {"school", "police"}


def test_who_was_not_linked_or_not_here_is_told_apart() -> None:
    who = people({"Ann": None, "Bob": None})
    links = who.person_links
    links.loc[links["child_id"] == "Bob", "known_from"] = SECOND + pd.Timedelta(days=1)
    rows = {"pupils": [{"child": c, "birth_date": date(2014, 6, 1)} for c in ("Ann", "Bob")],
            "statutory": [{"child": c, "status": "CPP", "start_on": ago(100)} for c in ("Ann", "Bob")]}  # fmt: skip
    then = past(rows, who)
    index = pd.DataFrame({"child_id": ["X"], "as_of": [SECOND]}, index=["X@"])
    values = pd.DataFrame({"suspensions_count_365d": [np.nan]}, index=index.index)
    none = pd.DataFrame({"child_id": [], "as_of": [], "reason": [], "audiences": []})
    found = missed_chances(
        then, thresholds(then, ago(300)), values, values * np.nan, index, none, none[["child_id", "as_of"]], FEATURES, known_until=AS_OF
    )
    assert found.standing.set_index("child_id")["why"].to_dict() == {"Ann": NOT_HERE, "Bob": UNLINKED}


def test_only_a_first_threshold_counts() -> None:
    rows = {
        "pupils": [{"child": c, "birth_date": date(2014, 6, 1)} for c in ("Ann", "Bob", "Cat")],
        "statutory": [
            {"child": "Ann", "status": "CIN", "start_on": ago(700)},  # open all along
            {"child": "Ann", "status": "CPP", "start_on": ago(100)},
            {"child": "Bob", "status": "CIN", "start_on": ago(100)},
            {"child": "Bob", "status": "CPP", "start_on": ago(50)},
            {"child": "Cat", "status": "REFERRAL", "start_on": ago(100)},
        ],
    }
    found = thresholds(past(rows, people(dict.fromkeys(["Ann", "Bob", "Cat"]))), ago(420))
    assert found[["child_id", "status"]].to_numpy().tolist() == [["Bob", "CIN"]]


def test_totals_hold_no_name_and_published_ones_no_small_count() -> None:
    found, words = looked(), Words("A council", "us")
    pages = {publishable: missed_page(found, words, publishable=publishable) for publishable in (False, True)}
    timelines = timelines_page(found, {"Ann": "Ann Winter", "Bob": "Bob Frost"}, words)
    assert "Ann Winter" in timelines and "7 of 8" in timelines and "multi-agency audit group alone" in timelines
    for page in pages.values():
        assert "Ann" not in page and not check_words(page)
    assert ">7<" not in pages[True] and ">8<" not in pages[True] and "Too few children" in pages[True]
    assert not check_words(timelines)


def test_nobody_at_all() -> None:
    who = people({"Ann": None})
    then = past({"pupils": [{"child": "Ann", "birth_date": date(2014, 6, 1)}], "statutory": []}, who)
    index = pd.DataFrame({"child_id": ["Ann"], "as_of": [SECOND]}, index=["Ann@"])
    values = pd.DataFrame({"suspensions_count_365d": [0.0]}, index=index.index)
    none = pd.DataFrame({"child_id": [], "as_of": [], "reason": [], "audiences": []})
    found = missed_chances(then, thresholds(then, ago(300)), values, values, index, none, none[["child_id", "as_of"]], FEATURES, known_until=AS_OF)
    assert "No child reached a threshold" in missed_page(found, Words("A council", "us"), publishable=True)
    assert "No child reached a threshold" in timelines_page(found, {}, Words("A council", "us"))


def test_who_was_at_a_threshold_in_the_two_years_before_has_not_newly_reached_one() -> None:
    names = ["Ann", "Bob", "Cas", "Dee", "Eve"]
    rows = {"pupils": [{"child": c, "birth_date": date(2014, 6, 1)} for c in names], "statutory": [
        {"child": "Ann", "status": "CIN", "start_on": ago(100)},
        {"child": "Bob", "status": "CIN", "start_on": ago(600), "end_on": ago(330)}, {"child": "Bob", "status": "CPP", "start_on": ago(100)},
        {"child": "Cas", "status": "CIN", "start_on": ago(1200), "end_on": ago(900)}, {"child": "Cas", "status": "CPP", "start_on": ago(100)},
        {"child": "Dee", "status": "CIN", "start_on": ago(600)}, {"child": "Dee", "status": "CPP", "start_on": ago(100)},
        {"child": "Eve", "status": "CIN", "start_on": ago(600), "end_on": ago(580)},
    ]}  # fmt: skip
    found = thresholds(past(rows, people(dict.fromkeys(names))), ago(300))
    assert found["child_id"].tolist() == ["Ann", "Cas"] and set(found["entered_on"]) == {pd.Timestamp(ago(100))}
