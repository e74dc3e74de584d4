"""Rights of children and families over what is held: access, correction, objection, erasure. Each request is put on the trail."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.config.settings import Source
from early_id.core.errors import PolicyError, SettingsError
from early_id.core.folders import own_folder, restrict
from early_id.data.covered import ON_REQUEST
from early_id.data.decisions import FOLDER as DECISIONS
from early_id.data.decisions import add_decisions, keep_only, read_decisions
from early_id.data.erased import Erasing, begin, begun_of, end, remember_erased
from early_id.data.remove import count_untold, of_people, remove_from_files, remove_rows
from early_id.data.synth.files.instructions import write_made_up_note
from early_id.features.trace import child_of
from early_id.linkage.store_link import kept_of
from early_id.present.write import write_text
from early_id.screening.answers import RECORD_WRONG
from early_id.screening.listed import PLACE, listed, on_lines
from early_id.workflow.access import untold_notes
from early_id.workflow.afterwards import not_for_keys
from early_id.workflow.reading import keys_drawn
from early_id.workflow.reviewing import FAMILY, write_what_needs_a_person
from early_id.workflow.steps import Bench, at_work, open_bench
from early_id.workflow.trailing import trail_of
from early_id.workflow.whose import marks_of_others, name_mark, name_marks, records_of

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.linkage import People

FOLDER = "rights"
OBJECTION = "objection"
#: What came of an objection: while it is looked at, and where it is upheld, the child is on no list.
OUTCOMES = ("pending", "upheld", "refused")


@dataclass(frozen=True)
class Done:
    """What came of a request: counts and paths, no values of rows."""

    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.kind, "counts": self.counts, "notes": list(self.notes), "outputs": list(self.outputs)}


def access(cfg: Config, child: str, *, by: str, today: date | None = None) -> Done:
    """Write everything that is held about a child, for a person to look through before it is sent: nothing about anybody else is in it."""
    from early_id.workflow.access import held_about, write_access

    bench, people, who = _asked(cfg, child, by)
    with at_work(bench, on_store=False):
        day = today or date.today()
        found = held_about(bench, people, who)
        folder = bench.cfg.out_dir / FOLDER / f"access_{day.isoformat()}_{who}"
        own_folder(bench.cfg.out_dir / FOLDER, group=cfg.shared_with_group)
        paths = write_access(folder, found, bench, day)
        restrict(bench.cfg.out_dir / FOLDER, group=cfg.shared_with_group)
        _note(bench, "access", who, by)
    counts = {name: len(rows) for name, rows in found.tables.items()}
    return Done("access", counts, tuple(found.notes), tuple(path.relative_to(bench.cfg.out_dir).as_posix() for path in paths))


def correct(cfg: Config, child: str, *, what: str, source: str, by: str, today: date | None = None) -> Done:
    """Put on record that a family says a record is wrong, for its supplier to correct; the store itself is corrected by the next extract.

    Raises
    ------
    SettingsError
        Nothing is said to be wrong, or the source holds no record of the child.
    """
    if not what.strip():
        raise SettingsError("Not stated: what is wrong.", where="rights correct", what_next="Give --what TEXT.")
    bench, people, who = _asked(cfg, child, by)
    _record_at(people, who, source)
    with at_work(bench, on_store=True):
        day = (today or date.today()).isoformat()
        row = {"kind": "decision", "list_as_of": day, "audience": FAMILY, "recipient": source, "child_id": who, "family": who, "decision": RECORD_WRONG,
               "said": RECORD_WRONG, "notes": what, "role": by, "decided_on": day, "imported_on": day}  # fmt: skip
        add_decisions(cfg.store_dir, [row], group=cfg.shared_with_group)
        _note(bench, "correct", who, by, source=source)
        write_what_needs_a_person(bench)
    return Done(
        "correct",
        {"requests": 1},
        (f"It stands among the records said to be wrong of '{source}' in reviews/needs_a_person.xlsx until the supplier has answered.",),
    )


def object_to(
    cfg: Config, child: str, *, by: str, outcome: str = "upheld", on: date | None = None, until: date | None = None, source: str | None = None
) -> Done:
    """Put an objection on record: while it is pending or upheld the child is taken out before scoring, and on no list; refused, an earlier one ends.

    The objection is stored like any other record, in the table ``wishes``, so that the same cut in time holds for it.

    Raises
    ------
    SettingsError
        The outcome is not one that is known.
    """
    if outcome not in OUTCOMES:
        raise SettingsError.unknown_name("outcome of an objection", outcome, OUTCOMES, where="rights object")
    bench, people, who = _asked(cfg, child, by)
    links = _links_of(people, who)
    at, number = _record_at(people, who, source) if source else tuple(links[["source", "source_person_id"]].iloc[0])
    day = on or date.today()
    with at_work(bench, on_store=True):
        if outcome == "refused":
            earlier = _open_objections(bench, links if source is None else links[links["source"] == source])
            if earlier.empty:
                _note(bench, "object", who, by, outcome=outcome)
                return Done("object", {}, ("No objection was on record; the refusal was noted.",))
            # A refused objection ends all that were open; the same beginning makes it a correction of that record.
            for name, own in earlier.groupby("source"):
                _take_in(bench, [_wish(r.source_person_id, r.began, max(day, r.began + timedelta(days=1))) for r in own.itertuples()], str(name), day)
        else:
            _take_in(bench, [_wish(number, day, until)], str(at), day)
        _note(bench, "object", who, by, outcome=outcome)
    said = (
        f"The child and who lives with it are on no list of a day after {day.isoformat()}; a list of that day itself may still hold them."
        if outcome != "refused"
        else "The objection has ended; lists may hold the child again."
    )
    held = listed(cfg.store_dir)
    ids = people.ids_of(records_of(links)) | {who}
    now = held[held["child_id"].isin(ids) & (held["expires_on"] >= day.isoformat())]
    notes = [said]
    if len(now) and outcome != "refused":
        notes.append(
            f"{len(now)} list(s) handed out before still hold the child: ask {', '.join(sorted(now['recipient'].unique()))} to strike the line, or send lists anew."
        )
    return Done("object", {"objections": 1}, tuple(notes))


def erase(cfg: Config, child: str, *, by: str, reason: str) -> Done:
    """Erase a child's records: rows of every table in every version, rows set aside, decisions and the workbooks they came in.

    What stays: keyed hashes in the chains of lists and in the trail, without which nobody could be held to account; nobody can be named by them once the
    records are gone. Wherever it breaks off, the same request does the rest.

    Raises
    ------
    SettingsError
        No reason is given.
    """
    if not reason.strip():
        raise SettingsError(
            "Not stated: why the records are erased.",
            where="rights erase",
            what_next="Give --reason TEXT, as the data protection officer settled it.",
        )
    bench = _settling(cfg, by)
    erasing = _to_erase(bench, child)
    who, pairs, ids, group = erasing.who, sorted(erasing.pairs), erasing.ids, cfg.shared_with_group
    with at_work(bench, on_store=True):
        # Who it is comes first: once the links are gone nobody could tell whose the rest is.
        begin(cfg.store_dir, erasing, group=group)
        remember_erased(bench.store, pairs, children=ids, group=group)
        untold = count_untold(bench.store, pairs)
        counts = {f"rows of {name}": n for name, n in remove_rows(bench.store, of_people(bench.store, pairs)).items()}
        counts["lines set aside"] = remove_from_files(bench.store, pairs)
        held = listed(cfg.store_dir)
        mine = held[held["child_id"].isin(ids)]
        decisions = read_decisions(cfg.store_dir)
        # A line that nobody could attach is the child's where it bears its name, and nobody else does.
        shared, nobodys = marks_of_others(bench.store, erasing), (decisions["child_id"] == "") & (decisions["name"] != "")
        by_name = decisions["name"].where(nobodys, "").map(lambda name: name and name_mark(name, bench.store.key))
        own = decisions["child_id"].isin(ids) | on_lines(decisions, mine) | by_name.isin(erasing.names - shared)
        namesakes = int(by_name.isin(shared).sum())
        remember_erased(bench.store, names=erasing.names - shared, group=group)
        counts["workbooks"], unreadable = _drop_workbooks(bench, set(decisions.loc[own, "file_sha256"]) - {""}, held, mine, erasing, shared)
        counts["decisions"] = keep_only(cfg.store_dir, ~own, group=group)
        counts["links and decisions about pairs"] = kept_of(bench.store).forget(pairs)
        _note(bench, "erase", who, by, reason=reason)
        end(cfg.store_dir, who, group=group)
    notes = ["Its sources still hold the child: what they send again is left out, by a keyed hash of the number at each source."]
    if len(mine):
        notes.append(f"Lists handed out that hold the child: {', '.join(sorted(set(mine['recipient'])))}. Ask them to destroy the line.")
    if unreadable:
        notes.append(
            f"{unreadable} workbook(s) that came back cannot be read and may hold the child: look at them in the store's decisions/workbooks."
        )
    if namesakes:
        notes.append(
            f"{namesakes} line(s) that nobody could attach bear the child's name, which others have too: a person has to look whom they mean."
        )
    if loose := int((decisions["kind"].isin(["aside", "own"]) & (decisions["child_id"] == "") & ~own).sum()):
        notes.append(f"{loose} line(s) of readers could not be attached to any child and may name this one: look at reviews/needs_a_person.xlsx.")
    notes += untold_notes(untold)
    notes.append("Lists and pages in the output folder are not rewritten; make them anew, or delete them with early-id retain.")
    return Done("erase", {name: n for name, n in counts.items() if n}, tuple(notes))


def _settling(cfg: Config, by: str) -> Bench:
    if not by.strip():
        raise SettingsError("Not stated: who settles the request.", where="rights", what_next="Give --by ROLE.")
    bench = open_bench(cfg)
    not_for_keys(bench, "A request over personal records")
    return bench


def _to_erase(bench: Bench, child: str) -> Erasing:
    """The child that is meant, its numbers at the sources, its ids and names; of an erasure that broke off, what was known then and what is linked now."""
    people, begun = bench.people, begun_of(bench.cfg.store_dir, child)
    who = begun.who if begun else child_of(people, child)
    now = people.current()
    links = now[now["child_id"] == who] if begun else _links_of(people, who)
    pairs = records_of(links) | (begun.pairs if begun else frozenset())
    ids = people.ids_of(pairs) | {who} | (begun.ids if begun else frozenset())
    return Erasing(who, pairs, ids, name_marks(bench.store, pairs) | (begun.names if begun else frozenset()))


def _asked(cfg: Config, child: str, by: str) -> tuple[Bench, People, str]:
    bench = _settling(cfg, by)
    people = bench.people
    return bench, people, child_of(people, child)


def _links_of(people: People, who: str) -> pd.DataFrame:
    """The child's records as they are linked now: a record that a split gave to another child is that child's alone."""
    now = people.current()
    links = now[now["child_id"] == who]
    if links.empty:
        raise SettingsError(
            "No record is linked to the child any more.", where="--child", what_next="Give the child whose records they are now, or SOURCE/NUMBER."
        )
    return links


def _record_at(people: People, who: str, source: str) -> tuple[str, str]:
    links = _links_of(people, who)
    found = links.loc[links["source"] == source, "source_person_id"]
    if found.empty:
        held = ", ".join(sorted(links["source"].unique()))
        raise SettingsError(f"The source '{source}' holds no record of the child.", where="--source", what_next=f"Sources that do: {held}.")
    return source, str(found.iloc[0])


def _open_objections(bench: Bench, links: pd.DataFrame) -> pd.DataFrame:
    """Objections of some records that have no end yet: source, source_person_id, began."""
    columns = ["source", "source_person_id", "began"]
    if not bench.store.has("wishes"):
        return pd.DataFrame(columns=columns)
    rows = bench.store.frame("wishes").merge(links[columns[:2]].drop_duplicates(), on=columns[:2])
    rows = rows[(rows["kind"] == OBJECTION) & rows["known_to"].isna() & rows["until_on"].isna()]
    return rows.assign(began=[pd.Timestamp(day).date() for day in rows["from_on"]])[columns].drop_duplicates(ignore_index=True)


def _wish(number: object, began: date, until: date | None) -> dict[str, str]:
    return {"PersonID": str(number), "Kind": OBJECTION, "From": began.isoformat(), "Until": until.isoformat() if until else ""}


def _take_in(bench: Bench, rows: Sequence[dict[str, str]], source: str, day: date) -> None:
    """Take wishes into the store as a file of their own; a made-up council stays one.

    Where the checks set one aside the store is as it was: what nobody can take in again would stop every list for good.
    """
    before, number = bench.store.version.number, len(bench.store.version.batches)
    with tempfile.TemporaryDirectory(dir=bench.cfg.out_dir, prefix=".rights-") as folder:
        path = Path(folder) / f"{ON_REQUEST}wishes_{day.isoformat()}_{number}.csv"
        # The number of the request keeps two files apart that say the same: a file that is held already is not read again.
        write_text(path, pd.DataFrame(list(rows)).assign(Request=str(number)).to_csv(index=False, lineterminator="\n"))
        if bench.store.made_up:
            write_made_up_note(Path(folder))
        one = Source(name=source, shape="council_wishes", files=path.name, received=day)
        batch = bench.store.ingest(Path(folder), cfg=bench.cfg.model_copy(update={"sources": (one,)}))
    if sum(item.rows_kept for item in batch.files) != len(rows):
        bench.store.go_back(before)
        raise PolicyError(
            "The objection could not be stored: the checks set it aside. The store is as it was, and the child is not held back.",
            where="table wishes",
            what_next="Look at the days given and at the record of the child, state the objection again, and tell the data protection officer.",
        )


def _drop_workbooks(
    bench: Bench, digests: set[str], held: pd.DataFrame, mine: pd.DataFrame, erasing: Erasing, shared: frozenset[str]
) -> tuple[int, int]:
    """Delete workbooks in which the child stands; what others answered in them stays among the decisions. How many, and how many nobody can read."""
    from early_id.screening.coming_back import list_of
    from early_id.screening.review import read_workbook

    stems, keys, key, names = {digest[:16] for digest in digests}, set(mine["key"]), bench.store.key, erasing.names - shared
    drawn = keys_drawn(bench.cfg.store_dir, erasing.ids)
    gone = unreadable = 0
    for path in (bench.cfg.store_dir / DECISIONS / "workbooks").glob("*.xlsx"):
        book = read_workbook(path, today=date.today())
        named = pd.DataFrame([{"key": line.key} for line in book.lines if line.key in keys], columns=["key"])
        # The same key may stand on another list for somebody else's child.
        place = list_of(book, held) if len(named) else None
        on_list = place is not None and on_lines(named.assign(**dict(zip(PLACE, place, strict=True))), mine).any()
        by_name = any(line.name and name_mark(line.name, key) in names for line in (*book.lines, *book.own) if not line.key)
        if path.stem in stems or on_list or by_name or any(line.key in drawn for line in book.lines):
            # Whoever keeps a copy of it may hand it in again.
            remember_erased(bench.store, books=[book.digest], group=bench.cfg.shared_with_group)
            path.unlink()
            gone += 1
        elif book.why_not:
            unreadable += 1
    return gone, unreadable


def _note(bench: Bench, kind: str, who: str, by: str, **more: object) -> None:
    trail = trail_of(bench)
    trail.note("rights", {"request": kind, "by": by, "person": trail.person(who), **more})


def register(store: Path) -> list[dict[str, Any]]:
    """Every request on record, without the person: number, when, what, by whom."""
    from early_id.core.trail import Trail

    return [{"number": r.number, "at": r.at, **{k: v for k, v in r.body.items() if k != "person"}} for r in Trail(store).read() if r.kind == "rights"]
