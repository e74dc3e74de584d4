"""The floors hold, and a breach of them is seen: at module level, inside a function, and by a direct import of the engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package below ``root``, with the contracts of pyproject.toml."""
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floors")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_floors_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout
    written = (copy / "pyproject.toml").read_text(encoding="utf-8").count("[[tool.importlinter.contracts]]")
    assert f"Contracts: {written} kept, 0 broken" in result.stdout and written >= 6


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/breach.py", "from early_id.data import store", "One way down the floors"),
        ("features/breach.py", "def inside() -> None:\n    from early_id.models import train\n\n    print(train)", "One way down the floors"),
        ("explain/breach.py", "from early_id.audit import result", "One way down the floors"),
        ("models/breach.py", "import ibis", "The engine is imported directly"),
        ("report/breach.py", "def inside() -> None:\n    import duckdb\n\n    print(duckdb)", "The engine is imported directly"),
        ("audit/breach.py", "import mlflow", "One file imports mlflow"),
        ("features/breach.py", "def inside() -> None:\n    import pyspark\n\n    print(pyspark)", "One file imports pyspark"),
        ("screening/breach.py", "from early_id.testing import strategies", "Nothing shipped imports testing"),
    ],
)
def test_a_breach_is_seen(copy: Path, file: str, line: str, contract: str) -> None:
    breach = copy / "src" / "early_id" / file
    breach.write_text(line + "\n", encoding="utf-8")
    try:
        result = lint(copy)
    finally:
        breach.unlink()
    broken = [text for text in result.stdout.splitlines() if text.startswith(contract)]
    assert result.returncode != 0
    assert broken and "BROKEN" in broken[0], result.stdout


def test_a_module_on_no_floor_is_seen(copy: Path) -> None:
    stray = copy / "src" / "early_id" / "stray.py"
    stray.write_text("", encoding="utf-8")
    try:
        assert lint(copy).returncode != 0
    finally:
        stray.unlink()


def test_files_are_of_a_size_to_read() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "src").rglob("*.py")}
    long = {path.name: lines for path, lines in sizes.items() if lines > 350}
    assert not long
    assert not [path.name for path in sizes if path.name == "utils.py"]


def test_importlib_is_used_only_where_the_design_allows() -> None:
    allowed = {"early_id/__init__.py", "features/extensions.py"}
    users = set()
    for path in (ROOT / "src" / "early_id").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "importlib.import_module" in text or "importlib.util" in text or "__import__(" in text:
            users.add(path.as_posix().split("/src/")[1].removeprefix("early_id/") if path.name != "__init__.py" else "early_id/__init__.py")
    assert users <= allowed, users
