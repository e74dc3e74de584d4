"""Links over time: a person's id goes on through new batches, and what a linking finds is known from the day of that linking.

Kept is every link that was ever made, with the days between which it was known. So the links of any day can be read again, merges and splits are told,
and features of an earlier date see the links of that date. What is known is cut strictly (``known_from < as_of``), so a link that is found on a day is
written as known from the day before: an as-of date of that very day sees it, so that a record of social care that is joined today takes its child out of
today's list, and no earlier as-of date does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

import pandas as pd

from early_id.core.privacy import keyed_hash
from early_id.linkage.records import PERSON

COLUMNS = [*PERSON, "child_id", "known_from", "known_to", "trust"]
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """What one linking changed about people: two ids became one, or one became two."""

    on: str
    kind: Literal["merge", "split"]
    child_id: str  #: the id that went on
    other_id: str  #: the id that was given up (merge) or began (split)
    records: int  #: how many records changed their id


def found_on(day: pd.Timestamp) -> pd.Timestamp:
    """``known_from`` of what is found on a day: seen by as-of dates from that day on, and by none before it."""
    return day.normalize() - _DAY


def empty_links() -> pd.DataFrame:
    """No links yet."""
    dates = dict.fromkeys(("known_from", "known_to"), "datetime64[ns]")
    return pd.DataFrame(columns=COLUMNS).astype({**dates, "trust": "float64"})


@dataclass(frozen=True)
class History:
    """All links ever made, and what changed.

    Parameters
    ----------
    links : DataFrame
        As ``People.person_links``: one row a link, open ones with an empty ``known_to``.
    changes : tuple of Change
    waits : DataFrame or None
        Pairs that waited for a person, as ``waiting.carry_waits`` gives them; None where the last linking kept none.
    joins : DataFrame or None
        Pairs that the last linking joined, as ``standing.joins_of`` gives them; None where it kept none, and then nothing stands but by what is held now.
    """

    links: pd.DataFrame = field(default_factory=empty_links)
    changes: tuple[Change, ...] = ()
    waits: pd.DataFrame | None = None
    joins: pd.DataFrame | None = None

    def carry_on(
        self, now: pd.DataFrame, *, key: str, on: pd.Timestamp, received: pd.Timestamp | None = None, anew: bool = False
    ) -> tuple[pd.DataFrame, tuple[Change, ...]]:
        """The links of a new linking, under the ids that people had.

        Parameters
        ----------
        now : DataFrame
            Links as made today from the records alone: one row a record, ``known_from`` as a first linking would write it.
        key : str
            Secret under which a new id is made.
        on : Timestamp
            Today. What differs from before is known from this day (:func:`found_on`); rows that end were known until it.
        received : Timestamp, optional
            The day from which a record that is linked for the first time is known as its child's, also where the child is new; today where none is given.
        anew : bool
            As if nothing had been linked before, but for the ids: every record is known as its child's for as long as a first linking would say.

        Returns
        -------
        links : DataFrame
            All links, closed ones included; those that a linking anew did away with end as they begin, so that no date sees them and their ids stay on record.
        changes : tuple of Change
            What today changed.
        """
        closed = self.links[self.links["known_to"].notna()]
        before = self.links[self.links["known_to"].isna()]
        both = now.merge(before[[*PERSON, "child_id"]].rename(columns={"child_id": "was"}), on=PERSON, how="left")
        names = _names(both, self.links.groupby("child_id")["known_from"].min(), key=key, on=on)
        both["child_id"] = both["child_id"].map(names)
        stays = both["was"].notna() & (both["was"] == both["child_id"])
        moved = both["was"].notna() & ~stays
        kept = both.loc[stays, [*PERSON, "trust"]].merge(before.drop(columns="trust"), on=PERSON)
        # A record that is no longer sent keeps its link: its rows are still there.
        gone = before.merge(now[PERSON], on=PERSON, how="left", indicator=True)
        gone = gone[gone["_merge"] == "left_only"].drop(columns="_merge")
        ended = before.merge(both.loc[moved, PERSON], on=PERSON).assign(known_to=found_on(on))
        known = pd.Series(found_on(on), index=both.index).mask(both["was"].isna(), found_on(on if received is None else received))
        fresh = both.assign(known_from=known)[~stays]
        if anew:
            closed, ended = (part.assign(known_to=part["known_from"]) for part in (closed, ended))
            kept, fresh = kept.iloc[:0], both
        parts = [part[COLUMNS] for part in (closed, ended, kept, gone, fresh) if len(part)]
        links = pd.concat(parts, ignore_index=True).sort_values([*PERSON, "known_from"]).reset_index(drop=True)
        return links, _changes(both[moved], before, names, on)

    def on(self, day: pd.Timestamp) -> pd.DataFrame:
        """The links as they were known on a day."""
        links = self.links
        return links[(links["known_from"] < day) & (links["known_to"].isna() | (links["known_to"] >= day))]


def _names(both: pd.DataFrame, since: pd.Series, *, key: str, on: pd.Timestamp) -> dict[str, str]:
    """Id of today's group → the id that it goes on under.

    Every id that was goes to the group that has most of its records; a group that gets several keeps the one of most records, of as many the oldest.
    """
    votes = both.dropna(subset=["was"]).groupby(["was", "child_id"]).size().rename("n").reset_index()
    heirs = votes.sort_values(["was", "n", "child_id"], ascending=[True, False, True]).drop_duplicates("was")
    heirs = heirs.assign(since=heirs["was"].map(since))
    kept = heirs.sort_values(["child_id", "n", "since", "was"], ascending=[True, False, True, True]).drop_duplicates("child_id")
    names = dict(zip(kept["child_id"], kept["was"], strict=True))
    taken = set(votes["was"])
    for made in both["child_id"].unique():
        if made not in names:
            # The id that the records would give may be somebody's already, such as that of the person whom these were split from.
            names[made] = made if made not in taken else "C" + keyed_hash(f"{made}|{on.date()}", key)
    return names


def _changes(moved: pd.DataFrame, before: pd.DataFrame, names: dict[str, str], on: pd.Timestamp) -> tuple[Change, ...]:
    was = set(before["child_id"])
    found = []
    for (old, new), rows in moved.groupby(["was", "child_id"]):
        day = str(on.date())
        if new in was:
            found.append(Change(day, "merge", str(new), str(old), len(rows)))
        else:
            found.append(Change(day, "split", str(old), str(new), len(rows)))
    return tuple(found)


def changes_frame(changes: tuple[Change, ...]) -> pd.DataFrame:
    """on, kind, child_id, other_id, records."""
    return pd.DataFrame([asdict(item) for item in changes], columns=["on", "kind", "child_id", "other_id", "records"])
