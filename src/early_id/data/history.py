"""What the batches of a store say together: what stands now, since when, and how it changes. Counts only.

What stands is told by the newest reading of each file. A finding stands since the first of the batches that follow each other in which its source sent
the table and it was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data.covered import Coverage

if TYPE_CHECKING:
    import pandas as pd

#: A batch as a version of the store keeps it.
Record = dict[str, Any]
#: Findings that say that a file was not read anew, which is no state of the file.
_OF_THE_MOMENT = ("FIL001", "FIL002")


@dataclass(frozen=True)
class Taken:
    """What a store has taken in: its batches, and what its sources cover. No rows."""

    batches: tuple[Record, ...]
    coverage: Coverage
    made_up: bool = False
    further: Findings = field(default_factory=Findings)  #: of later steps, such as linking

    @property
    def standing(self) -> tuple[list[dict[str, Any]], Findings]:
        """Files as they were read last, and what was found in them."""
        return standing(self.batches)

    def trend(self) -> pd.DataFrame:
        """One row a batch."""
        return trend(self.batches)


def received(record: Record) -> str:
    """The newest day on which a file of a batch was received."""
    return max((str(file["received"]) for file in record["files"]), default="")


def as_it_was(record: Record) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Files and findings of a batch when it came in, those that a later reading took back among them."""
    taken_back = record.get("withdrawn", ())
    return (
        [*record["files"], *(file for one in taken_back for file in one["files"])],
        [*record["findings"], *(row for one in taken_back for row in one["findings"])],
    )


def _table_of(record: Record, row: dict[str, Any]) -> str:
    """The table of the file that a finding is about; of what did not come, the table itself is named."""
    return next((str(file["table"]) for file in record["files"] if file["file"] == row["where"]), str(row["where"]))


def with_since(findings: Iterable[Finding], record: Record, before: Sequence[Record]) -> tuple[Finding, ...]:
    """Each finding of a batch with the day since which it stands.

    Parameters
    ----------
    record : dict
        The batch itself; of its files the source, table and day are read.
    before : sequence of dict
        Earlier batches, oldest first.
    """
    sent = [{(str(f["source"]), str(f["table"])): str(f["received"]) for f in one["files"]} for one in before]
    found = [{(str(r["code"]), str(r["source"]), _table_of(one, r)) for r in one["findings"]} for one in before]
    now = {(str(f["source"]), str(f["file"])): str(f["received"]) for f in record["files"]}
    out = []
    for item in findings:
        table = _table_of(record, {"where": item.where})
        since = now.get((item.source, item.where), received(record))
        for there, seen in zip(reversed(sent), reversed(found), strict=True):
            if (item.source, table) not in there:
                continue
            if (item.code, item.source, table) not in seen:
                break
            since = there[item.source, table]
        out.append(replace(item, since=since))
    return tuple(out)


def standing(batches: Sequence[Record]) -> tuple[list[dict[str, Any]], Findings]:
    """Files as they were read last, each with its ``batch``, and what was found in them."""
    newest: dict[tuple[str, str, str], Record] = {}
    tables: dict[tuple[str, str], Record] = {}
    for record in batches:
        for file in record["files"]:
            newest[str(file["source"]), str(file["table"]), str(file["file"])] = record
            tables[str(file["source"]), str(file["table"])] = record
    files = [
        {**file, "batch": record["number"]}
        for record in batches
        for file in record["files"]
        if newest[str(file["source"]), str(file["table"]), str(file["file"])] is record
    ]
    rows = []
    for record in batches:
        names = {str(file["file"]) for file in record["files"]}
        for row in record["findings"]:
            if row["code"] in _OF_THE_MOMENT:
                continue
            table = _table_of(record, row)
            last = newest.get((str(row["source"]), table, str(row["where"]))) if row["where"] in names else tables.get((str(row["source"]), table))
            if last is record:
                rows.append(row)
    return files, Findings.from_json(rows)


def trend(batches: Sequence[Record]) -> pd.DataFrame:
    """One row a batch: received, files, rows in, kept, set aside, put right, still waiting, and rows of each severity."""
    import pandas as pd

    rows = []
    for record in batches:
        files, findings = as_it_was(record)
        counts = {name: sum(int(file.get(name, 0)) for file in files) for name in ("rows_in", "rows_kept", "rows_set_aside", "rows_cleared")}
        by_severity = {
            str(severity).lower(): sum(
                int(row["count"]) for row in findings if row["severity"] == str(severity) and row["code"] not in _OF_THE_MOMENT
            )
            for severity in Severity
        }
        rows.append(
            {
                "batch": record["number"],
                "received": received(record),
                "files": len(files),
                **counts,
                "waiting": record.get("waiting", 0),
                **by_severity,
            }
        )
    names = ["batch", "received", "files", "rows_in", "rows_kept", "rows_set_aside", "rows_cleared", "waiting", "error", "query", "note"]
    return pd.DataFrame(rows, columns=names)


def code_trend(batches: Sequence[Record], *, last: int = 6) -> pd.DataFrame:
    """One row a code: how often it was found in each of the ``last`` batches, whose numbers are the columns."""
    import pandas as pd

    shown = list(batches)[-last:]
    totals: dict[str, dict[int, int]] = {}
    for record in shown:
        for row in as_it_was(record)[1]:
            if row["code"] not in _OF_THE_MOMENT:
                of_code = totals.setdefault(str(row["code"]), {})
                of_code[record["number"]] = of_code.get(record["number"], 0) + int(row["count"])
    columns = [record["number"] for record in shown]
    frame = pd.DataFrame(
        [{"code": code, **{n: counts.get(n, 0) for n in columns}} for code, counts in sorted(totals.items())], columns=["code", *columns]
    )
    return frame
