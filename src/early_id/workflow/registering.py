"""Registering, approving, retiring and rebuilding models: the steps behind the commands of those names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.acceptance.application import Application, Standing, template
from early_id.acceptance.records import APPROVED, CANDIDATE, RETIRED, approve, record_candidate, retire
from early_id.core.chain import Record
from early_id.core.errors import EarlyIdError, InputDataError, PolicyError, SettingsError
from early_id.core.types import SharingClass
from early_id.features.extensions import load_extensions
from early_id.models.candidates import load_candidate
from early_id.models.mirror import mirror
from early_id.models.rebuild import Rebuilt, compare_rebuilt, recorded_config
from early_id.models.registry import Bundle, find_bundle, load_bundle
from early_id.schema.tables import CANONICAL
from early_id.workflow.governing import marks_of
from early_id.workflow.steps import Bench, build

if TYPE_CHECKING:
    from early_id.config.settings import Config

#: The report that a board reads before it approves, in the output folder.
REPORT = "governance_restricted.html"

_HASHES = ("bundle_hash", "model_hash", "data_hash", "catalogue_hash", "acceptance_hash")


@dataclass(frozen=True)
class Recorded:
    """A model, the record that was written about it, and what else there is to say."""

    bundle: Bundle
    record: Record
    notes: tuple[str, ...] = ()


def named_bundle(cfg: Config, model: str) -> Bundle:
    """A registered model by ``name/version``, ``name`` (its newest version) or the path of its folder."""
    folder = Path(model)
    return load_bundle(folder if (folder / "manifest.json").is_file() else find_bundle(model, cfg.models_dir))


def register_trained(bench: Bench, *, builder: str, audiences: Iterable[str] = ()) -> list[Recorded]:
    """Register what was trained last, for every audience or for those named; nothing is trained and no test date is opened.

    Raises
    ------
    SettingsError
        No builder, an audience that the programme does not have, or a model that is registered already.
    """
    if not builder.strip():
        raise SettingsError(
            "The builder of the model is not named.", where="register --builder", what_next="Name who made it: it is never who approves."
        )
    known = bench.in_force.programme.audiences
    asked = tuple(audiences) or known
    for name in asked:
        if name not in known:
            raise SettingsError.unknown_name("audience", name, known, where="register --audience")
    models, candidates = bench.cfg.models_dir, [load_candidate(bench.cfg.out_dir, name) for name in asked]
    for candidate in candidates:
        _refuse_twice(models, candidate.contents["model.json"]["name"], candidate.hashes["model_hash"], candidate.card)
    made = []
    for candidate in candidates:
        bundle = load_bundle(candidate.register(models, builder=builder))
        record = record_candidate(models, bundle)
        made.append(Recorded(bundle, record, _copied(bench.cfg, bundle, CANDIDATE, record)))
    return made


def _refuse_twice(models: Path, name: str, model_hash: str, card: Mapping[str, object]) -> None:
    """The same trial is registered once; a second look at the same test date is another trial, with another card."""
    for folder in (models / name).glob("[0-9]*"):
        held = load_bundle(folder)
        if held.model_hash == model_hash and held.card == card:
            raise SettingsError(f"This trial is registered already, as {held.label}.", where=str(models), what_next=f"Use {held.label}.")


#: Table → column and codes that tell of offences or of custody (UK GDPR, article 10): who sends such rows needs an authority for them.
CRIMINAL_OFFENCE: dict[str, tuple[str, tuple[str, ...]]] = {
    "notifications": ("kind", ("domestic_abuse_notice", "youth_justice")),
    "attendance": ("code", ("Y5",)),
}


def police_sources(bench: Bench) -> tuple[str, ...]:
    """Sources that hold criminal-offence data, by the rows that were taken in.

    A health notice stands in the same table as one of the police, and is none; of a council's own table of the class POLICE everything is.
    """
    found = {source for table, (column, codes) in CRIMINAL_OFFENCE.items() for source in bench.store.sources_with(table, column, codes)}
    own = {table.name for table in bench.in_force.tables if table.sharing is SharingClass.POLICE} - set(CANONICAL)
    found |= {str(row["source"]) for row in bench.store.version.coverage if row["table"] in own}
    return tuple(name for name in source_names(bench) if name in found)


def source_names(bench: Bench) -> tuple[str, ...]:
    """Agencies that send records, each once."""
    return tuple(dict.fromkeys(source.name for source in bench.cfg.sources))


def approval_template(bench: Bench, *, file: str) -> str:
    """An approval file to fill in."""
    return template(source_names(bench), police_sources(bench), file=file)


def approve_model(bench: Bench, model: str, application: Application, *, today: date | None = None) -> Recorded:
    """Put an approval on record, or refuse and say everything that is missing (PolicyError, exit code 4)."""
    cfg, bundle = bench.cfg, named_bundle(bench.cfg, model)
    trained_on = bench.store.of_data(str(bundle.manifest["data_hash"]))
    standing = Standing(
        bundle=bundle,
        acceptance=cfg.acceptance,
        thresholds=cfg.thresholds,
        responses=cfg.audit.responses,
        sources=source_names(bench),
        police=police_sources(bench),
        features=tuple(bench.in_force.catalogue),
        today=today or date.today(),
        report=application.report or cfg.out_dir / REPORT,
        holds_data=trained_on is not None,
    )
    refuse_after_lists(cfg, bundle)
    record, replaced = approve(cfg.models_dir, application, standing, made_up=bool(trained_on and trained_on.made_up), group=cfg.shared_with_group)
    notes = [f"{label} was retired: one model of an audience is approved at a time." for label in replaced]
    for label in replaced:
        notes += [*_copied(cfg, named_bundle(cfg, label), RETIRED, record), *whom_it_listed(cfg, named_bundle(cfg, label))]
    return Recorded(bundle, record, (*notes, *_copied(cfg, bundle, APPROVED, record)))


def refuse_after_lists(cfg: Config, bundle: Bundle) -> None:
    """Refuse an approval that rests on outcomes which lists may have brought about themselves.

    Raises
    ------
    PolicyError
        The test date's outcomes reach past the first list on record, and no outcome that people judged stands beside them.
    """
    from early_id.screening.exposure import first_list
    from early_id.screening.listed import listed

    began, tested = first_list(listed(cfg.store_dir)), (bundle.card.get("splits") or {}).get("test_date")
    if began is None or not tested or cfg.audit.second_outcome:
        return
    until = date.fromisoformat(str(tested)[:10]) + timedelta(days=cfg.outcome.horizon_days)
    if until > began:
        raise PolicyError(
            f"{bundle.label} cannot be approved on these results: outcomes of the test date were counted until {until}, and lists have been made since {began}, so help "
            "that lists brought about may stand among them.",
            where="approval",
            what_next="Test on a date whose outcomes end before the first list, on need that people judged (audit.second_outcome), or on a random sample that was read.",
        )


def retire_model(cfg: Config, model: str, *, reason: str, by: str) -> Recorded:
    """Take a model's approval or candidacy back, with the reason."""
    bundle = named_bundle(cfg, model)
    record = retire(cfg.models_dir, bundle, reason=reason, by=by)
    return Recorded(bundle, record, (*_copied(cfg, bundle, RETIRED, record), *whom_it_listed(cfg, bundle)))


