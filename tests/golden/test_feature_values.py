"""A value that changes needs a new version of its feature, and the changelog a line under "Meaning changed".

``feature_values.json`` holds, for each shipped feature, its version, the fingerprint of its meaning, and its values on a fixed small council. To accept a
change: raise ``version`` in the library, run with EARLY_ID_UPDATE_GOLDEN=1, and read the diff. A changed value under the old version is not accepted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feature_council import AS_OF, council

from early_id.core.calendar import usual_calendar
from early_id.features import catalogue
from early_id.features.build import build_at
from early_id.features.past import Past

PATH = Path(__file__).parent / "feature_values.json"
Held = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def found() -> Held:
    store, people, cohort = council()
    values = build_at(Past(store, people, AS_OF), cohort, catalogue(), calendar=usual_calendar()).values
    return {
        f.name: {
            "version": f.version,
            "meaning": f.meaning,
            "values": [None if np.isnan(v) else round(float(v), 12) for v in values[f.name]],
        }
        for f in catalogue()
    }


def not_declared(held: Held, found: Held) -> list[str]:
    """Features whose value or meaning is another than under the same version before."""
    return [
        name
        for name in sorted(set(held) & set(found))
        if found[name]["version"] <= held[name]["version"] and any(found[name][part] != held[name][part] for part in ("meaning", "values"))
    ]


def test_a_changed_value_needs_a_changed_version(found: Held) -> None:
    held: Held = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    changed = not_declared(held, found)
    assert not changed, f"raise the version of {', '.join(changed)}, and write under 'Meaning changed' in the changelog what moves"
    if os.environ.get("EARLY_ID_UPDATE_GOLDEN"):
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in sorted(found.items()))
        PATH.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    assert json.loads(PATH.read_text(encoding="utf-8")) == dict(sorted(found.items()))


def test_a_change_under_the_old_version_is_noticed(found: Held) -> None:
    name = "absence_share_90d"
    other_value = {name: {**found[name], "values": [*found[name]["values"][:-1], 0.123]}}
    other_meaning = {name: {**found[name], "meaning": "0"}}
    assert not_declared(other_value, found) == not_declared(other_meaning, found) == [name]
    assert not_declared({name: {**found[name], "version": 0, "meaning": "0"}}, found) == []


def test_the_fixed_council_brings_features_to_life(found: Held) -> None:
    known = [name for name, one in found.items() if any(value is not None for value in one["values"])]
    lively = [name for name, one in found.items() if any(value for value in one["values"])]
    assert set(known) == set(found)
    assert len(lively) >= 0.95 * len(found), sorted(set(found) - set(lively))
