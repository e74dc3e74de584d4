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


TESTS = Path(__file__).parent
#: Files that take longest, the longest first: begun last, one of them would leave every other core idle.
DEAREST = (
    "notebooks/test_notebooks.py", "contract/test_main_job.py", "contract/test_spark.py", "recovery/test_features_leaks.py", "real/test_oulad.py",
    "contract/test_models_commands.py", "recovery/test_models_verdicts.py", "contract/test_loop.py", "property/test_features_twin.py",
    "contract/test_due.py", "unit/test_rights.py", "unit/test_report_governance.py", "contract/test_store_safety.py", "real/test_oulad_models.py",
    "recovery/test_models_truth.py", "recovery/test_models_recovery.py", "unit/test_followup.py", "unit/test_feedback.py",
    "contract/test_no_statutory.py", "recovery/test_synth_draw.py", "unit/test_workflow_verdict.py",
)  # fmt: skip
TURN = {TESTS / name: turn for turn, name in enumerate(DEAREST)}


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # pytest-xdist would begin with the files of most tests, which are not those that take longest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: TURN.get(item.path, len(TURN)))


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
