"""One lead contact for each family in a period: whoever works with it already, else the youngest child's school, else the hub.

A family with an allocated worker or early help at home is on no school list (the cohort sees to that), and its hub entry names that worker. Of the
others, a family that several recipients would suggest is left to one of them. Nobody gets a family that its own model did not suggest: the rule only
takes away, so what other agencies know never puts anyone on a school's list.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

#: Recipient → the families chosen for it.
Chosen = dict[str, list[str]]


def one_school_a_family(rows: pd.DataFrame, people: pd.DataFrame, choose: Callable[[pd.DataFrame], Chosen]) -> tuple[Chosen, pd.DataFrame]:
    """Choose for all schools so that no household stands on two lists; the place that falls free goes to the next family.

    Parameters
    ----------
    rows : DataFrame
        Rows that may be listed: child_id, family_id (as the recipient forms families), recipient.
    people : DataFrame
        As :func:`early_id.screening.people.tidy_people` gives it; its ``family_id`` is the household.
    choose : callable
        Chooses from some rows, for every recipient.

    Returns
    -------
    dict, DataFrame
        What was chosen, and the rows that were left to the youngest child's school.
    """
    household = rows["child_id"].map(people["family_id"])
    line = rows["recipient"].astype(str) + "|" + rows["family_id"].astype(str)
    left = pd.Series(False, index=rows.index)
    chosen = choose(rows)
    while True:
        lines = {f"{recipient}|{family}" for recipient, families in chosen.items() for family in families}
        listed = rows[~left & line.isin(lines)]
        homes = household[listed.index]
        shared = listed["recipient"].groupby(homes).nunique()
        shared = shared[shared > 1]
        if shared.empty:
            return chosen, rows[left]
        # All lines of the other schools that hold a child of such a household; a line may hold pupils of two households.
        given_up: set[str] = set()
        for _, own in listed[homes.isin(shared.index)].groupby(homes):
            others = own[own["recipient"] != own.at[_youngest(own, people), "recipient"]]
            given_up |= set(line[others.index])
        left |= line.isin(given_up)
        again = set(rows.loc[line.isin(given_up), "recipient"])
        free = choose(rows[~left & rows["recipient"].isin(again)])
        chosen = {**chosen, **{str(name): free.get(str(name), []) for name in again}}


def _youngest(rows: pd.DataFrame, people: pd.DataFrame) -> str:
    """Key of the row of the youngest child, by date of birth where it is held, else by age; of twins the first by id."""
    born = pd.to_datetime(rows["child_id"].map(people["birth_date"])) if "birth_date" in people else pd.Series(pd.NaT, index=rows.index)
    age = rows["age"] if "age" in rows else pd.Series(float("nan"), index=rows.index)
    order = rows.assign(_born=born, _age=age).sort_values(["_born", "_age", "child_id"], ascending=[False, True, True])
    return str(order.index[0])
