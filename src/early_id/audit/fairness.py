"""The audit itself: every measure in every group, against everyone else, with what can and cannot be told.

Verdicts follow a rule fixed before any data are seen. The primary measures of all single characteristics form one family of
tests, corrected by Holm's method at ``alpha_single``; the rows of a characteristic with two groups mirror each other and
are one test. `p_adjusted` is scaled so that 0.05 is the bar: the other hundredth of the error is kept for crossed groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from early_id.audit.crossed import EVIDENCE, crossed_rows
from early_id.audit.gaps import detectable, gaps_of
from early_id.audit.groups import align, excluded_heads, groupings
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.result import AuditResult, summarise
from early_id.audit.settings import AuditRules, checked_primary
from early_id.audit.themes import by_theme, theme_effects, theme_links
from early_id.audit.unknown import if_all_belonged
from early_id.audit.verdicts import BAR, judge
from early_id.core.errors import InputDataError
from early_id.core.types import Json
from early_id.stats.arrays import Floats, cluster_codes, floats, labels
from early_id.stats.capacity import at_capacity
from early_id.stats.multiple import holm

if TYPE_CHECKING:
    from early_id.features.declare import Feature
    from early_id.features.matrix import FeatureMatrix


class ScoredModel(Protocol):
    """What the audit needs of a model: scores of families it was not fitted on, and the places of its list."""

    @property
    def name(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def capacity(self) -> int: ...
    @property
    def held_out(self) -> pd.DataFrame: ...
    @property
    def held_out_terms(self) -> pd.DataFrame | None: ...
    @property
    def features(self) -> Sequence[Feature]: ...


def audit_model(model: ScoredModel, matrix: FeatureMatrix, settings: AuditRules) -> AuditResult:
    """How the model's list treats each group, at the places it has.

    Parameters
    ----------
    model : RiskModel
        ``held_out`` holds scores at the test date from models fitted on other families at earlier dates.
    matrix : FeatureMatrix
        Gives the groups, matched by row key.
    settings : AuditSettings

    Returns
    -------
    AuditResult

    Raises
    ------
    InputDataError
        If rows cannot be matched, occur twice, or no outcome is known.

    Notes
    -----
    A list is the families whose highest-scoring child scores highest: for each school or hub at its own places where ``held_out`` names them
    (columns ``unit``, ``unit_places``), otherwise one over everybody. A child counts as listed if its family is.
    """
    held_out = model.held_out
    frame = align(matrix.groups, held_out.index)
    y = labels(held_out["y"].to_numpy(), name="y")
    units = held_out["unit"].to_numpy() if "unit" in held_out else None
    spots = held_out.groupby("unit")["unit_places"].first().sort_index().to_numpy() if units is not None else model.capacity
    at = at_capacity(held_out["score"].to_numpy(), held_out["family_id"].to_numpy(), y, spots, units)
    codes, families = cluster_codes(held_out["family_id"].to_numpy())
    probability = floats(held_out["probability"].to_numpy()) if "probability" in held_out else None
    scored = Scored(at.listed, y, probability, codes, families)
    meta: Json = {
        "model": model.name,
        "audience": str(model.audience),
        "outcome": model.outcome,
        "dates": sorted({str(day.date()) for day in pd.to_datetime(held_out["as_of"])}),
        "selection": (
            f"the {model.capacity:,} families whose highest-scoring child scores highest"
            f"{', for each school or hub at its own places' if units is not None else ''}; all their children count as listed"
        ),
        "capacity": int(model.capacity),
        "families_listed": at.places_used,
        "excluded": excluded_heads(matrix.excluded, held_out["as_of"]),
    }
    score = held_out["score"].to_numpy()
    result = audit_rows(scored, frame, settings, meta=meta, notes=tie_notes(score, at.listed))
    if model.held_out_terms is None:
        return result
    themes = by_theme(model.held_out_terms.loc[held_out.index], model.features)
    held, _ = groupings(frame, settings.characteristics)
    # A gap of a handful of children may be anything, with a theme and without it.
    tested = result.rows[result.rows["p_adjusted"].notna() & (result.rows["n"] >= EVIDENCE)]
    largest = tested.assign(size=tested["difference"].abs()).sort_values("size", ascending=False, kind="stable").drop_duplicates("characteristic")
    deciding = {str(row["characteristic"]): (str(row["measure"]), str(row["group"])) for row in largest.to_dict("records")}
    effects = theme_effects(score, themes, codes, y, spots, units, scored=scored, held=held, deciding=deciding, min_group=settings.min_group)
    return replace(result, themes=effects, links=theme_links(themes, held))


def tie_notes(scores: np.ndarray[Any, Any], listed: Floats) -> list[str]:
    """What a reader should know about ties."""
    if len(scores) and np.nanmin(scores) == np.nanmax(scores):
        return ["All scores are equal, so every family is as likely as any other to be listed: this says nothing about the score."]
    tied = int(((listed > 0) & (listed < 1)).sum())
    return [f"{tied:,} children tie at the last place; they count as listed in part, so that the order of rows has no say."] if tied else []


def audit_rows(scored: Scored, frame: pd.DataFrame, settings: AuditRules, *, meta: Json, notes: Sequence[str] = ()) -> AuditResult:
    """Audit rows that are already listed or not; ``frame`` holds the group columns in the same order."""
    primary = checked_primary(settings)
    unknown = int(np.isnan(scored.y).sum())
    if not len(scored.y) or unknown == len(scored.y):
        raise InputDataError(
            f"No outcome is known for any of the {len(scored.y)} rows to be audited.",
            where="audit",
            what_next="Audit an earlier date, whose outcomes have had time to happen and be recorded.",
        )
    held, missing = groupings(frame, settings.characteristics)
    if not held:
        raise InputDataError(
            "None of the characteristics to be audited is in the data.",
            where=f"asked for: {', '.join(settings.characteristics)}",
            what_next="Name columns that the frame holds.",
        )
    measures = [m for m in MEASURES.values() if m.kind != "ratio" or scored.probability is not None]
    gaps = [gap for by in held for m in measures for gap in gaps_of(scored, by, m, primary, settings.min_group)]
    tests = {gap.test: gap.p for gap in gaps if gap.test is not None and not np.isnan(gap.p)}
    adjusted = dict(zip(tests, holm(list(tests.values())) * (BAR / settings.alpha_single), strict=True))
    first_step = settings.alpha_single / max(len(tests), 1)
    seen = detectable(gaps, first_step)
    rows = pd.DataFrame([judge(gap, adjusted, float(d), settings.tolerances) for gap, d in zip(gaps, seen, strict=True)])
    crossed, small = crossed_rows(scored, held, primary, alpha=settings.alpha_crossed, min_group=settings.min_group, tolerances=settings.tolerances)
    everything: Json = {
        **meta,
        "rows": len(scored.y),
        "families": scored.n_clusters,
        "listed": float(scored.listed.sum()),
        "with_outcome": int((scored.y == 1).sum()),
        "outcome_unknown": unknown,
        "primary": list(primary),
        "tests": len(tests),
        "alpha_single": settings.alpha_single,
        "tolerances": dict(settings.tolerances),
        "min_group": settings.min_group,
        "crossed_tests": int(crossed["p_adjusted"].notna().sum()) if len(crossed) else 0,
        "alpha_crossed": settings.alpha_crossed,
        "notes": [
            *notes,
            *([f"{unknown:,} children whose outcome is not known yet are left out of measures that need it."] if unknown else []),
        ],
    }
    not_held = {**dict(settings.not_held), **missing}
    return AuditResult(
        rows=rows,
        summary=summarise(rows, {by.name: by.label for by in held}),
        not_held=pd.DataFrame({"characteristic": list(not_held), "why": list(not_held.values())}, dtype=object),
        meta=everything,
        crossed=crossed,
        crossed_small=small,
        unknown=if_all_belonged(scored, held, primary, min_group=settings.min_group),
    )
