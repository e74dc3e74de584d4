"""What linking finds today moves nothing that was known before today, and takes children out of today's list."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from early_id.config.load import make_config, shipped
from early_id.config.settings import Config
from early_id.data.store import Store
from early_id.features import COUNCIL, FeatureMatrix, build_features, catalogue
from early_id.features.later_links import taken_out_since
from early_id.features.past import Past
from early_id.linkage import People, link
from early_id.linkage.decisions import Decision
from early_id.linkage.identifiers import LETTERS
from early_id.linkage.store_link import kept_of
from intake import GOOD, SCHOOL, Council

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
#: The days on which the two batches were received; dates of lists before the first, between and after.
FIRST, SECOND = "2025-03-03", "2025-04-07"
EARLIER = (date(2025, 3, 3), date(2024, 11, 18), date(2024, 12, 9))
DAY = date(2025, 4, 7)
#: Children of the first batch: known to social care by number, not known there, to be merged, to be split, waiting for a person. Who will wait in the second.
PLAIN, NEW, MERGED, SPLIT, WAITING = range(4), range(4, 6), range(6, 8), range(8, 10), range(10, 12)
WILL_WAIT = 15


def upn(number: int) -> str:
    """A valid UPN."""
    digits = f"801200{number:06d}"
    return LETTERS[sum(place * int(digit) for place, digit in enumerate(digits, 2)) % 23] + digits


@dataclass
class Town:
    """A council of some pupils and of records of social care, in two batches, drawn by seed."""

    folder: Path
    seed: int

    def __post_init__(self) -> None:
        self.random, self.council, self.received = random.Random(self.seed), Council(self.folder), {}

    def config(self) -> Config:
        sources = [{**one, "received": self.received[one["files"]], "covers_from": "2023-09-01"} for one in self.council.sources]
        settings = {"sharing": shipped("sharing.yaml"), "linkage": {"use_names": False}, "sources": sources}
        return make_config(settings, base=self.folder)

    def put(self, table: str, batch: str, *rows: dict[str, str]) -> None:
        file = f"{GOOD[table][1]}/{table}_{batch}.csv"
        self.council.put(table, *rows, file=file)
        self.received[file] = batch[:10]

    def born(self, child: int) -> str:
        return f"{2009 + child % 6}-{1 + child % 12:02d}-{3 + child:02d}"

    def pupils(self, batch: str, children: range) -> None:
        recorded = "2023-09-04"
        self.put("pupils", batch, *({"source_person_id": f"P{n}", "upn": upn(n), "forename": f"Ada{chr(97 + n)}", "surname": f"Winter{chr(97 + n)}",
                                     "birth_date": self.born(n), "sex": "F", "ethnicity": "WBRI", "recorded_on": recorded} for n in children))  # fmt: skip
        self.put("enrolments", batch, *({"source_person_id": f"P{n}", "school_id": "S1", "start_on": "2023-09-04", "nc_year": "8"} for n in children))
        days = [f"2024-{month:02d}-{day:02d}" for month in (9, 10, 11) for day in (4, 5, 6)]
        self.put("attendance", batch, *({"source_person_id": f"P{n}", "school_id": "S1", "date": day, "session": half, "code": self.random.choice("/\\IOL"),
                                         "known": day} for n in children for day in days for half in ("AM", "PM")))  # fmt: skip

    def cases(self, batch: str, people: dict[int, dict[str, str]]) -> None:
        """Records of social care, each with what it holds of long before the batch came."""
        self.put("people", batch, *({"source_person_id": f"C{n}", "sex": "F", "birth_date": self.born(n), "recorded_on": "2023-09-04", **row}
                                    for n, row in people.items()))  # fmt: skip

    def held(self, batch: str, numbers: list[int]) -> None:
        """What those records hold, dated before the earliest list."""
        draw = self.random.choice
        self.put(
            "household_factors",
            batch,
            *({"source_person_id": f"C{n}", "factor": draw(["4B", "10A", "3A"]), "happened_on": "2024-10-10"} for n in numbers),
        )
        self.put("contacts", batch, *({"source_person_id": f"C{n}", "contact_on": "2024-10-12", "contact_source": "school", "outcome": "advice",
                                       "outcome_on": "2024-10-14"} for n in numbers))  # fmt: skip
        self.put(
            "household_members",
            batch,
            *({"source_person_id": f"C{n}", "household_id": f"H{n // 2}", "role": "child", "from_on": "2020-01-01"} for n in numbers),
        )
        statutory = [{"source_person_id": f"C{n}", "status": "CIN", "start_on": "2024-05-10", "end_on": ""} for n in numbers if n not in PLAIN]
        self.put("statutory", batch, *(statutory or [{"source_person_id": "C0", "status": "CIN", "start_on": "2023-01-10", "end_on": "2023-06-10"}]))

    def ingest(self) -> None:
        cfg = self.config()
        Store.open(cfg).ingest(cfg=cfg)

    def send_first(self) -> None:
        """The first batch."""
        self.put("schools", FIRST, SCHOOL)
        self.pupils(FIRST, range(16))
        known = {n: {"upn": upn(n)} for n in (*PLAIN, *SPLIT)}
        waiting = {n: {"upn": upn(n), "forename": "Quite", "surname": "Otherwise"} for n in WAITING}
        self.cases(FIRST, {**known, **{n: {"upn": ""} for n in MERGED}, **waiting})
        self.held(FIRST, [*PLAIN, *SPLIT, *MERGED, *WAITING])
        self.ingest()

    def send_second(self) -> None:
        """New records of known and of unknown children with their past; one that turns out to be another's, and one that does not; and a decision."""
        self.pupils(SECOND, range(20, 23))
        changed = {"recorded_on": "2025-04-06"}
        merged, parted = {n: {"upn": upn(n), **changed} for n in MERGED}, {n: {"upn": upn(n + 500), **changed} for n in SPLIT}
        newcomers = list(NEW) + self.random.sample(range(12, WILL_WAIT), 2) + [20, 30]
        waits = {WILL_WAIT: {"upn": upn(WILL_WAIT), "forename": "Quite", "surname": "Otherwise"}}
        self.cases(SECOND, {**merged, **parted, **{n: {"upn": upn(n)} for n in newcomers}, **waits})
        self.held(SECOND, [*newcomers, WILL_WAIT])
        self.ingest()
        kept = kept_of(self.store)
        pair = (("education", f"P{WAITING[0]}"), ("social_care", f"C{WAITING[0]}"))
        kept.keep_decisions(kept.decisions().add(Decision.of(*pair, "different", by="officer", on=DAY)))

    def send_part(self, child: int) -> None:
        """One more file of social care under the day of the first batch: a record, with its past, of a pupil whom nobody there knew."""
        part = f"{FIRST}_{child}"
        self.cases(part, {child: {"upn": upn(child)}})
        self.held(part, [child])
        self.ingest()

    @property
    def store(self) -> Store:
        return Store.open(self.config())


