"""``early-id audit``: the lists of a run, or any scored table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from early_id.cli.app import JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.core.display import text_table
from early_id.core.errors import SettingsError

if TYPE_CHECKING:
    from early_id.audit.result import AuditResult


@app.command()
def audit(
    config: Annotated[Path | None, typer.Option("--config", help="Settings file (YAML). With --table it gives the tolerances only.")] = None,
    table: Annotated[Path | None, typer.Option("--table", help="Audit this scored table (CSV, Parquet, Excel), whoever made it.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="Column with 1, 0 or empty: what happened.")] = None,
    groups: Annotated[str | None, typer.Option("--groups", help="Columns of characteristics, separated by commas.")] = None,
    score: Annotated[str | None, typer.Option("--score", help="Column to rank by, with --threshold or --capacity.")] = None,
    threshold: Annotated[float | None, typer.Option("--threshold", help="Listed at this score and above.")] = None,
    flag: Annotated[str | None, typer.Option("--flag", help="Column with 1 for listed, 0 for not.")] = None,
    capacity: Annotated[int | None, typer.Option("--capacity", help="So many families from the top.")] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="Column with the family.")] = None,
    probability: Annotated[str | None, typer.Option("--probability", help="Column with a probability, for observed against expected.")] = None,
    child: Annotated[
        str | None,
        typer.Option("--child", help="Column that names the child, so that one who is there twice is found (child_id where there is one)."),
    ] = None,
    others: Annotated[str | None, typer.Option("--others", help="Columns with further outcomes, to tell recording from need.")] = None,
    study: Annotated[bool, typer.Option("--study", help="Also refit models, to see what could be done about gaps; takes much longer.")] = False,
    out: OutOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for gaps between groups in the lists that each model would make, or in any scored table (--table), and write the report on it."""
    if config is None and table is None:
        raise SettingsError(
            "Nothing says what to audit.", where="early-id audit", what_next="Give --config for a run's lists, or --table for a file."
        )
    if table is not None:
        result, written = _table(config, table, label, groups, score=score, threshold=threshold, flag=flag, capacity=capacity, cluster=cluster,
                                 probability=probability, child=child, out=out, overrides=overrides, others=[one.strip() for one in (others or "").split(",") if one.strip()])  # fmt: skip
        _tell({"table": result}, {kind: path.name for kind, path in written.items()}, as_json=as_json)
        return
    from early_id.workflow.auditing import audit_lists
    from early_id.workflow.steps import at_work, open_bench

    assert config is not None
    more = [*(overrides or []), *(["audit.study=true"] if study else [])]
    bench = open_bench(settings(config, out=out, overrides=more))
    with at_work(bench, on_store=False):
        audits, written = audit_lists(bench)
    _tell(audits, {kind: path.name for kind, path in written.items()}, as_json=as_json)


def _table(
    config: Path | None, table: Path, label: str | None, groups: str | None, *, overrides: list[str] | None, **how: Any
) -> tuple[AuditResult, dict[str, Path]]:
    from early_id.config.load import default_config, load_config
    from early_id.workflow.auditing import audit_file

    if label is None or groups is None:
        raise SettingsError("The table needs a label and groups.", where="early-id audit --table", what_next="Give --label L --groups a,b.")
    named = [name.strip() for name in groups.split(",") if name.strip()]
    rules = (load_config(config, overrides=overrides or []) if config else default_config(overrides or [])).audit
    return audit_file(table, label=label, groups=named, settings=rules, **how)


def _tell(audits: dict[str, AuditResult], outputs: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        each = {audience: result.to_json() for audience, result in audits.items()}
        main = list(each)[-1]
        emit({"audience": main, **each[main], "audiences": each, "outputs": outputs})
        return
    for audience, result in audits.items():
        say(f"\n{audience}")
        say(text_table([[_cell(value) for value in row] for row in result.summary.to_numpy().tolist()], list(map(str, result.summary.columns))))
        for note in result.meta["notes"]:
            say(f"Note: {note}")
    for kind, name in outputs.items():
        say(f"{kind}: {name}")


def _cell(value: Any) -> str:
    """A figure to three places; nothing where it cannot be estimated."""
    return ("" if value != value else f"{value:.3f}") if isinstance(value, float) else str(value)
