"""What became of the rows of a batch: kept or set aside, counted by file and by rule; and the refusal of a file of which nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.core.errors import InputDataError
from early_id.core.findings import Finding
from early_id.data.batch import FileCount
from early_id.data.engine import text
from early_id.data.plan import Staged
from early_id.data.rules import all_rules, error_codes

if TYPE_CHECKING:
    import duckdb


def _errors() -> str:
    return ", ".join(text(code) for code in error_codes())


def _at_fault() -> str:
    """The same without rows that repeat or contradict others."""
    return ", ".join(text(code) for code in error_codes() if not code.startswith("DUP"))


def split(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows with an ERROR code are set aside; the others are kept."""
    aside = f"list_has_any(codes, [{_errors()}])"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _kept AS SELECT * FROM _marked WHERE NOT {aside}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _aside AS SELECT * FROM _marked WHERE {aside}")


def counts(connection: duckdb.DuckDBPyConnection, items: list[Staged]) -> list[FileCount]:
    """Rows in, kept and set aside of each file."""
    rows_in = dict(connection.execute("SELECT file, count(*) FROM _marked GROUP BY file").fetchall())
    kept = dict(connection.execute("SELECT file, count(*) FROM _kept GROUP BY file").fetchall())
    aside = dict(connection.execute("SELECT file, count(*) FROM _aside GROUP BY file").fetchall())
    schools = (
        dict(connection.execute("SELECT file, min(school_id) FROM _marked GROUP BY file HAVING min(school_id) = max(school_id)").fetchall())
        if "school_id" in items[0].table and items[0].table.has_person
        else {}
    )
    return [
        FileCount(
            item.name, item.source.name, item.table.name, rows_in.get(item.name, 0), kept.get(item.name, 0), aside.get(item.name, 0),
            item.sha256, item.received.isoformat(), school=schools.get(item.name, ""), reading=item.reading, shape=item.shape.name,
            recognised=item.recognised,
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
    rules = {rule.code: rule for rule in all_rules()}
    for one in counted:
        if not one.rows_in or one.rows_kept:
            continue
        found = connection.execute(
            f"SELECT code, count(*) AS n FROM (SELECT unnest(codes) AS code FROM _aside WHERE file = ? AND NOT EXISTS ("
            f"SELECT 1 FROM _aside WHERE file = ? AND NOT list_has_any(codes, [{_at_fault()}]))) "
            f"WHERE code IN ({_at_fault()}) GROUP BY code ORDER BY n DESC, code LIMIT 1",
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
                f"Every row of the file would be set aside, most by the rule {code} ({count:,} of {one.rows_in:,}): {rules[code].message}",
                where=f"{one.file} (source '{one.source}', table '{one.table}')",
                what_next=f"{rules[code].advice} Check the source name and the shape that the settings give it. The store is as it was.",
            )


#: So many rows with dates that cannot be read are no accident, whatever share of the file they are.
_SEVERAL = 10


def refuse_unreadable_dates(connection: duckdb.DuckDBPyConnection, counted: list[FileCount], items: list[Staged], allowed: float) -> None:
    """Refuse a file in which too many dates cannot be read: those that can are then probably read wrongly, day and month changed round.

    Parameters
    ----------
    allowed : float
        Share of a file's rows (``checks.unreadable_dates`` in the settings).

    Raises
    ------
    InputDataError
        Names the columns.
    """
    headings = {item.name: date_headings(item) for item in items}
    for one in counted:
        listed = ", ".join(text(f"GEN001 {heading}") for heading in headings.get(one.file, ()))
        if not listed:
            continue
        rows = connection.execute(
            f"SELECT fault, count(*) FROM (SELECT unnest(list_intersect(faults, [{listed}])) AS fault FROM _aside WHERE file = ?) GROUP BY fault ORDER BY 2 DESC, 1",
            [one.file],
        ).fetchall()
        most = max((count for _, count in rows), default=0)
        if most >= _SEVERAL and most > allowed * one.rows_in:
            columns = ", ".join(f"{str(fault).partition(' ')[2]} ({count:,} of {one.rows_in:,} rows)" for fault, count in rows)
            raise InputDataError(
                f"Too many dates cannot be read, so those that can may have day and month changed round: {columns}.",
                where=f"{one.file} (source '{one.source}', table '{one.table}')",
                what_next="Name the style of these dates in the shape under 'dates' (%m/%d/%Y where the month comes first), or export them as YYYY-MM-DD. If the "
                f"rest is right all the same, allow more than {allowed:.0%} in the settings under checks.unreadable_dates. The store is as it was.",
            )


def date_headings(item: Staged) -> list[str]:
    """Headings of a file's dates."""
    dates = [column.name for column in item.table.columns if column.type in ("date", "timestamp")]
    known = [item.shape.known.column] if item.shape.known.column else []
    return [*(item.shape.columns[name] for name in dates if name in item.shape.columns), *known]


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
    [rule] = [rule for rule in all_rules() if rule.code == code]
    return Finding(code, rule.severity, rule.message, rule.advice, count, where=file, source=source, columns=columns)
