"""The audit trail: whatever is changed is noticed; keys that are gone leave the chain verifiable and the people unreadable."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from early_id.core.chain import Chain
from early_id.core.errors import InputDataError, PolicyError
from early_id.core.trail import Trail, people_in

#: Edits, deletions and orders tried; every one has to be found.
TAMPERED = 200
CHILDREN = [f"C{i:04d}" for i in range(12)]


def a_trail(folder: Path, records: int = 9) -> Trail:
    trail = Trail(folder)
    for i in range(records):
        people = trail.people(CHILDREN[i : i + 3])
        trail.note("lists" if i % 2 else "run", {"model": f"additive/{i}", "lists": [{"recipient": f"S{i}", "people": people}]})
    return trail


def tampered(lines: list[str], rng: random.Random, kind: str) -> list[str]:
    """The lines after one change by hand."""
    at = rng.randrange(len(lines))
    if kind == "delete":
        return lines[:at] + lines[at + 1 :]
    if kind == "reorder":
        other = rng.choice([i for i in range(len(lines)) if i != at])
        lines = list(lines)
        lines[at], lines[other] = lines[other], lines[at]
        return lines
    if kind == "repeat":
        return [*lines[: at + 1], lines[at], *lines[at + 1 :]]
    found = json.loads(lines[at])
    if kind == "edit":
        place = rng.randrange(len(lines[at]))
        new = rng.choice([c for c in "abc019 :{}" if c != lines[at][place]])
        return [*lines[:at], lines[at][:place] + new + lines[at][place + 1 :], *lines[at + 1 :]]
    # A new body with hashes worked out anew to the end, by somebody without the key.
    found["body"]["model"] = "another"
    forged = list(lines)
    previous = found["previous"]
    from early_id.core.chain import _line

    for i in range(at, len(lines)):
        record = found if i == at else json.loads(lines[i])
        forged[i], previous = _line(record["number"], record["at"], record["kind"], record["body"], previous, rng.choice(["", "guessed"]))
    return forged


def test_every_change_is_found(tmp_path: Path) -> None:
    made = a_trail(tmp_path / "store")
    path = made.folder / "trail.jsonl"
    head = path.with_suffix(".head.json")
    whole, counted = path.read_text(encoding="utf-8"), head.read_bytes()
    lines = whole.rstrip("\n").split("\n")
    rng = random.Random(20_240_819)
    found = 0
    for n in range(TAMPERED):
        kind = ("edit", "delete", "reorder", "repeat", "forge")[n % 5]
        changed = tampered(lines, rng, kind)
        path.write_text("\n".join(changed) + "\n", encoding="utf-8")
        if n % 2 and kind in ("delete", "forge"):  # and the count beside it put right
            head.write_text(json.dumps({"hash": json.loads(changed[-1])["hash"], "records": len(changed)}, separators=(",", ":")), encoding="utf-8")
        with pytest.raises(PolicyError, match="not as they were written"):
            Trail(tmp_path / "store").read()
        found += 1
        head.write_bytes(counted)
    assert found == TAMPERED
    path.write_text(whole, encoding="utf-8")
    assert len(Trail(tmp_path / "store").read()) == 9


@pytest.mark.parametrize("key", ["", "secret"])
def test_a_first_record_that_breaks_off_anywhere_is_no_tampering_and_one_by_hand_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    put = Chain._put
    for kills in product(range(3), repeat=2):  # two runs in a row die before this writing: the empty head, the record, its head
        chain = Chain(tmp_path / f"{kills}.jsonl", "records", key)
        for at in kills:
            written, before = iter(range(9)), len(chain.read())

            def dies(self: Chain, path: Path, content: bytes, at: int = at, written: Iterator[int] = written) -> None:
                if next(written) == at:
                    raise KeyboardInterrupt
                put(self, path, content)

            with monkeypatch.context() as killed, suppress(KeyboardInterrupt):
                killed.setattr(Chain, "_put", dies)
                chain.append("run", {})
            assert before <= len(chain.read()) <= before + 1
        held = len(chain.read())
        assert chain.append("run", {}).number == len(chain.read()) == held + 1
    # One record alone, and no head at all, were never written by a run.
    alone = Chain(tmp_path / "alone.jsonl", "records", key)
    alone.append("run", {})
    alone.path.with_suffix(".head.json").unlink()
    with pytest.raises(PolicyError):
        alone.read()
    # Two records beside the empty head: more than one run can leave.
    two = Chain(tmp_path / "two.jsonl", "records", key)
    with monkeypatch.context() as stopped:
        stopped.setattr(Chain, "_put", lambda self, path, content: put(self, path, content) if "jsonl" in path.name or not path.is_file() else None)
        two.append("run", {})
        two.append("run", {})
    with pytest.raises(PolicyError):
        two.read()


def test_nothing_is_added_to_a_trail_that_was_changed(tmp_path: Path) -> None:
    made = a_trail(tmp_path / "store", 3)
    path = made.folder / "trail.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("additive/1", "additive/7"), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(PolicyError):
        made.note("run", {})
    assert path.read_bytes() == before


def test_children_are_found_by_id_and_never_stand_there(tmp_path: Path) -> None:
    made = a_trail(tmp_path / "store", 3)
    text = (made.folder / "trail.jsonl").read_text(encoding="utf-8")
    assert not [child for child in CHILDREN if child in text]
    mine = made.names_of(CHILDREN[2])
    assert [record.number for record in made.read() if mine & set(people_in(record.body))] == [1, 2, 3]
    assert not made.names_of("somebody else") & {p for r in made.read() for p in people_in(r.body)}
    assert made.known(CHILDREN)[next(iter(mine))] == CHILDREN[2]


def test_a_destroyed_key_leaves_the_chain_verifiable_and_the_people_unreadable(tmp_path: Path) -> None:
    made, last_year = Trail(tmp_path / "store"), datetime(2024, 5, 1, tzinfo=UTC)
    made.note("lists", {"people": made.people(CHILDREN, at=last_year)}, at=last_year)
    made.note("lists", {"people": made.people(CHILDREN)})
    assert made.destroy(2024) and not made.destroy(2024)
    records = Trail(tmp_path / "store").read()
    assert len(records) == 2
    readable = made.known(CHILDREN)
    assert not [p for p in people_in(records[0].body) if p in readable]
    assert len([p for p in people_in(records[1].body) if p in readable]) == len(CHILDREN)


def test_a_trail_without_its_key_is_said_to_be_so(tmp_path: Path) -> None:
    made = a_trail(tmp_path / "store", 2)
    shutil.rmtree(made.folder / "keys")
    with pytest.raises(InputDataError, match="key of the audit trail is missing"):
        Trail(tmp_path / "store").read()


def test_no_store_has_no_trail_and_reading_makes_none(tmp_path: Path) -> None:
    assert Trail(tmp_path / "none").read() == () and not (tmp_path / "none").exists()


def test_a_chain_without_a_key_reads_as_before(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "open.jsonl", "records")
    chain.append("a", {"b": 1})
    assert Chain(tmp_path / "open.jsonl", "records").read()[0].body == {"b": 1}
    with pytest.raises(PolicyError):
        Chain(tmp_path / "open.jsonl", "records", "a key").read()
