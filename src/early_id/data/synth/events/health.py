"""What the health service shares with the council: notices, and the people whom they concern."""

from __future__ import annotations

import numpy as np
import pandas as pd

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
    rng = seeds.rng("health notices")
    family, dob = people.children["family"].to_numpy(), people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    parts = []
    for month in timeline.months:
        here = (joins <= month) & (leaves > month + 31) & (dob < month - 30) & (month - dob < 18 * 365.25 - 31)
        rate = NOTICE_PER_YEAR / 12 * np.exp(NOTICE_EFFECT * need.at(month + 15) - NOTICE_EFFECT**2 / 2 * 1.2)
        child = np.flatnonzero((rng.random(len(dob)) < rate) & here)
        parts.append(pd.DataFrame({"child": child, "kind": "health", "happened": month + rng.integers(0, 28, len(child))}))
        hit = rng.random(len(people.families)) < BEREAVED_PER_YEAR / 12
        day = month + rng.integers(0, 28, len(people.families))
        child = np.flatnonzero(hit[family] & here)
        parts.append(pd.DataFrame({"child": child, "kind": "bereavement", "happened": day[family[child]]}))
    notices = pd.concat(parts, ignore_index=True)
    notices["recorded"] = notices["happened"] + 2 + rng.geometric(0.15, len(notices))
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
