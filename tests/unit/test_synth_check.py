"""The check and the pictures as things to use; and the rules of a school's calendar, site and marks that no table measures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from early_id.core.errors import SettingsError
from early_id.data.synth.check.judge import CheckResult, check_council, compare
from early_id.data.synth.check.measures import share
from early_id.data.synth.check.pictures import band_picture, draw_pictures, week_picture
from early_id.data.synth.check.table import ROOMS, SOURCES
from early_id.data.synth.check.tally import Tally, count_council
from early_id.data.synth.check.unmet import re_referrals
from early_id.data.synth.events.police import with_care
from early_id.data.synth.marks.causes import plan_year
from early_id.data.synth.marks.codes import CODES, NUMBER, OLD_CODES
from early_id.data.synth.population.schools import inset_days, make_schools
from early_id.data.synth.rates import published
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEW_CODES_FROM, make_timeline
from early_id.schema.codes import code_list


@pytest.fixture(scope="module")
def tally() -> Tally:
    return count_council(2000, 5)


@pytest.fixture(scope="module")
def result(tally: Tally) -> CheckResult:
    return compare(tally)


@pytest.mark.parametrize("children", [0, 1999, 1_000_001])
def test_a_size_that_tells_nothing_is_refused(children: int) -> None:
    with pytest.raises(SettingsError, match="2,000 to 1,000,000"):
        check_council(children, 1)


def test_the_frame_names_figure_tolerance_year_and_source(result: CheckResult) -> None:
    table = result.frame()
    assert len(table) > 150 and table["figure"].is_unique
    assert table["source"].isin(SOURCES).all() and (table["year"] != "").all()
    assert set(table["reason"]) <= {why for _, why in ROOMS.values()}
    finite = table[np.isfinite(table["tolerance"])]
    assert finite["tolerance"].to_numpy() == pytest.approx((3 * finite["sampling_error"] + finite["room"]).to_numpy())
    assert table["topic"].nunique() >= 9


def test_json_and_html_and_text_hold_the_same_verdict(result: CheckResult) -> None:
    data = json.loads(json.dumps(result.to_json()))
    assert data["passed"] is result.passed and len(data["figures"]) == len(result.rows)
    text = result.text()
    assert all(row.figure.name in text for row in result.rows) and "standard errors" in text
    assert "<table" in result._repr_html_() and "figures within tolerance" in result._repr_html_()
    assert ("OUT OF TOLERANCE" in text) is bool(result.failures)


def test_a_figure_out_of_tolerance_fails_the_check(result: CheckResult) -> None:
    row = next(row for row in result.judged if row.passed)
    off = replace(result, rows=(replace(row, made_up=row.figure.published + 1.1 * row.tolerance), *result.rows))
    assert not off.passed and off.failures[0].figure is row.figure
    assert f"{len(off.judged) - len(off.failures)} of {len(off.judged)}" in repr(off)
    assert "OUT OF TOLERANCE" in off.text()


def test_what_nothing_is_fitted_to_is_shown_and_not_judged(result: CheckResult) -> None:
    text, data = result.text(), result.to_json()
    assert len(result.unmet) == 6 and all(row.figure.name in text and row.figure.source in SOURCES for row in result.unmet)
    assert data["not_met"]["referrals within a year of another, %"]["published"] == 22.6  # type: ignore[index]
    far = replace(result, unmet=tuple(replace(row, made_up=10 * row.figure.published) for row in result.unmet))
    assert far.passed is result.passed and far.failures == result.failures


def test_another_referral_within_a_year_is_counted_of_the_same_child(tally: Tally) -> None:
    first = tally.world.timeline.years[2].start
    child, after = [0, 0, 0, 1, 2, 2], [0, 100, 466, 5, 0, 365]  # again after 100, 366 and 365 days
    rows = pd.DataFrame({"child": child, "status": "REFERRAL", "start": np.array(after) + first})
    earlier = pd.DataFrame({"child": [1], "status": ["CPP"], "start": [first - 10]})
    services = tally.world.services | {"statutory": pd.concat([rows, earlier])}
    made = replace(tally, world=replace(tally.world, services=services))
    assert re_referrals(made).value == pytest.approx(100 * 2 / 6)
    assert re_referrals(made).cases == len({tally.people["family"][0], tally.people["family"][2]})


def test_too_few_figures_are_no_pass(result: CheckResult) -> None:
    assert not replace(result, rows=result.rows[:10]).passed


def test_the_sampling_error_is_that_of_clusters() -> None:
    """Families of four who are all alike have twice the error of four families' pupils."""
    rng = np.random.default_rng(1)
    hit = np.repeat(rng.random(4000) < 0.3, 4)
    ones = np.ones(len(hit))
    alone, together = share(hit, ones, np.arange(len(hit))), share(hit, ones, np.repeat(np.arange(4000), 4))
    p = hit.mean()
    assert alone.error == pytest.approx(100 * np.sqrt(p * (1 - p) / len(hit)), rel=0.01)
    assert together.error == pytest.approx(2 * alone.error, rel=0.01)
    assert (share(hit, ones, np.arange(len(hit))).cases, alone.clusters) == (hit.sum(), len(hit))