def as_bytes(matrix: FeatureMatrix, people: People, day: date) -> dict[str, bytes]:
    """Features, cohort, who was taken out and who was family, as they would be written."""
    families = people.families_on(day).sort_values("child_id", ignore_index=True)
    kin = people.family_on(day).sort_values(["person_id", "relative_id"], ignore_index=True)
    frames = {"X": matrix.X, "index": matrix.index, "excluded": matrix.excluded, "families": families, "kin": kin}
    return {name: frame.to_csv().encode() for name, frame in frames.items()}


@pytest.mark.parametrize("seed", range(FACTOR))
def test_what_is_linked_today_moves_no_earlier_features_cohort_or_family_and_counts_from_today(seed: int, tmp_path: Path) -> None:
    town, day = Town(tmp_path, seed), EARLIER[seed % len(EARLIER)]
    town.send_first()
    first = link(town.store)
    was = build_features(town.store, first, catalogue(), as_of=day)
    town.send_second()
    store = town.store
    second = link(store)
    assert sorted({change.kind for change in second.changes}) == ["merge", "split"]
    then, now = as_bytes(was, first, day), as_bytes(build_features(store, second, catalogue(), as_of=day), second, day)
    assert [name for name in then if now[name] != then[name]] == []
    # The list of the day itself: whoever has an open record by a link of today is not on it, and new pupils may be.
    ids = second.current().set_index(["source", "source_person_id"])["child_id"]
    today = COUNCIL.cohort(Past(store, second, DAY), town.config())
    new, open_now = {ids["education", f"P{n}"] for n in NEW}, {ids["education", f"P{n}"] for n in (*NEW, *MERGED)}
    assert set(today.excluded.set_index("child_id")["reason"].reindex(sorted(open_now))) == {"child_in_need"}
    doubted = ids["education", f"P{WILL_WAIT}"]
    assert today.excluded.set_index("child_id")["reason"][doubted] == "maybe_statutory"
    listed = set(today.index["child_id"])
    assert not open_now & listed and {ids["education", f"P{n}"] for n in (21, 22)} <= listed
    # A list that is made today for a date before today: the same children stay out of it, though its features and cohort are those of then.
    called = first.current().set_index(["source", "source_person_id"])["child_id"]
    then_called = {called["education", f"P{n}"] for n in (*NEW, *MERGED)}  # a merge may go on under the other id
    assert then_called | {doubted} <= set(was.index["child_id"])
    out = taken_out_since(Past(store, second, day), was.index, COUNCIL.cohort, town.config())
    assert then_called <= set(out.loc[out["reason"] == "child_in_need", "child_id"])
    assert set(out.loc[out["child_id"] == doubted, "reason"]) == {"maybe_statutory"}
    assert taken_out_since(Past(store, second, DAY), today.index, COUNCIL.cohort, town.config()).empty
    # Made anew, new records count as if they had been linked from the first, under the ids that people had.
    anew = link(store, anew=True)
    pd.testing.assert_series_equal(anew.current().set_index(["source", "source_person_id"])["child_id"].sort_index(), ids.sort_index())
    assert not new & set(COUNCIL.cohort(Past(store, anew, day), town.config()).index["child_id"])
    assert [bool(one.get("anew")) for one in kept_of(store).linkings()] == [False, False, True]
    pd.testing.assert_frame_equal(kept_of(store).links_of(2), second.person_links)


