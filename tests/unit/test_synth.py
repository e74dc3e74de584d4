"""The made-up council: repeatable, refusing kindly, with faults counted and nothing latent in the extracts."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import CouncilSummary, make_council
from early_id.data.synth.population.identifiers import make_nhs_numbers, make_upns, spoil_upn, upn_letter
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import day_number, make_timeline


@pytest.fixture(scope="module")
def made(small_council: CouncilSummary) -> CouncilSummary:
    return small_council


def _text(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str, keep_default_na=False)
    return pd.read_parquet(path).astype(str)


def _marks_of(extracts: dict[str, pd.DataFrame], *years: str) -> pd.DataFrame:
    """The Parquet marks of some school years, written as ``2022_23``."""
    return pd.concat([extracts[name] for name in extracts if name.startswith(tuple(f"attendance/{year}/" for year in years))], ignore_index=True)


def _extracts(made: CouncilSummary) -> dict[str, pd.DataFrame]:
    root = made.folder / "extracts"
    return {p.relative_to(root).as_posix(): _text(p) for p in sorted(root.rglob("*")) if p.suffix in {".csv", ".xlsx", ".parquet"}}


@pytest.fixture(scope="module")
def extracts(made: CouncilSummary) -> dict[str, pd.DataFrame]:
    return _extracts(made)


@pytest.fixture(scope="module")
def planted(made: CouncilSummary) -> list[dict[str, str]]:
    with (made.folder / "truth" / "faults.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_another_seed_gives_other_files(made: CouncilSummary, shaped: Path) -> None:
    other = _hashes(shaped)
    same = {name for name, digest in _hashes(made.folder).items() if other.get(name) == digest}
    assert same <= {"truth/effects.csv", "truth/scenarios.csv", "acceptance.yaml"}  # the bar is a form, the same for all


def test_streams_do_not_depend_on_each_other() -> None:
    seeds = Seeds(3)
    first = seeds.rng("marks", 1).random(4)
    seeds.rng("families").random(1000)
    assert np.array_equal(first, seeds.rng("marks", 1).random(4))
    assert not np.array_equal(first, seeds.rng("marks", 2).random(4))


@pytest.mark.parametrize("children", [0, 199, 1_000_001])
def test_size_out_of_range_is_refused(children: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="200 to 1,000,000"):
        make_council(children, 1, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_folder_with_content_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(SettingsError, match="not empty"):
        make_council(300, 1, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_identifiers_follow_the_published_checks() -> None:
    assert upn_letter("801200005001") == "B"  # vector of the data standards
    upns = make_upns(np.array([2015, 2016, 2017]))
    assert all(u[0] == upn_letter(u[1:]) and re.fullmatch(r"[A-HJ-NP-RT-Z]005\d{9}", u) for u in upns)
    assert spoil_upn(upns[0])[0] != upn_letter(upns[0][1:])
    numbers = make_nhs_numbers(500, np.random.default_rng(1))
    assert len(set(numbers)) == 500
    for number in numbers:
        total = sum(int(d) * w for d, w in zip(number[:9], range(10, 1, -1), strict=True))
        assert number.startswith("999") and (11 - total % 11) % 11 == int(number[9])


def test_all_identifiers_in_the_files_are_valid_but_the_planted(extracts: dict[str, pd.DataFrame], planted: list[dict[str, str]]) -> None:
    wrong = {row["file"]: int(row["count"]) for row in planted if row["finding_code"] == "PUP001"}
    for name in [n for n in extracts if n.endswith(("people.csv", "pupils.csv"))]:
        upns = extracts[name]["UPN"]
        bad = sum(u != "" and u[0] != upn_letter(u[1:]) for u in upns)
        assert bad == wrong.get(name, 0), name
        known = upns[upns != ""]
        assert known.is_unique


def test_planted_faults_are_in_the_files_as_counted(extracts: dict[str, pd.DataFrame], planted: list[dict[str, str]]) -> None:
    def count(code: str, file: str) -> int:
        return sum(int(row["count"]) for row in planted if row["finding_code"] == code and row["file"] == file)

    found = {
        ("PUP004", "education/pupils.csv"): (extracts["education/pupils.csv"]["Ethnicity"] == "WXYZ").sum(),
        ("PUP005", "education/pupils.csv"): (extracts["education/pupils.csv"]["Sex"] == "").sum(),
        ("GEN001", "socialcare/contacts.csv"): (extracts["socialcare/contacts.csv"]["ContactDate"] == "31/02/2024").sum(),
        ("GEN002", "education/suspensions.xlsx"): (extracts["education/suspensions.xlsx"]["StartDate"] == "").sum(),
        ("MIS001", "police/missing.csv"): (~extracts["police/missing.csv"]["Type"].isin(["M", "A"])).sum(),
        ("FAC001", "socialcare/factors.csv"): (extracts["socialcare/factors.csv"]["Factor"] == "99Z").sum(),
        ("SUS001", "education/suspensions.xlsx"): (~extracts["education/suspensions.xlsx"]["Category"].isin(["SUSP", "PERM"])).sum(),
    }
    for (code, file), rows in found.items():
        assert rows == count(code, file) >= 1, (code, file)
    statutory = extracts["socialcare/statutory.csv"]
    assert ((statutory["EndOn"] != "") & (statutory["EndOn"] < statutory["StartOn"])).sum() == count("INT001", "socialcare/statutory.csv")
    for name, table in extracts.items():
        assert table.duplicated().sum() == count("DUP001", name), name
        if "marks" in name and name.endswith(".parquet"):
            assert table["Code"].isin(["A", "8"]).sum() == count("ATT001", name), name
            assert ((table["Code"] == "H") & (table["Date"] >= "2024-08-19")).sum() == count("ATT006", name), name
    people = {folder: set(extracts[f"{folder}/people.csv"]["PersonID"]) for folder in ("socialcare", "police", "housing", "health")}
    for name, table in extracts.items():
        if "PersonID" in table and not name.endswith("people.csv"):
            assert (~table["PersonID"].isin(people[name.split("/")[0]])).sum() == count("ORP001", name), name


def test_at_least_a_dozen_kinds_of_fault_and_two_of_each(planted: list[dict[str, str]]) -> None:
    totals: dict[str, int] = {}
    for row in planted:
        totals[row["finding_code"]] = totals.get(row["finding_code"], 0) + int(row["count"])
    assert len(totals) >= 14 and min(totals.values()) >= 2


def test_canaries_are_there_untouched_and_two_sit_high(made: CouncilSummary, extracts: dict[str, pd.DataFrame]) -> None:
    canaries = pd.read_csv(made.folder / "truth" / "canaries.csv", dtype=str)
    pupils = extracts["education/pupils.csv"].set_index("PupilID")
    assert len(canaries) == 5 and canaries["postcode"].is_unique
    for row in canaries.itertuples():
        held = pupils.loc[row.pupil_id]
        assert (held["Forename"], held["Surname"], held["Postcode"]) == (row.forename, row.surname, row.postcode)
        assert held["UPN"] == row.upn and held["Sex"] in "MF"
    marks = pd.concat([_marks_of(extracts, "2024_25"), *(t for n, t in extracts.items() if n.startswith("attendance/") and n.endswith(".csv"))])
    absent = marks["Code"].isin(["I", "O", "G", "C", "M", "U"]).groupby(marks["PupilID"]).mean()
    high = canaries.loc[canaries["high_on_signs"] == "yes", "pupil_id"]
    assert (absent.rank(pct=True)[high] > 0.75).sum() >= 2


def test_nothing_latent_is_in_the_extracts(made: CouncilSummary, extracts: dict[str, pd.DataFrame]) -> None:
    headings = {heading.lower() for table in extracts.values() for heading in table.columns}
    assert not [h for h in headings if "need" in h and h not in {"senneed", "primaryneed"}]
    assert not headings & {"child", "family", "familyid", "childid"}
    text = made.config.read_text(encoding="utf-8")
    assert "truth" not in text and "canary" not in text.lower()


def test_each_agency_has_its_own_ids(made: CouncilSummary) -> None:
    links = pd.read_csv(made.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)
    sources = ["education", "social_care", "police", "housing"]
    sets = [set(links[s]) - {""} for s in sources]
    assert all(sets) and not any(a & b for i, a in enumerate(sets) for b in sets[i + 1 :])
    assert len(links) == made.children


def test_marks_keep_to_the_codes_of_their_day(extracts: dict[str, pd.DataFrame]) -> None:
    old = _marks_of(extracts, "2023_24")
    assert not old["Code"].isin(["C1", "C2", "J1", "K", "Y4"]).any()
    new = _marks_of(extracts, "2024_25")
    assert not new["Code"].isin(["J", "Y"]).any() and new["Code"].isin(["C2"]).any()
    weekday = pd.to_datetime(new["Date"]).dt.day_of_week
    assert weekday.max() <= 4
    assert (new["RecordedOn"] > new["Date"]).all()


def test_corrections_come_later_and_replace_n(extracts: dict[str, pd.DataFrame]) -> None:
    marks = _marks_of(extracts, "2022_23")
    key = ["PupilID", "SchoolID", "Date", "Session"]
    twice = marks[marks.duplicated(key, keep=False)].sort_values([*key, "RecordedOn"])
    first, last = twice.groupby(key).first(), twice.groupby(key).last()
    assert 0.004 < len(first) / len(marks) < 0.02
    assert (first["Code"] == "N").all() and (last["RecordedOn"] > first["RecordedOn"]).all()


def test_suspension_days_carry_e_marks(extracts: dict[str, pd.DataFrame]) -> None:
    events = extracts["education/suspensions.xlsx"]
    events = events[(events["Category"] == "SUSP") & (events["StartDate"] != "")]
    start = pd.to_datetime(events["StartDate"], format="%d/%m/%Y").dt.strftime("%Y-%m-%d")
    days = pd.DataFrame({"PupilID": events["PupilID"], "SchoolID": events["SchoolID"], "Date": start})
    marks = _marks_of(extracts, "2022_23", "2023_24", "2024_25")
    marks = marks[marks["Session"] == "AM"].sort_values("RecordedOn").drop_duplicates(["PupilID", "Date"], keep="last")
    both = days.merge(marks, on=["PupilID", "SchoolID", "Date"])
    assert len(both) > 30 and both["Code"].isin(["E"]).mean() > 0.97


def test_as_of_dates_stand_in_one_week_of_term_and_four_train_before_the_test() -> None:
    timeline = make_timeline(date(2022, 9, 1))
    assert timeline.screening == date(2025, 11, 10)
    assert {timeline.calendar.week_of_term(day) for day in timeline.as_of_dates} == {10}
    *earlier, test, screening = timeline.as_of_dates
    assert (screening - test).days >= 210
    assert sum((test - day).days >= 210 for day in earlier) >= 4


def test_nothing_is_recorded_after_the_extract(extracts: dict[str, pd.DataFrame]) -> None:
    last = str(np.datetime64(day_number(date(2025, 11, 9)), "D"))
    assert _marks_of(extracts, "2025_26")["RecordedOn"].max() <= last
    assert extracts["police/notifications.parquet"]["RecordedOn"].max() <= last
    assert extracts["socialcare/statutory.csv"][["StartOn", "EndOn", "OutcomeOn"]].max().max() <= last


def test_the_note_vouches_for_every_extract(made: CouncilSummary) -> None:
    root = made.folder / "extracts"
    note = json.loads((root / "made_up.json").read_text(encoding="utf-8"))
    files = [p for p in root.rglob("*") if p.is_file() and p.name != "made_up.json"]
    assert {file_sha256(p) for p in files} == set(note["sha256"]) and len(files) >= 20


def test_settings_and_shapes_are_accepted(made: CouncilSummary) -> None:
    from early_id.config.load import load_config
    from early_id.data.mapping import load_shapes
    from early_id.schema.tables import Tables

    cfg = load_config(made.config)
    shapes = load_shapes(Tables())
    assert cfg.project.name.endswith("mess: usual)")  # on every page, and so beside every figure of linkage
    assert cfg.project.made_up and cfg.approval == "demonstration" and cfg.as_of.dates == made.as_of_dates
    for source in cfg.sources:
        files = list(cfg.data_dir.glob(source.files))
        assert files, source.files
        shape = shapes[source.shape]
        for file in files:
            table = _text(file)
            assert shape.needed <= set(table.columns), file.name
            assert shape.known.column is None or shape.known.column in table.columns
