"""Runs in MLflow: one parent per trial, one child per model; figures and fingerprints, never a row.

The only file that imports mlflow, and it does so when a trial is tracked: the import takes seconds. Telemetry is switched off
before the import and once more after it, for the case that something else had imported mlflow already.

The store is a folder that can be moved: a SQLite file and an ``artifacts`` folder beside it. MLflow writes absolute paths
into the SQLite file; they are made relative when a trial has been tracked, and absolute again for the next one. Look at it with
``mlflow ui --backend-store-uri sqlite:///mlflow.db`` started in that folder.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from early_id.config.settings import TrainingSettings
from early_id.core.display import progress
from early_id.core.errors import BusyError
from early_id.core.types import Json
from early_id.features.matrix import MatrixMeta
from early_id.models.result import MEASURES, ModelResult, Trial

EXPERIMENT = "early_id"
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"

#: Set before mlflow is imported. The last one keeps it from asking git about the working folder.
SWITCHES = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}

#: Our estimators are arrays and numbers; skops loads nothing else.
TRUSTED = (
    "early_id.models.additive.MonotoneAdditive",
    "early_id.models.ebm.GroupedEBM",
    "early_id.models.logistic.PenalisedLogistic",
    "early_id.models.scorecard.Scorecard",
)


def quiet_mlflow() -> Any:
    """mlflow, imported with telemetry off and its chatter kept out of the log.

    Warnings of its dependencies at import are not ours to act on, so they are not shown.
    """
    os.environ.update(SWITCHES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.sklearn
        import mlflow.telemetry

        # A client that was made before the switches were set would go on sending: this puts None in its place.
        mlflow.telemetry.set_telemetry_client()
    # After the import, which sets levels of its own: "creating tables" is not news for an analyst.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


def track(trial: Trial, meta: MatrixMeta, settings: TrainingSettings, *, store: Path) -> Trial:
    """Write a trial to the tracking store; the same trial with its ``run_id`` comes back.

    Parameters
    ----------
    trial : Trial
    meta : MatrixMeta
        For the fingerprints of data and catalogue.
    settings : TrainingSettings
        ``tracking_uri`` names another tracking server; its own artifact store is then used.
    store : path
        Folder of the SQLite store.
    """
    with progress("tracking") as bar:
        mlflow = quiet_mlflow()
        bar.advance(note="mlflow loaded")
        store.mkdir(parents=True, exist_ok=True)
        uri = settings.tracking_uri or f"sqlite:///{(store / DATABASE).resolve().as_posix()}"
        with _paths_of_this_machine(store, ours=settings.tracking_uri is None), warnings.catch_warnings():
            # SQLAlchemy and pydantic inside mlflow warn about their own future; nothing a user could do.
            warnings.simplefilter("ignore")
            client = mlflow.MlflowClient(tracking_uri=uri)
            experiment = _experiment(client, None if settings.tracking_uri else store)
            # MLflow shows this tag as the description of a run.
            said = {"mlflow.note.content": " ".join(trial.split_notes)} if trial.split_notes else {}
            params = _params(trial, meta, settings)
            parent = _run(client, experiment, f"{trial.best.name}", None, params, {}, {"verdict_before_audit": trial.verdict, **said})
            client.log_text(parent, json.dumps({**trial.to_json(), "verdict_stage": "before the audit"}, indent=1), "trial.json")
            for result in trial.models.values():
                child = _run(client, experiment, result.name, parent, _result_params(result), _metrics(result), {"kind": result.kind, **said})
                if trial.best.name.startswith(f"{result.name}_") and result.kind == "model":
                    _log_estimator(mlflow, client, child, trial)
                bar.advance(note=result.name)
    return replace(trial, run_id=parent)


def _experiment(client: Any, store: Path | None) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    location = (store / ARTIFACTS).resolve().as_uri() if store is not None else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _run(client: Any, experiment: str, name: str, parent: str | None, params: Json, metrics: Mapping[str, float], tags: Mapping[str, str]) -> str:
    """A finished run with everything in one batch. The plain client is used so that neither the user's name nor the path
    of the calling script is written, as the fluent interface would."""
    from mlflow.entities import Metric, Param

    names = {"mlflow.runName": name, "mlflow.user": "early_id", "mlflow.source.name": "early_id", **tags}
    if parent:
        names["mlflow.parentRunId"] = parent
    run = client.create_run(experiment, tags=names, run_name=name)
    now = int(time.time() * 1000)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(key, value, now, 0) for key, value in metrics.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
    )
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _params(trial: Trial, meta: MatrixMeta, settings: TrainingSettings) -> Json:
    return {
        "audience": trial.audience,
        "outcome": trial.outcome,
        "capacity": trial.capacity,
        "put_forward": settings.put_forward,
        "split": settings.split,
        "families_folds": settings.families_folds,
        "seed": settings.seed,
        "features": len(trial.best.features),
        "as_of_dates": ", ".join(str(day) for day in meta.as_of_dates),
        "test_date": trial.splits["test_date"],
        "training_rows": trial.splits["training_rows"],
        "catalogue_hash": meta.catalogue_hash,
        "data_hash": meta.data_hash,
        "settings_hash": trial.best.settings_hash,
        "acceptance_hash": trial.acceptance.get("hash") or "no bar was written down",
        "model_hash": trial.best.fingerprint(),
    }


def _result_params(result: ModelResult) -> Json:
    return {key: value for key, value in result.extra.items() if isinstance(value, int | float | str)}


def _metrics(result: ModelResult) -> dict[str, float]:
    """Every figure with both ends of its interval; what cannot be estimated is left out, not written as 0."""
    figures = {}
    for measure in MEASURES:
        estimate = getattr(result, measure)
        for end, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
            if math.isfinite(value):
                figures[f"{measure}{end}"] = float(value)
    return figures


def _log_estimator(mlflow: Any, client: Any, run: str, trial: Trial) -> None:
    """The put-forward model as skops, with its requirements named and without an input example (which would be rows)."""
    needs = [f"{name}=={metadata.version(name)}" for name in ("numpy", "pandas", "scikit-learn", "skops")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        mlflow.sklearn.save_model(
            trial.best.estimator,
            str(path),
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            pip_requirements=needs,
            metadata={"notes": list(trial.split_notes)} if trial.split_notes else None,
        )
        client.log_artifacts(run, str(path), "model")


@contextmanager
def _paths_of_this_machine(store: Path, *, ours: bool) -> Iterator[None]:
    """Absolute artifact paths while mlflow works on our SQLite store, relative ones afterwards."""
    database = store / DATABASE
    if ours:
        _rewrite(database, to=(store / ARTIFACTS).resolve().as_uri())
    try:
        yield
    finally:
        if ours:
            _rewrite(database, to=ARTIFACTS)


def _rewrite(database: Path, *, to: str) -> None:
    """Point our experiment and its runs at ``to``; mlflow's empty default experiment gets a relative path too."""
    if not database.is_file():
        return
    try:
        with closing(sqlite3.connect(database, timeout=5)) as connection, connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
                return
            connection.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", (to, EXPERIMENT))
            connection.execute("UPDATE experiments SET artifact_location = 'mlruns/0' WHERE name = 'Default'")
            connection.execute(
                "UPDATE runs SET artifact_uri = ? || '/' || run_uuid || '/artifacts' "
                "WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE name = ?)",
                (to, EXPERIMENT),
            )
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BusyError("The tracking store is in use by another program.", where=DATABASE, what_next="Close it and run again.") from None
        raise
