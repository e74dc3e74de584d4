"""What an error of linkage does to features: as much as the rows that went to the wrong child, for the children it is about and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from early_id.features import build_features
from early_id.features.catalogue import Catalogue, catalogue
from early_id.features.past import Past
from early_id.linkage import People, link

#: One that social care's records decide, and one that they do not.
CONTACTS, LATE = "contacts_count_365d", "late_share_90d"
PLANTED = 6


@pytest.fixture(scope="module")
def found(small_store: Any) -> tuple[Any, People, Any, pd.DataFrame, pd.Series]:
    """Store, links as found, day, what is built of them, and the contacts of the year before by record of social care."""
    store, day = small_store.store, small_store.cfg.as_of_dates[-1]
    people = link(store)
    rows = Past(store, people, day).frame("contacts")
    rows = rows[pd.to_datetime(rows["contact_on"]) >= pd.Timestamp(day) - pd.Timedelta(days=365)]
    return store, people, day, values(store, people, day, small_store.cfg), rows.groupby("source_person_id").size()


def values(store: Any, people: People, day: Any, cfg: Any) -> pd.DataFrame:
    """Features by child."""
    matrix = build_features(store, people, Catalogue((catalogue()[CONTACTS], catalogue()[LATE])), as_of=day, settings=cfg)
    return matrix.X.set_axis(matrix.index["child_id"].to_numpy(), axis=0)


def relinked(people: People, to: dict[str, str]) -> People:
    """The same links but for some records of social care, which belong to somebody else."""
    links = people.person_links
    mine = (links["source"] == "social_care") & links["source_person_id"].isin(to)
    return replace(people, person_links=links.assign(child_id=links["child_id"].mask(mine, links["source_person_id"].map(to))))


def records_of(people: People, counts: pd.Series, children: pd.Index) -> pd.Series:
    """Record of social care that holds contacts → its child, of children who have one such record and are looked at."""
    links = people.current().query("source == 'social_care'").set_index("source_person_id")["child_id"]
    held = links[links.index.isin(counts.index) & links.isin(children)]
    return held[~held.duplicated(keep=False)].sort_index()


def test_a_missed_link_takes_from_a_child_what_its_record_holds_and_a_wrong_one_gives_it_to_another(found: Any, small_store: Any) -> None:
    store, people, day, true, counts = found
    cfg, held = small_store.cfg, records_of(people, counts, true.index)
    assert len(held) >= 2 * PLANTED
    missed, wrong = held.iloc[:PLANTED], held.iloc[PLANTED : 2 * PLANTED]
    others = sorted(set(true.index) - set(held))[:PLANTED]
    made = relinked(people, {record: f"nobody {record}" for record in missed.index} | dict(zip(wrong.index, others, strict=True)))
    now = values(store, made, day, cfg)
    both = true.index.intersection(now.index)
    moved = (now.loc[both, CONTACTS] - true.loc[both, CONTACTS]).loc[lambda change: change != 0]
    expected = pd.concat([
        pd.Series(-counts[held.index[: 2 * PLANTED]].to_numpy(), index=held.iloc[: 2 * PLANTED].to_numpy()),
        pd.Series(counts[wrong.index].to_numpy(), index=others),
    ])  # fmt: skip
    assert moved.astype(int).sort_index().to_dict() == expected.astype(int).sort_index().to_dict()
    pd.testing.assert_series_equal(now.loc[both, LATE], true.loc[both, LATE])
    assert set(true.index) <= set(now.index)
