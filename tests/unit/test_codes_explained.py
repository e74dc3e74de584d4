"""Every code that a finding may carry is explained by ``early-id rules show``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import early_id
from early_id.cli import inspect
from early_id.cli.commands import app

#: A code as a whole string, in single or double quotes.
_CODE = re.compile(r"""["']([A-Z]{3}\d{3})["']""")


def codes_in_the_package() -> dict[str, str]:
    """Code → a file in which it stands as a whole string."""
    root = Path(early_id.__file__).parent
    found = {}
    for file in sorted(root.rglob("*.py")):
        found.update(dict.fromkeys(_CODE.findall(file.read_text(encoding="utf-8")), str(file.relative_to(root))))
    return found


def test_every_code_of_the_package_is_explained() -> None:
    explained = {rule.code for rule in inspect._rules(None)} | {kind.code for kind in inspect._kinds()}
    codes = codes_in_the_package()
    assert len(codes) > 150
    unexplained = {code: file for code, file in codes.items() if code not in explained}
    assert unexplained == {"LOC001": "testing/check_rule.py"}  # an example of a council's own rule


def test_no_code_means_two_things() -> None:
    codes = [rule.code for rule in inspect._rules(None)] + [kind.code for kind in inspect._kinds()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ["LNK010", "rev013", "REC001", "FUP001", "LST003", "FEA001"])
def test_a_code_of_a_later_step_is_shown(code: str) -> None:
    shown = CliRunner().invoke(app, ["rules", "show", code])
    assert shown.exit_code == 0 and code.upper() in shown.output and "What to do: " in shown.output


def test_the_list_has_them_too() -> None:
    listed = CliRunner().invoke(app, ["rules", "list"])
    assert listed.exit_code == 0 and "LNK013" in listed.output and "FUP001" in listed.output
