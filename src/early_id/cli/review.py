"""Commands on decisions that come back: ``review import``, ``review countersign``; and ``feedback`` to those who gave them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from early_id.cli.app import AsOfOption, ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings, show
from early_id.core.errors import InputDataError, SettingsError

if TYPE_CHECKING:
    from early_id.workflow.reviewing import Imported

review_app = typer.Typer(help="Decisions on lists that came back.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(review_app, name="review")


@review_app.command("import")
def review_import(
    path: Annotated[Path, typer.Argument(help="A workbook that came back, or a folder of them.")],
    config: ConfigOption,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put what readers decided on record. Nothing is lost: what cannot be attached to a child is kept and shown."""
    from early_id.workflow.reviewing import import_reviews

    made = import_reviews(settings(config, out=out, overrides=overrides), path)
    if as_json:
        emit(made.to_json())
        _require_read(made, path)
        return
    for book in made.books:
        place = "came in before, nothing added" if book["same_as_before"] else f"{book['added']} line(s) added, {book['aside']} set aside"
        say(f"  {book['file']}: {place}")
    for line in made.findings.lines():
        say(f"  {line}")
    if made.waiting:
        say(f"{made.waiting} famil{'y was' if made.waiting == 1 else 'ies were'} passed to children's social care; a manager has to countersign.")
        say("  If a child may be at significant harm today, do not wait for this: see that the referral was received.")
    for item in made.outputs:
        say(f"What needs a person: {item['path']}")
    _require_read(made, path)


def _require_read(made: Imported, path: Path) -> None:
    """Refuse to end well where nothing came in at all."""
    if made.nothing_read:
        raise _nothing_came_in(len(made.books), path, "a list")


def _nothing_came_in(files: int, path: Path, of: str) -> InputDataError:
    return InputDataError(
        f"None of {files} file(s) could be read as a workbook of {of} that is on record here.",
        where=str(path),
        what_next="Ask for the workbooks as they were sent out, saved as .xlsx; why each could not be read stands in reviews/needs_a_person.xlsx, 'Set aside'.",
    )


@review_app.command("dealt-with")
def review_dealt_with(
    config: ConfigOption,
    numbers: Annotated[list[int], typer.Argument(help="Numbers of the sheet 'Set aside' of reviews/needs_a_person.xlsx.")],
    by: Annotated[str, typer.Option("--by", help="Role of whoever has seen to them.")],
    on: Annotated[str | None, typer.Option("--on", help="Day, YYYY-MM-DD; today where none is given.")] = None,
    notes: Annotated[str, typer.Option("--notes")] = "",
    out: OutOption = None,
    overrides: SetOption = None,
) -> None:
    """Record that somebody has seen to lines that could not be attached to a child."""
    from early_id.workflow.reviewing import deal_with

    done = deal_with(settings(config, out=out, overrides=overrides), by=by, numbers=numbers, on=day_of(on, "--on"), notes=notes)
    say(f"Seen to: {done}.")


@review_app.command("countersign")
def review_countersign(
    config: ConfigOption,
    by: Annotated[str, typer.Option("--by", help="Role of the manager who countersigns.")],
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of the lines; all that wait where none is given.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="Day, YYYY-MM-DD; today where none is given.")] = None,
    notes: Annotated[str, typer.Option("--notes")] = "",
    out: OutOption = None,
    overrides: SetOption = None,
) -> None:
    """Record that a manager has looked at families passed to children's social care."""
    from early_id.workflow.reviewing import countersign

    done = countersign(settings(config, out=out, overrides=overrides), by=by, keys=keys or [], on=day_of(on, "--on"), notes=notes)
    say(f"Countersigned: {done}.")


def day_of(text: str | None, option: str) -> date | None:
    """A day given on the command line."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"The date after {option} cannot be read.", what_next="Write it as YYYY-MM-DD.") from None


@app.command()
def feedback(config: ConfigOption, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Tell each named lead what became of the families of their own lists, as far as the partners agreed."""
    from early_id.workflow.feeding_back import feed_back

    made = feed_back(settings(config, out=out, as_of=as_of, overrides=overrides))
    show(made, as_json, f"Feedback for {len(made.outputs)} recipient(s), {made.lines} line(s).")


reading_app = typer.Typer(
    help="Reading records of a few families drawn by lot; off unless a board has approved it.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(reading_app, name="reading")


@reading_app.command("draw")
def reading_draw(
    config: ConfigOption, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Draw families by lot, below the line and above it, and write a workbook for each hub."""
    from early_id.workflow.reading import draw_records

    made = draw_records(settings(config, out=out, as_of=as_of, overrides=overrides))
    before = " They were drawn before: the first draw of a date stands." if made.again else ""
    show(made, as_json, f"Drawn: {made.drawn} families.{before}")


@reading_app.command("import")
def reading_import(
    path: Annotated[Path, typer.Argument(help="A workbook that came back, or a folder of them.")],
    config: ConfigOption,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put what readers judged on record, and say what all readings tell."""
    from early_id.workflow.reading import import_readings

    made = import_readings(settings(config, out=out, overrides=overrides), path)
    gone = f" {made.left_out} line(s) about a child whose records were erased were left out." if made.left_out else ""
    show(made, as_json, f"Read: {made.read} line(s), {made.aside} set aside.{gone}", *([made.estimate.text] if made.estimate else []))
    if made.nothing_read:
        raise _nothing_came_in(made.books, path, "a draw")