def test_a_file_that_comes_late_moves_no_date_before_and_its_own_day_only_where_the_linking_is_of_that_day(tmp_path: Path) -> None:
    town, received, day = Town(tmp_path, 0), date.fromisoformat(FIRST), EARLIER[1]
    town.send_first()

    def reasons(people: People, on: date) -> dict[str, str]:
        out = COUNCIL.cohort(Past(town.store, people, on), town.config()).excluded
        return dict(zip(out["child_id"], out["reason"], strict=True))

    first = link(town.store)
    was = {on: (reasons(first, on), Past(town.store, first, on).links()["child_id"].tolist()) for on in (day, received)}
    # In parts, on one day: a list of that very day sees the second, and none before it does.
    town.send_part(12)
    second = link(town.store)
    ids = second.current().set_index(["source", "source_person_id"])["child_id"]
    assert (reasons(second, day), Past(town.store, second, day).links()["child_id"].tolist()) == was[day]
    assert reasons(second, received) == {**was[received][0], ids["education", "P12"]: "child_in_need"}
    # After a linking of a later day, that of a decision: the day of the files has been seen, and stays as it was seen.
    kept, pair = kept_of(town.store), (("education", f"P{WAITING[0]}"), ("social_care", f"C{WAITING[0]}"))
    kept.keep_decisions(kept.decisions().add(Decision.of(*pair, "different", by="officer", on=date(2025, 3, 20))))
    decided = link(town.store)
    built = as_bytes(build_features(town.store, decided, catalogue(), as_of=received), decided, received)
    town.send_part(13)
    late = link(town.store)
    again = as_bytes(build_features(town.store, late, catalogue(), as_of=received), late, received)
    assert [name for name in built if again[name] != built[name]] == []
    assert reasons(late, received + timedelta(days=1))[ids["education", "P13"]] == "child_in_need"
    assert ids["education", "P13"] in set(
        taken_out_since(
            Past(town.store, late, received), COUNCIL.cohort(Past(town.store, late, received), town.config()).index, COUNCIL.cohort, town.config()
        )["child_id"]
    )
