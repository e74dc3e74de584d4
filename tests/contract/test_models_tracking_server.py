"""Trials, verdicts and aliases on a real MLflow server: started here on a free port of this machine, SQLite behind it, ended by its id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from early_id.models.mirror import mirror
from early_id.models.tracking import EXPERIMENT, note_verdict, quiet_mlflow
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings

#: Seconds until a server on a busy machine answers.
PATIENCE = 90

# The server's client leaves sockets to the garbage collector, and warns of its own future.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::FutureWarning")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{(folder / 'server.db').as_posix()}", "--artifacts-destination", str(folder / "held")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        # A session of its own, so that the workers it starts end with it.
        process = subprocess.Popen(command, env={**os.environ, **quiet}, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            end = time.monotonic() + PATIENCE
            while not answers(f"{address}/health"):
                said = (folder / "log.txt").read_text(encoding="utf-8")[-2000:]
                assert process.poll() is None and time.monotonic() < end, f"the server does not answer: {said}"
                time.sleep(0.3)
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(15)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.mark.skipif(os.name != "posix", reason="process groups are ended the POSIX way")
def test_a_trial_its_folds_verdict_and_aliases_on_a_server(server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix, quick = fake_matrix(250, seed=2), {"models": ("logistic",), "put_forward": "logistic", "resamples": 50, "families_folds": 2}
    chosen = settings(tracking=True, tracking_uri=server, **quick)
    trial = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=15, store=tmp_path / "tracking")
    assert note_verdict(replace(trial, verdict="not ready", reasons=("a gap was found",)), store=tmp_path / "tracking", uri=server)
    assert not list((tmp_path / "tracking").rglob("mlflow.db")), "the server holds it, not a file here"
    assert capsys.readouterr().out == "", "what a command prints is its own answer"

    client = quiet_mlflow().MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}
    below = {key: [other for other, run in runs.items() if run.data.tags.get("mlflow.parentRunId") == key] for key in runs}
    assert len(runs) == 1 + 8 + 2 and len(below[trial.run_id]) == 8
    [model] = [key for key in below[trial.run_id] if below[key]]
    assert runs[model].data.metrics["auc_low"] <= runs[model].data.metrics["auc"] == pytest.approx(trial.models["logistic"].auc.value)
    assert all("auc" in runs[fold].data.metrics for fold in below[model])
    assert runs[trial.run_id].data.tags["verdict"] == "not ready"
    assert runs[trial.run_id].data.tags["verdict_before_audit"] == trial.verdict
    assert {run.info.user_id for run in runs.values()} <= {"early_id", ""}
    assert {item.path for item in client.list_artifacts(model, "model")} >= {"model/MLmodel", "model/model.skops"}
    assert client.list_artifacts(trial.run_id, "figures")

    # Registered twice, the first approved, replaced by the second, which is then taken back.
    name = trial.best.name
    for version, alias in (("1", "candidate"), ("1", "approved"), ("2", "candidate"), ("1", "retired"), ("2", "approved")):
        assert mirror(tmp_path / "tracking", name, version, alias, {"record": version}, run=trial.run_id, uri=server)
    held = {alias: client.get_model_version_by_alias(name, alias).tags["early_id.version"] for alias in client.get_registered_model(name).aliases}
    assert held == {"approved": "2", "retired": "1"}
    assert client.get_model_version_by_alias(name, "approved").run_id == trial.run_id
    mirror(tmp_path / "tracking", name, "2", "retired", {"record": "6"}, uri=server)
    assert set(client.get_registered_model(name).aliases) == {"retired"}
