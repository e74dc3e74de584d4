"""`audit_table`: three ways to say who is listed, and one message for each thing that is wrong."""

import numpy as np
import pandas as pd
import pytest
from audit_material import exact_list, rules

from early_id.audit.table import audit_table
from early_id.core.errors import InputDataError, SettingsError

TABLE = pd.DataFrame(
    {
        "y": [1, 0, 1, 0, 1, 0],
        "flag": [1, 0, 0, 1, 1, 0],
        "score": [5.0, 1.0, 2.0, 5.0, 5.0, np.nan],
        "p": [0.5] * 6,
        "g": ["a", "a", "a", "b", "b", "b"],
        "one": [0, 1, 0, 1, 0, 1],
        "family": [1, 1, 2, 3, 4, 5],
        "text": ["x"] * 6,
    }
)


def test_flag_and_threshold_and_places_agree() -> None:
    by_flag = audit_table(TABLE, label="y", groups=["g"], settings=rules(), selected="flag")
    by_threshold = audit_table(TABLE, label="y", groups=["g"], settings=rules(), score="score", threshold=5)
    by_places = audit_table(TABLE, label="y", groups=["g"], settings=rules(), score="score", capacity=3)
    for other in (by_threshold, by_places):
        pd.testing.assert_frame_equal(by_flag.rows, other.rows)
    assert "1 rows without a score count as not listed." in by_threshold.meta["notes"]
    assert by_flag.of("selection_share")["value"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_families_are_listed_together_at_capacity() -> None:
    result = audit_table(TABLE, label="y", groups=["g"], settings=rules(), score="score", capacity=3, cluster="family")
    assert result.meta["listed"] == 4
    assert not any("independent" in note for note in result.meta["notes"])


def test_without_families_it_says_so() -> None:
    result = audit_table(TABLE, label="y", groups=["g"], settings=rules(), selected="flag")
    assert "No family column" in result.meta["notes"][0]


def test_numbers_as_groups_and_plain_names() -> None:
    result = audit_table(TABLE, label="y", groups={"one": "Flagged before"}, settings=rules(), selected="flag", probability="p")
    assert set(result.rows["group"]) == {"0", "1"}
    assert set(result.rows["characteristic_label"]) == {"Flagged before"}
    assert result.of("observed_expected")["value"].tolist() == pytest.approx([2.0, 0.0])


def test_without_probability_there_is_no_observed_against_expected() -> None:
    result = audit_table(TABLE, label="y", groups=["g"], settings=rules(), selected="flag")
    assert result.of("observed_expected").empty


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"selected": "flag", "score": "score", "threshold": 5.0},
        {"score": "score"},
        {"threshold": 5.0},
        {"score": "score", "threshold": 5.0, "capacity": 3},
    ],
)
def test_unclear_who_is_listed(ways: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="not clear who is listed"):
        audit_table(TABLE, label="y", groups=["g"], settings=rules(), **ways)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "asked", "match"),
    [
        (TABLE, {"selected": "nope"}, "Columns that are needed are missing: nope"),
        (TABLE.iloc[:0], {"selected": "flag"}, "no data rows"),
        (TABLE, {"selected": "text"}, "does not hold numbers"),
        (TABLE, {"selected": "score"}, "neither 0 nor 1"),
        (TABLE.assign(flag=[1, 0, np.nan, 1, 0, 1]), {"selected": "flag"}, "1 of 6 rows do not say"),
        (TABLE.assign(family=[1, 1, np.nan, 3, 4, 5]), {"selected": "flag", "cluster": "family"}, "name no family"),
        (TABLE.assign(y=np.nan), {"selected": "flag"}, "No outcome is known"),
        (TABLE.assign(child_id=[1, 2, 3, 3, 4, 4]), {"selected": "flag"}, "2 of 6 rows are of a child who has a row before"),
        (TABLE.assign(pupil=[1, 2, 3, 4, 5, 5]), {"selected": "flag", "child": "pupil"}, "1 of 6 rows are of a child"),
        (
            TABLE.assign(g=[f"secret {i}" for i in range(6)]).loc[[0] * 70].assign(g=[f"secret {i}" for i in range(70)]),
            {"selected": "flag"},
            "too many to be groups",
        ),
    ],
)
def test_bad_tables_get_one_message(frame: pd.DataFrame, asked: dict[str, str], match: str) -> None:
    with pytest.raises(InputDataError, match=match):
        audit_table(frame, label="y", groups=["g"], settings=rules(), **asked)  # type: ignore[arg-type]


def test_one_group_says_in_its_row_that_there_is_nobody_to_compare_with() -> None:
    row = audit_table(TABLE.assign(g="a"), label="y", groups=["g"], settings=rules(), selected="flag").of("missed_share").iloc[0]
    assert row["note"] == "only one group, so there is nobody to compare with" and row["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("ways", "note"),
    [
        ({"score": "score", "capacity": 3}, "All scores are equal, so every family is as likely as any other"),
        ({"score": "score", "threshold": 2.0}, "Everybody is listed"),
        ({"score": "score", "threshold": 2.5}, "Nobody is listed"),
        ({"selected": "flag"}, ""),
    ],
)
def test_scores_that_are_all_equal_are_pointed_out(ways: dict[str, object], note: str) -> None:
    notes = audit_table(TABLE.assign(score=2.0), label="y", groups=["g"], settings=rules(), cluster="family", **ways).meta["notes"]  # type: ignore[arg-type]
    assert [one for one in notes if one.startswith(("All", "Every", "Nobody"))] == ([one for one in notes if one.startswith(note)] if note else [])
    assert bool(note) == bool(notes)


