"""Who had been listed before a date, and who had seen it: kept with every later row, because help that a list brought about says nothing about the list."""

from __future__ import annotations

from datetime import date

import pandas as pd

from early_id.screening.listed import FOLLOW_UP, PLACE, newest_of_each

COLUMNS = ("listed_on", "seen_on", "seen_by")


def exposure(index: pd.DataFrame, listed: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """When each row's child last stood on a list on or before its date, when a reader answered, and in which role; empty where never.

    Parameters
    ----------
    index : DataFrame
        Rows with child_id and as_of.
    listed : DataFrame
        As :func:`early_id.screening.listed.listed` gives it.
    answers : DataFrame
        As :func:`early_id.screening.answers.answers` gives them.

    Notes
    -----
    A list of the row's own date counts: what is counted as an outcome afterwards may have come of it.
    """
    rows = newest_of_each(listed)
    rows = rows[rows["audience"] != FOLLOW_UP].merge(answers[[*PLACE, "child_id", "decided_on", "role"]], on=[*PLACE, "child_id"], how="left")
    rows = rows.assign(
        listed_on=pd.to_datetime(rows["list_as_of"]), seen_on=pd.to_datetime(rows["decided_on"].replace("", None)), seen_by=rows["role"]
    )
    asked = pd.DataFrame({"row": index.index, "child_id": index["child_id"].to_numpy(), "as_of": pd.to_datetime(index["as_of"]).to_numpy()})
    met = asked.merge(rows[["child_id", *COLUMNS]], on="child_id")
    met = met[met["listed_on"] <= met["as_of"]].sort_values(["listed_on", "seen_on"]).drop_duplicates("row", keep="last").set_index("row")
    found = met[list(COLUMNS)].reindex(index.index)
    # Who saw it later than the row's date had not seen it then.
    late = found["seen_on"] > pd.to_datetime(index["as_of"])
    found.loc[late, ["seen_on"]] = pd.NaT
    found.loc[late, ["seen_by"]] = None
    return found


def first_list(listed: pd.DataFrame) -> date | None:
    """The date of the first list that was ever made."""
    rows = listed[listed["audience"] != FOLLOW_UP]
    return date.fromisoformat(rows["list_as_of"].min()) if len(rows) else None
