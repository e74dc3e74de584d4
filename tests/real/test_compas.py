"""Published figures on ProPublica's COMPAS file come out of the audit exactly.

The file is not in the repository; set EARLY_ID_SHARED to the folder that holds ``data/compas``.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from early_id.audit.measures import Scored
from early_id.audit.reference import SHARED, fairlearn_values
from early_id.audit.result import AuditResult
from early_id.audit.table import audit_table
from early_id.config.settings import AuditSettings
from early_id.stats.metrics import auc

SHARED_FOLDER = Path(os.environ.get("EARLY_ID_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
FOLDER = SHARED_FOLDER / "data" / "compas"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the COMPAS files are not here; set EARLY_ID_SHARED to their folder")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "compas_two_years.csv")


@pytest.fixture(scope="module")
def result(people: pd.DataFrame) -> AuditResult:
    return audit_table(people, label="two_year_recid", groups=["race", "sex"], score="decile_score", threshold=5, settings=AuditSettings())


def _cell(result: AuditResult, measure: str, group: str) -> pd.Series:
    return result.of(measure).set_index("group").loc[group]


@pytest.mark.parametrize(
    ("group", "tn", "fp", "fn", "tp"),
    [("African-American", 990, 805, 532, 1369), ("Caucasian", 1139, 349, 461, 505)],
)
def test_confusion_table(result: AuditResult, group: str, tn: int, fp: int, fn: int, tp: int) -> None:
    assert (_cell(result, "false_flag_rate", group)[["successes", "n"]] == [fp, tn + fp]).all()
    assert (_cell(result, "missed_share", group)[["successes", "n"]] == [fn, fn + tp]).all()
    assert (_cell(result, "precision", group)[["successes", "n"]] == [tp, tp + fp]).all()


@pytest.mark.parametrize(
    ("group", "listed_without_need", "missed", "precision"),
    [("African-American", 44.85, 27.99, 0.63), ("Caucasian", 23.45, 47.72, 0.59)],
)
def test_published_rates(result: AuditResult, group: str, listed_without_need: float, missed: float, precision: float) -> None:
    assert round(100 * _cell(result, "false_flag_rate", group)["value"], 2) == listed_without_need
    assert round(100 * _cell(result, "missed_share", group)["value"], 2) == missed
    assert round(_cell(result, "precision", group)["value"], 2) == precision


def test_verdicts_are_those_of_the_published_debate(result: AuditResult) -> None:
    for measure in ("false_flag_rate", "missed_share"):
        assert _cell(result, measure, "African-American")["verdict"] == "gap found"
        assert _cell(result, measure, "Male")["verdict"] == "cannot tell"


def test_auc_of_the_decile(people: pd.DataFrame) -> None:
    assert round(auc(people["two_year_recid"], people["decile_score"]), 4) == 0.7022


def test_disparities_of_the_aequitas_file() -> None:
    people = pd.read_csv(FOLDER / "compas_for_aequitas.csv")
    found = audit_table(people, label="label_value", groups=["race", "sex"], selected="score", settings=AuditSettings())
    assert found.meta["listed"] == 3317

    def ratio(measure: str, group: str, to: str) -> float:
        return round(float(_cell(found, measure, group)["value"] / _cell(found, measure, to)["value"]), 6)

    assert ratio("false_flag_rate", "African-American", "Hispanic") == 2.087696
    assert ratio("false_flag_rate", "Caucasian", "Hispanic") == 1.091838
    assert ratio("false_flag_rate", "Female", "Male") == 0.990343
    assert ratio("missed_share", "Female", "Male") == 1.055810
    # aequitas: pprev is the share listed within the group, ppr the group's share of all listed.
    listed = _cell(found, "selection_share", "African-American")
    assert round(listed["value"], 2) == 0.59
    assert round(listed["successes"] / found.meta["listed"], 2) == 0.66


#: aequitas' name of a figure → ours, and what it is of true and false positives and negatives.
AEQUITAS = {
    "fpr": ("false_flag_rate", lambda tp, fp, tn, fn: fp / (fp + tn)),
    "fnr": ("missed_share", lambda tp, fp, tn, fn: fn / (fn + tp)),
    "precision": ("precision", lambda tp, fp, tn, fn: tp / (tp + fp)),
    "pprev": ("selection_share", lambda tp, fp, tn, fn: (tp + fp) / (tp + fp + tn + fn)),
    "prev": ("outcome_rate", lambda tp, fp, tn, fn: (tp + fn) / (tp + fp + tn + fn)),
}


def test_group_table_and_disparities_by_aequitas_definitions() -> None:
    """Every figure of every group, its ratio to the reference group, and the group's share of all listed (ppr)."""
    people = pd.read_csv(FOLDER / "compas_for_aequitas.csv")
    found = audit_table(people, label="label_value", groups=["race", "sex", "age_cat"], selected="score", settings=AuditSettings())
    compared = 0
    for column, reference in (("race", "Caucasian"), ("sex", "Male"), ("age_cat", "25 - 45")):
        kind = people["label_value"].astype(int).astype(str) + people["score"].astype(int).astype(str)
        counts = pd.crosstab(people[column], kind)
        cells = {group: tuple(int(row[key]) for key in ("11", "01", "00", "10")) for group, row in counts.iterrows()}
        for ours, definition in AEQUITAS.values():
            rows = found.of(ours).query("characteristic == @column").set_index("group")
            assert set(rows.index) == set(cells)
            for group, four in cells.items():
                assert rows.loc[group, "value"] == pytest.approx(definition(*four), abs=1e-12)
                disparity = rows.loc[group, "value"] / rows.loc[reference, "value"]
                assert disparity == pytest.approx(definition(*four) / definition(*cells[reference]), abs=1e-12)
                compared += 1
        listed = found.of("selection_share").query("characteristic == @column").set_index("group")["successes"]
        assert (listed == pd.Series({group: four[0] + four[1] for group, four in cells.items()})).all()
        assert listed.sum() == found.meta["listed"]
    assert compared == 5 * (6 + 2 + 3)


def test_fairlearns_published_summary_figures(people: pd.DataFrame, result: AuditResult) -> None:
    by_race, by_sex = (result.of("selection_share").query("characteristic == @name")["value"] for name in ("race", "sex"))
    assert round(by_race.min() / by_race.max(), 5) == 0.31432
    assert round(by_sex.min() / by_sex.max(), 5) == 0.90435
    missed = result.of("missed_share").query("characteristic == 'sex'")["value"]
    assert round(missed.max() - missed.min(), 5) == 0.02070
    listed = (people["decile_score"] >= 5).to_numpy(dtype=float)
    scored = Scored(listed, people["two_year_recid"].to_numpy(dtype=float), None, np.arange(len(people)), len(people))
    theirs = fairlearn_values(scored, people["race"])
    for measure in SHARED:
        ours = result.of(measure).query("characteristic == 'race'").set_index("group")["value"]
        assert np.abs(ours - theirs[measure]).max() < 1e-12
