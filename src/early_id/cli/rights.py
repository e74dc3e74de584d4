"""Commands on the rights of families, and on how long things are kept: ``rights``, ``retain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from early_id.cli.app import ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.cli.review import day_of

if TYPE_CHECKING:
    from early_id.workflow.rights import Done

rights_app = typer.Typer(help="Requests of children and families over what is held about them.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rights_app, name="rights")

ChildOption = Annotated[str, typer.Option("--child", help="A child_id, or SOURCE/NUMBER as a source's files have it.")]
ByOption = Annotated[str, typer.Option("--by", help="Role of whoever settles the request.")]


@rights_app.command("access")
def rights_access(
    child: ChildOption, config: ConfigOption, by: ByOption, out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Write everything that is held about a child, without anything about other people, for a person to read before it is given."""
    from early_id.workflow.rights import access

    _show(access(settings(config, out=out, overrides=overrides), child, by=by), as_json)


@rights_app.command("correct")
def rights_correct(
    child: ChildOption,
    config: ConfigOption,
    by: ByOption,
    what: Annotated[str, typer.Option("--what", help="What is said to be wrong, and what is right.")],
    source: Annotated[str, typer.Option("--source", help="The source whose record it is.")],
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put on record that a family says a record is wrong; its supplier corrects it."""
    from early_id.workflow.rights import correct

    _show(correct(settings(config, out=out, overrides=overrides), child, what=what, source=source, by=by), as_json)


@rights_app.command("object")
def rights_object(
    child: ChildOption,
    config: ConfigOption,
    by: ByOption,
    outcome: Annotated[str, typer.Option("--outcome", help="pending, upheld or refused.")] = "upheld",
    on: Annotated[str | None, typer.Option("--on", help="Day on which it was received, YYYY-MM-DD; today where none is given.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Day until which it holds; without an end where none is given.")] = None,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record an objection: pending or upheld, the child is taken out before scoring and is on no list."""
    from early_id.workflow.rights import object_to

    cfg = settings(config, out=out, overrides=overrides)
    _show(object_to(cfg, child, by=by, outcome=outcome, on=day_of(on, "--on"), until=day_of(until, "--until")), as_json)


@rights_app.command("erase")
def rights_erase(
    child: ChildOption,
    config: ConfigOption,
    by: ByOption,
    reason: Annotated[str, typer.Option("--reason", help="Why, as the data protection officer settled it.")],
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a child's records from the store, all its versions, rows set aside and decisions."""
    from early_id.workflow.rights import erase

    _show(erase(settings(config, out=out, overrides=overrides), child, by=by, reason=reason), as_json)


def _show(done: Done, as_json: bool) -> None:
    if as_json:
        emit(done.to_json())
        return
    for name, count in done.counts.items():
        say(f"  {name}: {count:,}")
    for note in done.notes:
        say(note)
    for path in done.outputs:
        say(f"  {path}")


@app.command()
def retain(
    config: ConfigOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is over, and delete nothing.")] = False,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what is over by the settings' retention, and report it."""
    from early_id.workflow.retaining import retain as delete

    made = delete(settings(config, out=out, overrides=overrides), dry_run=dry_run)
    if as_json:
        emit(made.to_json())
        return
    say("Would be deleted:" if made.dry_run else "Deleted:" if made.deleted else "Nothing was over.")
    for name, count in made.deleted.items():
        say(f"  {name}: {count:,}")
    if made.undecided:
        say(f"Nobody has decided how long these are kept, so nothing of them was deleted: {', '.join(made.undecided)} (settings: retention).")
