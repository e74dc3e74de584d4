"""Family by what case systems and schools say beside households: family groups, and the contacts that a school holds of a pupil.

A contact has no date of birth, so it is never made a person. It says what somebody is to the child who is known to belong to the child anyway and has the
contact's name; and pupils who share a contact share a parent or carer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from early_id.linkage.identifiers import is_placeholder
from early_id.linkage.records import plain_name

#: How far each kind of evidence can be trusted, from 0 to 1. No published figure is known (unconfirmed): the order is what counts.
TRUST = {
    "relationship": 0.98,
    "school contact": 0.97,
    "household": 0.95,
    "family group": 0.8,
    "same contact at school": 0.75,
    "address and surname": 0.7,
    "address": 0.4,
}
#: Relations of one generation up who bring a child up.
_ELDERS = frozenset({"mother", "father", "parent", "stepparent", "guardian", "special_guardian", "kinship_carer", "grandparent", "aunt", "uncle"})
#: Relations that make family, as sources name them.
FAMILY = _ELDERS | {"sibling", "brother", "sister", "half_sibling", "child", "other_relative"}
#: Relations that say that two people are no family, whatever else joins them. Anything else (other, an unknown word) says nothing.
NO_FAMILY = frozenset({"foster_carer", "childminder", "professional", "social_worker"})
#: A group of more people than this is no family, and a contact of more pupils no parent.
LARGEST_GROUP, MOST_PUPILS = 20, 10
#: Years by which whoever brings a child up is older, at least: a father and a son may have one name.
OLDER = 14
_PAIR = ["person_id", "relative_id", "kind", "relation", "evidence", "trust"]


def _none(*columns: str) -> pd.DataFrame:
    dates = dict.fromkeys(("from_on", "to_on", "known_from", "known_to"), "datetime64[ns]")
    return pd.DataFrame(columns=[*columns, *dates]).astype(dates)


@dataclass(frozen=True)
class Related:
    """What is held, before a date is asked about; every frame with from_on, to_on, known_from, known_to.

    Parameters
    ----------
    groups : DataFrame
        person_id, group (source and id), source.
    contacts : DataFrame
        person_id, contact (source, school and id; None without one), name (plain; None without one), relation, source.
    names : DataFrame
        person_id, name (plain), born: what people were called.
    """

    groups: pd.DataFrame = field(default_factory=lambda: _none("person_id", "group", "source"))
    contacts: pd.DataFrame = field(default_factory=lambda: _none("person_id", "contact", "name", "relation", "source"))
    names: pd.DataFrame = field(default_factory=lambda: _none("person_id", "name", "born"))

    def of_groups(self, there: pd.DataFrame) -> pd.DataFrame:
        """Links between the members of one family group, of the rows that hold on a day."""
        there = there[there.groupby("group")["person_id"].transform("nunique") <= LARGEST_GROUP]
        return _each_other(there, "group").assign(
            kind="family group", relation="same family group", trust=TRUST["family group"],
            evidence=lambda rows: "family group of " + rows["source"].astype(str),
        )[_PAIR]  # fmt: skip

    def by_one_contact(self, there: pd.DataFrame) -> pd.DataFrame:
        """Links between pupils who have one parent or carer in a school's system."""
        there = there[there["relation"].isin(_ELDERS) & there["contact"].notna()]
        there = there[there.groupby("contact")["person_id"].transform("nunique") <= MOST_PUPILS]
        return _each_other(there, "contact").assign(
            kind="same contact at school", relation="same parent or carer", trust=TRUST["same contact at school"],
            evidence=lambda rows: "one contact for both in " + rows["source"].astype(str),
        )[_PAIR]  # fmt: skip

    def named_by_schools(self, there: pd.DataFrame, names: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
        """Contacts that are somebody who is known to belong to the child: the one person so joined who has the contact's name.

        Both ways: the mother of the child, and the child as one whose mother she is.
        """
        named = there[there["relation"].isin(FAMILY | NO_FAMILY) & there["name"].notna()]
        if named.empty or known.empty:
            return pd.DataFrame(columns=_PAIR)
        both = known[["person_id", "relative_id"]].drop_duplicates().merge(named[["person_id", "name", "relation", "source"]], on="person_id")
        both = both.merge(
            names.rename(columns={"person_id": "relative_id"})[["relative_id", "name", "born"]].drop_duplicates(), on=["relative_id", "name"]
        )
        own = names.drop_duplicates("person_id").set_index("person_id")["born"]
        younger = (both["person_id"].map(own) - both["born"]).dt.days / 365.25
        both = both[~both["relation"].isin(_ELDERS | NO_FAMILY) | (younger >= OLDER)]
        alone = both.groupby(["person_id", "name", "relation"])["relative_id"].transform("nunique") == 1
        found = both[alone].assign(kind="school contact", trust=TRUST["school contact"], evidence="named by " + both["source"].astype(str))[_PAIR]
        back = found.rename(columns={"person_id": "relative_id", "relative_id": "person_id"})
        family = back[back["relation"].isin(FAMILY)]
        # What a child is to the contact is said in other words, so that it is not read as a relation of its own.
        return pd.concat([found, family.assign(relation="child")[_PAIR]], ignore_index=True).drop_duplicates()


def _each_other(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    both = rows.merge(rows[["person_id", by]], on=by, suffixes=("", "_other")).rename(columns={"person_id_other": "relative_id"})
    return both[both["person_id"] != both["relative_id"]]


def related_of(groups: pd.DataFrame, contacts: pd.DataFrame, people: pd.DataFrame) -> Related:
    """Rows that have their person already, made comparable.

    Parameters
    ----------
    groups, contacts, people : DataFrame
        Rows of ``family_groups``, ``school_contacts`` and ``pupils`` with person_id and the times for which they were known.
    """
    ends = ["from_on", "to_on", "known_from", "known_to"]
    made = Related()
    if len(groups):
        held = groups[[not is_placeholder(str(value)) for value in groups["group_id"]]]
        made = Related(
            held.assign(group=held["source"].astype(str) + ":" + held["group_id"].astype(str))[["person_id", "group", "source", *ends]], made.contacts
        )
    if len(contacts):
        has_id = [isinstance(value, str) and not is_placeholder(value) for value in contacts["contact_id"]]
        school = contacts["school_id"].astype(object).where(contacts["school_id"].notna(), "").astype(str)
        ids = contacts["source"].astype(str) + ":" + school + ":" + contacts["contact_id"].astype(str)
        shown = contacts.assign(contact=ids.astype(object).where(pd.Series(has_id, index=contacts.index), None), name=_names(contacts))
        made = Related(made.groups, shown[["person_id", "contact", "name", "relation", "source", *ends]])
    if len(contacts) and len(people):
        called = people.assign(name=_names(people), born=pd.to_datetime(people["birth_date"]), from_on=pd.NaT, to_on=pd.NaT).dropna(subset=["name"])
        made = Related(made.groups, made.contacts, called[["person_id", "name", "born", *ends]].astype(dict.fromkeys(ends, "datetime64[ns]")))
    return made


def _names(rows: pd.DataFrame) -> list[str | None]:
    """Forename and surname in plain letters; None where one is missing."""
    parts = []
    for name in ("forename", "surname"):
        held = rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
        plain = {value: plain_name(value) for value in held.dropna().unique()}  # each name once: there are far fewer names than rows
        parts.append([plain.get(value) for value in held])
    return [f"{first} {last}" if first and last else None for first, last in zip(*parts, strict=True)]
