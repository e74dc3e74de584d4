"""An objection is stored without making its source look late or fresh, can be stated twice, and never stops the lists for good."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from early_id.core.errors import PolicyError
from early_id.workflow.rights import _open_objections, _take_in, _wish
from intake import GOOD, PERSON, PUPIL, Council, stored


@pytest.fixture
def council(tmp_path: Path) -> Council:
    made = Council(tmp_path).put_good("schools")
    made.put("pupils", PUPIL)
    made.put("people", PERSON)
    made.put("wishes", GOOD["wishes"][2])
    made.ingest()
    return made


def bench_of(council: Council) -> Any:
    cfg = council.config()
    cfg.out_dir.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(cfg=cfg, store=council.store())


def test_an_objection_says_nothing_of_what_its_source_covers(council: Council) -> None:
    bench = bench_of(council)
    before = bench.store.version.coverage
    _take_in(bench, [_wish("P1", date(2025, 4, 1), None)], "education", date(2025, 4, 1))
    _take_in(bench, [_wish("C1", date(2025, 4, 1), None)], "social_care", date(2025, 4, 1))
    assert council.store().version.coverage == before
    assert [row["covers_to"] for row in before if row["table"] == "wishes"] == ["2025-03-03"]
    assert ("education", "objection") in stored(council, "wishes", "source", "kind")


def test_an_objection_upheld_on_the_day_it_was_pending_is_stored_and_a_refusal_ends_all(council: Council) -> None:
    bench, day = bench_of(council), date(2025, 4, 1)
    links = pd.DataFrame([("education", "P1"), ("social_care", "C1")], columns=["source", "source_person_id"])
    for _ in range(2):
        _take_in(bench, [_wish("P1", day, None)], "education", day)
    _take_in(bench, [_wish("P1", date(2025, 4, 3), None)], "education", date(2025, 4, 3))
    _take_in(bench, [_wish("C1", day, None)], "social_care", day)
    found = _open_objections(bench, links)
    assert sorted(found.itertuples(index=False, name=None)) == [
        ("education", "P1", day), ("education", "P1", date(2025, 4, 3)), ("social_care", "C1", day),
    ]  # fmt: skip
    for name, own in found.groupby("source"):
        _take_in(bench, [_wish(r.source_person_id, r.began, date(2025, 4, 9)) for r in own.itertuples()], str(name), date(2025, 4, 9))
    assert _open_objections(bench, links).empty
    _take_in(bench, [_wish("P1", day, None)], "education", day)


def test_an_objection_that_is_set_aside_leaves_the_store_as_it_was(council: Council) -> None:
    bench = bench_of(council)
    before = bench.store.version.number
    good = _wish("P1", date(2025, 4, 1), None)
    with pytest.raises(PolicyError, match="The store is as it was"):
        _take_in(bench, [good, {**good, "From": "31/02/2025"}], "education", date(2025, 4, 1))
    assert council.store().version.number == before
