"""Precision, recall and F1 with intervals, and for whom linking fails."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from early_id.core.errors import InputDataError, SettingsError
from early_id.linkage.by_group import linkage_by_group
from early_id.linkage.families import COLUMNS
from early_id.linkage.kin import kin_of
from early_id.linkage.people import People
from early_id.linkage.quality import quality_of_groups, quality_of_pairs


def test_quality_counts_pairs() -> None:
    quality = quality_of_groups([1, 1, 1, 2, 2, 3], ["a", "a", "b", "b", "c", "c"])
    assert (quality.right, quality.joined, quality.true) == (1, 4, 3)
    assert quality.precision.value == 1 / 4 and quality.recall.value == 1 / 3 and quality.f1.value == pytest.approx(2 / 7)
    same = quality_of_pairs([(2, 1), (3, 4)], [(1, 2), (5, 6)])
    assert (same.right, same.joined, same.true) == (1, 2, 2) and same.f1.value == pytest.approx(0.5)


def test_intervals_hold_the_value_and_are_wider_where_errors_come_together() -> None:
    people = np.repeat(np.arange(200), 5)
    spread = [f"{p}{'x' if p % 2 == 0 and n == 0 else ''}" for n, p in enumerate(people)]
    quality = quality_of_groups(spread, people)
    for part in (quality.precision, quality.recall, quality.f1):
        assert part.low <= part.value <= part.high
    whole = quality_of_groups(["joined" if p < 10 else str(p) for p in people], people)  # one heap of ten people
    scattered = quality_of_pairs([(p, 10_000 + p) for p in range(950)] + [(p, 20_000 + p) for p in range(50)], [(p, 10_000 + p) for p in range(950)])
    assert whole.precision.high - whole.precision.low > scattered.precision.high - scattered.precision.low


def test_no_pairs_at_all_gives_no_figure() -> None:
    quality = quality_of_groups([1, 2, 3], ["a", "b", "c"])
    assert np.isnan(quality.precision.value) and quality.precision.of == 0


def council(missed: dict[str, float], seed: int = 5) -> tuple[People, pd.DataFrame, pd.Series]:
    """600 children whom a school and a service hold; of each ethnic group a share is not joined."""
    rng = np.random.default_rng(seed)
    rows, links, truth = [], [], {}
    for n in range(600):
        group = ("WBRI", "BAFR", "AIND")[n % 3]
        lost = rng.random() < missed.get(group, 0.0)
        for source in ("school", "care"):
            rows.append({"source": source, "source_person_id": str(n), "ethnicity": group if source == "school" else None, "sex": "MF"[n % 2],
                         "birth_date": pd.Timestamp(2012, 1, 1), "known_from": pd.Timestamp(2024, 1, 1)})  # fmt: skip
            links.append({"source": source, "source_person_id": str(n), "child_id": f"C{n}{source if lost else ''}", "known_from": pd.Timestamp(1900, 1, 1),
                          "known_to": pd.NaT, "trust": 1.0})  # fmt: skip
            truth[source, str(n)] = n
    return People(pd.DataFrame(links), pd.DataFrame(columns=COLUMNS)), pd.DataFrame(rows), pd.Series(truth)


def test_a_group_that_is_missed_more_often_is_a_finding() -> None:
    people, pupils, truth = council({"WBRI": 0.02, "BAFR": 0.25, "AIND": 0.02})
    found = linkage_by_group(people, pupils, on=date(2025, 6, 1), truth=truth)
    rows = found.rows.set_index(["measure", "characteristic", "group"])
    assert rows.loc[("missed", "ethnicity", "BAFR"), "differs"] and rows.loc[("missed", "ethnicity", "BAFR"), "share"] > 0.15
    assert not rows.loc[("missed", "sex", "M"), "differs"]
    assert rows.loc[("joined", "source", "school"), "n"] == 600
    assert {item.where for item in found.findings} >= {"missed by ethnicity"} and found.findings.by_code().keys() == {"LNK013"}


def test_where_all_are_missed_alike_nothing_is_found() -> None:
    found = [linkage_by_group(*council(dict.fromkeys(("WBRI", "BAFR", "AIND"), 0.08), seed)[:2], on=date(2025, 6, 1),
                              truth=council({}, seed)[2]) for seed in range(8)]  # fmt: skip
    alarms = [any(item.where.startswith("missed") and "source" not in item.where for item in one.findings) for one in found]
    assert sum(alarms) <= 1


def test_a_birth_date_that_a_system_fills_in_gives_no_age_and_drops_nobody() -> None:
    """Every record of one service says 1 January 1900: its records would be of grown-ups, and so would the children that it was joined to."""
    people, pupils, _ = council({"WBRI": 0.5})
    days = pd.Timestamp(2012, 1, 1) + pd.to_timedelta(np.arange(len(pupils)), unit="D")
    pupils["birth_date"] = np.where(pupils["source"] == "care", pd.Timestamp(1900, 1, 1), days)
    pupils["birth_date"] = pd.to_datetime(pupils["birth_date"])
    rows = linkage_by_group(people, pupils.sort_values("source", ascending=False), on=date(2025, 6, 1)).rows.set_index(["characteristic", "group"])
    assert rows.loc[("source", "care"), "n"] == rows.loc[("source", "school"), "n"] == 600
    assert rows.loc[("source", "care"), "share"] == rows.loc[("source", "school"), "share"] < 0.9


def test_a_day_is_written_as_iso_has_it_and_an_unknown_child_is_said() -> None:
    people, _, _ = council({})
    for text in ("01/06/2024", "last week"):
        with pytest.raises(SettingsError, match="for sure"):
            people.family_on(text)  # type: ignore[arg-type]  # what a reader may try
        with pytest.raises(SettingsError, match="for sure"):
            people.families_on(text)  # type: ignore[arg-type]  # what a reader may try
    with pytest.raises(InputDataError, match="no child of this id") as caught:
        people.family_on(date(2024, 6, 1), child_id="P102621")
    assert "P102621" not in str(caught.value)
    assert people.family_on(date(2024, 6, 1), child_id="C1").empty


def test_nobody_is_a_relative_of_himself_under_an_id_given_up_since() -> None:
    """Two records at one property were two children then, and were joined in 2025."""
    link = {"known_from": pd.Timestamp(1900, 1, 1), "known_to": pd.NaT, "trust": 1.0}
    joined = pd.Timestamp(2025, 1, 1)
    links = pd.DataFrame(
        [
            {"source": "school", "source_person_id": "1", "child_id": "CA", **link},
            {"source": "care", "source_person_id": "1", "child_id": "CB", **link, "known_to": joined},
            {"source": "care", "source_person_id": "1", "child_id": "CA", **link, "known_from": joined},
            {"source": "school", "source_person_id": "2", "child_id": "CC", **link},
        ]
    )
    pupils = pd.DataFrame(
        [{"source": source, "source_person_id": number, "uprn": "100020003000", "surname": "Reed", "known_from": pd.Timestamp(2020, 1, 1), "known_to": pd.NaT}
         for source, number in (("school", "1"), ("care", "1"), ("school", "2"))]
    )  # fmt: skip
    people = People(links, pd.DataFrame(columns=COLUMNS), kin=kin_of(links, pupils, None))
    found = people.family_on(date(2024, 6, 1))
    assert set(zip(found["person_id"], found["relative_id"], strict=True)) == {("CA", "CC"), ("CC", "CA"), ("CB", "CC"), ("CC", "CB")}
    assert set(people.family_on(date(2025, 6, 1))["relative_id"]) == {"CA", "CC"}
