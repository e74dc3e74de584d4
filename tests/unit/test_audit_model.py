"""`audit_model` on a list small enough to work out on paper."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from audit_material import NAN, Model, paper_list, rules

from early_id.audit.fairness import audit_model
from early_id.audit.measures import MEASURES
from early_id.audit.result import JSON_COLUMNS, AuditResult
from early_id.core.errors import InputDataError, SettingsError
from early_id.present.wording import check_words


@pytest.fixture
def paper() -> AuditResult:
    return audit_model(*paper_list(), rules())


def _row(result: AuditResult, measure: str, characteristic: str, group: str) -> pd.Series:
    rows = result.of(measure)
    return rows[(rows["characteristic"] == characteristic) & (rows["group"] == group)].iloc[0]


@pytest.mark.parametrize(
    ("measure", "group", "value", "n", "families"),
    [
        ("children", "F", 4, 4, 4),
        ("children_with_outcome", "M", 2, 4, 3),
        ("outcome_rate", "F", 2 / 3, 3, 3),  # the unknown one is left out
        ("outcome_rate", "M", 2 / 4, 4, 3),
        ("selection_share", "F", 2 / 4, 4, 4),
        ("selection_share", "M", 1 / 4, 4, 3),  # the brother of a listed sister is listed with her
        ("missed_share", "F", 1 / 2, 2, 2),
        ("missed_share", "M", 1.0, 2, 1),
        ("precision", "F", 1 / 2, 2, 2),
        ("precision", "M", 0.0, 1, 1),
        ("false_flag_rate", "F", 1.0, 1, 1),
        ("false_flag_rate", "M", 1 / 2, 2, 2),
        ("observed_expected", "F", 2 / 1.5, 3, 3),
        ("observed_expected", "M", 2 / 2.0, 4, 3),
    ],
)
def test_figures_on_paper(paper: AuditResult, measure: str, group: str, value: float, n: int, families: int) -> None:
    row = _row(paper, measure, "sex", group)
    assert (row["value"], row["n"], row["families"]) == (pytest.approx(value), n, families)


def test_it_says_in_one_line_what_it_is(paper: AuditResult) -> None:
    assert repr(paper).startswith("AuditResult(") and "cannot tell for" in repr(paper)
    assert len(repr(paper)) < 120


def test_difference_is_signed_and_against_everyone_else(paper: AuditResult) -> None:
    girls, boys = (_row(paper, "missed_share", "sex", g) for g in "FM")
    assert girls["difference"] == pytest.approx(-0.5) == -boys["difference"]
    assert girls["comparator"] == "everyone else"
    assert girls["difference_low"] < -0.5 < girls["difference_high"]
    assert girls["p_adjusted"] == boys["p_adjusted"]


def test_not_known_is_a_group(paper: AuditResult) -> None:
    assert list(paper.of("children").query("characteristic == 'fsm'")["group"]) == ["no", "yes", "not known"]
    assert _row(paper, "missed_share", "fsm", "not known")["value"] == 1.0


def test_undefined_is_no_zero_and_says_why(paper: AuditResult) -> None:
    row = _row(paper, "false_flag_rate", "fsm", "not known")
    assert np.isnan(row["value"]) and np.isnan(row["low"]) and np.isnan(row["difference"])
    assert row["verdict"] == "cannot tell"
    assert row["note"] == "cannot be estimated: every child in this group with a known outcome has it"


def test_mirror_rows_count_once(paper: AuditResult) -> None:
    # sex: 2 rows, 1 test a measure; fsm: 3 rows each, less the one that cannot be estimated.
    assert paper.meta["tests"] == 2 + 3 + 2


def test_only_primary_measures_get_a_verdict(paper: AuditResult) -> None:
    assert set(paper.rows.loc[paper.rows["verdict"] != "", "measure"]) == {"missed_share", "false_flag_rate"}
    assert (paper.rows["primary"] == (paper.rows["verdict"] != "")).all()


def test_meta_says_how_it_was_done(paper: AuditResult) -> None:
    assert paper.meta["families_listed"] == 2
    assert paper.meta["listed"] == 3
    assert paper.meta["outcome_unknown"] == 1
    assert paper.meta["dates"] == ["2025-03-03"]
    assert paper.meta["excluded"] == [
        {"reason": "already in early help", "children": 1},
        {"reason": "open to statutory services", "children": 1},
    ]
    assert any("not known yet" in note for note in paper.meta["notes"])


def test_json_has_the_promised_keys_and_no_nan(paper: AuditResult) -> None:
    text = json.dumps(paper.to_json(), allow_nan=False)
    rows = json.loads(text)["rows"]
    assert set(rows[0]) == set(JSON_COLUMNS)
    assert len(rows) == len(paper.rows)
    assert rows[0]["n"] == 4 and isinstance(rows[0]["n"], int)


def test_frame_is_a_copy_and_repr_and_plot_are_given(paper: AuditResult) -> None:
    copy = paper.frame()
    copy["value"] = -1.0
    assert (paper.rows["value"].dropna() >= 0).all()
    assert "Audit by group" in paper._repr_html_()
    svg = paper.plot()
    assert svg.lstrip().startswith("<svg")
    assert "Free school meals: yes" in svg
    assert "<svg" in paper.plot("observed_expected")
    with pytest.raises(SettingsError, match="audit measure"):
        paper.plot("accuracy")


def test_characteristics_not_in_the_data_are_listed_as_not_held() -> None:
    settings = rules(characteristics={"sex": "Sex", "care": "Care experience"}, not_held={"religion or belief": "Not collected."})
    result = audit_model(*paper_list(), settings)
    assert dict(result.not_held.to_numpy()) == {
        "religion or belief": "Not collected.",
        "Care experience": "Not in the data of this run.",
    }


def test_summary_has_one_line_a_characteristic(paper: AuditResult) -> None:
    assert list(paper.summary["label"]) == ["Sex", "Free school meals"]
    assert set(paper.summary["verdict"]) == {"cannot tell"}


def test_scores_without_a_group_are_refused() -> None:
    model, matrix = paper_list()
    with pytest.raises(InputDataError, match="1 of 8 scored rows have no entry") as caught:
        audit_model(model, replace(matrix, groups=matrix.groups.iloc[1:]), rules())
    assert "c7" not in str(caught.value)


@pytest.mark.parametrize("side", ["scores", "groups"])
def test_rows_that_occur_twice_are_refused(side: str) -> None:
    model, matrix = paper_list()
    if side == "scores":
        model = replace(model, held_out=pd.concat([model.held_out, model.held_out.iloc[:1]]))
    else:
        matrix = replace(matrix, groups=pd.concat([matrix.groups, matrix.groups.iloc[:1]]))
    with pytest.raises(InputDataError, match=f"1 rows of the {side}"):
        audit_model(model, matrix, rules())


def test_no_known_outcome_is_refused() -> None:
    model, matrix = paper_list()
    with pytest.raises(InputDataError, match="No outcome is known"):
        audit_model(replace(model, held_out=model.held_out.assign(y=NAN)), matrix, rules())


def test_one_group_only_has_nobody_to_compare_with() -> None:
    model, matrix = paper_list()
    result = audit_model(model, replace(matrix, groups=matrix.groups.assign(sex="F")), rules())
    row = _row(result, "missed_share", "sex", "F")
    assert row["note"] == "only one group, so there is nobody to compare with"
    assert (row["verdict"], row["comparator"]) == ("cannot tell", "")
    assert np.isnan(row["difference"])


def test_equal_scores_are_pointed_out() -> None:
    model, matrix = paper_list()
    result = audit_model(replace(model, held_out=model.held_out.assign(score=1.0)), matrix, rules())
    assert "All scores are equal" in result.meta["notes"][0]
    assert result.meta["families_listed"] == pytest.approx(2)


def test_families_on_more_than_one_list_are_counted_and_explained() -> None:
    model, matrix = paper_list()
    # Family a has a child at each hub; each hub has one place, and a is first at h1 alone.
    hubs = ["h1", "h2", "h1", "h2", "h2", "h2", "h1", "h2"]
    placed = model.held_out.assign(unit=hubs, unit_places=1, hub_id=hubs)
    result = audit_model(replace(model, held_out=placed), matrix, rules())
    assert any(note.startswith("1 families have children at more than one school or hub") for note in result.meta["notes"])
    boys = _row(result, "selection_share", "sex", "M")
    assert boys["successes"] == 3  # a's boy at h2 through his sister at h1, and both of c
    apart = audit_model(replace(model, held_out=placed.assign(unit="h1", hub_id="h1")), matrix, rules())
    assert not any("more than one school or hub" in note for note in apart.meta["notes"])


def test_small_groups_are_shown_but_not_tested() -> None:
    result = audit_model(*paper_list(), rules(min_group=2))
    row = _row(result, "missed_share", "fsm", "not known")
    assert row["value"] == 1.0
    assert np.isnan(row["p_adjusted"])
    assert "shown, not tested" in row["note"]


def test_free_text_is_refused_without_its_words() -> None:
    model, _ = paper_list()
    many = 80
    held_out = pd.concat([model.held_out] * 10, ignore_index=True)
    groups = pd.DataFrame({"sex": [f"secret {i}" for i in range(many)]}, index=held_out.index)
    with pytest.raises(InputDataError, match="too many to be groups") as caught:
        audit_model(Model(held_out, 2), replace(paper_list()[1], groups=groups), rules())
    assert "secret" not in str(caught.value)


def test_nothing_to_audit_is_refused() -> None:
    with pytest.raises(InputDataError, match="None of the characteristics"):
        audit_model(*paper_list(), rules(characteristics={"religion": "Religion"}))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"primary": ("accuracy",)}, "no audit measure named 'accuracy'"),
        ({"primary": ("observed_expected",)}, "no audit measure named"),
        ({"tolerances": {"missed": 0.05}}, "no audit measure named 'missed'"),
        ({"tolerances": {"missed_share": 5.0}}, "not between 0 and 1"),
        ({"primary": ("missed_share", "false_flag_rate", "precision", "selection_share")}, "at most 3"),
    ],
)
def test_settings_that_cannot_be_followed(changes: dict[str, object], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        audit_model(*paper_list(), rules(**changes))


def test_words_people_read_hold_no_banned_one(paper: AuditResult) -> None:
    texts = [text for m in MEASURES.values() for text in (m.label, m.empty, m.harm)]
    texts += [*paper.rows["note"], *paper.meta["notes"], paper.meta["selection"]]
    assert [word for text in texts for word in check_words(text)] == []
