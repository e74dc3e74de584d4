"""Whether the records of statutory services reach the date of the lists; where they do not, the steps refuse."""

from __future__ import annotations

from datetime import date

import pytest
from features_material import AS_OF, ago, people, store

from early_id.config.settings import FeatureSettings
from early_id.core.errors import PolicyError
from early_id.features.statutory import statutory_gap

WHO = people({"Ann": "F1"})
ROW = {"child": "Ann", "status": "CIN", "start_on": ago(400)}


def test_records_that_reach_the_date_are_enough() -> None:
    made = store({"statutory": [ROW]}, covers=[("social_care", "statutory", None, ago(62)), ("education", "statutory", None, ago(62))])
    assert statutory_gap(made, WHO, AS_OF, FeatureSettings()) is None


@pytest.mark.parametrize("held", [None, []], ids=["no table", "no rows"])
def test_nothing_held_is_a_gap(held: list | None) -> None:
    made = store({"pupils": [], **({} if held is None else {"statutory": held})})
    gap = statutory_gap(made, WHO, AS_OF, FeatureSettings())
    assert gap is not None and gap.last is None and "No records of children open" in gap.text


def test_rows_that_were_not_known_by_the_date_are_none() -> None:
    made = store({"statutory": [{**ROW, "known_from": ago(-5)}]})
    gap = statutory_gap(made, WHO, AS_OF, FeatureSettings())
    assert gap is not None and gap.last is None


def test_records_that_end_long_before_are_a_gap_and_the_refusal_says_from_when_to_send() -> None:
    made = store({"statutory": [ROW]}, covers=[("education", "statutory", None, ago(63))])
    gap = statutory_gap(made, WHO, AS_OF, FeatureSettings())
    assert gap is not None and gap.last == ago(63) and "more than 62 days" in gap.text
    with pytest.raises(PolicyError) as refused:
        gap.refuse()
    assert refused.value.exit_code == 4
    assert "received on 2025-01-16 or later" in str(refused.value) and "table 'statutory' on 2025-03-19" in str(refused.value)
    assert statutory_gap(made, WHO, AS_OF, FeatureSettings(covered_within_days=63)) is None


def test_a_source_that_sent_no_rows_does_not_stand_in_for_one_that_did() -> None:
    made = store({"statutory": [ROW]}, covers=[("education", "statutory", None, ago(300)), ("police", "statutory", None, date(2035, 1, 1))])
    gap = statutory_gap(made, WHO, AS_OF, FeatureSettings())
    assert gap is not None and gap.last == ago(300)
