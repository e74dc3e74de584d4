"""Taking in extracts, and looking at what the checks found in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from early_id.cli.app import ConfigOption, DataOption, JsonOption, OutOption, SetOption, app, emit, remind, say, settings
from early_id.core.display import text_table

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.data.batch import Batch
    from early_id.workflow.steps import Bench

#: Above this share of a file set aside, the run says so where it cannot be overlooked.
LOUD_FROM = 0.05


def show_set_aside(files: dict[str, dict[str, int]], store: Path) -> None:
    """Name the files of which much was set aside: a wrong date format looks like this."""
    loud = {name: rows for name, rows in files.items() if rows["rows_in"] and rows["rows_set_aside"] / rows["rows_in"] >= LOUD_FROM}
    for name, rows in loud.items():
        share = round(100 * rows["rows_set_aside"] / rows["rows_in"])
        doubt = " The rows that were kept may be wrong too (day and month swapped?)." if rows["rows_set_aside"] < rows["rows_in"] else ""
        say(f"\nLOOK AT {name}: {share} of every 100 rows were set aside.{doubt}")
    if loud:
        say(f"  The rows and their reasons: {(store / 'set_aside').as_posix()}")


@app.command()
def ingest(
    folder: Annotated[Path | None, typer.Argument(help="Folder of extracts; without sources in the settings, each file is told by its columns.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file (YAML); none is needed with a folder.")] = None,
    data: DataOption = None, out: OutOption = None, overrides: SetOption = None,
    acknowledge: Annotated[str | None, typer.Option("--acknowledge", help="Record that this role received the urgent signs; nothing is read.")] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Read, map, check and store extracts. Rows in = rows kept + rows set aside."""
    from early_id.workflow.steps import open_bench, take_in

    cfg = _settings(folder or data, config, out, overrides, reminded=not acknowledge)
    bench = open_bench(cfg)
    if acknowledge:
        received = bench.store.acknowledge(by_role=acknowledge, on=date.today())
        say(f"Receipt recorded for {received} batch(es)." if received else "Nothing was waiting to be acknowledged.")
        return
    batch = take_in(bench)
    if as_json:
        emit(batch.to_json())
    else:
        _show(batch, bench)
    _write_pages(bench, config)
    if batch.urgent:
        remind(bench.store.folder, config, instead=f"{folder or data}{f' --out {out.as_posix()}' if out else ''}")


def _settings(folder: Path | None, config: Path | None, out: Path | None, overrides: list[str] | None, *, reminded: bool) -> Config:
    """Settings of an intake: those of the file, or, for a folder alone, the shipped ones."""
    from early_id.config.load import folder_config
    from early_id.core.errors import SettingsError

    if config is not None:
        return settings(config, data=folder, out=out, overrides=overrides, reminded=reminded)
    if folder is None:
        raise SettingsError("Nothing says what to take in.", what_next="Give a folder (early-id ingest FOLDER), or settings with --config.")
    return folder_config(folder.resolve(), out=out.resolve() if out else None, overrides=overrides or ())


def _show(batch: Batch, bench: Bench) -> None:
    """Each file with what became of its rows and as what it was read, what was not read at all, and what was found."""
    rows = [
        [
            item.file,
            f"{item.shape}{' (told by its columns)' if item.recognised else ''}",
            item.read_as,
            *(f"{n:,}" for n in (item.rows_in, item.rows_kept, item.rows_set_aside)),
        ]
        for item in batch.files
    ]
    say(text_table(rows, ["file", "shape", "read as", "rows in", "kept", "set aside"]))
    for item in batch.not_read:
        say(f"Not read: {item.file}. {item.why}")
    for line in batch.findings.lines():
        say(line)
    show_set_aside({item.file: {"rows_in": item.rows_in, "rows_set_aside": item.rows_set_aside} for item in batch.files}, bench.cfg.store_dir)
    if batch.cleared:
        say(f"Put right: {batch.cleared:,} row(s) that had been set aside in earlier batches.")
    if batch.waiting:
        say(f"Waiting for a correction: {batch.waiting:,} row(s) set aside, in this batch or before.")


def _write_pages(bench: Bench, config: Path | None) -> None:
    """The pages of what stands; another run that holds the output folder is no reason to lose what was taken in."""
    from early_id.core.errors import BusyError
    from early_id.workflow.findings import write_pages

    try:
        page, *suppliers = write_pages(bench)
    except BusyError as error:
        say(
            f"The page of findings was not written: {error.what} Write it later with: early-id findings --config {(config or Path('config.yaml')).as_posix()}"
        )
        return
    say(
        f"What stands, since when and what to do: {page.as_posix()}"
        + (f"; to send: {len(suppliers)} page(s) in {suppliers[0].parent.as_posix()}" if suppliers else "")
    )


@app.command()
def findings(config: ConfigOption, out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """What the checks found in the files as they were read last: since when, and what to do; writes the pages again."""
    from early_id.core.errors import InputDataError
    from early_id.workflow.findings import write_pages
    from early_id.workflow.steps import open_bench

    bench = open_bench(settings(config, out=out, overrides=overrides))
    taken = bench.store.taken()
    if not taken.batches:
        raise InputDataError("There is nothing in the store.", where=str(bench.store.folder), what_next="Run early-id ingest first.")
    paths = write_pages(bench)
    files, found = taken.standing
    if as_json:
        emit(
            {
                "findings": found.to_json(), "files": files, "trend": taken.trend().to_dict("records"),
                "coverage": taken.coverage.frame().to_dict("records"), "outputs": [path.relative_to(bench.cfg.out_dir).as_posix() for path in paths],
            }
        )  # fmt: skip
        return
    frame = found.frame()
    rows = frame[["code", "severity", "count", "where", "since", "message"]].astype(str).to_numpy().tolist()
    say(text_table(rows, ["code", "severity", "how many", "where", "since", "what"]))
    say(f"Written: {', '.join(path.as_posix() for path in paths)}")
