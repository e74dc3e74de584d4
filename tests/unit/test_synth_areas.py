"""A made-up council too large to be made at once: its areas make one council."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from early_id.config.load import load_config
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import CouncilSummary, areas, council, make_council
from early_id.data.synth.agencies import sources
from early_id.data.synth.faults import log
from early_id.data.synth.plan import council_plan
from early_id.data.synth.population.identifiers import make_nhs_numbers
from early_id.data.synth.seeds import Seeds


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """A council of two areas, as one of more than 250,000 children would be made. Wrong NHS numbers are common, so that some are shared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sources.RATES, "wrong_nhs_numbers", (0.1,) * len(sources.AGENCIES))
        for module in (areas, council):
            patch.setattr(module, "AREA", 260)
        return make_council(520, 4, tmp_path_factory.mktemp("large") / "council", scenarios=["unbiased_outcome"])


def test_areas_are_put_together_as_one_council(large: CouncilSummary, small_council: CouncilSummary) -> None:
    root = large.folder / "extracts"
    assert large.children == 520 and [p.name for p in large.folder.iterdir() if p.name.startswith(".")] == []
    written = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and p.suffix != ".csv"}
    expected = {
        p.relative_to(small_council.folder / "extracts").as_posix()
        for p in (small_council.folder / "extracts").rglob("*")
        if p.is_file() and p.suffix != ".csv"
    }
    assert expected - written == {"education/suspensions.xlsx", "housing/households.xlsx"} and written <= expected
    marks = pq.read_table(root / "attendance/2023_24/marks_2023_11.parquet")
    assert marks.schema == pq.read_table(small_council.folder / "extracts/attendance/2023_24/marks_2023_11.parquet").schema
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


def test_a_number_is_one_person_s_but_where_the_truth_says_it_was_written_wrong(large: CouncilSummary) -> None:
    truth = large.folder / "truth"
    wrong = pd.read_csv(truth / "identities.csv", dtype=str, keep_default_na=False).query("kind == 'wrong_nhs_numbers'")
    links = pd.read_csv(truth / "person_links.csv", dtype=str, keep_default_na=False).set_index(["source", "source_person_id"])["person"]
    lists = [
        pd.read_csv(large.folder / "extracts" / agency.file, dtype=str, keep_default_na=False).rename(columns={agency.heading: "id"})
        for agency in sources.AGENCIES
    ]
    held = pd.concat([table[["id", "NHSNumber"]].assign(source=agency.source) for table, agency in zip(lists, sources.AGENCIES, strict=True)])
    held = held[held["NHSNumber"] != ""].set_index(["source", "id"])["NHSNumber"]
    person = links.reindex(held.index)
    assert person.notna().all()
    planted = pd.MultiIndex.from_frame(wrong[["source", "source_person_id"]])
    assert (held[planted].to_numpy() == wrong["written"].to_numpy()).all()
    assert (person.groupby(held).nunique() > 1).sum() >= 10  # brothers' and sisters' numbers: the check can fail
    own = ~held.index.isin(planted)
    assert (person[own].groupby(held[own]).nunique() == 1).all()
    assert (held[own].groupby(person[own]).nunique() == 1).all()


def test_areas_have_parts_of_the_range_of_their_own() -> None:
    drawn = [
        set(make_nhs_numbers(20_000, Seeds(1, area, 4).rng(purpose), area=area, areas=4))
        for area in range(4)
        for purpose in ("nhs numbers", "nhs numbers before adoption")
    ]
    areas_of = [drawn[2 * area] | drawn[2 * area + 1] for area in range(4)]
    assert sum(map(len, areas_of)) == len(set().union(*areas_of)) > 80_000
    part = make_nhs_numbers(1_000_000, np.random.default_rng(1), area=3, areas=20)  # all there are in a twentieth of the range
    assert len(set(part)) == len(part) == pytest.approx(909_000 / 20, rel=0.01)


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
    own = faults.loc[faults["file"] == "education/pupils.csv", "file_rows"].astype(int)
    assert (own == large.rows["education/pupils.csv"]).all()
    assert large.faults == log.total(faults)
    second = pd.read_csv(large.folder / "second_outcome/labels.csv", dtype=str)
    assert {word[:2] for word in second["PupilID"]} >= {"P1", "PB"}


def test_labels_carry_the_area_in_the_columns_that_hold_them_and_in_no_other(large: CouncilSummary) -> None:
    """Every table of the truth is declared; its columns say for themselves which hold labels."""
    seen = set()
    for path in sorted((large.folder / "truth").iterdir()):
        if path.suffix == ".json":
            continue
        table = pd.read_csv(path, dtype=str, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path).astype(str)
        held = {name for name in table if table[name].str.fullmatch(r"[CAXF]\d{3}").any()}
        numbered = {name for name in table if table[name].str.fullmatch(r"[CAXF][12]\.\d+").any()}
        assert not held and numbered == set(areas.LABELLED[path.stem]), path.name
        seen.add(path.stem)
    assert set(areas.LABELLED) - seen == {"leak"}


def test_areas_are_few_and_of_one_size() -> None:
    plans = areas.cut(council_plan(1_000_000, 1))
    assert [plan.children for plan in plans] == [250_000] * 4 and {plan.total for plan in plans} == {1_000_000}
    assert [plan.children for plan in areas.cut(council_plan(250_001, 1))] == [125_001, 125_000]
