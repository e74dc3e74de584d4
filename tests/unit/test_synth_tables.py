"""Published tables that the made-up council is held against: what is published is told apart from what is assumed."""

from __future__ import annotations

import pandas as pd
import pytest

from early_id.data.synth.check import events
from early_id.data.synth.population import people
from early_id.data.synth.rates import ethnic_percent, read_table

BLACK = ("BCRB", "BAFR", "BOTH")


def test_published_percents_are_those_of_the_headcounts() -> None:
    table = read_table("ethnic_groups_2024_25.csv")
    known = table[table["basis"] == "published"]
    assert len(known) == 13 and set(table["code"]) == {code for code, _, _ in people.ETHNICITY}
    assert table["percent"].sum() == pytest.approx(100)
    # One number of pupils fits every headcount and its percent, which has one decimal.
    least, most = (known["headcount"] / (known["percent"] + shift) * 100 for shift in (0.05, -0.05))
    assert least.max() < most.min()


def test_a_share_that_is_assumed_is_not_given_as_published() -> None:
    assert ethnic_percent(BLACK) == pytest.approx(6.9)
    with pytest.raises(KeyError, match="WBRI"):
        ethnic_percent(("WBRI", "AIND"))


def test_the_check_takes_ethnic_groups_from_the_table_not_from_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that drew half as many Black children would be held against the same published share."""
    halved = tuple((code, share / 2 if code in BLACK else share, other) for code, share, other in people.ETHNICITY)
    monkeypatch.setattr(people, "ETHNICITY", halved)
    monkeypatch.setattr(events, "ETHNICITY", halved, raising=False)
    shown = pd.Series({figure.name: figure.published for figure in events.event_figures()})
    assert shown["ethnic group Black, %"] == pytest.approx(6.9)
