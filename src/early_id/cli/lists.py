"""``early-id screen`` and ``early-id practice-list``: lists, year groups, and a list to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from early_id.cli.app import AsOfOption, ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.core.display import text_table

if TYPE_CHECKING:
    from early_id.config.settings import Config


@app.command()
def screen(
    config: ConfigOption, out: OutOption = None, as_of: AsOfOption = None, overrides: SetOption = None,
    area: Annotated[bool, typer.Option("--area", help="No lists: which year groups of which schools could be offered help as a whole. Names nobody.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write the explained lists of every school and hub; refused without an approval."""
    if area:
        _area(settings(config, out=out, as_of=as_of, overrides=overrides), as_json=as_json)
        return
    from early_id.workflow import publish
    from early_id.workflow.governing import approval_of, models_for_lists
    from early_id.workflow.refusals import gap_now, stops_now
    from early_id.workflow.steps import at_work, build, open_bench, screen_all, settle_lists, train_all
    from early_id.workflow.trailing import note_run
    from early_id.workflow.words import approval_text, not_made

    bench = open_bench(settings(config, out=out, as_of=as_of, overrides=overrides))
    status = approval_of(bench)
    status.require()
    people = bench.people
    if (gap := gap_now(bench, people)) is not None:
        gap.refuse()  # before minutes of training
    stops_now(bench, people).refuse()
    for note in status.notes:
        say(f"Note: {note}")
    with at_work(bench, on_store=False):
        settle_lists(bench)
        matrix = build(bench, people)
        # With an approved model nothing is trained.
        trials = {} if status.approved else train_all(bench, matrix)
        lists = screen_all(bench, people, matrix, models_for_lists(status, trials))
        publish.check_free(bench.cfg.out_dir)
        outputs = publish.lists(bench, lists, trials, status)
        settle_lists(bench)
        note_run(bench, lists, status.to_json(), what="screen")
    if as_json:
        from early_id.data.urgent import unacknowledged

        made = [item for item in outputs if item["kind"] not in ("taken_out", "list_index")]
        emit({"lists": made, **lists.summary(), "urgent": {"not_acknowledged": len(unacknowledged(bench.store.folder))}})
        return
    say(text_table(lists.frame().astype(str).to_numpy().tolist(), list(lists.frame().columns)))
    for note in not_made(lists):
        say(note)
    say(f"\nWritten to {(bench.cfg.out_dir / 'lists').as_posix()}. {approval_text(status, trials)}")


def _area(cfg: Config, *, as_json: bool) -> None:
    from early_id.workflow.area import offer_to_year_groups
    from early_id.workflow.steps import open_bench

    found, path = offer_to_year_groups(open_bench(cfg))
    if as_json:
        emit(
            {
                "outputs": [{"kind": "area", "path": path}],
                "year_groups": found.cells.to_dict("records"),
                "families": found.families,
                "places": found.places,
            }
        )
        return
    say(f"{len(found.cells)} year groups with {found.families} families, for {found.places} places.")
    for one in found.efficiency:
        say(f"  {one.name}: {100 * one.precision[0]:.0f} of 100 families with need recognised; {100 * one.recall[0]:.0f} of 100 children reached")
    say(f"Written to {(cfg.out_dir / path).as_posix()}.")


@app.command(name="practice-list")
def practice_list(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")] = Path("practice"),
    as_json: JsonOption = False,
) -> None:
    """Write a made-up school's list with model answers, for training and supervision."""
    from early_id.screening.practice import write_practice

    written = write_practice(out)
    if as_json:
        emit({"outputs": written})
        return
    for item in written:
        say(f"{item['what']}: {(out / str(item['path'])).as_posix()}")
