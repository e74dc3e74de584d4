"""A store that is written to is never half a store: whatever fails at whatever point, whoever is killed when, and whoever reads meanwhile."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from early_id.core.errors import EarlyIdError
from early_id.data.store import Store
from intake import GOOD, MARK, PERSON, PUPIL, Council
from write_points import watching

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
HERE = Path(__file__).parent
TABLES = ("attendance", "pupils")


def fill(council: Council, number: int) -> Council:
    """Extracts of batch ``number``: so many pupils, each with one mark; one row more is set aside, one is put right, and one sign is urgent."""
    people = [{**PUPIL, "source_person_id": f"P{n}", "upn": "", "nhs_number": ""} for n in range(1, 10 * number + 1)]
    marks = [{**MARK, "source_person_id": row["source_person_id"]} for row in people]
    council.put("pupils", *people)
    council.put("attendance", *marks, {**MARK, "session": "PM", "code": "8"} if number % 2 else {**MARK, "session": "PM", "code": "8", "known": "x"})
    council.put("people", PERSON)
    council.put("household_factors", {**GOOD["household_factors"][2], "factor": "11A", "happened_on": f"2025-02-{10 + number}"})
    return council


def state(folder: Path, council: Council) -> tuple[int, dict[str, int]]:
    """Version and rows of each table as a reader of now sees them; every file of it adds up, and what is set aside is there."""
    store = Store(folder, council.store().tables)
    for batch in store.version.batches:
        aside = folder / "set_aside" / f"{batch['number']:06d}"
        for file in batch["files"]:
            assert file["rows_in"] == file["rows_kept"] + file["rows_set_aside"], file
            path = aside / (file["file"].replace("/", "__") + ".csv")
            assert (len(pd.read_csv(path, dtype=str)) if path.is_file() else 0) == file["rows_set_aside"], file
    return store.version.number, {name: len(store.frame(name)) for name in TABLES if store.has(name)}


AFTER = {1: {"attendance": 10, "pupils": 11}, 2: {"attendance": 20, "pupils": 21}}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Council:
    """A store with one batch, and extracts of a second."""
    made = fill(Council(tmp_path_factory.mktemp("safety") / "council"), 1)
    made.ingest("2025-03-03")
    return fill(made, 2)


def copied(once: Council, to: Path) -> Council:
    shutil.copytree(once.folder, to)
    return Council(to, [dict(entry) for entry in once.sources])


@pytest.fixture(scope="module")
def points(once: Council, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every write point of the second batch, in order."""
    council = copied(once, tmp_path_factory.mktemp("points") / "council")
    with watching(council.folder / "out" / "store") as found:
        council.ingest("2025-03-10")
    return list(found)


def test_the_points_are_all_there(points: list[str]) -> None:
    """That the watch sees what the folder shows: parts, rows set aside and what waits, the urgent file, the listing and the pointer."""
    assert len(points) >= 25
    for words in ("COPY attendance-000002.parquet", "COPY waiting.parquet", "COPY education__attendance.csv.csv", "COPY education__attendance.csv.parquet", "open READ_ME.txt",
                  "open urgent.json", "open .listing.json", "os.rename .listing.json", "open .current.json", "os.rename .current.json",
                  "os.rename attendance-000002.parquet", "os.rename urgent.csv"):  # fmt: skip
        assert any(point.startswith(words) for point in points), (words, points)


def test_a_fault_at_any_write_point_leaves_the_last_good_state_and_the_next_run_completes(once: Council, points: list[str], tmp_path: Path) -> None:
    """A full disk, at every point in turn. After the pointer is in place the new version counts, and what fails then is only tidying."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    council = copied(once, tmp_path / "council")
    folder, kept = council.folder / "out" / "store", tmp_path / "kept"
    shutil.copytree(folder, kept)
    pointer = points.index("os.rename .current.json")
    failed = 0
    for at, point in enumerate(points):
        broken = False
        with watching(folder, at=at, do=full):
            try:
                council.ingest("2025-03-10")
            except EarlyIdError as error:
                assert error.exit_code in (2, 3) and "what next" in str(error), point
                broken = True
        # Some points do not matter, such as making a folder that is there; what was left behind by a run is swept by the next one.
        assert state(folder, council) == ((1, AFTER[1]) if broken and at <= pointer else (2, AFTER[2])), point
        failed += broken and at <= pointer
        if not broken or at > pointer:
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
    assert failed >= 20
    assert council.ingest("2025-03-10").number == 2 and state(folder, council) == (2, AFTER[2])
    assert not list(folder.glob(".batch-*"))


_WORK = """
import sys
sys.path[:0] = {paths!r}
from intake import Council
from write_points import die, watching
import early_id.data.ingest
from pathlib import Path
import json
said = json.loads(sys.argv[1])
council = Council(Path(said["folder"]), said["sources"])
print("ready", flush=True)
with watching(council.folder / "out" / "store", at=said["at"], do=die):
    council.ingest("2025-03-10")
print("done", flush=True)
"""


def _start(council: Council, at: int) -> subprocess.Popen[str]:
    said = json.dumps({"folder": str(council.folder), "sources": council.sources, "at": at})
    work = _WORK.format(paths=[str(HERE.parent), *sys.path[:1]])
    return subprocess.Popen([sys.executable, "-c", work, said], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no kill -9")
@pytest.mark.parametrize("run", range(5 * FACTOR))
def test_kill_9_at_any_moment_leaves_the_last_good_state_and_the_next_run_completes(
    once: Council, points: list[str], tmp_path: Path, run: int
) -> None:
    """Real processes: most kill themselves at a write point, the others are killed from outside at a random moment."""
    rng = random.Random(f"kill {run}")
    council = copied(once, tmp_path / "council")
    folder = council.folder / "out" / "store"
    timed = run % 5 == 4
    at = -1 if timed else rng.randrange(len(points))
    with _start(council, at) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
        if timed:
            time.sleep(rng.uniform(0, 1.5))
            process.kill()
        code = process.wait(120)
    assert code in ((-9, 0) if timed else (-9,)), code
    number, rows = state(folder, council)
    assert number in (1, 2) and rows == AFTER[number], (at, points[at])
    batch = council.ingest("2025-03-10")  # the lock of a process that is gone holds nobody up
    assert batch.number == 2 and state(folder, council) == (2, AFTER[2])
    assert not list(folder.glob(".batch-*"))


_READ = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from early_id.data.store import Store
from early_id.schema.tables import Tables
folder, stop = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
seen = set()
while not stop.exists():
    store = Store(folder, Tables())
    rows = [len(store.frame(name)) for name in ("pupils", "attendance")]
    assert rows == [10 * store.version.number + 1, 10 * store.version.number], (rows, store.version.number)
    seen.add(store.version.number)
print(sorted(seen), flush=True)
"""


def test_readers_in_other_processes_never_wait_and_never_see_half_a_batch(once: Council, tmp_path: Path) -> None:
    """One that reads all the time while batches come: every look finds tables of one version, whole."""
    council = copied(once, tmp_path / "council")
    stop = tmp_path / "stop"
    work = _READ.format(paths=sys.path[:1])
    arguments = [sys.executable, "-c", work, str(council.folder / "out" / "store"), str(stop)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None and reader.stdout.readline().strip() == "ready"
        for number in (2, 3, 4):
            assert fill(council, number).ingest(f"2025-03-{10 + number}").number == number
            time.sleep(0.2)
        stop.touch()
        said, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    assert set(json.loads(said)) <= {1, 2, 3, 4} and len(json.loads(said)) >= 2
