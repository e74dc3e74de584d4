"""The rows behind one number, for an analyst's terminal: value, window, cut, rows, and what was left out and why."""

from __future__ import annotations

import math
from textwrap import fill

import pandas as pd

from early_id.core.display import text_table
from early_id.core.errors import InputDataError
from early_id.core.types import Json
from early_id.features.evidence import BEFORE, FIRST, LAST, YEAR_GROUP, EvidenceRows
from early_id.linkage import People

#: At most so many rows are printed; all of them with ``--all``.
SHOWN = 40


def child_of(people: People, text: str) -> str:
    """The ``child_id`` that a person means: one itself, or ``SOURCE/NUMBER``, a person's number at a source.

    Raises
    ------
    InputDataError
        Nobody is known by it; the message does not repeat it.
    """
    links = people.person_links
    if (links["child_id"] == text).any():
        return text
    source, _, number = text.partition("/")
    # A record that a split gave to another child is that child's now; where nobody has it any more, whoever had it last.
    for known in (people.current(), links):
        found = known.loc[(known["source"] == source) & (known["source_person_id"] == number), "child_id"].unique()
        if len(found) == 1:
            return str(found[0])
    held = ", ".join(sorted(links["source"].unique()))
    raise InputDataError(
        "No child is known by what was given.",
        where="--child",
        what_next=f"Give a child_id (they are in the matrix that 'features build' writes), or SOURCE/NUMBER as a source's files have it. Sources held: {held}.",
    )


def trace_json(rows: EvidenceRows) -> Json:
    """Plain values; ``rows`` holds the rows."""
    about = rows.about
    return {
        "feature": about.feature.name,
        "as_of": str(about.as_of),
        "value": None if math.isnan(about.value) else about.value,
        "windows": {name: [str(start), str(end)] for name, (start, end) in about.windows.items()},
        "counted": int(rows["counts"].sum()),
        "left_out": dict(about.left_out),
        "note": about.note,
        "further": {name: {"children": one.children, "rows": one.rows, "counted": one.counted} for name, one in about.further.items()},
        "rows": _plain(rows.frame()).to_dict("records"),
    }


def trace_text(rows: EvidenceRows, *, width: int = 100, shown: int | None = SHOWN) -> str:
    """What :func:`trace_json` holds, for a terminal; at most ``shown`` rows, the newest."""
    about = rows.about
    feature, value = about.feature, about.value
    counted = int(rows["counts"].sum())

    def line(name: str, text: str) -> str:
        return fill(text, width, initial_indent=f"  {name:<9}", subsequent_indent=" " * 11)

    lines = [f"{feature.name}: {feature.label}, on {about.as_of}", "", line("value", "not known" if math.isnan(value) else f"{value:.6g}")]
    for name, (start, end) in about.windows.items():
        meant = "window" if name != BEFORE else "earlier"
        lines.append(line(meant, f"{start} to {end}, the last day not included"))
    lines.append(line("cut", f"happened before {about.as_of}, known before it, and not corrected before it"))
    lines.append(line("rows", f"{len(rows):,} looked at, {counted:,} of them counted (marked *)"))
    if about.note:
        lines.append(line("note", about.note))
    for name, one in about.further.items():
        of = f" of {one.children:,} children" if name == YEAR_GROUP else ""
        share = f" ({one.counted / one.rows:.1%})" if name == YEAR_GROUP and one.rows else ""
        lines.append(
            line("and" if name != YEAR_GROUP else "others", f"{name}: {one.rows:,} rows{of} looked at, {one.counted:,} of them counted{share}")
        )
    lines += ["", *_table(rows, shown)]
    if about.left_out:
        lines += ["", "  Left out of the records of " + ("the relatives" if feature.unit == "family" else "the child") + f" in '{feature.source}':"]
        lines += [f"  {number:>7,}  {why}" for why, number in about.left_out.items()]
    said = (
        _unknown(rows)
        if math.isnan(value)
        else ""
        if len(rows)
        else "Nought, not unknown: there is no such row, and enough is known of this child and time to say so."
    )
    if said:
        lines += ["", fill(said, width, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(lines)


def _unknown(rows: EvidenceRows) -> str:
    """Why a value is not known, as far as the rows show it."""
    measure = rows.about.feature.measure
    measure = measure.inner if measure.inner is not None else measure
    among = int(rows["among"].sum())
    if measure.kind in ("share", "longest_run") and among < max(measure.at_least, 1) and len(rows.about.windows) == 1:
        return f"Not known, which is not nought: it takes {max(measure.at_least, 1)} rows to judge by, and there are {among}."
    if not len(rows):
        return (
            "Not known, which is not nought: there are no rows, and no source is known to send such rows for this child over this time (it has none of that kind, "
            "begins later, ended before, or does not cover the schools that the child was at)."
        )
    return "Not known, which is not nought: a part of what it takes (an amount, the earlier window, the year group, or cover of the time) is missing."


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as texts, and empty text for what is empty."""
    shown = frame.copy()
    for name in shown.columns:
        dates = pd.api.types.is_datetime64_any_dtype(shown[name])
        texts = shown[name].dt.strftime("%Y-%m-%d") if dates and (shown[name].dropna().dt.normalize() == shown[name].dropna()).all() else shown[name]
        shown[name] = texts.astype("object").where(shown[name].notna(), "")
    return shown


def _table(rows: EvidenceRows, shown: int | None) -> list[str]:
    """The newest rows, oldest first; columns that are empty or say the same as another are left out."""
    if rows.empty:
        return ["  No rows."]
    frame = _plain(rows.frame())
    several = frame["child_id"].nunique() > 1
    own = [
        c
        for c in frame.columns
        if c not in (*FIRST, *LAST) and (frame[c] != "").any() and not (frame[c].astype(str) == frame["happened_on"].astype(str)).all()
    ]
    where = frame["file"].astype(str) + (":" + frame["row"].astype(str) if "row" in frame else "")
    table = pd.DataFrame({"": frame["counts"].map({True: "*", False: ""}), "happened on": frame["happened_on"]})
    if (frame["window"] == BEFORE).any():
        table.insert(1, "window", frame["window"])
    if several:
        table["of"] = frame["child_id"].str[:8]
    table = pd.concat([table, frame[own]], axis=1).assign(**{"known from": frame["known_from"], "file and row": where})
    cut = table if shown is None else table.tail(shown)
    text = text_table(cut.astype(str).to_numpy().tolist(), [str(c) for c in cut.columns])
    more = [f"  … and {len(table) - len(cut):,} earlier rows: --all shows them."] if len(cut) < len(table) else []
    return [f"  {line}" for line in text.splitlines()] + more
