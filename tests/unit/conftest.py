"""Made-up councils that several test files read; none of them writes to one."""

from __future__ import annotations

from pathlib import Path

import pytest
from mess_files import SPOILT
from shapes_material import OF_RECORDS, Made, make_shaped, of_records

from early_id.data.synth import CouncilSummary, make_council


@pytest.fixture(scope="session")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 300 children in every shape, with every kind of mess with people and many protected addresses."""
    return make_shaped(tmp_path_factory.mktemp("shaped") / "council", "all")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Shapes of records without a fault."""
    return of_records(tmp_path_factory.mktemp("clean"), "none", OF_RECORDS)


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same with every kind of fault."""
    return of_records(tmp_path_factory.mktemp("messy"), "all", ("ssd", "cin_census", "police"))


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """Two blocks of children, made in this process, with two scenarios and all mess but that of who is who, which has tests of its own
    and shows in the same columns."""
    return make_council(**SPOILT, out=tmp_path_factory.mktemp("spoilt") / "council")
