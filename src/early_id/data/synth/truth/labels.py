"""Who should have been helped, by child and as-of date, and what became of it: for ``truth/`` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.services import EARLY_HELP_FROM, NOISE, REFERRAL_FROM
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.scenarios.biases import ethnic_groups, members, regime_from
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import HORIZON, Timeline, day_number
from early_id.data.synth.world import World

Flags = npt.NDArray[np.bool_]
Rows = Mapping[str, Any]

#: Youngest and oldest on a list, in completed years.
YOUNGEST, OLDEST = 4, 17
#: Statuses that open no new work.
NOT_WORK = "CARE_LEAVER"
#: Rows of services that another council gives (mess ``one_open_child``).
ELSEWHERE = "elsewhere"


def help_from(plan: CouncilPlan, timeline: Timeline, day: int) -> float:
    """Need from which a council without bias offers help or refers, on a day."""
    shift = -plan.size("regime") if day >= regime_from(timeline) else 0.0
    return float(min(EARLY_HELP_FROM + shift, REFERRAL_FROM))


def open_on(rows: Rows, day: int, count: int) -> Flags:
    """Which children have a row that runs on a day."""
    flags = np.zeros(count, dtype=bool)
    start, end = np.asarray(rows["start"]), np.asarray(rows["end"])
    flags[np.asarray(rows["child"])[(start < day) & (end >= day)]] = True
    return flags


def recognised_in(statutory: Rows, early_help: Rows, day: int, count: int) -> Flags:
    """For whom help was offered, a referral accepted or statutory work begun within the horizon after a day."""
    flags = np.zeros(count, dtype=bool)
    offered = np.asarray(early_help["offered"])
    flags[np.asarray(early_help["child"])[(offered >= day) & (offered < day + HORIZON)]] = True
    start, status = np.asarray(statutory["start"]), np.asarray(statutory["status"])
    counts = (start >= day) & (start < day + HORIZON) & (status != NOT_WORK) & ~((status == "REFERRAL") & (np.asarray(statutory["outcome"]) == "nfa"))
    flags[np.asarray(statutory["child"])[counts]] = True
    return flags


def make_labels(world: World, seeds: Seeds) -> list[pd.DataFrame]:
    """One frame an as-of date: a row for each child who lives in the area and is of the age of the lists.

    Columns: child (row number), as_of (day), need, should_be_helped, open_to_statutory (this council's services or another's),
    in_early_help, recognised, decided, decided_without_bias
    (missing where the horizon passes the extracts), found_in_review.
    """
    people, timeline, services = world.people, world.timeline, world.services
    family, dob = people.children["family"].to_numpy(), people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    decisions, elsewhere = services["decisions"], services.get(ELSEWHERE, services["statutory"][:0])
    frames = []
    for number, date in enumerate(timeline.as_of_dates):
        day, count = day_number(date), len(people)
        need = world.need.at(day)
        threshold = help_from(world.plan, timeline, day)
        rows = np.flatnonzero((joins < day) & (leaves >= day) & (dob <= day - YOUNGEST * 365.25) & (dob > day - (OLDEST + 1) * 365.25))
        reviewed = need + seeds.rng("review", number).normal(0, NOISE, count)
        inside = decisions[(decisions["on"] >= day) & (decisions["on"] < day + HORIZON)]
        known = day + HORIZON <= timeline.extracted
        found = {"recognised": recognised_in(services["statutory"], services["early_help"], day, count)}
        for name, column in (("decided", "passed"), ("decided_without_bias", "passed_without_bias")):
            found[name] = np.zeros(count, dtype=bool)
            found[name][inside.loc[inside[column], "child"]] = True
        frames.append(
            pd.DataFrame(
                {
                    "child": rows,
                    "as_of": day,
                    "need": need[rows],
                    "should_be_helped": (need > threshold)[rows],
                    "open_to_statutory": (open_on(services["statutory"], day, count) | open_on(elsewhere, day, count))[rows],
                    "in_early_help": open_on(services["early_help"], day, count)[rows],
                    **{name: pd.array(flags[rows] if known else [None] * len(rows), dtype="boolean") for name, flags in found.items()},
                    "found_in_review": (reviewed > threshold)[rows],
                }
            )
        )
    return frames


def characteristics(world: World) -> dict[str, npt.NDArray[np.object_]]:
    """Groups of each child as the school census would record them."""
    people = world.people
    family = people.children["family"].to_numpy()
    ethnic = people.families["ethnicity"].map(ethnic_groups()).fillna("not known").to_numpy(dtype=object)[family]

    def yes_no(target: str) -> npt.NDArray[np.object_]:
        return np.where(members(people, target), "yes", "no").astype(object)

    return {
        "ethnic_group": ethnic,
        "sex": np.where(people.children["male"].to_numpy(), "male", "female").astype(object),
        "fsm": yes_no("fsm"),
        "sen": yes_no("sen"),
        "other_first_language": yes_no("eal"),
    }


def bias_table(world: World, labels: list[pd.DataFrame]) -> pd.DataFrame:
    """By group: need, thresholds, the share of those in need who were referred, and what was recorded of the group.

    Shares are over child and date pairs of children open to no service whose outcome is known.
    """
    plan, timeline = world.plan, world.timeline
    known = (frame for frame in labels if frame["recognised"].notna().all())
    rows = pd.concat([frame[~frame["open_to_statutory"] & ~frame["in_early_help"]] for frame in known], ignore_index=True)
    bias = part(plan.scenarios, "label_bias")
    moved = bias[1] * members(world.people, bias[0]) if bias else np.zeros(len(world.people))
    notices = world.notices[world.notices["kind"] == "domestic_abuse_notice"]
    years = (timeline.extracted - timeline.events_from) / 365.25
    late = world.absence.rows
    out = []
    for name, values in characteristics(world).items():
        group = values[rows["child"]]
        for value in sorted(set(values)):
            mine, of_group = rows[group == value], values == value
            in_need = mine[mine["should_be_helped"]]
            out.append(
                {
                    "characteristic": name,
                    "group": value,
                    "children": int(of_group.sum()),
                    "help_from_need": EARLY_HELP_FROM + float(moved[of_group].mean()),
                    "referral_from_need": REFERRAL_FROM + float(moved[of_group].mean()),
                    "mean_need": mine["need"].mean(),
                    "child_dates": len(mine),
                    "share_in_need": mine["should_be_helped"].mean(),
                    "referred_of_those_in_need": in_need["recognised"].astype(float).mean(),
                    "decided_of_those_in_need": in_need["decided"].astype(float).mean(),
                    "decided_without_bias_of_those_in_need": in_need["decided_without_bias"].astype(float).mean(),
                    "notices_per_100_a_year": 100 * of_group[notices["child"]].sum() / max(1, int(of_group.sum())) / years,
                    "planned_lateness": late.loc[of_group[late["child"]], "late"].mean(),
                }
            )
    return pd.DataFrame(out).round(4)
