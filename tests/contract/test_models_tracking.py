"""Tracking writes figures, never rows; no pickle, no path or name of this machine, and nothing leaves it.

Runs in processes of their own: mlflow switches its telemetry off by itself when it sees pytest or a CI server, which would make
the test pass for the wrong reason, so those signs are taken out of the environment.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
import yaml

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
from pathlib import Path
from early_id.models.mirror import mirror
from early_id.models.tracking import note_verdict
assert note_verdict(trial, store=Path(sys.argv[1]))
assert mirror(Path(sys.argv[1]), trial.best.name, "1", "candidate", {"model_hash": trial.best.fingerprint()}, run=trial.run_id)
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


def rows(store: Path, query: str, *values: object) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(store / "mlflow.db")) as db:
        return db.execute(query, values).fetchall()


CHILDREN = "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?"


def test_a_run_per_trial_and_a_child_per_model_with_intervals(tracked: tuple[Path, dict[str, object]]) -> None:
    store, said = tracked
    names = {name for (name,) in rows(store, "SELECT key FROM metrics")}
    params = dict(rows(store, "SELECT key, value FROM params WHERE run_uuid = ?", said["run_id"]))
    tags = dict(rows(store, "SELECT key, value FROM tags WHERE run_uuid = ?", said["run_id"]))
    kinds = [rows(store, "SELECT value FROM tags WHERE key = 'kind' AND run_uuid = ?", run)[0][0] for (run,) in rows(store, CHILDREN, said["run_id"])]
    assert sorted(kinds) == [*["baseline"] * 4, *["comparator"] * 3, "model"]
    assert {"auc", "auc_low", "auc_high", "precision_at_capacity_low"} <= names
    assert tags["verdict_before_audit"] and tags["verdict"] == tags["verdict_before_audit"]
    assert params["audience"] == "hub_lead"
    assert all(len(params[name]) == 16 for name in ("model_hash", "settings_hash", "acceptance_hash"))


def test_every_fold_of_a_model_is_a_run_below_it_with_its_own_figures(tracked: tuple[Path, dict[str, object]]) -> None:
    store, said = tracked
    children = [run for (run,) in rows(store, CHILDREN, said["run_id"])]
    folds = {run: [fold for (fold,) in rows(store, CHILDREN, run)] for run in children}
    [model] = [run for run, below in folds.items() if below]
    assert len(folds[model]) == 2
    figures = [dict(rows(store, "SELECT key, value FROM metrics WHERE run_uuid = ?", fold)) for fold in folds[model]]
    assert all({"rows", "outcomes", "families", "auc", "brier"} <= set(one) for one in figures)
    assert sum(one["rows"] for one in figures) == 250, "every child of the test date is in one fold"
    assert figures[0]["auc"] != figures[1]["auc"]


def test_picture_signature_and_the_registered_version_lead_back_to_the_run(tracked: tuple[Path, dict[str, object]]) -> None:
    store, said = tracked
    [svg] = (store / "artifacts" / str(said["run_id"])).rglob("families_listed.svg")
    assert "<svg" in svg.read_text(encoding="utf-8")
    card = yaml.safe_load(next(store.rglob("MLmodel")).read_text(encoding="utf-8"))
    inputs = json.loads(card["signature"]["inputs"])
    assert {column["type"] for column in inputs} == {"double"} and not any(column["required"] for column in inputs)
    assert {"absence_share_365d", "suspensions_365d"} <= {column["name"] for column in inputs}
    assert "saved_input_example_info" not in card
    assert rows(store, "SELECT run_id, source FROM model_versions") == [(said["run_id"], "early-id:/logistic_hub_lead/1")]
    assert rows(store, "SELECT alias FROM registered_model_aliases") == [("candidate",)]


def test_no_row_no_pickle_no_path_no_user(tracked: tuple[Path, dict[str, object]]) -> None:
    store, _ = tracked
    files = [p for p in store.rglob("*") if p.is_file()]
    assert any(p.name == "model.skops" for p in files)
    assert not [p for p in files if p.suffix in {".pkl", ".pickle", ".parquet", ".csv"} or "input_example" in p.name]
    places = {str(store.parent), str(Path.cwd()), str(Path.home()) + os.sep, sys.prefix, tempfile.gettempdir() + os.sep, socket.gethostname()}
    for path in files:
        content = path.read_bytes()
        assert b"c00001" not in content, path.name
        assert b"f00001" not in content, path.name
        assert not [place for place in places if place.encode() in content], path.name
    users = {value for (value,) in rows(store, "SELECT value FROM tags WHERE key IN ('mlflow.user', 'mlflow.source.name')")}
    users |= {value for (value,) in rows(store, "SELECT user_id FROM runs")}
    locations = {value for (value,) in rows(store, "SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM experiments")}
    assert users <= {"early_id", "", None}, f"not {getpass.getuser()}"
    assert not [place for place in locations if place.startswith(("/", "file:"))]


def test_a_telemetry_client_made_by_someone_else_is_taken_away(tmp_path: Path) -> None:
    said = run(tmp_path / "tracking", MLFLOW_FIRST)
    assert said["before"] is True, "otherwise this test would show nothing"
    assert said["client"] == "None"
