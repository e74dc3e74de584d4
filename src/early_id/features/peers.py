"""What the child's year group did at the child's school over the same window: the measure ``against_peers``.

The group are the children whose enrolment at that school is open on the date with the same year group; their marks are cut in time as the child's own are.
Only rows of that school count, so the school itself could work the number out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.fingerprint import fingerprint
from early_id.features.ask import Dates, ask, key_of
from early_id.features.compile import Aggregate, aggregates, flagged
from early_id.features.counted import counted, seen_by
from early_id.features.declare import Measure, Window
from early_id.features.past import Past
from early_id.features.registers import by_bits
from early_id.features.scope import Scope, end_of, start_of
from early_id.features.values import Part

if TYPE_CHECKING:
    import ibis


def year_groups(past: Past) -> pd.DataFrame:
    """child_id, school_id, nc_year of every enrolment open on the date; one row a child and school, by the enrolment begun last."""
    columns = ["child_id", "school_id", "nc_year"]
    if "enrolments" not in past.store.tables:
        return pd.DataFrame(columns=columns)
    return past.once("year groups", lambda: _open_year_groups(past.frame("enrolments")[[*columns, "start_on", "end_on"]], past))


def _open_year_groups(spells: pd.DataFrame, past: Past) -> pd.DataFrame:
    ends = pd.to_datetime(spells["end_on"])
    spells = spells[ends.isna() | (ends >= pd.Timestamp(past.as_of))].dropna(subset=["school_id", "nc_year"])
    # Most children have one open enrolment at a school, which needs no choice.
    several = spells.duplicated(["child_id", "school_id"], keep=False)
    last = spells[several].sort_values(["child_id", "school_id", "start_on", "nc_year"]).drop_duplicates(["child_id", "school_id"], keep="last")
    return pd.concat([spells[~several], last])[["child_id", "school_id", "nc_year"]]


def members_of_year(past: Past, child: pd.DataFrame) -> pd.DataFrame:
    """rid, own_school, child_id of everyone in the year group of one child (a row of ``Scope.children``), the child among them."""
    own = child[["rid", "child_id", "school_id"]].merge(year_groups(past), on=["child_id", "school_id"])
    mates = own.drop(columns="child_id").merge(year_groups(past), on=["school_id", "nc_year"])
    return mates.rename(columns={"school_id": "own_school"})[["rid", "own_school", "child_id"]]


@dataclass(frozen=True)
class Asked:
    """One share to be had of the year groups: its prefix in the answer, measure and window."""

    prefix: str
    measure: Measure
    window: Window
    at_least: int


def shares_of_peers(scope: Scope, asked: list[Asked]) -> dict[str, np.ndarray]:
    """Prefix → the share of each child's year group, in the order of ``scope.children``; NaN where the group is too small or not known."""
    children = scope.children
    groups = year_groups(scope.past)
    own = children[["child_id", "school_id"]].merge(groups, on=["child_id", "school_id"], how="left")["nc_year"]
    key = ["school_id", "nc_year"]
    wanted = children[["school_id"]].assign(nc_year=own.to_numpy()).dropna().drop_duplicates()
    wanted = wanted.reset_index(drop=True).rename_axis("group").reset_index()
    members = groups.merge(wanted, on=key)
    if members.empty:
        return {one.prefix: np.full(len(children), np.nan) for one in asked}
    members["member"] = pd.factorize(members["child_id"])[0]
    people = members.merge(scope.past.links().rename_axis("link").reset_index(), on="child_id").drop_duplicates(
        ["group", "source", "source_person_id"]
    )
    compared = [Part(one.prefix, one.measure, one.window) for one in asked]
    each = _by_bits(scope, people, compared) if all(by_bits(one.measure) for one in asked) else None
    each = _by_engine(scope, people, compared) if each is None else each
    group = children[["school_id"]].assign(nc_year=own.to_numpy()).merge(wanted, on=key, how="left")["group"]
    answer = {}
    for one in asked:
        # Integers until here, so that the order of rows changes nothing.
        some = each[each[f"{one.prefix}_m"] > 0]
        by_group = some.groupby("group").agg(n=(f"{one.prefix}_n", "sum"), m=(f"{one.prefix}_m", "sum"), children=("member", "nunique"))
        share = (by_group["n"] / by_group["m"]).where(by_group["children"] >= one.at_least)
        answer[one.prefix] = group.map(share).to_numpy(dtype="float64", na_value=np.nan)
    return answer


def _by_bits(scope: Scope, people: pd.DataFrame, compared: list[Part]) -> pd.DataFrame | None:
    """Marks of each part (``_n`` of ``_m``) by group and member, from registers as bits; None where the engine has to answer."""
    one_each = people.groupby(["group", "member"])
    seen = seen_by(scope, one_each.ngroup().to_numpy(), people["link"].to_numpy(), people["school_id"], one_each.ngroups)
    if seen is None:
        return None
    found = counted(seen, ((part.prefix, part.measure, *scope.window(part.window)) for part in compared))
    members = people.drop_duplicates(["group", "member"]).sort_values(["group", "member"])[["group", "member"]].reset_index(drop=True)
    return members.assign(**{f"{part.prefix}_{name}": found[f"{part.prefix}_{name}"].astype("int64") for part in compared for name in ("n", "m")})


def _by_engine(scope: Scope, people: pd.DataFrame, compared: list[Part]) -> pd.DataFrame:
    """The same from the rows of the table."""
    types = {"group": "int64", "member": "int64", "school_id": "string", "source": "string", "source_person_id": "string"}
    scope.past.store.backend.create_table("_peers", people[list(types)].astype(types).reset_index(drop=True), temp=True, overwrite=True)
    dates = scope.dates((one.window for one in compared), earliest=min(scope.window(one.window)[0] for one in compared))

    def sums(on: Dates) -> ibis.Table:
        members = scope.past.store.backend.table("_peers")
        rows = scope.brought_together(compared, on).join(members, ["source", "source_person_id", "school_id"])
        spans = [(on[start_of(one.window)], on[end_of(one.window)]) for one in compared]
        flags = flagged(rows, ((one.measure, *span) for one, span in zip(compared, spans, strict=True)))
        parts: list[Aggregate] = []
        for one, (start, end) in zip(compared, spans, strict=True):
            found = aggregates(one.measure, flags, one.prefix, start, end, on["as_of"], scope.table.ends)
            parts += [part for part in found if part.name in (f"{one.prefix}_n", f"{one.prefix}_m")]
        return flags.rows.group_by("group", "member").agg(**{part.name: part.expression for part in parts})

    return ask(scope.past.store, ("peers", key_of(scope.past, scope.table), fingerprint(compared)), sums, dates)
