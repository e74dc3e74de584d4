"""The steps of the main job, one function each. Each calls one floor and hands on what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import Config
from early_id.core.display import aside, progress
from early_id.core.errors import SettingsError
from early_id.core.folders import holding, restore, restrict, usable_folder
from early_id.core.types import Audience
from early_id.features import COUNCIL, FeatureMatrix, Programme, build_features
from early_id.features.catalogue import Catalogue
from early_id.features.cohort import REASONS, persons
from early_id.features.extensions import InForce, load_extensions
from early_id.features.later_links import taken_out_since
from early_id.features.outcomes import council_outcomes, require_outcome
from early_id.features.past import Past
from early_id.features.programme import main_outcome, places
from early_id.linkage import People, link
from early_id.linkage.families import MARKS as CONTACT_MARKS
from early_id.workflow.refusals import check_model_sharing, check_sharing, no_statutory, stops_of

if TYPE_CHECKING:
    from early_id.audit.result import AuditResult
    from early_id.data.ingest import Batch
    from early_id.data.store import Store
    from early_id.models.result import Trial
    from early_id.models.risk_model import RiskModel
    from early_id.screening.entries import ScreeningLists


@dataclass(frozen=True)
class Bench:
    """Settings with the store, tables, catalogue and programme that they name: what every step works on."""

    cfg: Config
    store: Store
    in_force: InForce

    @property
    def people(self) -> People:
        """Children and families behind the records."""
        with progress("Linking people"):
            if self.in_force.programme.link:
                return self.in_force.programme.link(self.store, self.cfg)
            return link(self.store, self.cfg.linkage, key=self.cfg.project.key)

    def dates(self) -> tuple[date, ...]:
        """As-of dates of the settings, or those that the programme finds in the data."""
        dates = self.cfg.as_of_dates
        if not dates and self.in_force.programme.dates:
            dates = self.in_force.programme.dates(self.store, self.cfg)
        screening = self.cfg.as_of.screening
        # Nothing after the date of the lists may teach the model that makes them.
        dates = tuple(day for day in dates if screening is None or day <= screening)
        if not dates:
            raise SettingsError("The settings name no as-of dates.", what_next="List them under as_of.dates.")
        return dates

    def dates_not_used(self) -> tuple[date, ...]:
        """As-of dates of the settings that lie after the date of the lists, and so may teach nothing."""
        screening = self.cfg.as_of.screening
        return tuple(day for day in self.cfg.as_of.dates if screening is not None and day > screening)

    def screening_date(self) -> date:
        """The date of the lists."""
        return self.cfg.as_of.screening or max(self.dates())


def open_bench(cfg: Config) -> Bench:
    """Load extensions and open the store. Reads only; a name that does not exist is refused here, before anything is read."""
    from early_id.data.store import Store
    from early_id.screening.offer import check_offer

    in_force = load_extensions(cfg)
    main_outcome(in_force.programme, cfg)
    check_offer(cfg.offer)
    check_sharing(cfg, in_force.programme.audiences)
    return Bench(cfg, Store.open(cfg, in_force.tables), in_force)


def not_in_the_future(bench: Bench) -> None:
    """Refuse a date of the lists that lies after tomorrow: no file can reach it.

    Raises
    ------
    SettingsError
        The date lies after tomorrow.
    """
    named = bench.cfg.as_of.screening or max(bench.cfg.as_of.dates, default=None)  # dates after that of the lists are told elsewhere
    if named is not None and named > date.today() + timedelta(days=1):  # tomorrow's list may be made tonight
        raise SettingsError(
            f"The as-of date {named} lies in the future.",
            where="as_of.screening, as_of.dates or --as-of",
            what_next="Choose a date that the records have reached.",
        )


@contextmanager
def at_work(bench: Bench, *, on_store: bool) -> Iterator[None]:
    """Hold the output folder, and with ``on_store`` the store, so that no second run works on them; both are seen to be usable first.

    Raises
    ------
    SettingsError
        A folder cannot be made or written to.
    BusyError
        Another run holds one of them.
    """
    usable_folder(bench.cfg.out_dir, role="output folder")
    with ExitStack() as held:
        held.enter_context(holding(bench.cfg.out_dir, role="output folder", group=bench.cfg.shared_with_group))
        if on_store:
            held.enter_context(bench.store.writing())
            bench.store.refresh()  # another run may have added a batch since the store was opened
        yield


def take_in(bench: Bench, folder: Path | None = None) -> Batch:
    """Ingest a folder, or the settings' own."""
    return bench.store.ingest(folder, cfg=bench.cfg)


def build(bench: Bench, people: People, *, dates: tuple[date, ...] | None = None, catalogue: Catalogue | None = None) -> FeatureMatrix:
    """The feature matrix of all dates, with the features in force unless others are given."""
    features = catalogue if catalogue is not None else bench.in_force.catalogue
    matrix = build_features(bench.store, people, features, as_of=dates or bench.dates(), settings=bench.cfg, programme=bench.in_force.programme)
    return _with_exposure(bench, matrix)


