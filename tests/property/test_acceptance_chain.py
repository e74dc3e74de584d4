"""Records that were changed in any way are noticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.core.chain import Chain
from early_id.core.errors import PolicyError

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BODIES = (
    {"model": "additive_hub_lead/1", "by": "Zoë Őry", "expires": "2027-03-01", "conditions": ["review in June"]},
    {"model": "additive_hub_lead/2", "n": 3, "share": 0.25, "nothing": None},
    {"model": "additive_school_lead/1", "made_up": True, "sources": {"police": {"lawful_basis": "public task"}}},
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A chain of three records, and the bytes of its two files."""
    chain = Chain(tmp_path_factory.mktemp("chain") / "approvals.jsonl", "approvals")
    for body in BODIES:
        chain.append("approved", body, at=WHEN)
    return chain.path, chain.path.read_bytes(), chain._head.read_bytes()


def restored(written: tuple[Path, bytes, bytes]) -> Chain:
    path, records, head = written
    path.write_bytes(records)
    chain = Chain(path, "approvals")
    chain._head.write_bytes(head)
    return chain


def test_what_was_written_is_read(written: tuple[Path, bytes, bytes]) -> None:
    records = restored(written).read()
    assert [record.body for record in records] == list(BODIES)
    assert [record.number for record in records] == [1, 2, 3]
    assert [record.previous for record in records[1:]] == [record.hash for record in records[:-1]]
    assert records[0].at == "2026-03-02T09:30:00+00:00"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_change_of_any_byte_is_noticed(written: tuple[Path, bytes, bytes], data: st.DataObject) -> None:
    chain = restored(written)
    for path in (chain.path, chain._head):
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1), label=path.name)
        content[at] ^= data.draw(st.integers(1, 255), label="bits")
        path.write_bytes(bytes(content))
        with pytest.raises(PolicyError, match="not as they were written"):
            chain.read()
        chain = restored(written)
    assert len(chain.read()) == 3


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_byte_taken_out_or_put_in_is_noticed(written: tuple[Path, bytes, bytes], data: st.DataObject) -> None:
    chain = restored(written)
    content = chain.path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    put_in = data.draw(st.binary(max_size=2))
    chain.path.write_bytes(content[:at] + put_in + content[at + (0 if put_in else 1) :])
    with pytest.raises(PolicyError):
        chain.read()
    restored(written)


@pytest.mark.parametrize("order", [(0, 1), (0,), (1, 2), (0, 2), (1, 0, 2), (2, 1, 0), (0, 1, 1, 2), (0, 1, 2, 2), ()])
def test_records_taken_out_put_elsewhere_or_cut_off_are_noticed(written: tuple[Path, bytes, bytes], order: tuple[int, ...]) -> None:
    chain = restored(written)
    lines = chain.path.read_bytes().splitlines(keepends=True)
    chain.path.write_bytes(b"".join(lines[i] for i in order))
    with pytest.raises(PolicyError, match="not as they were written") as caught:
        chain.read()
    assert caught.value.exit_code == 4
    with pytest.raises(PolicyError):
        chain.append("approved", {"model": "x"})
    restored(written)


@pytest.mark.parametrize("gone", ["records", "head"])
def test_a_file_that_is_gone_is_noticed(written: tuple[Path, bytes, bytes], gone: str) -> None:
    chain = restored(written)
    (chain.path if gone == "records" else chain._head).unlink()
    with pytest.raises(PolicyError):
        chain.read()
    restored(written)


def test_the_same_values_in_another_spelling_are_a_change(written: tuple[Path, bytes, bytes]) -> None:
    chain = restored(written)
    lines = chain.path.read_text(encoding="utf-8").splitlines()
    spaced = json.dumps(json.loads(lines[1]), sort_keys=True, ensure_ascii=False)
    chain.path.write_text("\n".join([lines[0], spaced, lines[2], ""]), encoding="utf-8")
    with pytest.raises(PolicyError, match="record 2"):
        chain.read()
    restored(written)


def test_a_run_that_broke_off_between_the_two_files_loses_nothing(written: tuple[Path, bytes, bytes], tmp_path: Path) -> None:
    chain = Chain(tmp_path / "approvals.jsonl", "approvals")
    chain.append("approved", BODIES[0], at=WHEN)
    before = chain._head.read_bytes()
    chain.append("approved", BODIES[1], at=WHEN)
    chain._head.write_bytes(before)
    assert len(chain.read()) == 2
    assert chain.append("approved", BODIES[2], at=WHEN).number == 3
    assert chain.path.read_bytes() == written[1]
    chain._head.write_bytes(before)
    with pytest.raises(PolicyError, match="added by hand"):
        chain.read()


def test_nothing_written_is_nothing_read(tmp_path: Path) -> None:
    assert Chain(tmp_path / "none" / "approvals.jsonl", "approvals").read() == ()
    assert not (tmp_path / "none").exists()
