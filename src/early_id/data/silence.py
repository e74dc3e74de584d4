"""What did not come: schools without marks while others sent them, and files much shorter than the one before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from early_id.data.batch import FileCount
from early_id.data.engine import text
from early_id.data.plan import Staged

if TYPE_CHECKING:
    import duckdb

#: Source, code, how often.
Gap = tuple[str, str, int]
#: A file of fewer rows may well be half as long as the last one.
_LONG = 100


def silent_schools(connection: duckdb.DuckDBPyConnection, parts: dict[str, str], files: Iterable[Staged]) -> list[Gap]:
    """Weeks in which a school with pupils on its roll sent no mark, within the time that the files of marks of this batch are about.

    A week counts where at least half of the schools with pupils on a roll sent marks, so holidays do not. Weeks that follow each other are one gap.

    Returns
    -------
    list of (source, code, count)
        ``COV001`` counts gaps, ``COV002`` schools that have never sent anything.
    """
    sources = ", ".join(sorted({text(item.source.name) for item in files}))
    names = ", ".join(sorted({text(item.name) for item in files}))
    if not sources or not {"attendance", "enrolments"} <= set(parts):
        return []
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _sent AS SELECT source, school_id, CAST(date_trunc('week', date) AS DATE) AS week, "
        f"bool_or(file IN ({names})) AS now FROM {parts['attendance']} WHERE known_to IS NULL AND source IN ({sources}) GROUP BY ALL"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _due AS WITH span AS (SELECT source, min(week) AS first, max(week) AS last FROM _sent WHERE now GROUP BY source), "
        f"weeks AS (SELECT DISTINCT s.source, s.week FROM _sent AS s JOIN span USING (source) WHERE s.week BETWEEN first AND last), "
        f"rolls AS (SELECT DISTINCT source, school_id, start_on, coalesce(end_on, DATE '9999-12-31') AS end_on FROM {parts['enrolments']} "
        f"WHERE known_to IS NULL AND source IN ({sources})) "
        f"SELECT DISTINCT w.source, w.week, r.school_id FROM weeks AS w JOIN rolls AS r ON r.source = w.source AND r.start_on <= w.week AND r.end_on >= w.week + 4"
    )
    gaps = connection.execute(
        "WITH marked AS (SELECT d.*, s.week IS NOT NULL AS sent FROM _due AS d LEFT JOIN _sent AS s USING (source, school_id, week)), "
        "open AS (SELECT source, week FROM marked GROUP BY ALL HAVING count(*) FILTER (sent) * 2 >= count(*)), "
        "ever AS (SELECT DISTINCT source, school_id FROM _sent), "
        "runs AS (SELECT source, school_id, sent, lag(sent, 1, true) OVER (PARTITION BY source, school_id ORDER BY week) AS before "
        "FROM marked JOIN open USING (source, week) JOIN ever USING (source, school_id)) "
        "SELECT source, count(*) FROM runs WHERE NOT sent AND before GROUP BY source"
    ).fetchall()
    never = connection.execute(
        "SELECT source, count(DISTINCT school_id) FROM _due ANTI JOIN _sent USING (source, school_id) GROUP BY source"
    ).fetchall()
    for name in ("_sent", "_due"):
        connection.execute(f"DROP TABLE {name}")
    return [(source, code, int(count)) for code, rows in (("COV001", gaps), ("COV002", never)) for source, count in rows]


def shorter_files(counted: Iterable[FileCount], batches: Iterable[dict[str, Any]]) -> list[tuple[FileCount, int]]:
    """Files that hold fewer than half of the rows that the last one of their name did, with how many fewer."""
    before: dict[tuple[str, str, str], int] = {}
    for batch in batches:
        before |= {(file["source"], file["table"], file["file"]): int(file["rows_in"]) for file in batch["files"]}
    found = []
    for one in counted:
        last = before.get((one.source, one.table, one.file), 0)
        if last >= _LONG and one.rows_in * 2 < last:
            found.append((one, last - one.rows_in))
    return found
