"""Who was family to whom on a date, with the evidence for each link and how far it can be trusted.

Households as housing or social care hold them; who lived at one address; relationships that a source names, such as a mother's; family groups of case systems;
and contacts that schools hold. Features use households alone (``People.families_on``); this is for people who have to know who belongs to a child.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.linkage.families import MARKS
from early_id.linkage.identifiers import uprn_is_valid, valid_or_missing
from early_id.linkage.marks import ADOPTED
from early_id.linkage.records import PERSON, plain_name
from early_id.linkage.related import FAMILY, NO_FAMILY, TRUST, Related, related_of

#: More people than this at one property number are a block of flats, a hostel, a refuge or a mistake, not a family.
LARGEST_HOME = 8
COLUMNS = ["person_id", "relative_id", "kind", "relation", "evidence", "trust", "family_id", *MARKS]
_ENDS = ("from_on", "to_on", "known_from", "known_to")
#: Words of sources for an address that a child was placed at.
_PLACED = "placement|foster|residential|secure"


@dataclass(frozen=True)
class Kin:
    """Spells of people with each other, before a date is asked about.

    Parameters
    ----------
    homes : DataFrame
        person_id, family_id, relation (role in the household), from_on, to_on, known_from, known_to, evidence, and the marks of the household.
    addresses : DataFrame
        person_id, uprn, surname, from_on, to_on, known_from, known_to, evidence.
    named : DataFrame
        person_id, relative_id, relation, from_on, to_on, known_from, known_to, evidence.
    placed : DataFrame
        person_id, from_on, to_on, known_from, known_to of spells in care.
    hidden : frozenset of str
        People of whom an address is protected, or ever was: no address joins them to anybody, on days before the mark was known too. That errs on the safe
        side: a row of a household that ended does not say that it is safe now to tell who lived where.
    related : Related
        Family groups, contacts of schools, and the names by which a contact is told.
    unlinked : int
        Relationships whose other person stands in no list of people.
    """

    homes: pd.DataFrame
    addresses: pd.DataFrame
    named: pd.DataFrame
    placed: pd.DataFrame
    hidden: frozenset[str] = field(default=frozenset())
    related: Related = field(default_factory=Related)
    unlinked: int = 0

    def family_on(self, day: date | pd.Timestamp) -> pd.DataFrame:
        """Everybody's family on a date, as known then, one row a person and relative.

        Returns
        -------
        DataFrame
            person_id, relative_id, kind (a key of ``related.TRUST``), relation (role or relationship), evidence, trust, family_id of the household, and the
            safe-contact marks. Where several sources say it, the most trusted counts, and the marks of all hold. A link that rests on no household carries the
            marks of the households of both.

            A child whose parents live apart has relatives in both homes. Where a child has moved, the old home ends with the row that says so. Whoever was placed
            in a home by children's services is no relative of those who live there, unless they are named as kin; brothers and sisters stay relatives. Whoever
            is named as a foster carer is no relative, wherever they live.
        """
        moment = pd.Timestamp(day)
        at_home = self._of_homes(moment)
        beside = [self._of_addresses(moment), self._of_names(moment), _shaped(self.related.of_groups(_open(self.related.groups, moment)))]
        contacts = _open(self.related.contacts, moment)
        known = pd.concat([part for part in (at_home, *beside) if len(part)] or [at_home], ignore_index=True)
        named = self.related.named_by_schools(contacts, _open(self.related.names, moment), known)
        beside += [_shaped(named[named["relation"].isin(FAMILY)]), _shaped(self.related.by_one_contact(contacts))]
        parts = [at_home, *(self._marked(part, moment) for part in beside)]
        links = pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)
        pair = ["person_id", "relative_id"]
        strangers = self._named_otherwise(moment) | set(named.loc[named["relation"].isin(NO_FAMILY), pair].itertuples(index=False, name=None))
        if strangers:
            both = strangers | {(two, one) for one, two in strangers}
            links = links[~pd.MultiIndex.from_frame(links[pair]).isin(both)]
        if links.empty:
            return links[COLUMNS].reset_index(drop=True)
        marks = links.groupby(pair)[list(MARKS)].agg({"safe_contact": "min", "protected_address": "max", "no_joint_contact": "max"})
        best = links.sort_values([*pair, "trust", "evidence"], ascending=[True, True, False, True]).drop_duplicates(pair)
        return best.drop(columns=list(MARKS)).merge(marks.reset_index(), on=pair)[COLUMNS].reset_index(drop=True)

    def _of_homes(self, moment: pd.Timestamp) -> pd.DataFrame:
        there = _open(self.homes, moment)
        placed = self._placed_with_strangers(there, moment)
        both = there.merge(there[["person_id", "family_id", "relation"]], on="family_id", suffixes=("", "_other"))
        both = both[both["person_id"] != both["person_id_other"]]
        strangers = [
            (one, home) in placed or (other, home) in placed
            for one, other, home in zip(both["person_id"], both["person_id_other"], both["family_id"], strict=True)
        ]
        # Brothers and sisters who were placed together are still that.
        together = [
            (one, home) in placed and (other, home) in placed
            for one, other, home in zip(both["person_id"], both["person_id_other"], both["family_id"], strict=True)
        ]
        keep = ~pd.Series(strangers, index=both.index, dtype=bool) | pd.Series(together, index=both.index, dtype=bool)
        found = both[keep].assign(kind="household", trust=TRUST["household"])
        return _shaped(
            found.rename(columns={"person_id_other": "relative_id"}).drop(columns="relation").rename(columns={"relation_other": "relation"})
        )

    def _placed_with_strangers(self, there: pd.DataFrame, moment: pd.Timestamp) -> set[tuple[str, str]]:
        """(person, household) where the person came into the household while in care: a placement, not a family."""
        care = _open(self.placed, moment)[["person_id", "from_on"]].rename(columns={"from_on": "care_from"})
        both = there[["person_id", "family_id", "from_on"]].merge(care, on="person_id")
        came = both[both["from_on"] >= both["care_from"]]
        return set(zip(came["person_id"], came["family_id"], strict=True))

    def _of_addresses(self, moment: pd.Timestamp) -> pd.DataFrame:
        there = _open(self.addresses, moment)
        in_care = set(_open(self.placed, moment)["person_id"])
        there = there[~there["person_id"].isin(self.hidden | in_care)]
        people = there.groupby("uprn")["person_id"].transform("nunique")
        there = there[people <= LARGEST_HOME]
        both = there.merge(there[["person_id", "uprn", "surname"]], on="uprn", suffixes=("", "_other"))
        both = both[both["person_id"] != both["person_id_other"]]
        named_alike = (both["surname"] == both["surname_other"]) & both["surname"].notna()
        kind = pd.Series("address", index=both.index).mask(named_alike, "address and surname")
        return _shaped(
            both.rename(columns={"person_id_other": "relative_id"}).assign(kind=kind, trust=kind.map(TRUST), relation="lives at the same property")
        )

    def _marked(self, links: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
        """Links that rest on no household, with the marks of the households of both: a mark is not lost because two people are joined in another way."""
        there = _open(self.homes, moment)
        if links.empty or there.empty:
            return links
        own = there.groupby("person_id")[list(MARKS)].agg({"safe_contact": "min", "protected_address": "max", "no_joint_contact": "max"})
        ends = [own.reindex(links[side]).reset_index(drop=True) for side in ("person_id", "relative_id")]
        safe = pd.concat([end["safe_contact"].eq(False) for end in ends], axis=1).any(axis=1)
        marks = {"safe_contact": ~safe} | {name: pd.concat([end[name].eq(True) for end in ends], axis=1).any(axis=1) for name in MARKS[1:]}
        return links.assign(**{name: values.to_numpy(dtype=bool) for name, values in marks.items()})

    def _named_otherwise(self, moment: pd.Timestamp) -> set[tuple[str, str]]:
        """Pairs of whom a source says that they are no family."""
        named = _open(self.named, moment)
        return (
            set(named.loc[named["relation"].isin(NO_FAMILY), ["person_id", "relative_id"]].itertuples(index=False, name=None))
            if len(named)
            else set()
        )

    def _of_names(self, moment: pd.Timestamp) -> pd.DataFrame:
        named = _open(self.named, moment)
        named = named[named["relation"].isin(FAMILY)]
        if named.empty:
            return _shaped(named)
        back = named.rename(columns={"person_id": "relative_id", "relative_id": "person_id"}).assign(relation=named["relation"] + " of")
        both = pd.concat([named, back], ignore_index=True)
        return _shaped(both.assign(kind="relationship", trust=TRUST["relationship"]))


def kin_of(
    links: pd.DataFrame,
    pupils: pd.DataFrame,
    households: pd.DataFrame | None,
    statutory: pd.DataFrame | None = None,
    relationships: pd.DataFrame | None = None,
    *,
    family_ids: pd.Series | None = None,
    groups: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
    addresses: pd.DataFrame | None = None,
) -> Kin:
    """Spells of people with each other.

    Parameters
    ----------
    links : DataFrame
        ``People.person_links``.
    pupils, households, statutory, relationships : DataFrame
        Stored rows of these tables.
    groups, contacts, addresses : DataFrame, optional
        Stored rows of ``family_groups``, ``school_contacts`` and ``addresses``.
    family_ids : Series, optional
        (source, household_id) → family id, so that households are called as elsewhere.
    """
    homes = _of_people(households, links)
    if len(homes):
        keys = pd.MultiIndex.from_frame(homes[["source", "household_id"]].astype(str))
        called = pd.Series([f"{s}:{h}" for s, h in keys], index=homes.index)
        homes = homes.assign(family_id=called if family_ids is None else family_ids.reindex(keys).to_numpy(), relation=homes["role"])
        evidence = homes["evidence"].fillna("") if "evidence" in homes else pd.Series("", index=homes.index)
        said = evidence.where(evidence == "", " (" + evidence + ")")
        homes = homes.assign(evidence="household row of " + homes["source"].astype(str) + said, **_marks(homes))
    hidden = frozenset(homes.loc[homes["protected_address"], "person_id"]) if len(homes) else frozenset()
    before = _adopted(statutory, links)
    named = _until(_named(relationships, links), before, "person_id", "relative_id")
    lived = [part for part in (_addresses(pupils, links), _addresses_held(addresses, pupils, links)) if len(part)]
    members, named_at_school = (_until(_of_people(rows, links), before, "person_id") for rows in (groups, contacts))
    related = related_of(members, named_at_school, _of_people(pupils, links))
    at = pd.concat(lived, ignore_index=True) if lived else _of_people(None, links)
    return Kin(homes, at, named, _care(statutory, links), hidden, related, _unlinked(relationships, links))


def _marks(homes: pd.DataFrame) -> dict[str, pd.Series]:
    """The marks of any member, for the whole household, whenever they were made: a mark is not lost with the row that made it."""
    own = {
        "safe_contact": ~homes["safe_to_contact"].eq(False).fillna(False).astype(bool),
        "protected_address": homes["protected_address"].eq(True).fillna(False).astype(bool),
        "no_joint_contact": homes["no_joint_contact"].eq(True).fillna(False).astype(bool),
    }
    how = {"safe_contact": "min", "protected_address": "max", "no_joint_contact": "max"}
    return {name: values.groupby(homes["family_id"]).transform(how[name]).astype(bool) for name, values in own.items()}


def _of_people(rows: pd.DataFrame | None, links: pd.DataFrame) -> pd.DataFrame:
    """Rows with their person, known while both the row and the link were."""
    columns = ["person_id", "family_id", "relation", "evidence", "uprn", "surname", "source", *_ENDS, *MARKS]
    if rows is None or rows.empty:
        dates = dict.fromkeys(_ENDS, "datetime64[ns]")
        return pd.DataFrame(columns=columns).astype({**dates, **dict.fromkeys(MARKS, bool)})
    who = links[[*PERSON, "child_id", "known_from", "known_to"]].rename(
        columns={"child_id": "person_id", "known_from": "linked_from", "known_to": "linked_to"}
    )
    both = rows.astype(dict.fromkeys(PERSON, str)).merge(who, on=PERSON)
    never = pd.Series(pd.NaT, index=both.index)
    for name in _ENDS:
        both[name] = pd.to_datetime(both.get(name, never)).astype("datetime64[ns]")
    both["known_from"] = both[["known_from", "linked_from"]].max(axis=1)
    both["known_to"] = both[["known_to", "linked_to"]].min(axis=1)
    return both[both["known_to"].isna() | (both["known_from"] < both["known_to"])].reset_index(drop=True)


def _addresses(pupils: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Where each list of people had somebody living, from when it said so until it said otherwise."""
    if "uprn" not in pupils:
        return _of_people(None, links)
    rows = pupils.sort_values([*PERSON, "known_from"]).copy()
    rows["uprn"] = valid_or_missing(rows["uprn"], uprn_is_valid)
    following = rows.groupby(PERSON)["known_from"].shift(-1)
    ends = rows["known_to"] if "known_to" in rows else pd.Series(pd.NaT, index=rows.index)
    rows = rows.assign(from_on=rows["known_from"], to_on=pd.NaT, known_to=pd.to_datetime(ends).fillna(following)).dropna(subset=["uprn"])
    rows["surname"] = [plain_name(value) if isinstance(value, str) else None for value in rows["surname"]]
    found = _of_people(rows, links)
    return found.assign(evidence="property number in the list of " + found["source"].astype(str)) if len(found) else found


