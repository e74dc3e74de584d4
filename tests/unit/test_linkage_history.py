"""Ids go on through new batches; merges and splits are told; what is linked today changes nothing that was known before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from early_id.config.settings import LinkageSettings
from early_id.core.errors import BusyError, SettingsError
from early_id.linkage import People, link
from early_id.linkage.decisions import Decision, Decisions
from early_id.linkage.history import Change, History, changes_frame
from early_id.linkage.kept import Kept
from early_id.linkage.model import LinkageModel
from early_id.linkage.review import undo_review
from early_id.linkage.splink_pass import Scored, no_pairs
from early_id.linkage.standing import JOINS
from early_id.linkage.store_link import kept_of
from early_id.linkage.waiting import PAIR
from intake import PERSON, PUPIL, RECEIVED, SCHOOL, Council

ALWAYS, JUNE, JULY = pd.Timestamp("1900-01-01"), pd.Timestamp("2025-06-01"), pd.Timestamp("2025-07-01")
DAY = pd.Timedelta(days=1)


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
    assert now(history.on(JUNE - DAY).assign(known_to=pd.NaT)) == {"a1": "X", "b2": "X", "c3": "Y"}  # as it was before, to the row
    assert now(history.on(JUNE).assign(known_to=pd.NaT)) == {"a1": "X", "b2": "X", "c3": "X"}  # on the day itself already


def test_a_new_record_is_its_childs_from_the_linking_on_and_a_new_child_is_known_from_then() -> None:
    made, _ = carried(links(a1="X"), a1="X", b2="X", c3="Z")
    history = History(made)
    assert now(history.on(JUNE - DAY).assign(known_to=pd.NaT)) == {"a1": "X"}
    assert now(history.on(JUNE).assign(known_to=pd.NaT)) == {"a1": "X", "b2": "X", "c3": "Z"}
    # What others decided later is no reason to know of a record later than the day on which it came.
    made, _ = History(links(a1="X", c3="Z")).carry_on(links(a1="X", b2="X", c3="X"), key="k", on=JULY, received=JUNE)
    seen = [now(History(made).on(day).assign(known_to=pd.NaT)) for day in (JUNE, JULY)]
    assert seen == [{"a1": "X", "b2": "X", "c3": "Z"}, {"a1": "X", "b2": "X", "c3": "X"}]


def test_links_made_anew_keep_ids_and_are_dated_as_at_first() -> None:
    made, changes = carried(links(a1="X", b2="X", c3="Y"), a1="Z", b2="Z", c3="Z", d4="Z")
    again, more = History(made, changes).carry_on(links(a1="Q", b2="Q", c3="Q", d4="Q").assign(known_from=ALWAYS), key="k", on=JULY, anew=True)
    assert now(again) == dict.fromkeys(("a1", "b2", "c3", "d4"), "X") and more == ()
    assert now(History(again).on(pd.Timestamp("2020-01-01")).assign(known_to=pd.NaT)) == now(again)
    assert set(again["child_id"]) == {"X", "Y"}  # the id that was given up stays on record


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
    assert now(third) == {"a1": "X", "b2": "X"}  # of two ids with as many records the older goes on
    seen = [len(set(history.on(day)["child_id"])) for day in (JUNE - DAY, JULY - DAY, JULY)]
    assert seen == [1, 2, 1]


def test_the_same_data_in_the_same_state_give_the_links_that_were_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    assert kept.replay(data="d1", state="s", newest=True) is None
    kept.keep_links(History(links(a1="X", b2="X")), data="d1", state="s", on=JUNE)
    made, changes = kept.history().carry_on(links(a1="X", b2="N"), key="k", on=JULY)
    kept.keep_links(History(made, changes), data="d2", state="s", on=JULY)
    old = kept.replay(data="d1", state="s", newest=True)
    assert old is not None and now(old.links) == {"a1": "X", "b2": "X"}
    assert kept.replay(data="d1", state="other", newest=True) is None
    built_again = kept.replay(data="d1", state="other", newest=False)  # whoever builds a model again wants the links that it had
    assert built_again is not None and now(built_again.links) == {"a1": "X", "b2": "X"}
    assert [change.kind for change in kept.history().changes] == ["split"]
    assert (kept.folder / "links.json").stat().st_mode & 0o077 == 0


def test_a_run_that_fails_takes_its_linking_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    kept.keep_links(History(links(a1="X")), data="d1", state="s", on=JUNE)
    before = {path.name: path.read_bytes() for path in kept.folder.rglob("*") if path.is_file()}
    joined = pd.DataFrame([("a", "1", "b", "2", 1.0, "")], columns=list(JOINS))
    kept.keep_links(History(links(a1="X", b2="X"), joins=joined), data="d2", state="s", on=JULY)
    assert kept.joins_of(2) is not None
    kept.go_back(1)
    assert {path.name: path.read_bytes() for path in kept.folder.rglob("*") if path.is_file()} == before
    kept.go_back(0)
    assert kept.linkings() == [] and len(kept.history().links) == 0


def test_an_erasure_takes_out_links_of_all_times_decisions_and_weights(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    pairs = [("a", "1", "c", "3"), ("b", "2", "c", "3")]
    waits = pd.DataFrame(pairs, columns=list(PAIR)).assign(known_from=ALWAYS, known_to=pd.NaT)
    joins = pd.DataFrame([(*pair, 1.0, "") for pair in pairs], columns=list(JOINS))
    kept.keep_links(History(links(a1="X", b2="X", c3="Y"), waits=waits, joins=joins), data="d", state="s", on=JUNE)
    kept.keep_decisions(Decisions().add(Decision.of(("a", "1"), ("b", "2"), "same"), Decision.of(("c", "3"), ("b", "9"), "different")))
    (kept.folder / "weights-x.parquet").write_bytes(b"")
    assert kept.forget([("a", "1")]) == 2
    for left in (kept.history().waits, kept.history().joins):
        assert left is not None and left[list(PAIR)].to_numpy().tolist() == [list(pairs[1])]
    assert "a1" not in now(kept.history().links) and len(kept.decisions().items) == 1
    assert not list(kept.folder.glob("weights-*"))


# --- in a store, over batches


def council(folder: Path) -> Council:
    made = Council(folder)
    made.put("schools", SCHOOL)
    made.put("pupils", PUPIL)
    made.put("people", PERSON)
    return made


def children(people: People) -> dict[str, str]:
    links = people.current()
    return dict(zip(links["source"], links["child_id"], strict=True))


def test_a_store_links_the_same_again_and_a_decision_changes_nothing_that_was_known_before(tmp_path: Path) -> None:
    made = council(tmp_path)
    made.ingest()
    store = made.store()
    first = link(store)
    assert children(first)["education"] == children(first)["social_care"]
    again = link(store)
    pd.testing.assert_frame_equal(first.person_links, again.person_links)
    assert len(kept_of(store).linkings()) == 1
    # Somebody finds out that they are two people.
    kept = kept_of(store)
    kept.keep_decisions(Decisions().add(Decision.of(("education", "P1"), ("social_care", "C1"), "different", on=date(2025, 6, 2))))
    parted = link(store)
    assert children(parted)["education"] != children(parted)["social_care"]
    assert [(change.kind, change.on) for change in parted.changes] == [("split", "2025-06-02")]
    was, now_known = (History(parted.person_links).on(pd.Timestamp(day)) for day in ("2025-06-01", "2025-06-02"))
    assert was["child_id"].nunique() == 1 and now_known["child_id"].nunique() == 2
    assert list(was["child_id"]) == list(first.person_links["child_id"])
    # And takes it back.
    undo_review(kept, by="officer", on=date(2025, 7, 1), last=1)
    back = link(store)
    assert children(back) == children(first) and [change.kind for change in back.changes] == ["merge"]
    assert History(back.person_links).on(pd.Timestamp("2025-06-15"))["child_id"].nunique() == 2
    assert (tmp_path / "out/store/linkage").stat().st_mode & 0o077 == 0


def test_a_file_that_is_read_again_under_another_source_is_linked_anew(tmp_path: Path) -> None:
    made = council(tmp_path)
    made.ingest()
    assert set(link(made.store()).current()["source"]) == {"education", "social_care"}
    for entry in made.sources:
        if entry["name"] == "social_care":
            entry["name"] = "early_help"
    made.ingest()
    store = made.store()
    held = set(store.frame("pupils")["source"])
    assert "early_help" in held
    assert "early_help" in set(link(store).current()["source"]) and len(kept_of(store).linkings()) == 2


def test_where_only_the_settings_are_others_links_change_from_the_day_of_the_clock(tmp_path: Path) -> None:
    made = council(tmp_path)
    made.put("people", {**PERSON, "upn": "", "nhs_number": "", "forename": "Ada", "surname": "Winter"})
    made.ingest()
    first = link(made.store(), LinkageSettings(use_names=False))
    again = link(made.store(), LinkageSettings(use_names=False, seed=9))
    pd.testing.assert_frame_equal(first.person_links, again.person_links)
    assert [one["on"] for one in kept_of(made.store()).linkings()] == [RECEIVED, date.today().isoformat()]


def test_a_link_that_stands_does_so_whenever_the_store_is_linked_again(tmp_path: Path) -> None:
    made = council(tmp_path)
    made.ingest()
    first = link(made.store())
    made.put("people", {**PERSON, "upn": "", "recorded_on": "2025-04-01"})
    made.ingest("2025-04-07")
    for _ in range(2):  # found, and read back
        later = link(made.store())
        assert children(later) == children(first) and later.findings.by_code()["LNK016"] == 1
        assert later.linkage is not None and later.linkage.to_review().empty and later.may_be_one().empty
    assert len(kept_of(made.store()).linkings()) == 2


@pytest.mark.parametrize(
    "refused", [SettingsError("no right"), BusyError("open elsewhere"), PermissionError("no right")], ids=lambda one: type(one).__name__
)
def test_a_reader_without_the_right_to_write_links_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Exception) -> None:
    made = council(tmp_path)
    made.ingest()

    def refuse(*_: object) -> None:
        raise refused

    monkeypatch.setattr("early_id.linkage.kept.write_bytes", refuse)
    store = made.store()
    assert len(link(store)) == 1 and kept_of(store).linkings() == []


def test_an_erasure_takes_out_the_merges_and_splits_of_its_ids(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "linkage")
    told = (Change("2025-06-01", "merge", "X", "Q", 1), Change("2025-06-01", "merge", "Y", "Z", 1))
    kept.keep_links(History(links(a1="X", c3="Y"), told), data="d", state="s", on=JUNE)
    kept.forget([("a", "1")])
    assert [change.child_id for change in kept.history().changes] == ["Y"]


def test_fewer_than_one_decision_cannot_be_taken_back() -> None:
    with pytest.raises(SettingsError, match="Fewer than one"):
        Decisions().add(Decision.of(("a", "1"), ("b", "2"), "same")).undo(by="x", on=date(2025, 6, 1), last=0)


def test_the_folder_is_its_owners_alone_before_anything_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("early_id.linkage.kept.write_text", lambda path, _: seen.append(path.parent.stat().st_mode & 0o077))
    Kept(tmp_path / "linkage").keep_links(History(links(a1="X")), data="d", state="s", on=JUNE)
    Kept(tmp_path / "other").keep_decisions(Decisions())
    assert seen == [0, 0]


def test_where_pairs_are_compared_follows_the_settings_and_changes_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked = council(tmp_path), []

    def score(records: pd.DataFrame, model: LinkageModel, *, least: float, spark: object = None) -> Scored:
        asked.append(spark)
        return Scored(no_pairs(model), pd.DataFrame({"rule": ["none"], "pairs": [0], "used": [True]}), taught=False)

    monkeypatch.setattr("early_id.linkage.kept.score_pairs", score)
    made.ingest()
    made.settings["engine"] = {"name": "spark", "master": "local[3]"}
    first = link(made.store(), LinkageSettings(engine="spark"))
    assert [engine.master for engine in asked] == ["local[3]"]
    again = link(made.store(), LinkageSettings())
    assert asked[1:] == [None] and len(kept_of(made.store()).linkings()) == 1
    pd.testing.assert_frame_equal(first.person_links, again.person_links)
