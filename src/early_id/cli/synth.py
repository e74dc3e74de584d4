"""``early-id synth``: make a council up, hold the generator to the published figures, draw it, measure the best possible scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from early_id.cli.app import JsonOption, app, emit, say

#: Children where none are given: of a council, of a check or picture, and of the fit of the best scores.
COUNCIL, CHECKED, ORACLE = 5_000, 20_000, 1_000_000
_WHAT_NEXT = "Try other seeds: a figure that is out once in a hundred is chance, one that stays out is a fault of the generator."


class _Taught(TyperCommand):
    """Help that ends with every name the options take; they are looked up only when somebody asks."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        for title, rows in _names().items():
            with formatter.section(title):
                formatter.write_dl(rows)


def _names(*, files: bool = False) -> dict[str, list[tuple[str, str]]]:
    """Scenarios, kinds of mess and shapes with one line each; with ``files`` also where a fault of records stands."""
    from early_id.data.synth.mess import KINDS
    from early_id.data.synth.scenarios.declare import SCENARIOS
    from early_id.data.synth.shapes.declare import SHAPES

    stands: dict[str, str] = {}
    if files:  # opens what makes the faults, which help has no need of
        from early_id.data.synth.faults import FAULTS

        for fault in FAULTS:
            stands[fault.kind] = f"{stands[fault.kind]}, {fault.file}" if fault.kind in stands else f"; in {fault.file}"
    scenarios = []
    for item in SCENARIOS.values():
        aims = f" NAME:TARGET with {', '.join(item.targets)}; the first is usual." if item.targets else ""
        scenarios.append((item.name, f"{item.text} Size in {item.unit}, usually {item.usual:g} ({item.range_text}).{aims}"))
    return {
        "Scenarios (--scenario NAME or NAME=SIZE)": scenarios,
        "Mess (--mess usual, all, none, or names with commas; * is usual; what intake makes of it)": [
            (f"{k.name}{' *' if k.usual else ''}", k.told + stands.get(k.name, "")) for k in KINDS
        ],
        "Further shapes (--shapes all, or names with commas)": [(shape.name, shape.text) for shape in SHAPES.values()],
    }


def _whole(text: str | int) -> int:
    """A whole number as typed, with or without commas between thousands."""
    try:
        return int(str(text).replace(",", ""))  # the usual value comes as a number
    except ValueError:
        raise typer.BadParameter("a whole number is needed here, such as 5000.") from None


