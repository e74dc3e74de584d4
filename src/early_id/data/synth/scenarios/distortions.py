"""Scenarios that act on what is written down: notices recorded more or less, lateness, contacts typed in afterwards, a source that stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.police import NOTICE, abuse_notices, with_extra
from early_id.data.synth.files.extracts import Tables, iso
from early_id.data.synth.marks.attendance import AbsencePlan
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import STRENGTH_LATE, Need
from early_id.data.synth.population.people import People
from early_id.data.synth.scenarios.biases import lateness_factor, loss_from, members
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

Frames = dict[str, pd.DataFrame]
Ints = npt.NDArray[np.int64]

#: How many days before the offer or referral a contact that was typed in afterwards claims to have been.
BACKDATED = (20, 150)
#: Who is said to have made it.
LEAK_SOURCE = "school"
#: Files of an agency that can stop: column that says when a row was known, and columns that are filled later.
FILES = {
    "police": {"people.csv": ("RecordedOn", ()), "missing.csv": ("StartedAt", ("EndedAt",)), "notifications.parquet": ("RecordedOn", ())},
    "housing": {"people.csv": ("RecordedOn", ()), "households.xlsx": ("FromOn", ("ToOn",)), "indicators.csv": ("HappenedOn", ("EndedOn",))},
}


def miswritten_notices(notices: pd.DataFrame, people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """Notices of domestic abuse of a group recorded so many times as often; nothing else in the council knows of the difference.

    More: the same process, with its drift, is drawn once more from streams of its own at the rate of the excess. Fewer: an event is kept or
    left out for all children of the family.
    """
    found = part(plan.scenarios, "measurement_bias")
    if found is None:
        return notices
    group, ratio = members(people, found[0]), found[1]
    if ratio > 1:
        child, day, family = abuse_notices(people, need, seeds, timeline, plan, "measurement bias", ratio - 1)
        mine = group[child]
        return with_extra(notices, child[mine], day[mine], family[mine], seeds, timeline)
    child = notices["child"].to_numpy()
    kept = seeds.rows("measurement bias").uniform("kept", people.children["family"].to_numpy()[child], notices["happened"].to_numpy()) < ratio
    return notices[(notices["kind"] != NOTICE).to_numpy() | ~group[child] | kept].reset_index(drop=True)


def punctual(absence: AbsencePlan, people: People, need: Need, timeline: Timeline, plan: CouncilPlan) -> AbsencePlan:
    """The plan of the marks with lateness as strengths, ``proxy`` and ``drift`` make it."""
    late = absence.rows["late"].to_numpy(copy=True)
    year = absence.rows["year"].to_numpy()
    child = absence.rows["child"].to_numpy()
    for index in np.unique(year):
        here = year == index
        late[here] *= lateness_factor(people, plan, need.strength, STRENGTH_LATE, timeline.years[index].start, timeline)[child[here]]
    return replace(absence, rows=absence.rows.assign(late=late))


def with_leak(services: Frames, people: People, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> Frames:
    """Contacts typed in when help was offered or a referral made, dated weeks earlier; ``leaked`` lists those typed in before the extracts."""
    size = plan.size("leak")
    if not size:
        return services
    statutory = services["statutory"]
    causes = pd.concat(
        [
            services["early_help"][["child", "offered"]].set_axis(["child", "on"], axis=1),
            statutory.loc[(statutory["status"] == "REFERRAL") & (statutory["outcome"] != "nfa"), ["child", "start"]].set_axis(
                ["child", "on"], axis=1
            ),
        ],
        ignore_index=True,
    )
    causes = causes[causes["on"] < timeline.extracted - 1]  # nobody has typed in the others yet
    children = people.children
    first = np.maximum(children["dob"].to_numpy(), people.families["joins"].to_numpy()[children["family"].to_numpy()])
    child, typed, day = backdated(causes["child"].to_numpy(), causes["on"].to_numpy(), np.maximum(first, timeline.events_from), size, seeds)
    leaked = pd.DataFrame({"child": child, "on": day, "typed": typed}).drop_duplicates(["child", "on"], ignore_index=True)
    on = leaked["on"]
    written = pd.DataFrame({"child": leaked["child"], "on": on, "source": LEAK_SOURCE, "outcome": "advice", "outcome_on": on + 3})
    contacts = pd.concat([services["contacts"], written], ignore_index=True).drop_duplicates(["child", "on", "source"])
    return {**services, "contacts": contacts.sort_values(["on", "child"], kind="stable", ignore_index=True), "leaked": leaked}


def backdated(child: Ints, on: Ints, first: Ints, size: float, seeds: Seeds) -> tuple[Ints, Ints, Ints]:
    """Of offers and referrals those for which a contact is typed in: child, the day of typing, the day that the contact claims.

    ``first`` is the first day that a contact about each child could have; where no such day is far enough back, nothing is typed in.
    """
    draws = seeds.rows("leak")
    furthest = np.minimum(BACKDATED[1], on - first[child] + 1)
    kept = (draws.uniform("kept", child, on) < size) & (furthest > BACKDATED[0])
    child, on, furthest = child[kept], on[kept], furthest[kept]
    return child, on, on - BACKDATED[0] - (draws.uniform("claimed", child, on) * (furthest - BACKDATED[0])).astype(np.int64)


def leaked_rows(contacts: pd.DataFrame, leaked: pd.DataFrame, child_of: Mapping[str, int]) -> pd.DataFrame:
    """The contacts typed in afterwards as they stand in a file: child, PersonID, ContactDate, typed; indexed by the row of the file.

    ``child_of`` gives the child of each id that social care knows it by.
    """
    listed = contacts.loc[contacts["Source"] == LEAK_SOURCE, ["PersonID", "ContactDate"]]
    listed = listed.assign(child=listed["PersonID"].map(child_of), row=listed.index).dropna(subset=["child"])
    claims = leaked.assign(ContactDate=iso(leaked["on"].to_numpy()))
    found = claims.merge(listed.astype({"child": np.int64}), on=["child", "ContactDate"]).drop_duplicates(["child", "ContactDate"])
    return found.set_index("row")[["child", "PersonID", "ContactDate", "typed"]]


def cut_off(tables: Tables, plan: CouncilPlan, timeline: Timeline) -> Tables:
    """The tables with those of one agency as they were on the day of its last files."""
    found = loss_from(plan, timeline)
    if found is None:
        return tables
    agency, day = found
    last = pd.Timestamp(day, unit="D")
    out = dict(tables)
    for file, (known, filled_later) in FILES[agency].items():
        name = f"{agency}/{file}"
        table = out[name]
        table = table[~(_dates(table[known]) >= last)].copy()
        for column in filled_later:
            table[column] = table[column].mask(_dates(table[column]) >= last, "")
        out[name] = table.reset_index(drop=True)
    return out


def _dates(texts: pd.Series) -> pd.Series:
    """Dates of either style; missing where there is none, or none that can be read."""
    british = pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce")
    return british.fillna(pd.to_datetime(texts.where(british.isna()), format="ISO8601", errors="coerce"))
