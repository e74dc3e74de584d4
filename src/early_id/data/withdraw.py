"""Take back an earlier reading of a file that has been read again under other instructions.

Nothing is lost: the version of the store before still holds the rows. In the new one they are gone, with what they had closed and covered, and the
batch that brought them says so under ``withdrawn``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from early_id.data.engine import quote, text

if TYPE_CHECKING:
    import duckdb

    from early_id.data.store import Version


@dataclass(frozen=True)
class Withdrawal:
    """The readings that are replaced, and what stays of the version that held them."""

    version: Version
    files: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, version: Version, files: list[dict[str, Any]]) -> Withdrawal:
        """``files``: records of the version's batches, each with its ``batch``."""
        return cls(version, tuple(files))

    @property
    def tables(self) -> set[str]:
        """Tables that lose rows."""
        return {file["table"] for file in self.files if file["table"] in self.version.tables}

    def predicate(self, table: str) -> str:
        """SQL that holds for the rows of ``table`` to take back."""
        # A row of a store that kept no batch is told by its day of receipt.
        rows = [
            f"(source = {text(file['source'])} AND file = {text(file['file'])} AND "
            f"coalesce(batch = {int(file['batch'])}, received_on = {text(file['received'])}::DATE))"
            for file in self.files
            if file["table"] == table
        ]
        return " OR ".join(rows) or "false"

    def _staying(self, source: str, table: str) -> list[dict[str, Any]]:
        """Records of the other files of a source and table."""
        every = [{**file, "batch": batch["number"]} for batch in self.version.batches for file in batch["files"]]
        return [file for file in every if (file["source"], file["table"]) == (source, table) and file not in self.files]

    def coverage(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(source, table) → what it covers by the files that stay."""
        kept: dict[tuple[str, str], dict[str, Any]] = {}
        touched = {(file["source"], file["table"]) for file in self.files}
        for row in self.version.coverage:
            key = (row["source"], row["table"])
            staying = self._staying(*key)
            if key not in touched:
                kept[key] = row
            elif staying:
                kept[key] = {**row, "covers_to": min(row["covers_to"], max(file["received"] for file in staying))}
        return kept

    def assumptions(self) -> dict[str, str]:
        """Assumptions about the files that stay."""
        gone = {f"{f['source']}: {f['table']}" for f in self.files if not self._staying(f["source"], f["table"])}
        return {name: said for name, said in self.version.assumptions.items() if name not in gone}

    def batches(self, number: int) -> list[dict[str, Any]]:
        """The version's batches; what batch ``number`` replaces stands apart, so that no row is counted twice."""
        return [self._batch(batch, number) for batch in self.version.batches]

    def _batch(self, batch: dict[str, Any], number: int) -> dict[str, Any]:
        gone = [{k: v for k, v in file.items() if k != "batch"} for file in self.files if file["batch"] == batch["number"]]
        if not gone:
            return batch
        files = [file for file in batch["files"] if file not in gone]
        left, taken = {(f["source"], f["file"]) for f in files}, {(f["source"], f["file"]) for f in gone}
        with_them = [row for row in batch["findings"] if (row["source"], row["where"]) in taken - left]
        withdrawn = {"by_batch": number, "files": gone, "findings": with_them}
        findings = [row for row in batch["findings"] if row not in with_them]
        return {**batch, "files": files, "findings": findings, "withdrawn": [*batch.get("withdrawn", []), withdrawn]}


def without(connection: duckdb.DuckDBPyConnection, held: str, old: Withdrawal, table: str, *, into: str) -> None:
    """The records ``held`` of a table without those to take back; what a withdrawn snapshot closed is open again."""
    closed = " OR ".join(
        f"(source = {text(file['source'])} AND gone_on = {text(file['received'])}::DATE)" for file in old.files if file["table"] == table
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote(into)} AS SELECT * REPLACE (CASE WHEN {closed or 'false'} THEN NULL ELSE gone_on END AS gone_on) "
        f"FROM {quote(held)} WHERE NOT ({old.predicate(table)})"
    )
