"""The audit itself: every measure in every group, against everyone else, with what can and cannot be told.

Verdicts follow a rule fixed before any data are seen. The primary measures of all single characteristics form one family of
tests, corrected by Holm's method at ``alpha_single``; crossed groups, schools and hubs form a second one at ``alpha_crossed``.
A group and its complement, or one group in two roll-ups, are one test. `p_adjusted` is scaled so that 0.05 is the bar in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from early_id.audit.calibration import calibration_table
from early_id.audit.crossed import EVIDENCE, crossed_groupings, told_by
from early_id.audit.further import further_tables
from early_id.audit.gaps import Gap, TestKey, cells_of, compared, detectable, gaps_of
from early_id.audit.groups import Grouping, align, excluded_heads, grouping, groupings
from early_id.audit.lists import TIE_RULE, lists_table
from early_id.audit.measures import MEASURES, Measure, Scored
from early_id.audit.recording import tipping_table
from early_id.audit.result import AuditResult, summarise
from early_id.audit.settings import AuditRules, checked_primary
from early_id.audit.standardised import AGE_COLUMNS, standardised_table
from early_id.audit.themes import by_theme, theme_effects, theme_links
from early_id.audit.unknown import if_all_belonged
from early_id.audit.verdicts import ROW_COLUMNS, adjusted_p, judge
from early_id.core.errors import InputDataError
from early_id.core.types import Json
from early_id.stats.arrays import Floats, Ints, cluster_codes, floats, labels
from early_id.stats.capacity import at_capacity, entries, listed_share

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


def audit_model(model: ScoredModel, matrix: FeatureMatrix, settings: AuditRules, *, events: Mapping[str, pd.DataFrame] | None = None) -> AuditResult:
    """How the model's list treats each group, at the places it has.

    Parameters
    ----------
    model : RiskModel
        ``held_out`` holds scores at the test date from models fitted on other families at earlier dates.
    matrix : FeatureMatrix
        Gives the groups, matched by row key.
    settings : AuditSettings
    events : mapping of str to DataFrame, optional
        Records of events with the day they became known (`early_id.audit.lag.events_known`), for how late they come by group.

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
    names = unit_names(held_out, str(model.audience)) if units is not None else None
    scored = Scored(at.listed, y, probability, codes, families, floats(held_out["score"].to_numpy()), None if names is None else names.codes)
    places = [by for column, label in PLACES.items() if column in held_out and (by := _places(held_out, column, label)) is not None]
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
        "labels": {f.name: f.label for f in model.features if hasattr(f, "label")},
    }
    notes = [*tie_notes(held_out["score"].to_numpy(), at.listed), *spanning_notes(codes, units)]
    found = audit_rows(scored, frame, settings, meta=meta | {"tie_rule": TIE_RULE}, notes=notes, places=places)
    each = held_out["unit_places"].to_numpy(dtype=np.float64) if names is not None else None
    held, _ = groupings(frame, settings.characteristics, settings.comparators)
    who = entries(held_out["score"].to_numpy(), held_out["family_id"].to_numpy(), units)
    on_own = listed_share(who, spots)[0][who.entry_of_row]
    found = replace(
        found,
        lists=lists_table(scored, names, each, on_own),
        further={**found.further, **further_tables(model, matrix, scored, held, settings.second_outcome, events)},
    )
    if model.held_out_terms is None:
        return found
    themes, score = by_theme(model.held_out_terms.loc[held_out.index], model.features), held_out["score"].to_numpy()
    # A gap of a handful of children may be anything, with a theme and without it.
    tested = found.rows[found.rows["p_adjusted"].notna() & (found.rows["n"] >= EVIDENCE)]
    largest = tested.assign(size=tested["difference"].abs()).sort_values("size", ascending=False, kind="stable").drop_duplicates("characteristic")
    deciding = {str(row["characteristic"]): (str(row["measure"]), str(row["group"])) for row in largest.to_dict("records")}
    effects = theme_effects(score, themes, codes, y, spots, units, scored=scored, held=held, deciding=deciding, min_group=settings.min_group)
    return replace(found, themes=effects, links=theme_links(themes, held, codes))


#: Where children are: columns of the held-out rows, and what they are called.
PLACES = {"school_id": "School", "hub_id": "Hub"}


def _places(held_out: pd.DataFrame, column: str, label: str) -> Grouping | None:
    """Schools or hubs as groups; None where there is only one."""
    by = grouping(held_out[column], name=column, label=label, most=len(held_out))
    return by if len(by.groups) > 1 else None


def unit_names(held_out: pd.DataFrame, audience: str) -> Grouping:
    """The list that each row could be on: its school's, or its hub's."""
    column = "school_id" if audience == "school_lead" else "hub_id"
    values = held_out[column] if column in held_out else held_out["unit"].astype(str)
    return grouping(values, name=column, label=PLACES.get(column, "List"), most=len(held_out))


def spanning_notes(families: Ints, units: np.ndarray[Any, Any] | None) -> list[str]:
    """What a reader should know about families with children on more than one list."""
    if units is None:
        return []
    pairs = np.unique(np.column_stack([families, cluster_codes(units)[0]]), axis=0)
    spanning = int((np.bincount(pairs[:, 0]) > 1).sum())
    said = "can stand on more than one list; all their children count as listed if the family is on one of them"
    return [f"{spanning:,} families have children at more than one school or hub: they {said}."] if spanning else []


