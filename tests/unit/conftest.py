"""Made-up councils that several test files read; none of them writes to one. Imported late, so that a test without them starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shapes_material import Made

    from early_id.data.synth import CouncilSummary


@pytest.fixture(scope="session")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 300 children in every shape, with every kind of mess with people and many protected addresses."""
    from shapes_material import make_shaped

    return make_shaped(tmp_path_factory.mktemp("shaped") / "council", "all")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Shapes of records without a fault."""
    from shapes_material import OF_RECORDS, of_records

    return of_records(tmp_path_factory.mktemp("clean"), "none", OF_RECORDS)


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same with every kind of fault."""
    from shapes_material import of_records

    return of_records(tmp_path_factory.mktemp("messy"), "all", ("ssd", "cin_census", "police"))


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """Two blocks of children, made in this process, with two scenarios.

    All mess but that of who is who, which has tests of its own and shows in the same columns.
    """
    from mess_files import SPOILT

    from early_id.data.synth import make_council

    return make_council(**SPOILT, out=tmp_path_factory.mktemp("spoilt") / "council")
