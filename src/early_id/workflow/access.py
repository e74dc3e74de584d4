"""What is held about one child, for a request of access: every table's rows, lists, decisions; nothing about anybody else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from early_id.data.decisions import read_decisions
from early_id.data.erased import PersonKey, person_columns
from early_id.data.remove import count_untold
from early_id.data.sources.others import OTHER_RECORDS
from early_id.present.page import render_page, table_html
from early_id.present.wording import MADE_UP, day_text
from early_id.present.write import write_text
from early_id.schema.codes import code_list
from early_id.screening.listed import listed
from early_id.workflow.whose import records_of

if TYPE_CHECKING:
    from early_id.linkage import People
    from early_id.workflow.steps import Bench

#: Columns that are about other people, about the household as a whole, or whose disclosure could do harm.
LEFT_OUT = {
    "household_id", "evidence", "safe_to_contact", "protected_address", "no_joint_contact", "lead_contact", "lead_role", "uprn",
}  # fmt: skip
#: Columns that tell where somebody lives.
_OTHERS = {"addresses": {"uprn", "postcode"}}
#: Tables whose rows are about other people too: what a mother is to a child is told of the mother. A person looks at them, and decides.
_OF_OTHERS = ("relationships", "family_groups", "school_contacts")
_ABOUT_THE_CHILD = "child"
_LABELS = {"school_lead": "school list", "hub_lead": "hub list", "hub_followup": "follow-up sheet"}


@dataclass(frozen=True, repr=False)
class HeldAbout:
    """Tables of what is held about a child, and what was left out."""

    child: str
    tables: dict[str, pd.DataFrame] = field(repr=False)
    titles: dict[str, str] = field(repr=False)
    notes: tuple[str, ...] = ()
    to_read: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)  #: records as they came, which may name others


def held_about(bench: Bench, people: People, who: str) -> HeldAbout:
    """Every stored row of the child's records, with its source and the time for which it was known.

    Left out, and counted: assessment factors about another person, who belongs to the child, addresses' marks, the notes that staff wrote, which may name
    others: a person reads those and decides what can be given.
    """
    now = people.current()  # a record that a split gave to another child is not this child's
    links = now[now["child_id"] == who][["source", "source_person_id"]].drop_duplicates()
    pairs = records_of(links)
    ids = people.ids_of(pairs) | {who}  # what stands under an id that a merge gave up is this child's too
    tables, titles, notes = {}, {}, []
    hidden = {"postcode"} if _address_is_protected(bench, pairs) else set()
    if hidden:
        notes.append("An address of the child's household is protected: postcodes were left out, and whoever sends this looks where it is sent to.")
    about = {code.code: code.category for code in code_list("household_factor").codes}
    for name in bench.store.version.tables:
        table = bench.store.tables[name]
        if not table.has_person:
            continue
        if name in _OF_OTHERS:
            if n := _naming(bench.store.frame(name), person_columns(table), pairs):
                notes.append(
                    f"{n} row(s) that tell of other people too were left out ({table.label}): a person has to look what of them can be given."
                )
            continue
        rows = bench.store.frame(name).merge(links, on=["source", "source_person_id"])
        if name == "household_factors" and len(rows):
            others = rows["factor"].map(about).fillna("").map(lambda words: _ABOUT_THE_CHILD not in words.casefold() and words != "")
            if others.any():
                notes.append(f"{int(others.sum())} factor(s) of assessments about another person of the household were left out.")
            rows = rows[~others]
        columns = [
            "source",
            "source_person_id",
            *(c for c in table.column_names if c not in LEFT_OUT | _OTHERS.get(name, set()) | hidden),
            "known_from",
            "known_to",
        ]
        shown = rows[list(dict.fromkeys(columns))]
        if len(shown):
            tables[name] = shown.loc[:, shown.notna().any()].sort_values(["source", "known_from"]).reset_index(drop=True)
            titles[name] = table.label
    lists = listed(bench.cfg.store_dir)
    mine = lists[lists["child_id"].isin(ids)]
    if len(mine):
        tables["lists"] = mine.assign(kind=mine["audience"].map(_LABELS))[["list_as_of", "kind", "recipient", "model_hash", "made_at"]]
        titles["lists"] = "Lists on which the child stood"
    to_read = _other_records(bench, pairs)
    if len(to_read):
        tables["other_records"] = to_read[["source", "kind", "known_from"]]
        titles["other_records"] = "Further records, kept as they came"
        notes.append(f"{len(to_read)} record(s) were kept as they came and may name other people: read to_read.json and decide what can be given.")
    notes += untold_notes(count_untold(bench.store, pairs))
    decisions = read_decisions(bench.cfg.store_dir)
    own = decisions[decisions["child_id"].isin(ids)]
    if len(own):
        tables["decisions"] = own.assign(kind_of_list=own["audience"].map(_LABELS))[
            ["list_as_of", "kind_of_list", "recipient", "decision", "reason", "decided_on", "role"]
        ]
        titles["decisions"] = "What people decided about the child"
        written = int(((own["notes"] != "") | (own["noticed"] != "")).sum())
        if written:
            notes.append(
                f"{written} note(s) that staff wrote may name other people: read them in reviews/needs_a_person.xlsx and the workbooks, and decide what can be given."
            )
    if any(bench.store.has(name) for name in ("household_members", "addresses")):
        notes.append("Who else lives with the child or belongs to the child, other addresses, and marks on safe contact, were left out.")
    notes.append("Before it is sent: look whether telling any of it could do serious harm to somebody (Data Protection Act 2018, schedule 3).")
    return HeldAbout(who, tables, titles, tuple(notes), to_read)


def _naming(rows: pd.DataFrame, columns: tuple[str, ...], pairs: Collection[PersonKey]) -> int:
    """How many rows are of some people, or name them as the other one."""
    return sum(any((source, number) in pairs for number in numbers) for source, *numbers in _texts(rows, columns))


def _texts(rows: pd.DataFrame, columns: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return rows[["source", *columns]].astype(str).itertuples(index=False, name=None)


def _address_is_protected(bench: Bench, pairs: Collection[PersonKey]) -> bool:
    """Whether anybody's row of a household to which the child ever belonged says so."""
    if not bench.store.has("household_members"):
        return False
    rows = bench.store.frame("household_members")
    mine = [pair in pairs for pair in _texts(rows, ("source_person_id",))]
    homes = set(_texts(rows[mine], ("household_id",)))
    return any(home in homes for home in _texts(rows[rows["protected_address"].eq(True).fillna(False).astype(bool)], ("household_id",)))


