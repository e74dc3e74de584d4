"""Taking rows out for good: only lines of the person go, older versions too where the current one holds none, and what waits goes on waiting."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from early_id.data.decisions import FOLDER, add_decisions, keep_only, read_decisions
from early_id.data.erased import remember_erased
from early_id.data.pages.findings import findings_page
from early_id.data.remove import count_rows, count_untold, expired, of_people, remove_from_files, remove_rows
from early_id.data.store import Store
from intake import GOOD, PERSON, PUPIL, Council, write_rows

CONTACT = GOOD["contacts"][2]


@pytest.fixture
def council(tmp_path: Path) -> Council:
    """Two children of social care, 1 and 12, of each of whom a contact was set aside; a pupil of education is number 1 too."""
    made = Council(tmp_path).put_good("schools")
    made.put("pupils", {**PUPIL, "source_person_id": "1"})
    made.put("people", {**PERSON, "source_person_id": "12"}, {**PERSON, "source_person_id": "1", "upn": ""})
    rows = [{**CONTACT, "source_person_id": number} for number in ("12", "1")]
    made.put("contacts", *rows, *({**row, "contact_on": "31/02/2024"} for row in rows))
    made.ingest()
    return made


def aside(store: Store) -> list[str]:
    return [line for path in store.folder.glob("set_aside/*/*.csv") for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_a_number_goes_only_from_files_of_its_own_source_and_from_the_column_of_people(council: Council) -> None:
    store = council.store()
    [path] = store.folder.glob("set_aside/*/*.csv")
    table = pd.read_csv(path, dtype=str)
    assert len(table) == 2
    assert (
        remove_from_files(
            store, [("education", "1"), ("social_care", table["row"].iloc[0])] if table["row"].iloc[0] not in ("1", "12") else [("education", "1")]
        )
        == 0
    )
    assert len(aside(store)) == 2
    assert remove_from_files(store, [("social_care", "12")]) == 1
    assert len(aside(store)) == 1


def test_a_line_set_aside_that_names_the_person_as_the_other_one_goes_too(council: Council) -> None:
    row = {**GOOD["relationships"][2], "from_on": "31/02/2024"}
    rows = [{**row, "source_person_id": "1", "other_person_id": number} for number in ("12", "7")]
    council.put("relationships", *rows, {**rows[1], "from_on": "2012-05-04"})
    council.ingest("2025-03-10")
    assert [line for line in aside(council.store()) if ",1,12," in line]
    remove_from_files(council.store(), [("social_care", "12")])
    assert not [line for line in aside(council.store()) if ",12," in line] and [line for line in aside(council.store()) if ",1,7," in line]


def test_an_open_family_group_is_kept_with_its_person_and_a_closed_one_is_over(council: Council) -> None:
    council.put("family_groups", *({**GOOD["family_groups"][2], "source_person_id": number} for number in ("12", "1")))
    council.put(
        "household_members", *({**GOOD["household_members"][2], "source_person_id": number} for number in ("12", "1"))
    )  # no end: both live there
    council.ingest("2025-03-10")
    store, limits = council.store(), {"social_care": 3650}
    over = expired(store, limits, date(2050, 1, 1))
    assert not {"family_groups", "pupils"} & set(count_rows(store, over))
    part = store.folder / "parts" / store.version.tables["family_groups"]
    held = pd.read_parquet(part)
    held.loc[held["source_person_id"] == "12", "known_to"] = pd.Timestamp("2025-03-17")
    held.to_parquet(part, index=False)
    assert "family_groups" not in count_rows(store, expired(store, limits, date(2030, 1, 1)))
    assert remove_rows(store, {"family_groups": over["family_groups"]}) == {"family_groups": 1}
    assert store.frame("family_groups")["source_person_id"].tolist() == ["1"]


def test_older_versions_go_even_where_the_current_one_holds_nothing(council: Council) -> None:
    store = council.store()
    older = replace(store.version, number=0)
    (store.folder / "versions" / "000000.json").write_text(json.dumps(asdict(older)), encoding="utf-8")
    assert remove_rows(store, of_people(store, [("social_care", "nobody")])) == {}
    assert [path.stem for path in (store.folder / "versions").iterdir()] == [f"{store.version.number:06d}"]


def waiting(store: Store) -> pd.DataFrame:
    return pd.read_parquet(store.folder / f"set_aside/{store.version.number:06d}/waiting.parquet")


def test_what_waits_goes_on_waiting_after_rows_were_taken_out_and_is_cleared_later(council: Council) -> None:
    store = council.store()
    before = waiting(store)
    assert len(before) == 2 and remove_rows(store, of_people(store, [("social_care", "12")]))
    assert waiting(store).equals(before) and not list(store.folder.glob(".batch-*"))
    assert len(list(store.folder.glob("set_aside/*/waiting.parquet"))) == 1  # with the versions that are gone went their own
    # Of the person who goes nothing waits; the other's row is put right by the next export.
    assert remove_from_files(store, [("social_care", "12")]) == 1 and len(waiting(store)) == 1
    council.put("contacts", {**CONTACT, "source_person_id": "1"}, {**CONTACT, "source_person_id": "1", "contact_on": "2024-02-28"})
    assert (batch := council.ingest("2025-03-10")).waiting == 0 and batch.cleared == 1


def test_a_version_that_was_half_written_is_never_met(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    store = council.store()
    number = store.version.number
    with monkeypatch.context() as killed:
        killed.setattr("early_id.data.publish.json.dumps", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            remove_rows(store, of_people(store, [("social_care", "12")]))
    again = council.store()
    assert again.version.number == number and [p.stem for p in (store.folder / "versions").iterdir()] == [f"{number:06d}"]
    assert remove_rows(again, of_people(again, [("social_care", "12")])) and len(waiting(again)) == 2


def test_erased_people_come_back_by_no_way_in(council: Council) -> None:
    store = council.store()
    remember_erased(store, [("social_care", "12")])
    remove_rows(store, of_people(store, [("social_care", "12")]))
    council.put(
        "household_factors",
        *({**GOOD["household_factors"][2], "source_person_id": n, "factor": "11A", "happened_on": "2025-02-20"} for n in ("12", "1")),
    )
    council.put(
        "contacts", *({**CONTACT, "source_person_id": n, "contact_on": "31/02/2024"} for n in ("12", "1")), {**CONTACT, "source_person_id": "1"}
    )
    batch = council.ingest("2025-03-10")  # the store's own, as a notebook calls it
    assert batch.findings.by_code()["FIL003"] == 3 and batch.urgent == 1
    assert all(one.rows_in == one.rows_kept + one.rows_set_aside for one in batch.files) and sum(one.rows_left_out for one in batch.files) == 3
    page = findings_page(council.store().taken())
    assert page.count("people whose records were erased are in none of these numbers") == 1
    now = council.store()
    assert all("12" not in set(now.frame(name)["source_person_id"]) for name in now.version.tables if now.tables[name].has_person)
    assert not [line for line in (Path(str(batch.set_aside_folder)) / "social_care__contacts.csv.csv").read_text().splitlines() if ",12," in line]


def test_a_source_that_is_renamed_brings_nobody_back(council: Council) -> None:
    store = council.store()
    remember_erased(store, [("social_care", "12")])
    remove_rows(store, of_people(store, [("social_care", "12")]))
    # The same number at a source that was known then is somebody else.
    council.put("pupils", {**PUPIL, "source_person_id": "1"}, {**PUPIL, "source_person_id": "12", "upn": ""})
    batch = council.ingest("2025-03-10")
    assert "12" in set(council.store().frame("pupils")["source_person_id"]) and "FIL005" not in batch.findings.by_code()
    council.sources = [{**entry, "name": "families_first"} if entry["name"] == "social_care" else entry for entry in council.sources]
    for formerly, code, day in ((None, "FIL005", "17"), (["social_care"], "FIL003", "24"), ([], None, "31")):
        if formerly is not None:
            council.sources = [{**entry, "formerly": formerly} if entry["name"] == "families_first" else entry for entry in council.sources]
        people = [{**PERSON, "source_person_id": number, "upn": "", "recorded_on": f"2025-03-{day}"} for number in ("12", "1")]
        write_rows(council.extracts / "social_care/people.csv", "council_people", people)
        batch = council.ingest(f"2025-03-{day}")
        told = {f.code: f.count for f in batch.findings if f.where.endswith("people.csv") and f.code in ("FIL003", "FIL005")}
        [counted] = [one for one in batch.files if one.file.endswith("people.csv")]
        assert told == ({code: 1} if code else {}) and counted.rows_left_out == len(told)
        assert counted.rows_in == counted.rows_kept + counted.rows_set_aside == 2 - len(told)
        held = council.store().frame("pupils").query("source == 'families_first'")
        assert ("12" in set(held["source_person_id"])) == (code is None)


OTHER = """
shape: reviews
table: other_records
label: Reviews of a council
headings: [Child, Said]
derive: {kind: {constant: reviews}, content: {everything: true}}
columns: {kind: kind, %s content: content}
"""


def test_records_kept_as_they_came_are_the_persons_whom_their_mapping_names(council: Council) -> None:
    for name, about in (("told", "about: Child,"), ("untold", "")):
        (council.folder / f"{name}.yaml").write_text(OTHER.replace("reviews", name) % about, encoding="utf-8")
        (council.extracts / f"{name}.csv").write_text('Child,Said\n12,"seen, well"\n1,mother of 12\n1,12\n', encoding="utf-8")
        council.sources.append({"name": "social_care", "shape": name, "files": f"{name}.csv"})
    council.settings["shapes"] = ["told.yaml", "untold.yaml"]
    council.ingest("2025-03-10")
    store, people = council.store(), [("social_care", "12")]
    assert count_untold(store, people) == {"name nobody": 3, "hold the number in another cell": 1}
    assert remove_rows(store, of_people(store, people))["other_records"] == 1
    assert sorted(store.records("other_records")["about"].dropna()) == ["1", "1"]
    assert "other_records" in expired(store, {"social_care": 30}, date(2026, 1, 1))
    remember_erased(store, people)
    (council.extracts / "told.csv").write_text("Child,Said\n12,again\n1,new\n", encoding="utf-8")
    assert [f.count for f in council.ingest("2025-03-17").findings if (f.code, f.where) == ("FIL003", "told.csv")] == [1]
    assert "12" not in set(council.store().records("other_records")["about"])


def test_older_decisions_go_even_where_nothing_is_taken_out(tmp_path: Path) -> None:
    for _ in range(2):
        add_decisions(tmp_path, [{"kind": "decision", "child_id": "C"}])
    assert len(list((tmp_path / FOLDER).glob("decisions-*.parquet"))) == 2
    assert keep_only(tmp_path, pd.Series([True, True])) == 0
    assert len(list((tmp_path / FOLDER).glob("decisions-*.parquet"))) == 1 and len(read_decisions(tmp_path)) == 2


def test_whoever_is_named_as_somebodys_relative_is_forgotten_there_too_and_does_not_come_back(tmp_path: Path) -> None:
    made = Council(tmp_path)
    made.put("people", *({**PERSON, "source_person_id": number, "upn": ""} for number in ("1", "9")))
    made.put("relationships", {"source_person_id": "1", "other_person_id": "9", "relation": "Mother", "from_on": "01/01/2010", "known": "01/02/2020"})
    made.ingest()
    store = made.store()
    gone = of_people(store, [("social_care", "9")])
    assert remove_rows(store, gone) == {"pupils": 1, "relationships": 1}
    remember_erased(store, [("social_care", "9")])
    made.put("relationships", {"source_person_id": "1", "other_person_id": "9", "relation": "Mother", "from_on": "01/01/2010", "known": "02/02/2020"})
    made.ingest()
    held = made.store()
    assert not held.has("relationships") or held.frame("relationships").empty


def test_who_belongs_to_whom_goes_with_the_last_of_a_persons_rows_and_keeps_nobody(tmp_path: Path) -> None:
    made = Council(tmp_path)
    made.put("people", *({**PERSON, "source_person_id": number, "upn": ""} for number in ("1", "9")))
    made.put("contacts", {**CONTACT, "source_person_id": "1", "contact_on": "2024-10-12"})
    made.put("family_groups", *({"source_person_id": number, "group_id": "F", "known": "2024-09-02"} for number in ("1", "9")))
    made.put("relationships", {"source_person_id": "1", "other_person_id": "9", "relation": "mother", "known": "2024-09-02"})
    made.ingest()
    store = made.store()

    def goes(days: int) -> dict[str, int]:
        return count_rows(store, expired(store, {"social_care": days}, date(2026, 1, 1)))

    assert goes(1000) == {}  # the contact is kept, and with it the person; a relationship without an end is not older than that
    assert goes(100) == {"contacts": 1, "pupils": 2, "family_groups": 2, "relationships": 1}
    # The child lives there still: its mother is kept as long as the child, and with her what says who belongs to whom.
    made.put("household_members", {**GOOD["household_members"][2], "source_person_id": "1"})
    made.ingest("2025-03-10")
    store = made.store()
    assert goes(100) == {"contacts": 1}
