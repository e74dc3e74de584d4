"""A folder of files about people is closed before anything is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from early_id.core.folders import own_folder


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_a_folder_is_closed_as_it_is_made_and_made_again_without_harm(tmp_path: Path) -> None:
    for _ in range(2):
        own_folder(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
