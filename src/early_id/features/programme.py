"""A programme: who is looked at, what counts as an outcome, which groups are audited. The council's is shipped; an extension may bring its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.calendar import SchoolCalendar, usual_calendar
from early_id.core.display import progress
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.findings import Findings
from early_id.core.types import Audience
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.cohort import Cohort, council_cohort
from early_id.features.evidence import Origin
from early_id.features.findings import not_held, not_known, several_rolls
from early_id.features.groups import council_groups
from early_id.features.held import read_once
from early_id.features.matrix import EXCLUDED_COLUMNS, FeatureMatrix, MatrixMeta
from early_id.features.outcomes import COMPONENTS, LABELS, NEED, council_outcomes
from early_id.features.past import Past, TableSource
from early_id.features.registers import registers_of
from early_id.linkage import People

if TYPE_CHECKING:
    from early_id.config.settings import Config


@dataclass(frozen=True)
class Programme:
    """What a run screens for.

    Parameters
    ----------
    name : str
    cohort : callable
        ``cohort(past, cfg) -> Cohort``: who is looked at on a date.
    outcomes : callable
        ``outcomes(store, people, index, cfg) -> DataFrame``: what happened afterwards.
    groups : callable
        ``groups(past, index) -> DataFrame``: characteristics for the audit.
    outcome, components, labels
        Names among the columns that ``outcomes`` gives.
    audiences : tuple of str
        For whom a model is made.
    dates : callable, optional
        ``dates(store, cfg) -> tuple of date``: as-of dates where the settings name none.
    link : callable, optional
        ``link(store, cfg) -> People``: where people are not found by UPN and NHS number.
    keys_only : bool
        Lists hold keys and no names, and no words about families: for benchmarks on published data.
    words : mapping
        The council's word or phrase → what it is called here ("family" → "student"), for everything that people read.
    """

    name: str
    cohort: Callable[[Past, Config], Cohort]
    outcomes: Callable[[TableSource, People, pd.DataFrame, Config], pd.DataFrame]
    groups: Callable[[Past, pd.DataFrame], pd.DataFrame]
    outcome: str
    components: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ("school_lead", "hub_lead")
    dates: Callable[[TableSource, Config], tuple[date, ...]] | None = None
    link: Callable[[TableSource, Config], People] | None = None
    keys_only: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


COUNCIL = Programme(
    name="early help",
    cohort=council_cohort,
    outcomes=council_outcomes,
    groups=council_groups,
    outcome=NEED,
    components=COMPONENTS,
    labels=LABELS,
)


def build_features(
    store: TableSource,
    people: People,
    features: Catalogue,
    *,
    as_of: Sequence[date] | date,
    settings: Config | None = None,
    programme: Programme = COUNCIL,
    calendar: SchoolCalendar | None = None,
) -> FeatureMatrix:
    """Features, outcomes and groups of everyone in the cohort, on one or several dates.

    Parameters
    ----------
    store : Store
    people : People
    features : Catalogue
    as_of : date or sequence of date
        Each date gives a row for each child in its cohort.
    settings : Config, optional
        Those that the store was opened with, where none are given.
    programme : Programme, optional
    calendar : SchoolCalendar, optional

    Returns
    -------
    FeatureMatrix

    Raises
    ------
    InputDataError
        A date lies outside the data, or nobody is in the cohort.
    SettingsError
        No date was given.
    """
    from early_id.config.settings import Config

    cfg = settings or getattr(store, "settings", None) or Config()
    dates = tuple(sorted(set(as_of))) if isinstance(as_of, Sequence) else (as_of,)
    if not dates:
        raise SettingsError("No as-of date was given.", what_next="Name dates under 'as_of.dates' or with --as-of.")
    inside_the_data(store, dates)
    terms, source = calendar or usual_calendar(), _read_by(store, cfg)
    registers = registers_of(source, features, dates, terms, cfg.features)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("X", "newest", "groups", "index", "excluded")}
    findings = not_held(store, features)
    with read_once(source, people):
        with progress("Building features", len(dates)) as bar:
            for day in dates:
                past = Past(source, people, day, registers)
                cohort = programme.cohort(past, cfg)
                built = build_at(past, cohort.index, features, calendar=terms, settings=cfg.features)
                groups = programme.groups(past, cohort.index)
                findings += [*not_known(store, features, built.values, past), *several_rolls(past, cohort.index)]
                for name, part in zip(parts, (built.values, built.newest, groups, cohort.index, cohort.excluded), strict=True):
                    parts[name].append(part)
                bar.advance(note=str(day))
        index = pd.concat(parts["index"])
        y = _known_by(programme.outcomes(source, people, index, cfg), index, cfg.as_of.screening)
    outcome = main_outcome(programme, cfg)
    excluded = (
        pd.concat(parts["excluded"]).reset_index(drop=True)
        if any(len(p) for p in parts["excluded"])
        else pd.DataFrame(columns=list(EXCLUDED_COLUMNS))
    )
    return FeatureMatrix(
        X=pd.concat(parts.pop("X")),
        y=y,
        groups=pd.concat(parts["groups"]),
        index=index,
        excluded=excluded,
        evidence_dates=pd.concat(parts.pop("newest")),
        meta=MatrixMeta(
            features=features.features,
            outcome=outcome,
            components=programme.components,
            labels=programme.labels,
            catalogue_hash=features.hash,
            data_hash=getattr(store, "fingerprint", ""),
            as_of_dates=dates,
            places={str(audience): places(index, audience, cfg) for audience in programme.audiences},
            findings=Findings(tuple(findings)),
        ),
        origin=Origin(store, people, cfg.features, terms, index[["child_id", "family_id", "school_id", "as_of"]]),
    )


def _read_by(store: TableSource, cfg: Config) -> TableSource:
    """The store as the engine of the settings reads it; a store that lies in no folder is read as it is."""
    from early_id.data.store import Store

    if cfg.engine.name == "duckdb" or not isinstance(store, Store):
        return store
    try:
        from early_id.data.spark import SparkStore
    except ModuleNotFoundError:
        raise SettingsError.extra_missing("pyspark", "spark") from None
    return SparkStore(store, cfg.engine)


def _known_by(y: pd.DataFrame, index: pd.DataFrame, screening: date | None) -> pd.DataFrame:
    """Outcomes as they are known on the date of the lists: one that matures later is unknown then, whatever the store holds by now."""
    if screening is None:
        return y
    later = index["mature_on"] > pd.Timestamp(screening)
    values = y.drop(columns="censored").mask(later, np.nan)
    return values.assign(censored=y["censored"] & ~later)


def places(index: pd.DataFrame, audience: str, cfg: Config) -> dict[str, int]:
    """Recipient → families that it can talk to, for every recipient of ``audience`` in ``index``."""
    column, usual, named = (
        ("school_id", cfg.capacity.per_school, cfg.capacity.schools)
        if audience == Audience.SCHOOL_LEAD
        else ("hub_id", cfg.capacity.per_hub, cfg.capacity.hubs)
    )
    return {str(name): named.get(str(name), usual) for name in sorted(index[column].dropna().unique())}


def main_outcome(programme: Programme, cfg: Config) -> str:
    """The programme's main outcome, or the component that the settings make the main one."""
    named = cfg.outcome.main
    if named is None:
        return programme.outcome
    # Whether help was accepted is the family's choice; it may be shown but never be what lists are made for.
    if named not in (programme.outcome, *programme.components):
        raise SettingsError.unknown_name("outcome", named, (programme.outcome, *programme.components), where="outcome.main")
    return named


def inside_the_data(store: TableSource, dates: tuple[date, ...]) -> None:
    """Refuse dates that the stored records do not reach, and a store without any."""
    covered = store.coverage()
    if covered.empty:
        raise InputDataError("The store is empty.", what_next="Ingest extracts first: early-id ingest.")
    first, last = pd.Timestamp(covered["covers_from"].min()), pd.Timestamp(covered["covers_to"].max())
    for day in dates:
        # A list may be made some days after the last extract, not weeks.
        if not first < pd.Timestamp(day) <= last + pd.Timedelta(days=31):
            raise InputDataError.as_of_outside(str(day), first=str(first.date()), last=str(last.date()))
