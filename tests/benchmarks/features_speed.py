"""One measurement of feature building, in a process of its own: seconds by the clock, seconds of processor time, the most memory it held.

python tests/benchmarks/features_speed.py prepare 10000 FOLDER     make a council, take in one school year and the running term, link, cohort
python tests/benchmarks/features_speed.py copies 3 FROM TO         a prepared council three times over, as another prepared one
python tests/benchmarks/features_speed.py declared|sql|pandas FOLDER   ten attendance features at one date, three ways
python tests/benchmarks/features_speed.py whole 6 FOLDER           `build_features` with the whole catalogue at so many dates
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LAST = date(2025, 11, 10)  #: the date of the made-up council's lists
#: Marks of one school year and of the running term; two of the schools send all their years in one file.
MARKS = "attendance/202[45]_2[56]/marks_*.parquet"
TEN = (
    "absence_share_90d", "absence_share_365d", "absence_change_90d", "unauthorised_share_90d", "illness_share_90d", "late_share_90d", "late_share_365d",
    "absence_days_6sw", "part_time_share_90d", "alternative_provision_share_90d",
)  # fmt: skip


def dates(count: int) -> list[date]:
    """The last date and as many before it, two weeks apart."""
    return [LAST - timedelta(days=14 * i) for i in range(count)]


def settings(folder: Path) -> Any:
    from early_id.config.load import load_config

    cfg = load_config(folder / "council" / "config.yaml", out=folder / "out")
    sources = tuple(s.model_copy(update={"files": MARKS}) if s.files == "attendance/*/marks_*.parquet" else s for s in cfg.sources)
    return cfg.model_copy(update={"sources": sources})


def prepare(children: int, folder: Path) -> dict[str, Any]:
    """Everything that is not measured."""
    from early_id.data.store import Store
    from early_id.data.synth import make_council
    from early_id.features.cohort import council_cohort
    from early_id.features.past import Past
    from early_id.linkage import link

    made = folder / "council"
    if not made.exists():
        make_council(children, 1, made)
    cfg = settings(folder)
    store = Store.open(cfg)
    if not store.version.tables:
        store.ingest(cfg=cfg)
    people = link(store, key=cfg.project.key)
    people.person_links.to_parquet(folder / "links.parquet")
    people.family_spells.to_parquet(folder / "spells.parquet")
    (folder / "key.txt").write_text(people.key, encoding="utf-8")
    cohort = council_cohort(Past(store, people, LAST), cfg).index
    cohort[["child_id", "family_id", "school_id"]].reset_index(drop=True).to_parquet(folder / "cohort.parquet")
    return {"children": children, "cohort": len(cohort), "marks": int(store.table("attendance").count().execute())}


def copies(count: int, source: Path, folder: Path) -> dict[str, Any]:
    """A prepared council ``count`` times over, written from its stored parts: the same records under other ids and names, in schools of their own."""
    import shutil

    import duckdb

    own = {"source_person_id", "upn", "nhs_number", "surname", "uprn", "school_id", "household_id", "child_id", "family_id"}
    shutil.copytree(source, folder, ignore=lambda _, names: [name for name in names if name == "extracts" or name.endswith(".parquet")])
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    for path in (
        *sorted((source / "out" / "store" / "parts").glob("*.parquet")),
        *(source / f"{name}.parquet" for name in ("links", "spells", "cohort")),
    ):
        held = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
        texts = [name for name, kind, *_ in held if name in own and kind == "VARCHAR"]
        parts = []
        for number in range(count):
            changed = ", ".join(f'"{name}" || \'~{number}\' AS "{name}"' for name in texts)
            parts.append(f"SELECT * {f'REPLACE ({changed})' if texts else ''} FROM read_parquet('{path}')")
        beside = folder / path.relative_to(source)
        beside.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"COPY ({' UNION ALL '.join(parts)}) TO '{beside}' (FORMAT parquet, COMPRESSION zstd)")
    cohort, marks = pd.read_parquet(folder / "cohort.parquet"), folder / "out" / "store" / "parts" / "attendance-000001.parquet"
    return {"copies": count, "cohort": len(cohort), "marks": connection.execute(f"SELECT count(*) FROM read_parquet('{marks}')").fetchall()[0][0]}


def opened(folder: Path) -> tuple[Any, Any, Any]:
    """Settings, store and people as prepared."""
    from early_id.data.store import Store
    from early_id.linkage import People

    cfg = settings(folder)
    key = (folder / "key.txt").read_text(encoding="utf-8")
    return cfg, Store.open(cfg), People(pd.read_parquet(folder / "links.parquet"), pd.read_parquet(folder / "spells.parquet"), key=key)


def declared(folder: Path) -> Callable[[], pd.DataFrame]:
    """The ten as declared, through `build_at`."""
    from early_id.core.calendar import usual_calendar
    from early_id.features import catalogue
    from early_id.features.build import build_at
    from early_id.features.past import Past

    cfg, store, people = opened(folder)
    cohort = pd.read_parquet(folder / "cohort.parquet")
    return lambda: build_at(Past(store, people, LAST), cohort, catalogue().only(TEN), calendar=usual_calendar(), settings=cfg.features).values[
        list(TEN)
    ]


def _known_by_hand(folder: Path) -> tuple[Path, pd.DataFrame, dict[str, Any], date, date]:
    """Part file, subjects, code sets, and the school weeks of the one window that goes by them: what both ways by hand start from."""
    from early_id.core.calendar import usual_calendar
    from early_id.features.declare import last_school_weeks
    from early_id.features.windows import span
    from early_id.schema import absence
    from early_id.schema.codes import code_list

    _, store, people = opened(folder)
    moment = pd.Timestamp(LAST)
    links = people.person_links
    links = links[(links["known_from"] < moment) & (links["known_to"].isna() | (links["known_to"] >= moment))]
    cohort = pd.read_parquet(folder / "cohort.parquet").rename_axis("rid").reset_index()
    subjects = cohort.merge(links, on="child_id")[["rid", "school_id", "source", "source_person_id"]].drop_duplicates()
    names = {
        "absent": "IS_ABSENT_FOR_FEATURES", "possible": "IS_POSSIBLE_FOR_FEATURES", "unauthorised": "IS_UNAUTHORISED_FOR_FEATURES", "ill": "IS_ILLNESS",
        "late": "IS_LATE", "part_time": "IS_PART_TIME", "offsite": "IS_ALTERNATIVE_PROVISION", "any": "IS_ANY_SESSION",
    }  # fmt: skip
    sets = {name: sorted(getattr(absence, constant).values) for name, constant in names.items()}
    start, end = span(last_school_weeks(6), LAST, usual_calendar())
    part = store.folder / "parts" / store.version.tables["attendance"]
    return part, subjects, {**sets, "stand_ins": code_list("attendance").stand_ins()}, start, end


def _shares(sums: pd.DataFrame, rows: int) -> pd.DataFrame:
    """From counts to the ten features: unknown with fewer than 20 sessions."""

    def share(n: str, m: str) -> Any:
        return (sums[n] / sums[m].where(sums[m] >= 20)).astype("float64")

    pairs = {
        "absence_share_90d": ("absent_90", "possible_90"), "absence_share_365d": ("absent_365", "possible_365"),
        "unauthorised_share_90d": ("unauthorised_90", "possible_90"), "illness_share_90d": ("ill_90", "possible_90"),
        "late_share_90d": ("late_90", "possible_90"), "late_share_365d": ("late_365", "possible_365"),
        "part_time_share_90d": ("part_time_90", "any_90"), "alternative_provision_share_90d": ("offsite_90", "any_90"),
    }  # fmt: skip
    found = pd.DataFrame({name: share(*pair) for name, pair in pairs.items()})
    found["absence_change_90d"] = found["absence_share_90d"] - share("absent_before", "possible_before")
    found["absence_days_6sw"] = sums["absent_days"].where(sums["due"] >= 20).astype("float64")
    return found.reindex(range(rows))[list(TEN)]


def sql(folder: Path) -> Callable[[], pd.DataFrame]:
    """The ten as one query that a person would write for DuckDB."""
    import duckdb

    part, subjects, sets, start, end = _known_by_hand(folder)

    def codes(name: str) -> str:
        return "(" + ", ".join(f"'{code}'" for code in sets[name]) + ")"

    wanted = [(what, f"{what}_{days}", f"day >= DATE '{LAST - timedelta(days=days)}'") for days in (90, 365) for what in sets if what != "stand_ins"]
    wanted += [(what, f"{what}_before", f"day < DATE '{LAST - timedelta(days=90)}'") for what in ("absent", "possible")]
    possible = f" AND code IN {codes('possible')}"
    within = dict.fromkeys(("absent", "unauthorised", "ill", "late"), possible)
    wanted = [item for item in wanted if not item[1].endswith("_365") or item[0] in ("absent", "possible", "late")]
    counted = ", ".join(f"count(*) FILTER (WHERE code IN {codes(what)}{within.get(what, '')} AND {when}) AS {name}" for what, name, when in wanted)
    stand_ins = " ".join(f"WHEN '{code}' THEN '{other}'" for code, other in sets["stand_ins"].items())
    query = f"""
        WITH marks AS (
            SELECT s.rid, m.happened_on AS day, CASE m.code {stand_ins} ELSE m.code END AS code
            FROM read_parquet('{part}') AS m JOIN subjects AS s ON m.source = s.source AND m.source_person_id = s.source_person_id AND m.school_id = s.school_id
            WHERE m.happened_on >= DATE '{LAST - timedelta(days=365)}' AND m.happened_on < DATE '{LAST}'
            AND m.known_from < DATE '{LAST}' AND (m.known_to IS NULL OR m.known_to >= DATE '{LAST}')
            AND NOT (m.code IN ('N', '-') AND m.happened_on >= DATE '{LAST - timedelta(days=7)}')
        )
        SELECT rid, {counted},
            count(*) FILTER (WHERE code IN {codes("possible")} AND day >= DATE '{start}' AND day < DATE '{end}') AS due,
            count(DISTINCT CASE WHEN code IN {codes("absent")} AND day >= DATE '{start}' AND day < DATE '{end}' THEN day END) AS absent_days
        FROM marks GROUP BY rid"""
    connection, rows = duckdb.connect(), int(subjects["rid"].max()) + 1
    connection.execute("SET enable_progress_bar = false")
    cohort = len(pd.read_parquet(folder / "cohort.parquet"))
    assert cohort >= rows

    def run() -> pd.DataFrame:
        connection.register("subjects", subjects)
        return _shares(connection.execute(query).df().set_index("rid"), cohort)

    return run


def pandas(folder: Path) -> Callable[[], pd.DataFrame]:
    """The ten in plain pandas, as a careful person would: only the columns and the year that are needed, Arrow types, one pass of group sums."""
    part, subjects, sets, start, end = _known_by_hand(folder)
    cohort = len(pd.read_parquet(folder / "cohort.parquet"))

    def run() -> pd.DataFrame:
        columns = ["source", "source_person_id", "school_id", "code", "happened_on", "known_from", "known_to"]
        year = [("happened_on", ">=", LAST - timedelta(days=365)), ("happened_on", "<", LAST), ("known_from", "<", LAST)]
        marks = pd.read_parquet(part, columns=columns, filters=year, dtype_backend="pyarrow")
        marks = marks[marks["known_to"].isna() | (marks["known_to"] >= LAST)]
        marks = marks[~(marks["code"].isin(["N", "-"]) & (marks["happened_on"] >= LAST - timedelta(days=7)))]
        marks = marks.merge(subjects.convert_dtypes(dtype_backend="pyarrow"), on=["source", "source_person_id", "school_id"])
        code, day = marks["code"].replace(sets["stand_ins"]), marks["happened_on"]
        recent = day >= LAST - timedelta(days=90)
        met = {name: code.isin(values) for name, values in sets.items() if name != "stand_ins"}
        for name in ("absent", "unauthorised", "ill", "late"):
            met[name] &= met["possible"]
        counted = {f"{name}_90": mask & recent for name, mask in met.items()}
        counted |= {f"{name}_365": met[name] for name in ("absent", "possible", "late")} | {
            f"{name}_before": met[name] & ~recent for name in ("absent", "possible")
        }
        sums = pd.DataFrame(counted).astype("int64").groupby(marks["rid"].astype("int64")).sum()
        inside = (day >= start) & (day < end)
        sums["due"] = (met["possible"] & inside).astype("int64").groupby(marks["rid"].astype("int64")).sum()
        weeks = code.isin(sets["absent"]) & inside
        sums["absent_days"] = day[weeks].groupby(marks.loc[weeks, "rid"].astype("int64")).nunique().reindex(sums.index).fillna(0)
        return _shares(sums, cohort)

    return run


def whole(count: int, folder: Path) -> Callable[[], pd.DataFrame]:
    """Cohort, the whole catalogue, groups and outcomes, as a run builds them."""
    from early_id.features import build_features, catalogue

    cfg, store, people = opened(folder)
    return lambda: build_features(store, people, catalogue(), as_of=dates(count), settings=cfg).X


def measure(work: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, Any]]:
    clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    answer = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answer, {
        "seconds": round(time.perf_counter() - clock, 2), "processor_seconds": round(busy, 2), "peak_mb": round(after.ru_maxrss * 1024 / 1e6),
        "rows": len(answer), "features": answer.shape[1],
    }  # fmt: skip


def main(words: list[str]) -> dict[str, Any]:
    what, folder = words[0], Path(words[-1])
    if what == "prepare":
        return prepare(int(words[1]), folder)
    if what == "copies":
        return copies(int(words[1]), Path(words[2]), folder)
    work = whole(int(words[1]), folder) if what == "whole" else {"declared": declared, "sql": sql, "pandas": pandas}[what](folder)
    answer, found = measure(work)
    if what != "whole":
        answer.reset_index(drop=True).to_parquet(folder / f"ten_{what}.parquet")
    found["measured_on"], found["load"] = date.today().isoformat(), round(os.getloadavg()[0], 1)
    return {"what": what, **({"dates": int(words[1])} if what == "whole" else {}), **found, "known": int(np.isfinite(answer.to_numpy()).sum())}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
