"""Audit any scored table, whoever made it, so that a board can look at a product it was offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from early_id.audit.fairness import NOTHING_OF_SCORE, audit_rows, tie_notes
from early_id.audit.groups import MOST_GROUPS, groupings
from early_id.audit.lists import TIE_RULE, lists_table
from early_id.audit.measures import Scored
from early_id.audit.recording import second_outcomes
from early_id.audit.result import AuditResult
from early_id.audit.settings import AuditRules
from early_id.audit.spellings import refuse_free_text, spelling_notes
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Json
from early_id.stats.arrays import Floats, cluster_codes, floats, labels
from early_id.stats.capacity import at_capacity

#: The usual name of the column that says who a row is about.
CHILD = "child_id"


@dataclass(frozen=True)
class _TableRules:
    """The audit's settings, with the table's own columns as characteristics."""

    primary: tuple[str, ...]
    alpha_single: float
    tolerances: Mapping[str, float]
    min_group: int
    characteristics: Mapping[str, str]
    alpha_crossed: float
    comparators: Mapping[str, str]
    second_outcome: str | None = None
    not_held: Mapping[str, str] = field(default_factory=dict)


def audit_table(
    frame: pd.DataFrame,
    *,
    label: str,
    groups: Sequence[str] | Mapping[str, str],
    settings: AuditRules,
    selected: str | None = None,
    score: str | None = None,
    threshold: float | None = None,
    capacity: int | None = None,
    cluster: str | None = None,
    probability: str | None = None,
    others: Sequence[str] = (),
    child: str | None = None,
) -> AuditResult:
    """How a list treats each group, given what was scored and what happened.

    Parameters
    ----------
    frame : DataFrame
        One row a child (or whatever was scored).
    label : str
        Column with 1, 0 or empty (not known yet).
    groups : list of str, or mapping of column to plain name
        Columns of characteristics.
    settings : AuditSettings
        Measures, error and tolerances; its characteristics are not used.
    selected, score, threshold, capacity
        How the list was drawn, in one of three ways: ``selected`` (a 0/1 column); ``score`` with ``threshold`` (listed at
        the threshold and above); ``score`` with ``capacity`` (that many clusters from the top).
    cluster : str, optional
        Column with the family. Without it rows are taken as independent, and the result says so.
    probability : str, optional
        Column with a probability, for observed against expected.
    others : list of str
        Columns with further outcomes (1, 0 or empty), set beside ``label`` to tell recording from need.
    child : str, optional
        Column that names the child, so that a child who is there twice is found; ``child_id`` where the table has one.

    Raises
    ------
    SettingsError
        If the list is drawn in no way or in two.
    InputDataError
        If a column is missing or holds what it cannot.
    """
    named = dict(groups) if isinstance(groups, Mapping) else {name: name for name in groups}
    if not named:
        raise SettingsError("No group column is named.", where="--groups", what_next="Name at least one column of characteristics.")
    child = CHILD if child is None and CHILD in frame.columns else child
    wanted = [name for name in (label, selected, score, cluster, probability, child, *others, *named) if name is not None]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise InputDataError.columns_missing(missing, where="the table to be audited", found=map(str, frame.columns))
    if not len(frame):
        raise InputDataError.no_rows(where="the table to be audited")
    if child is not None and (twice := int(frame[child].dropna().duplicated().sum())):
        raise InputDataError(
            f"{twice} of {len(frame)} rows are of a child who has a row before.",
            where=f"the table to be audited, column '{child}'",
            what_next="Keep one row a child, or name the column that tells rows apart.",
        )
    _numbers(frame, [name for name in (label, selected, score, probability, *others) if name is not None])
    for name in named:
        refuse_free_text(frame[name], name, most=MOST_GROUPS)
    y = labels(frame[label].to_numpy(dtype=np.float64, na_value=np.nan), name=label)
    clusters = _clusters(frame, cluster)
    notes = [] if cluster else ["No family column was given, so rows are taken as independent; if families repeat, intervals are too narrow."]
    notes += [] if child is not None else _alike(frame)
    spelt = [note for name in named for note in spelling_notes(frame[name], name)]
    listed, how, more = _listed(
        frame, y, clusters, selected=selected, score=score, threshold=threshold, capacity=capacity, by_family=cluster is not None
    )
    codes, n = cluster_codes(clusters)
    chances = None if probability is None else floats(frame[probability].to_numpy(dtype=np.float64, na_value=np.nan))
    rules = _TableRules(
        settings.primary, settings.alpha_single, settings.tolerances, settings.min_group, named, settings.alpha_crossed,
        {name: group for name, group in settings.comparators.items() if name in named},
    )  # fmt: skip
    meta: Json = {
        "model": "table",
        "outcome": label,
        "selection": how,
        "capacity": capacity,
        "clusters": cluster,
        "excluded": [],
    }
    ranks = None if score is None else floats(frame[score].to_numpy(dtype=np.float64, na_value=np.nan))
    scored = Scored(listed, y, chances, codes, n, ranks)
    first = [*(note for note in more if note.endswith(NOTHING_OF_SCORE)), *spelt]
    found = audit_rows(scored, frame[list(named)], rules, meta=meta | {"read_first": first} | {"tie_rule": TIE_RULE}, notes=[*spelt, *notes, *more])
    held, _ = groupings(frame[list(named)], named)
    more_outcomes = {name: labels(frame[name].to_numpy(dtype=np.float64, na_value=np.nan), name=name) for name in others}
    second = {"second_outcomes": second_outcomes(scored, held, more_outcomes, outcome=label)} if others else {}
    return replace(found, lists=lists_table(scored, None, None), further={**found.further, **second})


def _alike(frame: pd.DataFrame) -> list[str]:
    """What to know of rows that are the same in every column, where none says who a row is about."""
    n = int(frame.duplicated().sum())
    same = "row is the same as one before it in every column" if n == 1 else "rows are the same as one before them in every column"
    return [f"{n:,} {same}. Whether a child is there twice cannot be seen without a column that names the child."] if n else []


def _numbers(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if not (pd.api.types.is_numeric_dtype(frame[name]) or pd.api.types.is_bool_dtype(frame[name])):
            raise InputDataError(
                "The column does not hold numbers.",
                where=f"the table to be audited, column '{name}'",
                what_next="Give numbers (labels and selections as 1 and 0), or name another column.",
            )


def _clusters(frame: pd.DataFrame, cluster: str | None) -> np.ndarray:
    if cluster is None:
        return np.arange(len(frame))
    empty = int(frame[cluster].isna().sum())
    if empty:
        raise InputDataError(
            f"{empty} of {len(frame)} rows name no family.",
            where=f"the table to be audited, column '{cluster}'",
            what_next="Give each row a family; a child without one is a family of its own.",
        )
    return frame[cluster].to_numpy()


def _listed(
    frame: pd.DataFrame,
    y: Floats,
    clusters: np.ndarray,
    *,
    selected: str | None,
    score: str | None,
    threshold: float | None,
    capacity: int | None,
    by_family: bool,
) -> tuple[Floats, str, list[str]]:
    """Who is listed, how, and what to know about it."""
    ways = (selected is not None, threshold is not None, capacity is not None)
    if sum(ways) != 1 or (score is None) != ways[0]:
        raise SettingsError(
            "It is not clear who is listed.",
            where="audit of a table",
            what_next="Give one of: a 0/1 column; a score and a threshold; a score and a number of places.",
        )
    if selected is not None:
        listed = labels(frame[selected].to_numpy(dtype=np.float64, na_value=np.nan), name=selected)
        empty = int(np.isnan(listed).sum())
        if empty:
            raise InputDataError(
                f"{empty} of {len(listed)} rows do not say whether they are listed.",
                where=f"the table to be audited, column '{selected}'",
                what_next="Give 1 for listed and 0 for not listed in every row.",
            )
        return listed, f"column '{selected}'", all_or_none(listed)
    scores = floats(frame[score].to_numpy(dtype=np.float64, na_value=np.nan))
    unscored = int(np.isnan(scores).sum())
    notes = [f"{unscored:,} rows without a score count as not listed."] if unscored else []
    if threshold is not None:
        listed = (scores >= threshold).astype(np.float64)
        return listed, f"'{score}' at {threshold:g} and above", [*notes, *all_or_none(listed)]
    at = at_capacity(scores, clusters, y, capacity if capacity is not None else 0)
    whom = "families that rank highest" if by_family else "highest"
    return at.listed, f"the {capacity:,} {whom} by '{score}'", [*notes, *tie_notes(scores, at.listed), *all_or_none(at.listed)]


def all_or_none(listed: Floats) -> list[str]:
    """What to know of a list that holds everybody or nobody: no group can then differ from another in who is missed."""
    same = len(listed) > 0 and listed.min() == listed.max() and listed[0] in (0.0, 1.0)
    return [f"{'Everybody' if listed[0] else 'Nobody'} is listed, so the list tells nobody apart: {NOTHING_OF_SCORE}"] if same else []