#: Ends each note for which no gap can mean anything.
NOTHING_OF_SCORE = "this says nothing about the score."


def tie_notes(scores: np.ndarray[Any, Any], listed: Floats) -> list[str]:
    """What a reader should know about ties."""
    if len(scores) and np.nanmin(scores) == np.nanmax(scores):
        return [f"All scores are equal, so every family is as likely as any other to be listed: {NOTHING_OF_SCORE}"]
    tied = int(((listed > 0) & (listed < 1)).sum())
    return [f"{tied:,} children tie at the last place; they count as listed in part, so that the order of rows has no say."] if tied else []


def audit_rows(
    scored: Scored, frame: pd.DataFrame, settings: AuditRules, *, meta: Json, notes: Sequence[str] = (), places: Sequence[Grouping] = ()
) -> AuditResult:
    """Audit rows that are already listed or not; ``frame`` holds the group columns in the same order.

    ``places`` are schools and hubs: they stand with the crossed groups, in the exploratory family of tests.
    """
    primary = checked_primary(settings)
    unknown = int(np.isnan(scored.y).sum())
    if not len(scored.y) or unknown == len(scored.y):
        raise InputDataError(
            f"No outcome is known for any of the {len(scored.y)} rows to be audited.",
            where="audit",
            what_next="Audit an earlier date, whose outcomes have had time to happen and be recorded.",
        )
    held, missing = groupings(frame, settings.characteristics, settings.comparators)
    if not held:
        raise InputDataError(
            "None of the characteristics to be audited is in the data.",
            where=f"asked for: {', '.join(settings.characteristics)}",
            what_next="Name columns that the frame holds.",
        )
    measures = [m for m in MEASURES.values() if m.kind != "ratio" or scored.probability is not None]
    rows, made = _family_of_tests(scored, held, measures, primary, settings, alpha=settings.alpha_single)
    told = told_by(held)
    rows["told_by"] = [told.get(name, "") for name in rows["characteristic"]]
    further, small = crossed_groupings(held, scored.y, places)
    explored, explored_made = _family_of_tests(scored, further, [MEASURES[n] for n in primary], primary, settings, alpha=settings.alpha_crossed)
    is_place = explored["characteristic"].isin([by.name for by in places])
    everything: Json = {
        **meta,
        "rows": len(scored.y),
        "families": scored.n_clusters,
        "listed": float(scored.listed.sum()),
        "with_outcome": int((scored.y == 1).sum()),
        "overall": overall(scored),
        "outcome_unknown": unknown,
        "primary": list(primary),
        "tests": len(made),
        "alpha_single": settings.alpha_single,
        "crossed_tests": len(explored_made),
        "alpha_crossed": settings.alpha_crossed,
        "evidence": EVIDENCE,
        "tolerances": dict(settings.tolerances),
        "min_group": settings.min_group,
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
        crossed=explored[~is_place].reset_index(drop=True),
        places=explored[is_place].reset_index(drop=True),
        crossed_small=small,
        unknown=if_all_belonged(scored, held, primary, rows, made, min_group=settings.min_group, alpha=settings.alpha_single),
        calibration=calibration_table(scored, held),
        standardised=standardised_table(scored, held, age=_age(held)),
        further={"tipping": tipping_table(scored, held, rows)},
    )


#: Shares that a reader wants of the whole list before those of any group.
OVERALL = ("missed_share", "precision", "false_flag_rate")


def overall(scored: Scored) -> Json:
    """Shares of everybody with their intervals and how many they are taken of; None where nobody counts."""
    everyone = Grouping("everyone", "Everyone", ("everyone",), np.zeros(len(scored.y), dtype=np.int64))
    who = cells_of(scored, everyone)
    found: Json = {}
    for name in OVERALL:
        rates = compared(scored, everyone, who, MEASURES[name]).group
        keys = ("n", "value", "low", "high")
        values = (float(part[0]) for part in (rates.n, rates.value, *rates.interval()))
        found[name] = {key: None if np.isnan(value) else value for key, value in zip(keys, values, strict=True)}
    return found


def _age(held: Sequence[Grouping]) -> Grouping | None:
    return next((by for by in held if by.name in AGE_COLUMNS), None)


def _family_of_tests(
    scored: Scored, held: Sequence[Grouping], measures: Sequence[Measure], primary: tuple[str, ...], settings: AuditRules, *, alpha: float
) -> tuple[pd.DataFrame, dict[TestKey, float]]:
    """All rows of one family of tests, corrected together by Holm's method at ``alpha``, and the p-value of each test before."""
    gaps: list[Gap] = []
    for by in held:
        who = cells_of(scored, by)
        gaps += [gap for m in measures for gap in gaps_of(scored, by, m, primary, settings.min_group, who)]
    tests = {gap.test: gap.p for gap in gaps if gap.test is not None and not np.isnan(gap.p)}
    adjusted = dict(zip(tests, adjusted_p(list(tests.values()), alpha), strict=True))
    seen = zip(*detectable(gaps, alpha / max(len(tests), 1)), strict=True)
    rows = [judge(gap, adjusted, (float(up), float(down)), settings.tolerances) for gap, (up, down) in zip(gaps, seen, strict=True)]
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS)), tests