def test_outcomes_that_are_missing_for_some_are_left_out_and_counted() -> None:
    result = audit_table(TABLE.assign(y=[1, np.nan, 1, 0, np.nan, 0]), label="y", groups=["g"], settings=rules(), selected="flag")
    assert result.of("outcome_rate").set_index("group")["n"].to_dict() == {"a": 2, "b": 2}
    assert result.of("selection_share").set_index("group")["n"].to_dict() == {"a": 3, "b": 3}
    assert "2 children whose outcome is not known yet are left out of measures that need it." in result.meta["notes"]


def test_spellings_of_one_group_are_brought_together_and_told() -> None:
    table = TABLE.assign(g=["Ab c", "Ab c", "ab  C", "b", "Not Known", None])
    result = audit_table(table, label="y", groups=["g"], settings=rules(), selected="flag", cluster="family")
    assert result.of("selection_share").set_index("group")["n"].to_dict() == {"Ab c": 3, "b": 1, "not known": 2}
    notes = [note for note in result.meta["notes"] if "capitals or blanks" in note]
    assert len(notes) == 1 and notes[0].startswith("Column 'g': 1 spelling") and "Ab" not in notes[0]


@pytest.mark.parametrize("times", [1, 3, 40])
def test_notes_about_people_are_no_groups_and_none_is_told(times: int) -> None:
    notes = [f"note about Jane Smith, number {i}" for i in range(50)] * times
    table = pd.DataFrame({"g": notes, "y": [0, 1] * (25 * times), "flag": [0, 0, 1, 1, 1] * (10 * times)})
    with pytest.raises(InputDataError, match="50 different values that look like free text") as refused:
        audit_table(table, label="y", groups=["g"], settings=rules(), selected="flag")
    assert "Jane" not in str(refused.value)


def test_long_names_of_ethnic_groups_are_groups() -> None:
    names = [f"Any other background {kind} or mixed" for kind in "abcdefghijklmnopqr"] * 3
    table = pd.DataFrame({"g": names, "y": [0, 1] * 27, "flag": [0, 0, 1] * 18})
    assert audit_table(table, label="y", groups=["g"], settings=rules(), selected="flag").rows["group"].nunique() == 18


def test_no_group_columns() -> None:
    with pytest.raises(SettingsError, match="No group column"):
        audit_table(TABLE, label="y", groups=[], settings=rules(), selected="flag")


def _verdict(gap: float, tolerance: float | None, with_need: int = 900) -> tuple[str, str]:
    settings = rules(primary=("missed_share",), tolerances={} if tolerance is None else {"missed_share": tolerance})
    rows = exact_list(with_need, 0.4 + gap, 0.4)
    row = audit_table(rows, label="y", groups=["sex"], settings=settings, selected="listed", cluster="family").of("missed_share").iloc[0]
    return row["verdict"], row["note"]


@pytest.mark.parametrize(
    ("gap", "tolerance", "expected"),
    [
        (0.3, None, ("gap found", "")),
        (0.3, 0.15, ("gap found", "beyond the tolerance the board set")),
        (0.3, 0.30, ("gap found", "across the tolerance the board set")),
        (0.3, 0.60, ("gap found", "inside the tolerance the board set")),
        (0.0, None, ("cannot tell", "no tolerance is set")),
        (0.0, 0.15, ("no gap found", "")),
        (0.0, 0.02, ("cannot tell", "the interval reaches beyond the tolerance")),
    ],
)
def test_verdicts_by_rule(gap: float, tolerance: float | None, expected: tuple[str, str]) -> None:
    assert _verdict(gap, tolerance) == expected


def test_no_difference_at_all_in_a_few_children_is_still_no_proof() -> None:
    assert _verdict(0.0, 0.15, with_need=10)[0] == "cannot tell"


def test_the_bar_is_holm_at_4_per_cent() -> None:
    # 402 of 900 against 360 of 900: z = 2.004, p = 0.0451, under 0.05 but not under 0.04.
    settings = rules(primary=("missed_share",))
    rows = exact_list(900, 402 / 900, 360 / 900)
    row = audit_table(rows, label="y", groups=["sex"], settings=settings, selected="listed", cluster="family").of("missed_share").iloc[0]
    assert row["p_adjusted"] == pytest.approx(0.0451 / 0.8, abs=2e-4)
    assert row["verdict"] == "cannot tell"


def test_summary_takes_the_worse_side_of_the_gap_found() -> None:
    rows = exact_list(900, 0.7, 0.4)
    result = audit_table(rows, label="y", groups=["sex", "hair"], settings=rules(), selected="listed", cluster="family")
    sex, hair = (result.summary[result.summary["characteristic"] == name].iloc[0] for name in ("sex", "hair"))
    assert (sex["verdict"], sex["measure"], sex["group"]) == ("gap found", "missed_share", "F")
    assert sex["low"] < sex["largest_gap"] < sex["high"]
    assert hair["verdict"] == "cannot tell"
    assert result.meta["tests"] == 2 + 6
