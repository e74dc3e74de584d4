"""Crossed groups, what *not known* could hide, and what themes add: on lists small enough to work out on paper."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from audit_material import Matrix, Model, rules

from early_id.audit.crossed import EVIDENCE
from early_id.audit.fairness import audit_model
from early_id.audit.groups import NOT_KNOWN
from early_id.audit.result import AuditResult

#: Sex, colour, with the outcome and listed, with it and missed, without it. Girls and greens as such miss as many as everyone else.
CROSSED = [
    ("girl", "green", 10, 50, 200),
    ("girl", "blue", 50, 10, 200),
    ("boy", "green", 50, 10, 200),
    ("boy", "blue", 10, 50, 200),
    ("boy", "red", 0, 9, 30),
    ("girl", "red", 0, 9, 30),
]


def crossed_list(cells: list[tuple[str, str, int, int, int]] = CROSSED) -> tuple[Model, Matrix]:
    """One child a family; the score alone says who is listed."""
    rows = []
    for sex, colour, found, missed, without in cells:
        rows += [(sex, colour, 2.0, 1.0)] * found + [(sex, colour, 1.0, 1.0)] * missed + [(sex, colour, 0.0, 0.0)] * without
    frame = pd.DataFrame(rows, columns=["sex", "colour", "score", "y"])
    frame.index = pd.Index([f"c{i}@2025-03-03" for i in range(len(frame))], name="row")
    frame["family_id"] = [f"f{i}" for i in range(len(frame))]
    frame["as_of"] = pd.Timestamp("2025-03-03")
    places = sum(found for _, _, found, _, _ in cells)
    return Model(frame[["family_id", "as_of", "score", "y"]], places), Matrix(frame[["sex", "colour"]])


SETTINGS = rules(characteristics={"sex": "Sex", "colour": "Colour"})


@pytest.fixture(scope="module")
def crossed() -> AuditResult:
    return audit_model(*crossed_list(), SETTINGS)


def test_a_gap_that_only_the_crossing_shows_is_found_there(crossed: AuditResult) -> None:
    single = crossed.rows[crossed.rows["primary"] & (crossed.rows["group"] != "red")]
    assert set(single["verdict"]) == {"cannot tell"}
    missed = crossed.crossed[crossed.crossed["measure"] == "missed_share"].set_index("group")
    assert missed.loc["girl; green", "verdict"] == "gap found"
    assert missed.loc["girl; green", "value"] == pytest.approx(50 / 60)
    everyone_else = (10 + 10 + 50 + 9 + 9) / (60 + 60 + 60 + 9 + 9)
    assert missed.loc["girl; green", "difference"] == pytest.approx(50 / 60 - everyone_else)
    assert missed.loc["girl; green", "characteristic_label"] == "Sex and colour"


def test_only_groups_that_meet_the_evidence_rule_are_compared_and_the_others_are_named_with_their_numbers(crossed: AuditResult) -> None:
    assert set(crossed.crossed["group"]) == {f"{sex}; {colour}" for sex in ("girl", "boy") for colour in ("green", "blue")}
    assert crossed.crossed_small.to_numpy().tolist() == [["Sex and colour", "boy; red", 39, 9, 30], ["Sex and colour", "girl; red", 39, 9, 30]]
    enough = [(sex, colour, a, b + (1 if colour == "red" else 0), c) for sex, colour, a, b, c in CROSSED]
    again = audit_model(*crossed_list(enough), SETTINGS)
    assert EVIDENCE == 10 and again.crossed_small.empty and "girl; red" in set(again.crossed["group"])


def test_crossed_groups_are_a_family_of_tests_of_their_own(crossed: AuditResult) -> None:
    """The single characteristics' p-values do not move with them, and theirs are held to a hundredth."""
    alone = audit_model(*crossed_list(), rules(characteristics={"sex": "Sex"}))
    assert alone.crossed.empty
    stricter = audit_model(*crossed_list(), SETTINGS.model_copy(update={"alpha_crossed": 0.005}))
    pd.testing.assert_frame_equal(stricter.rows, crossed.rows)
    half = crossed.crossed["p_adjusted"] < 0.4
    assert half.any()
    assert np.allclose(stricter.crossed.loc[half, "p_adjusted"], 2 * crossed.crossed.loc[half, "p_adjusted"])


def test_a_gap_again_if_everyone_not_known_belonged_to_one_group() -> None:
    model, matrix = crossed_list([("girl", "green", 10, 10, 10), ("girl", "blue", 10, 10, 10), ("girl", "", 0, 20, 0)])
    result = audit_model(model, matrix, SETTINGS)
    green = result.unknown[(result.unknown["group"] == "green") & (result.unknown["measure"] == "missed_share")].iloc[0]
    assert (green["characteristic"], green["not_known"]) == ("colour", 20)
    assert green["difference"] == pytest.approx(10 / 20 - 30 / 40)
    assert green["moved"] == pytest.approx(30 / 40 - 10 / 20)
    assert NOT_KNOWN not in set(result.unknown["group"]) and set(result.unknown["characteristic"]) == {"colour"}


