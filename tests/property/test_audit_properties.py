"""An audit does not depend on the order of rows, on the names of groups, or on which side is looked at."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.audit.table import audit_table
from early_id.config.settings import AuditSettings

RULES = AuditSettings(min_group=1)
ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, None]), st.integers(0, 4), st.integers(0, 9), st.sampled_from(["a", "b", "c", None])),
    min_size=2,
    max_size=40,
)
FIGURES = [
    "n",
    "families",
    "value",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
    "p_adjusted",
    "smallest_detectable",
]


def _frame(rows: list[tuple[float | None, int, int, str | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["y", "score", "family", "g"]).astype({"y": float})
    frame.loc[0, ["y", "g"]] = [1.0, "a"]  # an empty column is not held
    return frame


def _audit(frame: pd.DataFrame) -> pd.DataFrame:
    result = audit_table(frame, label="y", groups=["g"], settings=RULES, score="score", capacity=3, cluster="family")
    return result.rows.set_index(["measure", "group"])


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_order_of_rows_and_names_change_nothing(rows: list[tuple[float | None, int, int, str | None]], seed: int) -> None:
    frame = _frame(rows)
    one = _audit(frame)
    mixed = frame.sample(frac=1, random_state=seed)
    names = {"a": "z", "b": "y", "c": "x"}
    renamed = mixed.assign(g=mixed["g"].map(names), family=(mixed["family"] * 7 + 3) % 10)
    two = _audit(renamed)
    for (measure, group), row in one.iterrows():
        other = two.loc[(measure, names.get(group, group))]
        assert np.allclose(row[FIGURES].astype(float), other[FIGURES].astype(float), equal_nan=True, atol=1e-9), measure
        assert (row["verdict"], row["note"]) == (other["verdict"], other["note"])


@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_figures_stand_in_order_and_inside_their_range(rows: list[tuple[float | None, int, int, str | None]]) -> None:
    found = _audit(_frame(rows))
    shares = found[found["low"].notna() & found["high"].notna()]
    tiny = 1e-9
    assert ((shares["low"] >= -tiny) & (shares["low"] <= shares["value"] + tiny)).all()
    assert (shares["value"] <= shares["high"] + tiny).all()
    assert (shares.loc[shares.index.get_level_values("measure") != "conversations", "high"] <= 1 + tiny).all()
    gaps = found[found["difference"].notna()]
    assert (gaps["difference_low"] <= gaps["difference"] + tiny).all()
    assert (gaps["difference"] <= gaps["difference_high"] + tiny).all()
    assert (found["design_effect"].dropna() >= 1).all()
    # Nobody is dropped: groups add up to everyone, in children and in children listed.
    assert found.loc["children", "value"].sum() == len(rows)
    assert found.loc[found["value"].isna() & ~found.index.get_level_values(0).str.startswith("children"), "note"].str.contains("cannot be").all()


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_two_groups_mirror_each_other(rows: list[tuple[float | None, int, int, str | None]]) -> None:
    frame = _frame(rows).assign(g=lambda f: np.where(f["family"] % 2 == 0, "even", "odd"))
    found = _audit(frame)
    for measure in ("missed_share", "false_flag_rate", "selection_share"):
        rows_of = found.loc[measure]
        if len(rows_of) == 2 and rows_of["difference"].notna().all():
            even, odd = rows_of.loc["even"], rows_of.loc["odd"]
            assert np.isclose(even["difference"], -odd["difference"])
            assert np.isclose(even["difference_low"], -odd["difference_high"])
            assert even["p_adjusted"] == odd["p_adjusted"] or np.isnan(even["p_adjusted"])
            assert even["verdict"] == odd["verdict"]
