"""An audit of a large council stays a matter of seconds. Run with ``-s`` to see the figure."""

import time

import numpy as np
import pandas as pd

from early_id.audit.fairness import audit_rows
from early_id.audit.measures import Scored
from early_id.config.settings import AuditSettings


def test_100_000_children_by_eight_characteristics() -> None:
    rng = np.random.default_rng(1)
    n = 100_000
    family = rng.integers(0, 60_000, n)
    scored = Scored((rng.random(n) < 0.05).astype(float), (rng.random(n) < 0.08).astype(float), rng.random(n), family, 60_000)
    groups = pd.DataFrame({f"c{i}": rng.integers(0, 6, n).astype(str) for i in range(8)})
    rules = AuditSettings(characteristics={name: name for name in groups})
    started = time.process_time()
    result = audit_rows(scored, groups, rules, meta={})
    took = time.process_time() - started
    print(f"100,000 children, 8 characteristics of 6 groups, {len(result.rows)} rows: {took:.1f} s")
    assert took < 15.0
