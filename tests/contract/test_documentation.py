"""What the pages for newcomers say is there: links, commands, names, settings, pictures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import early_id as eid

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "early_id"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for name in ("configs", "models", "notebooks") for page in (ROOT / name).glob("*.md")), *SOURCE.rglob("README.md")]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def block(page: Path, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{page.name} has no {language} block"
    return found.group(1)


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [*re.findall(r"\]\(([^)#]+)\)", text), *re.findall(r'src="([^"]+)"', text)]
    assert [t for t in targets if not t.startswith("https://") and not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_no_index_host_and_no_path_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"pypi|index-url|pythonhosted|/home/|/root/|/work/|/tmp/|C:\\\\", text) == []


def test_every_package_says_what_it_owns() -> None:
    packages = [path.parent for path in SOURCE.glob("*/__init__.py")]
    assert [path.name for path in packages if not (path / "README.md").is_file()] == []
    assert {path.parent.name for path in SOURCE.glob("*/README.md") if f"src/early_id/{path.parent.name}/README.md" not in README} == set()


def test_the_readme_is_short_and_its_pictures_are_small() -> None:
    assert len(README.splitlines()) <= 150
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 150_000] == []


def test_the_settings_of_the_readme_load(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(block(ROOT / "README.md", "yaml"), encoding="utf-8")
    assert eid.load_config(path).capacity.per_hub == 12


def test_the_shape_of_the_configs_page_loads(tmp_path: Path) -> None:
    from early_id.data.mapping import load_shapes
    from early_id.schema.tables import Tables

    path = tmp_path / "our_marks.yaml"
    path.write_text(block(ROOT / "configs" / "README.md", "yaml"), encoding="utf-8")
    assert load_shapes(Tables(), (path,))["our_marks"].table == "attendance"


def test_the_names_of_the_python_example_exist() -> None:
    tree = ast.parse(block(ROOT / "README.md", "python"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "eid"}
    assert len(used) > 5
    assert [name for name in sorted(used) if not hasattr(eid, name)] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_commands_exist(page: Path) -> None:
    from typer.main import get_command

    from early_id.cli.app import with_commands

    known = set(get_command(with_commands()).commands)  # type: ignore[attr-defined]
    used = set(re.findall(r"early-id ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert used <= known


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = {name for page in PAGES for name in re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8"))}
    assert [name for name in sorted(used) if f"\n{name}:" not in makefile] == []
