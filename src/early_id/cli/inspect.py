"""Commands that only show what the package knows: rules and features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from early_id.cli.app import JsonOption, app, emit, settings
from early_id.core.display import text_table
from early_id.core.errors import SettingsError

rules_app = typer.Typer(help="The checks of incoming rows.", no_args_is_help=True, rich_markup_mode=None)
features_app = typer.Typer(help="The declared features.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")
app.add_typer(features_app, name="features")


@rules_app.command("list")
def rules_list(as_json: JsonOption = False) -> None:
    """Every rule: code, severity, what is wrong."""
    from early_id.data.rules import all_rules

    if as_json:
        emit({"rules": [{"code": r.code, "severity": str(r.severity), "tables": list(r.tables), "message": r.message} for r in all_rules()]})
        return
    print(text_table([[r.code, str(r.severity), r.message] for r in all_rules()], ["code", "severity", "what is wrong"]))


@rules_app.command("show")
def rules_show(code: str) -> None:
    """One rule: what is wrong, what to do, where the rule comes from."""
    from early_id.data.rules import all_rules

    found = {rule.code: rule for rule in all_rules()}
    if code.upper() not in found:
        raise SettingsError.unknown_name("rule", code.upper(), found)
    rule = found[code.upper()]
    kept = {"ERROR": "The row is set aside.", "QUERY": "The row is kept; somebody should ask.", "NOTE": "For information."}[rule.severity]
    print(
        f"{rule.code} ({rule.severity})\n  {rule.message}\n  {kept}\n  What to do: {rule.advice}\n  Tables: {', '.join(rule.tables) or 'all'}\n  From: {rule.source}"
    )


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
