"""Decisions in, feedback out: the steps behind ``review`` and ``feedback``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import progress
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.findings import FindingKind, Findings
from early_id.core.types import Audience, Severity
from early_id.data.decisions import add_decisions, keep_workbook, read_decisions
from early_id.data.erased import erased_among
from early_id.features.cohort import hubs, open_spells, persons
from early_id.features.past import Past
from early_id.present.wording import MADE_UP
from early_id.screening.answers import RECORD_WRONG, WAITS, answers, open_aside
from early_id.screening.listed import PLACE, listed
from early_id.screening.people import display_name, sort_key
from early_id.workflow.afterwards import not_for_keys
from early_id.workflow.steps import Bench, at_work, open_bench
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.linkage import People

_NAMED = [*PLACE, "child_id", "name", "year"]
#: Stands in the place of an audience where a family asked for a correction itself.
FAMILY = "family"


@dataclass(frozen=True)
class Imported:
    """What ``early-id review import`` did."""

    books: tuple[dict[str, Any], ...]
    added: int
    aside: int
    findings: Findings
    waiting: int
    outputs: tuple[dict[str, Any], ...] = field(default=())

    @property
    def nothing_read(self) -> bool:
        """Whether not one of the workbooks could be read as that of a list made here."""
        return not any(book["read"] for book in self.books)

    def to_json(self) -> dict[str, Any]:
        """Counts and paths."""
        return {
            "workbooks": list(self.books),
            "added": self.added,
            "set_aside": self.aside,
            "waiting_for_a_countersign": self.waiting,
            "findings": self.findings.to_json(),
            "outputs": list(self.outputs),
        }


def import_reviews(cfg: Config, path: Path, *, today: date | None = None) -> Imported:
    """Read a workbook that came back, or a folder of them, and put what people decided on record.

    Raises
    ------
    InputDataError
        There is no such file, no workbook in the folder, or no list was ever published here.
    """
    from early_id.screening.coming_back import Gone, came_back, names_erased, standing_findings
    from early_id.screening.review import read_workbook, workbooks_in

    today = today or date.today()
    if not path.exists():
        raise InputDataError(
            "There is no such file or folder.", where=str(path), what_next="Give the workbook that came back, or the folder they lie in."
        )
    paths = workbooks_in(path)
    if not paths:
        raise InputDataError("The folder holds no workbook.", where=str(path), what_next="Give the folder in which the returned workbooks lie.")
    bench = open_bench(cfg)
    not_for_keys(bench, "A review of lists")
    with at_work(bench, on_store=True):
        store, group = cfg.store_dir, cfg.shared_with_group
        held = listed(store)
        if held.empty:
            raise InputDataError(
                "No lists are on record in this store.", where=str(store), what_next="Import where the lists were made, or make them first."
            )
        books = []
        with progress("Reading workbooks", len(paths)) as bar:
            for one in paths:
                books.append(read_workbook(one, today=today))
                bar.advance()
        people = bench.people
        keys = {line.key for book in books for line in book.lines if line.key}
        no_key = any(not line.key for book in books for line in book.lines) or not keys
        dates = held.loc[held["key"].isin(keys), "list_as_of"].unique() if not no_key else held["list_as_of"].unique()
        names, candidates = _names(bench, people, sorted(dates), held)
        held["name"] = [names.get((day, child), "") for day, child in zip(held["list_as_of"], held["child_id"], strict=True)]
        before = read_decisions(store)
        said = {sort_key(line.name) for book in books for line in (*book.lines, *book.own) if line.name}
        gone = Gone(erased_among(bench.store, "child", held["child_id"]), erased_among(bench.store, "name", said))
        made = came_back(books, held, candidates, before, today=today, gone=gone)
        deleted = erased_among(bench.store, "book", (book.digest for book in books))
        for book in books:
            # A workbook in which somebody stands whose records were erased is not kept again.
            if not (book.left or book.digest in deleted or names_erased(book, held, gone)):
                keep_workbook(store, book.digest, book.content, group=group)
        added = add_decisions(store, made.rows, group=group)
        rows = read_decisions(store)
        found = answers(rows)
        # From all that is on record of these workbooks, not from what was just added: an import that was killed in between is made good by the next one.
        own = rows[rows["file_sha256"].isin({book.digest for book in books})]
        _note_open_lines(store, found, own.to_dict("records"), held)
        trail = trail_of(bench)
        noted = {one["sha256"] for record in trail.read() if record.kind == "review" for one in record.body["workbooks"]}
        if added or any(book.digest[:16] not in noted for book in books):
            trail.note("review", {
                "on": today.isoformat(), "workbooks": [{"sha256": book.digest[:16], "list": one["list"]} for book, one in zip(books, made.books, strict=True)],
                "lines": added - len(made.aside), "set_aside": len(made.aside), "people": trail.people(set(own["child_id"]) - {""}),
            })  # fmt: skip
        wrong = records_said_wrong(bench, people, found)
        findings = made.findings + standing_findings(rows) + supplier_findings(wrong)
        outputs = _for_a_person(bench, people, rows, found, wrong)
    return Imported(tuple(made.books), added - len(made.aside), len(made.aside), findings, int((found["status"] == WAITS).sum()), tuple(outputs))


def countersign(cfg: Config, *, by: str, keys: Sequence[str], on: date | None = None, notes: str = "") -> int:
    """Put a manager's countersign of families passed to children's social care on record; how many.

    Raises
    ------
    SettingsError
        Nobody is named, or a key is not one that waits.
    """
    if not by.strip():
        raise SettingsError("Not stated: who countersigns.", where="review countersign", what_next="Give --by ROLE.")
    bench = open_bench(cfg)
    with at_work(bench, on_store=True):
        found = answers(read_decisions(cfg.store_dir))
        waiting = found[found["status"] == WAITS]
        asked = {key.upper() for key in keys} or set(waiting["key"])
        unknown = asked - set(waiting["key"])
        if unknown:
            raise SettingsError(
                f"{len(unknown)} of the keys given wait for no countersign.",
                where="review countersign",
                what_next=f"Waiting: {', '.join(sorted(waiting['key'])) or 'none'}. They stand in reviews/needs_a_person.xlsx.",
            )
        signed = waiting[waiting["key"].isin(asked)]
        day = (on or date.today()).isoformat()
        rows = [{**{name: row[name] for name in [*PLACE, "child_id", "key", "family", "decision"]}, "kind": "countersign", "role": by, "notes": notes,
                 "decided_on": day, "imported_on": date.today().isoformat()} for row in signed.to_dict("records")]  # fmt: skip
        add_decisions(cfg.store_dir, rows, group=cfg.shared_with_group)
        trail = trail_of(bench)
        trail.note("countersigned", {"by": by, "people": trail.people(signed["child_id"])})
        write_what_needs_a_person(bench)
    return len(rows)


def deal_with(cfg: Config, *, by: str, numbers: Sequence[int], on: date | None = None, notes: str = "") -> int:
    """Put on record that somebody has seen to lines and workbooks that were set aside; how many.

    Raises
    ------
    SettingsError
        Nobody is named, or a number is not one of a line that is still open.
    """
    if not by.strip():
        raise SettingsError("Not stated: who has seen to it.", where="review dealt-with", what_next="Give --by ROLE.")
    bench = open_bench(cfg)
    with at_work(bench, on_store=True):
        still = set(open_aside(read_decisions(cfg.store_dir))["number"])
        if unknown := set(numbers) - still:
            raise SettingsError(
                f"{len(unknown)} of the numbers given are of no line that is set aside and still open.",
                where="review dealt-with",
                what_next=f"Open: {', '.join(str(n) for n in sorted(still)) or 'none'}. They stand in reviews/needs_a_person.xlsx, sheet 'Set aside'.",
            )
        day = (on or date.today()).isoformat()
        rows = [
            {"kind": "settled", "row": n, "role": by, "notes": notes, "decided_on": day, "imported_on": date.today().isoformat()}
            for n in sorted(set(numbers))
        ]
        add_decisions(cfg.store_dir, rows, group=cfg.shared_with_group)
        trail_of(bench).note("dealt with", {"by": by, "lines": len(rows)})
        write_what_needs_a_person(bench)
    return len(rows)


def write_what_needs_a_person(bench: Bench) -> list[dict[str, Any]]:
    """Write ``reviews/needs_a_person.xlsx`` anew from what is on record."""
    people, rows = bench.people, read_decisions(bench.cfg.store_dir)
    found = answers(rows)
    return _for_a_person(bench, people, rows, found, records_said_wrong(bench, people, found))


def waiting_step_ups(store: Path) -> int:
    """How many families passed to children's social care no manager has countersigned."""
    return int((answers(read_decisions(store))["status"] == WAITS).sum())


