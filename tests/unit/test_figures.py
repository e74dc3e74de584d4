"""The list of figures and the pages that quote them name each other, and no page gives a measured figure that has no command."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

#: A number with a unit in which something was measured.
MEASURED = re.compile(r"(?<![\w.])\d[\d.,]*\s?(KB|MB|GB|s|ms|seconds|minutes|log-odds)(?![\w-])")

#: Numbers with a unit that are rules of the package, not measurements.
RULES = (
    "each stays under 1 MB",
    "A theme counts from 0.05 log-odds on",
    "the test allows 2 s",
)

#: Pages below this folder name a command of their own beside each table: ``early-id synth --check`` and ``--oracle`` measure the made-up council,
#: ``make bench`` its size and time. Each takes too long for the list.
OF_ITS_OWN = "src/early_id/data/synth/"


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    import figures

    return figures


def test_every_figure_stands_on_its_page(figures: ModuleType) -> None:
    assert len({figure.id for figure in figures.FIGURES}) == len(figures.FIGURES)
    assert [figure.id for figure in figures.FIGURES if figures.find(figure) is None] == []


def test_every_figure_has_a_measure_or_a_command_that_exists_and_stands_on_its_page(figures: ModuleType) -> None:
    for figure in figures.FIGURES:
        assert bool(figure.measure) != bool(figure.command), figure.id
        if figure.command:
            assert figure.command in (ROOT / figure.where).read_text(encoding="utf-8"), figure.id
            assert (ROOT / figure.command.split()[-1]).is_file(), figure.id


def test_no_page_gives_a_measured_figure_that_is_not_on_the_list(figures: ModuleType) -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "src").rglob("README.md"), ROOT / "configs/README.md", ROOT / "models/README.md"]
    missing = []
    for page in pages:
        where = page.relative_to(ROOT).as_posix()
        if where.startswith(OF_ITS_OWN):
            continue
        text = figures.flat(page.read_text(encoding="utf-8"))
        spans = [found.span() for f in figures.FIGURES if f.where == where and (found := figures.find(f))]
        spans += [found.span() for rule in RULES for found in re.finditer(re.escape(rule), text)]
        for found in MEASURED.finditer(text):
            if not any(start <= found.start() and found.end() <= end for start, end in spans):
                missing.append(f"{where}: …{text[max(0, found.start() - 60) : found.end() + 10]}…")
    assert not missing


@pytest.mark.parametrize(
    ("said", "measured", "agrees"),
    [("0.005", 0.00497, True), ("0.009", 0.005, False), ("4,900", 4900.0, True), ("0", 0.3, True), ("0", 0.7, False), ("12", 14.5, False)],
)
def test_agreement_is_to_the_last_place_shown_or_a_ratio(figures: ModuleType, said: str, measured: float, agrees: bool) -> None:
    assert figures.agree((said,), (measured,), 1.15) is agrees
    assert not figures.agree((said, said), (measured,), 1.15)
