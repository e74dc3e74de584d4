"""Commands that only show what the package knows: rules and features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from early_id.cli.app import JsonOption, app, emit, settings
from early_id.core.display import text_table
from early_id.core.errors import SettingsError

if TYPE_CHECKING:
    from early_id.core.findings import FindingKind
    from early_id.data.rules import Rule

rules_app = typer.Typer(help="The checks of incoming rows.", no_args_is_help=True, rich_markup_mode=None)
features_app = typer.Typer(help="The declared features.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")
app.add_typer(features_app, name="features")


@rules_app.command("list")
def rules_list(
    table: Annotated[str | None, typer.Option("--table", help="Only rules of this table.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings, for rules of extensions.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every rule: code, severity, tables, what is wrong; then the codes of linking, features, lists and what comes back."""
    rules, kinds = _rules(config), () if table is not None else _kinds()
    if table is not None:
        known = {name for rule in rules for name in rule.tables}
        if table not in known:
            raise SettingsError.unknown_name("table with rules", table, known)
        rules = [rule for rule in rules if rule.applies_to(table)]
    if as_json:
        emit(
            {
                "rules": [
                    {"code": r.code, "severity": str(r.severity), "tables": list(r.tables), "message": r.message, "number": r.number} for r in rules
                ],
                "later_steps": [{"code": k.code, "severity": str(k.severity), "about": k.about, "message": k.message} for k in kinds],
            }
        )
        return
    rows = [[r.code, str(r.severity), r.tables[0] if len(r.tables) == 1 else "several" if r.tables else "all", r.message] for r in rules]
    print(text_table(rows, ["code", "severity", "table", "what is wrong"]))
    if kinds:
        print("\nCodes of later steps:\n")
        print(
            text_table([[kind.code, str(kind.severity), kind.about, kind.message] for kind in kinds], ["code", "severity", "about", "what is found"])
        )


def _kinds() -> tuple[FindingKind, ...]:
    """Codes that are no check of incoming rows, in order."""
    from early_id.features.findings import KINDS as FEATURES
    from early_id.learning.followup import UNNAMED_OUTCOMES
    from early_id.linkage.messages import KINDS as LINKS
    from early_id.screening.coming_back import KINDS as CAME_BACK
    from early_id.screening.findings import KINDS as LISTS
    from early_id.workflow.reviewing import RECORDS_WRONG

    return tuple(sorted((*LINKS, *FEATURES, *LISTS, *CAME_BACK, UNNAMED_OUTCOMES, RECORDS_WRONG), key=lambda kind: kind.code))


def _rules(config: Path | None) -> list[Rule]:
    from early_id.data.rules import all_rules
    from early_id.features.extensions import load_extensions

    if config is not None:
        load_extensions(settings(config))
    return list(all_rules())


#: What a rule looks at.
_SCOPES = {
    "row": "the row, with its person's line in the people list",
    "records": "the rows of the table that are kept and held",
    "store": "several tables, once they are stored",
    "intake": "the file, or what came before it",
}


@rules_app.command("show")
def rules_show(code: str, config: Annotated[Path | None, typer.Option("--config", help="Settings, for rules of extensions.")] = None) -> None:
    """One rule, or one code of a later step: what is wrong, what to do, where it comes from."""
    from early_id.data.rules import error_codes

    found = {rule.code: rule for rule in _rules(config)}
    if code.upper() not in found:
        later = {kind.code: kind for kind in _kinds()}
        if code.upper() not in later:
            raise SettingsError.unknown_name("rule", code.upper(), [*found, *later])
        kind = later[code.upper()]
        print("\n  ".join([f"{kind.code} ({kind.severity})", kind.message, f"What to do: {kind.advice}", f"Looks at: {kind.about}"]))
        return
    rule = found[code.upper()]
    aside = rule.code in error_codes()
    kept = {
        "ERROR": "The row is set aside.",
        "QUERY": "Somebody should ask; the row is kept, where the words do not say that it was left out.",
        "NOTE": "The row is set aside; nothing is lost." if aside else "For information.",
    }[rule.severity]
    lines = [
        f"{rule.code} ({rule.severity})", rule.message, kept, f"What to do: {rule.advice}", f"Tables: {', '.join(rule.tables) or 'all'}",
        f"Looks at: {_SCOPES[rule.scope]}", f"Holds in: {rule.years}",
        *([f"Only where the file has: {', '.join(rule.needs)}"] if rule.needs else []),
        f"From: {rule.source}" + (f" (fault {rule.number} of the data standards)" if rule.number else ""),
    ]  # fmt: skip
    print("\n  ".join(lines))


@features_app.command("list")
def features_list(
    config: Annotated[Path | None, typer.Option("--config", help="Settings, for extensions.")] = None,
    indicators: Annotated[bool, typer.Option("--indicators", help="The situations that guidance names, and which features speak of each.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Every feature: what it counts, over which time, who may see it, and why it is here."""
    if indicators:
        _indicators(as_json)
        return
    from early_id.features.catalogue import catalogue
    from early_id.features.extensions import load_extensions

    features = load_extensions(settings(config)).catalogue if config else catalogue()
    frame = features.frame()
    if as_json:
        emit({"features": frame.to_dict("records"), "hash": features.hash})
        return
    print(text_table(frame[["feature", "label", "sharing", "window"]].to_numpy().tolist(), ["feature", "label", "sharing", "window"]))


def _indicators(as_json: bool) -> None:
    """Each situation with the labels of its features, or why there are none."""
    from dataclasses import asdict

    from early_id.features.catalogue import catalogue
    from early_id.features.indicators import EDITION, INDICATORS, indicators_text

    if as_json:
        emit({"edition": EDITION, "indicators": [asdict(one) for one in INDICATORS]})
        return
    print(indicators_text(catalogue()))
