"""``early-id link``: people and families behind the records, and the review of pairs that nobody can settle but a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from early_id.cli.app import ConfigOption, JsonOption, OutOption, SetOption, app, emit, say, settings
from early_id.core.display import text_table
from early_id.core.errors import SettingsError

if TYPE_CHECKING:
    from early_id.linkage.by_group import LinkageByGroup
    from early_id.linkage.kept import Kept
    from early_id.linkage.people import People
    from early_id.workflow.steps import Bench

link_app = typer.Typer(name="link", help="Link the stored records into people and families; review pairs.", rich_markup_mode=None)
review_app = typer.Typer(
    name="review", help="Pairs that may be one person: out to a workbook, and back.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(link_app)
link_app.add_typer(review_app)

#: Groups that records hold as codes, under the name of their list.
_BY_CODE = ("ethnicity", "sex")
#: What the rate by group is, and is not.
JOINED = (
    "Joined: of the records of children, those with a record of any other source. Whoever is in no other source has nobody to be joined to, so a low share may "
    "say who is in the sources, not that joining failed."
)
NONE_DIFFERS = "None of these groups differs from everyone else beyond chance; with few records that is no sign that they are joined alike."
ANEW = (
    "All links are dated anew (linking {number}, on record). Features of earlier dates may be others now: train, audit and approve models again. "
    "Ids and decisions are as they were; the links of every earlier linking stay in the store."
)
ByOption = Annotated[str, typer.Option("--by", help="Role of whoever decided; kept beside the decision.")]
WorkbookOption = Annotated[Path | None, typer.Option("--to", help="The workbook; otherwise restricted/link_review.xlsx in the output folder.")]


@link_app.callback(invoke_without_command=True)
def link(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file (YAML).")] = None,
    out: OutOption = None,
    overrides: SetOption = None,
    by_group: Annotated[
        bool, typer.Option("--by-group", help="Also how often records are joined, by group, and where groups differ beyond chance.")
    ] = False,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Date all links as if for the first time: features of earlier dates change, models have to be trained again."),
    ] = False,
    by: Annotated[str, typer.Option("--by", help="With --anew: role of whoever decided; kept on record.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Link the stored records into people and families; counts only."""
    if ctx.invoked_subcommand is not None:
        return
    if config is None:
        raise typer.BadParameter("Missing option '--config'.")
    from early_id.linkage.by_group import LEAST
    from early_id.present.wording import percent
    from early_id.workflow.steps import open_bench

    if by and not anew:
        raise SettingsError(
            "Somebody is named, and nothing is decided.", where="--by", what_next="Add --anew to date all links again, or leave out --by."
        )
    bench = open_bench(settings(config, out=out, overrides=overrides))
    people, number = _anew(bench, by) if anew else (bench.people, None)
    rates = _rates(bench, people) if by_group else None
    counts = people.current().groupby("source")["child_id"].agg(records="size", people="nunique")
    linkage = people.linkage
    waiting = len(linkage.to_review()) if linkage else 0
    if as_json:
        rules = linkage.scored.blocking.to_dict("records") if linkage else []
        changes = [{"kind": change.kind, "on": change.on, "records": change.records} for change in people.changes]
        found = {"people": len(people), "sources": counts.to_dict("index"), "findings": people.findings.by_code()}
        if rates is not None:
            found["by_group"] = rates.rows.to_dict("records")
        if number is not None:
            found["anew"] = number
        emit({**found, "pairs_compared": rules, "to_review": waiting, "changes": changes})
        return
    say(repr(people))
    say(text_table(counts.reset_index().astype(str).to_numpy().tolist(), ["source", "records", "people"]))
    if linkage and len(linkage.scored.blocking):
        rows = [[row["rule"], f"{row['pairs']:,}", "" if row["used"] else "left out"] for row in linkage.scored.blocking.to_dict("records")]
        say(text_table(rows, ["pairs with", "pairs", ""]))
    if rates is not None:
        shown = rates.rows[rates.rows["n"] >= LEAST]
        rows = [[r["characteristic"], _group(r["characteristic"], r["group"]), f"{r['n']:,}", percent(r["share"]), percent(r["rest"]), "differs" if r["differs"] else ""]
                for r in shown.to_dict("records")]  # fmt: skip
        say(text_table(rows, ["", "group", "records", "joined", "everyone else", ""]))
        say(JOINED)
        for line in rates.findings.lines() or [NONE_DIFFERS]:
            say(line)
    for change in people.changes:
        say(f"{change.on}: a {change.kind} that concerns {change.records} record(s).")
    for line in people.findings.lines():
        say(line)
    if number is not None:
        say(ANEW.format(number=number))
    if waiting:
        say(f"{waiting} pair(s) wait for somebody to look: early-id link review export --config {config.as_posix()}")