def test_a_code_that_is_never_drawn_is_a_failure_and_not_too_few(tally: Tally) -> None:
    """No session coded I or L at all, where the published share asks for more than ten families."""
    off = compare(replace(tally, enrolments=tally.enrolments.assign(L=0, I=0)))
    names = {row.figure.name for row in off.failures}
    assert {"code I, primary, % of possible sessions", "code L, secondary, % of possible sessions"} <= names


def test_the_error_of_a_ratio_is_that_of_repeated_draws() -> None:
    rng = np.random.default_rng(2)
    draws, stated = [], []
    for _ in range(200):
        one, other = rng.random(800) < 0.2, rng.random(800) < 0.4
        home = np.arange(800)
        found = share(one, np.ones(800), home).over(share(other, np.ones(800), home + 800))
        draws.append(found.value)
        stated.append(found.error)
    assert np.std(draws) == pytest.approx(np.mean(stated), rel=0.15)


def test_a_published_figure_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="0 rows"):
        published("overall_absence_rate", "all pupils", "1999/00")


def test_pictures_are_written_as_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
    from early_id.data.synth.check import pictures

    monkeypatch.setattr(pictures, "count_council", lambda *_: tally)
    paths = draw_pictures(2000, 5, tmp_path / "pictures")
    assert [path.name for path in paths] == list(pictures.NAMES)
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000 for path in paths)
    with pytest.raises(SettingsError, match="folder"):
        draw_pictures(2000, 5, paths[0])


def test_the_week_picture_shows_the_published_weeks_and_every_school_week(tally: Tally) -> None:
    from early_id.data.synth.check.pictures import week_picture

    axis = week_picture(tally).axes[0]
    texts = " ".join(text.get_text() for text in axis.texts)
    assert all(value in texts for value in ("4.7", "7.0", "9.4", "9.6", "6.87"))
    drawn = sum(len(line.get_xdata()) for line in axis.lines if line.get_color() == "#d55e00")
    assert drawn == len(tally.weeks)


def test_each_school_has_two_inset_days_of_its_own_beside_half_terms() -> None:
    timeline = make_timeline(date(2022, 9, 1))
    schools = make_schools(8000, Seeds(3))
    for year in timeline.years[1:4]:
        flags = inset_days(schools, year.days)
        assert (flags.sum(axis=1) == 2).all()
        holidays = np.flatnonzero(np.diff(year.days) >= 7)
        beside = set(holidays) | set(holidays + 1)
        assert set(np.flatnonzero(flags.any(axis=0))) <= beside
    now = inset_days(schools, timeline.years[4].days)
    assert now.sum(axis=1).max() <= 2 and now.any()


def test_planned_closures_are_marked_by_some_schools_and_never_possible(tally: Tally) -> None:
    schools = tally.world.rolls.schools
    marked = tally.enrolments.groupby("school")["#"].sum()
    assert ((marked > 0).to_numpy() == schools["records_closures"].to_numpy()[marked.index]).all()
    assert marked.any() and not marked.all()


def test_a_site_is_shut_for_whole_schools_and_year_groups() -> None:
    timeline = make_timeline(date(2022, 9, 1))
    schools = make_schools(60_000, Seeds(1))
    plan = plan_year(timeline.years[3], 3, schools, Seeds(1).rng("year"))
    shut = (plan.site == NUMBER["Y4"]).any(axis=2)
    assert (shut.all(axis=1) == shut.any(axis=1)).all() and 0.15 < shut.any(axis=1).mean() < 0.35
    assert (plan.site == NUMBER["Y3"]).any(axis=2).sum(axis=1).max() == 1
    assert plan.disrupted.any(axis=0).sum() <= 3


