"""The bar, the count of openings, the final verdict, and the approval that lists are made under: for every command in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.acceptance.approval import ApprovalStatus, approval_status
from early_id.acceptance.limits import Facts, check_bar
from early_id.acceptance.openings import Opening, open_test_date
from early_id.acceptance.verdict import final_verdict
from early_id.core.errors import EarlyIdError
from early_id.core.types import Json
from early_id.features.programme import main_outcome
from early_id.models.candidates import save_candidate
from early_id.models.provenance import provenance
from early_id.models.rebuild import recorded_inputs
from early_id.models.refits import steadiness, with_steadiness
from early_id.models.tracking import note_verdict
from early_id.models.verdict import READY
from early_id.workflow.words import glossary

if TYPE_CHECKING:
    from early_id.audit.result import AuditResult
    from early_id.config.settings import Config
    from early_id.data.store import Store
    from early_id.features import FeatureMatrix
    from early_id.features.extensions import InForce
    from early_id.models.result import Trial
    from early_id.models.risk_model import RiskModel
    from early_id.workflow.steps import Bench


def check_first(bench: Bench) -> None:
    """Refuse a bar that names another model or outcome, before anything is built, trained or opened."""
    cfg = bench.cfg
    check_bar(cfg.acceptance, put_forward=cfg.training.put_forward, outcome=cfg.training.outcome or main_outcome(bench.in_force.programme, cfg))


def results_withheld(bench: Bench) -> bool:
    """Whether no result of the test date may be shown, because no bar was written down. A benchmark on published data needs none: nothing is approved by it."""
    return bench.cfg.acceptance is None and not (bench.in_force.programme.keys_only and bench.cfg.project.public_data)


def open_all(bench: Bench, trials: Mapping[str, Trial]) -> dict[str, Opening]:
    """Write down that the test results of every audience are about to be shown. Call it before anything of them is."""
    bar = bench.cfg.acceptance
    return {
        audience: open_test_date(
            bench.cfg.store_dir,
            test_date=str(trial.splits.get("test_date")),
            outcome=trial.outcome,
            cohort=bench.in_force.programme.name,
            data_hash=bench.store.fingerprint,
            audience=audience,
            acceptance_hash=bar.for_audience(audience).hash if bar else None,
            settings_hash=trial.best.settings_hash,
        )
        for audience, trial in trials.items()
    }


def facts(bench: Bench, matrix: FeatureMatrix, trial: Trial) -> Facts:
    """Figures of the records behind a trial: rows set aside, and how much is known of what the model asks."""
    files = [file for batch in bench.store.version.batches for file in batch["files"]]
    rows = sum(file["rows_in"] for file in files)
    asked = matrix.X.loc[trial.best.held_out.index, trial.best.feature_names]
    steady = trial.further.stability.get("share_steady") or {}
    return Facts(
        set_aside=sum(file["rows_set_aside"] for file in files) / rows if rows else None,
        known=float(asked.notna().to_numpy().mean()) if asked.size else None,
        # Fewer may be shown where the settings say so; a limit is judged on all of them.
        steady=steady.get("value") if trial.further.stability.get("refits", 0) >= bench.cfg.training.refits else None,
    )


def _with_refits(bench: Bench, trial: Trial, matrix: FeatureMatrix) -> Trial:
    """The trial with its refits: all of them where the bar's answer hangs on them, otherwise as many as are to be shown. They are many fits."""
    cfg = bench.cfg
    bar = cfg.acceptance.for_audience(trial.audience) if cfg.acceptance else None
    asked = trial.verdict == READY and bar is not None and bar.steady_at_least is not None
    number = cfg.training.refits if asked else cfg.training.refits_to_show
    if not number or trial.splits.get("kind") != "temporal":
        return trial
    sharing = {str(name): [str(c) for c in classes] for name, classes in cfg.sharing.items()}
    try:
        return with_steadiness(trial, steadiness(trial, matrix, cfg.training.model_copy(update={"refits": number}), sharing=sharing))
    except EarlyIdError as error:
        if asked:
            raise
        # The test date has been opened by now: what is only shown may not cost the rest of the run.
        return replace(trial, notes=(*trial.notes, f"Refits could not be made: {error.what}"))


def judge_all(
    bench: Bench,
    trials: Mapping[str, Trial],
    audits: Mapping[str, AuditResult],
    *,
    matrix: FeatureMatrix,
    openings: Mapping[str, Opening],
) -> dict[str, Trial]:
    """Each trial with its final verdict, for everything that people read: the bar with all its limits, the audit, the count of openings.

    Reasons and notes are put in the programme's words here, once for pages, JSON and terminal alike.
    """
    say, judged = glossary(bench).text, {}
    for audience, as_trained in trials.items():
        trial = _with_refits(bench, as_trained, matrix)
        final = final_verdict(
            trial,
            audits.get(audience),
            responses=bench.cfg.audit.responses,
            acceptance=bench.cfg.acceptance,
            facts=facts(bench, matrix, trial),
            opening=openings.get(audience),
        )
        judged[audience] = replace(
            trial,
            verdict=final.verdict,
            reasons=tuple(map(say, final.reasons)),
            notes=tuple(map(say, trial.notes)),
            acceptance={**trial.acceptance, **final.to_json()},
        )
        note_verdict(judged[audience], store=bench.cfg.out_dir / "tracking", uri=bench.cfg.training.tracking_uri)
    return judged


def marks_of(bench: Bench, matrix: FeatureMatrix) -> Json:
    """Versions and hashes of what a matrix was made from, for whoever builds its models again."""
    return provenance(matrix, bench.store, extensions=[bench.cfg.path(part) for part in bench.cfg.extensions])


def keep_all(bench: Bench, trials: Mapping[str, Trial], matrix: FeatureMatrix) -> list[Path]:
    """Keep what was trained, for ``compare`` and ``register``, in the output folder."""
    marks = marks_of(bench, matrix)
    return [
        save_candidate(
            trial,
            matrix.meta,
            out=bench.cfg.out_dir,
            inputs=recorded_inputs(bench.cfg, matrix.meta, audience=audience, dates=matrix.meta.as_of_dates, marks=marks),
        )
        for audience, trial in trials.items()
    ]


def approval_of(bench: Bench) -> ApprovalStatus:
    """What the settings' approval is worth for this store, today: looked at anew each time lists are to be written."""
    return approval_for(bench.cfg, bench.store, bench.in_force)


def approval_for(cfg: Config, store: Store, in_force: InForce) -> ApprovalStatus:
    """:func:`approval_of`, for a caller that has settings and store and no bench."""
    programme, catalogue = in_force.programme, in_force.catalogue
    status = approval_status(
        cfg.approval,
        store_made_up=store.made_up,
        keys_only=programme.keys_only and cfg.project.public_data,
        models=cfg.models_dir,
        features=tuple(catalogue),
        catalogue_hash=catalogue.hash,
    )
    without = [name for name in programme.audiences if status.approved and name not in status.approved]
    said = tuple(f"No model is approved for {name.replace('_', ' ')}, so no such lists are made." for name in without)
    return replace(status, notes=(*status.notes, *said))


def models_for_lists(status: ApprovalStatus, trials: Mapping[str, Trial]) -> dict[str, RiskModel]:
    """Audience → the model that its lists are made with: the approved ones, or for a demonstration those just trained."""
    if status.approved:
        return {audience: found.model for audience, found in status.approved.items()}
    return {audience: trial.best for audience, trial in trials.items()}
