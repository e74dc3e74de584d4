"""What people decided about lists, kept beside the store's records and never among them.

```
store/decisions/
  current.json                   which version is current
  decisions-000002.parquet       every line that ever came back, as it came; a line is added and never changed
  workbooks/3f2a….xlsx           the workbooks as they came, so that nothing is lost that nobody could read
```

No feature, cohort or outcome reads this folder: a family's answer must never come back to it as a sign. An import contract keeps ``features`` and
``models`` from this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.core.errors import InputDataError
from early_id.core.folders import restrict

FOLDER = "decisions"
#: kind: ``decision`` on a listed child, ``own`` family of a reader, ``countersign`` of a step-up, ``reading`` at random; ``aside``: a line or workbook that could
#: not be attached (``reason`` says why), ``settled``: somebody has seen to the line set aside whose number stands in ``row``.
KINDS = ("decision", "own", "countersign", "reading", "aside", "settled")
COLUMNS: dict[str, str] = {
    "number": "int64", "kind": "str", "list_as_of": "str", "audience": "str", "recipient": "str", "key": "str", "child_id": "str", "family": "str",
    "name": "str", "year": "str", "noticed": "str", "decision": "str", "said": "str", "reason": "str", "decided_on": "str", "role": "str", "notes": "str",
    "file_sha256": "str", "row": "int64", "imported_on": "str", "file": "str",
}  # fmt: skip


def read_decisions(store: Path) -> pd.DataFrame:
    """Every line that came back, in order of arrival; dates as text (YYYY-MM-DD), what is not given as an empty string.

    Raises
    ------
    InputDataError
        The folder is damaged.
    """
    pointer = store / FOLDER / "current.json"
    if not pointer.is_file():
        return _typed(pd.DataFrame(columns=list(COLUMNS)))
    try:
        path = store / FOLDER / json.loads(pointer.read_text(encoding="utf-8"))["file"]
        return _typed(pd.read_parquet(path))
    except (OSError, ValueError, KeyError, TypeError):
        raise InputDataError("The decisions cannot be read.", where=str(pointer.parent), what_next="Restore the folder from a backup.") from None


def add_decisions(store: Path, rows: Iterable[Mapping[str, Any]], *, group: bool = False) -> int:
    """Add lines as a new version, written whole and made current by one rename; how many were added."""
    before, fresh = read_decisions(store), list(rows)
    if not fresh:
        return 0
    start = int(before["number"].max()) + 1 if len(before) else 1
    new = pd.DataFrame([{**dict.fromkeys(COLUMNS, ""), **row, "number": start + i} for i, row in enumerate(fresh)])
    _publish(store, pd.concat([before, _typed(new)], ignore_index=True), group=group)
    return len(fresh)


def keep_only(store: Path, keep: pd.Series, *, group: bool = False) -> int:
    """Take lines out for good (retention, erasure): a new version without them, and no older one left beside it; how many went."""
    before = read_decisions(store)
    gone = int((~keep).sum())
    if gone:
        _publish(store, before[keep.to_numpy()].reset_index(drop=True), group=group)
    pointer = store / FOLDER / "current.json"
    if pointer.is_file():  # also where nothing goes: a run that broke off may have left older versions
        current = json.loads(pointer.read_text(encoding="utf-8"))["file"]
        for old in (store / FOLDER).glob("decisions-*.parquet"):
            if old.name != current:
                old.unlink()
    return gone


def keep_workbook(store: Path, digest: str, content: bytes, *, group: bool = False) -> Path:
    """Keep a workbook as it came; the same content is kept once."""
    path = store / FOLDER / "workbooks" / f"{digest[:16]}.xlsx"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        restrict(store / FOLDER, group=group)
        beside = path.with_suffix(".tmp")
        beside.write_bytes(content)
        beside.replace(path)
        restrict(path, group=group)
    return path


def _publish(store: Path, frame: pd.DataFrame, *, group: bool) -> None:
    folder = store / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.stem.removeprefix("decisions-")) for path in folder.glob("decisions-*.parquet")]
    path = folder / f"decisions-{max(numbers, default=0) + 1:06d}.parquet"
    beside = path.with_suffix(".tmp")
    frame.to_parquet(beside, index=False)
    beside.replace(path)
    pointer = folder / ".current.json"
    pointer.write_text(json.dumps({"file": path.name, "rows": len(frame)}), encoding="utf-8")
    pointer.replace(folder / "current.json")
    restrict(folder, group=group)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    made = {
        name: pd.to_numeric(frame[name], errors="coerce").fillna(0).astype("int64") if kind == "int64" else frame[name].fillna("").astype("str")
        for name, kind in COLUMNS.items()
        if name in frame
    }
    return pd.DataFrame({**made, **{name: "" for name in COLUMNS if name not in made}}, columns=list(COLUMNS), index=frame.index)
