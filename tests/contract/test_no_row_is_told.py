"""Nothing from a row in messages, logs, pages or records of the store: canaries through an intake that works, and through every statement that may fail."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from early_id.data import ingest as ingest_module
from intake import CANARY, GOOD, MARK, PERSON, PUPIL, SCHOOL, Council, hashes

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
#: What stands in the rows below and nowhere else: names, numbers, dates, free text where a code is expected.
ROWS = (CANARY, "Quixotina", "B801200005001", "9434765918", "2012-05-04", "ZZ99 9XY", "1987-06-05", "drowning", "PX77001")


@pytest.fixture
def spoilt(tmp_path: Path) -> Council:
    """Extracts in which nearly every row breaks a rule."""
    council = Council(tmp_path / "council")
    child = {
        **PUPIL,
        "source_person_id": "PX77001",
        "forename": CANARY,
        "surname": "Quixotina",
        "nhs_number": "9434765918",
        "postcode": "ZZ99 9XY",
        "sex": "drowning",
    }
    council.put("schools", SCHOOL)
    council.put("pupils", child, {**child, "birth_date": CANARY}, {**child, "source_person_id": "PX77002", "ethnicity": CANARY})
    council.put("people", PERSON, {**PERSON, "birth_date": "1987-06-05", "sex": CANARY})
    council.put(
        "attendance", {**MARK, "source_person_id": "PX77001", "code": CANARY}, {**MARK, "source_person_id": "PX77001"}, {**MARK, "date": "drowning"}
    )
    council.put("contacts", {**GOOD["contacts"][2], "outcome": CANARY}, {**GOOD["contacts"][2], "contact_on": "1900-01-01"})
    council.put(
        "household_factors",
        {**GOOD["household_factors"][2], "factor": "drowning"},
        {**GOOD["household_factors"][2], "factor": "11A", "happened_on": "2025-02-20"},
    )
    council.put("missing_episodes", {**GOOD["missing_episodes"][2], "type": CANARY}, GOOD["missing_episodes"][2])
    return council


def told(text: str) -> list[str]:
    return [value for value in ROWS if value in text]


def test_an_intake_full_of_faults_tells_nothing_of_a_row(
    spoilt: Council, cli: Callable[..., tuple[int, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Printed, logged, as JSON, on the pages, in the listing of the store; only the restricted folders hold rows, and rows set aside do."""
    caplog.set_level(logging.DEBUG)
    code, said = cli("ingest", "--config", spoilt.write_settings(), "--json")
    assert code == 0 and told(said) == [] and told(caplog.text) == []
    code, said = cli("findings", "--config", spoilt.write_settings())
    assert code == 0 and told(said) == [] and said.count("ERROR") >= 5
    out = spoilt.folder / "out"
    pages = [
        *out.glob("*.html"),
        *out.glob("findings/*.html"),
        *out.glob("store/versions/*.json"),
        *out.glob("store/*.json"),
        *out.glob("store/urgent/*.json"),
    ]
    assert len(pages) >= 5 and {path.name: told(path.read_text(encoding="utf-8")) for path in pages if told(path.read_text(encoding="utf-8"))} == {}
    aside = "".join(path.read_text(encoding="utf-8") for path in out.glob("store/set_aside/000001/*.csv"))
    assert CANARY in aside and "drowning" in aside


class Breaking:
    """A connection that fails, as the engine does, with the values of a row in its words, at the statement of one place in the code."""

    def __init__(self, connection: Any, places: list[str], at: str | None) -> None:
        self._connection, self._places, self._at = connection, places, at

    def execute(self, query: str, *parameters: Any) -> Any:
        frame = sys._getframe(1)
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        if place not in self._places:
            self._places.append(place)
        if place == self._at:
            raise duckdb.ConversionException(f"Conversion Error: could not convert string '{CANARY}' of B801200005001, born 2012-05-04")
        return self._connection.execute(query, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_whatever_statement_fails_nothing_of_a_row_is_told_and_the_store_is_as_it_was(
    spoilt: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every place in the code that sends a statement is found by watching one intake; every fourth is tried here, and all of them at night."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.delenv("EARLY_ID_DEBUG", raising=False)
    real, store = ingest_module.raw, spoilt.folder / "out" / "store"
    config = spoilt.write_settings()
    places: list[str] = []

    def run(at: str | None) -> tuple[int, str]:
        with monkeypatch.context() as broken:
            broken.setattr(ingest_module, "raw", lambda backend: Breaking(real(backend), places, at))
            return cli("ingest", "--config", config)

    code, _ = run(None)
    assert code == 0 and len(places) >= 40
    spoilt.put("attendance", {**MARK, "source_person_id": "PX77001", "session": "PM"}, {**MARK, "source_person_id": "PX77001", "code": CANARY})
    before, kept = hashes(store), spoilt.folder / "kept"
    shutil.copytree(store, kept)
    tried = places if FACTOR > 1 else places[1::4]
    reached = 0
    for place in tried:
        code, said = run(place)
        assert told(said) == [] and told(caplog.text) == [] and "Traceback" not in said, place
        if code == 0:  # a statement of a first batch only
            shutil.rmtree(store)
            shutil.copytree(kept, store)
            continue
        assert code in (1, 3) and "what next" in said, (place, said)
        assert hashes(store) == before, place
        reached += 1
    assert reached >= len(tried) // 2