def _other_records(bench: Bench, pairs: Collection[PersonKey]) -> pd.DataFrame:
    """Records that no list reads and that are about the child, as their mapping says: source, kind, content, known_from."""
    columns = ["source", "kind", "content", "known_from"]
    if not bench.store.has(OTHER_RECORDS.name):
        return pd.DataFrame(columns=columns)
    rows = bench.store.frame(OTHER_RECORDS.name)
    mine = [pair in pairs for pair in zip(rows["source"], rows["about"], strict=True)]
    return rows.loc[mine, columns].sort_values(["source", "kind", "known_from"]).reset_index(drop=True)


def untold_notes(untold: dict[str, int]) -> list[str]:
    """What is said of records that are kept as they came, where nobody can tell whom they are about."""
    return [
        f"{n} record(s) that were kept as they came {words}, so nobody can tell whether they are about the child: a person has to look (table other_records)."
        for words, n in untold.items()
    ]


def write_access(folder: Path, found: HeldAbout, bench: Bench, day: date) -> list[Path]:
    """A page for people and a file for machines."""
    parts = [
        Markup("<p>What {} held about you on {}, for lists of families who may welcome early help.</p>").format(bench.cfg.project.name, day_text(day))
    ]
    for name, rows in found.tables.items():
        cells = [[_cell(value) for value in row] for row in rows.astype(object).to_numpy()]
        parts.append(
            Markup("<h2>{}</h2>").format(found.titles[name]) + table_html([c.replace("_", " ") for c in rows.columns], cells, found.titles[name])
        )
    page = render_page(
        "What is held about you", Markup("").join(parts), banner="RESTRICTED. To be read by a person before it is given to the family.",
        kind="restricted", staff=False, watermark=MADE_UP if bench.store.made_up else None,
    )  # fmt: skip
    values = {name: json.loads(rows.to_json(orient="records", date_format="iso")) for name, rows in found.tables.items()}
    paths = [write_text(folder / "access.html", page), write_text(folder / "access.json", json.dumps(values, indent=1, ensure_ascii=False))]
    if len(found.to_read):  # for whoever answers the request, and not to be handed on as it is
        came = json.loads(found.to_read.to_json(orient="records", date_format="iso"))
        paths.append(write_text(folder / "to_read.json", json.dumps(came, indent=1, ensure_ascii=False)))
    return paths


def _cell(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)