@app.command(cls=_Taught)
def synth(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to make, not there yet or empty.")] = None,
    children: Annotated[
        int | None,
        typer.Option("--children", parser=_whole, metavar="NUMBER", help="200 to 1,000,000; 5,000, or what a check needs, where left out."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", parser=_whole, metavar="NUMBER", help="The same seed gives the same council.")] = 1,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", help="NAME or NAME=SIZE (repeatable); names are listed below.")] = None,
    mess: Annotated[str | None, typer.Option("--mess", help="usual, all, none, or names with commas; a minus sign takes away.")] = None,
    shapes: Annotated[str | None, typer.Option("--shapes", help="Further shapes of the same records: all, or names with commas.")] = None,
    processes: Annotated[
        int, typer.Option("--processes", parser=_whole, metavar="NUMBER", help="Processes that make marks; the files stay the same.")
    ] = 1,
    check: Annotated[bool, typer.Option("--check", help="Hold the generator to the published figures; exit 3 where one is out.")] = False,
    picture: Annotated[Path | None, typer.Option("--picture", help="Draw absence beside the published shape, as PNG files in this folder.")] = None,
    oracle: Annotated[bool, typer.Option("--oracle", help="Measure the best scores any model could reach; takes minutes.")] = False,
    names: Annotated[bool, typer.Option("--list", help="List scenarios, mess and shapes, and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make up a council's extracts, with the truth about them beside, ready to run.

    With --check, --picture or --oracle no council is kept unless --out names a folder. Their tables and that of --list go to standard output,
    with --json to standard error.
    """
    show = say if as_json else print
    if names:
        _list(as_json=as_json)
        return
    if out is None and not (check or picture or oracle):
        raise typer.BadParameter("name the folder to make, or ask for --check, --picture, --oracle or --list.", param_hint="--out")
    _refuse(
        children, check=check or picture is not None, oracle=oracle, scenario=scenario, unused=() if out else (("--mess", mess), ("--shapes", shapes))
    )
    result: dict[str, Any] = {}
    if out is not None:
        result |= _make(out, COUNCIL if children is None else children, seed, scenario or [], mess, shapes, processes)
    if picture is not None:
        from early_id.data.synth.check.pictures import draw_pictures

        drawn = draw_pictures(CHECKED if children is None else children, seed, picture)
        result["pictures"] = [path.as_posix() for path in drawn]
        say(f"Drawn: {', '.join(result['pictures'])}")
    if oracle:
        from early_id.data.synth import oracle as ceiling

        best = ceiling(ORACLE if children is None else children, seed, scenarios=scenario or [])
        result["oracle"] = best.to_json()
        show(str(best))
    passed = True
    if check:
        from early_id.data.synth.check.judge import check_council

        checked = check_council(CHECKED if children is None else children, seed)
        passed, result["check"] = checked.passed, checked.to_json()
        show(checked.text())
    if as_json:
        emit(result)
    if not passed:
        from early_id.core.errors import InputDataError

        raise InputDataError("The made-up council is out of tolerance.", where="the lines so marked in the table above", what_next=_WHAT_NEXT)


def _refuse(children: int | None, *, check: bool, oracle: bool, scenario: list[str] | None, unused: tuple[tuple[str, str | None], ...]) -> None:
    """What cannot be followed is said before any work, and so is what would have no effect."""
    from early_id.core.errors import SettingsError

    least = []
    if check:
        from early_id.data.synth.check import judge

        least.append(("--check and --picture", judge.SMALLEST))
    if oracle:
        from early_id.data.synth.direct import ceiling

        least.append(("--oracle", ceiling.SMALLEST))
    for name, smallest in least:
        if children is not None and not smallest <= children <= ORACLE:
            raise SettingsError(
                f"{name} can be used with {smallest:,} to {ORACLE:,} children.",
                where="--children",
                what_next="Leave --children out, give a number in that range, or use two commands.",
            )
    if check and scenario:
        raise SettingsError(
            "--check and --picture hold a council without scenarios to what is published; --scenario would have no effect.",
            where="--scenario",
            what_next="Leave it out; to make a council with a scenario, use a second command.",
        )
    for name, given in unused:
        if given is not None:
            raise SettingsError(f"{name} has no effect where no council is made.", where=name, what_next="Leave it out, or name a folder with --out.")


def _list(*, as_json: bool) -> None:
    """Every name with a line."""
    sections = _names(files=True)
    if as_json:
        keys = ("scenarios", "mess", "shapes")
        emit(
            {key: [{"name": name.removesuffix(" *"), "text": text} for name, text in rows] for key, rows in zip(keys, sections.values(), strict=True)}
        )
        return
    for title, rows in sections.items():
        print(f"\n{title}")
        for name, text in rows:
            print(f"  {name.ljust(26)} {text}")


def _make(out: Path, children: int, seed: int, scenario: list[str], mess: str | None, shapes: str | None, processes: int) -> dict[str, Any]:
    """Make the council and say what comes next."""
    from early_id.data.synth import make_council

    made = make_council(children, seed, out, scenarios=scenario, mess="usual" if mess is None else mess, shapes=shapes or "", processes=processes)
    for remark in made.plan.remarks:
        say(f"Note: {remark}")
    say(f"Made {made.children:,} children in {made.families:,} families and {made.schools} schools, {made.marks:,} marks.")
    say(f"Next: early-id run --config {(out / 'config.yaml').as_posix()}")
    return {
        "folder": out.as_posix(),
        "config": "config.yaml",
        "children": made.children,
        "marks": made.marks,
        "rows": made.rows,
        "faults": made.faults,
        "plan": made.plan.to_json(),
    }
