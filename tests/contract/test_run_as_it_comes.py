"""The main job with the settings that come with it: fifty refits, models of the other labels, what the sharing rule costs. Minutes, and so for the nightly run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from early_id.config.load import load_config
from early_id.data.synth import make_council
from early_id.workflow.run import run


def test_a_run_with_nothing_left_out_shows_how_steady_lists_are_and_what_hangs_on_the_label(tmp_path: Path) -> None:
    if int(os.environ.get("EARLY_ID_RUN_FACTOR", "1")) == 1:
        pytest.skip("a few minutes: in the nightly run")
    folder = make_council(1200, 7, tmp_path / "council").folder
    result = run(load_config(folder / "config.yaml"))
    assert set(result.audiences) == {"school_lead", "hub_lead"}
    for audience in result.audiences:
        kept = json.loads((folder / "out" / "trained" / f"{audience}.json").read_text(encoding="utf-8"))
        further = kept["contents"]["card.json"]["further"]
        assert further["stability"]["refits"] == 50
        assert further["labels"]["table"] and further["labels"]["warning"]
        assert further["sharing"]  # of hubs, that they see all
