"""Every kind of mess is in the files as often as ``truth/faults.csv`` says, found by counting again; and nowhere when it is off."""

from __future__ import annotations

import mess_counters_cases as _cases  # noqa: F401  (fills COUNTERS)
import mess_counters_exports as _exports  # noqa: F401
import pytest
from mess_files import COUNTERS, SPOILT, Counts, Files

from early_id.data.synth import CouncilSummary, make_council, mess
from early_id.data.synth.faults.counting import _OWN

OWN = [kind for kind in mess.KINDS if kind.group != "people"]


@pytest.fixture(scope="module")
def full(spoilt: CouncilSummary) -> Files:
    return Files(spoilt.folder)


@pytest.fixture(scope="module")
def unspoilt(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Fewer children do: what is nowhere among them is not there."""
    return Files(make_council(**SPOILT | {"mess": "none", "children": 300}, out=tmp_path_factory.mktemp("mess") / "none").folder)


def _positive(found: Counts) -> Counts:
    return {name: count for name, count in sorted(found.items()) if count}


def test_every_kind_has_a_counter() -> None:
    assert set(COUNTERS) == {kind.name for kind in OWN}
    assert len({kind.name for kind in mess.KINDS}) == len(mess.KINDS)


@pytest.mark.parametrize("kind", [kind.name for kind in OWN])
def test_the_files_hold_what_the_truth_says(kind: str, full: Files) -> None:
    planted = full.planted[full.planted["kind"] == kind].groupby("file")["count"].sum().to_dict()
    assert sum(planted.values()) >= 2
    assert _positive(COUNTERS[kind](full)) == planted


@pytest.mark.parametrize("kind", [kind.name for kind in OWN])
def test_off_means_none(kind: str, unspoilt: Files) -> None:
    assert _positive(COUNTERS[kind](unspoilt)) == {}


def test_the_truth_says_how_to_count_again(full: Files) -> None:
    planted = full.planted.drop_duplicates("kind").set_index("kind")["how_to_count"]
    assert (planted.str.len() > 10).all() and set(_OWN) <= set(planted.index)
    for kind, words in {"late_marks": "a correction never", "need_or_source_missing": "ReferralNFA", "duplicate_export": "(1)"}.items():
        assert words in planted[kind]
    assert "people.csv" in planted["birth_date_differs"] and "people.csv" in planted["event_before_birth"]


def test_none_plants_nothing(unspoilt: Files) -> None:
    assert unspoilt.planted.empty


def test_all_25_rules_are_planted(full: Files) -> None:
    assert {int(rule) for rule in full.planted["rule"] if rule != ""} == set(range(1, 26))


def test_the_rows_of_each_file_are_given(full: Files) -> None:
    for name, held in full.planted[full.planted["file"] != "attendance"].groupby("file")["file_rows"]:
        if (full.folder / "extracts" / str(name)).is_file():
            assert set(held.astype(int)) == {len(full[str(name)])}, name
