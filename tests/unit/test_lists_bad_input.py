"""What is refused as settings are opened, before anything is read: what an audience may see, and what is on offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from early_id.config.load import load_config, shipped
from early_id.config.settings import Config
from early_id.core.errors import SettingsError
from early_id.screening.offer import check_offer, nearest_hub, services_for
from early_id.workflow.refusals import check_sharing
from early_id.workflow.steps import open_bench


def opened(folder: Path, text: str) -> Config:
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "config.yaml")


def test_an_audience_that_the_sharing_file_does_not_name_may_see_nothing(tmp_path: Path) -> None:
    cfg = opened(tmp_path, "sharing: {school_lead: [SCHOOL]}\n")
    with pytest.raises(SettingsError, match="audience 'hub_lead' may see nothing") as refused:
        open_bench(cfg)
    assert "Audiences that are there: school_lead" in str(refused.value) and refused.value.exit_code == 2
    check_sharing(cfg, ["school_lead"])
    with pytest.raises(SettingsError, match="sharing"):
        opened(tmp_path, "sharing: {head_teacher: [SCHOOL]}\n")
    with pytest.raises(SettingsError, match="school's own records only"):
        opened(tmp_path, "sharing: {school_lead: [SCHOOL, HEALTH]}\n")


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        ("{atendance: [{name: Club}]}", "no theme named 'atendance'"),
        ("{general: [{how: come along}]}", "has no name"),
        ("{general: [{name: Club, wating: two weeks}]}", "no detail of a service named 'wating'"),
        ("{hubs: [{name: North}]}", "does not say which one it is"),
    ],
)
def test_an_offer_that_cannot_be_followed_is_refused_before_anything_is_read(tmp_path: Path, offer: str, message: str) -> None:
    cfg = opened(tmp_path, f"sharing: {{school_lead: [SCHOOL], hub_lead: [SCHOOL]}}\noffer: {offer}\n")
    with pytest.raises(SettingsError, match=message):
        open_bench(cfg)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml"]


@pytest.mark.parametrize("setting", ["capacity: {per_school: 0}", "screening: {cool_off_days: -1}", "schedule: {every_days: 0}"])
def test_a_capacity_of_nought_and_impossible_spans_are_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(SettingsError, match=setting.split(":")[0]):
        opened(tmp_path, setting + "\n")


def test_waiting_times_and_the_nearest_hub_reach_the_sheet() -> None:
    offer = {
        "attendance": [{"name": "Support", "how": "Ask.", "where": "In school.", "waiting": "two weeks"}],
        "hubs": [{"hub": "H1", "name": "North hub", "where": "12 High Street", "how": "Open to all on Tuesdays.", "waiting": "none"}],
    }
    check_offer(offer)
    assert services_for(["attendance"], offer)[0]["waiting"] == "two weeks"
    assert nearest_hub("H1", "North", offer) == "Nearest hub: North hub, 12 High Street. Open to all on Tuesdays. Waiting time: none."
    assert nearest_hub("H2", "River", offer) == "Nearest hub: River hub." and nearest_hub("", "", offer) == ""
    check_offer(shipped("offer.yaml"))
