"""Urgent signs: a closed list, looked at when records are taken in, sent to a named person and never to a list.

Only rows that the store did not hold before count, and only where no contact is dated after them. The run stays unacknowledged, and says so
on every command, until a person records that they received the file.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.config.settings import UrgentSettings
from early_id.core.errors import InputDataError
from early_id.core.types import Usage
from early_id.data.engine import quote, text
from early_id.schema.codes import code_list
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import duckdb


def _sign(table: Table, settings: UrgentSettings) -> tuple[str, str] | None:
    """What is urgent in a table: words and SQL; None where nothing is."""
    if table.name == "household_factors":
        codes = ", ".join(text(code) for code in sorted(code_list("household_factor").having(usage=Usage.REMOVE_ONLY)))
        return "restricted factor recorded", f"factor IN ({codes}) AND happened_on >= received_on - {settings.factors_within_days}"
    if table.name == "missing_episodes" and settings.open_missing_episode:
        return "missing episode still open", f"ended_at IS NULL AND gone_on IS NULL AND happened_on >= received_on - {settings.missing_within_days}"
    if table.name == "contacts" and settings.section_47_contact_awaiting_outcome:
        return "section 47 contact awaiting an outcome", "contact_source = 'section_47' AND outcome IS NULL"
    return None


def find_urgent(
    connection: duckdb.DuckDBPyConnection, table: Table, settings: UrgentSettings, *, into: str, batch_table: str, held: str | None
) -> None:
    """Add the urgent rows of one table of the batch to ``into`` and remember the newest contact of each person.

    A row is new where ``held``, the table's records before this batch, has no such row in force. Its dates do not decide: a sign that
    a source sends late is as urgent as any.
    """
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {into} (sign VARCHAR, source VARCHAR, source_person_id VARCHAR, happened_on DATE, known_from DATE)"
    )
    if table.name == "contacts":
        note_contacts(connection, quote(batch_table))
    sign = _sign(table, settings)
    if sign is None:
        return
    label, predicate = sign
    newer = (
        f"AND (source, source_person_id, row_hash) NOT IN (SELECT source, source_person_id, row_hash FROM {quote(held)} WHERE known_to IS NULL)"
        if held
        else ""
    )
    connection.execute(
        f"INSERT INTO {into} SELECT {text(label)}, source, source_person_id, happened_on, known_from FROM {quote(batch_table)} "
        f"WHERE known_to IS NULL AND ({predicate}) {newer}"
    )


def note_contacts(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Remember the newest contact of each person; an earlier sign has been seen by someone."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS _contacted (source VARCHAR, source_person_id VARCHAR, contact_on DATE)")
    connection.execute(f"INSERT INTO _contacted SELECT source, source_person_id, max(contact_on) FROM {rows} WHERE known_to IS NULL GROUP BY ALL")


def write_urgent(connection: duckdb.DuckDBPyConnection, folder: Path, number: int, settings: UrgentSettings) -> int:
    """Write the restricted urgent file of a batch, where there is anything urgent; returns the number of signs."""
    if not connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = '_urgent'").fetchall():
        return 0
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS _contacted (source VARCHAR, source_person_id VARCHAR, contact_on DATE)")
    select = (
        "SELECT DISTINCT u.sign, u.source, u.source_person_id, u.happened_on, u.known_from FROM _urgent AS u WHERE NOT EXISTS ("
        "SELECT 1 FROM _contacted AS c WHERE c.source = u.source AND c.source_person_id = u.source_person_id AND c.contact_on > u.happened_on)"
    )
    [(count,)] = connection.execute(f"SELECT count(*) FROM ({select})").fetchall()
    if count:
        connection.execute(f"COPY ({select} ORDER BY ALL) TO {text(str(folder / 'urgent.csv'))} (HEADER)")
        note = {"batch": number, "signs": count, "for": settings.duty_officer, "acknowledged_on": None, "acknowledged_by_role": None}
        (folder / "urgent.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    return count


def _note(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise InputDataError(
            "The note of an urgent file cannot be read.",
            where=str(path),
            what_next="Tell the duty officer of the .csv file beside it, then restore the note from a backup.",
        ) from None


def unacknowledged(folder: Path) -> list[dict[str, object]]:
    """Batches whose urgent file nobody has acknowledged."""
    try:
        paths = sorted((folder / "urgent").glob("*.json"))
    except PermissionError:
        return []  # whoever may not look into the folder is told so where it is to be used
    notes = [_note(path) for path in paths]
    return [note for note in notes if not note.get("acknowledged_on")]


def acknowledge(folder: Path, *, by_role: str, on: date) -> int:
    """Record receipt for every open batch; returns how many."""
    done = 0
    for path in sorted((folder / "urgent").glob("*.json")):
        note = _note(path)
        if note.get("acknowledged_on"):
            continue
        note.update(acknowledged_on=on.isoformat(), acknowledged_by_role=by_role)
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps(note, indent=1), encoding="utf-8")
        beside.replace(path)
        done += 1
    return done
