"""The commands of the main job."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from early_id.cli.app import AsOfOption, ConfigOption, DataOption, JsonOption, OutOption, SetOption, app, day_of, emit, remind, say, settings
from early_id.cli.intake import show_set_aside
from early_id.core.display import text_table

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.data.batch import Batch


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to make; it is replaced if it holds an earlier demo.")] = Path("demo"),
    children: Annotated[int, typer.Option("--children", help="Size of the made-up council.")] = 5000,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Make a council up and run the main job on it."""
    import shutil

    from early_id.core.errors import BusyError, SettingsError
    from early_id.core.folders import holding, usable_folder
    from early_id.data.synth import make_council

    if out.exists():
        if not out.is_dir() or (any(out.iterdir()) and not (out / "truth").is_dir()):
            raise SettingsError(
                "The folder holds something that is not an earlier demo.", where=str(out), what_next="Give another folder with --out."
            )
        try:
            if (out / "out").is_dir():
                with holding(out / "out", role="earlier demo"):
                    pass  # nobody is at work in it
            shutil.rmtree(out)
        except PermissionError as error:
            raise BusyError.target_open(error.filename or out) from None
    usable_folder(out, role="output folder")
    say(f"Making up a council of {children:,} children (seed {seed}) in {out}/ …")
    make_council(children=children, seed=seed, out=out)
    _run(out / "config.yaml", as_json=as_json)


@app.command()
def run(
    config: ConfigOption, data: DataOption = None, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None,
    due: Annotated[bool, typer.Option("--due", help="Unattended: take in what is new, and make lists only where a date of the schedule has come.")] = False,
    today: Annotated[str | None, typer.Option("--today", help="With --due: the day to take for today, YYYY-MM-DD.")] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Extracts to explained, audited lists: the main job from end to end."""
    if due:
        _run_due(settings(config, data=data, out=out, as_of=as_of, overrides=overrides), config, today=day_of(today, "--today"), as_json=as_json)
    else:
        _run(config, data=data, out=out, as_of=as_of, overrides=overrides, as_json=as_json)


def _run_due(cfg: Config, config: Path, *, today: date | None, as_json: bool) -> None:
    from early_id.workflow.due import run_due

    done = run_due(cfg, today=today, taken_in=_show_findings)
    if as_json:
        emit(done.to_json())
    say(f"{done.what.capitalize()}: lists of {done.day or 'no date yet'}, on {done.today}. Batch {done.batch}.")
    for note in done.notes:
        say(f"Note: {note}")
    if done.refusal:
        say(f"No lists were written: {done.refusal}")
    remind(cfg.store_dir, config)
    if done.exit_code:
        raise typer.Exit(done.exit_code)


def _run(config: Path, *, as_json: bool, **options: Any) -> None:
    from early_id.workflow.run import run as run_workflow

    cfg = settings(config, **options)
    result = run_workflow(cfg, taken_in=_show_findings)
    if as_json:
        emit(result.to_json())
    else:
        _show(result, cfg, config)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


#: What to open first, by kind of output.
_WHAT = {
    "governance": "Governance report, restricted: start here",
    "school_list": "School lists (workbook and page)",
    "hub_list": "Hub lists (workbook and page)",
    "key_list": "Lists of keys",
    "list_index": "Index for whoever sends the lists (counts)",
    "taken_out": "Who was taken out, and why (restricted)",
    "findings": "What was taken in, and what the checks found",
    "supplier_summary": "What to correct: a page for each supplier of records",
    "notice_parents": "Notice for parents",
    "notice_young_people": "Notice for young people",
    "governance_publishable": "Governance report, publishable",
    "governance_tables": "All tables of the audit (restricted)",
}


def _show_findings(batch: Batch) -> None:
    """What the checks found, in counts: said before anything is trained, so that a later failure does not hide it."""
    rows_in, aside = (sum(getattr(item, name) for item in batch.files) for name in ("rows_in", "rows_set_aside"))
    say(f"Taken in: {len(batch.files)} files, {rows_in:,} rows, {rows_in - aside:,} kept, {aside:,} set aside.")
    rules = {finding.code: finding for finding in batch.findings}
    for code, count in batch.findings.by_code().items():
        say(f"  {code} {rules[code].severity}: {rules[code].message} ({count:,})")
    if batch.findings:
        say("  What each means and what to do: early-id rules show CODE")


def _show(result: Any, cfg: Config, config: Path) -> None:
    """A short table of what was made, where it is, and what to open first."""
    rows = []
    for kind, what in _WHAT.items():
        found = [item for item in result.outputs if item["kind"] == kind]
        if found:
            number = len({item.get("recipient", item["path"]) for item in found})
            rows.append([what, str(number), str(found[0]["path"])])
    _show_trials(result.trials, result.words)
    for audience, trial in result.trials.items():
        if result.places.get(audience, trial.capacity) != trial.capacity:
            say(
                f"The figures above fill {trial.capacity:,} places, among those of the test date whose outcome is known; "
                f"the lists have {result.places[audience]:,}, among everyone on their date."
            )
    # What a verdict has given as its reason is not said once more.
    reasons = " ".join(reason for trial in result.trials.values() for reason in trial.reasons[:3])
    for note in result.notes:
        if note not in reasons:
            say(f"Note: {note}")
    say(f"\nMade in {cfg.out_dir.as_posix()}:\n")
    say(text_table(rows, ["what", "how many", "where (the first one)"]))
    show_set_aside(result.counts["files_by_name"], cfg.store_dir)
    if result.approval.get("models"):
        say(f"\n{result.approval['text']} The figures above are of models trained today, for comparison.")
    elif result.lists is not None and any(trial.verdict != "ready for approval" for trial in result.trials.values()):
        say("\nThese lists are a demonstration: a verdict above is not 'ready for approval', so for real families that list would not be made.")
    say("")
    remind(cfg.store_dir, config)
    if result.refusal:
        say(f"\nNo lists were written: {result.refusal} The audit and the governance page are there for those who approve.")


def _show_trials(trials: Any, words: Any) -> None:
    """Each audience's verdict, and a row a model with its figures and intervals."""
    for audience, trial in trials.items():
        exploratory = " (exploratory)" if trial.acceptance.get("exploratory") else ""
        say(words.text(f"\nList for the {audience.replace('_', ' ')}, {trial.capacity} places: {trial.verdict}{exploratory}."))
        for reason in trial.reasons[:3]:
            say(f"  {reason}")
        if not trial.models:
            continue
        rows = [
            [r.name, str(r.precision_at_capacity), str(r.recall_at_capacity), str(r.auc), str(r.average_precision)] for r in trial.models.values()
        ]
        say(text_table(rows, ["model or rule", "listed with the outcome", "found of all with it", "AUC", "average precision"]))
        forward = trial.models.get(trial.to_json()["put_forward"])
        if forward is not None:
            say(f"  {forward.name}, the model put forward: {forward.sentence}")
