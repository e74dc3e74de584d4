"""Rights over what is held, and the end of the time it is kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from review_material import HELP, WRONG, Published, line, published, workbook

from early_id.config.learning import RetentionSettings
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.trail import Trail, people_in
from early_id.data.decisions import add_decisions, keep_workbook, read_decisions
from early_id.data.erased import BEGUN, unfinished
from early_id.data.remove import count_rows, expired
from early_id.data.store import Store
from early_id.explain.page import OUTCOMES
from early_id.features.cohort import council_cohort
from early_id.features.past import Past
from early_id.linkage.people import People
from early_id.screening.history import ledger
from early_id.screening.listed import followup_ledger, listed
from early_id.workflow.access import LEFT_OUT
from early_id.workflow.looking_back import doctor, look_back
from early_id.workflow.retaining import retain
from early_id.workflow.reviewing import import_reviews
from early_id.workflow.rights import access, correct, erase, object_to, register
from early_id.workflow.steps import open_bench


@pytest.fixture(scope="module")
def base(small_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Published:
    made = published(small_store, tmp_path_factory.mktemp("published"))
    book = workbook(
        made.cfg.store_dir.parent / "back.xlsx",
        [line(row, OUTCOMES[HELP], notes="mum's new partner was there") for _, row in made.of(0).head(2).iterrows()],
    )
    import_reviews(made.cfg, book, today=date(2025, 12, 5))
    return made


@pytest.fixture
def lists(base: Published, tmp_path: Path) -> Iterator[Published]:
    shutil.copytree(base.cfg.store_dir, tmp_path / "store", ignore=shutil.ignore_patterns("lock*"))
    yield Published(base.cfg.model_copy(update={"out": tmp_path / "out", "store": tmp_path / "store"}), base.people, base.rows, base.schools)


def child_of(lists: Published, at: int = 0) -> str:
    return str(lists.of(0)["child_id"].iloc[at])


def cohort_on(lists: Published, day: date) -> Any:
    bench = open_bench(lists.cfg)
    return council_cohort(Past(bench.store, bench.people, day), lists.cfg)


def test_an_objection_takes_the_child_out_before_scoring_and_a_refused_one_ends(lists: Published) -> None:
    child, day = child_of(lists), date(2025, 11, 12)
    eligible = cohort_on(lists, date(2025, 11, 20)).index["child_id"]
    who = next(c for c in lists.rows["child_id"] if c in set(eligible))
    done = object_to(lists.cfg, who, by="data protection officer", outcome="pending", on=day)
    assert "strike the line" in " ".join(done.notes)
    found = cohort_on(lists, date(2025, 11, 20))
    assert who not in set(found.index["child_id"])
    assert found.excluded.set_index("child_id").loc[who, "reason"] == "objection"
    assert Store.open(lists.cfg).made_up  # a made-up council stays one
    object_to(lists.cfg, who, by="data protection officer", outcome="refused", on=date(2025, 11, 25))
    assert who in set(cohort_on(lists, date(2025, 12, 1)).index["child_id"])
    assert [entry["outcome"] for entry in register(lists.cfg.store_dir)] == ["pending", "refused"]
    assert child


def test_what_cannot_be_asked_is_one_message(lists: Published) -> None:
    with pytest.raises(InputDataError, match="No child is known"):
        object_to(lists.cfg, "Cnobody", by="officer")
    with pytest.raises(SettingsError, match="outcome of an objection"):
        object_to(lists.cfg, child_of(lists), by="officer", outcome="maybe")
    with pytest.raises(SettingsError, match="who settles"):
        access(lists.cfg, child_of(lists), by="")
    with pytest.raises(SettingsError, match="holds no record of the child"):
        correct(lists.cfg, child_of(lists), what="wrong date", source="the moon", by="officer")
    with pytest.raises(SettingsError, match="why the records are erased"):
        erase(lists.cfg, child_of(lists), by="officer", reason=" ")


def test_access_tells_all_about_the_child_and_nothing_about_others(lists: Published) -> None:
    child = child_of(lists)
    done = access(lists.cfg, child, by="officer", today=date(2025, 12, 6))
    text = (lists.cfg.out_dir / done.outputs[1]).read_text(encoding="utf-8")
    page = (lists.cfg.out_dir / done.outputs[0]).read_text(encoding="utf-8")
    values = json.loads(text)
    assert {"pupils", "attendance", "enrolments", "lists", "decisions"} <= set(values)
    assert not {column for rows in values.values() for row in rows for column in row} & LEFT_OUT
    links = lists.people.person_links
    mine = set(links.loc[links["child_id"] == child, "source_person_id"])
    others = set(links.loc[links["child_id"] != child, "source_person_id"]) - mine
    assert {row["source_person_id"] for rows in values.values() for row in rows if "source_person_id" in row} <= mine
    assert not [number for number in others if f'"{number}"' in text]
    assert "partner" not in text + page  # what staff wrote may name others
    assert [note for note in done.notes if "note(s) that staff wrote" in note]
    stored = Store.open(lists.cfg).frame("attendance")
    assert len(values["attendance"]) == int(stored["source_person_id"].isin(mine).sum())


def test_a_correction_goes_to_its_supplier(lists: Published) -> None:
    correct(lists.cfg, child_of(lists), what="the birthday is the 4th", source="education", by="officer", today=date(2025, 12, 6))
    from openpyxl import load_workbook

    sheet = load_workbook(lists.cfg.out_dir / "reviews/needs_a_person.xlsx")["Records said to be wrong"]
    rows = [row for row in sheet.iter_rows(values_only=True) if "the birthday is the 4th" in row]
    assert [row[0] for row in rows] == ["education"]
    assert OUTCOMES[WRONG] in set(read_decisions(lists.cfg.store_dir)["decision"])


def test_erased_records_are_in_no_version_and_do_not_come_back(lists: Published, small_store: Any) -> None:
    child = child_of(lists)
    links = lists.people.person_links
    mine = links.loc[links["child_id"] == child, ["source", "source_person_id"]].to_records(index=False).tolist()
    before = Store.open(lists.cfg)
    attendance = len(before.frame("attendance"))
    done = erase(lists.cfg, child, by="officer", reason="recorded for another family by mistake")
    after = Store.open(lists.cfg)
    assert done.counts["decisions"] == 1 and done.counts["workbooks"] == 1
    assert len(after.frame("attendance")) == attendance - done.counts["rows of attendance"]
    for path in lists.cfg.store_dir.rglob("*"):
        if path.suffix == ".parquet":
            held = pd.read_parquet(path)
            pairs = set(zip(held["source"], held["source_person_id"], strict=True)) if "source_person_id" in held else set()
            assert not pairs & set(mine), path
        elif path.suffix in (".csv", ".jsonl"):
            assert not [n for _, n in mine if f",{n}," in path.read_text(encoding="utf-8")], path
    assert child not in set(read_decisions(lists.cfg.store_dir)["child_id"])
    assert next(c for c in doctor(lists.cfg) if c.what == "Audit trail").ok
    # Two files are read again, as under other instructions: everybody comes back but the child.
    shapes = ("council_schools", "council_pupils", "council_enrolments")
    few = tuple(one.model_copy(update={"received": date(2025, 12, 1)}) for one in lists.cfg.sources if one.shape in shapes)
    Store.open(lists.cfg).ingest(cfg=lists.cfg.model_copy(update={"sources": few}))  # as a notebook does it
    again = Store.open(lists.cfg)
    rows = again.frame("enrolments")
    assert not set(rows["source_person_id"]) & {n for s, n in mine if s == "education"} and len(rows) == len(after.frame("enrolments"))


#: What an erasure does, in order.
STEPS = ("remember_erased", "remove_rows", "remove_from_files", "_drop_workbooks", "keep_only", "kept_of", "_note", "end")


def test_an_erasure_that_breaks_off_anywhere_is_done_by_the_next_attempt(lists: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    child = child_of(lists)
    links = lists.people.person_links
    mine = links.loc[links["child_id"] == child, ["source", "source_person_id"]].to_records(index=False).tolist()
    asked = child
    for step in STEPS:
        with monkeypatch.context() as killed:
            killed.setattr(f"early_id.workflow.rights.{step}", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
            with pytest.raises(KeyboardInterrupt):
                erase(lists.cfg, asked, by="officer", reason="recorded by mistake")
        assert unfinished(lists.cfg.store_dir) == 1 and not next(c for c in doctor(lists.cfg) if c.what == "Erasures").ok
        asked = "/".join(mine[0]) if asked == child else child
    erase(lists.cfg, asked, by="officer", reason="recorded by mistake")
    assert not unfinished(lists.cfg.store_dir) and [entry["request"] for entry in register(lists.cfg.store_dir)][-1] == "erase"
    for path in lists.cfg.store_dir.rglob("*.parquet"):
        held = pd.read_parquet(path)
        assert "source_person_id" not in held or not set(zip(held["source"], held["source_person_id"], strict=True)) & set(mine), path
    assert child not in set(read_decisions(lists.cfg.store_dir)["child_id"]) and not list((lists.cfg.store_dir / "decisions/workbooks").iterdir())


def test_no_workbook_brings_an_erased_child_back(base: Published, lists: Published, tmp_path: Path) -> None:
    mine = lists.of(0).iloc[0]
    erase(lists.cfg, str(mine["child_id"]), by="officer", reason="recorded by mistake")
    inbox = tmp_path / "inbox"
    workbook(inbox / "edited.xlsx", [line(mine, OUTCOMES[HELP], notes="rang mum")])
    by_name = [mine["name"].upper(), "", "quiet lately", OUTCOMES[HELP], None, "02/12/2025", "DSL", "rang mum"]
    workbook(inbox / "own.xlsx", [line(lists.of(0).iloc[4])], [by_name])
    shutil.copy(base.cfg.store_dir.parent / "back.xlsx", inbox / "as it came.xlsx")
    found = import_reviews(lists.cfg, inbox, today=date(2025, 12, 6))
    assert found.added == 0 and found.findings.by_code()["REV017"] == 2 and not found.nothing_read
    held = read_decisions(lists.cfg.store_dir)
    assert mine["child_id"] not in set(held["child_id"]) and "rang mum" not in set(held["notes"])
    assert not list((lists.cfg.store_dir / "decisions/workbooks").iterdir())


def test_an_erasure_reaches_former_ids_lines_that_bear_the_name_and_what_was_linked_since(lists: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    store, links = lists.cfg.store_dir, lists.people.person_links
    counts = links.groupby("child_id").size()
    mine = next(row for row in lists.rows.to_dict("records") if counts[row["child_id"]] > 1)
    pairs = sorted(links.loc[links["child_id"] == mine["child_id"], ["source", "source_person_id"]].itertuples(index=False, name=None))
    common = "Somebody Else"
    add_decisions(
        store,
        [{"kind": "own", "name": mine["name"].upper(), "notes": "a"}, {"kind": "own", "name": common}, {"kind": "decision", "child_id": "Cformer"}],
    )
    with monkeypatch.context() as killed:
        killed.setattr(People, "ids_of", lambda *_: frozenset({"Cformer"}))
        killed.setattr("early_id.workflow.rights.remember_erased", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            erase(lists.cfg, mine["child_id"], by="officer", reason="recorded by mistake")
    begun = json.loads((store / BEGUN).read_text(encoding="utf-8"))
    assert mine["name"].split()[0] not in str(begun)
    begun[mine["child_id"]]["pairs"] = [list(pairs[0])]  # the others were linked to the child since
    (store / BEGUN).write_text(json.dumps(begun), encoding="utf-8")
    done = erase(lists.cfg, "Cformer", by="officer", reason="recorded by mistake")
    held, after = read_decisions(store), Store.open(lists.cfg)
    assert not {mine["child_id"], "Cformer"} & set(held["child_id"]) and mine["name"].upper() not in set(held["name"]) and common in set(held["name"])
    assert all(number not in set(after.frame("pupils").query("source == @source")["source_person_id"]) for source, number in pairs)
    assert [note for note in done.notes if note.startswith("1 line(s) of readers could not be attached")]


def test_a_key_that_stands_for_another_child_on_another_list_is_left_alone(lists: Published) -> None:
    mine, others = lists.of(0).iloc[0], lists.of(1).head(2)
    sheet = [[mine["key"], others["child_id"].iloc[0], mine["key"]], ["F00002", others["child_id"].iloc[1], "F00002"]]
    followup_ledger(lists.cfg.store_dir).append("sheet", {"as_of": "2025-11-12", "recipient": "H1", "entries": sheet})
    named = [{"name": "", "key": key} for key, *_ in sheet]
    book = workbook(lists.cfg.store_dir.parent / "hub.xlsx", [line(row, OUTCOMES[HELP]) for row in named])
    import_reviews(lists.cfg, book, today=date(2025, 12, 5))
    before = read_decisions(lists.cfg.store_dir)
    assert (before["key"] == mine["key"]).sum() == 2
    done = erase(lists.cfg, str(mine["child_id"]), by="officer", reason="recorded by mistake")
    after = read_decisions(lists.cfg.store_dir)
    assert (done.counts["decisions"], done.counts["workbooks"]) == (1, 1) and len(after) == len(before) - 1
    assert after.loc[after["key"] == mine["key"], "child_id"].tolist() == [others["child_id"].iloc[0]]


def test_looking_back_at_a_child_and_at_a_model(lists: Published) -> None:
    bench, child = open_bench(lists.cfg), child_of(lists)
    mine = look_back(bench, child=child)
    assert mine.rows[["recipient", "decision"]].to_numpy().tolist() == [[lists.schools[0], OUTCOMES[HELP]]]
    assert "review" in [entry["kind"] for entry in mine.seen] and child not in str(mine.seen)
    assert look_back(bench, model="abc123").rows["child_id"].nunique() == 12
    with pytest.raises(SettingsError, match="No list on record"):
        look_back(bench, model="another/1")
    with pytest.raises(SettingsError, match="what to look back at"):
        look_back(bench)
    assert [r.kind for r in Trail(lists.cfg.store_dir).read()].count("opened") == 2


def test_only_what_somebody_decided_is_deleted_and_all_of_it_is_reported(lists: Published) -> None:
    today = date(2026, 2, 1)
    assert retain(lists.cfg, today=today).deleted == {} and len(retain(lists.cfg, today=today).undecided) == 6
    rules = RetentionSettings(sources={"education": 400}, versions=30, set_aside=30, lists=0, decisions=30, trail_years=1)
    cfg = lists.cfg.model_copy(update={"retention": rules})
    marks = Store.open(cfg).frame("attendance")
    old = int((pd.to_datetime(marks["happened_on"]) < pd.Timestamp("2024-12-28")).sum())
    blank = keep_workbook(cfg.store_dir, "f" * 64, b"nobody had answered anything")
    os.utime(blank, (1.7e9, 1.7e9))  # in 2023
    waiting = list(cfg.store_dir.glob("set_aside/*/waiting.parquet"))
    counted = retain(cfg, today=today, dry_run=True)
    assert counted.deleted["workbooks"] == 2
    assert counted.deleted["rows of attendance"] == old > 0
    assert len(Store.open(cfg).frame("attendance")) == len(marks)
    made = retain(cfg, today=today)
    assert made.deleted == counted.deleted
    left = Store.open(cfg)
    assert len(left.frame("attendance")) == len(marks) - old
    # Children who are on a roll stay, and so do the rows of sources that nobody named.
    rolls = left.frame("enrolments")
    assert rolls["end_on"].isna().any() and set(rolls.loc[rolls["end_on"].isna(), "source_person_id"]) <= set(
        left.frame("pupils")["source_person_id"]
    )
    assert read_decisions(cfg.store_dir).empty and not blank.exists()
    # Rows set aside are gone; what waits for a correction still does.
    assert not list(cfg.store_dir.glob("set_aside/*/*.csv")) and waiting
    assert (cfg.store_dir / f"set_aside/{left.version.number:06d}/waiting.parquet").is_file()
    assert Trail(cfg.store_dir).read()[-1].kind == "retain"
    assert "rows of attendance" not in retain(cfg, today=today).deleted


def test_a_publication_that_broke_off_is_on_record_before_its_lists_go(lists: Published) -> None:
    cfg = lists.cfg.model_copy(update={"retention": RetentionSettings(lists=1)})
    place = cfg.out_dir / "lists" / "schools" / "S1"
    place.mkdir(parents=True)
    body = {**ledger(cfg.store_dir).read()[0].body, "as_of": "2025-11-24"}
    (place / "manifest.json").write_text(json.dumps({"expires_on": "2025-12-22"}), encoding="utf-8")
    (place.parents[1] / "record.json").write_text(json.dumps(body), encoding="utf-8")
    old, new = (cfg.out_dir / "features" / f"{name}.parquet" for name in ("matrix", "taken_out"))
    old.parent.mkdir()
    for path in (old, new):
        path.touch()
    os.utime(old, (1.7e9, 1.7e9))  # in 2023
    over = {"lists": 1, "files of features and of retired models": 1}
    assert (
        retain(cfg, today=date(2026, 2, 1), dry_run=True).deleted == over
        and old.exists()
        and "2025-11-24" not in set(listed(cfg.store_dir)["list_as_of"])
    )
    assert retain(cfg, today=date(2026, 2, 1)).deleted == over and new.exists() and not old.exists()
    assert not place.exists() and "2025-11-24" in set(listed(cfg.store_dir)["list_as_of"])
    assert [path.name for path in (cfg.out_dir / "reviews").iterdir()] == ["needs_a_person.xlsx"]  # what is open stays open


def test_an_old_objection_that_still_holds_is_never_over(lists: Published) -> None:
    object_to(lists.cfg, child_of(lists), by="officer", on=date(2020, 1, 6))
    store = Store.open(lists.cfg)
    predicates = expired(store, {"education": 30, "social_care": 30}, date(2026, 2, 1))
    assert "wishes" not in count_rows(store, predicates)


def test_a_destroyed_key_makes_old_people_unreadable_and_the_trail_holds(lists: Published) -> None:
    cfg = lists.cfg.model_copy(update={"retention": RetentionSettings(trail_years=1)})
    [year] = Trail(cfg.store_dir).years_held()
    made = retain(cfg, today=date(year + 2, 1, 1))
    assert made.deleted == {"keys to the people of a year in the trail": 1}
    records = Trail(cfg.store_dir).read()
    readable = Trail(cfg.store_dir).known(lists.rows["child_id"])
    assert [p for r in records for p in people_in(r.body)] and not [p for r in records for p in people_in(r.body) if p in readable]
    assert look_back(open_bench(cfg), child=child_of(lists)).unreadable >= 1
