"""What must hold for any data: sums, limits, secrecy, and school lists that nothing outside school can move."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from explain_fixtures import ALL_FEATURES, HUB_FEATURES, fake_matrix, model_for, people_of
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.explain.explanations import explain_scores
from early_id.explain.narrative import MOST_AGAINST, MOST_NOTICED
from early_id.explain.not_known import MOST_NOT_KNOWN
from early_id.explain.page import sheet_body
from early_id.present.wording import check_words
from early_id.screening.eligible import LED_BY_OTHER_SCHOOL
from early_id.screening.lists import screen
from early_id.screening.page import list_pages
from early_id.screening.workbook import list_workbook

BASE = fake_matrix(60)
PEOPLE = people_of(BASE)
QUICK = settings(max_examples=8, deadline=None)
VALUES = st.one_of(st.just(math.nan), st.just(0.0), st.just(1.0), st.integers(0, 2000).map(float), st.floats(0, 1).map(lambda x: round(x, 4)))
WEIGHTS = st.fixed_dictionaries({f.name: st.floats(-5, 5) for f in ALL_FEATURES})


@st.composite
def matrices(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    """The base matrix with the values of a few children replaced by anything its features can hold."""
    X = BASE.X.copy()
    for position in range(4):
        for column, f in enumerate(ALL_FEATURES):
            value = draw(VALUES)
            X.iat[position, column] = min(value, 1.0) if f.value_format == "share" else round(value) if not math.isnan(value) else value
    return replace(BASE, X=X)


@QUICK
@given(matrices(), WEIGHTS)
def test_explanations_add_up_stay_short_and_keep_secrets(matrix, weights) -> None:  # type: ignore[no-untyped-def]
    model = model_for("hub_lead", matrix, weights=weights)
    explained = explain_scores(model, matrix)  # type: ignore[arg-type]
    frame = explained.frame()
    sums = frame.groupby("row")["contribution"].sum().reindex(matrix.X.index) - 2.0
    np.testing.assert_allclose(sums, model.scores(matrix.X), atol=1e-9, rtol=0)
    counted = frame[frame["contribution"].notna()]
    assert not counted.duplicated(["row", "theme"]).any()
    for key in matrix.X.index[:4]:
        e = explained.for_row(key)
        assert len(e.noticed) <= MOST_NOTICED and len(e.against) <= MOST_AGAINST and len(e.not_known) <= MOST_NOT_KNOWN
        assert all(r.contribution > 0 for r in e.noticed) and all(r.contribution < 0 for r in e.against)
        text = sheet_body(e)
        assert "SECRET" not in text and "{" not in text and "nan" not in text.replace("nanny", "") and check_words(text) == ()
        row = matrix.X.loc[key]
        for reason in e.noticed:
            # What is noticed rests on something that somebody recorded.
            assert any(not math.isnan(row[f.name]) for f in ALL_FEATURES if f.theme == reason.theme)


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_school_files_do_not_move_with_facts_schools_do_not_hold(facts: int, capacity: int) -> None:
    other = fake_matrix(60, facts_seed=facts)
    school_names = [f.name for f in ALL_FEATURES if f not in HUB_FEATURES]
    assert other.X[school_names].equals(BASE.X[school_names])
    files = []
    for matrix in (BASE, other):
        lists = screen(model_for("school_lead", matrix), matrix, people_frame=PEOPLE, capacity=capacity)  # type: ignore[arg-type]
        files.append([(list_workbook(one), *list_pages(one, offer={}, ask="x")) for one in lists.lists])
    assert files[0] == files[1]


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_lists_are_the_highest_families_and_no_more(seed: int, capacity: int) -> None:
    matrix = fake_matrix(60, seed=seed)
    people = people_of(matrix, seed=seed).assign(safe_contact=True)
    model = model_for("school_lead", matrix)
    lists = screen(model, matrix, people_frame=people, capacity=capacity)  # type: ignore[arg-type]
    scores = model.scores(matrix.X)
    left = set(lists.taken_out.loc[lists.taken_out["reason"] == LED_BY_OTHER_SCHOOL, "child_id"])
    for one in lists.lists:
        own = (matrix.index["school_id"] == one.recipient.id) & ~matrix.index["child_id"].isin(left)
        best = scores[own].groupby(matrix.index.loc[own, "family_id"]).max()
        family_of = matrix.index.set_index("child_id")["family_id"]
        listed = {family_of[family.children[0].explanation.child_id] for family in one.families}
        assert len(one.families) == len(listed) == min(capacity, len(best))
        if len(listed) < len(best):
            assert best[list(listed)].min() >= best.drop(list(listed)).max()


@QUICK
@given(st.permutations(list(range(60))))
def test_order_of_rows_changes_nothing(order: list[int]) -> None:
    mixed = replace(
        BASE,
        X=BASE.X.iloc[order],
        y=BASE.y.iloc[order],
        groups=BASE.groups.iloc[order],
        index=BASE.index.iloc[order],
        evidence_dates=BASE.evidence_dates.iloc[order],
    )
    means = model_for("hub_lead", BASE).means
    pages = []
    for matrix, people in ((BASE, PEOPLE), (mixed, PEOPLE.sample(frac=1, random_state=len(order)))):
        model = replace(model_for("hub_lead", matrix), means=means)
        lists = screen(model, matrix, people_frame=pd.DataFrame(people), capacity=3)  # type: ignore[arg-type]
        pages.append([list_workbook(one) for one in lists.lists])
    assert pages[0] == pages[1]
