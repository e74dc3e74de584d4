"""What is true and no agency knows: written beside the extracts, never into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.data.synth.agencies.canary_table import canary_table
from early_id.data.synth.events import factors, health, police, services, suspensions
from early_id.data.synth.files.extracts import Tables, iso
from early_id.data.synth.marks import attendance
from early_id.data.synth.marks import days as mark_days
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import (
    BY_DECILE,
    BY_FSM,
    BY_PLAN,
    BY_SUPPORT,
    CHILD_STAYS,
    FAMILY_SHARE,
    FAMILY_STAYS,
    STRENGTH_LATE,
    Need,
    strength_of,
)
from early_id.data.synth.scenarios.biases import drift_from, loss_from, null_families, regime_from
from early_id.data.synth.scenarios.declare import SCENARIOS, part
from early_id.data.synth.scenarios.distortions import leaked_rows
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.timeline import Timeline, as_date
from early_id.data.synth.truth.labels import bias_table, make_labels
from early_id.data.synth.world import World

#: Children in one row group of ``need.parquet``: need of a million children by month does not fit into memory as one table.
GROUP = 20 * BLOCK
CONTACTS = "socialcare/contacts.csv"
_PER_SD = "log-rate per standard deviation"
_TEXTS = pa.dictionary(pa.int32(), pa.string())


def effects_table(plan: CouncilPlan) -> pd.DataFrame:
    """Every effect size that ties signs and outcomes to need."""
    share, strength = strength_of(plan)
    rows = [
        ("need", "share of variance a family has in common", FAMILY_SHARE, "share"),
        ("need", "family part after half a year", FAMILY_STAYS, "autocorrelation"),
        ("need", "child part after half a year", CHILD_STAYS, "autocorrelation"),
        ("need", "each decile nearer to the most deprived", BY_DECILE, "standard deviations"),
        ("need", "free school meals", BY_FSM, "standard deviations"),
        ("need", "education, health and care plan", BY_PLAN, "standard deviations"),
        ("need", "SEN support", BY_SUPPORT, "standard deviations"),
        ("strengths", "families with a settled routine", share, "share"),
        ("strengths", "taken off need by a settled routine", strength, "standard deviations"),
        ("strengths", "taken off lateness by a settled routine, beyond need", STRENGTH_LATE, "log-rate"),
        ("absence", "place among pupils of the same cell, by need within group", attendance.ABSENCE_CORRELATION, "correlation"),
        ("absence", "course within the year, by need within group", mark_days.NEED_WITHIN_YEAR, "score per standard deviation"),
        ("lateness", "by need", attendance.LATE_EFFECT, _PER_SD),
        ("suspensions", "by need within group, after the limits on a pupil's year", suspensions.RECORDED_EFFECT, _PER_SD),
        ("missing episodes", "by need", police.MISSING_EFFECT, _PER_SD),
        ("domestic-abuse notices", "by need of the eldest child listed", police.NOTICE_EFFECT, _PER_SD),
        ("youth-justice notices", "by need", police.JUSTICE_EFFECT, _PER_SD),
        ("health notices", "by need", health.NOTICE_EFFECT, _PER_SD),
        ("bereavements", "by need", 0.0, _PER_SD),
        ("factors", "by need, among those assessed", factors.FACTOR_EFFECT, "log-odds per standard deviation"),
        *((name, "by need of the eldest child listed", effect, _PER_SD) for name, (_, _, effect) in factors.INDICATORS.items()),
        ("contacts", "by need", services.CONTACT_EFFECT, _PER_SD),
        *(
            (f"contacts after {name}", f"sign known in the {services.SIGN_DAYS} days before; the largest counts", effect, "log-rate")
            for name, effect in services.SIGN_EFFECTS.items()
        ),
        ("decision", "help is offered above", services.EARLY_HELP_FROM, "need plus chance"),
        ("decision", "a referral is made above", services.REFERRAL_FROM, "need plus chance"),
        ("decision", "chance in each contact", services.NOISE, "standard deviations of need"),
    ]
    return pd.DataFrame(rows, columns=["what", "how", "size", "unit"])


def scenarios_table(plan: CouncilPlan, timeline: Timeline) -> pd.DataFrame:
    """Every scenario: whether it is on, its size, at whom it is aimed, and from which day it holds."""
    lost = loss_from(plan, timeline)
    days = {"drift": drift_from(timeline), "regime": regime_from(timeline), "source_loss": lost[1] if lost else None}
    rows = []
    for name, scenario in SCENARIOS.items():
        target, size = part(plan.scenarios, name) or ("", 0.0)
        day = days.get(name)
        on = name in {key.partition(":")[0] for key in plan.scenarios}
        rows.append(
            (name, "yes" if on else "no", size if on else "", scenario.unit, target, as_date(day).isoformat() if on and day else "", scenario.text)
        )
    return pd.DataFrame(rows, columns=["scenario", "on", "size", "unit", "target", "from", "meaning"])


def write_truth(folder: Path, world: World, tables: Tables, faults: pd.DataFrame, seeds: Seeds, second_ids: Mapping[str, int] | None = None) -> None:
    """Write everything latent: need, labels, bias, effects, scenarios, families, visibility, links; and faults, canaries and the plan.

    ``second_ids`` are further ids under which social care knows a child, and the child's row.
    """
    folder.mkdir(parents=True)
    people, plan, timeline = world.people, world.plan, world.timeline
    width = len(str(len(people)))
    children = np.array([f"C{i:0{width}d}" for i in range(len(people))], dtype=object)
    families = np.array([f"F{i:0{width}d}" for i in range(len(people.families))], dtype=object)
    write_need(folder / "need.parquet", world.need, children, timeline)
    labels = make_labels(world, seeds)
    _write_labels(folder / "labels.parquet", labels, children)
    found = {
        "bias": bias_table(world, labels),
        "links": _links(world, tables, children, families),
        "families": _families(world, families, seeds),
        "visibility": _visibility(world),
        "effects": effects_table(plan),
        "scenarios": scenarios_table(plan, timeline),
        "faults": faults,
        "canaries": canary_table(people, world.canaries, world.homes),
    }
    if "leaked" in world.services:
        rows = _leaked(tables, world, second_ids or {})
        found["leak"] = rows.assign(child=children[rows["child"]], typed_on=iso(rows["typed"].to_numpy())).drop(columns="typed")
    for name, table in found.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    (folder / "plan.json").write_text(json.dumps(plan.to_json(), indent=1) + "\n", encoding="utf-8", newline="\n")


def leaked_at(tables: Tables, world: World, second_ids: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Rows of the contacts that were typed in afterwards."""
    return _leaked(tables, world, second_ids).index.to_numpy() if "leaked" in world.services else np.zeros(0, dtype=np.int64)


