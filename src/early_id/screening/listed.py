"""Who stood on which list, from the store's own records: what papers that come back are held against, and what looking back answers from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from early_id.core.chain import Chain
from early_id.screening.history import LISTS, ledger

#: Sheets of follow-up, which no model made, have a chain of their own.
FOLLOW_UP_LEDGER, FOLLOW_UP = "followup.jsonl", "hub_followup"
COLUMNS = ["list_as_of", "audience", "recipient", "key", "child_id", "family", "model_hash", "made_at", "expires_on"]
PLACE = ["list_as_of", "audience", "recipient"]


def followup_ledger(store: Path) -> Chain:
    """The chain of the hubs' follow-up sheets."""
    return Chain(store / FOLLOW_UP_LEDGER, "records of follow-up sheets")


def listed(store: Path) -> pd.DataFrame:
    """One row a child on a list that was published: :data:`COLUMNS`. Where lists of a date were made anew, the key stands once, with the newest."""
    rows = []
    for record in ledger(store).read():
        if record.kind != LISTS:
            continue
        body = record.body
        for one in body["lists"]:
            place = {"list_as_of": body["as_of"], "audience": one["audience"], "recipient": one["recipient"]}
            model = {"model_hash": body["models"].get(one["audience"], ""), "made_at": record.at, "expires_on": body.get("expires_on", "")}
            for family in one["families"]:
                pairs = zip(family["keys"], family["children"], strict=True)
                rows += [{**place, **model, "key": key, "child_id": child, "family": family["key"]} for key, child in pairs]
    for record in followup_ledger(store).read():
        place = {"list_as_of": record.body["as_of"], "audience": FOLLOW_UP, "recipient": record.body["recipient"]}
        model = {"model_hash": "", "made_at": record.at, "expires_on": ""}
        rows += [{**place, **model, "key": key, "child_id": child, "family": family} for key, child, family in record.body["entries"]]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.drop_duplicates([*PLACE, "key"], keep="last").reset_index(drop=True)


def on_lines(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    """Whether each row stands for one of some ``lines`` of lists: by list and key, because a key alone may be somebody else's on another list."""
    wanted = set(lines[[*PLACE, "key"]].itertuples(index=False, name=None))
    found = [one in wanted for one in rows[[*PLACE, "key"]].itertuples(index=False, name=None)]
    return pd.Series(found, index=rows.index, dtype=bool)


def newest_of_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Without rows of lists that were made anew for the same date and recipient: the newest making of each."""
    newest = rows.groupby(PLACE)["made_at"].transform("max")
    return rows[rows["made_at"] == newest].reset_index(drop=True)