def records_said_wrong(bench: Bench, people: People, found: pd.DataFrame) -> pd.DataFrame:
    """Records that readers say are wrong, by supplier: source, source_person_id, list_as_of, audience, recipient, notes, role.

    A school list holds the school's own records, so its supplier is who sends the school's roll; behind a hub list any source of the child may stand.
    """
    wrong = found[found["decision"] == RECORD_WRONG]
    columns = ["source", "source_person_id", *PLACE, "decided_on", "role", "reason", "notes"]
    if wrong.empty:
        return pd.DataFrame(columns=columns)
    rows = wrong.merge(people.current()[["source", "source_person_id", "child_id"]].drop_duplicates(), on="child_id")
    if bench.store.has("enrolments"):
        schools = set(bench.store.frame("enrolments")["source"])
        rows = rows[(rows["audience"] != Audience.SCHOOL_LEAD) | rows["source"].isin(schools)]
    # What a family itself says is wrong names its source.
    rows = rows[(rows["audience"] != FAMILY) | (rows["source"] == rows["recipient"])]
    return rows[columns].sort_values(["source", *PLACE, "source_person_id"]).reset_index(drop=True)


RECORDS_WRONG = FindingKind(
    "REC001", Severity.QUERY, "Readers of lists say that records of these people are wrong.",
    "They stand in reviews/needs_a_person.xlsx; correct them in the next extract, or say why they stand.", "decisions about lists",
)  # fmt: skip


