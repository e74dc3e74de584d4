"""The package of the made-up council can be read from the top down: no module needs itself, and every folder says what it holds."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import early_id
from early_id.data.synth.shapes.declare import SHAPES
from early_id.data.synth.shapes.write import WRITERS

ROOT = Path(early_id.__file__).parent / "data" / "synth"
PACKAGE = "early_id.data.synth"
MODULES = {".".join([PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path for path in ROOT.rglob("*.py")}


def imported(path: Path) -> set[str]:
    """Modules of the package that a module imports, wherever in the file."""
    found = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom) and node.module]
    pairs = [(node.module, f"{node.module}.{alias.name}") for node in found for alias in node.names]
    return {whole if whole in MODULES else module for module, whole in pairs} & set(MODULES)


def test_no_module_needs_itself() -> None:
    order = list(TopologicalSorter({name: imported(path) for name, path in MODULES.items()}).static_order())
    assert len(order) == len(MODULES) > 80


def test_modules_of_the_package_are_imported_at_the_top() -> None:
    late = []
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {node for child in tree.body for node in ast.walk(child) if child is not node and isinstance(node, ast.ImportFrom)}
        late += [name for node in inside if (node.module or "").startswith(PACKAGE)]
    assert late == []


def test_every_folder_says_which_modules_it_holds() -> None:
    for folder in {path.parent for path in MODULES.values()} - {ROOT}:
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        page = folder / "README.md"
        text += page.read_text(encoding="utf-8") if page.is_file() else ""
        missing = [path.stem for path in folder.glob("*.py") if path.stem != "__init__" and path.stem not in text]
        assert len(text) > 40 and not missing, folder.name


def test_every_shape_has_a_writer() -> None:
    assert list(WRITERS) == list(SHAPES)
