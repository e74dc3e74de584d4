"""The canaries' records: one in every agency, complete, with something to find in every kind of cell that holds personal data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.agencies.additions import append
from early_id.data.synth.agencies.desk import Desk
from early_id.data.synth.agencies.sources import AGENCIES, among
from early_id.data.synth.files.extracts import Tables, british, iso
from early_id.data.synth.shapes.declare import FOLDER as SHAPES_FOLDER

#: Days before the extract of the records below: too long ago for any window of a year, so that nothing about the lists hangs on them.
LONG_AGO = 900
#: Where marks are; and what somebody typed into a cell that is no place for it.
MARKS = "attendance/"
LEAVING, EVIDENCE, LEAD = "moved in with an aunt, Ms Canaryaunt{n}", "letter from Canarysolicitors{n}", "mungo.canarylead@schools.example.org"


def place_canaries(desk: Desk) -> None:
    """Put each canary into every agency's list with both numbers and the address, with an event and a few words of free text."""
    world = desk.world
    rows, children = world.canaries, world.people.children
    if not len(rows):
        return
    families = world.people.families.iloc[children["family"].to_numpy()[rows]]
    day = np.full(len(rows), world.timeline.extracted - LONG_AGO, dtype=np.int64)
    cells = {
        "UPN": children["upn"].to_numpy()[rows],
        "NHSNumber": children["nhs"].to_numpy()[rows],
        "Forename": children["forename"].to_numpy()[rows],
        "Surname": families["surname"].to_numpy(),
        "DOB": british(children["dob"].to_numpy()[rows]),
        "Sex": np.where(children["male"].to_numpy()[rows], "M", "F"),
        "RecordedOn": british(day),
        "Postcode": families["postcode"].to_numpy(),
        "UPRN": families["uprn"].to_numpy(),
    }
    for agency in AGENCIES:
        listed = pd.DataFrame({agency.heading: children[agency.id_column].to_numpy()[rows], **cells})
        table = desk.tables[agency.file]
        there = among(listed[agency.heading], table[agency.heading])
        at = pd.Index(table[agency.heading]).get_indexer(listed[agency.heading][there])
        for column in ("UPN", "NHSNumber", "Postcode", "UPRN"):
            values = table[column].to_numpy(dtype=object).copy()
            values[at] = listed[column].to_numpy(dtype=object)[there]
            table = table.assign(**{column: values})
        desk.tables[agency.file] = table
        append(desk, agency, listed[~there], rows[~there])
    _events(desk, day)
    _free_text(desk)


def _events(desk: Desk, day: np.ndarray) -> None:
    """An answered contact and two notices of long ago."""
    ids = desk.world.people.children.iloc[desk.world.canaries]
    for file, rows in (
        (
            "socialcare/contacts.csv",
            {"PersonID": ids["social_care_id"], "ContactDate": iso(day), "Source": "family", "Outcome": "nfa", "OutcomeDate": iso(day + 3)},
        ),
        (
            "police/notifications.parquet",
            {"PersonID": ids["police_id"], "Kind": "domestic_abuse_notice", "HappenedOn": iso(day), "RecordedOn": iso(day + 2)},
        ),
        (
            "health/notifications.csv",
            {"PersonID": ids["health_id"], "Kind": "health", "HappenedOn": british(day), "RecordedOn": british(day + 4)},
        ),
    ):
        table = desk.tables[file]
        added = pd.DataFrame({name: np.asarray(values, dtype=object) if np.ndim(values) else values for name, values in rows.items()})
        desk.tables[file] = pd.concat([table, added.reindex(columns=table.columns, fill_value="")], ignore_index=True)


def _free_text(desk: Desk) -> None:
    """In the reason why a child left a class, in the evidence for an address, in the contact of a school."""
    children = desk.world.people.children.iloc[desk.world.canaries]
    for file, column, person, text, usable in (
        ("education/enrolments.csv", "LeavingReason", children["pupil_id"], LEAVING, "End"),
        ("housing/households.xlsx", "Evidence", children["housing_id"], EVIDENCE, "FromOn"),
    ):
        table = desk.tables[file]
        heading = "PupilID" if "PupilID" in table else "PersonID"
        values = table[column].to_numpy(dtype=object).copy()
        for number, who in enumerate(person, start=1):
            own = np.flatnonzero((table[heading] == who).to_numpy() & (table[usable] != "").to_numpy())
            values[own[:1]] = text.format(n=number)
        desk.tables[file] = table.assign(**{column: values})
    schools = desk.tables["education/schools.xlsx"]
    leads = schools["LeadContact"].to_numpy(dtype=object).copy()
    leads[0] = LEAD
    desk.tables["education/schools.xlsx"] = schools.assign(LeadContact=leads)


_OWN_LISTS = "store; files of restricted access; lists of the own school and hub"
_STORE = "store; files of restricted access"
#: Where a run may show a string; whatever is not named may be in the store and in files of restricted access only.
MAY_APPEAR = {"forename": _OWN_LISTS, "surname": _OWN_LISTS, "lead_contact": "store; pages of that school"}


def canary_strings(canaries: pd.DataFrame, sent: Tables, shapes: bool) -> pd.DataFrame:
    """What to search for, one row a string: string, kind, canary, stands_in (files), only_in (folders), may_appear (in what a run writes).

    ``sent`` are the tables as they are written, by the names of their files. The marks are looked up by PupilID alone.
    """
    rows: list[tuple[str, str, int]] = []
    for number, (_, canary) in enumerate(canaries.iterrows(), start=1):
        rows += [(str(canary[kind]), str(kind), number) for kind in canaries.columns if kind != "high_on_signs" and canary[kind] != ""]
        rows += [(text.format(n=number).split()[-1], kind, number) for text, kind in ((LEAVING, "leaving_reason"), (EVIDENCE, "evidence"))]
    rows.append((LEAD, "lead_contact", 0))
    table = pd.DataFrame(rows, columns=["string", "kind", "canary"])
    said = {file: _said_of(sent[file], table["string"]) for file in sorted(sent)}
    found = [
        [*(file for file, words in said.items() if string in words), *([MARKS] if kind == "pupil_id" else [])]
        for string, kind in zip(table["string"], table["kind"], strict=True)
    ]
    table["stands_in"] = [" ".join(files) for files in found]
    # A shape holds what the agency's own files hold, in columns of other names.
    other = [SHAPES_FOLDER] if shapes else []
    table["only_in"] = [" ".join(dict.fromkeys([*(name.split("/")[0] for name in files), *other])) for files in found]
    table["may_appear"] = [MAY_APPEAR.get(kind, _STORE) for kind in table["kind"]]
    return table


def _said_of(table: pd.DataFrame, strings: pd.Series) -> str:
    """Everything in the rows that are about canaries, and in a short list without people everything."""
    ids = [name for name in ("PupilID", "PersonID") if name in table]
    mine = table[table[ids].isin(set(strings)).any(axis=1)] if ids else table
    return "\n".join(map(str, pd.unique(mine.astype(str).to_numpy().ravel())))
