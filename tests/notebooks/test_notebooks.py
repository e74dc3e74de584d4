"""Every notebook runs from top to bottom in an empty folder, and is stored without output.

In the normal run those that make a council make a smaller one and look at it on fewer dates; ``make nightly`` runs every notebook as it stands.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: Seconds for one cell on a busy machine; a notebook as a whole is meant to take under 90 s on two free cores.
PATIENCE = 600

AS_IT_STANDS = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1")) > 1
LESS = '"training.families_folds=2", "training.refits_to_show=0", "training.sharing_cost=false"'
DATES = '"as_of.dates=[2024-03-18, 2024-11-11, 2025-03-17]"'
FEWER = {"load_config(made.config)": f'load_config(made.config, overrides=[{DATES}, "training.resamples=50", {LESS}])'}
UNSHOWN = {'"training.tracking=false"': f'"training.tracking=false", "training.labels=false", {LESS}'}
#: What stands in a notebook → what the normal run puts there.
SMALLER: dict[str, dict[str, str]] = {
    "01_first_look": {"children=800": "children=300", **FEWER},
    "03_linkage": {"children=500": "children=300"},
    "04_features": {"children=600": "children=300", **FEWER},
    "05_train": {"children=1000": "children=300", **FEWER},
    "07_explain": {"children=500": "children=300", **UNSHOWN},
    "08_lists": {"children=500": "children=300", **UNSHOWN},
    "09_learning": {'"training.resamples=50"': f'"training.resamples=50", "training.labels=false", {LESS}'},
}


def named(notebooks: list[Path]) -> list[str]:
    return [path.stem for path in notebooks]


def cells(path: Path, kind: str) -> list[dict[str, object]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named(NOTEBOOKS))
def test_stored_without_output(path: Path) -> None:
    left = [n for n, cell in enumerate(cells(path, "code"), 1) if cell["outputs"] or cell["execution_count"] is not None]
    assert not left, f"code cells {left} of {path.name} hold output: clear it before you save"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named(NOTEBOOKS))
def test_no_logic_of_its_own(path: Path) -> None:
    """What a notebook needs belongs in the package, where it is tested."""
    source = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))  # type: ignore[arg-type]
    for word in ("def ", "class ", "for ", "while ", "lambda "):
        assert not any(line.lstrip().startswith(word) or f" {word}" in line for line in source.splitlines()), word


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named(NOTEBOOKS))
def test_words(path: Path) -> None:
    from early_id.present.wording import check_words

    assert check_words("\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))) == ()  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")  # its own use of an old interface; the kernel is another process
@pytest.mark.parametrize("path", NOTEBOOKS, ids=named(NOTEBOOKS))
def test_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.environ.get("EARLY_ID_REQUIRE_TOOLS") != "1":
        pytest.importorskip("nbclient", reason="nbclient is not installed, so notebooks were not run: pip install 'early-id[notebooks]'")
        pytest.importorskip("ipykernel", reason="ipykernel is not installed, so notebooks were not run: pip install 'early-id[notebooks]'")
    import nbformat
    from nbclient import NotebookClient

    (tmp_path / "made").mkdir()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "made"))  # what a notebook makes goes away with the test
    before = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    if not AS_IT_STANDS:
        for old, new in SMALLER.get(path.stem, {}).items():
            first = next(cell for cell in notebook.cells if cell.cell_type == "code")
            assert old in first.source, f"{path.name} does not say {old!r} in its first cell any more"
            first.source = first.source.replace(old, new)
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    told = [
        out.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if out.output_type == "stream" and out.name == "stderr"
    ]
    assert not [text for text in told if "Warning" in text]
    assert path.read_bytes() == before
