"""Whether the records of statutory services reach a date. Without them nobody open to social care can be taken out, so no list may be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.errors import PolicyError
from early_id.features.past import Past, TableSource
from early_id.linkage import People

TABLE = "statutory"


@dataclass(frozen=True)
class StatutoryGap:
    """Why nobody can tell who is open to statutory services on a date.

    ``last`` is the last day that a source of such records covers; None where none had been received by the date.
    """

    day: date
    last: date | None
    within_days: int

    @property
    def text(self) -> str:
        """The reason, as one sentence."""
        if self.last is None:
            return "No records of children open to statutory services are held, so none of these children could be taken out."
        return (
            f"The records of children open to statutory services end on {self.last}, more than {self.within_days} days before the lists, so a child "
            "who became open since could not be taken out."
        )

    def refuse(self) -> None:
        """Refuse to make lists (exit code 4)."""
        raise PolicyError(
            f"Lists are not made: {self.text}",
            where=f"table '{TABLE}' on {self.day}",
            what_next=f"Take in a file of that table (shape council_statutory or your own), received on {self.day - timedelta(days=self.within_days)} or later, "
            "and state 'received' of its source.",
        )


def statutory_gap(store: TableSource, people: People, day: date, settings: FeatureSettings) -> StatutoryGap | None:
    """What is missing of the statutory records on ``day``; None where at least one source covers it.

    The rule is that of ``coverage.py``: a source covers a date if rows of it were known by then and it was received no longer before it than
    ``features.covered_within_days``.
    """
    within = settings.covered_within_days
    held = store.coverage()
    held = held[held["table"] == TABLE]
    if held.empty or not store.has(TABLE):
        return StatutoryGap(day, None, within)
    sent = Past(store, people, day).rows(TABLE).select("source").distinct().execute()["source"]
    last = held.loc[held["source"].isin(sent), "covers_to"].max()
    if pd.isna(last):
        return StatutoryGap(day, None, within)
    return StatutoryGap(day, last.date(), within) if last < pd.Timestamp(day - timedelta(days=within)) else None
