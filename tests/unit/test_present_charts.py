"""Charts: text kept, named, the same every time, honest about what is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from early_id.present import charts

ROWS = [
    {"label": "Asian or Asian British & several others", "value": 0.30, "low": 0.2, "high": 0.45},
    {"label": "White", "value": 0.5, "low": 0.48, "high": 0.52},
    {"label": "Not known", "value": None, "note": "too few to show"},
]
PAIRS = [{"label": "A", "first": 0.1, "second": 0.2}, {"label": "B", "first": None, "second": 0.1, "note": "too few to show"}]
WORDS = {"title": "Missed share", "desc": "It is highest in group A & lowest in B."}
ALL: dict[str, Callable[[], str]] = {
    "bars": lambda: charts.bars(ROWS, unit="percent", **WORDS),
    "paired": lambda: charts.paired_bars(PAIRS, names=("On the list", "Need"), **WORDS),
    "forest": lambda: charts.forest(ROWS, **WORDS),
    "points": lambda: charts.forest(ROWS, unit="points", zero_line=True, **WORDS),
    "lines": lambda: charts.lines({"model": [(0, 0), (10, 4)]}, x_label="x", y_label="y", **WORDS),
    "people": lambda: charts.people_strip(3, 10, **WORDS),
    "empty": lambda: charts.bars([], **WORDS),
}


@pytest.mark.parametrize("name", ALL)
def test_a_chart_is_one_well_formed_named_svg(name: str) -> None:
    svg = ALL[name]()
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and root.get("role") == "img"
    ids = {element.get("id"): element for element in root.iter() if element.get("id")}
    title, desc = (ids[part] for part in (root.get("aria-labelledby") or "").split())
    assert (title.text, desc.text) == (WORDS["title"], WORDS["desc"])
    assert "metadata" not in svg and "<?xml" not in svg


@pytest.mark.parametrize("name", ALL)
def test_a_chart_is_the_same_every_time(name: str) -> None:
    assert ALL[name]() == ALL[name]()


def test_two_charts_on_a_page_share_no_id() -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', ALL[name]())) for name in ("forest", "points")]
    assert not ids[0] & ids[1]


def test_every_local_reference_has_its_target() -> None:
    for name, draw in ALL.items():
        svg = draw()
        targets = set(re.findall(r'\bid="([^"]+)"', svg))
        used = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
        assert used <= targets, name


def test_text_stays_text_and_missing_values_are_said() -> None:
    svg = ALL["forest"]()
    assert "30%" in svg and "too few to show" in svg and "nan" not in svg
    assert ">Asian or Asian British &amp; several<" in svg and ">others<" in svg


def test_gaps_carry_their_sign_and_nought_does_not() -> None:
    svg = charts.forest([{"label": "A", "value": -0.1}, {"label": "B", "value": 0.0001}], unit="points", zero_line=True, **WORDS)
    assert ">−10<" in svg and ">0<" in svg and "+0" not in svg


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    assert "$5$ club" in charts.bars([{"label": "$5$ club", "value": 1}], **WORDS)


def test_a_strip_cannot_show_more_found_than_people() -> None:
    with pytest.raises(ValueError, match="no more found"):
        charts.people_strip(11, 10, **WORDS)


def test_importing_charts_does_not_import_matplotlib() -> None:
    names = "('matplotlib', 'xlsxwriter')"
    code = f"import sys, early_id.present.charts, early_id.present.workbook; print(*(n in sys.modules for n in {names}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert out.stdout.split() == ["False", "False"]


def test_long_labels_get_room_and_never_run_into_their_neighbours() -> None:
    short, long = (
        [{"label": label, "value": 1.0}] * 3
        for label in ("Sex", "A child of the household has early help or waits for an answer, and more words than fit")
    )
    heights = [float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', str(charts.bars(rows, title="t", desc="d"))).group(1)) for rows in (short, long)]  # type: ignore[union-attr]
    assert heights[1] - heights[0] > 3 * (3 * 11 + 2.8 - 23.1) - 1  # three lines of 11 points instead of a row of 23
