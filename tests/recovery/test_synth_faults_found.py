"""Every kind of mess that files show is found by intake under the code that ``mess.KINDS`` names, as often as it was planted, and nothing else is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from early_id.config.load import load_config
from early_id.data.ingest import Batch
from early_id.data.rules import all_rules
from early_id.data.store import Store
from early_id.data.synth import CouncilSummary, make_council, mess
from early_id.data.synth.faults.log import ORDINARY

#: Mess of whole files, which have a council of their own below.
WHOLE_FILES = ("duplicate_export", "wrong_encoding")
OWN = [kind.name for kind in mess.KINDS if kind.group != "people"]


def _taken_in(council: CouncilSummary, out: Path, *files: str) -> Batch:
    """The batch of a council's files, or of some."""
    cfg = load_config(council.config, out=out)
    if files:
        named = {file: source for source in cfg.sources for file in files if source.files.replace("/*/", "/2024_25/") == file}
        cfg = cfg.model_copy(update={"sources": tuple(source.model_copy(update={"files": file}) for file, source in named.items())})
    return Store.open(cfg).ingest(cfg=cfg)


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    kinds = [name for name in OWN if name not in {*WHOLE_FILES, "silent_month"}]
    return make_council(400, 3, tmp_path_factory.mktemp("faults") / "council", mess=kinds)


@pytest.fixture(scope="module")
def batch(council: CouncilSummary, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Of the marks in Parquet those of the last full year, the others being alike."""
    cfg = load_config(council.config)
    files = [source.files.replace("attendance/*/", "attendance/2024_25/") for source in cfg.sources]
    return _taken_in(council, tmp_path_factory.mktemp("out"), *files)


def test_each_kind_is_found_as_the_table_says_and_nothing_else_is(council: CouncilSummary, batch: Batch) -> None:
    planted = pd.read_csv(council.folder / "truth" / "faults.csv", keep_default_na=False)
    planted = planted[~planted["file"].str.contains("attendance/20(?!24_25)")]
    expected = planted[planted["finding_code"] != ""].groupby(["file", "finding_code"])["count"].sum().to_dict()
    assert {(item.where, item.code): item.count for item in batch.findings} == expected
    assert len({code for _, code in expected}) >= 40


def test_every_kind_that_files_show_is_found() -> None:
    """Late and corrected marks are no faults: every register has them, and they are read as they should be."""
    assert {kind.name for kind in mess.KINDS if kind.group != "people" and not kind.found} == ORDINARY
    assert {kind.found for kind in mess.KINDS} - {""} <= {rule.code for rule in all_rules()}
    by_number = {rule.code: rule.number for rule in all_rules()}
    for kind in mess.KINDS:
        if kind.group == "records" and kind.rule and by_number[kind.found]:
            assert by_number[kind.found] == kind.rule or kind.found in ("PUP013", "INT001"), kind.name


def test_a_silent_month_is_one_gap_and_a_council_without_other_mess_has_no_other_finding(tmp_path: Path) -> None:
    made = make_council(200, 11, tmp_path / "council", mess=["silent_month"])
    planted = pd.read_csv(made.folder / "truth" / "faults.csv")
    planted = int(planted.loc[planted["kind"] == "silent_month", "count"].sum())
    found = {(item.where, item.code): item.count for item in _taken_in(made, tmp_path / "out").findings}
    assert found == {("attendance", "COV001"): planted} and planted >= 2


def test_no_row_goes_silently(batch: Batch) -> None:
    assert all(item.rows_in == item.rows_kept + item.rows_set_aside for item in batch.files)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """A council with the mess of whole files."""
    return make_council(200, 3, tmp_path_factory.mktemp("whole_files") / "council", mess=WHOLE_FILES)


def test_a_second_copy_of_a_file_is_set_aside_whole(whole_files: CouncilSummary, tmp_path: Path) -> None:
    planted = pd.read_csv(whole_files.folder / "truth" / "faults.csv").query("kind == 'duplicate_export'")
    taken = _taken_in(whole_files, tmp_path / "out", "education/pupils.csv", "attendance/marks_*.csv")
    assert Counter({item.where: item.count for item in taken.findings if item.code == "DUP001"}).total() == planted["count"].sum() > 100


def test_a_file_in_another_encoding_is_read_and_named(whole_files: CouncilSummary, tmp_path: Path) -> None:
    taken = _taken_in(whole_files, tmp_path / "out", "police/people.csv")
    assert {(item.code, item.count) for item in taken.findings if item.code == "SRC001"} == {("SRC001", 1)}
    assert taken.files[0].rows_in == taken.files[0].rows_kept + taken.files[0].rows_set_aside
