"""What is true and no agency knows: written beside the extracts, never into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.data.synth import attendance, factors, marks, police, services, suspensions
from early_id.data.synth.extracts import Tables, iso
from early_id.data.synth.need import CHILD_STAYS, FAMILY_SHARE, FAMILY_STAYS, HALF_YEAR, Need
from early_id.data.synth.people import People


def effects_table() -> pd.DataFrame:
    """Every effect size that ties signs and outcomes to need."""
    rows = [
        ("need", "share of variance a family has in common", FAMILY_SHARE, "share"),
        ("need", "family part after half a year", FAMILY_STAYS, "autocorrelation"),
        ("need", "child part after half a year", CHILD_STAYS, "autocorrelation"),
        ("absence", "place among pupils of the same cell, by need", attendance.ABSENCE_CORRELATION, "correlation"),
        ("absence", "course within the year, by need", marks.NEED_WITHIN_YEAR, "score per standard deviation"),
        ("lateness", "by need", attendance.LATE_EFFECT, "log-rate per standard deviation"),
        ("suspensions", "by need", suspensions.EFFECT, "log-rate per standard deviation"),
        ("missing episodes", "by need", police.MISSING_EFFECT, "log-rate per standard deviation"),
        ("domestic-abuse notices", "by need", police.NOTICE_EFFECT, "log-rate per standard deviation"),
        ("youth-justice notices", "by need", police.JUSTICE_EFFECT, "log-rate per standard deviation"),
        ("factors", "by need, among those assessed", factors.FACTOR_EFFECT, "log-odds per standard deviation"),
        *((name, "by need", effect, "log-rate per standard deviation") for name, (_, _, effect) in factors.INDICATORS.items()),
        ("contacts", "by need", services.CONTACT_EFFECT, "log-rate per standard deviation"),
        *((f"contacts after {name}", "sign in this month or the last", effect, "log-rate") for name, effect in services.SIGN_EFFECTS.items()),
    ]
    return pd.DataFrame(rows, columns=["what", "how", "size", "unit"])


def write_truth(folder: Path, people: People, need: Need, tables: Tables, faults: pd.DataFrame, canaries: pd.DataFrame) -> None:
    """Write need, effects, links, families, faults and canaries."""
    folder.mkdir(parents=True)
    children = people.children
    width = len(str(len(children)))
    names = np.array([f"C{i:0{width}d}" for i in range(len(children))], dtype=object)
    family = np.array([f"F{i:0{width}d}" for i in range(len(people.families))], dtype=object)[children["family"].to_numpy()]
    knots = need.resid.shape[1]
    days = (need.origin + np.arange(knots) * HALF_YEAR).astype(np.int64)
    pd.DataFrame(
        {
            "child": np.repeat(names, knots),
            "day": np.tile(iso(days), len(children)),
            "need": (need.resid + need.shift[:, None]).round(4).astype(np.float64).ravel(),
            "need_within_group": need.resid.round(4).astype(np.float64).ravel(),
        }
    ).to_parquet(folder / "need.parquet", index=False, compression="zstd")
    links = pd.DataFrame({"child": names, "family": family})
    sources = {
        "education": ("education/pupils.csv", "PupilID", "pupil_id"),
        "social_care": ("socialcare/people.csv", "PersonID", "social_care_id"),
        "police": ("police/people.csv", "PersonID", "police_id"),
        "housing": ("housing/people.csv", "PersonID", "housing_id"),
    }
    for source, (file, heading, column) in sources.items():
        ids = children[column]
        links[source] = ids.where(ids.isin(set(tables[file][heading])), "").to_numpy()
    links.to_csv(folder / "links.csv", index=False, lineterminator="\n")
    homes = people.families[["household_id", "size", "hub", "idaci"]].copy()
    homes["hub"] = "H" + (homes["hub"] + 1).astype(str)
    homes.insert(0, "family", [f"F{i:0{width}d}" for i in range(len(homes))])
    for name, table in (("families", homes), ("effects", effects_table()), ("faults", faults), ("canaries", canaries)):
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
