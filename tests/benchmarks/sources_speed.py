"""One measurement of reading and checking marks, in a process of its own: seconds by the clock and of processor time, the most memory it held.

python tests/benchmarks/sources_speed.py prepare 4400 10 FOLDER    a council's marks as CSV, a file a month, so many times over with other ids
python tests/benchmarks/sources_speed.py ours|pandas|pandera FOLDER   read every file, apply the checks of a mark, count what each finds

All three count the same faults (the counts are compared). Ours also does what the other two leave out: row numbers, the shape, the text of each cell at
fault, hashes, and who the person is as it was held before.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

RECEIVED = date(2025, 11, 9)
HEADINGS = ["PupilID", "SchoolID", "Date", "Session", "Code", "RecordedOn"]
#: What all three look for.
CODES = ("GEN001", "GEN002", "ATT001", "ATT002", "ATT003", "ATT004", "ATT006", "ATT007", "ATT009", "ATT011", "ATT012", "ORP001", "BIR001", "FUT001", "ENR001", "DUP001", "DUP002")  # fmt: skip


def prepare(children: int, copies: int, folder: Path) -> dict[str, Any]:
    """Marks of a made-up council as CSV, once for each copy under ids of its own; and the lists of people and schools."""
    import duckdb

    from early_id.data.synth import make_council

    council = folder / "council"
    if not council.exists():
        make_council(children, 1, council)
    extracts = council / "extracts"
    connection = duckdb.connect()
    marks = folder / "marks"
    marks.mkdir(exist_ok=True)
    total = 0
    for path in sorted((extracts / "attendance").rglob("*.parquet")):
        for copy in range(copies):
            target = marks / f"{path.stem}_{copy}.csv"
            who = f"PupilID || '{'' if copy == 0 else f'-{copy}'}' AS PupilID"
            connection.execute(f"COPY (SELECT {who}, SchoolID, Date, Session, Code, RecordedOn FROM read_parquet('{path}')) TO '{target}' (HEADER)")
            total += connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()[0][0]
    people = pd.read_csv(extracts / "education" / "pupils.csv", dtype=str)[["PupilID", "DOB"]]
    born = pd.to_datetime(people["DOB"], format="%d/%m/%Y", errors="coerce").fillna(pd.to_datetime(people["DOB"], format="%Y-%m-%d", errors="coerce"))
    people = people.assign(born=born).groupby("PupilID", as_index=False)["born"].min()
    whole = [people.assign(PupilID=people["PupilID"] + ("" if copy == 0 else f"-{copy}")) for copy in range(copies)]
    pd.concat(whole).to_parquet(folder / "people.parquet")
    pd.read_excel(extracts / "education" / "schools.xlsx", dtype=str)[["SchoolID"]].to_parquet(folder / "schools.parquet")
    return {"marks": total, "files": len(list(marks.iterdir())), "bytes": sum(path.stat().st_size for path in marks.iterdir())}


def ours(folder: Path) -> Counter[str]:
    """Through the functions that ingest calls."""
    from early_id.data.context import add_people, add_schools, make_context
    from early_id.data.engine import connect, raw
    from early_id.data.mapping import load_shapes
    from early_id.data.readers import bring_into_reach, check_columns, read_raw
    from early_id.data.stage import Incoming, stage
    from early_id.data.versions import mark_repeats
    from early_id.schema.tables import CANONICAL, Tables

    connection, shape, table = raw(connect()), load_shapes(Tables())["council_marks"], CANONICAL["attendance"]
    make_context(connection)
    people = f"(SELECT 'education' AS source, PupilID AS source_person_id, CAST(born AS DATE) AS birth_date, NULL AS died_on, NULL AS upn, NULL AS ethnicity FROM read_parquet('{folder / 'people.parquet'}'))"
    add_people(connection, people, place=1)
    add_schools(connection, f"(SELECT SchoolID AS school_id FROM read_parquet('{folder / 'schools.parquet'}'))")
    found: Counter[str] = Counter()
    for path in sorted((folder / "marks").iterdir()):
        read_raw(connection, path, shape, view="_raw", where=path.name)
        check_columns(connection, shape, view="_raw", where=path.name)
        bring_into_reach(connection, path, shape, view="_raw", where=path.name)
        stage(connection, view="_raw", into="_one", table=table, shape=shape, incoming=Incoming("education", path.name, RECEIVED))
        mark_repeats(connection, table, staged="_one", into="_marked")
        found.update(
            dict(connection.execute("SELECT c, count(*) FROM (SELECT unnest(codes) AS c FROM _marked WHERE len(codes) > 0) GROUP BY c").fetchall())
        )
        found["rows"] += connection.execute("SELECT count(*) FROM _marked").fetchall()[0][0]
    return found


class Lists:
    """People, schools and code lists as pandas needs them."""

    def __init__(self, folder: Path) -> None:
        from early_id.data.rules.marks import _ON_THE_DAY, _bank_holidays
        from early_id.schema.codes import code_list

        self.born = pd.read_parquet(folder / "people.parquet").set_index("PupilID")["born"]
        self.schools = set(pd.read_parquet(folder / "schools.parquet")["SchoolID"])
        marks = code_list("attendance")
        self.marks = set(marks.values())
        self.valid = {code.code: (code.valid_from, code.valid_to) for code in marks.codes if code.valid_from or code.valid_to}
        self.holidays = pd.to_datetime(_bank_holidays())
        self.not_due = marks.having(category="not_possible_session") | {"#", "X", "Z", "-", "Y"}
        self.on_the_day = {code.strip("'") for code in _ON_THE_DAY.split(", ")}


def _dates(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, format="%d/%m/%Y", errors="coerce").fillna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))


def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return frame.apply(lambda column: column.str.strip())


def _faults(frame: pd.DataFrame, lists: Lists) -> dict[str, pd.Series]:
    """Code → rows at fault, of the checks that look at a row and the lists."""
    day, known = _dates(frame["Date"]), _dates(frame["RecordedOn"])
    code, session, who = frame["Code"], frame["Session"], frame["PupilID"]
    born = lists.born.reindex(who).set_axis(frame.index)
    listed = who.isin(lists.born.index)
    outside = pd.Series(False, index=frame.index)
    for name, (first, last) in lists.valid.items():
        mine = code == name
        if first:
            outside |= mine & (day < pd.Timestamp(first))
        if last:
            outside |= mine & (day > pd.Timestamp(last))

    def reached(years: int) -> pd.Series:
        return day >= born + pd.DateOffset(years=years)

    return {
        "GEN001": ((frame["Date"] != "") & day.isna()) | ((frame["RecordedOn"] != "") & known.isna()),
        "GEN002": (frame[["PupilID", "SchoolID", "Session", "Code", "Date"]] == "").any(axis=1),
        "ATT001": (code != "") & ~code.isin(lists.marks),
        "ATT002": (session != "") & ~session.isin(["AM", "PM"]),
        "ATT003": day.dt.dayofweek.isin([5, 6]) & (code != "") & ~code.isin(["#", "-", "X"]),
        "ATT004": day.isin(lists.holidays) & (code != "") & ~code.isin(lists.not_due),
        "ATT006": outside,
        "ATT007": ((code == "/") & (session == "PM")) | ((code == "\\") & (session == "AM")),
        "ATT009": (known < day) & code.isin(lists.on_the_day),
        "ATT011": (code == "S") & born.notna() & day.notna() & ~reached(14),
        "ATT012": born.notna() & day.notna() & (reached(20) | ~reached(2)),
        "ORP001": (who != "") & ~listed,
        "BIR001": day < born,
        "FUT001": day > pd.Timestamp(RECEIVED + timedelta(days=366)),
        "ENR001": (frame["SchoolID"] != "") & ~frame["SchoolID"].isin(lists.schools),
    }


def _repeats(frame: pd.DataFrame, faults: dict[str, pd.Series]) -> dict[str, int]:
    """Exact repeats, and rows of one day that contradict the first."""
    whole = frame[~(faults["GEN001"] | faults["GEN002"])]
    day = _dates(whole["Date"]).dt.strftime("%Y%m%d") + _dates(whole["RecordedOn"]).dt.strftime("%Y%m%d").fillna("")
    keyed = whole.assign(day=day)
    key = ["PupilID", "SchoolID", "day", "Session"]
    again = keyed.duplicated([*key, "Code"])
    several = keyed[keyed.duplicated(key, keep=False)]
    first = several.groupby(key)["Code"].transform("first")
    return {
        "DUP001": int(again.sum()),
        "DUP002": int((several["Code"] != first).sum() - (again.reindex(several.index) & (several["Code"] != first)).sum()),
    }


def with_pandas(folder: Path) -> Counter[str]:
    """pandas.read_csv and the same checks on whole columns."""
    lists, found = Lists(folder), Counter[str]()
    for path in sorted((folder / "marks").iterdir()):
        frame = _read(path)
        faults = _faults(frame, lists)
        found.update({code: int(rows.sum()) for code, rows in faults.items()})
        found.update(_repeats(frame, faults))
        found["rows"] += len(frame)
    return found


def with_pandera(folder: Path) -> Counter[str]:
    """The same through pandera: a schema whose checks are those above, lazy, so that every fault is counted."""
    import pandera.errors
    import pandera.pandas as pa

    lists, found = Lists(folder), Counter[str]()
    for path in sorted((folder / "marks").iterdir()):
        frame = _read(path)
        faults = _faults(frame, lists)
        # Wide checks get the frame and give a column of truth, as pandera wants it.
        checks = [pa.Check(lambda _, rows=rows: ~rows.fillna(False), name=code) for code, rows in faults.items()]
        schema = pa.DataFrameSchema({name: pa.Column(str, coerce=False) for name in HEADINGS}, checks=checks, strict=True)
        try:
            schema.validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            cases = error.failure_cases
            found.update(cases[cases["column"].eq(HEADINGS[0]) | cases["column"].isna()].groupby("check")["index"].nunique().to_dict())
        found.update(_repeats(frame, faults))
        found["rows"] += len(frame)
    return found


WAYS: dict[str, Callable[[Path], Counter[str]]] = {"ours": ours, "pandas": with_pandas, "pandera": with_pandera}


def measured(way: str, folder: Path) -> dict[str, Any]:
    """What one way took."""
    start = time.perf_counter()
    found = WAYS[way](folder)
    took = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "way": way, "rows": found["rows"], "seconds": round(took, 1), "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": used.ru_maxrss // 1024, "found": {code: found[code] for code in CODES if found[code]},
    }  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("EARLY_ID_MEMORY", "1200MB")
    if sys.argv[1] == "prepare":
        print(json.dumps(prepare(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))))
    else:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
