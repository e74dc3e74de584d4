"""Missed chances: for children who later reached a statutory threshold, which signs stood on record when, and from which date a list would have held them.

This looks back to learn, not to blame: beside every sign stands how many children with the same sign on the same day never came that far. A sign that most
families carry without ever needing anything is no missed chance by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.core.types import Direction, SharingClass
from early_id.explain.wording import theme_title
from early_id.features.cohort import REASONS
from early_id.features.declare import Feature
from early_id.features.past import Past

ENTRY = ("CLA", "CPP", "COURT", "S47", "CIN")
#: Whose records a sign stands in: a route, never a named school or team.
ROUTES: Mapping[SharingClass, str] = {
    SharingClass.SCHOOL: "school", SharingClass.EDUCATION: "council education", SharingClass.SOCIAL_CARE: "children's services and early help",
    SharingClass.POLICE: "police", SharingClass.HEALTH: "health", SharingClass.HOUSING_FINANCE: "housing and benefits",
}  # fmt: skip
LISTED, BELOW, NO_MODEL, NO_SOURCE, NOT_HERE, UNLINKED = (
    "held by the list", "below the places of the list", "no list could be made yet: too few outcomes were known to teach a model", "source missing: no record of a school covered the child", "not on a roll or not of an age for lists", "not linked: no record of the child was known under a number that joins it",
)  # fmt: skip
#: A share counts as a sign where it is among the highest so many of the cohort on the date.
NOTABLE = 0.9
_KINDS = ("count", "any_", "current", "total", "weeks", "different")


@dataclass(frozen=True, repr=False)
class Missed:
    """What was found.

    ``children``: child_id, family_id, entered_on, status, held_on (first date on which the list would have held the child, empty: never), days_earlier.
    ``standing``: child_id, as_of, why: what the list would have done on each date before. ``signs``: child_id, as_of, feature, label, route, newest_on.
    A sign is a theme of features in the records of one route (``feature``, ``label``, ``route``). ``base``: sign and as_of → children with it, and how many
    of them never reached a threshold by ``known_until``.
    """

    day: date
    dates: tuple[date, ...]
    children: pd.DataFrame = field(repr=False)
    standing: pd.DataFrame = field(repr=False)
    signs: pd.DataFrame = field(repr=False)
    base: pd.DataFrame = field(repr=False)
    known_until: date
    without: frozenset[pd.Timestamp] = frozenset()  #: dates on which no list was made, and none could have been

    def __repr__(self) -> str:
        held = int(self.children["held_on"].notna().sum())
        return f"Missed({len(self.children):,} children who reached a statutory threshold, {held:,} of them held by a list before)"

    def totals(self) -> pd.DataFrame:
        """One row a route and sign: children, families, median days before the threshold, children with the sign on any date, share of them never escalated."""
        if self.signs.empty:
            return pd.DataFrame(columns=["route", "label", "children", "days", "with_sign", "never", "effect"])
        first = self.signs.sort_values("as_of").drop_duplicates(["child_id", "feature"])
        first = first.merge(self.children[["child_id", "entered_on"]], on="child_id")
        first["days"] = (first["entered_on"] - first["as_of"]).dt.days
        found = first.groupby(["route", "label", "feature"]).agg(children=("child_id", "nunique"), days=("days", "median")).reset_index()
        # Of the date with most children, so that a child is counted once.
        fullest = self.base.sort_values("with_sign").drop_duplicates("feature", keep="last").set_index("feature")
        found = found.merge(fullest[["with_sign", "never"]], left_on="feature", right_index=True, how="left")
        return found.sort_values(["route", "children", "label"], ascending=[True, False, True]).reset_index(drop=True)

    def reasons(self) -> pd.Series:
        """What the list would have done at the last date before the threshold: words → children."""
        last = self.standing.sort_values("as_of").drop_duplicates("child_id", keep="last")
        return last["why"].value_counts()


def thresholds(past: Past, since: date) -> pd.DataFrame:
    """Children who reached a statutory threshold from ``since`` on and had been at none in the two years before: child_id, entered_on, status."""
    rows = past.frame("statutory")
    rows = rows[rows["status"].isin(ENTRY)].assign(on=lambda f: pd.to_datetime(f["start_on"])).sort_values(["child_id", "on"])
    # The latest end of all that began before; what has no end goes on.
    ends = pd.to_datetime(rows["end_on"]).fillna(pd.Timestamp.max.normalize()).astype("datetime64[ns]")
    last_end = ends.groupby(rows["child_id"]).cummax().groupby(rows["child_id"]).shift()
    rows = rows[last_end.isna() | (last_end < rows["on"] - pd.DateOffset(years=2))]
    new = rows[rows["on"] >= pd.Timestamp(since)].drop_duplicates("child_id")
    return new.rename(columns={"on": "entered_on"})[["child_id", "entered_on", "status"]].reset_index(drop=True)


def missed_chances(
    past: Past, children: pd.DataFrame, values: pd.DataFrame, newest: pd.DataFrame, index: pd.DataFrame, excluded: pd.DataFrame,
    held: pd.DataFrame, features: tuple[Feature, ...], *, known_until: date, without: Collection[pd.Timestamp] = (),
) -> Missed:  # fmt: skip
    """Put it together.

    Parameters
    ----------
    past : Past
        On the day of looking back.
    children : DataFrame
        As :func:`thresholds` gives them.
    values, newest, index, excluded
        Of the matrix of the dates looked at.
    held : DataFrame
        child_id and as_of of those whom the list held, or would have held by what was known then.
    without : collection of Timestamp
        Dates on which there was no list and none could have been made.
    """
    dates = tuple(sorted(pd.to_datetime(index["as_of"]).dt.date.unique()))
    of_school = [f.name for f in features if f.sharing is SharingClass.SCHOOL and f.name in values]
    bare = values[of_school].isna().all(axis=1) if of_school else pd.Series(False, index=values.index)
    standing = _standing(past, children, index, excluded, held, bare, frozenset(without))
    signs, base = _signs(past, children, values, newest, index, features, known_until)
    first = standing[standing["why"] == LISTED].groupby("child_id")["as_of"].min()
    families = past.families().set_index("child_id")["family_id"]
    children = children.assign(held_on=pd.to_datetime(children["child_id"].map(first.to_dict())))
    children["days_earlier"] = (children["entered_on"] - children["held_on"]).dt.days
    children["family_id"] = children["child_id"].map(families).where(lambda s: s.notna(), past.people.own_family(children["child_id"]))
    return Missed(past.as_of, dates, children, standing, signs, base, known_until, frozenset(without))


def _standing(
    past: Past,
    children: pd.DataFrame,
    index: pd.DataFrame,
    excluded: pd.DataFrame,
    held: pd.DataFrame,
    bare: pd.Series,
    without: frozenset[pd.Timestamp],
) -> pd.DataFrame:
    """What the list would have done with each child on each date before the threshold; ``bare`` rows hold nothing from a school."""
    dates = sorted(pd.to_datetime(index["as_of"]).unique())
    linked = past.people.person_links.groupby("child_id")["known_from"].min()
    in_cohort = dict(zip(zip(index["child_id"], pd.to_datetime(index["as_of"]), strict=True), bare.reindex(index.index), strict=True))
    on_list = set(zip(held["child_id"], pd.to_datetime(held["as_of"]), strict=True))
    everywhere = excluded[excluded["audiences"].isin(["all"])]
    gone = dict(zip(zip(everywhere["child_id"], pd.to_datetime(everywhere["as_of"]), strict=True), everywhere["reason"], strict=True))
    rows = []
    for child, entered in zip(children["child_id"], children["entered_on"], strict=True):
        for moment in (d for d in dates if d <= entered):
            key = (child, moment)
            if key in on_list:
                why = LISTED
            elif key in gone:
                why = f"taken out: {REASONS.get(gone[key], gone[key])}"
            elif key in in_cohort:
                why = NO_SOURCE if in_cohort[key] else NO_MODEL if moment in without else BELOW
            else:
                known = linked.get(child)
                why = UNLINKED if known is None or known >= moment else NOT_HERE
            rows.append((child, moment, why))
    return pd.DataFrame(rows, columns=["child_id", "as_of", "why"])


def _signs(
    past: Past,
    children: pd.DataFrame,
    values: pd.DataFrame,
    newest: pd.DataFrame,
    index: pd.DataFrame,
    features: tuple[Feature, ...],
    known_until: date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Signs of each child on each date before the threshold, and of all children with the same sign how many never came that far."""
    rows = past.frame("statutory")
    reached = rows[rows["status"].isin(ENTRY)].assign(on=lambda f: pd.to_datetime(f["start_on"]))
    as_of = pd.to_datetime(index["as_of"])
    later = index[["child_id"]].assign(as_of=as_of, row=index.index).merge(reached[["child_id", "on"]], on="child_id")
    escalated = set(later.loc[(later["on"] >= later["as_of"]) & (later["on"] < pd.Timestamp(known_until)), "row"])
    ever = pd.Series(index.index.isin(escalated), index=index.index)
    entered = pd.to_datetime(index["child_id"].map(dict(zip(children["child_id"], children["entered_on"], strict=True))))
    mine = as_of <= entered  # a date that is missing is not later than any
    by_sign: dict[tuple[str, str], list[Feature]] = {}
    for feature in features:
        if feature.direction is Direction.RAISES and feature.name in values:
            by_sign.setdefault((ROUTES.get(feature.sharing, "another service"), theme_title(feature.theme)), []).append(feature)
    found, base = [], []
    for (route, title), own in by_sign.items():
        present = pd.concat([_present(values[f.name], as_of, f) for f in own], axis=1)
        present.columns = pd.Index([f.name for f in own])
        either, name = present.any(axis=1), f"{route}: {title}"
        for moment, rows_then in either.groupby(as_of):
            with_sign = rows_then[rows_then].index
            base.append((name, moment, len(with_sign), int((~ever[with_sign]).sum())))
        dates = newest.reindex(columns=present.columns)[either & mine].apply(pd.to_datetime).where(present[either & mine]).max(axis=1)
        found += [(index.at[key, "child_id"], as_of[key], name, title, route, when) for key, when in dates.items()]
    signs = pd.DataFrame(found, columns=["child_id", "as_of", "feature", "label", "route", "newest_on"])
    return signs, pd.DataFrame(base, columns=["feature", "as_of", "with_sign", "never"])


def _present(values: pd.Series, as_of: pd.Series, feature: Feature) -> pd.Series:
    """Whether the value is a sign: an event, whenever there was one; of marks, shares and durations the highest tenth of the date, and above 0."""
    known = values.where(values.notna(), 0.0)
    if feature.measure.kind in _KINDS and feature.source != "attendance":
        return known > 0
    edge = values.groupby(as_of).transform(lambda own: own.quantile(NOTABLE))
    return (known > 0) & (known >= edge)
