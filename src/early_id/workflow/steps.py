"""The steps of the main job, one function each. Each calls one floor and hands on what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import SettingsError
from early_id.core.types import Audience
from early_id.features import FeatureMatrix, build_features
from early_id.features.cohort import REASONS, persons
from early_id.features.extensions import InForce, load_extensions
from early_id.features.past import Past
from early_id.linkage import People, link

if TYPE_CHECKING:
    from early_id.audit.result import AuditResult
    from early_id.data.ingest import Batch
    from early_id.data.store import Store
    from early_id.models.result import Trial
    from early_id.screening.lists import ScreeningLists


@dataclass(frozen=True)
class Bench:
    """Settings with the store, tables, catalogue and programme that they name: what every step works on."""

    cfg: Config
    store: Store
    in_force: InForce

    @property
    def people(self) -> People:
        """Children and families behind the records."""
        if self.in_force.programme.link:
            return self.in_force.programme.link(self.store, self.cfg)
        return link(self.store, key=self.cfg.project.key)

    def dates(self) -> tuple[date, ...]:
        """As-of dates of the settings, or those that the programme finds in the data."""
        dates = self.cfg.as_of.dates
        if not dates and self.in_force.programme.dates:
            dates = self.in_force.programme.dates(self.store, self.cfg)
        if not dates:
            raise SettingsError("The settings name no as-of dates.", what_next="List them under as_of.dates.")
        screening = self.cfg.as_of.screening
        return tuple(sorted({*dates, *([screening] if screening else [])}))


def open_bench(cfg: Config) -> Bench:
    """Load extensions and open the store. Reads only."""
    from early_id.data.store import Store

    in_force = load_extensions(cfg)
    return Bench(cfg, Store.open(cfg, in_force.tables), in_force)


def take_in(bench: Bench, folder: Path | None = None) -> Batch:
    """Ingest a folder, or the settings' own."""
    return bench.store.ingest(folder, cfg=bench.cfg)


def build(bench: Bench, people: People, *, dates: tuple[date, ...] | None = None) -> FeatureMatrix:
    """The feature matrix of all dates."""
    return build_features(
        bench.store, people, bench.in_force.catalogue, as_of=dates or bench.dates(), settings=bench.cfg, programme=bench.in_force.programme
    )


def rows_for(matrix: FeatureMatrix, audience: str) -> FeatureMatrix:
    """The rows that a list of ``audience`` could hold; a school's: on a roll, household not open, contact safe."""
    index = matrix.index
    if audience != Audience.SCHOOL_LEAD:
        return matrix
    return matrix.where((index["school_id"].notna() & ~index["household_open"] & index["contact_is_safe"]).to_numpy())


def places(bench: Bench, index: pd.DataFrame, audience: str) -> dict[str, int]:
    """Capacity of each recipient of ``audience``."""
    cfg = bench.cfg
    if bench.in_force.programme.keys_only and cfg.training.capacity_share:
        families = index.groupby("school_id")["family_id"].nunique()
        return {str(name): max(1, round(count * cfg.training.capacity_share)) for name, count in families.items()}
    column, usual, named = (
        ("school_id", cfg.capacity.per_school, cfg.capacity.schools)
        if audience == Audience.SCHOOL_LEAD
        else ("hub_id", cfg.capacity.per_hub, cfg.capacity.hubs)
    )
    return {str(name): named.get(str(name), usual) for name in sorted(index[column].dropna().unique())}


def train_all(bench: Bench, matrix: FeatureMatrix) -> dict[str, Trial]:
    """One trial for each audience, on the classes that it may see."""
    from early_id.models.train import train

    cfg, trials = bench.cfg, {}
    for audience in bench.in_force.programme.audiences:
        rows = rows_for(matrix, audience)
        latest = rows.index[rows.index["as_of"] == rows.index["as_of"].max()]
        capacity = None if cfg.training.capacity_share else sum(places(bench, latest, audience).values())
        trials[audience] = train(
            rows,
            cfg.training.model_copy(update={"outcome": matrix.meta.outcome}),
            acceptance=cfg.acceptance,
            audience=audience,
            sharing={str(name): [str(c) for c in classes] for name, classes in cfg.sharing.items()},
            capacity=capacity,
            store=cfg.out_dir / "tracking",
        )
    return trials


def audit_all(bench: Bench, matrix: FeatureMatrix, trials: Mapping[str, Trial]) -> dict[str, AuditResult]:
    """One fairness audit for each trial."""
    from early_id.audit.fairness import audit_model

    return {audience: audit_model(trial.best, rows_for(matrix, audience), bench.cfg.audit) for audience, trial in trials.items()}


def people_frame(bench: Bench, people: People, day: date) -> pd.DataFrame:
    """Names, schools, hubs and contact marks of everyone who could be on a list on ``day``."""
    past = Past(bench.store, people, day)
    cohort = bench.in_force.programme.cohort(past, bench.cfg).index
    details = persons(past)
    schools = past.frame("schools").drop_duplicates("school_id", keep="last").set_index("school_id")
    hub_names = schools.drop_duplicates("hub_id").set_index("hub_id")["hub_name"]
    columns = ["child_id", "family_id", "school_id", "hub_id", "nc_year", "safe_contact", "protected_address", "no_joint_contact"]
    frame = cohort[columns].reset_index(drop=True)
    for name in ("forename", "surname", "birth_date"):
        frame[name] = frame["child_id"].map(details[name])
    frame["school_name"] = frame["school_id"].map(schools["name"])
    frame["hub_name"] = frame["hub_id"].map(hub_names)
    return frame


def screen_all(bench: Bench, people: People, matrix: FeatureMatrix, trials: Mapping[str, Trial]) -> ScreeningLists:
    """Explained lists of every recipient at the screening date, in memory."""
    from early_id.screening.lists import screen

    day = bench.cfg.as_of.screening or max(bench.dates())
    frame = people_frame(bench, people, day)
    now = matrix.at(day)
    now = replace(now, excluded=now.excluded.assign(reason=now.excluded["reason"].map(REASONS)))
    made: ScreeningLists | None = None
    for audience, trial in trials.items():
        rows = rows_for(now, audience)
        one = screen(
            trial.best, rows, people_frame=frame, capacity=places(bench, rows.index, audience), settings=bench.cfg.screening, tie_key=people.key
        )
        made = one if made is None else made + one
    assert made is not None
    return made
