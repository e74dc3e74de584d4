"""What no agency may hold stands in no file of any shape: protected addresses, and what a canary has with other agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from shapes_material import text

from early_id.data.synth.shapes.declare import FOLDER, SHAPES

#: Folders of the extracts that each shape is made from. What a canary has with another agency stands in none of its files.
_SCHOOLS, _CARE = frozenset({"education", "attendance"}), frozenset({"socialcare"})
MADE_FROM = {
    **dict.fromkeys(("mis_daily", "mis_long", "school_census", "ctf"), _SCHOOLS),
    **dict.fromkeys(("ssd", "ssd_snapshots", "ssda903", "cin_census", "annex_a"), _CARE),
    "housing": frozenset({"housing"}),
    "police": frozenset({"police"}),
}


def contents(path: Path) -> str:
    """Everything that a file says, whatever its format."""
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        return "\n".join("\n".join(table[column].astype(str).unique()) for column in table)
    if path.suffix == ".xlsx":
        with ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8") for name in book.namelist())
    return path.read_bytes().decode("cp1252" if path.suffix == ".csv" else "utf-8", errors="replace")


@pytest.fixture(scope="module")
def said(shaped: Path) -> dict[str, str]:
    """File → what it says: the extracts, and every shape."""
    files = [
        path for folder in ("extracts", FOLDER) for path in sorted((shaped / folder).rglob("*")) if path.is_file() and path.name != "made_up.json"
    ]
    return {path.relative_to(shaped).as_posix(): contents(path) for path in files}


def per_shape(said: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in SHAPES:
        yield name, "\n".join(words for file, words in said.items() if file.startswith(f"{FOLDER}/{name}/"))


def test_protected_addresses_stand_in_no_file(shaped: Path, said: dict[str, str]) -> None:
    homes = text(shaped / "truth" / "households.csv")
    hidden = homes["protected"] == "yes"
    assert hidden.sum() >= 15
    numbers = set(homes.loc[hidden, "uprn"]) - {""}
    # Postcodes are few, so some of these are a neighbour's too, who has nothing to hide.
    postcodes = set(homes.loc[hidden, "postcode"]) - set(homes.loc[~hidden, "postcode"]) - {""}
    assert len(numbers) >= 15 and len(postcodes) >= 10
    found = [
        (file, "a property number" if secret in numbers else "a postcode")
        for file, words in said.items()
        for secret in numbers | postcodes
        if secret in words
    ]
    assert found == []


def test_addresses_that_are_not_protected_are_found(shaped: Path, said: dict[str, str]) -> None:
    """So that the search above would find one, in every file that has addresses."""
    homes = text(shaped / "truth" / "households.csv").query("protected == 'no' and kind == 'home'")
    for file in ("extracts/education/pupils.csv", "extracts/housing/households.xlsx", "extracts/health/people.csv"):
        assert sum(uprn in said[file] for uprn in homes["uprn"]) > 20, file
    shown = {name for name, words in per_shape(said) if set(homes["uprn"]) & set(re.findall(r"\d{8,}", words))}
    assert shown == {"ssd", "ssd_snapshots", "housing"}


def test_canaries_stand_in_the_shapes_of_their_own_agency_only(shaped: Path, said: dict[str, str]) -> None:
    assert set(MADE_FROM) == set(SHAPES)
    strings = text(shaped / "truth" / "canary_strings.csv")
    seen: dict[str, set[str]] = {}
    for name, words in per_shape(said):
        for row in strings.itertuples():
            if row.string in words:
                assert set(row.only_in.split()) & MADE_FROM[name], (name, row.kind)
                seen.setdefault(name, set()).add(row.kind)
    # Canaries are pupils with a contact and a notice of long ago, so these shapes hold them for certain.
    assert {"surname", "upn", "pupil_id"} <= seen["school_census"] and "pupil_id" in seen["mis_long"]
    assert {"upn", "postcode", "uprn", "social_care_id"} <= seen["ssd"] == seen["ssd_snapshots"]
    assert {"housing_id", "parent_id", "household_id"} <= seen["housing"] and "police_id" in seen["police"]