def _with_exposure(bench: Bench, matrix: FeatureMatrix) -> FeatureMatrix:
    """The matrix with what earlier lists showed of each child, once there are lists: in its index, which no model reads."""
    from early_id.data.decisions import read_decisions
    from early_id.screening.answers import answers
    from early_id.screening.exposure import exposure
    from early_id.screening.listed import listed

    held = listed(bench.cfg.store_dir)
    if held.empty:
        return matrix
    return replace(matrix, index=matrix.index.join(exposure(matrix.index, held, answers(read_decisions(bench.cfg.store_dir)))))


def write_matrix(bench: Bench, matrix: FeatureMatrix) -> list[dict[str, str]]:
    """Write the matrix beside its catalogue into ``features/`` of the output folder, for its owner alone; what was written."""
    from early_id.present.write import write_bytes, write_text

    folder = bench.cfg.out_dir / "features"
    folder.mkdir(parents=True, exist_ok=True)
    restrict(folder)  # before anything is in it
    write_bytes(folder / "matrix.parquet", matrix.frame().reset_index().to_parquet(index=False))
    write_bytes(folder / "taken_out.parquet", matrix.excluded.to_parquet(index=False))
    write_text(folder / "catalogue.csv", bench.in_force.catalogue.frame().to_csv(index=False, lineterminator="\n"))
    what = {
        "matrix.parquet": "one row a child and date: who, features, outcomes",
        "taken_out.parquet": "who was taken out before scoring, and why",
        "catalogue.csv": "what each feature is",
    }
    made = [{"path": f"features/{name}", "kind": Path(name).stem, "what": text} for name, text in what.items()]
    restrict(folder)
    return made


def key_places(index: pd.DataFrame, share: float) -> dict[str, int]:
    """Recipient → places, as a share of its families: for benchmarks, where nobody is talked to."""
    families = index.groupby("school_id")["family_id"].nunique()
    return {str(name): max(1, round(count * share)) for name, count in families.items()}


def train_all(bench: Bench, matrix: FeatureMatrix, *, withheld: bool = False) -> dict[str, Trial]:
    """One trial for each audience, on the classes that it may see.

    ``withheld`` leaves out every result of the test date, and writes nothing to the tracking store, which holds figures.
    """
    from early_id.models.train import run_trial, train

    cfg = bench.cfg
    if bench.in_force.programme.outcomes is council_outcomes:
        require_outcome(bench.store, matrix.meta.outcome)
    sharing = {str(name): [str(c) for c in classes] for name, classes in cfg.sharing.items()}
    tracking, fit = (None, train) if withheld else (cfg.out_dir / "tracking", run_trial)
    areas = areas_of(bench.store)
    trials = {
        audience: fit(
            matrix, cfg.training, acceptance=cfg.acceptance, audience=audience, sharing=sharing, store=tracking, council=cfg.project.name, areas=areas
        )
        for audience in bench.in_force.programme.audiences
    }
    if tracking is not None:
        restrict(tracking, group=cfg.shared_with_group)
    return trials


def areas_of(store: Store) -> dict[str, str]:
    """School → area, as the newest records have it; empty where no areas are held."""
    if not store.has("schools"):
        return {}
    schools = store.frame("schools").dropna(subset=["area_id"]).drop_duplicates("school_id", keep="last")
    return dict(zip(schools["school_id"].astype(str), schools["area_id"].astype(str), strict=True))


def audit_all(bench: Bench, matrix: FeatureMatrix, trials: Mapping[str, Trial]) -> dict[str, AuditResult]:
    """One fairness audit for each trial."""
    from early_id.audit.fairness import audit_model
    from early_id.audit.lag import events_known

    cfg, audits = bench.cfg, {}
    people = None if bench.in_force.programme.keys_only else bench.people
    events: dict[date, dict[str, pd.DataFrame]] = {}
    sharing = {str(name): [str(c) for c in classes] for name, classes in cfg.sharing.items()}
    with progress("Looking for gaps between groups", len(trials)) as bar:
        for audience, trial in trials.items():
            day = pd.to_datetime(trial.best.held_out["as_of"]).max().date()
            if people is not None and day not in events:
                events[day] = events_known(Past(bench.store, people, day))
            audits[audience] = audit_model(trial.best, matrix, cfg.audit, events=events.get(day))
            if cfg.audit.study:
                from early_id.audit.options import study_options

                audits[audience] = study_options(trial.best, matrix, audits[audience], cfg.audit, cfg.training, sharing=sharing)
            bar.advance(note=audience.replace("_", " "))
    return audits


