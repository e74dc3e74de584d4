"""A council of a handful of rows, written as its extracts would be, for tests of what ingest does with them.

Rows are given by canonical column; the headings of the shipped shapes are looked up, so that a test says what a row means and not how an
agency names it. ``known`` stands for the column of recorded dates.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.config.load import make_config, shipped
from early_id.config.settings import Config
from early_id.data.ingest import Batch
from early_id.data.mapping import load_shapes
from early_id.data.store import Store
from early_id.schema.tables import Tables

Row = dict[str, str]
SHAPES = load_shapes(Tables())
RECEIVED = "2025-03-03"

PUPIL: Row = {
    "source_person_id": "P1", "upn": "B801200005001", "nhs_number": "9434765919", "forename": "Ada", "surname": "Winter",
    "birth_date": "2012-05-04", "sex": "F", "ethnicity": "WBRI", "recorded_on": "2024-09-02",
}  # fmt: skip
PERSON: Row = {"source_person_id": "C1", "upn": "B801200005001", "birth_date": "2012-05-04", "sex": "F", "recorded_on": "2024-09-02"}
SCHOOL: Row = {"school_id": "S1", "name": "Elm School", "hub_id": "H1", "phase": "Secondary", "lead_contact": "the head"}
MARK: Row = {"source_person_id": "P1", "school_id": "S1", "date": "2024-11-04", "session": "AM", "code": "/", "known": "2024-11-05"}

#: A good row of every table that a rule checks: shape, source, row.
GOOD: dict[str, tuple[str, str, Row]] = {
    "schools": ("council_schools", "education", SCHOOL),
    "pupils": ("council_pupils", "education", PUPIL),
    "people": ("council_people", "social_care", PERSON),
    "attendance": ("council_marks", "education", MARK),
    "enrolments": ("council_enrolments", "education", {"source_person_id": "P1", "school_id": "S1", "start_on": "2024-09-02", "nc_year": "8"}),
    "education_status": (
        "council_education_status", "education", {"source_person_id": "P1", "status": "home_educated", "start_on": "2023-09-04", "end_on": "2024-07-19"},
    ),
    "suspensions": (
        "council_suspensions", "education",
        {"source_person_id": "P1", "school_id": "S1", "start_on": "2024-11-11", "sessions": "4", "category": "SUSP", "reason_1": "DB"},
    ),
    "missing_episodes": (
        "council_missing", "social_care",
        {"source_person_id": "C1", "started_at": "2024-10-01 20:00:00", "ended_at": "2024-10-02 01:00:00", "type": "M"},
    ),
    "household_members": ("council_households", "social_care", {"source_person_id": "C1", "household_id": "HH1", "role": "child", "from_on": "2020-01-01"}),
    "household_factors": ("council_factors", "social_care", {"source_person_id": "C1", "factor": "4B", "happened_on": "2024-10-10"}),
    "notifications": (
        "council_notifications", "social_care",
        {"source_person_id": "C1", "kind": "domestic_abuse_notice", "happened_on": "2024-10-10", "known": "2024-10-11"},
    ),
    "contacts": (
        "council_contacts", "social_care",
        {"source_person_id": "C1", "contact_on": "2024-10-12", "contact_source": "school", "outcome": "advice", "outcome_on": "2024-10-14"},
    ),
    "early_help": ("council_early_help", "social_care", {"source_person_id": "C1", "offered_on": "2024-10-20", "response": "not_now"}),
    "statutory": ("council_statutory", "social_care", {"source_person_id": "C1", "status": "CIN", "start_on": "2024-01-10", "end_on": "2024-06-10"}),
    "wishes": ("council_wishes", "social_care", {"source_person_id": "C1", "kind": "not_this_way", "from_on": "2024-10-21", "until_on": "2025-06-30"}),
    "relationships": (
        "council_relationships", "social_care",
        {"source_person_id": "C1", "other_person_id": "C9", "relation": "mother", "from_on": "2012-05-04", "known": "2024-09-02"},
    ),
    "family_groups": ("council_family_groups", "social_care", {"source_person_id": "C1", "group_id": "FM1", "known": "2024-09-02"}),
    "school_contacts": (
        "council_school_contacts", "education",
        {"source_person_id": "P1", "contact_id": "CT1", "forename": "Eva", "surname": "Winter", "relation": "mother", "lives_with_pupil": "Y", "known": "2024-09-02"},
    ),
}  # fmt: skip


def headings(shape: str) -> dict[str, str]:
    """Canonical column → heading of a shipped shape; the recorded date under ``known`` as well."""
    found = SHAPES[shape]
    known = {"known": found.known.column} if found.known.column else {}
    return {**found.columns, **known}


def write_rows(path: Path, shape: str, rows: list[Row], *, delimiter: str = ",", without: tuple[str, ...] = ()) -> Path:
    """A CSV file in ``shape``."""
    names = headings(shape)
    given = {column for row in rows for column in row}
    left_out = {heading for column, heading in names.items() if heading in SHAPES[shape].optional and column not in given} | set(without)
    listed = [heading for heading in dict.fromkeys(names.values()) if heading not in left_out]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, listed, delimiter=delimiter, extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows({names[column]: value for column, value in row.items()} for row in rows)
    return path


@dataclass
class Council:
    """A folder of extracts, the settings that read it, and its store."""

    folder: Path
    sources: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def extracts(self) -> Path:
        return self.folder / "extracts"

    def put(
        self, name: str, *rows: Row, snapshot: bool = False, file: str | None = None, source: str | None = None, shape: str | None = None
    ) -> Path:
        """Write the rows of one file and see that the settings read it. ``name`` is a key of :data:`GOOD`."""
        usual_shape, usual_source, _ = GOOD[name]
        shape, source = shape or usual_shape, source or usual_source
        file = file or f"{source}/{name}.csv"
        entry = {"name": source, "shape": shape, "files": file, "snapshot": snapshot}
        if entry not in self.sources:
            self.sources.append(entry)
        return write_rows(self.extracts / file, shape, list(rows))

    def put_good(self, *names: str) -> Council:
        """The good rows of the tables named, or of all."""
        for name in names or GOOD:
            self.put(name, GOOD[name][2])
        return self

    def config(self, received: str = RECEIVED) -> Config:
        sources = [{**entry, "received": received} for entry in self.sources]
        return make_config({"sharing": shipped("sharing.yaml"), **self.settings, "sources": sources}, base=self.folder)

    def store(self) -> Store:
        return Store.open(self.config())

    def ingest(self, received: str = RECEIVED) -> Batch:
        return self.store().ingest(cfg=self.config(received))

    def write_settings(self, received: str = RECEIVED) -> Path:
        """The same settings as a file, for the command line. JSON is YAML."""
        import json

        path = self.folder / "config.yaml"
        path.write_text(json.dumps({"sources": [{**entry, "received": received} for entry in self.sources], **self.settings}), encoding="utf-8")
        return path


def codes_of(batch: Batch, file: str) -> dict[str, int]:
    """Findings of one file: code → count."""
    return {finding.code: finding.count for finding in batch.findings if finding.where == file}


def stored(council: Council, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Stored versions in order of time; dates as text, empty as None."""
    frame = council.store().frame(table)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].dt.strftime("%Y-%m-%d")
    frame = frame.astype(object).where(frame.notna(), None).sort_values(["known_from", "row"])
    return list(frame[list(columns)].itertuples(index=False, name=None))


def hashes(folder: Path) -> dict[str, str]:
    """Every file under a folder with its hash; the lock, which holds nothing, is left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


#: A value of a row that may stand in no message, in three shapes: name, identifier, date.
CANARY = "Zaphodine"
CANARIES = (CANARY, "B801200005001", "9434765919", "2012-05-04", "04/05/2012", "Winter")


def check(said: str, *words: str, where: str | None = None) -> None:
    """That what a command printed is one message with its three parts, without a traceback and without anybody's data."""
    assert said.count("early-id: ") == 1, said
    assert "Traceback" not in said and "\n  what next: " in said, said
    assert "\n  where: " in said, said
    assert where is None or where in said.split("\n  where: ")[1].splitlines()[0], said
    for word in words:
        assert word in said, said
    assert not [value for value in CANARIES if value in said], said


def urgent_batch(council: Council) -> None:
    """Extracts with an urgent sign, a new mark and one to be set aside."""
    council.put("household_factors", {**GOOD["household_factors"][2], "factor": "11A", "happened_on": "2025-02-20"})
    council.put("attendance", MARK, {**MARK, "session": "PM"}, {**MARK, "code": "8"})
