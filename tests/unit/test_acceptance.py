"""Final verdict and approval."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from early_id.acceptance.approval import approval_status, check_approval
from early_id.acceptance.verdict import final_verdict
from early_id.core.errors import PolicyError, SettingsError
from early_id.present.wording import MADE_UP


def audit(*verdicts: str) -> SimpleNamespace:
    names = ["sex", "fsm", "sen"][: len(verdicts)]
    return SimpleNamespace(summary=pd.DataFrame({"characteristic": names, "verdict": list(verdicts)}))


def trial(verdict: str) -> SimpleNamespace:
    return SimpleNamespace(verdict=verdict, reasons=("because",))


def test_a_gap_without_a_written_response_takes_readiness_back() -> None:
    final = final_verdict(trial("ready for approval"), audit("gap found", "cannot tell"))
    assert final.verdict == "not ready"
    assert "sex" in final.reasons[0]
    assert not final.is_ready
    answered = final_verdict(trial("ready for approval"), audit("gap found"), responses=["sex"])
    assert answered.is_ready and "a written response is on record" in answered.reasons[0], "a gap that was answered is still said"


def test_a_response_to_something_that_was_not_looked_at_is_refused() -> None:
    with pytest.raises(SettingsError, match="sexx"):
        final_verdict(trial("ready for approval"), audit("gap found"), responses=["sexx"])


def test_no_gap_leaves_the_verdict_and_an_audit_never_makes_a_model_ready() -> None:
    assert final_verdict(trial("ready for approval"), audit("cannot tell", "no gap found")).is_ready
    kept = final_verdict(trial("cannot tell"), audit("no gap found")).to_json()
    assert (kept["verdict"], kept["reasons"]) == ("cannot tell", ["because"])


def test_without_an_audit_nothing_is_ready() -> None:
    assert final_verdict(trial("ready for approval"), None).verdict == "not ready"


def test_demonstration_holds_for_made_up_data_only() -> None:
    status = check_approval("demonstration", store_made_up=True)
    assert status.is_approved
    assert status.watermark == MADE_UP
    with pytest.raises(PolicyError, match="not made up") as caught:
        check_approval("demonstration", store_made_up=False)
    assert caught.value.exit_code == 4
    assert approval_status("demonstration", store_made_up=False).watermark is None


@pytest.mark.parametrize("approval", [None, "", "board 12 May", "Demonstration"])
def test_anything_else_is_no_approval(approval: str | None) -> None:
    with pytest.raises(PolicyError, match="Lists are not written"):
        check_approval(approval, store_made_up=True)
    assert approval_status(approval, store_made_up=True).to_json()["approved"] is False