def test_every_code_is_in_the_code_list_and_in_force_on_its_side_of_the_change() -> None:
    marks = code_list("attendance")
    for code in CODES[:-2]:  # the last two are faults
        assert code in marks
    for new, old in OLD_CODES.items():
        assert marks[new].is_valid_on(NEW_CODES_FROM)
        assert marks[old].is_valid_on(date(2023, 5, 2))
    only_new = {code for code in CODES[:-2] if not marks[code].is_valid_on(date(2023, 5, 2))}
    assert only_new == set(OLD_CODES)


def test_episodes_from_care_replace_those_drawn_from_need(tally: Tally) -> None:
    world = tally.world
    statutory = world.services["statutory"]
    care = statutory[statutory["status"] == "CLA"].iloc[:1]
    start = int(max(care["start"].iloc[0], world.timeline.events_from)) + 2
    missing = pd.DataFrame(
        {"child": care["child"].to_numpy(), "started": [start * 86400], "ended": [start * 86400 + 3600], "type": ["M"], "offered": ["Y"]}
    )
    quiet = care.assign(end=start + 3)
    assert (start * 86400) not in set(with_care(missing, quiet, world.people, Seeds(1), world.timeline)["started"])
    other = missing.assign(child=(missing["child"] + 1) % len(world.people))
    assert (start * 86400) in set(with_care(other, quiet, world.people, Seeds(1), world.timeline)["started"])


def test_children_in_care_go_missing_as_often_as_published(tally: Tally) -> None:
    """Everybody of the council looked after for a year: 1 in 10 goes missing, 6 times on average, at the ages of children in care."""
    world = tally.world
    year = world.timeline.years[2]
    age = (year.start - world.people.children["dob"].to_numpy()) / 365.25
    rng = np.random.default_rng(3)
    # Of children in care about 4 in 10 are 12 or over in the council.
    child = np.concatenate([rng.choice(np.flatnonzero((age > 3) & (age < 11)), 600), rng.choice(np.flatnonzero((age > 12) & (age < 16)), 400)])
    child = np.unique(child)
    care = pd.DataFrame({"child": child, "status": "CLA", "start": year.start, "end": year.end})
    nobody = world.missing.iloc[:0]
    rates, means = [], []
    for seed in range(20):
        found = with_care(nobody, care, world.people, Seeds(seed), world.timeline).groupby("child").size()
        rates.append(len(found) / len(child))
        means.append(found.mean())
    assert np.mean(rates) == pytest.approx(0.10, abs=0.025)
    assert np.mean(means) == pytest.approx(6.0, abs=0.8)


def test_episodes_of_a_child_do_not_overlap(tally: Tally) -> None:
    missing = tally.world.missing
    before = missing.groupby("child")["ended"].shift(1)
    assert not (missing["started"] <= before).any()
    assert (missing.loc[missing["ended"] >= 0, "ended"] > missing.loc[missing["ended"] >= 0, "started"]).all()


def test_schools_are_of_places_that_do_not_exist() -> None:
    one, two = (make_schools(9_000, Seeds(seed))["name"] for seed in (1, 2))
    assert one.is_unique and len(one) > 40 and not set(one) & set(two)
    assert one.str.fullmatch(r"(North|East|West|South|New|Lake|Port) [A-Z]\w+ (Primary School|Academy|School)( \d+)?").all()
    assert make_schools(9_000, Seeds(1))["name"].equals(one)


def test_no_text_of_the_pictures_lies_on_another_or_on_a_line(tally: Tally) -> None:
    bands, weeks = band_picture(tally), week_picture(tally)
    bands.canvas.draw()  # lays the panels out
    for axis in bands.axes:
        texts = [text.get_window_extent() for text in axis.texts]
        shown = [box.expanded(1.3, 1) for box in texts if box.width > 1]  # apart by a gap that the eye sees; an empty band has no label
        assert len(texts) == 21 and len(shown) > 14 and not any(one.overlaps(other) for one, other in combinations(shown, 2))
    (axis,) = weeks.axes
    weeks.canvas.draw()
    drawn = np.concatenate([line.get_transform().transform_path(line.get_path()).interpolated(50).vertices for line in axis.lines])
    for text in axis.texts:
        box = Text.get_window_extent(text)  # of the words, without the line that leads from them
        assert not ((drawn[:, 0] > box.x0) & (drawn[:, 0] < box.x1) & (drawn[:, 1] > box.y0) & (drawn[:, 1] < box.y1)).any(), text.get_text()
