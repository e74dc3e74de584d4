"""What stands of the decisions that came back: the newest where they agree or one is clearly later, a conflict where nobody can tell."""

from __future__ import annotations

import pandas as pd

from early_id.explain.page import OUTCOMES

HELP_WANTED, NOT_NOW, SUPPORTED, NOT_NEEDED, RECORD_WRONG, NOT_SAFE, PASSED_IN_NEED, PASSED_TODAY = OUTCOMES
#: Decisions that a manager countersigns.
STEP_UPS = (PASSED_IN_NEED, PASSED_TODAY)

STANDS, CONFLICT, WAITS, COUNTERSIGNED, NO_ANSWER = "stands", "conflict", "waits for a countersign", "countersigned", "no answer that can be used"
#: What makes a line: one child on one list.
LINE = ["list_as_of", "audience", "recipient", "child_id"]
COLUMNS = [*LINE, "key", "family", "decision", "reason", "decided_on", "role", "notes", "status", "lines", "number"]


def answers(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a child on a list that came back: what stands, and its status.

    Parameters
    ----------
    rows : DataFrame
        As :func:`early_id.data.decisions.read_decisions` gives them.

    Notes
    -----
    Where lines of one child on one list differ, the one with the latest date stands if every one has a date and no other has the same; a change of mind is no
    conflict. Otherwise nothing stands until a person says what holds (by a line with a later date). A step-up is never set aside by a conflict: it waits
    for a manager whatever else was answered.
    """
    given = rows[rows["kind"] == "decision"]
    signed = rows[rows["kind"] == "countersign"].groupby(LINE)["number"].max()
    found = [_one(line, own, int(signed.get(line, 0))) for line, own in given.groupby(LINE, sort=True)]
    return pd.DataFrame(found, columns=COLUMNS)


def _one(line: tuple[str, ...], own: pd.DataFrame, signed: int) -> dict[str, object]:
    own = own.sort_values("number")
    usable = own[own["decision"] != ""]
    status, chosen = NO_ANSWER, own.iloc[-1]
    if len(usable):
        dated = usable[usable["decided_on"] != ""]  # the same answer once more without its day takes no day away
        chosen, status = (dated if len(dated) else usable).iloc[-1], STANDS
        if usable["decision"].nunique() > 1:
            latest = usable[usable["decided_on"] == usable["decided_on"].max()]
            clear = usable["decided_on"].ne("").all() and latest["decision"].nunique() == 1
            chosen, status = (latest.iloc[-1], STANDS) if clear else (chosen, CONFLICT)
        steps = usable[usable["decision"].isin(STEP_UPS)]
        if len(steps):
            done = signed > int(steps["number"].max())
            if status == CONFLICT or chosen["decision"] in STEP_UPS:
                chosen = steps.iloc[-1] if not done else chosen
                status = status if status == CONFLICT and done else (COUNTERSIGNED if done else WAITS)
    kept = {name: chosen[name] for name in ("key", "family", "decision", "reason", "decided_on", "role", "notes", "number")}
    if status == CONFLICT:
        kept["decision"] = ""
    return {**dict(zip(LINE, line, strict=True)), **kept, "status": status, "lines": len(own)}


def open_aside(rows: pd.DataFrame) -> pd.DataFrame:
    """Lines and workbooks set aside, of all imports, that nobody has seen to: not settled, and not attached since, by the same line or a later one of its key."""
    left, given = rows[rows["kind"] == "aside"], rows[rows["kind"].isin(["decision", "own", "reading"])]
    settled = set(rows.loc[rows["kind"] == "settled", "row"])
    attached = set(zip(given["file_sha256"], given["row"], strict=True))
    books = set(given["file_sha256"])
    newest = given[given["key"] != ""].groupby([*LINE[:3], "key"])["number"].max().to_dict()
    still = [
        one["number"] not in settled
        and not (one["file_sha256"] in books if one["row"] == 0 else (one["file_sha256"], one["row"]) in attached)
        and newest.get(tuple(one[name] for name in (*LINE[:3], "key")), 0) < one["number"]
        for one in left.to_dict("records")
    ]
    return left[pd.Series(still, index=left.index, dtype=bool)]


def families_that_differ(found: pd.DataFrame) -> pd.DataFrame:
    """Families on one list whose children have different decisions: one row a family, with how many."""
    usable = found[found["decision"] != ""]
    counts = usable.groupby(["list_as_of", "audience", "recipient", "family"])["decision"].nunique()
    return counts[counts > 1].rename("decisions").reset_index()
