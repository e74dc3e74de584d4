"""How long a drawn feature matrix takes. ``make bench`` prints the figures; nothing here is an assertion about time."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from early_id.data.synth import matrix


@pytest.mark.parametrize("rows", [500, 5_000, 25_000])
def test_draw_a_matrix(benchmark: Any, rows: int) -> None:
    matrix(rows, 0)  # the first draw of a process fits what holds in a large council
    seeds = count(1)
    drawn = benchmark.pedantic(lambda: matrix(rows, next(seeds)), rounds=10)
    assert len(drawn) == rows
