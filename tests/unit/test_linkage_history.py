"""Ids go on through new batches; merges and splits are told; what is linked today changes nothing that was known before."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from early_id.linkage.decisions import Decision, Decisions
from early_id.linkage.history import History, changes_frame
from early_id.linkage.kept import Kept

ALWAYS, JUNE, JULY = pd.Timestamp("1900-01-01"), pd.Timestamp("2025-06-01"), pd.Timestamp("2025-07-01")


def links(**child: str) -> pd.DataFrame:
    """One row a record, named source_id=child."""
    rows = [{"source": name[:1], "source_person_id": name[1:], "child_id": made} for name, made in child.items()]
    return pd.DataFrame(rows).assign(known_from=ALWAYS, known_to=pd.NaT, trust=1.0)


def now(frame: pd.DataFrame) -> dict[str, str]:
    open_ones = frame[frame["known_to"].isna()]
    return dict(zip(open_ones["source"] + open_ones["source_person_id"], open_ones["child_id"], strict=True))


def carried(before: pd.DataFrame, **child: str) -> tuple[pd.DataFrame, tuple]:
    return History(before).carry_on(links(**child), key="k", on=JUNE)


def test_an_id_goes_on_whatever_the_records_would_be_called_today() -> None:
    made, changes = carried(links(a1="X", b2="X"), a1="Y", b2="Y", c3="Y")
    assert now(made) == {"a1": "X", "b2": "X", "c3": "X"} and changes == ()
    assert made["known_to"].isna().all()


def test_a_merge_keeps_the_id_of_most_records_and_is_known_from_today() -> None:
    before = links(a1="X", b2="X", c3="Y")
    made, changes = carried(before, a1="Z", b2="Z", c3="Z")
    assert now(made) == {"a1": "X", "b2": "X", "c3": "X"}
    assert changes_frame(changes).to_dict("records") == [{"on": "2025-06-01", "kind": "merge", "child_id": "X", "other_id": "Y", "records": 1}]
    history = History(made, changes)
    assert now(history.on(JUNE).assign(known_to=pd.NaT)) == {"a1": "X", "b2": "X", "c3": "Y"}  # as it was before, to the row
    assert now(history.on(JULY).assign(known_to=pd.NaT)) == {"a1": "X", "b2": "X", "c3": "X"}


def test_a_split_gives_the_smaller_part_an_id_of_its_own() -> None:
    made, changes = carried(links(a1="X", b2="X", c3="X"), a1="X", b2="X", c3="N")
    assert now(made)["a1"] == now(made)["b2"] == "X" != now(made)["c3"]
    assert [(change.kind, change.child_id, change.records) for change in changes] == [("split", "X", 1)]
    # The part that would be called as before must not take that name back from the larger part.
    made, _ = carried(links(a1="X", b2="X", c3="X"), a1="X", b2="N", c3="N")
    assert now(made)["b2"] == now(made)["c3"] == "X" != now(made)["a1"]


def test_a_record_that_is_no_longer_sent_keeps_its_link_and_comes_back_to_it() -> None:
    made, _ = carried(links(a1="X", b2="X"), a1="X")
    assert now(made) == {"a1": "X", "b2": "X"}
    again, changes = History(made).carry_on(links(a1="X", b2="X"), key="k", on=JULY)
    assert now(again) == {"a1": "X", "b2": "X"} and changes == ()


def test_splitting_and_merging_again_can_be_read_at_every_date() -> None:
    first = links(a1="X", b2="X")
    second, one = carried(first, a1="X", b2="N")
    third, two = History(second, one).carry_on(links(a1="X", b2="X"), key="k", on=JULY)
    assert [change.kind for change in (*one, *two)] == ["split", "merge"]
    history = History(third)
    seen = [len(set(history.on(day)["child_id"])) for day in (JUNE, JULY, pd.Timestamp("2025-08-01"))]
    assert seen == [1, 2, 1]


def test_the_same_data_in_the_same_state_give_the_links_that_were_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    assert kept.replay(data="d1", state="s", newest=True) is None
    kept.keep_links(links(a1="X", b2="X"), (), data="d1", state="s", on=JUNE)
    made, changes = kept.history().carry_on(links(a1="X", b2="N"), key="k", on=JULY)
    kept.keep_links(made, changes, data="d2", state="s", on=JULY)
    old = kept.replay(data="d1", state="s", newest=True)
    assert old is not None and now(old[0]) == {"a1": "X", "b2": "X"}
    assert kept.replay(data="d1", state="other", newest=True) is None
    built_again = kept.replay(data="d1", state="other", newest=False)  # whoever builds a model again wants the links that it had
    assert built_again is not None and now(built_again[0]) == {"a1": "X", "b2": "X"}
    assert [change.kind for change in kept.history().changes] == ["split"]
    assert (kept.folder / "links.json").stat().st_mode & 0o077 == 0


def test_an_erasure_takes_out_links_of_all_times_decisions_and_weights(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    kept.keep_links(links(a1="X", b2="X", c3="Y"), (), data="d", state="s", on=JUNE)
    kept.keep_decisions(Decisions().add(Decision.of(("a", "1"), ("b", "2"), "same"), Decision.of(("c", "3"), ("b", "9"), "different")))
    (kept.folder / "weights-x.parquet").write_bytes(b"")
    assert kept.forget([("a", "1")]) == 2
    assert "a1" not in now(kept.history().links) and len(kept.decisions().items) == 1
    assert not list(kept.folder.glob("weights-*"))
