"""Linkage on published data sets of invented people, whose truth is known and not used."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("EARLY_ID_SHARED", ROOT.parent / "shared")) / "data" / "linkage"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="fake_1000 and FEBRL are not here; EARLY_ID_SHARED names their folder")


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    import linkage_figures

    return linkage_figures


def test_fake_1000_is_level_with_splinks_own_demonstration_or_better(figures: ModuleType) -> None:
    frame = figures.fake_1000(DATA)
    ours = figures.by_model(frame, figures.FAKE, at=figures.AT_FAKE)
    demonstration = figures.by_model(frame, figures.FAKE_DEMONSTRATION, at=figures.AT_FAKE)
    print(f"ours: {ours}\ndemonstration: {demonstration}")
    assert ours.true == 2031  # as many as the labels that come with it name
    assert ours.precision.value >= 0.95 and ours.recall.value >= 0.65
    assert ours.recall.value >= demonstration.recall.value and ours.f1.value >= demonstration.f1.value


@pytest.mark.parametrize(("number", "pairs"), [(1, 500), (2, 1934), (3, 6538)])
def test_febrl(figures: ModuleType, number: int, pairs: int) -> None:
    quality = figures.by_model(figures.febrl(DATA, number), figures.FEBRL, at=0.0)
    print(f"FEBRL {number}: {quality}")
    assert quality.true == pairs and quality.f1.value >= 0.95
