"""Lists at the size of a council, in a process of its own: seconds and the most memory it took.

python tests/benchmarks/lists_speed.py sheets 5000
python tests/benchmarks/lists_speed.py lists 100000
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import numpy as np
from explain_fixtures import people_of, shipped_matrix, shipped_model

SCHOOLS, HUBS, PER_SCHOOL, PER_HUB = 300, 20, 5, 15


def sheets(n: int) -> dict[str, float]:
    """Explain ``n`` children and make a printable sheet of each."""
    from early_id.explain.explanations import explain_scores
    from early_id.explain.page import sheet_body

    matrix = shipped_matrix(n)
    model = shipped_model(matrix)
    started = time.perf_counter()
    size = sum(len(sheet_body(e)) for e in explain_scores(model, matrix))
    return {"seconds": time.perf_counter() - started, "sheets": n, "characters": size}


def lists(n: int) -> dict[str, float]:
    """Lists of all schools and hubs from ``n`` children, written: choosing, explaining, workbooks, pages."""
    from early_id.screening.lists import screen
    from early_id.screening.write import write_lists

    matrix = shipped_matrix(n)
    rng = np.random.default_rng(1)
    school = rng.integers(0, SCHOOLS, n)
    family = matrix.index["family_id"].to_numpy()
    first = {name: school[i] for i, name in reversed(list(enumerate(family)))}
    school = np.where(rng.random(n) < 0.8, [first[name] for name in family], school)
    matrix = replace(matrix, index=matrix.index.assign(school_id=[f"s{i:03d}" for i in school], hub_id=[f"h{i % HUBS:02d}" for i in school]))
    people = people_of(matrix).assign(safe_contact=True)
    hub = shipped_model(matrix)
    own = shipped_model(matrix, "school_lead")
    started = time.perf_counter()
    made = screen(own, matrix, people_frame=people, capacity=PER_SCHOOL)
    chosen = time.perf_counter() - started
    made += screen(hub, matrix, people_frame=people, capacity=PER_HUB, beside=made)
    with tempfile.TemporaryDirectory() as folder:
        write_lists(made, folder)
        files = sum(path.is_file() for path in Path(folder).rglob("*"))
    families = sum(len(one.families) for one in made.lists)
    return {"seconds": time.perf_counter() - started, "schools_chosen_after": chosen, "lists": len(made.lists), "families": families, "files": files}


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    found = {"sheets": sheets, "lists": lists}[what](number)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**found, "processor_seconds": time.process_time(), "peak_gb": peak}))
