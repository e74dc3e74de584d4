"""Every class of record against every audience: what an audience may not see moves no byte of its papers, and no word of it stands there."""

from __future__ import annotations

import os
from dataclasses import replace
from io import BytesIO

import numpy as np
import openpyxl
import pytest
from explain_fixtures import LinearModel, fake_matrix, feature, people_of
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.config.load import shipped
from early_id.config.settings import Config
from early_id.core.errors import PolicyError
from early_id.core.types import SharingClass
from early_id.features.matrix import FeatureMatrix
from early_id.screening.lists import screen
from early_id.screening.page import list_pages
from early_id.screening.workbook import list_workbook
from early_id.workflow.refusals import check_model_sharing

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
CLASSES = tuple(SharingClass)
#: One feature for each class, whose words are unmistakable; themes differ, so that each would be a reason of its own.
THEMES = ("attendance", "provision", "earlier_help", "missing_episodes", "family_wellbeing", "money_housing")
FEATURES = tuple(
    feature(f"sign_{c.lower()}", label=f"CANARY{c}LABEL", phrase=f"CANARY{c} {{value}} times in {{period}}", sharing=c, theme=theme)
    for c, theme in zip(CLASSES, THEMES, strict=True)
)
BASE = fake_matrix(30, schools=2)
PEOPLE = people_of(BASE).assign(safe_contact=True)
SHIPPED = {name: tuple(SharingClass(c) for c in classes) for name, classes in shipped("sharing.yaml").items()}


def matrix(seed: int, redrawn: SharingClass | None = None, other: int = 0) -> FeatureMatrix:
    """Counts for every class; those of one class drawn anew."""
    columns = {}
    for f in FEATURES:
        rng = np.random.default_rng([seed, other if f.sharing is redrawn else 0, CLASSES.index(f.sharing)])
        columns[f.name] = rng.poisson(1.5, len(BASE)).astype(float)
    X = BASE.X.iloc[:, :0].assign(**columns)
    newest = BASE.evidence_dates.iloc[:, :0].assign(**dict.fromkeys(columns, BASE.index["as_of"]))
    return replace(BASE, X=X, evidence_dates=newest)


def papers(audience: str, allowed: tuple[SharingClass, ...], made: FeatureMatrix) -> list[tuple[bytes | str, ...]]:
    features = tuple(f for f in FEATURES if f.sharing in allowed)
    model = LinearModel(audience, features, dict.fromkeys((f.name for f in features), 0.5), weights=dict.fromkeys((f.name for f in features), 0.6))
    lists = screen(model, made, people_frame=PEOPLE, capacity=2)  # type: ignore[arg-type]
    return [(list_workbook(one), *list_pages(one, offer={}, ask="x")) for one in lists.lists]


def words(part: bytes | str) -> str:
    """All text of a page or a workbook."""
    if isinstance(part, str):
        return part
    book = openpyxl.load_workbook(BytesIO(part))
    return "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None)


def audiences() -> list[tuple[str, tuple[SharingClass, ...], SharingClass]]:
    """Each audience as shipped with each class that it may not see; and a hub that is denied one class after the other."""
    school = [("school_lead", SHIPPED["school_lead"], c) for c in CLASSES if c not in SHIPPED["school_lead"]]
    hub = [("hub_lead", tuple(c for c in CLASSES if c is not denied), denied) for denied in CLASSES]
    return [*school, *hub]


@pytest.mark.parametrize(("audience", "allowed", "denied"), audiences(), ids=[f"{a}-{d}" for a, _, d in audiences()])
@settings(max_examples=2 * FACTOR, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 9999))
def test_facts_of_a_class_that_is_not_shared_move_no_byte(
    audience: str, allowed: tuple[SharingClass, ...], denied: SharingClass, seed: int, other: int
) -> None:
    before, after = papers(audience, allowed, matrix(seed)), papers(audience, allowed, matrix(seed, denied, other))
    assert before == after and len(before) == 2


@pytest.mark.parametrize("audience", ["school_lead", "hub_lead"])
def test_each_canary_stands_only_where_its_class_may_be_read_and_police_nowhere(audience: str) -> None:
    allowed = SHIPPED[audience]
    text = "".join(words(part) for paper in papers(audience, allowed, matrix(7)) for part in paper)
    for c in CLASSES:
        shown = c in allowed and c is not SharingClass.POLICE
        assert (f"CANARY{c}" in text) is shown, c


def test_a_model_is_held_to_the_sharing_file_of_today() -> None:
    model = LinearModel("hub_lead", FEATURES, {})
    check_model_sharing(model, Config(sharing=shipped("sharing.yaml")))  # type: ignore[arg-type]
    fewer = Config(sharing={**shipped("sharing.yaml"), "hub_lead": ["SCHOOL", "EDUCATION"]})
    with pytest.raises(PolicyError, match="uses 4 feature") as refused:
        check_model_sharing(model, fewer)  # type: ignore[arg-type]
    assert refused.value.exit_code == 4 and "sign_police (POLICE)" in str(refused.value)
