"""Which source covers which schools, people and dates: where no row means that there was none, and where it is not known.

Features decide it for each child and window (``features/coverage.py``); this is the same ground as an analyst sees it, source by source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from early_id.schema.columns import Table

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: What no row means, by how a table is covered.
MEANS = {
    "source": "none, for people of this source in these days",
    "roll": "none, for pupils on a roll of these schools in these days",
    "rows": "not known, unless the pupil has other rows in these days",
    "source_or_rows": "none, for people of this source in these days, or who have any row",
}
#: How the name of a file begins that a request of a family put into the store: a single record, which says nothing of what its source covers.
ON_REQUEST = "on_request_"
#: Lists without days of their own.
_LISTS = ("pupils", "schools")


@dataclass(frozen=True, repr=False)
class Coverage:
    """What the sources of a store cover.

    Attributes
    ----------
    rows : tuple of dict
        One a source and table: source, table, from, to, stated, schools_said, schools, people, no_row_means.
    by_school : tuple of dict
        One a source, table and school on a roll: source, table, school_id, name, pupils (now on its roll), rows, first, last.
    """

    rows: tuple[dict[str, Any], ...] = ()
    by_school: tuple[dict[str, Any], ...] = field(default=())

    def frame(self) -> pd.DataFrame:
        """One row a source and table."""
        import pandas as pd

        names = ["source", "table", "from", "to", "stated", "schools_said", "schools", "people", "no_row_means"]
        return pd.DataFrame(list(self.rows), columns=names)

    def schools(self) -> pd.DataFrame:
        """One row a source, table and school that has a roll; ``rows`` is 0 where the source sent none of it."""
        import pandas as pd

        return pd.DataFrame(list(self.by_school), columns=["source", "table", "school_id", "name", "pupils", "rows", "first", "last"])

    def __repr__(self) -> str:
        return f"Coverage({len(self.rows)} sources and tables, {len(self.by_school)} of schools)"

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        return frame_html(self.frame(), title="What the sources cover")


def coverage_of(connection: duckdb.DuckDBPyConnection, parts: dict[str, str], said: Iterable[dict[str, Any]], tables: dict[str, Table]) -> Coverage:
    """Coverage of what is stored.

    Parameters
    ----------
    parts : dict
        Table → SQL for its records.
    said : iterable of dict
        The version's coverage: source, table, covers_from, covers_to, stated, schools.
    """
    rows = []
    for row in sorted(said, key=lambda one: (one["source"], one["table"])):
        name, table = row["table"], tables.get(row["table"])
        if name not in parts or table is None:
            continue
        people = "count(DISTINCT source_person_id)" if table.has_person else "max(NULL)"
        schools = "count(DISTINCT school_id)" if "school_id" in table else "max(NULL)"
        [(n_people, n_schools)] = connection.execute(
            f"SELECT {people}, {schools} FROM {parts[name]} WHERE source = ? AND known_to IS NULL", [row["source"]]
        ).fetchall()
        dated = name not in _LISTS
        schools_said = row.get("schools")
        rows.append(
            {
                "source": row["source"], "table": name, "from": row["covers_from"] if dated else None, "to": row["covers_to"],
                "stated": bool(row.get("stated")), "schools_said": ", ".join(schools_said) if isinstance(schools_said, list | tuple) else schools_said or "",
                "schools": n_schools, "people": n_people, "no_row_means": MEANS.get(table.covered_by, "not known") if dated else "not on the list",
            }
        )  # fmt: skip
    return Coverage(tuple(rows), tuple(_by_school(connection, parts, rows, tables)))


def _by_school(
    connection: duckdb.DuckDBPyConnection, parts: dict[str, str], rows: list[dict[str, Any]], tables: dict[str, Table]
) -> list[dict[str, Any]]:
    """Of the tables that schools send, what came of each school with pupils on its roll."""
    if "enrolments" not in parts:
        return []
    names = (
        f"(SELECT school_id, any_value(name) AS name FROM {parts['schools']} WHERE known_to IS NULL GROUP BY school_id)"
        if "schools" in parts
        else None
    )
    out: list[dict[str, Any]] = []
    for row in rows:
        table = tables[row["table"]]
        if "school_id" not in table or not table.has_person or row["table"] == "enrolments":
            continue
        found = connection.execute(
            f"WITH rolls AS (SELECT school_id, count(DISTINCT source_person_id) AS pupils FROM {parts['enrolments']} WHERE known_to IS NULL "
            f"AND start_on <= CAST(? AS DATE) AND coalesce(end_on, DATE '9999-12-31') >= CAST(? AS DATE) GROUP BY school_id), "
            f"sent AS (SELECT school_id, count(*) AS n, min(happened_on) AS first, max(happened_on) AS last FROM {parts[row['table']]} "
            f"WHERE source = ? AND known_to IS NULL GROUP BY school_id) "
            f"SELECT school_id, {'any_value(names.name)' if names else 'NULL'}, max(pupils), coalesce(max(n), 0), max(first), max(last) "
            f"FROM rolls LEFT JOIN sent USING (school_id) {f'LEFT JOIN {names} AS names USING (school_id)' if names else ''} GROUP BY school_id ORDER BY school_id",
            [str(row["to"]), str(row["to"]), row["source"]],
        ).fetchall()
        keys = ("school_id", "name", "pupils", "rows", "first", "last")
        out += [{"source": row["source"], "table": row["table"], **dict(zip(keys, one, strict=True))} for one in found]
    return out
