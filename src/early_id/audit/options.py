"""What could be done about a gap: a study, never applied. Each option is a list made another way, beside the list as it is.

All lists have the same places (but for *more places*, which says how many), the same families apart, the same test date; differences are
paired by family. No option needs a protected value when it scores; what would need one (another cut-off for each group) is named and
refused, since it treats a child differently because of a protected characteristic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from early_id.audit.crossed import EVIDENCE
from early_id.audit.groups import NOT_KNOWN, Grouping, align, groupings
from early_id.audit.paired import gap_change, share_change, share_pull
from early_id.audit.proxies import proxy_table
from early_id.audit.refit import Refitter, refitter
from early_id.audit.result import AuditResult
from early_id.audit.settings import AuditRules
from early_id.config.settings import TrainingSettings
from early_id.features.themes import THEMES
from early_id.models.risk_model import RiskModel
from early_id.stats.arrays import Bools, Floats, ratio
from early_id.stats.capacity import at_capacity
from early_id.stats.resample import Bounds, clustered_draws, percentile_bounds

CAUTION = (
    "A study, not advice. Whether a change is lawful is not a question of statistics: treating a child differently because of a protected "
    "characteristic may be direct discrimination (Equality Act 2010), and a rule that is the same for all may still disadvantage a group "
    "without good reason. Take advice before anything is changed."
)
LEVELLING = "levelling down: the gap is smaller mostly because those who were missed less often are now missed more"
LEVELLING_FLAGS = "levelling down: the gap is smaller mostly because those who were listed without need less often are now listed so more"
FEWER = "the gap is smaller, but fewer children with the outcome are found in all"
REFUSED = "refused for screening: needs the protected value of each child when scoring"

AS_IS = "the list as it is"
#: Of a theme that is cut off no single feature can say what it gave.
BY_THEME = "by theme; of its single features no"
#: More places: so many for one.
MORE = 1.5
#: A capped theme counts no more than for this share of children.
CAP = 0.9
#: Most groups that options are judged by, and single features dropped.
MOST_WATCHED, MOST_FEATURES = 6, 3

OPTION_COLUMNS = (
    *("option", "kind", "places", "families_listed", "families_found", "children_found", "missed_share"),
    *("change", "change_low", "change_high", "reasons_exact", "status", "note"),
)
GAP_COLUMNS = (
    *("option", "kind", "characteristic", "characteristic_label", "group", "measure", "gap_before", "gap"),
    *("change", "change_low", "change_high", "more_found_in_group", "more_found_elsewhere", "note"),
)
STEP_COLUMNS = ("characteristic", "characteristic_label", "group", "step", "gap", "gap_low", "gap_high", "part", "part_low", "part_high")

#: Sets of families drawn for the intervals of the decomposition.
RESAMPLES = 400

#: A share in a group and in everyone else.
Pair: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Option:
    """One way to make the list."""

    name: str
    kind: str
    score: Floats
    spots: Any
    reasons_exact: str = "yes"
    note: str = ""


def study_options(
    model: RiskModel, matrix: Any, audit: AuditResult, settings: AuditRules, training: TrainingSettings, *, sharing: Any = None
) -> AuditResult:
    """The audit, with ``options``, ``option_gaps`` and ``decomposition`` among its further tables.

    Parameters
    ----------
    model : RiskModel
    matrix : FeatureMatrix
        The matrix that the model was trained on.
    audit : AuditResult
        Its gaps choose the groups that options are judged by: those with a gap found, or else the widest with evidence.
    settings, training : settings
    sharing : mapping, optional
        Audience → classes, as in training.
    """
    again = refitter(model, matrix, training, sharing)
    frame = align(again.prepared.matrix.groups, again.keys)
    held, _ = groupings(frame, settings.characteristics)
    watched = _watched(audit.rows, held)
    themes = _themes(again)
    seen = again.prepared.matrix.X.loc[again.keys]
    links = proxy_table(seen, again.rows.family, [by for by, _ in watched], themes)
    made = list(_options(again, model, held, watched, themes, links, settings.second_outcome))
    lists = {option.name: _listed(again, option) for option in made}
    further = {
        "options": pd.DataFrame([*(_row(again, option, lists) for option in made), _refused()], columns=list(OPTION_COLUMNS)),
        "option_gaps": _gaps(again, made, lists, watched),
        "decomposition": _decomposition(again, made, lists, watched, links),
    }
    return replace(audit, further={**audit.further, **further}, meta={**audit.meta, "caution": CAUTION})


def _watched(rows: pd.DataFrame, held: Sequence[Grouping]) -> list[tuple[Grouping, int]]:
    """Groups that options are judged by, each set of children once."""
    tested = rows[rows["primary"] & (rows["group"] != NOT_KNOWN) & rows["difference"].notna()]
    found = tested[tested["verdict"] == "gap found"]
    evidence = tested[(tested["measure"] == "missed_share") & (tested["n"] >= EVIDENCE)]
    chosen = found if len(found) else evidence
    by_name = {by.name: by for by in held}
    seen: set[int] = set()
    picked = []
    # Of two sides of one gap, the one that is worse off.
    widest = chosen.assign(size=chosen["difference"].abs().round(12)).sort_values(["size", "difference"], ascending=False, kind="stable")
    for _, row in widest.iterrows():
        by = by_name.get(row["characteristic"])
        if by is None or row["group"] not in by.groups:
            continue
        g = by.groups.index(row["group"])
        if by.members[g] not in seen:
            seen.add(by.members[g])
            picked.append((by, g))
    return picked[:MOST_WATCHED]


def _themes(again: Refitter) -> dict[str, list[str]]:
    themes: dict[str, list[str]] = {}
    for feature in again.prepared.matrix.meta.features:
        themes.setdefault(str(feature.theme), []).append(feature.name)
    return themes


def theme_title(key: str) -> str:
    """A theme in the words of pages."""
    return THEMES[key].title if key in THEMES else key.replace("_", " ")


def _options(
    again: Refitter, model: RiskModel, held: Sequence[Grouping], watched: Sequence[tuple[Grouping, int]], themes: dict[str, list[str]],
    links: pd.DataFrame, second: str | None,
) -> Iterator[Option]:  # fmt: skip
    everything, spots = again.features, again.rows.spots
    base = again.scores(everything)
    if base is None:
        return
    total = base.sum(axis=1).to_numpy()
    yield Option(AS_IS, "base", total, spots, note="fitted again with penalty or rounds as chosen for the list")
    for theme, names in themes.items():
        rest = [name for name in everything if name not in set(names)]
        if rest and (found := again.scores(rest)) is not None:
            yield Option(f"without the theme “{theme_title(theme)}”", "drop theme", found.sum(axis=1).to_numpy(), spots)
    strongest = links[links["kind"] == "feature"].sort_values("auc", ascending=False, kind="stable").drop_duplicates("source")
    labels = {feature.name: feature.label for feature in again.prepared.matrix.meta.features}
    for name in strongest["source"].head(MOST_FEATURES):
        if (found := again.scores([one for one in everything if one != name])) is not None:
            yield Option(f"without the feature “{labels[name]}”", "drop feature", found.sum(axis=1).to_numpy(), spots)
    for theme in links[links["kind"] == "theme"].sort_values("auc", ascending=False, kind="stable")["source"].head(1):
        part = base[themes[theme]].sum(axis=1).to_numpy()
        capped = total - part + np.minimum(part, np.quantile(part, CAP))
        note = f"the theme counts no more than for 9 in 10 children ({CAP:.0%})"
        yield Option(f"with the theme “{theme_title(theme)}” capped", "cap theme", capped, spots, BY_THEME, note)
    for name in strongest["source"].head(1):
        part = base[name].to_numpy()
        capped = total - part + np.minimum(part, np.quantile(part, CAP))
        note = f"the feature counts no more than for 9 in 10 children ({CAP:.0%})"
        yield Option(f"with the feature “{labels[name]}” capped", "cap feature", capped, spots, note=note)
    further = (second,) if second is not None and second in again.prepared.matrix.y else ()
    for name in dict.fromkeys((*again.prepared.components, *further)):
        if name != again.prepared.outcome:
            other = again.prepared.matrix.y[name].to_numpy(dtype=np.float64)
            if (found := again.scores(everything, y=other)) is not None:
                note = "judged by the outcome as it is; where that is recorded too seldom for a group, so is what this list finds"
                yield Option(f"made for the outcome “{name.replace('_', ' ')}”", "another outcome", found.sum(axis=1).to_numpy(), spots, note=note)
    for column in dict.fromkeys(by.name for by, _ in watched):
        if (found := again.scores(everything, draw=again.reweighted(column), seed=1)) is not None:
            label = next(by.label for by in held if by.name == column)
            note = "training rows drawn anew so that group and outcome are unlinked (Kamiran and Calders 2012); the value is not needed when scoring"
            yield Option(f"training reweighted by {label.lower()}", "reweight", found.sum(axis=1).to_numpy(), spots, note=note)
    more = np.ceil(np.asarray(spots, dtype=np.float64) * MORE)
    yield Option(
        f"{MORE:g} times the places", "more places", total, more, note="more conversations; who is missed anyway shows what places alone can do"
    )
    if again.rows.units is not None:
        yield Option(
            "places by area", "places by area", total, _by_need(again, model), note="the same places in all, shared out by the need that was expected"
        )


def _by_need(again: Refitter, model: RiskModel) -> Floats:
    """The places of all lists together, shared out in proportion to the number of outcomes expected, largest remainders first."""
    units, total = again.rows.units, int(np.sum(again.rows.spots))
    assert units is not None
    chance = model.held_out["probability"].reindex(again.keys).fillna(0.0).to_numpy()
    spots = np.asarray(again.rows.spots, dtype=np.float64)
    # A recipient without places (children of no school) has no list.
    need = np.bincount(units, weights=chance, minlength=len(spots)) * (spots > 0)
    exact = total * need / max(need.sum(), 1e-12)
    places = np.floor(exact)
    order = np.argsort(-(exact - places), kind="stable")
    places[order[: total - int(places.sum())]] += 1
    return places


def _listed(again: Refitter, option: Option) -> Floats:
    rows = again.rows
    return at_capacity(option.score, rows.family, rows.y, option.spots, rows.units).listed


def _row(again: Refitter, option: Option, lists: dict[str, Floats]) -> dict[str, object]:
    rows, listed = again.rows, lists[option.name]
    need = rows.y == 1
    family = pd.DataFrame({"listed": listed, "y": rows.y}).groupby(rows.family).max()
    change = share_change(1 - lists[AS_IS], 1 - listed, need, rows.cluster)
    return {
        "option": option.name,
        "kind": option.kind,
        "places": float(np.sum(option.spots)),
        "families_listed": float(family["listed"].sum()),
        "families_found": float((family["listed"] * (family["y"] == 1)).sum()),
        "children_found": float(listed[need].sum()),
        "missed_share": share_pull(1 - listed, need)[0],
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
        "reasons_exact": option.reasons_exact,
        "status": "as it is" if option.name == AS_IS else "study only",
        "note": option.note,
    }


def _refused() -> dict[str, object]:
    return dict.fromkeys(OPTION_COLUMNS, np.nan) | {
        "option": "another cut-off for each group", "kind": "by group", "reasons_exact": "no", "status": REFUSED,
        "note": "not worked out; different cut-offs by ethnicity may be direct discrimination",
    }  # fmt: skip


#: Measure → (part of a list, among whom).
def _measures(listed: Floats, y: Floats) -> dict[str, tuple[Floats, Bools]]:
    return {"missed_share": (1 - listed, y == 1), "false_flag_rate": (listed, y == 0)}


def _gaps(again: Refitter, made: Sequence[Option], lists: dict[str, Floats], watched: Sequence[tuple[Grouping, int]]) -> pd.DataFrame:
    rows, found = again.rows, []
    need = rows.y == 1
    for option in made:
        before, after = (_measures(lists[name], rows.y) for name in (AS_IS, option.name))
        gain = lists[option.name] - lists[AS_IS]
        for by, g in watched:
            inside = by.codes == g
            for name, (part, among) in after.items():
                old, new, change = gap_change(before[name][0], part, among, inside, rows.cluster)
                won = [float(gain[need & side].sum()) for side in (inside, ~inside)]
                was, then = ((share_pull(one, among & inside)[0], share_pull(one, among & ~inside)[0]) for one in (before[name][0], part))
                note = levelled_down(name, was, then, sum(won)) if option.name != AS_IS else ""
                found.append(
                    (option.name, option.kind, by.name, by.label, by.groups[g], name, old, new, change.value, change.low, change.high, *won, note)
                )
    return pd.DataFrame(found, columns=list(GAP_COLUMNS))


def levelled_down(measure: str, before: Pair, after: Pair, found: float) -> str:
    """What makes a gap smaller, where it is not that those who were worse off fare better.

    Parameters
    ----------
    before, after : (float, float)
        Share missed (or listed without need) of the group and of everyone else: higher is worse.
    found : float
        Children with the outcome found more in all, the group and everyone else together.
    """
    gap, left = before[0] - before[1], after[0] - after[1]
    if not abs(left) < abs(gap) - 1e-9:
        return ""
    worse, better = (0, 1) if gap > 0 else (1, 0)
    fell, rose = before[worse] - after[worse], after[better] - before[better]
    if rose > 1e-9 and rose >= fell:
        return LEVELLING if measure == "missed_share" else LEVELLING_FLAGS
    return FEWER if measure == "missed_share" and found < -1e-9 else ""


def _decomposition(
    again: Refitter, made: Sequence[Option], lists: dict[str, Floats], watched: Sequence[tuple[Grouping, int]], links: pd.DataFrame
) -> pd.DataFrame:
    """The gap in the share listed, taken apart in one order: outcome mix, then a refit without the theme most linked to the group, then what is left.

    Another order would give other parts: it is a description, not a cause. Intervals draw whole families anew and take both lists as given, so they
    say what the children at hand allow, not what another fit would have given.
    """
    rows, found = again.rows, []
    known = ~np.isnan(rows.y)
    for by, g in watched:
        inside = (by.codes == g)[known]
        y = rows.y[known]
        linked = links[(links["kind"] == "theme") & (links["characteristic"] == by.name) & (links["group"] == by.groups[g])]
        if not len(linked):
            continue
        theme = str(linked.sort_values("auc", ascending=False, kind="stable")["source"].iloc[0])
        option = f"without the theme “{theme_title(theme)}”"
        if option not in lists:
            continue
        cells = _cells(lists[AS_IS][known], lists[option][known], y, inside)
        named = {name: partial(_apart, cells=cells, what=name) for name in ("raw", "mixed", "left")}
        draws = clustered_draws(named, rows.cluster[known], resamples=RESAMPLES)
        point = {name: float(find(np.ones((1, len(y))))[0]) for name, find in named.items()}
        steps = (
            ("gap in the share listed", "raw", None),
            ("because the group has the outcome more or less often", "mixed", "raw"),
            (f"gone when the list is made {option}", "left", "mixed"),
            ("left over", "left", ""),
        )
        for step, gap, earlier in steps:
            whole = percentile_bounds(point[gap], draws[gap])
            part = Bounds(np.nan, np.nan, np.nan) if earlier is None else whole
            if earlier:
                part = percentile_bounds(point[earlier] - point[gap], draws[earlier] - draws[gap])
            what = (by.name, by.label, by.groups[g], step)
            found.append((*what, whole.value, whole.low, whole.high, part.value, part.low, part.high))
    return pd.DataFrame(found, columns=list(STEP_COLUMNS))


def _cells(base: Floats, without: Floats, y: Floats, inside: Bools) -> Floats:
    """Rows × 12: being in a cell (outcome 0 and 1 of the group, then of everyone else), and listed in it by either list."""
    cell = np.column_stack([side & (y == value) for side in (inside, ~inside) for value in (0.0, 1.0)]).astype(np.float64)
    return np.column_stack([cell, cell * base[:, None], cell * without[:, None]])


def _apart(weights: Floats, *, cells: Floats, what: str) -> Floats:
    """Gap in the share listed in each resample: as it is, and at the council's mix of outcomes for the list as it is and without the theme."""
    sums = weights @ cells
    n, base, without = sums[:, :4], sums[:, 4:8], sums[:, 8:]
    if what == "raw":
        return ratio(base[:, :2].sum(axis=1), n[:, :2].sum(axis=1)) - ratio(base[:, 2:].sum(axis=1), n[:, 2:].sum(axis=1))
    share = ratio(base if what == "mixed" else without, n)
    mix = ratio(n[:, :2] + n[:, 2:], n.sum(axis=1, keepdims=True))
    gap: Floats = (mix * (share[:, :2] - share[:, 2:])).sum(axis=1)
    return gap
