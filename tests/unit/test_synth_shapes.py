"""The same council in other shapes: names, files that can be read, the same again from the same seed, agencies' own lists, dates."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pytest
import yaml
from shapes_material import Made, hashes, make_shaped, text

from early_id.core.errors import SettingsError
from early_id.data.synth.shapes.annex_a_lists import HEADINGS
from early_id.data.synth.shapes.declare import FOLDER, LARGEST, SHAPES, parse


def test_words_for_shapes() -> None:
    assert parse("all") == tuple(SHAPES)
    assert parse(()) == ()
    assert parse(["ssd", "mis_long"]) == ("mis_long", "ssd")
    assert parse("ssd, ctf,ssd") == ("ctf", "ssd")
    with pytest.raises(SettingsError, match="There is no shape named 'ssda930'") as refused:
        parse(["ssda930"])
    assert "ssda903" in str(refused.value)
    assert parse((), children=1_000_000) == ()
    with pytest.raises(SettingsError, match=r"up to 100,000 children"):
        parse("ssd", children=LARGEST + 1)


def test_same_seed_gives_the_same_shapes_and_the_extracts_do_not_change(shaped: Path, tmp_path: Path) -> None:
    again = make_shaped(tmp_path / "again", ["ssd", "cin_census", "annex_a", "police"], marks=False)
    made, known = hashes(again / FOLDER), hashes(shaped / FOLDER)
    made.pop("made_up.json")
    assert made and made.items() <= known.items()
    before = {name: digest for name, digest in hashes(shaped / "extracts").items() if not name.startswith(("attendance/", "made_up"))}
    assert {name: digest for name, digest in hashes(again / "extracts").items() if name != "made_up.json"} == before
    assert yaml.safe_load((again / "config.yaml").read_bytes()) == yaml.safe_load((shaped / "config.yaml").read_bytes())


def test_every_shape_has_files_that_a_plain_reader_reads(shaped: Path) -> None:
    assert sorted(path.name for path in (shaped / FOLDER).iterdir() if path.is_dir()) == sorted(SHAPES)
    for name in SHAPES:
        files = [path for path in (shaped / FOLDER / name).rglob("*") if path.is_file()]
        assert files, name
        for path in files:
            if path.suffix == ".csv":
                assert len(text(path)), path
            elif path.suffix == ".xml":
                assert len(ET.parse(path).getroot()), path
            else:
                assert openpyxl.load_workbook(path, read_only=True).sheetnames == list(HEADINGS)
    note = json.loads((shaped / FOLDER / "made_up.json").read_text(encoding="utf-8"))
    others = {name: digest for name, digest in hashes(shaped / FOLDER).items() if name != "made_up.json"}
    assert set(note["sha256"]) == set(others.values())


def test_housing_and_police_lists(clean: Made) -> None:
    records = clean.records
    assert len(clean.csv("housing", "household_members")) == len(records["housing/households.xlsx"])
    assert len(clean.csv("housing", "cases")) == len(records["housing/indicators.csv"])
    assert len(clean.csv("police", "missing_reports")) == len(records["police/missing.csv"])
    notices = clean.csv("police", "notices")
    assert len(notices) == len(records["police/notifications.parquet"])
    who = records["police/people.csv"].set_index("PersonID")
    assert (notices["Surname"] == notices["Nominal Ref"].map(who["Surname"])).all()
    hidden = clean.csv("housing", "household_members").query("`Address Withheld` == 'Y'")
    assert hidden["Postcode"].eq("").all() and hidden["UPRN"].eq("").all()
