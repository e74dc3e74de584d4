"""Commands on the record: ``lookback``, ``doctor``, ``trail``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from early_id.cli.app import ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.core.display import text_table


@app.command()
def lookback(
    config: ConfigOption,
    model: Annotated[str | None, typer.Option("--model", help="Who was listed by this model: name/version, name, or hash.")] = None,
    child: Annotated[str | None, typer.Option("--child", help="On which lists a child stood: a child_id, or SOURCE/NUMBER.")] = None,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who was listed by what, when, and what was decided."""
    from early_id.workflow.looking_back import look_back
    from early_id.workflow.steps import open_bench

    made = look_back(open_bench(settings(config, out=out, overrides=overrides)), model=model, child=child)
    if as_json:
        emit(made.to_json())
        return
    say("For those who answer for the lists: what follows says who was listed. Do not copy it into messages or tickets.")
    print(text_table(made.rows.astype(str).to_numpy().tolist(), list(made.rows.columns)))
    for entry in made.seen:
        print("  ".join(f"{name}: {value}" for name, value in entry.items()))
    if made.unreadable:
        say(f"{made.unreadable} entries are of years whose key was destroyed: the chain holds, the people in them can be named by nobody.")


@app.command()
def doctor(config: ConfigOption, out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Whether store, trail, lists and approvals are as they were written, and what waits for a person. Exit code 4 where something was changed."""
    from early_id.core.errors import PolicyError
    from early_id.workflow.looking_back import doctor as look

    checks = look(settings(config, out=out, overrides=overrides))
    if as_json:
        emit({"checks": [{"what": c.what, "ok": c.ok, "said": c.said, "waits": c.waits} for c in checks]})
    else:
        for check in checks:
            say(f"{'--' if check.ok is None else 'ok' if check.ok else '!!' if check.waits else 'NO':>4}  {check.what}: {check.said}")
    if any(check.ok is False and not check.waits for check in checks):
        raise typer.Exit(PolicyError.exit_code)


@app.command("opened")
def opened(
    file: Annotated[Path, typer.Argument(help="A list, page or workbook that somebody was given or opened.")],
    config: ConfigOption,
    by: Annotated[str, typer.Option("--by", help="Role of whoever opened it.")],
    out: OutOption = None,
    overrides: SetOption = None,
) -> None:
    """Put on record who was given, or opened, a list or an export."""
    from early_id.core.errors import InputDataError, SettingsError
    from early_id.core.fingerprint import file_sha256
    from early_id.workflow.steps import open_bench
    from early_id.workflow.trailing import note_opened

    if not by.strip():
        raise SettingsError("Not stated: who opened it.", where="opened", what_next="Give --by ROLE.")
    if not file.is_file():
        raise InputDataError("There is no such file.", where=str(file), what_next="Give the file that was opened.")
    bench = open_bench(settings(config, out=out, overrides=overrides))
    inside = file.resolve().is_relative_to(bench.cfg.out_dir.resolve())
    name = file.resolve().relative_to(bench.cfg.out_dir.resolve()).as_posix() if inside else file.name
    note_opened(bench, "file", file=name, sha256=file_sha256(file), by=by)
    say(f"On record: {name} was opened by {by}.")
