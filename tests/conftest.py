"""What several test files share: a small made-up council, and a store that has taken it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.data.ingest import Batch
    from early_id.data.store import Store
    from early_id.data.synth import CouncilSummary


@dataclass(frozen=True)
class SmallStore:
    """Settings, store and batch of the small council. Tests read it; none of them writes to it."""

    cfg: Config
    store: Store
    batch: Batch


@pytest.fixture(scope="session")
def small_council(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """300 made-up children, seed 7. Read only: copy the folder before changing it."""
    from early_id.data.synth import make_council

    return make_council(300, 7, tmp_path_factory.mktemp("small") / "council")


@pytest.fixture(scope="session")
def small_store(small_council: CouncilSummary, tmp_path_factory: pytest.TempPathFactory) -> SmallStore:
    """The small council taken into a store. Read only."""
    from early_id.config.load import load_config
    from early_id.data.store import Store

    cfg = load_config(small_council.config, out=Path(tmp_path_factory.mktemp("small_out")))
    store = Store.open(cfg)
    return SmallStore(cfg, store, store.ingest(cfg=cfg))
