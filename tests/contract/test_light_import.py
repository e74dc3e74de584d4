"""Importing is free: the package and its help open nothing heavy, and nothing is sent anywhere."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("pandas", "numpy", "sklearn", "ibis", "duckdb", "mlflow", "shap", "fairlearn", "matplotlib", "rich", "jinja2", "pydantic", "faker", "scipy")


def loaded_after(code: str) -> list[str]:
    """Heavy modules that a fresh interpreter holds after running ``code``."""
    program = f"import sys, json\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import early_id") == []


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "from unittest import mock\nimport early_id.cli.app as app\n"
        "sys.argv = ['early-id', '--help']\n"
        "try:\n    app.main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
    )
    assert loaded_after(code) == []


def test_every_public_name_resolves() -> None:
    import early_id as eid

    for name in eid.__all__:
        assert getattr(eid, name) is not None
    assert "train" in dir(eid)


def test_no_public_function_shares_its_name_with_a_sub_package() -> None:
    from pathlib import Path

    import early_id as eid

    packages = {path.name for path in Path(eid.__file__).parent.iterdir() if (path / "__init__.py").is_file()}
    functions = {name for name in eid.__all__ if callable(getattr(eid, name))}
    assert not packages & functions


def test_an_unknown_name_is_an_attribute_error() -> None:
    import pytest

    import early_id as eid

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = eid.nonsense