def supplier_findings(wrong: pd.DataFrame) -> Findings:
    """One finding a supplier whose records readers say are wrong."""
    return Findings(tuple(RECORDS_WRONG.found(int(n), "decisions", source=str(source)) for source, n in wrong.groupby("source").size().items()))


def _names(bench: Bench, people: People, dates: Iterable[str], held: pd.DataFrame) -> tuple[dict[tuple[str, str], str], pd.DataFrame]:
    """Names as they were printed on each date, and the children whom a reader of each list may mean on the last sheet."""
    names: dict[tuple[str, str], str] = {}
    candidates = []
    for text in dates:
        past = Past(bench.store, people, date.fromisoformat(text))
        who = persons(past)
        shown = {str(child): display_name(person, str(child)) for child, person in who[["forename", "surname"]].fillna("").iterrows()}
        names |= {(text, child): name for child, name in shown.items()}
        roll = open_spells(past.frame("enrolments"), "start_on", "end_on", pd.Timestamp(past.as_of)).drop_duplicates(["child_id", "school_id"])
        roll = roll.assign(hub_id=roll["school_id"].map(hubs(past)), name=roll["child_id"].map(shown), year=roll["nc_year"].fillna("").astype(str))
        for audience, column in ((Audience.SCHOOL_LEAD, "school_id"), (Audience.HUB_LEAD, "hub_id")):
            own = roll.assign(list_as_of=text, audience=str(audience), recipient=roll[column])[_NAMED].dropna(subset=["recipient"])
            candidates.append(own.drop_duplicates([*PLACE, "child_id"]))
    frame = pd.concat(candidates, ignore_index=True) if candidates else pd.DataFrame(columns=_NAMED)
    frame["year"] = "Year " + frame["year"].astype(str)
    return names, frame


def _note_open_lines(store: Path, found: pd.DataFrame, rows: Sequence[dict[str, Any]], held: pd.DataFrame) -> None:
    """Which families of the lists that came back have no answer yet: those may stand on the next list again."""
    from early_id.screening.answers import NOT_SAFE
    from early_id.screening.history import note_returned
    from early_id.screening.listed import FOLLOW_UP, newest_of_each

    places = {tuple(row[name] for name in PLACE) for row in rows if row["kind"] == "decision" and row["audience"] != FOLLOW_UP}
    returned = []
    for place in sorted(places):
        own = newest_of_each(held[(held[PLACE] == pd.Series(place, index=PLACE)).all(axis=1)])
        done = found[(found[PLACE] == pd.Series(place, index=PLACE)).all(axis=1) & ~found["decision"].isin(["", NOT_SAFE])]
        open_keys = [key for key in dict.fromkeys(own["family"]) if key not in set(done["family"])]
        returned.append({"as_of": place[0], "audience": place[1], "recipient": place[2], "open": open_keys})
    note_returned(store, returned)


def _for_a_person(bench: Bench, people: People, rows: pd.DataFrame, found: pd.DataFrame, wrong: pd.DataFrame) -> list[dict[str, Any]]:
    from early_id.screening.needs_a_person import write_needs

    days = sorted({*found["list_as_of"], *rows["list_as_of"]} - {""})
    names, _ = _names(bench, people, days, found)
    mark = MADE_UP if bench.store.made_up else None
    path = write_needs(bench.cfg.out_dir, rows, found, wrong, names, watermark=mark, group=bench.cfg.shared_with_group)
    return [{"kind": "needs_a_person", "path": path.relative_to(bench.cfg.out_dir).as_posix()}]
