"""The application: options that all commands share, and how errors become one message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from early_id.core.errors import EarlyIdError, SettingsError

if TYPE_CHECKING:
    from early_id.config.settings import Config

app = typer.Typer(
    name="early-id",
    help="Short, explained lists of families who may welcome early help, with the fairness evidence beside them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[Path, typer.Option("--config", help="Settings file (YAML).")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of extracts; otherwise the settings' own.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Output folder; otherwise the settings' own.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Screening date, YYYY-MM-DD; otherwise the settings' own.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Override any setting: --set part.name=value (repeatable).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, everything else on standard error.")]


#: What Ctrl-C says, and its exit code: 128 and the number of the signal, as shells count.
STOPPED, INTERRUPTED = "early-id: stopped. The store is as it was before.", 130


def settings(
    config: Path,
    *,
    data: Path | None = None,
    out: Path | None = None,
    as_of: str | None = None,
    overrides: list[str] | None = None,
    reminded: bool = True,
) -> Config:
    """Settings of a command: the file, then ``--data``, ``--out``, ``--as-of``, then ``--set``."""
    from early_id.config.load import load_config

    extra = list(overrides or [])
    if day := day_of(as_of, "--as-of"):
        extra.append(f"as_of.screening={day}")
    cfg = load_config(config, overrides=extra, data=data.resolve() if data else None, out=out.resolve() if out else None)
    if reminded:
        remind(cfg.store_dir, config)
    return cfg


def day_of(text: str | None, option: str) -> date | None:
    """The date that an option gives; None where it was not given."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"The date after {option} cannot be read.", what_next="Write it as YYYY-MM-DD.") from None


def say(*parts: object) -> None:
    """A line for a person, on standard error, so that standard output stays free."""
    print(*parts, file=sys.stderr)


def remind(store_folder: Path, config: Path | None, *, instead: str = "") -> None:
    """Say loudly which urgent signs nobody has acknowledged; every command that works on a store does. ``instead`` of settings: what to type."""
    from early_id.data.urgent import unacknowledged

    for note in unacknowledged(store_folder):
        say(f"URGENT and not acknowledged: {note['signs']} sign(s) of batch {note['batch']} wait for {note['for']}.")
        say(
            f"  The file is in {(store_folder / 'urgent').as_posix()}. Record receipt with: "
            f"early-id ingest {f'--config {config.as_posix()}' if config else instead} --acknowledge ROLE"
        )


def emit(value: dict[str, Any]) -> None:
    """One JSON object on standard output; numbers that cannot be estimated are null."""
    import json

    print(json.dumps(_plain(value), ensure_ascii=False, default=str, allow_nan=False))


class Made(Protocol):
    """What a step made: plain values, and where it was written."""

    @property
    def outputs(self) -> Sequence[Mapping[str, Any]]:
        """Each with its ``path``."""

    def to_json(self) -> dict[str, Any]:
        """For machines."""


def show(made: Made, as_json: bool, *lines: str) -> None:
    """One object on standard output, or some lines and every path for a person."""
    if as_json:
        emit(made.to_json())
        return
    for line in (*lines, *(f"  {item['path']}" for item in made.outputs)):
        say(line)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        return _plain(value.item())
    if isinstance(value, float) and value != value:
        return None
    return value


def with_commands() -> typer.Typer:
    """The application with every command registered; their modules are imported here and not before."""
    from early_id.cli import afterwards, audit, commands, features, inspect, intake, linkage, lists, models, review, rights, scorecard, synth, trail

    parts = (afterwards, audit, commands, features, inspect, intake, linkage, lists, models, review, rights, scorecard, synth, trail)
    assert all(parts)  # importing them registers the commands
    return app


def main() -> None:
    """Run the command line. Every error is one message on standard error; a row's values are never in it."""
    with_commands()
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may use an old code page; a name must not end the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    from early_id.core.privacy import people_kept_out_of_logs

    try:
        # Whoever looks for a fault with EARLY_ID_DEBUG sees everything, and is told so.
        with nullcontext() if os.environ.get("EARLY_ID_DEBUG") else people_kept_out_of_logs():
            app()
    except EarlyIdError as error:
        say(f"early-id: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say(STOPPED)
        sys.exit(INTERRUPTED)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer has caught the key already
            say(STOPPED)
        raise
    except Exception as error:
        if _interrupted(error):
            say(STOPPED)
            sys.exit(INTERRUPTED)
        if os.environ.get("EARLY_ID_DEBUG"):
            raise
        place = _place(error)
        say(f"early-id: an unexpected {type(error).__name__} stopped the run.\n  where: {place}")
        say("  what next: run it again with EARLY_ID_DEBUG=1 to see the details; they may hold people's data, so do not send them on unread.")
        sys.exit(1)


def _interrupted(error: BaseException) -> bool:
    """Whether a person stopped the run while the engine was at work: it catches the key itself, and raises an error of its own."""
    return isinstance(error, RuntimeError) and "interrupted" in str(error).lower()


def _place(error: BaseException) -> str:
    """File and line of the package where an error began, without its text, which may quote a row."""
    import traceback

    # The package's own folder, not any folder of its name: a clone may be called early_id too.
    package = str(Path(__file__).resolve().parents[1]) + os.sep
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if str(Path(frame.filename).resolve()).startswith(package)]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "outside the package"