def _leaked(tables: Tables, world: World, second_ids: Mapping[str, int]) -> pd.DataFrame:
    held = world.people.children["social_care_id"]
    return leaked_rows(tables[CONTACTS], world.services["leaked"], {**dict(zip(held, range(len(held)), strict=True)), **second_ids})


def write_need(path: Path, need: Need, children: npt.NDArray[np.object_], timeline: Timeline) -> None:
    """Need of each child in the middle of each month, a row group at a time."""
    months = timeline.months
    schema = pa.schema([("child", _TEXTS), ("month", pa.date32()), ("need", pa.float32())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(children), GROUP):
            rows = slice(start, min(start + GROUP, len(children)))
            count = rows.stop - rows.start
            values = np.column_stack([need.at(int(month) + 15, rows) for month in months]).round(3)
            who = pa.DictionaryArray.from_arrays(
                pa.array(np.repeat(np.arange(count, dtype=np.int32), len(months))), pa.array(children[rows], pa.string())
            )
            when = pa.array(np.tile(months.astype(np.int32), count)).cast(pa.date32())
            writer.write_table(pa.Table.from_arrays([who, when, pa.array(values.ravel(), pa.float32())], schema=schema), row_group_size=values.size)


def _write_labels(path: Path, labels: list[pd.DataFrame], children: npt.NDArray[np.object_]) -> None:
    flags = [name for name in labels[0].columns if name not in ("child", "as_of", "need")]
    schema = pa.schema([("child", _TEXTS), ("as_of", pa.date32()), ("need", pa.float32()), *((name, pa.bool_()) for name in flags)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for frame in labels:
            columns = [
                pa.DictionaryArray.from_arrays(pa.array(np.arange(len(frame), dtype=np.int32)), pa.array(children[frame["child"]], pa.string())),
                pa.array(frame["as_of"].to_numpy().astype(np.int32)).cast(pa.date32()),
                pa.array(frame["need"].to_numpy().round(3), pa.float32()),
                *(pa.array(frame[name].astype("boolean"), pa.bool_()) for name in flags),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _links(world: World, tables: Tables, children: npt.NDArray[np.object_], families: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Who is who: a child's ids at the agencies that hold anything about it."""
    held = world.people.children
    links = pd.DataFrame({"child": children, "family": families[held["family"].to_numpy()]})
    sources = {
        "education": ("education/pupils.csv", "PupilID", "pupil_id"),
        "social_care": ("socialcare/people.csv", "PersonID", "social_care_id"),
        "police": ("police/people.csv", "PersonID", "police_id"),
        "housing": ("housing/people.csv", "PersonID", "housing_id"),
        "health": ("health/people.csv", "PersonID", "health_id"),
    }
    for source, (file, heading, column) in sources.items():
        links[source] = held[column].where(held[column].isin(set(tables[file][heading])), "").to_numpy()
    return links


def _families(world: World, names: npt.NDArray[np.object_], seeds: Seeds) -> pd.DataFrame:
    """Where a family lives, whether it has a settled routine, and whether services come to it by chance."""
    people = world.people
    homes = people.families[["household_id", "size", "hub", "idaci"]].copy()
    homes["hub"] = "H" + (homes["hub"] + 1).astype(str)
    homes.insert(0, "family", names)
    strength = np.zeros(len(homes), dtype=bool)
    strength[people.children["family"].to_numpy()] = world.need.strength
    homes["settled_routine"] = np.where(strength, "yes", "no")
    chance = null_families(people, world.plan, seeds)
    homes["services_by_chance"] = "no" if chance is None else np.where(chance, "yes", "no")
    return homes


def _visibility(world: World) -> pd.DataFrame:
    """Log-rate of being named to the council, by school; the last row is for children whom no school sees."""
    schools = world.rolls.schools
    table = pd.DataFrame({"school": schools["school_id"], "log_rate": schools["visibility"].round(4)})
    return pd.concat([table, pd.DataFrame({"school": ["none"], "log_rate": [services.UNSEEN]})], ignore_index=True)
