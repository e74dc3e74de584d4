"""Absence of given children over given spans of days, each with its own beginning and end: for what came before and after help, never for a feature."""

from __future__ import annotations

import pandas as pd

from early_id.features.past import Past
from early_id.schema.codes import code_list


def absence_in(past: Past, spans: pd.DataFrame) -> pd.DataFrame:
    """Official possible and absent sessions in each span, as known on the past's date.

    Parameters
    ----------
    spans : DataFrame
        ``span`` (a number), ``child_id``, ``start`` and ``end`` (half-open).

    Returns
    -------
    DataFrame
        By ``span``: ``possible`` and ``absent`` sessions; spans without any mark are left out.
    """
    empty = pd.DataFrame({"possible": pd.Series(dtype="int64"), "absent": pd.Series(dtype="int64")})
    if spans.empty or not past.store.has("attendance"):
        return empty
    codes = code_list("attendance")
    asked = spans.merge(past.links(), on="child_id")[["span", "source", "source_person_id", "start", "end"]]
    asked = asked.astype({"span": "int64", "source": "string", "source_person_id": "string"})
    asked = asked.assign(start=pd.to_datetime(asked["start"]).dt.date, end=pd.to_datetime(asked["end"]).dt.date)
    backend = past.store.backend
    backend.create_table("_spans", asked, temp=True, overwrite=True)
    from early_id.features.cut import known_at

    table = past.store.tables["attendance"]
    marks = known_at(past.store.table("attendance"), past.as_of, table)
    joined = marks.join(backend.table("_spans"), ["source", "source_person_id"])
    joined = joined.filter(joined.happened_on >= joined.start.cast("date"), joined.happened_on < joined.end.cast("date"))
    found = joined.group_by("span").agg(
        possible=joined.code.isin(sorted(codes.having(flag="possible"))).cast("int64").sum(),
        absent=joined.code.isin(sorted(codes.having(flag="absent"))).cast("int64").sum(),
    )
    rows: pd.DataFrame = found.execute().set_index("span").sort_index()
    return rows