def test_a_handful_speaks_neither_for_a_characteristic_nor_for_what_is_not_known() -> None:
    """Three of three reds missed is the widest gap, and chance; the groups with ten outcomes and ten without decide what is shown."""
    cells = [("girl", "green", 20, 20, 40), ("girl", "blue", 16, 24, 40), ("girl", "red", 0, 3, 30), ("girl", "", 3, 3, 6)]
    result = audit_model(*crossed_list(cells), SETTINGS)
    rows = result.of("missed_share").query("characteristic == 'colour'").set_index("group")
    assert rows["difference"].abs().idxmax() == "red" and rows["p_adjusted"].notna().all()
    assert rows["evidence"].to_dict() == {"blue": True, "green": True, "red": False, "not known": False}
    colour = result.summary.set_index("characteristic").loc["colour"]
    assert colour["verdict"] == "cannot tell" and colour["group"] in {"green", "blue"}
    assert set(result.unknown["group"]) == {"green", "blue"}
    enough = audit_model(*crossed_list([*cells[:2], ("girl", "red", 1, 9, 30), cells[3]]), SETTINGS)
    assert enough.summary.set_index("characteristic").loc["colour", "group"] == "red" and "red" in set(enough.unknown["group"])


def test_a_characteristic_without_a_group_with_evidence_shows_no_gap_and_says_why() -> None:
    result = audit_model(*crossed_list([("girl", "green", 4, 5, 40), ("boy", "blue", 16, 24, 40)]), SETTINGS)
    sex = result.summary.set_index("characteristic").loc["sex"]
    assert sex["verdict"] == "cannot tell" and np.isnan(sex["largest_gap"]) and sex["note"].startswith("no group has 10 children")


def test_whether_not_knowing_could_turn_the_answer_is_asked_by_the_rule_of_the_verdicts() -> None:
    known = [("girl", "green", 30, 30, 60), ("girl", "blue", 30, 30, 60), ("girl", "red", 200, 200, 400)]
    table = audit_model(*crossed_list([*known, ("girl", "", 0, 40, 40)]), SETTINGS).unknown.query("measure == 'missed_share'").set_index("group")
    assert table.loc["green", "p_adjusted"] > 0.05 >= table.loc["green", "moved_p_adjusted"] and table.loc["green", "turns"]
    # A move that only an interval by itself would call a gap turns nothing.
    table = audit_model(*crossed_list([*known, ("girl", "", 4, 28, 32)]), SETTINGS).unknown.query("measure == 'missed_share'").set_index("group")
    assert table.loc["green", "difference_low"] < 0 < table.loc["green", "moved_low"] and not table.loc["green", "turns"]


def feature(name: str, theme: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, theme=theme)


def with_terms(model: Model, **terms: np.ndarray) -> SimpleNamespace:
    features = (feature("absent", "attendance"), feature("late", "lateness"), feature("moved", "home"))
    frame = pd.DataFrame({f.name: terms.get(f.name, np.zeros(len(model.held_out))) for f in features}, index=model.held_out.index)
    return SimpleNamespace(
        **{name: getattr(model, name) for name in ("name", "audience", "outcome", "capacity")},
        held_out=model.held_out.assign(score=frame.sum(axis=1)), held_out_terms=frame, features=features,
    )  # fmt: skip


def test_what_the_list_would_be_without_a_theme() -> None:
    model, matrix = crossed_list([("girl", "green", 20, 20, 20), ("boy", "blue", 20, 20, 20)])
    y, girl = model.held_out["y"].to_numpy(), (matrix.groups["sex"] == "girl").to_numpy()
    # Attendance puts all girls first, lateness those with the outcome; home says nothing of anyone.
    result = audit_model(with_terms(model, absent=4.0 * girl, late=1.0 * y), matrix, SETTINGS)
    themes = result.themes.set_index("theme")
    attendance, home = themes.loc["Being in school"], themes.loc["Home"]
    assert attendance["listed"] == 40 and result.meta["capacity"] == 40
    # With attendance the 40 girls with the outcome; without it 40 of the 80 with it, by chance: half of the list are others.
    assert attendance["others"] == pytest.approx(0.5)
    assert attendance["precision"] == pytest.approx(0.0) and attendance["missed"] == pytest.approx(0.0)
    assert attendance["gap"].split("|")[1] == "missed_share"
    assert abs(attendance["gap_before"]) == pytest.approx(1.0) and attendance["gap_after"] == pytest.approx(0.0)
    assert home["others"] == 0 and (home["missed_low"], home["missed_high"]) == (0, 0)
    lateness = themes.loc["Being on time"]
    # Without it two thirds of the 60 girls are listed, whether or not they have the outcome.
    assert lateness["precision"] == pytest.approx(-1 / 3) and lateness["missed"] == pytest.approx(1 / 6)
    links = result.links.set_index(["theme", "characteristic"])["share"]
    assert links["Being in school", "Sex"] == pytest.approx(1.0)
    assert links["Being on time", "Sex"] == 0 and np.isnan(links["Home", "Sex"])


def test_a_list_without_terms_says_nothing_of_themes() -> None:
    model, matrix = crossed_list()
    assert audit_model(replace(model), matrix, SETTINGS).themes.empty
