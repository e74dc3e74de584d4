"""What became of the rows of a batch: kept or set aside, counted by file and by rule; and the refusal of a file of which nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.core.errors import InputDataError
from early_id.core.findings import Finding
from early_id.core.types import Severity
from early_id.data.batch import FileCount
from early_id.data.engine import text
from early_id.data.plan import Staged
from early_id.data.rules import all_rules

if TYPE_CHECKING:
    import duckdb

_RULES = {rule.code: rule for rule in all_rules()}
_ERRORS = ", ".join(text(code) for code, rule in _RULES.items() if rule.severity is Severity.ERROR)
#: The same without rows that repeat or contradict others.
_AT_FAULT = ", ".join(text(code) for code, rule in _RULES.items() if rule.severity is Severity.ERROR and not code.startswith("DUP"))


def split(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows with an ERROR code are set aside; the others are kept."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _kept AS SELECT * FROM _marked WHERE NOT list_has_any(codes, [{_ERRORS}])")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _aside AS SELECT file, row, codes, faults FROM _marked WHERE list_has_any(codes, [{_ERRORS}])")


def counts(connection: duckdb.DuckDBPyConnection, items: list[Staged]) -> list[FileCount]:
    """Rows in, kept and set aside of each file."""
    rows_in = dict(connection.execute("SELECT file, count(*) FROM _marked GROUP BY file").fetchall())
    kept = dict(connection.execute("SELECT file, count(*) FROM _kept GROUP BY file").fetchall())
    aside = dict(connection.execute("SELECT file, count(*) FROM _aside GROUP BY file").fetchall())
    return [
        FileCount(
            item.name, item.source.name, item.table.name, rows_in.get(item.name, 0), kept.get(item.name, 0), aside.get(item.name, 0),
            item.sha256, item.received.isoformat(), item.reading, item.shape.name, item.recognised,
        )
        for item in items
    ]  # fmt: skip


def refuse_useless(connection: duckdb.DuckDBPyConnection, counted: list[FileCount]) -> None:
    """Refuse a file of which no row is kept: the instructions are wrong then, not the rows.

    Rows that repeat or contradict those of another file are no fault of the instructions: a small file may hold nothing else.

    Raises
    ------
    InputDataError
        Names the rule that took most of the rows.
    """
    people = {str(row[0]) for row in connection.execute("SELECT DISTINCT source FROM _people").fetchall()}
    for one in counted:
        if not one.rows_in or one.rows_kept:
            continue
        found = connection.execute(
            f"SELECT code, count(*) AS n FROM (SELECT unnest(codes) AS code FROM _aside WHERE file = ? AND NOT EXISTS ("
            f"SELECT 1 FROM _aside WHERE file = ? AND NOT list_has_any(codes, [{_AT_FAULT}]))) "
            f"WHERE code IN ({_AT_FAULT}) GROUP BY code ORDER BY n DESC, code LIMIT 1",
            [one.file, one.file],
        ).fetchall()
        for code, count in found:
            if code == "ORP001" and one.source not in people:
                raise InputDataError(
                    f"No source gives the people (table 'pupils') of '{one.source}', so no row of the file can belong to anyone.",
                    where=f"{one.file} (source '{one.source}', table '{one.table}')",
                    what_next=f"Add a source named '{one.source}' with a shape of the table 'pupils', such as council_pupils. The store is as it was.",
                )
            raise InputDataError(
                f"Every row of the file would be set aside, most by the rule {code} ({count:,} of {one.rows_in:,}): {_RULES[code].message}",
                where=f"{one.file} (source '{one.source}', table '{one.table}')",
                what_next=f"{_RULES[code].advice} Check the source name and the shape that the settings give it. The store is as it was.",
            )


def findings_of(connection: duckdb.DuckDBPyConnection, items: list[Staged]) -> list[Finding]:
    """What the rules found in each file."""
    sources = {item.name: item.source.name for item in items}
    rows = connection.execute(
        "SELECT code, file, count(*) FROM (SELECT unnest(codes) AS code, file FROM _marked WHERE len(codes) > 0) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    columns: dict[tuple[str, str], list[str]] = {}
    for fault, file, count in connection.execute(
        "SELECT fault, file, count(*) FROM (SELECT unnest(faults) AS fault, file FROM _marked WHERE faults IS NOT NULL) GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        code, _, heading = str(fault).partition(" ")
        columns.setdefault((code, file), []).append(f"{heading} ({count:,})")
    return [finding(code, count, file, sources.get(file, ""), ", ".join(columns.get((code, file), ()))) for code, file, count in rows]


def finding(code: str, count: int, file: str, source: str, columns: str = "") -> Finding:
    """What the rule ``code`` found in one file."""
    rule = _RULES[code]
    return Finding(code, rule.severity, rule.message, rule.advice, count, where=file, source=source, columns=columns)
