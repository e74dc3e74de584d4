"""``early-id models scorecard``: a model of points as one page."""

from __future__ import annotations

from typing import Annotated

import typer

from early_id.cli.app import ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings

models_app = typer.Typer(help="Pages about trained and registered models.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models_app, name="models")


@models_app.command("scorecard")
def scorecard(
    config: ConfigOption,
    model: Annotated[str | None, typer.Argument(help="A registered model, name/version; otherwise those trained last.")] = None,
    out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write a scorecard's points as one page for the board; it is not for scoring children by hand."""
    from early_id.workflow.scorecards import write_scorecards
    from early_id.workflow.steps import open_bench

    bench = open_bench(settings(config, out=out, overrides=overrides))
    made = write_scorecards(bench, model)
    if as_json:
        emit({"outputs": [{"kind": "scorecard", "path": path.relative_to(bench.cfg.out_dir).as_posix()} for path in made]})
        return
    for path in made:
        say(f"The page to read: {path.as_posix()}. It is not for scoring children by hand.")