def people_frame(store: Store, people: People, day: date, *, settings: Config, programme: Programme = COUNCIL) -> pd.DataFrame:
    """Names, schools, hubs and contact marks of everyone who could be on a list on ``day``: one row a child."""
    past = Past(store, people, day)
    details = persons(past)
    schools = past.frame("schools").drop_duplicates("school_id", keep="last").set_index("school_id")
    hub_names = schools.drop_duplicates("hub_id").set_index("hub_id")["hub_name"]
    columns = ["child_id", "family_id", "school_id", "hub_id", "nc_year", *CONTACT_MARKS]
    frame = programme.cohort(past, settings).index[columns].reset_index(drop=True)
    for name in ("forename", "surname", "birth_date"):
        frame[name] = frame["child_id"].map(details[name])
    frame["school_name"] = frame["school_id"].map(schools["name"])
    frame["lead_contact"] = frame["school_id"].map(schools["lead_contact"])
    frame["hub_name"] = frame["hub_id"].map(hub_names)
    if past.frame("household_members").empty and frame[["forename", "surname"]].notna().any(axis=None):
        # Only households are marked; without them "safe" would be a guess. Lists of keys lead to no contact.
        frame[list(CONTACT_MARKS)] = None
    return frame


def screen(
    model: RiskModel,
    matrix: FeatureMatrix,
    *,
    store: Store,
    people: People,
    settings: Config | None = None,
    beside: ScreeningLists | None = None,
) -> ScreeningLists:
    """Explained lists of every recipient of the model's audience, in memory: at most the stated capacity each.

    Parameters
    ----------
    model : RiskModel
        The model of one audience: ``trial.best``.
    matrix : FeatureMatrix
        One as-of date: ``matrix.at("2025-11-10")``.
    store : Store
    people : People
    settings : Config, optional
        Those that the store was opened with, where none are given: capacities, expiry, programme.
    beside : ScreeningLists, optional
        The schools' lists of the same date, where hub lists are made: a family that a school speaks to is on no hub list.

    Returns
    -------
    ScreeningLists
        Add the lists of two audiences with ``+``.

    Raises
    ------
    PolicyError
        No approval that holds for this store, or no records of statutory services that reach the date.
    """
    from early_id.screening import lists
    from early_id.screening.history import earlier_lists
    from early_id.workflow.governing import approval_for

    cfg = settings or store.settings
    if cfg is None:
        raise SettingsError("There are no settings to make lists with.", what_next="Open the store with Store.open(cfg), or give settings=cfg.")
    in_force = load_extensions(cfg)
    programme = in_force.programme
    status = approval_for(cfg, store, in_force)
    status.require()
    status.require_model(model)
    day = matrix.index["as_of"].iloc[0].date()
    if (gap := no_statutory(store, people, day, settings=cfg, programme=programme)) is not None:
        gap.refuse()
    if not programme.keys_only:
        check_model_sharing(model, cfg)
    stops = stops_of(store, people, day, settings=cfg, programme=programme)
    stops.refuse()
    since = taken_out_since(Past(store, people, day), matrix.index, programme.cohort, cfg)
    excluded = pd.concat([matrix.excluded, since], ignore_index=True) if len(since) else matrix.excluded
    excluded = excluded.assign(reason=excluded["reason"].map(REASONS))
    return lists.screen(
        model,
        replace(matrix, excluded=excluded),
        people_frame=people_frame(store, people, day, settings=cfg, programme=programme),
        capacity=places(matrix.index, model.audience, cfg),
        stopped=stops.schools,
        settings=cfg.screening,
        earlier=earlier_lists(store.folder, day, cfg.screening),
        beside=beside,
        threshold=cfg.thresholds,
        tie_key=people.key,
    )


def screen_all(bench: Bench, people: People, matrix: FeatureMatrix, models: Mapping[str, RiskModel]) -> ScreeningLists:
    """The lists of every audience that has a model, at the screening date, in memory."""
    now = matrix.at(bench.screening_date())
    made: ScreeningLists | None = None
    # Schools first: a family has one lead contact, and a school comes before a hub.
    with progress("Choosing and explaining families", len(models)) as bar:
        for audience in sorted(models, key=lambda name: name != Audience.SCHOOL_LEAD):
            found = screen(models[audience], now, store=bench.store, people=people, settings=bench.cfg, beside=made)
            made = found if made is None else made + found
            bar.advance(note=audience.replace("_", " "))
    if made is None:
        raise SettingsError("There is no model to make lists with.", what_next="Train or approve one for at least one audience.")
    return made


def settle_lists(bench: Bench) -> None:
    """Put on record what the lists that lie in the output folder hold, and which of their lines came back without an answer.

    It is called before new lists are made and after they are published; where a run is killed in between, the next one does it.
    """
    from early_id.screening import history
    from early_id.screening.returned import returned_lists

    out, store = bench.cfg.out_dir, bench.cfg.store_dir
    restore(out)  # a run that was killed may have left the old lists aside
    record = history.read_record(out)
    history.settle(store, out)
    if number := history.note_returned(store, returned_lists(out / "lists", record)):
        aside(f"{number} list workbook{'' if number == 1 else 's'} came back with answers; lines without one may stand on the next list again.")
