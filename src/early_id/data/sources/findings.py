"""Codes of what is found about files as a whole, before any row is looked at."""

from __future__ import annotations

from early_id.core.findings import Finding
from early_id.core.types import Severity
from early_id.data.rules.declare import Rule

FILE_RULES: tuple[Rule, ...] = (
    Rule("SRC001", Severity.QUERY, (), "", "The file is not in UTF-8; it was read in the likeliest encoding.",
         "Look at a name with an accent in what was stored; if it is wrong, name the file's 'encoding' in the shape.", "data standards, section 7.2", scope="intake"),
    Rule("SRC002", Severity.QUERY, (), "", "There is one snapshot only of a source that records no dates, so all of it counts as known from that day.",
         "Keep dated snapshots: what was first seen, changed or gone shows from the second on. Nothing can be learned from before the first.", "data standards, section 4.3", scope="intake"),
    Rule("SRC003", Severity.QUERY, (), "", "The file is of no known shape and was not read.", "Write a shape for it (configs/README.md), or take it out of the folder.", scope="intake"),
    Rule("SRC004", Severity.NOTE, (), "", "The file, or a sheet of it, holds headings only.", "Nothing to do where the source has nothing to report.", scope="intake"),
    Rule("SRC005", Severity.QUERY, (), "", "A snapshot older than the newest one held was left out.",
         "Snapshots show what changed only in order of their days: take all of them into a new store.", scope="intake"),
)  # fmt: skip

_BY_CODE = {rule.code: rule for rule in FILE_RULES}


def file_finding(code: str, where: str, source: str = "", *, said: str = "") -> Finding:
    """One finding about a file; ``said`` adds what holds for this one."""
    rule = _BY_CODE[code]
    return Finding(code, rule.severity, f"{rule.message} {said}".strip(), rule.advice, 1, where=where, source=source)
