"""Random models and rows, and the comparison of an engine's scores with Python's: for the tests of one engine and of the other."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from early_id.features.score_sql import score_table
from early_id.models.additive import MonotoneAdditive
from early_id.models.ebm import GroupedEBM
from early_id.models.logistic import PenalisedLogistic
from early_id.models.portable import from_tables, to_tables
from early_id.models.scorecard import Scorecard
from model_fixtures import fake_matrix

NUMBER = st.floats(-1e6, 1e6, allow_nan=False)
#: What a database can hold in a column of numbers, and Python cannot tell from NaN: null.
ODD = (math.inf, -math.inf, -0.0, 0.0, math.nan, None)


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    cuts = sorted(draw(st.sets(NUMBER, max_size=70)))
    values = draw(st.lists(NUMBER, min_size=len(cuts) + 1, max_size=len(cuts) + 1))
    return {"kind": "steps", "cuts": cuts, "values": values, "unknown": draw(NUMBER)}


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    scale = draw(st.floats(1e-3, 1e3))
    return {"kind": "line", "mean": draw(NUMBER), "scale": scale, "weight": draw(NUMBER), "centre": draw(NUMBER), "unknown": draw(NUMBER)}


@st.composite
def models(draw: st.DrawFn, most: int = 12) -> tuple[dict[str, Any], pa.Table]:
    """A model and rows: every cut, the numbers next to it, and everything odd, shuffled together."""
    terms = draw(st.lists(st.one_of(steps(), lines()), min_size=1, max_size=most))
    columns = {}
    for j, term in enumerate(terms):
        cuts = term.get("cuts", [])
        near = [*cuts, *np.nextafter(cuts, math.inf).tolist(), *np.nextafter(cuts, -math.inf).tolist()]
        columns[f"f {j}"] = draw(st.lists(st.sampled_from([*near, *ODD]) | NUMBER, min_size=15, max_size=15))
    rows = pa.table({"row": list(range(15)), **{name: pa.array(values, type=pa.float64()) for name, values in columns.items()}})
    return {"baseline": draw(NUMBER), "terms": terms}, rows


def scored(engine: Any, rows: pa.Table, tables: dict[str, Any], features: list[str], *, terms: bool = False) -> pd.DataFrame:
    """The engine's answer in the order of the rows."""
    answer = engine.to_pyarrow(score_table(engine.create_table("scored", rows, temp=True, overwrite=True), tables, features, terms=terms))
    return answer.to_pandas().sort_values("row").reset_index(drop=True)


def agree(engine: Any, tables: dict[str, Any], rows: pa.Table) -> None:
    features = [name for name in rows.column_names if name != "row"]
    X = rows.to_pandas()[features].astype("float64")
    model = from_tables(json.loads(json.dumps(tables)), features)
    with np.errstate(invalid="ignore", over="ignore"):  # infinity times nought, infinity less infinity: NaN on both sides
        expected, terms = model.score_log_odds(X), model.contributions(X)
    got = scored(engine, rows, tables, features, terms=True)
    np.testing.assert_allclose(got["score"].to_numpy(dtype=float), expected, rtol=1e-15, atol=1e-9)
    for name in features:
        np.testing.assert_allclose(got[f"term_{name}"].to_numpy(dtype=float), terms[name], rtol=1e-15, atol=1e-9)


def wide(features: int) -> tuple[dict[str, Any], pa.Table]:
    """As many features as a catalogue has, 20 cuts each, 200 rows."""
    rng = np.random.default_rng(7)
    terms = [
        {"kind": "steps", "cuts": np.sort(rng.normal(size=20)).tolist(), "values": rng.normal(size=21).tolist(), "unknown": float(rng.normal())}
        for _ in range(features)
    ]
    X = rng.normal(size=(200, features))
    X[rng.random(X.shape) < 0.05] = np.nan
    return {"baseline": -2.5, "terms": terms}, pa.table({"row": range(200), **{f"f{j}": X[:, j] for j in range(features)}})


def fitted_tables(kind: str) -> tuple[dict[str, Any], pa.Table]:
    """Tables of a fitted model, and 3,000 rows that it was not fitted on."""
    kinds = {
        "additive": MonotoneAdditive, "logistic": PenalisedLogistic, "scorecard": Scorecard, "ebm": lambda: GroupedEBM(outer_bags=2, max_rounds=200)
    }  # fmt: skip
    matrix, other = fake_matrix(500, seed=21), fake_matrix(600, seed=22)
    known = matrix.y["need_recognised"].notna()
    model = kinds[kind]().fit(matrix.X[known], matrix.y.loc[known, "need_recognised"])
    return to_tables(model), pa.Table.from_pandas(other.X.reset_index(drop=True).assign(row=range(len(other))), preserve_index=False)