def _addresses_held(addresses: pd.DataFrame | None, pupils: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Spells at a property as a case system holds them, with the surname of then; a placement is no home of a family."""
    if addresses is None or addresses.empty:
        return _of_people(None, links)
    rows = addresses.assign(uprn=valid_or_missing(addresses["uprn"], uprn_is_valid)).dropna(subset=["uprn"])
    kind = rows["kind"].astype(object).where(rows["kind"].notna(), "").astype(str).str.casefold()
    rows = rows[~kind.str.contains(_PLACED)]
    rows = _named_then(rows, pupils)
    rows["surname"] = [plain_name(value) if isinstance(value, str) and value else None for value in rows["surname"]]
    found = _of_people(rows, links)
    return found.assign(evidence="address held by " + found["source"].astype(str)) if len(found) else found


def _named_then(rows: pd.DataFrame, pupils: pd.DataFrame) -> pd.DataFrame:
    """Rows of people, each cut where a list of people began to call its person otherwise; without a surname before any did."""
    names = pupils[[*PERSON, "surname"]].astype(dict.fromkeys(PERSON, str))
    names["named_from"] = pd.to_datetime(pupils["known_from"]).astype("datetime64[ns]")
    names = names.sort_values([*PERSON, "named_from"]).drop_duplicates([*PERSON, "named_from"], keep="last")
    names["named_to"] = names.groupby(PERSON)["named_from"].shift(-1)
    before = names.drop_duplicates(PERSON).copy()
    before["surname"], before["named_to"] = "", before["named_from"]
    before["named_from"] = pd.Series(pd.NaT, index=before.index, dtype="datetime64[ns]")
    both = rows.astype(dict.fromkeys(PERSON, str)).merge(pd.concat([before, names], ignore_index=True), on=PERSON, how="left")
    ends = both["known_to"] if "known_to" in both else pd.Series(pd.NaT, index=both.index)
    both["known_from"] = pd.concat([pd.to_datetime(both["known_from"]).astype("datetime64[ns]"), both["named_from"]], axis=1).max(axis=1)
    both["known_to"] = pd.concat([pd.to_datetime(ends).astype("datetime64[ns]"), both["named_to"]], axis=1).min(axis=1)
    return both[both["known_to"].isna() | (both["known_from"] < both["known_to"])].reset_index(drop=True)


def _unlinked(relationships: pd.DataFrame | None, links: pd.DataFrame) -> int:
    """Relationships whose other person stands in no list of people."""
    if relationships is None or relationships.empty:
        return 0
    listed = pd.MultiIndex.from_frame(links[PERSON])
    others = pd.MultiIndex.from_frame(relationships[["source", "other_person_id"]].astype(str))
    return len(set(others[~others.isin(listed)]))


def _named(relationships: pd.DataFrame | None, links: pd.DataFrame) -> pd.DataFrame:
    found = _of_people(relationships, links)
    if found.empty:
        return found
    others = links.rename(columns={"source_person_id": "other_person_id", "child_id": "relative_id"})
    others = others.rename(columns={"known_from": "other_from", "known_to": "other_to"})
    others = others[["source", "other_person_id", "relative_id", "other_from", "other_to"]]
    both = found.astype({"other_person_id": str}).merge(others, on=["source", "other_person_id"])
    # Known while the row and the links of both were.
    both["known_from"] = both[["known_from", "other_from"]].max(axis=1)
    both["known_to"] = both[["known_to", "other_to"]].min(axis=1)
    both = both[both["known_to"].isna() | (both["known_from"] < both["known_to"])].drop(columns=["other_from", "other_to"]).reset_index(drop=True)
    both = both[both["person_id"] != both["relative_id"]]
    relation = both["relation"].astype(str).str.strip().str.casefold().str.replace(r"[^a-z]+", "_", regex=True)
    return both.assign(relation=relation, evidence="named by " + both["source"].astype(str))


def _care(statutory: pd.DataFrame | None, links: pd.DataFrame) -> pd.DataFrame:
    if statutory is None or statutory.empty:
        return _of_people(None, links)
    care = statutory[statutory["status"].eq("CLA").fillna(False).astype(bool)]
    begins = care.get("start_on", pd.Series(pd.NaT, index=care.index))
    return _of_people(care.assign(from_on=begins, to_on=care["end_on"]) if len(care) else None, links)


def _adopted(statutory: pd.DataFrame | None, links: pd.DataFrame) -> pd.Series:
    """Person → the day on which care ended by adoption."""
    ended = _care(statutory, links)
    if ended.empty or "outcome" not in ended:
        return pd.Series(dtype="datetime64[ns]")
    outcome = ended["outcome"].astype(object).where(ended["outcome"].notna(), "").astype(str).str.strip().str.upper()
    return ended[outcome.isin(ADOPTED) & ended["to_on"].notna()].groupby("person_id")["to_on"].max()


def _until(rows: pd.DataFrame, adopted: pd.Series, *people: str) -> pd.DataFrame:
    """Rows that end with the adoption of one of their people: who was family before it is not shown after it, whatever a case system still holds."""
    for side in people if len(rows) and len(adopted) else ():
        day = pd.to_datetime(rows[side].map(adopted)).astype("datetime64[ns]")
        ended = (rows["from_on"].fillna(rows["known_from"]) < day) & (rows["to_on"].isna() | (rows["to_on"] > day))
        rows = rows.assign(to_on=rows["to_on"].mask(ended, day))
    return rows


def _open(rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Rows that hold on a date, as known then; one without a beginning began when it became known."""
    begins = rows["from_on"].fillna(rows["known_from"])
    return rows[
        (begins < moment)
        & (rows["known_from"] < moment)
        & (rows["known_to"].isna() | (rows["known_to"] >= moment))
        & (rows["to_on"].isna() | (rows["to_on"] >= moment))
    ]


def _shaped(rows: pd.DataFrame) -> pd.DataFrame:
    """Only the columns of the answer; an address or a name carries no mark."""
    plain = {"safe_contact": True, "protected_address": False, "no_joint_contact": False}
    made = rows.assign(**{name: value for name, value in plain.items() if name not in rows}, **({} if "family_id" in rows else {"family_id": None}))
    for name, value in plain.items():
        made[name] = made[name].astype(object).where(made[name].notna(), value).astype(bool)
    return made.reindex(columns=COLUMNS).drop_duplicates()
