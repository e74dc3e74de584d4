"""train, compare, register, approve, run with an approval, rebuild: from end to end on a small made-up council."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from early_id.acceptance.openings import LEDGER
from early_id.config.load import shipped
from early_id.data.synth import CouncilSummary

MEASURES = ("auc", "average_precision", "precision_at_capacity", "recall_at_capacity", "brier")

#: A bar that states everything and asks for nothing, so that a small council can clear it: what is tested here is the path, not the bar.
LOW_BAR: dict[str, Any] = {
    **shipped("acceptance.yaml"),
    "put_forward": "logistic",
    "named_on": ["2023-06-19"],
    "audiences": {
        name: {"margin_precision": -1.0, "margin_recall": -1.0, "minimum_outcomes": 1, "minimum_listed_families": 1, "steady_at_least": 0.0}
        for name in ("school_lead", "hub_lead")
    },
    "calibration": {"observed_expected_from": 0.0},
    "data_quality": {"set_aside_at_most": 1.0},
}
SOON = (date.today() + timedelta(days=300)).isoformat()


@dataclass(frozen=True)
class Desk:
    """A folder with settings, and the command line run on them."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def ledger(self) -> Path:
        return self.folder / "out" / "store" / LEDGER

    def write(self, name: str, values: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(values), encoding="utf-8")

    def change(self, **values: Any) -> None:
        self.write("config.yaml", {**yaml.safe_load(self.config.read_text(encoding="utf-8")), **values})

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        from early_id.cli import main

        out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
        sys.argv = ["early-id", *map(str, arguments), "--config", str(self.config)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.argv = before
        return code, out.getvalue(), err.getvalue()

    def json(self, *arguments: object) -> dict[str, Any]:
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        value: dict[str, Any] = json.loads(out)
        return value

    def openings(self) -> int:
        return len(self.ledger.read_text(encoding="utf-8").splitlines()) if self.ledger.is_file() else 0


@pytest.fixture(scope="module")
def desk(small_council: CouncilSummary, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The small council's extracts under quick settings, without a bar and without an approval."""
    made = Desk(tmp_path_factory.mktemp("models") / "council")
    shutil.copytree(small_council.folder, made.folder, ignore=shutil.ignore_patterns("truth", "out"))
    (made.folder / "acceptance.yaml").unlink()
    as_of = yaml.safe_load(made.config.read_text(encoding="utf-8"))["as_of"]
    made.change(
        approval=None,
        as_of={**as_of, "dates": as_of["dates"][1::2]},
        # A handful of features, of the police too: what is tested is the path.
        features={"use": ["absence_share_365d", "suspensions_count_365d", "late_share_90d", "contacts_count_365d", "missing_count_365d"]},
        training={
            "models": ["logistic"], "put_forward": "logistic", "families_folds": 2, "resamples": 50, "refits": 10, "refits_to_show": 0,
            "sharing_cost": False, "labels": False, "baselines": ["absence", "age"], "comparators": [],
        },
    )  # fmt: skip
    return made


# The tests below tell one story and stand in its order; each leaves the desk as the next one needs it.


def test_without_a_bar_train_shows_no_test_results_and_opens_nothing(desk: Desk) -> None:
    code, out, err = desk.run("train", "--json", "--data", desk.folder / "extracts")
    shown = json.loads(out)
    assert code == 0 and shown["models"] == {} and shown["verdict"] == "cannot tell"
    assert "acceptance.yaml" in shown["missing"][0] and "No test results are shown" in err
    assert desk.openings() == 0 and not (desk.folder / "out" / "tracking").exists()
    kept = (desk.folder / "out" / "trained" / "hub_lead.json").read_text(encoding="utf-8")
    card = json.loads(kept)["contents"]["card.json"]
    assert card["models"] == {} and card["comparisons"] == card["components"] == card["outcome_by_date"] == []

    for words in ("precision", "auc", "brier"):
        assert f'"{words}' not in kept.lower(), words


def test_without_a_bar_run_shows_no_test_results_and_opens_nothing(desk: Desk) -> None:
    """Whoever follows the README command by command has not looked at the test date before the board has said what it asks for."""
    code, out, err = desk.run("run", "--json")
    assert code == 4 and "No test results are shown" in err + out
    shown = json.loads(out)
    assert all(trial["models"] == {} and trial["outcome_by_date"] == [] for trial in shown["audiences"].values())
    assert any("early-id train --template" in note for note in shown["notes"])
    assert desk.openings() == 0 and not (desk.folder / "out" / "tracking").exists()
    report = (desk.folder / "out" / "governance_restricted.html").read_text(encoding="utf-8")
    assert (
        "No test on past children has been supplied" in report
        and "No model has been tested." in report
        and "AUC</" not in report.replace("<dt>AUC</dt>", "")
    )
    # Nobody can approve by it: it is tied to no model.
    assert "Model, hub lists" not in report and not [
        label for label in json.loads((desk.folder / "out/run.json").read_text())["report"]["hashes"] if "model" in label
    ]
    assert (desk.folder / "out" / "findings.html").is_file() and (desk.folder / "out" / "notices").is_dir()


def test_the_form_is_written_once(desk: Desk) -> None:
    assert desk.run("train", "--template")[0] == 0
    assert yaml.safe_load((desk.folder / "acceptance.yaml").read_text(encoding="utf-8")) == shipped("acceptance.yaml")
    code, _, err = desk.run("train", "--template")
    assert code == 2 and "not written over" in err


def test_a_bar_for_another_model_is_refused_before_anything_is_opened(desk: Desk) -> None:
    code, _, err = desk.run("train")
    assert code == 2 and "The bar names 'additive' as the model put forward, and the settings 'logistic'" in err
    assert desk.openings() == 0


def test_train_prints_its_json_and_counts_the_opening(desk: Desk) -> None:
    desk.write("acceptance.yaml", LOW_BAR)
    shown = desk.json("train")
    assert {"verdict", "reasons", "models"} <= set(shown) and shown["exploratory"] is False
    assert {"absence", "age", "logistic"} <= set(shown["models"])
    for one in shown["models"].values():
        for measure in MEASURES:
            assert {"value", "low", "high"} <= set(one[measure])
    assert set(shown["audiences"]) == {"school_lead", "hub_lead"} and desk.openings() == 2
    for card in shown["audiences"].values():
        assert card["acceptance"]["hash"] and card["acceptance"]["opening"]["number"] == 1
        assert card["acceptance"]["but_for_gaps"] == "ready for approval", card["reasons"]
        assert next(limit for limit in card["acceptance"]["limits"] if limit["name"] == "stability")["met"] is True


def test_compare_reads_what_was_found_and_opens_nothing(desk: Desk) -> None:
    first = desk.json("compare")
    assert set(MEASURES) <= set(first["models"]["logistic"]) and desk.openings() == 2
    code, out, err = desk.run("compare")
    assert code == 0 and out == "" and "the test date was not opened for this" in err and "logistic" in err
    assert "comparison.html (restricted)" in err
    page = next(desk.folder.rglob("comparison.html")).read_text(encoding="utf-8")
    assert "RESTRICTED" in page and "places: this list" in page


def test_register_puts_candidates_and_their_builder_on_record(desk: Desk) -> None:
    code, _, err = desk.run("register")
    assert code == 2 and "--builder" in err
    code, _, err = desk.run("register", "--builder", "Ben Builder", "--audience", "parents")
    assert code == 2 and "no audience named 'parents'" in err
    made = desk.json("register", "--builder", "Ben Builder")["registered"]
    assert [one["model"] for one in made] == ["logistic_school_lead/1", "logistic_hub_lead/1"]
    assert all(one["record"]["builder"] == "Ben Builder" and one["status"] == "candidate" for one in made)
    assert all(one["card"]["models"]["logistic"]["auc"] for one in made) and desk.openings() == 2
    assert str(desk.folder) not in "".join(p.read_text(encoding="utf-8") for p in (desk.folder / "models").rglob("*.json*"))
    code, _, err = desk.run("register", "--builder", "Ben Builder")
    assert code == 2 and "registered already" in err


def test_approve_names_everything_that_is_missing_at_once(desk: Desk) -> None:
    code, out, err = desk.run("approve", "logistic_hub_lead")
    assert code == 4 and out == "" and err.count("early-id: ") == 1
    for words in ("who approves", "minuted", "impact assessment", "threshold document", "'police': authority for criminal-offence data", "report"):
        assert words in err, words
    code, _, err = desk.run("approve", "logistic_hub_led/1")
    assert code == 2 and "no registered model named 'logistic_hub_led'" in err
    code, _, err = desk.run("approve", "logistic_hub_lead", "--from", desk.folder / "none.yaml")
    assert code == 2 and "approval file was not found" in err
    code, _, err = desk.run("approve", "logistic_hub_lead", "--dpia", "DPIA-14")
    assert code == 2 and "REFERENCE=YYYY-MM-DD" in err


def test_a_run_without_an_approval_writes_the_report_and_no_lists(desk: Desk) -> None:
    code, _, err = desk.run("run")
    assert code == 4 and "No lists were written" in err
    assert not (desk.folder / "out" / "lists").exists()
    assert "(exploratory)" in err and "had been opened once before" in err


def filled(desk: Desk) -> dict[str, Any]:
    """The command's own form, filled in."""
    form = desk.folder / "form.yaml"
    form.unlink(missing_ok=True)
    assert desk.run("approve", "logistic_hub_lead", "--template", form)[0] == 0
    values: dict[str, Any] = yaml.safe_load(form.read_text(encoding="utf-8"))
    for basis in values["sources"].values():
        basis |= {key: "on file" for key, text in basis.items() if text == ""} | {"sharing_agreement": {"reference": "ISA-7", "expires": SOON}}
    documents = {key: {"reference": "on file", "date": "2026-01-05"} for key in ("dpia", "equality_analysis", "privacy_notice")}
    audited = json.loads((desk.folder / "models/logistic_hub_lead/1/card.json").read_text(encoding="utf-8"))["acceptance"]["gaps"]
    return {**values, **documents, "minutes": "item 6", "role": "director", "responses": dict.fromkeys(audited, "The board has read it.")}


def test_an_approval_is_recorded_from_its_file_and_options(desk: Desk) -> None:
    desk.write("approval.yaml", filled(desk))
    desk.write("thresholds.yaml", {"name": "Continuum", "version": "4", "level": "2", "signed": {"police": "2026-01-05"}})
    common = ("approve", "logistic_hub_lead/1", "--from", desk.folder / "approval.yaml", "--expires", SOON)
    code, _, err = desk.run(*common, "--by", "builder, Ben")
    assert code == 4 and "is the one who built the model" in err and err.count("  - ") == 1, err
    done = desk.json(*common, "--by", "Amina Board", "--conditions", "Looked at again in June")
    assert done["status"] == "approved" and done["record"]["by"] == "Amina Board" and done["record"]["made_up"] is True
    assert done["record"]["report"]["name"] == "governance_restricted.html"
    code, _, err = desk.run(*common, "--by", "Amina Board")
    assert code == 4 and "approved already" in err


def test_lists_are_written_with_the_approved_model_and_only_with_it(desk: Desk) -> None:
    desk.change(approval={"hub_lead": "logistic_hub_lead/1"})
    before = desk.openings()
    shown = desk.json("screen")
    assert {one["audience"] for one in shown["lists"]} == {"hub_lead"} and desk.openings() == before, "nothing is trained for it"
    run = desk.json("run")
    assert run["approval"]["models"] == {"hub_lead": "logistic_hub_lead/1"} and "Amina Board" in run["approval"]["text"]
    assert {item["kind"] for item in run["outputs"]} & {"school_list", "hub_list"} == {"hub_list"}
    assert any("No model is approved for school lead" in note for note in run["notes"])
    page = (desk.folder / "out/governance_restricted.html").read_text(encoding="utf-8")
    assert "logistic_hub_lead/1 was approved by Amina Board" in page


def test_unattended_lists_are_made_once_with_the_approved_model_and_nothing_is_trained(desk: Desk) -> None:
    before = desk.openings()
    due = ("run", "--due", "--set", "schedule.first=2025-11-10", "--today")
    assert desk.json(*due, "2025-11-20")["due"] == "done before"  # the lists of that date lie there
    made = desk.json(*due, "2025-12-10")
    assert (made["due"], made["as_of"]) == ("made", "2025-12-08") and made["counts"]["lists"] > 0 and desk.openings() == before
    assert {item["kind"] for item in made["outputs"]} == {"hub_list", "list_index", "taken_out"}
    log = [json.loads(line) for line in (desk.folder / "out/run_log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in log][-6:] == ["ingest", "link", "build", "screen", "publish", "end"]
    assert desk.json(*due, "2025-12-11")["due"] == "done before"


def test_a_touched_approval_or_model_stops_the_lists(desk: Desk) -> None:
    chain = desk.folder / "models" / "approvals.jsonl"
    model = desk.folder / "models/logistic_hub_lead/1/model.json"
    for path, words in ((chain, "not as they were written"), (model, "hashes do not agree")):
        kept = path.read_bytes()
        path.write_bytes(kept.replace(b"1", b"2", 1))
        code, _, err = desk.run("screen")
        assert code == 4 and words in err and err.count("early-id: ") == 1, err
        path.write_bytes(kept)
    assert desk.run("approve", "logistic_hub_lead/1", "--retire", "drift", "--by", "Amina Board")[0] == 0
    code, _, err = desk.run("screen")
    assert code == 4 and "was retired" in err


def test_rebuild_gives_the_same_model_and_opens_nothing(desk: Desk) -> None:
    before = desk.openings()
    shown = desk.json("rebuild", "logistic_hub_lead/1")
    assert shown["same"] is True and shown["model_hash"] == shown["rebuilt_hash"] and desk.openings() == before
    recorded = json.loads((desk.folder / "models/logistic_hub_lead/1/inputs.json").read_text(encoding="utf-8"))
    assert recorded["data_version"] == 1 and recorded["links"]["number"] == 1 and recorded["settings"]["linkage"] and recorded["settings_hash"]
    assert recorded["matrix_hash"] and recorded["code_hash"] and recorded["data_hash"] and recorded["catalogue_hash"]
    assert shown["inputs"] == [], "every recorded input is held against today's, and is the same"
    code, _, err = desk.run("rebuild", "logistic_hub_lead/1", "--set", "store=elsewhere")
    assert code == 3 and "does not hold the data" in err
