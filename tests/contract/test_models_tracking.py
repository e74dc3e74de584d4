"""Tracking writes figures, never rows; no pickle, no path or name of this machine, and nothing leaves it.

Runs in processes of their own: mlflow switches its telemetry off by itself when it sees pytest or a CI server, which would make
the test pass for the wrong reason, so those signs are taken out of the environment.
"""

from __future__ import annotations

import getpass
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import early_id

TESTS = Path(__file__).parents[1]
SIGNS_OF_TESTING = ("PYTEST", "CI", "GITHUB", "JENKINS", "TRAVIS", "TF_BUILD", "BITBUCKET", "CODEBUILD", "BUILDKITE", "TEAMCITY", "RUNBOT")

PROGRAM = """
import json, socket, sys, threading
tried = []
def refuse(self, address):
    tried.append(str(address))
    raise OSError("no network in this test")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
from model_fixtures import SHARING, bar, fake_matrix, settings
from early_id.models.train import train
matrix = fake_matrix(250)
for audience in ("school_lead", "hub_lead"):
    trial = train(matrix, settings(tracking=True, models=("logistic",), put_forward="logistic", resamples=50, families_folds=2),
                  acceptance=bar(), audience=audience, sharing=SHARING, capacity=15, store=sys.argv[1])
import mlflow.telemetry
from mlflow.telemetry.utils import _IS_IN_CI_ENV_OR_TESTING, is_telemetry_disabled
print(json.dumps({
    "tried": tried, "client": repr(mlflow.telemetry.get_telemetry_client()), "disabled": is_telemetry_disabled(),
    "looks_like_a_test": _IS_IN_CI_ENV_OR_TESTING, "run_id": trial.run_id, "pickle_loaded": "cloudpickle" in sys.modules,
}))
"""


#: Something else imports mlflow first, with its telemetry on; the client it made is then taken away.
MLFLOW_FIRST = """
import json, socket, sys
def refuse(self, address):
    raise OSError("no network in this test")
socket.socket.connect = refuse
import mlflow.telemetry
before = mlflow.telemetry.get_telemetry_client() is not None
from early_id.models.tracking import quiet_mlflow
quiet_mlflow()
print(json.dumps({"before": before, "client": repr(mlflow.telemetry.get_telemetry_client())}))
"""


def run(store: Path, program: str = PROGRAM) -> dict[str, object]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith(SIGNS_OF_TESTING) and k not in {"MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"}}
    source = Path(next(iter(early_id.__path__))).parent
    path = os.pathsep.join([str(source), str(TESTS)])
    command = [sys.executable, "-c", program, str(store)]
    done = subprocess.run(command, env={**keep, "PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=store.parent)
    assert done.returncode == 0, done.stderr
    assert "mlflow" not in done.stderr.lower().replace("mlflow loaded", ""), "its chatter stays out of the log"
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    store = tmp_path_factory.mktemp("out") / "tracking"
    return store, run(store)


def test_nothing_is_sent_and_telemetry_is_off(tracked: tuple[Path, dict[str, object]]) -> None:
    _, said = tracked
    assert said["looks_like_a_test"] is False, "mlflow must not be quiet merely because this is a test"
    assert said["disabled"] is True
    assert said["client"] == "None"
    assert said["tried"] == []


def test_a_run_per_trial_and_a_child_per_model_with_intervals(tracked: tuple[Path, dict[str, object]]) -> None:
    store, said = tracked
    with closing(sqlite3.connect(store / "mlflow.db")) as db:
        children = db.execute("SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?", (said["run_id"],)).fetchall()
        names = {name for (name,) in db.execute("SELECT key FROM metrics")}
        verdicts = {value for (value,) in db.execute("SELECT value FROM tags WHERE key = 'verdict_before_audit'")}
        params = dict(db.execute("SELECT key, value FROM params WHERE run_uuid = ?", (said["run_id"],)).fetchall())
    assert len(children) == 4, "three rules and a model"
    assert {"auc", "auc_low", "auc_high", "precision_at_capacity_low"} <= names
    assert verdicts
    assert params["audience"] == "hub_lead"
    assert len(params["model_hash"]) == 16


def test_no_row_no_pickle_no_path_no_user(tracked: tuple[Path, dict[str, object]]) -> None:
    store, _ = tracked
    files = [p for p in store.rglob("*") if p.is_file()]
    assert any(p.name == "model.skops" for p in files)
    assert not [p for p in files if p.suffix in {".pkl", ".pickle", ".parquet", ".csv"} or "input_example" in p.name]
    for path in files:
        content = path.read_bytes()
        assert b"c00001" not in content, path.name
        assert b"f00001" not in content, path.name
        assert str(store.parent).encode() not in content, path.name
    with closing(sqlite3.connect(store / "mlflow.db")) as db:
        users = {value for (value,) in db.execute("SELECT value FROM tags WHERE key IN ('mlflow.user', 'mlflow.source.name')")}
        users |= {value for (value,) in db.execute("SELECT user_id FROM runs")}
        places = {value for (value,) in db.execute("SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM experiments")}
    assert users <= {"early_id", "", None}, f"not {getpass.getuser()}"
    assert not [place for place in places if place.startswith(("/", "file:"))]


def test_a_telemetry_client_made_by_someone_else_is_taken_away(tmp_path: Path) -> None:
    said = run(tmp_path / "tracking", MLFLOW_FIRST)
    assert said["before"] is True, "otherwise this test would show nothing"
    assert said["client"] == "None"
