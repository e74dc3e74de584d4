"""Databases: a real PostgreSQL, started here as an unprivileged user in a folder of its own, and SQL Server up to the connection.

Skipped with the reason where Debian's package ``postgresql`` is not installed; ``.ci/run`` installs it, and with ``EARLY_ID_REQUIRE_TOOLS`` it may not
be missing.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from early_id.config.load import make_config, shipped
from early_id.config.settings import Config
from early_id.core.errors import EarlyIdError, InputDataError, SettingsError
from early_id.data.sources import database
from early_id.data.sources.database import fetch
from early_id.data.store import Store
from intake import CANARIES, CANARY, MARK, PUPIL

SECRET = "Hypothetical-Password-7731"
OWNER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _program(name: str) -> str | None:
    return shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """The folder of the socket of a running cluster with the database ``council``; ``analyst`` signs in with a password, its owner without."""
    if _program("initdb") is None or _program("pg_ctl") is None:
        reason = "PostgreSQL is not installed here (Debian: apt-get install postgresql)"
        if os.environ.get("EARLY_ID_REQUIRE_TOOLS"):
            pytest.fail(reason)
        pytest.skip(reason)
    # A path of its own: that of a socket may not be long, and an unprivileged user has to reach it.
    folder = Path(tempfile.mkdtemp(prefix="eid-pg-", dir="/tmp"))
    as_owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, OWNER)
        as_owner = {"user": OWNER, "group": OWNER}

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program) or program, *arguments], cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **as_owner,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    data = folder / "data"
    try:
        run("initdb", "-D", str(data), "--auth=trust", "--no-sync", "-E", "UTF8", "-U", OWNER)
        (data / "pg_hba.conf").write_text("local all analyst scram-sha-256\nlocal all all trust\n", encoding="utf-8")
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start")
        try:
            _fill(folder)
            yield folder
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path) -> None:
    import psycopg

    with psycopg.connect(host=str(folder), user=OWNER, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE council")
        connection.execute(f"CREATE ROLE analyst LOGIN PASSWORD '{SECRET}'")
    with psycopg.connect(host=str(folder), user=OWNER, dbname="council", autocommit=True) as connection:
        connection.execute("CREATE SCHEMA education")
        connection.execute(
            'CREATE TABLE education.pupils ("PupilID" text, "UPN" char(13), "NHSNumber" bigint, "Forename" text, "Surname" text, "DOB" date, "Sex" char(1), '
            '"Ethnicity" text, "FirstLanguage" text, "SENProvision" text, "SENNeed" text, "Disability" boolean, "FSM" boolean, "FSMEver6" boolean, '
            '"IDACIDecile" smallint, "YoungCarer" text, "Postcode" text, "UPRN" numeric(12), "RecordedOn" timestamp)'
        )
        connection.execute(
            'INSERT INTO education.pupils ("PupilID", "UPN", "NHSNumber", "Forename", "Surname", "DOB", "Sex", "FSM", "IDACIDecile", "UPRN", "RecordedOn") '
            "VALUES ('P1', %s, %s, %s, 'Wintér', '2012-05-04', 'F', true, 3, 100012345678, '2024-09-02 08:30:00')",
            (PUPIL["upn"], int(PUPIL["nhs_number"]), CANARY),
        )
        connection.execute(
            'CREATE TABLE education.marks AS SELECT \'P1\'::text AS "PupilID", \'S1\'::text AS "SchoolID", d::date AS "Date", s AS "Session", '
            "CASE WHEN extract(dow FROM d) = 1 THEN 'I' ELSE '/' END AS \"Code\", (d + interval '1 day')::date AS \"RecordedOn\" "
            "FROM generate_series('2023-01-02'::date, '2024-12-20'::date, '1 day') AS d, (VALUES ('AM'), ('PM')) AS v(s)"
        )
        connection.execute("CREATE VIEW education.broken AS SELECT 1 / (count(*) - count(*)) AS x FROM education.marks")
        connection.execute("GRANT USAGE ON SCHEMA education TO analyst; GRANT SELECT ON ALL TABLES IN SCHEMA education TO analyst")


def settings(folder: Path, cluster: Path, **more: Any) -> Config:
    """Settings with pupils and marks out of the database, signed in as analyst."""
    (folder / "extracts").mkdir(exist_ok=True)
    (folder / "marks.sql").write_text("SELECT * FROM education.marks WHERE \"Date\" < '2024-09-01';\n", encoding="utf-8")
    base = {"uri": f"postgresql:///council?host={cluster}", "user_from": "COUNCIL_USER", "password_from": "COUNCIL_PASSWORD", **more}
    sources = [
        {"name": "education", "shape": "council_pupils", "received": "2025-03-03", "database": {**base, "table": "education.pupils"}},
        {"name": "education", "shape": "council_marks", "received": "2025-03-03", "database": {**base, "query": "marks.sql", "rows_at_a_time": 100}},
    ]
    return make_config({"sharing": shipped("sharing.yaml"), "sources": sources}, base=folder)


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNCIL_USER", "analyst")
    monkeypatch.setenv("COUNCIL_PASSWORD", SECRET)


@pytest.mark.usefixtures("signed_in")
def test_a_table_and_a_query_go_in_like_files(cluster: Path, tmp_path: Path) -> None:
    cfg = settings(tmp_path, cluster)
    store = Store.open(cfg)
    batch = store.ingest(cfg=cfg)
    counted = {item.file: (item.rows_in, item.rows_kept) for item in batch.files}
    assert counted == {"database education.pupils": (1, 1), "database marks": (1216, 1216)}  # 608 days up to August 2024
    [pupil] = store.frame("pupils").to_dict("records")
    assert (pupil["upn"], pupil["nhs_number"], pupil["surname"], str(pupil["birth_date"])[:10]) == (
        PUPIL["upn"],
        PUPIL["nhs_number"],
        "Wintér",
        "2012-05-04",
    )
    assert (bool(pupil["fsm"]), pupil["idaci_decile"], pupil["uprn"], str(pupil["known_from"])[:10]) == (True, 3, "100012345678", "2024-09-02")
    marks = store.frame("attendance")
    assert set(marks["code"]) == {"I", "/"} and str(marks["date"].max())[:10] == "2024-08-31"
    # The same rows again are noticed, in whatever order the database gives them.
    again = store.ingest(cfg=cfg)
    assert again.number == batch.number and not again.files and again.findings.by_code() == {"FIL001": 2}


def test_rows_come_a_chunk_at_a_time(cluster: Path, tmp_path: Path, signed_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    sizes: list[int] = []
    write = pq.ParquetWriter.write_batch
    monkeypatch.setattr(pq.ParquetWriter, "write_batch", lambda self, batch, *rest: (sizes.append(batch.num_rows), write(self, batch, *rest))[1])
    cfg = settings(tmp_path, cluster)
    fetched = fetch(cfg.sources[1], cfg, tmp_path)
    assert sizes == [100] * 12 + [16] and pq.read_metadata(fetched.path).num_rows == 1216


def test_whoever_is_signed_in_to_the_machine(cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", OWNER)  # as Kerberos or Windows would say; nothing about it is in the settings
    cfg = settings(tmp_path, cluster, user_from=None, password_from=None)
    assert fetch(cfg.sources[0], cfg, tmp_path).name == "database education.pupils"


@pytest.mark.parametrize(
    ("environment", "change", "words"),
    [
        ({"COUNCIL_PASSWORD": f"wrong{SECRET}"}, {}, "could not be reached, or refused the sign-in"),
        ({}, {"table": "education.nowhere"}, "has no such table"),
        ({}, {"table": "education.broken"}, "could not answer"),
        ({"COUNCIL_PASSWORD": ""}, {}, "'COUNCIL_PASSWORD' is not set"),
        ({}, {"uri": "postgresql:///council?host=/nowhere/at/all"}, "could not be reached"),
        ({}, {"uri": "oracle://server/council"}, "cannot be read"),
        ({}, {"uri": "postgresql:///council?sslpass=x"}, "no option of the database's address"),
    ],
    ids=["wrong password", "no table", "fault in the view", "not set", "no server", "another kind", "strange option"],
)
def test_a_refusal_is_one_message_without_the_drivers_words(
    cluster: Path, tmp_path: Path, signed_in: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    environment: dict[str, str], change: dict[str, str], words: str,
) -> None:  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cfg = settings(tmp_path, cluster)
    source = cfg.sources[0].model_copy(update={"database": cfg.sources[0].database.model_copy(update=change)})  # type: ignore[union-attr]
    with pytest.raises(EarlyIdError) as caught:
        fetch(source, cfg, tmp_path)
    said = str(caught.value) + "".join(capfd.readouterr())
    assert words in said and "what next" in said
    assert SECRET not in said and "analyst" not in said and not [value for value in CANARIES if value in said]
    assert isinstance(caught.value, InputDataError | SettingsError) and (caught.value.__suppress_context__ or caught.value.__context__ is None)


def test_a_value_that_the_rows_hold_is_in_no_message(cluster: Path, tmp_path: Path, signed_in: None) -> None:
    (tmp_path / "marks.sql").write_text("x", encoding="utf-8")
    cfg = settings(tmp_path, cluster)
    (tmp_path / "marks.sql").write_text('SELECT "Forename"::integer AS n FROM education.pupils', encoding="utf-8")
    with pytest.raises(InputDataError) as caught:  # the driver says: invalid input syntax for type integer: "Zaphodine"
        fetch(cfg.sources[1], cfg, tmp_path)
    assert CANARY not in str(caught.value) and "could not answer" in str(caught.value)


@pytest.mark.parametrize(
    "uri", [f"postgresql://analyst:{SECRET}@server/council", f"mssql://server/db?pwd={SECRET}", f"postgresql:///c?password={SECRET}"]
)
def test_a_password_in_the_settings_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_config({"sources": [{"name": "s", "shape": "council_people", "database": {"uri": uri, "table": "t"}}]}, base=Path())
    assert SECRET not in str(caught.value) and "do not belong in settings" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"name": "s", "shape": "council_people"}, "either 'files' or 'database'"),
        ({"name": "s", "database": {"uri": "mssql://a/b", "table": "t"}}, "has to name a shape"),
        ({"name": "s", "shape": "council_people", "database": {"uri": "mssql://a/b"}}, "either 'table' or 'query'"),
    ],
)
def test_a_source_names_one_thing(source: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_config({"sources": [source]}, base=Path())


# --- SQL Server: no server is started here, so this goes as far as what the driver is asked


def _sql_server(folder: Path, **more: Any) -> Config:
    address = {"uri": "mssql://server/Children?driver=ODBC Driver 18 for SQL Server&TrustServerCertificate=yes", "table": "HDM.people", **more}
    return make_config({"sources": [{"name": "social_care", "shape": "council_people", "database": address}]}, base=folder)


def test_sql_server_is_asked_for_the_person_who_is_signed_in_to_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ibis

    asked: list[dict[str, Any]] = []

    def connect(**arguments: Any) -> None:
        asked.append(arguments)
        raise ConnectionError(f"Login failed for {SECRET}")

    monkeypatch.setitem(vars(ibis), "mssql", SimpleNamespace(connect=connect))  # importing the true one needs the system's ODBC library
    monkeypatch.setenv("CARE_PASSWORD", SECRET)
    for more in ({}, {"user_from": "CARE_USER", "password_from": "CARE_PASSWORD"}):
        monkeypatch.setenv("CARE_USER", "reader")
        cfg = _sql_server(tmp_path, **more)
        with pytest.raises(InputDataError) as caught:
            fetch(cfg.sources[0], cfg, tmp_path)
        assert SECRET not in str(caught.value) and "mssql://server/Children" in str(caught.value)
    common = {"host": "server", "port": 1433, "database": "Children", "driver": "ODBC Driver 18 for SQL Server", "TrustServerCertificate": "yes"}
    assert asked == [{**common, "user": None, "password": None}, {**common, "user": "reader", "password": SECRET}]


@pytest.mark.parametrize(
    ("error", "words"),
    [(ModuleNotFoundError("No module named 'pyodbc'"), "early-id[mssql]"), (ImportError("libodbc.so.2: cannot open shared object file"), "unixodbc")],
)
def test_a_driver_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ImportError, words: str) -> None:
    def missing(*_: object) -> None:
        raise error

    monkeypatch.setitem(database._CONNECT, "mssql", missing)  # type: ignore[arg-type]
    cfg = _sql_server(tmp_path)
    with pytest.raises(SettingsError) as caught:
        fetch(cfg.sources[0], cfg, tmp_path)
    assert words in str(caught.value)


def test_the_query_for_sql_server_is_made_by_ibis() -> None:
    import ibis

    rows = ibis.table({"PersonID": "int64", "DOB": "date", "Seen": "timestamp", "Open": "boolean"}, name="people")
    sql = ibis.to_sql(rows.cast({"PersonID": "string", "Open": "string"}), dialect="mssql").upper()
    assert "VARCHAR" in sql and "[DOB]" in sql


def test_on_the_command_line(cluster: Path, tmp_path: Path, signed_in: None, cli: Callable[..., tuple[int, str]]) -> None:
    import json

    cfg = settings(tmp_path, cluster)
    values = {"sources": json.loads(json.dumps([item.model_dump(exclude_none=True, mode="json") for item in cfg.sources]))}
    (tmp_path / "config.yaml").write_text(json.dumps(values), encoding="utf-8")
    code, said = cli("ingest", "--config", tmp_path / "config.yaml")
    assert code == 0 and "database education.pupils" in said and "1,216" in said
    assert SECRET not in said and not [value for value in (*CANARIES, MARK["date"]) if value in said]
