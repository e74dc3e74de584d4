"""Scenarios that act on what is written down: notices recorded more or less, lateness, contacts typed in afterwards, a source that stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.police import make_notices
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.marks.attendance import AbsencePlan
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import STRENGTH_LATE, Need
from early_id.data.synth.population.people import People
from early_id.data.synth.scenarios.biases import drift_from, lateness_factor, loss_from, members
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

Frames = dict[str, pd.DataFrame]

#: The notices that rates are moved of.
NOTICE = "domestic_abuse_notice"
#: How many days before the offer or referral a contact that was typed in afterwards claims to have been.
BACKDATED = (20, 150)
#: Files of an agency that can stop: column that says when a row was known, and columns that are filled later.
FILES = {
    "police": {"people.csv": ("RecordedOn", ()), "missing.csv": ("StartedAt", ("EndedAt",)), "notifications.parquet": ("RecordedOn", ())},
    "housing": {"people.csv": ("RecordedOn", ()), "households.xlsx": ("FromOn", ("ToOn",)), "indicators.csv": ("HappenedOn", ("EndedOn",))},
}


def moved_notices(notices: pd.DataFrame, people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """Notices with the rate of domestic-abuse notices moved from the day of ``drift``; all follow need as before, and contacts follow them."""
    size = plan.size("drift")
    if not size:
        return notices
    since = drift_from(timeline)
    return _times(notices, size, lambda rows: rows["happened"].to_numpy() >= since, "drift", people, need, seeds, timeline, plan)


def miswritten_notices(notices: pd.DataFrame, people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """Notices of a group recorded so many times as often; nothing else in the council knows of the difference."""
    found = part(plan.scenarios, "measurement_bias")
    if found is None:
        return notices
    group = members(people, found[0])
    return _times(notices, found[1], lambda rows: group[rows["child"].to_numpy()], "measurement bias", people, need, seeds, timeline, plan)


def _times(
    notices: pd.DataFrame,
    ratio: float,
    meant: object,
    purpose: str,
    people: People,
    need: Need,
    seeds: Seeds,
    timeline: Timeline,
    plan: CouncilPlan,
) -> pd.DataFrame:
    """Notices with the rate of those that are ``meant`` multiplied.

    More: the same process is drawn again from other streams, thinned and added, so that the sum is the same process at a higher rate.
    Fewer: thinned. A family's notice is kept or left out for all its children.
    """
    rng = seeds.rng(purpose)

    def concerned(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
        return np.asarray((rows["kind"] == NOTICE).to_numpy() & meant(rows))  # type: ignore[operator]

    if ratio < 1:
        return notices[~concerned(notices) | _keeps(notices, ratio, people, rng)].reset_index(drop=True)
    copies = int(np.ceil(ratio - 1))
    parts = [notices]
    for _ in range(copies):
        more = make_notices(people, need, Seeds(int(rng.integers(2**62))), timeline, plan)
        parts.append(more[concerned(more) & _keeps(more, (ratio - 1) / copies, people, rng)])
    whole = pd.concat(parts, ignore_index=True).drop_duplicates(["child", "kind", "happened"])
    return whole.sort_values(["happened", "child"], kind="stable", ignore_index=True)


def _keeps(rows: pd.DataFrame, chance: float, people: People, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    family = people.children["family"].to_numpy()[rows["child"].to_numpy()]
    event = pd.MultiIndex.from_arrays([family, rows["happened"]]).factorize()[0]
    return np.asarray(rng.random(int(event.max()) + 1 if len(event) else 0)[event] < chance)


def punctual(absence: AbsencePlan, people: People, need: Need, timeline: Timeline, plan: CouncilPlan) -> AbsencePlan:
    """The plan of the marks with lateness as strengths, ``proxy`` and ``drift`` make it."""
    late = absence.rows["late"].to_numpy(copy=True)
    year = absence.rows["year"].to_numpy()
    child = absence.rows["child"].to_numpy()
    for index in np.unique(year):
        here = year == index
        late[here] *= lateness_factor(people, plan, need.strength, STRENGTH_LATE, timeline.years[index].start, timeline)[child[here]]
    return replace(absence, rows=absence.rows.assign(late=late))


def with_leak(services: Frames, seeds: Seeds, plan: CouncilPlan) -> Frames:
    """Contacts typed in when help was offered or a referral made, dated weeks earlier; ``leaked`` lists them."""
    size = plan.size("leak")
    if not size:
        return services
    rng = seeds.rng("leak")
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
    causes = causes[rng.random(len(causes)) < size]
    day = causes["on"].to_numpy() - rng.integers(*BACKDATED, len(causes))
    leaked = pd.DataFrame({"child": causes["child"].to_numpy(), "on": day, "typed": causes["on"].to_numpy()})
    written = pd.DataFrame({"child": leaked["child"], "on": day, "source": "school", "outcome": "advice", "outcome_on": day + 3})
    contacts = pd.concat([services["contacts"], written], ignore_index=True).drop_duplicates(["child", "on", "source"])
    return {**services, "contacts": contacts.sort_values(["on", "child"], kind="stable", ignore_index=True), "leaked": leaked}


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
