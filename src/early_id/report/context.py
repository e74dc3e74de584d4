"""What a report says about the run it describes: names, dates, hashes, counts and assumptions, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from early_id.present.glossary import Glossary
from early_id.present.wording import MADE_UP

#: Who no list of this kind looks at; they need another way to be found.
NOT_LOOKED_AT = (
    "children under four, and babies not yet born",
    "young people of 18 to 25",
    "children in independent schools or schools outside the area, unless those schools sent records",
    "children educated at home or on no school roll, where only partial records are held",
    "children who are already known to statutory services: they have their own plan and are never listed",
)

#: Names of the lists, by audience.
LIST_NAMES = {
    "school_lead": "School lists",
    "hub_lead": "Hub lists",
    "analyst": "Analyst's list",
    "governance": "Board's list",
    "table": "The list audited",
}


@dataclass(frozen=True)
class Counted:
    """A sentence with counts in it, ``{}`` each: exact in the restricted report, rounded or hidden in the published one."""

    text: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class GovernanceContext:
    """Facts about a run that stand in the governance report.

    Everything has a default that says "not stated", so that a report can be made at any stage and shows what is missing.

    Parameters
    ----------
    council : str
        Whose report this is.
    made_up : bool
        Whether every record is invented; the pages are then watermarked.
    approval : str
        Status in words, such as "Not approved: nobody has signed".
    expires_on : date, optional
    outcome : str
        What was looked for, in one sentence.
    had_outcome : str
        How a person with the outcome is spoken of: "later had a need recognised".
    as_of : date, optional
        Date of the lists.
    tested_on : date, optional
        Date at which the models were tested.
    data_window : pair of dates, optional
        First and last day of the records.
    hashes : mapping
        Label -> fingerprint: models, data, catalogue, settings.
    cohort : mapping
        Label -> number, from all records down to those who could be listed.
    excluded : mapping
        Reason -> number taken out before scoring.
    sources, coverage, findings : sequences of mappings
        Rows of three tables; all rows of one have the same keys, which become the headings.
    assumptions : sequence of str
        When records are taken to have been known, and the like.
    not_looked_at : sequence of str or Counted
        Who needs another way to be found.
    themes : mapping
        Theme in plain words -> audiences whose list may use it.
    owners : mapping
        Characteristic -> who answers for it.
    before : mapping
        The last report in the same folder: ``as_of``, ``hashes``, ``trials`` (their JSON by audience). Empty: there is none.
    drift : sequence of mappings
        Rows of a table; ``theme`` and ``shift`` in words are among the keys.
    waiting : str
        How long is waited until an outcome counts as known.
    linked : DataFrame, optional
        Audit rows of the share of children whose records were joined to another agency's.
    version : str
        Version of the package.
    said : sequence of str
        Sentences that every output of the run carries, such as that a benchmark's split is a named one.
    words : Glossary
        The programme's words, where it looks at something else than children in families.
    """

    council: str = "The council"
    made_up: bool = False
    approval: str = "Not stated"
    expires_on: date | None = None
    outcome: str = "Not stated"
    had_outcome: str = "later had a need recognised"
    as_of: date | None = None
    tested_on: date | None = None
    data_window: tuple[date, date] | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    cohort: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    sources: Sequence[Mapping[str, Any]] = ()
    coverage: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    assumptions: Sequence[str] = ()
    not_looked_at: Sequence[str | Counted] = NOT_LOOKED_AT
    themes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    drift: Sequence[Mapping[str, Any]] = ()
    waiting: str = "the settings say how long is waited."
    linked: pd.DataFrame | None = None
    version: str = ""
    said: Sequence[str] = ()
    words: Glossary = field(default_factory=Glossary)

    @property
    def watermark(self) -> str | None:
        """The watermark, where there is one."""
        return MADE_UP if self.made_up else None


def list_name(audience: str) -> str:
    """How the list of an audience is called: "Hub lists"."""
    return LIST_NAMES.get(str(audience), str(audience).replace("_", " ").capitalize())
