"""The commands about models: train, compare, register, approve, rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from early_id.cli.app import AsOfOption, ConfigOption, DataOption, JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.core.display import text_table
from early_id.core.errors import SettingsError

if TYPE_CHECKING:
    from early_id.workflow.registering import Recorded
    from early_id.workflow.steps import Bench
    from early_id.workflow.training import Trained

ModelArgument = Annotated[str, typer.Argument(help="name/version of a registered model, name alone for its newest version, or its folder.")]


@contextmanager
def _bench(config: Path, data: Path | None = None, **options: Any) -> Iterator[Bench]:
    """The store of the settings, with nobody else at work on the output folder; filled first where it holds nothing yet, or where a
    folder of extracts is named."""
    from early_id.workflow.steps import at_work, open_bench, take_in

    bench = open_bench(settings(config, data=data, **options))
    to_fill = data is not None or not bench.store.version.batches
    with at_work(bench, on_store=to_fill):
        if to_fill:
            take_in(bench)
        yield bench


@app.command()
def train(
    config: ConfigOption, data: DataOption = None, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None,
    form: Annotated[bool, typer.Option("--template", help="Write acceptance.yaml beside the settings, to fill in, and stop.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Compare rules and models on families and dates that they had not seen. Opens the test date, and counts that."""
    from early_id.workflow.training import train_and_judge

    if form:
        _write_form(config)
        return
    with _bench(config, data, out=out, as_of=as_of, overrides=overrides) as bench:
        trained = train_and_judge(bench)
    _show(trained, as_json=as_json)