def whom_it_listed(cfg: Config, bundle: Bundle) -> list[str]:
    """Whom a model that is retired had listed: a file for whoever has to look at them again, and the sentence that says so."""
    from early_id.core.folders import own_folder, restrict
    from early_id.core.trail import Trail
    from early_id.present.write import write_text
    from early_id.workflow.looking_back import listed_by

    rows = listed_by(cfg.store_dir, str(bundle.manifest["model_hash"]))
    if rows.empty:
        return ["No list on record in this store was made by it."]
    path = cfg.out_dir / "retired" / f"{bundle.label.replace('/', '_')}.csv"
    own_folder(path.parent, group=cfg.shared_with_group)
    write_text(path, rows[["list_as_of", "audience", "recipient", "key", "child_id", "made_at"]].to_csv(index=False, lineterminator="\n"))
    restrict(path.parent, group=cfg.shared_with_group)
    trail = Trail(cfg.store_dir, cfg.shared_with_group)
    trail.note("retired", {"model": bundle.label, "people": trail.people(rows["child_id"].unique())})
    lists = rows[["list_as_of", "audience", "recipient"]].drop_duplicates()
    return [
        f"It had put {rows['child_id'].nunique():,} children on {len(lists):,} lists, from {rows['list_as_of'].min()} to {rows['list_as_of'].max()}. "
        f"Who they are stands in {path.relative_to(cfg.out_dir).as_posix()} (restricted); what was decided: early-id lookback --model {bundle.label}"
    ]


def _copied(cfg: Config, bundle: Bundle, status: str, record: Record) -> tuple[str, ...]:
    """Copy a record to the tracking store; a copy that could not be made is said and undoes nothing."""
    tags = {name: str(bundle.manifest[name]) for name in _HASHES} | {"record": str(record.number), "record_hash": record.hash}
    try:
        found = mirror(
            cfg.out_dir / "tracking", bundle.name, bundle.version, status, tags, run=bundle.card.get("run_id"), uri=cfg.training.tracking_uri
        )
    except EarlyIdError as error:
        return (f"It is on record, but the copy in the tracking store could not be written: {error.what}",)
    except Exception as error:  # whatever mlflow raises, the record stands
        return (f"It is on record, but the copy in the tracking store could not be written ({type(error).__name__}).",)
    return () if found else ("Nothing was tracked, so there is no copy in a tracking store.",)


def rebuild_model(bench: Bench, model: str) -> Rebuilt:
    """Fit a registered model again from its recorded inputs and compare. No test result is shown, so no test date is opened.

    Raises
    ------
    InputDataError
        The bundle says nothing about its inputs, or the store does not hold the data of that time.
    """
    from early_id.models.train import run_trial

    bundle = named_bundle(bench.cfg, model)
    cfg = recorded_config(bench.cfg, bundle.inputs, bundle=bundle.label)
    store = bench.store.of_data(str(bundle.inputs["data_hash"]))
    if store is None:
        raise InputDataError(
            "The store does not hold the data that the model was made from.",
            where=f"{bundle.label}, data {bundle.inputs['data_hash']}",
            what_next="Name the store of that time with --out or --set store=FOLDER, or ingest the same files into a new one.",
        )
    then = replace(bench, cfg=cfg, store=store, in_force=load_extensions(cfg))
    matrix = build(then, then.people, dates=tuple(date.fromisoformat(day) for day in bundle.inputs["dates"]))
    # Rules, other models and figures do not move the model that was put forward.
    figures = {"baselines": (), "comparators": (), "resamples": 50, "tracking": False, "challenger": False, "labels": False, "sharing_cost": False}
    alone = cfg.training.model_copy(update={"models": (cfg.training.put_forward,), **figures})
    sharing = {str(name): [str(c) for c in classes] for name, classes in cfg.sharing.items()}
    # The council's name counts: breaks may be declared for it alone.
    trial = run_trial(matrix, alone, acceptance=cfg.acceptance, audience=bundle.audience, sharing=sharing, council=cfg.project.name)
    return compare_rebuilt(bundle, trial.best, matrix.meta, tuple(bench.in_force.catalogue), marks=marks_of(then, matrix))
