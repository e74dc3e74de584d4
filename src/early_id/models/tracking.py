"""Runs in MLflow: one parent per trial, a child per model, and below it a child per fold; figures and fingerprints, never a row.

The only file that imports mlflow, and it does so when a trial is tracked: the import takes seconds. Telemetry is switched off
before the import and once more after it, for the case that something else had imported mlflow already.

The store is a folder that can be moved: a SQLite file and an ``artifacts`` folder beside it. MLflow writes absolute paths
into the SQLite file; they are made relative when a trial has been tracked, and absolute again for the next one. Look at it with
``mlflow ui --backend-store-uri sqlite:///mlflow.db`` started in that folder.
"""

from __future__ import annotations

import json
import logging
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
from early_id.models.result import Trial
from early_id.models.tracked import fold_metrics, pictures, result_metrics, result_params, trial_params

EXPERIMENT = "early_id"
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"

#: Set before mlflow is imported. The third keeps it from asking git about the working folder, the last from printing each run's address into
#: the answer of a command, as it does for a server.
SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

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
    with progress("Writing the tracking store") as bar:
        mlflow = quiet_mlflow()
        bar.advance(note="mlflow loaded")
        store.mkdir(parents=True, exist_ok=True)
        with tracking_client(store, settings.tracking_uri) as client:
            experiment = _experiment(client, None if settings.tracking_uri else store)
            # MLflow shows this tag as the description of a run.
            said = {"mlflow.note.content": " ".join(trial.split_notes)} if trial.split_notes else {}
            params = trial_params(trial, meta, settings)
            parent = _run(client, experiment, f"{trial.best.name}", None, params, {}, {"verdict_before_audit": trial.verdict, **said})
            client.log_text(parent, json.dumps({**trial.to_json(), "verdict_stage": "before the audit"}, indent=1), "trial.json")
            for file, picture in pictures(trial).items():
                client.log_text(parent, picture, file)
            for result in trial.models.values():
                child = _run(client, experiment, result.name, parent, result_params(result), result_metrics(result), {"kind": result.kind, **said})
                for fold, figures in fold_metrics(result).items():
                    _run(client, experiment, f"{result.name}, fold {fold}", child, {"fold": fold}, figures, {"kind": "fold", **said})
                if trial.best.name.startswith(f"{result.name}_") and result.kind == "model":
                    _log_estimator(mlflow, client, child, trial)
                bar.advance(note=result.name)
    return replace(trial, run_id=parent)


def note_verdict(trial: Trial, *, store: Path, uri: str | None = None) -> bool:
    """Write the verdict, once audit and bar have both spoken, to the run of a trial; False where the trial was not tracked.

    Parameters
    ----------
    trial : Trial
        With its ``run_id``.
    store, uri
        As for :func:`track`.
    """
    if trial.run_id is None:
        return False
    with tracking_client(store, uri) as client:
        client.set_tag(trial.run_id, "verdict", trial.verdict)
        client.set_tag(trial.run_id, "verdict_reasons", "\n".join(trial.reasons))
    return True


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


def _log_estimator(mlflow: Any, client: Any, run: str, trial: Trial) -> None:
    """The put-forward model as skops, with its requirements and columns named and without an input example (which would be rows).

    The signature is written from the names: inferring it takes rows. Any value may be unknown, and the answer is the score.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(Schema([ColSpec("double", name, required=False) for name in trial.best.feature_names]), Schema([ColSpec("double")]))
    needs = [f"{name}=={metadata.version(name)}" for name in ("numpy", "pandas", "scikit-learn", "skops")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        mlflow.sklearn.save_model(
            trial.best.estimator,
            str(path),
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            signature=signature,
            pyfunc_predict_fn="score_log_odds",
            pip_requirements=needs,
            metadata={"notes": list(trial.split_notes)} if trial.split_notes else None,
        )
        client.log_artifacts(run, str(path), "model")


@contextmanager
def tracking_client(store: Path, uri: str | None) -> Iterator[Any]:
    """A client of our SQLite store, or of the server named by ``uri``."""
    mlflow = quiet_mlflow()
    with _paths_of_this_machine(store, ours=uri is None), warnings.catch_warnings():
        # SQLAlchemy and pydantic inside mlflow warn about their own future; nothing a user could do.
        warnings.simplefilter("ignore")
        yield mlflow.MlflowClient(tracking_uri=uri or f"sqlite:///{(store / DATABASE).resolve().as_posix()}")


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