@app.command()
def compare(
    config: ConfigOption, data: DataOption = None, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show what was trained last, without opening the test date again; train where nothing of these settings was trained. Writes a page."""
    from early_id.workflow.training import compare_trained, write_comparison

    with _bench(config, data, out=out, as_of=as_of, overrides=overrides) as bench:
        trained = compare_trained(bench)
        page = write_comparison(bench, trained)
    _show(trained, as_json=as_json)
    if page is not None:
        say(f"\nThe page to read: {page.as_posix()} (restricted)")


def _write_form(config: Path) -> None:
    from early_id.config.load import BAR, shipped_text

    _write_new(config.parent / BAR, shipped_text(BAR))
    say("Decide it with your board before anything is trained.")


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise SettingsError("The file is there already; it is not written over.", where=str(path), what_next="Change it, or name another one.")
    path.write_text(text, encoding="utf-8", newline="\n")
    say(f"Written: {path.as_posix()}")


#: Figures of the table, and their headings.
_SHOWN = {
    "precision_at_capacity": "listed with the outcome",
    "recall_at_capacity": "found of all with it",
    "auc": "AUC",
    "average_precision": "average precision",
}


def _figure(estimate: dict[str, Any]) -> str:
    value, low, high = (estimate.get(name) for name in ("value", "low", "high"))
    if value is None:
        return "cannot be estimated"
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else "")


def _show(trained: Trained, *, as_json: bool) -> None:
    if as_json:
        emit(trained.to_json())
    for part in trained.missing:
        say(f"No test results are shown. Missing: {part}")
    if as_json:
        return
    if trained.read_again:
        say("Read again from the last training; the test date was not opened for this.")
    for audience, card in trained.cards.items():
        exploratory = " (exploratory)" if card["acceptance"].get("exploratory") else ""
        say(trained.words.text(f"\nList for the {audience.replace('_', ' ')}, {card['capacity']:,} places: {card['verdict']}{exploratory}."))
        for reason in card["reasons"]:
            say(f"  {reason}")
        if card["models"]:
            rows = [[name, *(_figure(one[measure]) for measure in _SHOWN)] for name, one in card["models"].items()]
            say(text_table(rows, ["model or rule", *_SHOWN.values()]))
        forward = card["models"].get(card.get("put_forward"))
        if forward:
            say(trained.words.text(f"  {card['put_forward']}, the model put forward: {forward['sentence']}"))
    notes = [note for card in trained.cards.values() for note in card["notes"]]
    for note in dict.fromkeys([*trained.notes, *notes]):
        say(f"Note: {note}")


@app.command()
def register(
    config: ConfigOption,
    builder: Annotated[str, typer.Option("--builder", help="Who made the model; never who approves it.")],
    audience: Annotated[list[str] | None, typer.Option("--audience", help="For whom (repeatable); otherwise all.")] = None,
    out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Register what was trained last as candidates: plain JSON with model card and builder, on record."""
    from early_id.workflow.registering import register_trained
    from early_id.workflow.steps import open_bench

    cfg = settings(config, out=out, overrides=overrides)
    made = register_trained(open_bench(cfg), builder=builder, audiences=tuple(audience or ()))
    if as_json:
        emit({"registered": [{**_recorded(one), "verdict": one.bundle.card["verdict"], "card": one.bundle.card} for one in made]})
        return
    for one in made:
        say(
            f"Registered {one.bundle.label} as a candidate: {one.bundle.card['verdict']}. Built by {builder}; hash {one.bundle.manifest['bundle_hash']}."
        )
        _say_record(one)


def _recorded(one: Recorded) -> dict[str, Any]:
    """What is printed of a record, whatever its kind."""
    return {
        "model": one.bundle.label,
        "audience": one.bundle.audience,
        "path": one.bundle.label,
        "bundle_hash": one.bundle.manifest["bundle_hash"],
        "status": one.record.kind,
        "record": one.record.to_json(),
        "notes": list(one.notes),
    }


def _say_record(one: Recorded) -> None:
    say(f"  Record {one.record.number}, hash {one.record.hash}: put it in the minutes, so that a later change can be noticed.")
    for note in one.notes:
        say(f"  Note: {note}")


Text = Annotated[str | None, typer.Option()]
Document = Annotated[str | None, typer.Option(metavar="REFERENCE=YYYY-MM-DD")]


@app.command()
def approve(
    model: ModelArgument, config: ConfigOption,
    source: Annotated[Path | None, typer.Option("--from", help="Approval file (YAML); options below fill in or replace what it says.")] = None,
    form: Annotated[Path | None, typer.Option("--template", help="Write an approval file to fill in, with a part for each source, and stop.")] = None,
    by: Text = None, role: Text = None, minutes: Text = None, expires: Text = None,
    conditions: Annotated[list[str] | None, typer.Option(help="A condition (repeatable).")] = None,
    dpia: Document = None, equality_analysis: Document = None, privacy_notice: Document = None,
    report: Annotated[Path | None, typer.Option(help="The governance report that was read; otherwise the one in the output folder.")] = None,
    retire: Annotated[str | None, typer.Option("--retire", help="Take the approval back, for this reason; needs --by.")] = None,
    out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a board's approval of one registered model on record, or say everything that is missing (exit code 4)."""
    from early_id.workflow.registering import approval_template, approve_model, retire_model
    from early_id.workflow.steps import open_bench

    bench = open_bench(settings(config, out=out, overrides=overrides))
    if form is not None:
        _write_new(form, approval_template(bench, file=form.name))
        return
    if retire is not None:
        done = retire_model(bench.cfg, model, reason=retire, by=by or "")
    else:
        texts = {"by": by, "role": role, "minutes": minutes, "expires": expires, "conditions": conditions, "report": report}
        documents = {"dpia": dpia, "equality_analysis": equality_analysis, "privacy_notice": privacy_notice}
        done = approve_model(bench, model, _application(source, texts, documents))
    if as_json:
        emit(_recorded(done))
        return
    say(f"{done.bundle.label} is {done.record.kind}.")
    if done.record.kind == "approved":
        say(f"  Lists are made with it once the settings say: approval: {{{done.bundle.audience}: {done.bundle.label}}}")
    _say_record(done)


def _application(source: Path | None, texts: dict[str, Any], documents: dict[str, str | None]) -> Any:
    """The approval file with what was given on the command line in its place."""
    from early_id.acceptance.application import read_application
    from early_id.config.load import read_yaml

    values = read_yaml(source, role="approval file") if source else {}
    values |= {key: value for key, value in texts.items() if value}
    for key, text in documents.items():
        if text:
            reference, separator, day = text.rpartition("=")
            if not separator:
                raise SettingsError(f"What follows --{key.replace('_', '-')} cannot be read.", what_next="Write it as REFERENCE=YYYY-MM-DD.")
            values[key] = {"reference": reference, "date": day}
    if isinstance(values.get("report"), str) and source:
        values["report"] = source.parent / values["report"]
    return read_application(values, where=str(source) if source else "the command line")


@app.command()
def rebuild(
    bundle: ModelArgument, config: ConfigOption, out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False
) -> None:  # fmt: skip
    """Fit a registered model again from its recorded inputs and compare hashes; exit 3 where it is not the same model."""
    from early_id.core.errors import InputDataError
    from early_id.workflow.registering import rebuild_model
    from early_id.workflow.steps import open_bench

    result = rebuild_model(open_bench(settings(config, out=out, overrides=overrides)), bundle)
    if as_json:
        emit(result.to_json())
    if not result.is_same:
        raise InputDataError(str(result), what_next="Restore what differs, or register the model anew and have it approved.")
    say(str(result))
