"""A made-up council too large to be made at once: its areas make one council."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from early_id.config.load import load_config
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import CouncilSummary, areas, council, make_council
from early_id.data.synth.faults import log
from early_id.data.synth.plan import council_plan


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """A council of two areas, as one of more than 250,000 children would be made."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (areas, council):
            patch.setattr(module, "AREA", 260)
        return make_council(520, 4, tmp_path_factory.mktemp("large") / "council", scenarios=["unbiased_outcome"])


def test_areas_are_put_together_as_one_council(large: CouncilSummary) -> None:
    root = large.folder / "extracts"
    assert large.children == 520 and [p.name for p in large.folder.iterdir() if p.name.startswith(".")] == []
    small = make_council(200, 4, large.folder.parent / "small")
    written = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and p.suffix != ".csv"}
    expected = {
        p.relative_to(small.folder / "extracts").as_posix() for p in (small.folder / "extracts").rglob("*") if p.is_file() and p.suffix != ".csv"
    }
    assert expected - written == {"education/suspensions.xlsx", "housing/households.xlsx"} and written <= expected
    marks = pq.read_table(root / "attendance/2023_24/marks_2023_11.parquet")
    assert marks.schema == pq.read_table(small.folder / "extracts/attendance/2023_24/marks_2023_11.parquet").schema
    ids = set(pd.read_csv(root / "education/pupils.csv", dtype=str)["PupilID"])
    assert set(marks["PupilID"].to_pylist()) <= ids
    rows = sum(pq.read_metadata(p).num_rows for p in root.glob("attendance/*/*.parquet"))
    texts = sum(len(pd.read_csv(p, dtype=str)) for p in root.glob("attendance/*.csv"))
    assert rows + texts == large.marks
    for name, count in large.rows.items():
        if name.endswith(".csv"):
            assert len(pd.read_csv(root / name, dtype=str)) == count
    note = json.loads((root / "made_up.json").read_text(encoding="utf-8"))
    assert set(note["sha256"]) == {file_sha256(p) for p in root.rglob("*") if p.is_file() and p.name != "made_up.json"}
    cfg = load_config(large.config)
    assert [source.files for source in cfg.sources if not list(cfg.data_dir.glob(source.files))] == []
    assert "520 children" in cfg.project.name


def test_no_id_of_one_area_is_given_in_another(large: CouncilSummary) -> None:
    root = large.folder / "extracts"
    pupils = pd.read_csv(root / "education/pupils.csv", dtype=str, keep_default_na=False)
    assert len(pupils) > 400 and pupils["PupilID"].is_unique
    truth = pd.read_csv(large.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)
    assert len(truth) == 520 and truth["child"].is_unique and set(truth["child"].str[:3]) == {"C1.", "C2."}
    for source in ("education", "social_care", "police", "housing", "health"):
        held = truth[source][truth[source] != ""]
        assert held.is_unique and len(held) > 20, source
    schools = pd.read_excel(root / "education/schools.xlsx", dtype=str)
    assert schools["SchoolID"].is_unique and len(schools) == large.schools
    households = pd.read_csv(large.folder / "truth/households.csv", dtype=str, keep_default_na=False)
    assert households["household"].is_unique and households["uprn"].is_unique
    # A number that is shared is a planted one: a brother's or sister's, never a stranger's of another area.
    family = truth[truth["education"] != ""].set_index("education")["family"]
    for number in ("UPN", "NHSNumber"):
        shared = pupils[(pupils[number] != "") & pupils.duplicated(number, keep=False)].drop_duplicates(["PupilID"])
        assert (shared["PupilID"].map(family).groupby(shared[number]).nunique() <= 1).all(), number


def test_the_truth_of_areas_holds_together(large: CouncilSummary) -> None:
    truth = large.folder / "truth"
    links = pd.read_csv(truth / "links.csv", dtype=str, keep_default_na=False)
    assert set(pq.read_table(truth / "need.parquet")["child"].to_pylist()) == set(links["child"])
    labelled = set(pq.read_table(truth / "labels.parquet")["child"].to_pylist())
    assert labelled <= set(links["child"]) and {child[:3] for child in labelled} == {"C1.", "C2."}
    assert set(links["family"]) == set(pd.read_csv(truth / "families.csv", dtype=str)["family"])
    assert len(pd.read_csv(truth / "canaries.csv")) == 5
    bias = pd.read_csv(truth / "bias.csv")
    assert set(bias["area"]) == {1, 2}
    assert (pd.read_csv(truth / "visibility.csv", dtype=str)["school"] == "none").sum() == 1
    faults = pd.read_csv(truth / "faults.csv", keep_default_na=False)
    assert not faults.duplicated(["kind", "file", "column"]).any()
    own = faults.loc[faults["file"] == "education/pupils.csv", "rows"].astype(int)
    assert (own == large.rows["education/pupils.csv"]).all()
    assert large.faults == log.total(faults)
    second = pd.read_csv(large.folder / "second_outcome/labels.csv", dtype=str)
    assert {word[:2] for word in second["PupilID"]} >= {"P1", "PB"}


def test_areas_are_few_and_of_one_size() -> None:
    plans = areas.cut(council_plan(1_000_000, 1))
    assert [plan.children for plan in plans] == [250_000] * 4 and {plan.total for plan in plans} == {1_000_000}
    assert [plan.children for plan in areas.cut(council_plan(250_001, 1))] == [125_001, 125_000]
