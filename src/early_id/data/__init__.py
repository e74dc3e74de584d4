"""Engine, readers, ingest, checks, the store, and the made-up council."""

from early_id.data.ingest import Batch
from early_id.data.store import Store

__all__ = ["Batch", "Store"]
