"""One trial: rules and models for one audience, compared on families and dates that they had not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from early_id.config.settings import AcceptanceSettings, TrainingSettings
from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Json
from early_id.features.matrix import FeatureMatrix
from early_id.models.evaluate import TestRows, censoring_table, components_table, draw_all, model_result, share_of_families
from early_id.models.fitting import CHALLENGERS, Ranked, learned
from early_id.models.further import make_further
from early_id.models.labels import compare_labels, without_models
from early_id.models.listed import Dates, lists_of_dates
from early_id.models.prepare import Prepared, outcome_by_date, prepare, recipients_of, rows_of_test
from early_id.models.result import Trial
from early_id.models.risk_model import RiskModel
from early_id.models.rules import PointsItem
from early_id.models.scorecard import Scorecard
from early_id.models.scorecard_page import points_table
from early_id.models.sharing import sharing_cost
from early_id.models.verdict import compare, judge
from early_id.models.yardsticks import area_only, at_random, date_before, last_list, rule, rule_spec
from early_id.stats.capacity import at_capacity
from early_id.stats.metrics import auc

HELD_OUT_COLUMNS = ("child_id", "as_of", "family_id", "school_id", "hub_id")

#: Below this many outcomes a bootstrap interval is too narrow (5 outcomes in 300: it holds the truth in about 80 % of runs).
FEW_OUTCOMES = 50


def train(
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    *,
    acceptance: AcceptanceSettings | None = None,
    audience: str,
    sharing: Mapping[str, Iterable[str]] | None = None,
    capacity: int | None = None,
    test_date: str | None = None,
    store: str | Path | None = None,
    council: str = "",
    areas: Mapping[str, str] | None = None,
) -> Trial:
    """Rules and models of one audience, compared at the capacity of its lists.

    Parameters
    ----------
    matrix : FeatureMatrix
        Rows of several as-of dates. Outcomes not known yet are NaN and are never read as no.
    settings : TrainingSettings
    acceptance : AcceptanceSettings, optional
        The bar, written down before; that of this audience counts. Without it the models are fitted, and the trial holds no result of the test date and is not tracked:
        a bar that is set after the results were seen is none.
    audience : str
        The models see the classes of record that this audience may see.
    sharing : mapping, optional
        Audience → classes; the shipped ``sharing.yaml`` unless given. An audience not named sees nothing.
    capacity : int, optional
        One list over the whole council with so many families. Otherwise ``settings.capacity_share`` of the families of the test
        date, or, as the lists will be, a list for each school or hub with the places that the matrix's settings give it.
    test_date : str, optional
        Otherwise the latest as-of date whose outcomes are known.
    store : path, optional
        Folder for the tracking store; nothing is tracked without it or with ``tracking: false``.
    council : str, optional
        Name of the council, for breaks that are declared for some only.
    areas : mapping, optional
        School → area, for figures by area.

    Returns
    -------
    Trial

    Raises
    ------
    InputDataError
        Empty matrix, duplicate child and date, one outcome class only, no date with known outcomes, a break that nobody declared.
    SettingsError
        A model that does not exist, an outcome that is not in the matrix, no capacity.
    """
    trial = run_trial(
        matrix, settings, acceptance=acceptance, audience=audience, sharing=sharing, capacity=capacity, test_date=test_date,
        store=None if acceptance is None else store, council=council, areas=areas,
    )  # fmt: skip
    return trial if acceptance is not None else trial.without_results()


def run_trial(
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    *,
    acceptance: AcceptanceSettings | None = None,
    audience: str,
    sharing: Mapping[str, Iterable[str]] | None = None,
    capacity: int | None = None,
    test_date: str | None = None,
    store: str | Path | None = None,
    council: str = "",
    areas: Mapping[str, str] | None = None,
) -> Trial:
    """As :func:`train`, with the results of the test date even where no bar was set: for a report that says so, and for simulations."""
    _check_settings(settings)
    own_bar = acceptance is not None and audience in acceptance.audiences
    acceptance = acceptance.for_audience(audience) if acceptance else None
    prepared = prepare(matrix, settings, audience, sharing, test_date, council=council)
    rows = rows_of_test(prepared, capacity, settings)
    ranked, rule_notes = _rank_all(prepared, settings, audience)
    held_out = {r.name: _held_out(r, prepared, rows) for r in ranked}
    draws, points = draw_all(held_out, rows, resamples=settings.resamples, seed=settings.seed)
    results = {
        r.name: model_result(
            r.name, r.kind, held_out[r.name], rows, draws[r.name], points[r.name], outcome=prepared.outcome, extra=_extra(r, rows, prepared)
        )
        for r in ranked
    }
    forward = next(r for r in ranked if r.name == settings.put_forward)
    best = RiskModel(
        name=f"{forward.name}_{audience}",
        audience=str(audience),
        outcome=prepared.outcome,
        features=prepared.matrix.meta.features,
        estimator=forward.estimator,
        calibrator=forward.calibrator,
        held_out=held_out[forward.name],
        held_out_terms=None if forward.terms is None else forward.terms.loc[held_out[forward.name].index],
        capacity=rows.capacity,
        settings_hash=fingerprint({"training": settings.model_dump(), "acceptance": acceptance.model_dump() if acceptance else None}),
        extra=forward.extra,
    )
    comparisons = compare(forward.name, [r.name for r in ranked if r.kind == "baseline"], draws, points, acceptance)
    outcomes = int(np.nansum(rows.y))
    listed = share_of_families(held_out[forward.name]["score"].to_numpy(), rows, rows.y).n
    verdict, reasons = judge(comparisons, acceptance, outcomes=outcomes, families_listed=listed, exploratory=prepared.splits.notes)
    scores = {name: frame["score"].to_numpy() for name, frame in held_out.items()}
    meta = prepared.matrix.meta
    parts = tuple(n for n in (prepared.outcome, *meta.components, *meta.labels) if n in prepared.matrix.y.columns)
    extras = {name: result.extra for name, result in results.items()}
    lists = _lists(forward, prepared, rows)
    further = make_further(
        prepared.matrix, settings, prepared.splits, rows, ranked, lists, y=prepared.y.to_numpy(), points=points, extras=extras, areas=areas,
        components=prepared.components or (prepared.outcome,), regimes=prepared.regimes,
    )  # fmt: skip
    labels = compare_labels(prepared, rows, forward) if settings.labels else without_models(rows, forward, prepared.splits.test)
    further = replace(further, labels=labels.to_json())
    card = next((r.estimator for r in ranked if isinstance(r.estimator, Scorecard)), None)
    if card is not None:
        further = replace(further, scorecard=points_table(prepared.matrix.meta.features, card.card()))
    if settings.sharing_cost:
        cost = sharing_cost(prepared, matrix, settings, rows, forward, held_out[forward.name], test_date=test_date)
        further = replace(further, sharing=cost)
    trial = Trial(
        audience=str(audience),
        outcome=prepared.outcome,
        capacity=rows.capacity,
        models=results,
        best=best,
        verdict=verdict,
        reasons=reasons,
        splits={**prepared.splits.to_json(), "one_list": rows.units is None, "test_families": int(rows.family.max()) + 1},
        components=components_table(scores, rows, prepared.matrix.y[prepared.splits.test], tuple(dict.fromkeys(parts))),
        censoring=censoring_table(scores, rows),
        notes=(*prepared.notes, *rule_notes, *_size_notes(outcomes)),
        test_notes=tuple(_size_notes(outcomes)),
        comparisons=comparisons,
        outcome_by_date=outcome_by_date(prepared),
        acceptance=_bar_of(acceptance, own=own_bar),
        further=further,
    )
    if settings.tracking and store is not None:
        from early_id.models.tracking import track

        return track(trial, prepared.matrix.meta, settings, store=Path(store))
    return trial


def _bar_of(acceptance: AcceptanceSettings | None, *, own: bool) -> Json:
    """The bar that this trial is judged by, for whoever reads its result: what it asks for, and whether it was declared for this audience."""
    if acceptance is None:
        return {"hash": None}
    return {"hash": acceptance.hash, "bar": acceptance.model_dump(mode="json", exclude={"audiences"}), "own_bar": own}


def _check_settings(settings: TrainingSettings) -> None:
    from early_id.models.fitting import LEARNED

    for name in settings.models:
        if name not in LEARNED:
            raise SettingsError.unknown_name("model", name, LEARNED, where="training.models")
    if settings.put_forward not in settings.models:
        raise SettingsError(
            f"The model put forward, '{settings.put_forward}', is not among the models to be trained.",
            where="training.put_forward",
            what_next=f"Name one of: {', '.join(settings.models)}.",
        )


def _rank_all(prepared: Prepared, settings: TrainingSettings, audience: str) -> tuple[list[Ranked], list[str]]:
    """Every rule and model, ranked; and why a rule was left out."""
    X, index, splits = prepared.matrix.X, prepared.matrix.index, prepared.splits
    y = prepared.y.to_numpy()
    features = prepared.matrix.meta.features
    ranked: list[Ranked] = []
    notes: list[str] = []
    for name in settings.baselines:
        spec = rule_spec(name, settings.baseline_features)
        found = rule(name, spec, features, X, index, y, splits, [PointsItem(*item) for item in settings.points_tool], settings.calibration)
        if isinstance(found, Ranked):
            ranked.append(found)
        else:
            notes.append(found)
    as_of, mature_on = (index[c].to_numpy(dtype="datetime64[ns]") for c in ("as_of", "mature_on"))
    before = date_before(index, splits) if "last_list" in settings.comparators else None
    names = [*settings.models, *(CHALLENGERS if settings.challenger else ())]
    steps = len(names) * (len(splits.fits) + (2 if splits.kind == "temporal" else 1))
    # One thread for linear algebra and boosting alike; see ``additive.one_thread`` for the measurement.
    with progress(f"Training for the {str(audience).replace('_', ' ')}", steps) as bar, threadpool_limits(1):
        for name in names:
            ranked.append(
                learned(
                    name,
                    features,
                    X,
                    y,
                    splits,
                    as_of=as_of,
                    mature_on=mature_on,
                    outcome=prepared.outcome,
                    tick=lambda note: bar.advance(note=note),
                    also=before if name == settings.put_forward else None,
                    calibration=settings.calibration,
                    terms=name == settings.put_forward,
                )
            )
    forward = next(r for r in ranked if r.name == settings.put_forward)
    if forward.also is not None:
        ranked.append(last_list(forward, index, y, splits))
    elif "last_list" in settings.comparators:
        notes.append("Last period's list could not be compared: there is no date before the test date.")
    if "area_only" in settings.comparators and "school_id" in index.columns:
        ranked.append(area_only(index, y, splits))
    if "at_random" in settings.comparators:
        ranked.append(at_random(index, y, splits))
    return ranked, notes


def _held_out(ranked: Ranked, prepared: Prepared, rows: TestRows) -> pd.DataFrame:
    test = prepared.splits.test
    index = prepared.matrix.index
    frame = index.loc[test, [c for c in HELD_OUT_COLUMNS if c in index.columns]].copy()
    frame["fold"] = prepared.splits.fold[test] if prepared.splits.kind != "named" else -1
    frame["score"] = ranked.score[test]
    frame["probability"] = ranked.probability[test]
    frame["y"] = prepared.y[test]
    frame["censored"] = prepared.censored[test]
    if rows.units is not None and rows.places is not None:
        frame["unit"] = rows.units
        frame["unit_places"] = rows.places[rows.units]
    return frame


def _lists(forward: Ranked, prepared: Prepared, rows: TestRows) -> Dates:
    """The lists of the model put forward at the test date and, held out by family only, at the training dates before it."""
    splits, index = prepared.splits, prepared.matrix.index
    score = np.where(splits.test, forward.score, forward.out_of_fold if forward.out_of_fold is not None else np.nan)
    scored = ~np.isnan(score)
    named = index["family_id"].where(index["family_id"].notna(), "child:" + index["child_id"].astype(str)).astype(str)
    units, places = (None, rows.capacity) if rows.units is None else recipients_of(prepared, index[scored])
    return lists_of_dates(
        index[scored],
        score[scored],
        prepared.y.to_numpy()[scored],
        pd.factorize(named[scored])[0],
        splits.test[scored],
        units=units,
        places=places if isinstance(places, int) else dict(places),
    )


def _extra(ranked: Ranked, rows: TestRows, prepared: Prepared) -> dict[str, object]:
    """Chosen penalty or rounds, and the optimistic figure with known families left in, under that name."""
    extra: dict[str, object] = dict(ranked.extra)
    if ranked.left_in is not None:
        score = ranked.left_in[prepared.splits.test]
        at = at_capacity(score, rows.family, rows.y, rows.spots, rows.units)
        extra["known_families_left_in"] = {
            "auc": auc(rows.y, score),
            "precision_at_capacity": at.precision,
            "recall_at_capacity": at.recall,
            "note": "optimistic: the model had seen earlier snapshots of the same families",
        }
    return extra


def _size_notes(outcomes: int) -> Sequence[str]:
    if outcomes >= FEW_OUTCOMES:
        return ()
    return (
        f"Only {outcomes} children had the outcome at the test date; below {FEW_OUTCOMES} the intervals of AUC, average precision "
        "and Brier score are too narrow.",
    )
