"""``early-id features``: the catalogue, one feature described, the matrix built, the leak test, and the rows behind a number."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from early_id.cli.app import AsOfOption, ConfigOption, JsonOption, OutOption, SetOption, emit, remind, say, settings
from early_id.cli.inspect import features_app
from early_id.core.display import progress

if TYPE_CHECKING:
    from early_id.core.findings import Findings
    from early_id.workflow.steps import Bench

OptionalConfig = Annotated[Path | None, typer.Option("--config", help="Settings file; without it the shipped catalogue, and no values.")]


def _bench(config: Path, **options: Any) -> Bench:
    from early_id.workflow.steps import open_bench

    return open_bench(settings(config, **options))


def _day(bench: Bench, as_of: str | None) -> date:
    """The date asked for; else that of the lists."""
    return date.fromisoformat(as_of) if as_of else bench.screening_date()


@features_app.command("describe")
def features_describe(
    name: Annotated[str, typer.Argument(help="Name of a feature, as 'features list' has it.")],
    config: OptionalConfig = None, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None,
    with_sql: Annotated[bool, typer.Option("--sql", help="Also the SQL that ran.")] = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """One feature: definition in words, window, who holds the records, and how its values are spread; with --sql the SQL that ran."""
    from early_id.features.catalogue import catalogue
    from early_id.features.describe import declared, describe_feature

    if config is None:
        shipped = catalogue()
        told = declared(shipped[name], shipped.tables)
    else:
        bench = _bench(config, out=out, as_of=as_of, overrides=overrides)
        bench.in_force.catalogue[name]  # an unknown name is said before anything is read
        told = describe_feature(
            bench.store, bench.people, name, as_of=_day(bench, as_of), features=bench.in_force.catalogue, settings=bench.cfg,
            programme=bench.in_force.programme,
        )  # fmt: skip
    if as_json:
        emit({"feature": told.feature.name, **dict(told.facts()), "distribution": told.frame().to_dict("records"), "sql": list(told.sql)})
        return
    print(told.text(sql=with_sql))
    if config is None:
        print("\nWith --config CONFIG.yaml also: how the values of a council are spread, how many are not known, and with --sql the SQL that ran.")


@features_app.command("build")
def features_build(
    config: ConfigOption, out: OutOption = None,
    as_of: Annotated[list[str] | None, typer.Option("--as-of", help="A date, YYYY-MM-DD (repeatable); otherwise all dates of the settings.")] = None,
    overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Build the matrix of features and write it to a file that only its owner can read."""
    from early_id.core.errors import SettingsError
    from early_id.workflow.steps import at_work, build, write_matrix

    try:
        dates = tuple(date.fromisoformat(text) for text in as_of or ())
    except ValueError:
        raise SettingsError("The date after --as-of cannot be read.", what_next="Write it as YYYY-MM-DD.") from None
    bench = _bench(config, out=out, overrides=overrides)
    with at_work(bench, on_store=False):
        matrix = build(bench, bench.people, dates=dates or None)
        outputs = write_matrix(bench, matrix)
    if as_json:
        emit(
            {
                "outputs": outputs, "rows": len(matrix), "features": list(matrix.X.columns), "fingerprint": matrix.fingerprint,
                "findings": matrix.meta.findings.to_json(),
            }
        )  # fmt: skip
        return
    say(f"{matrix!r}")
    say(f"Values not known: {matrix.X.isna().to_numpy().mean():.0%} of all.")
    _say_findings(matrix.meta.findings)
    for item in outputs:
        say(f"  {(bench.cfg.out_dir / item['path']).as_posix()}: {item['what']}")
    say("These files hold children's records. They can be read by you alone; keep them where they are.")


def _say_findings(findings: Findings) -> None:
    """Each message once, with every place it is about."""
    from textwrap import fill

    for code in findings.by_code():
        same = [item for item in findings if item.code == code]
        say(fill(f"{code} {same[0].severity}: {same[0].message}", 100, subsequent_indent="  "))
        for item in same:
            say(fill(f"{item.count:,} in {item.where}", 100, initial_indent="    ", subsequent_indent="      "))
        say(fill(same[0].advice, 100, initial_indent="  ", subsequent_indent="  "))


@features_app.command("check")
def features_check(
    config: ConfigOption, out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look for leaks: features that know what they could not have known on their date. Exit code 3 where one is found."""
    from early_id.features.leaks.check import check_features

    bench = _bench(config, out=out, overrides=overrides)
    found = check_features(
        bench.store, bench.people, bench.in_force.catalogue, as_of=bench.dates(), settings=bench.cfg, programme=bench.in_force.programme
    )
    if as_json:
        emit(found.to_json())
    else:
        _say_leaks(found)
    found.refuse()


def _say_leaks(found: Any) -> None:
    from textwrap import fill

    for text in found.tried:
        say(fill(text, 100, initial_indent="Tried: ", subsequent_indent="  "))
    for text in found.not_tried:
        say(fill(text, 100, initial_indent="Not tried: ", subsequent_indent="  "))
    say("")
    if not found.found:
        say("No leak was found. What could not be tried has not been passed.")
    by_place: dict[tuple[str, str], list[Any]] = {}
    for leak in found.leaks:
        by_place.setdefault((leak.kind, leak.column or "the cohort"), []).append(leak)
    for (kind, place), leaks in by_place.items():
        say(f"LEAK ({kind}): {place}")
        if names := [name for leak in leaks for name in leak.features]:
            say(fill(", ".join(names), 100, initial_indent="  Features: ", subsequent_indent="    "))
        say(fill(leaks[0].why, 100, initial_indent="  ", subsequent_indent="  "))  # the strongest of them
        say("")


@features_app.command("trace")
def features_trace(
    config: ConfigOption,
    child: Annotated[str, typer.Option("--child", help="A child_id, or SOURCE/NUMBER as a source's files have it.")],
    feature: Annotated[str, typer.Option("--feature", help="Name of the feature.")],
    as_of: AsOfOption = None, out: OutOption = None, overrides: SetOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every row, not only the newest.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """The very rows behind one number, for an analyst: it prints records of a child on your screen."""
    from early_id.features.trace import SHOWN, child_of, trace_json, trace_text
    from early_id.workflow.steps import build

    bench = _bench(config, out=out, as_of=as_of, overrides=overrides)
    catalogue = bench.in_force.catalogue.only([feature])
    people = bench.people
    key, day = child_of(people, child), _day(bench, as_of)
    with progress("Finding the rows behind the value"):
        rows = build(bench, people, dates=(day,), catalogue=catalogue).evidence(key, day, feature)
    remind(bench.store.folder, config)
    if as_json:
        emit(trace_json(rows))
        return
    say("For analysts: what follows holds records of a child. Do not copy it into messages or tickets.")
    print(trace_text(rows, shown=None if everything else SHOWN))
