"""Commands on what comes back after contacts, lists and help."""

from __future__ import annotations

from typing import Annotated

import typer

from early_id.cli.app import AsOfOption, ConfigOption, JsonOption, OutOption, SetOption, app, settings, show


@app.command()
def followup(config: ConfigOption, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """What followed where a contact or referral met no threshold; no model is needed."""
    from early_id.learning.followup_page import finding_lines
    from early_id.workflow.afterwards import followed_up

    cfg = settings(config, out=out, as_of=as_of, overrides=overrides)
    made = followed_up(cfg)
    show(made, as_json, *finding_lines(made.follow), *(f"  {finding}" for finding in made.follow.findings))


@app.command()
def oversight(
    config: ConfigOption, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """What was reviewed and how late, who agreed, and whether help is under way as it should be."""
    from early_id.workflow.overseeing import oversee

    made = oversee(settings(config, out=out, as_of=as_of, overrides=overrides))
    show(made, as_json, repr(made.found))


@app.command()
def missed(
    config: ConfigOption,
    timelines: Annotated[bool, typer.Option("--timelines", help="Also the timeline of each child, for the multi-agency audit group alone.")] = False,
    by: Annotated[str, typer.Option("--by", help="Role of whoever answers for the timelines.")] = "",
    out: OutOption = None,
    as_of: AsOfOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """What stood on record before children reached a statutory threshold, and what lists did or would have done."""
    from early_id.workflow.missing import look_for_missed

    made = look_for_missed(settings(config, out=out, as_of=as_of, overrides=overrides), timelines=timelines, by=by)
    show(made, as_json, repr(made.found))