@review_app.command("export")
def export(
    config: ConfigOption,
    child: Annotated[
        str | None,
        typer.Option("--child", help="Instead the pairs that are joined as this child, to part a wrong one: a child_id, or SOURCE/NUMBER."),
    ] = None,
    out: OutOption = None,
    to: WorkbookOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the pairs that may be one person into a workbook for whoever can tell."""
    from early_id.features.trace import child_of
    from early_id.linkage.review import export_review

    bench = _bench(config, out, overrides)
    people, target = bench.people, to or bench.cfg.out_dir / "restricted" / "link_review.xlsx"
    joined = None
    if child is not None:
        own = people.current().loc[lambda links: links["child_id"] == child_of(people, child)]
        joined = list(zip(own["source"], own["source_person_id"], strict=True))
    pairs = 0
    if people.linkage is not None:
        with bench.store.writing():
            pairs = export_review(people.linkage, target, kept=_kept(bench), key=people.key, settings=bench.cfg.linkage, joined=joined)
    if as_json:
        emit({"pairs": pairs, "path": str(target)})
        return
    say(f"{pairs} pair(s) in {target.as_posix()} (restricted: names and dates of birth).")
    say(f"When it is filled in: early-id link review import {target.as_posix()} --config {config.as_posix()} --by ROLE")


@review_app.command("import")
def take_in(
    workbook: Annotated[Path, typer.Argument(help="The workbook, filled in.")], config: ConfigOption, by: ByOption, out: OutOption = None,
    overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take in what people decided; it is remembered for ever and wins over the weights."""
    from dataclasses import asdict
    from datetime import date

    from early_id.linkage.review import import_review

    bench = _bench(config, out, overrides)
    _role(by)
    with bench.store.writing():
        taken = import_review(workbook, kept=_kept(bench), by=by, on=date.today())
    if as_json:
        emit(asdict(taken))
        return
    for line in taken.lines():
        say(line)
    if not taken.same + taken.different:
        return
    say(
        f"Next: early-id link --config {config.as_posix()}. To take the last decision back: early-id link review undo --config {config.as_posix()} --by ROLE"
    )


@review_app.command("undo")
def undo(
    config: ConfigOption, by: ByOption, last: Annotated[int, typer.Option("--last", min=1, help="How many decisions, from the newest.")] = 1,
    out: OutOption = None, overrides: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take back the last decisions; their pairs are open again, and that they were taken stays on record."""
    from datetime import date

    from early_id.linkage.review import undo_review

    bench = _bench(config, out, overrides)
    _role(by)
    with bench.store.writing():
        back = undo_review(_kept(bench), by=by, on=date.today(), last=last)
    if as_json:
        emit({"taken_back": back})
        return
    say(f"{back} decision(s) taken back." if back else "There is no decision to take back.")


def _anew(bench: Bench, by: str) -> tuple[People, int]:
    from early_id.workflow.relinking import link_anew

    return link_anew(bench, by=by)


def _group(characteristic: str, group: str) -> str:
    """A group by its label, where a code list has one."""
    from early_id.schema.codes.lists import code_list

    labels = {code.code: code.meaning for code in code_list(characteristic).codes} if characteristic in _BY_CODE else {}
    return labels.get(group, group)


def _role(by: str) -> None:
    """Refuse a blank: a decision that nobody answers for is none."""
    if not by.strip():
        raise SettingsError("Nobody is named who decided.", where="--by", what_next="Give the role of whoever decided, such as --by 'data officer'.")


def _rates(bench: Bench, people: People) -> LinkageByGroup:
    from datetime import date

    from early_id.linkage.by_group import linkage_by_group

    store = bench.store
    enrolments = store.frame("enrolments") if store.has("enrolments") else None
    day = bench.cfg.as_of.screening or store.last_received or date.today()
    return linkage_by_group(people, store.frame("pupils"), on=day, enrolments=enrolments)


def _bench(config: Path, out: Path | None, overrides: Any) -> Bench:
    from early_id.workflow.steps import open_bench

    return open_bench(settings(config, out=out, overrides=overrides))


def _kept(bench: Bench) -> Kept:
    from early_id.linkage.store_link import kept_of

    return kept_of(bench.store)
