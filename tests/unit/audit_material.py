"""A hand-made list whose figures can be worked out on paper, and stand-ins for a model and a matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from early_id.config.settings import AuditSettings

NAN = float("nan")


def rules(**changes: Any) -> AuditSettings:
    """Audit settings for the two characteristics of `paper_list`."""
    usual: dict[str, Any] = {"characteristics": {"sex": "Sex", "fsm": "Free school meals"}, "not_held": {}, "min_group": 1}
    return AuditSettings(**(usual | changes))


@dataclass(frozen=True)
class Model:
    """As much of a model as the audit looks at."""

    held_out: pd.DataFrame
    capacity: int
    name: str = "additive_hub_lead"
    audience: str = "hub_lead"
    outcome: str = "need_recognised"
    held_out_terms: pd.DataFrame | None = None
    features: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Matrix:
    """As much of a matrix as the audit looks at."""

    groups: pd.DataFrame
    excluded: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["child_id", "as_of", "reason"]))


#: family, sex, fsm, score, y: two places go to families a and b.
PAPER = [
    ("a", "F", "yes", 9.0, 1.0),
    ("a", "M", "yes", 1.0, 0.0),
    ("b", "F", "no", 8.0, 0.0),
    ("c", "M", None, 7.0, 1.0),
    ("c", "M", "no", 2.0, 1.0),
    ("d", "F", "no", 3.0, 1.0),
    ("e", "M", "no", 4.0, 0.0),
    ("f", "F", "no", 5.0, NAN),
]


def paper_list() -> tuple[Model, Matrix]:
    """Eight children of six families, two places."""
    frame = pd.DataFrame(PAPER, columns=["family_id", "sex", "fsm", "score", "y"])
    frame.index = pd.Index([f"c{i}@2025-03-03" for i in range(len(frame))], name="row")
    frame["as_of"] = pd.Timestamp("2025-03-03")
    frame["child_id"] = [f"c{i}" for i in range(len(frame))]
    frame["probability"] = 0.5
    excluded = pd.DataFrame(
        {
            "child_id": ["x1", "x2", "x2", "x3"],
            "as_of": pd.to_datetime(["2025-03-03", "2025-03-03", "2025-03-03", "2024-03-04"]),
            "reason": ["open to statutory services", "already in early help", "already in early help", "already in early help"],
        }
    )
    # Groups in another order than scores: only keys may match them.
    return Model(frame.drop(columns=["sex", "fsm"]), 2), Matrix(frame[["sex", "fsm"]].iloc[::-1], excluded)


def exact_list(with_need: int, missed_girls: float, missed_boys: float) -> pd.DataFrame:
    """As many girls as boys with a need, of whom exactly these shares are missed; one child a family; hair tells nothing."""
    parts = []
    for sex, share in (("F", missed_girls), ("M", missed_boys)):
        missed = round(share * with_need)
        parts.append(pd.DataFrame({"sex": sex, "y": 1, "listed": [0] * missed + [1] * (with_need - missed)}))
        parts.append(pd.DataFrame({"sex": sex, "y": 0, "listed": [1] * with_need + [0] * (9 * with_need)}))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(family=range(len(rows)), hair=["a", "b", "c", "a"] * (len(rows) // 4))
