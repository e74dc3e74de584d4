"""What the health service shares with the council: notices, and the people whom they concern."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.events.police import by_need
from early_id.data.synth.files.extracts import Tables, british, people_table
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

#: Children with a health notice in a year (appointments to which a child was not brought, visits to emergency departments that gave rise to
#: worry; unconfirmed), and log-rate per standard deviation of need.
NOTICE_PER_YEAR, NOTICE_EFFECT = 0.025, 0.6
#: Families in which a parent, brother or sister dies in a year: about 1 in 29 pupils has been bereaved so (unconfirmed). Independent of need.
BEREAVED_PER_YEAR = 0.003


def make_health(people: People, need: Need, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """One row a notice and child: child, kind, happened, recorded (days)."""
    draws = seeds.rows("health notices")
    family, dob = people.children["family"].to_numpy(), people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    parts = []
    for index, month in enumerate(timeline.months):
        rng = seeds.rng("health notices", index)
        here = (joins <= month) & (leaves > month + 31) & (dob < month - 30) & (month - dob < 18 * 365.25 - 31)
        rate = by_need(NOTICE_PER_YEAR / 12, NOTICE_EFFECT, need.at(month + 15))
        child = np.flatnonzero((rng.random(len(dob)) < rate) & here)
        parts.append((child, np.full(len(child), "health", dtype=object), month + draws.integers(0, 28, "day", child, month)))
        hit = rng.random(len(people.families)) < BEREAVED_PER_YEAR / 12
        child = np.flatnonzero(hit[family] & here)
        day = month + draws.integers(0, 28, "bereaved", family[child], month)
        parts.append((child, np.full(len(child), "bereavement", dtype=object), day))
    child, kind, happened = (np.concatenate(part) for part in zip(*parts, strict=True))
    recorded = happened + 2 + draws.geometric(0.15, "after", child, happened, kind == "health")
    notices = pd.DataFrame({"child": child, "kind": kind, "happened": happened, "recorded": recorded})
    notices = notices[notices["recorded"] < timeline.extracted]
    return notices.sort_values(["happened", "child", "kind"], kind="stable", ignore_index=True)


def health_tables(people: People, notices: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> Tables:
    """People and notices."""
    first = notices[["child"]].assign(day=notices["happened"])
    return {
        "health/people.csv": people_table(people, first, "health", "health_id", seeds, timeline),
        "health/notifications.csv": pd.DataFrame(
            {
                "PersonID": people.children["health_id"].to_numpy()[notices["child"]],
                "Kind": notices["kind"].to_numpy(),
                "HappenedOn": british(notices["happened"].to_numpy()),
                "RecordedOn": british(notices["recorded"].to_numpy()),
            }
        ),
    }
