"""Who can be on a list on a date, and who is taken out first, with a reason. Training and screening call the same function.

Order of statutory status: data-standards section 5.1, first match wins. Everything is read through ``Past``, so a row dated, known or
corrected on or after the as-of date reaches no cohort and no eligibility rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import InputDataError
from early_id.core.types import Usage
from early_id.features.held import Held
from early_id.features.households import household_reasons, school_homes
from early_id.features.lookalikes import likeness, share_marks, with_doubts
from early_id.features.lookalikes import reasons as likeness_reasons
from early_id.features.matrix import EXCLUDED_COLUMNS, row_keys
from early_id.features.membership import among, share_one
from early_id.features.past import Past
from early_id.features.safe_contact import check_first
from early_id.features.wishes import held_back
from early_id.schema.codes import code_list

#: Reason → words, in order of precedence.
REASONS: dict[str, str] = {
    "died": "has died",
    "too_young": "younger than the list is for",
    "too_old": "older than the list is for",
    "looked_after": "looked after by a council",
    "protection_plan": "has a child protection plan",
    "court": "in court or pre-proceedings",
    "section_47": "section 47 enquiry open",
    "child_in_need": "has a child in need plan",
    "referral_open": "referral or assessment open",
    "care_leaver": "care leaver with a personal adviser",
    "safeguarding_route": "a recorded sign that goes to the safeguarding route, not to a list",
    "maybe_statutory": "same name and date of birth as a child open to statutory services whose record could not be linked: check first",
    "objection": "objected to the use of records for lists: left out until that is settled",
    "family_wish": "the family does not want to be approached by way of a list until the date that it chose",
    "early_help_open": "early help already under way",
    "contact_pending": "contact in the last weeks still waiting for an answer",
    "double_record": "a second record, by name and date of birth, of a child who is on a school roll",
    "not_here": "neither on a school roll nor known to live here",
    "household_open": "another child of the household is open to statutory services: speak to the allocated worker first",
    "household_safeguarding": "another child of the household has a recorded sign that goes to the safeguarding route",
    "household_in_help": "another child of the household has early help or waits for an answer: speak to those who know the family first",
    "safe_contact_first": "safe contact has to be checked first: hub only",
}
_STATUS_REASON = {"CLA": "looked_after", "CPP": "protection_plan", "COURT": "court", "S47": "section_47", "CIN": "child_in_need"}
#: Reasons that are the family's own word, with the date until which they hold.
WISHES = ("objection", "family_wish")
_PERSON = ["source", "source_person_id"]
#: Statuses of one child that mean an open case.
OPEN_TO_STATUTORY = ("looked_after", "protection_plan", "court", "section_47", "child_in_need", "referral_open")


@dataclass(frozen=True, repr=False)
class Cohort:
    """Who is looked at on one date, and who was taken out.

    ``index`` has the columns of ``FeatureMatrix.index``; ``excluded`` one row per child taken out, with reason and the audiences concerned
    (``all``, or ``school_lead`` where only school lists leave the family out).
    """

    index: pd.DataFrame
    excluded: pd.DataFrame


def persons(past: Past) -> pd.DataFrame:
    """One row a child: each attribute from the record that holds it, the school's record first and then the fullest.

    The school's first, so that what a school page prints of its own pupil is what the school itself holds.
    """
    return past.once("persons", lambda: _persons(past))


def _persons(past: Past) -> pd.DataFrame:
    held = past.held
    if held is not None and all(past.store.has(name) for name in ("pupils", "enrolments")):
        return _persons_since(past, held)
    rows = past.frame("pupils")
    enrolled = pd.MultiIndex.from_frame(past.frame("enrolments")[_PERSON])
    return _one_each(rows, pd.MultiIndex.from_frame(rows[_PERSON]).isin(enrolled))


def _persons_since(past: Past, held: Held) -> pd.DataFrame:
    """The same from what was found on the date before: only children of whom another record, or another roll, is known are looked at again."""
    pupils, enrolments, day = held.linked("pupils"), held.linked("enrolments"), past.as_of
    child, of_pupils, of_enrolments = held.kept("who has records", lambda: _numbered(pupils.frame, enrolments.frame))
    on_roll = np.zeros(max(of_pupils.max(initial=-1), of_enrolments.max(initial=-1)) + 1, dtype=bool)
    on_roll[of_enrolments[enrolments.seen(day)]] = True
    enrolled = on_roll[of_pupils]
    seen = pupils.seen(day)
    state = np.stack([seen, *(seen & fact for fact in (enrolled, *(pupils.passed(name, day) for name in pupils.later)))])
    before: list[tuple[np.ndarray, pd.DataFrame]] = held.kept("persons", list)
    if not before:
        found = _one_each(pupils.on(day), enrolled[seen])
    else:
        was, found = before.pop()
        again = np.zeros(child.max(initial=-1) + 1, dtype=bool)
        again[child[(state != was).any(axis=0)]] = True
        only = again[child]
        if only.any():
            stays = ~among(found.index, pd.unique(pupils.frame.loc[only, "child_id"]))
            found = pd.concat([found[stays], _one_each(pupils.on(day, only), enrolled[seen & only])]).sort_index()
    before.append((state, found))
    return found


def _numbered(pupils: pd.DataFrame, enrolments: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number of each pupil row's child, and of the record (source and id) of each row of both tables."""
    both = pd.concat([pupils[_PERSON], enrolments[_PERSON]])
    record = both.groupby(_PERSON, sort=False, dropna=False).ngroup().to_numpy()
    return pd.factorize(pupils["child_id"])[0], record[: len(pupils)], record[len(pupils) :]


def _one_each(rows: pd.DataFrame, on_roll: np.ndarray) -> pd.DataFrame:
    """One row a child of rows of ``pupils``; ``on_roll`` says which are the record of a school."""
    if rows.empty:
        return rows.set_index("child_id")
    rows = rows.assign(_roll=on_roll, _filled=rows.notna().sum(axis=1))
    rows = rows.sort_values(["child_id", "_roll", "_filled", "source"], ascending=[True, False, False, True])
    # Most children have one record, which needs no filling in.
    several = rows["child_id"].duplicated(keep=False)
    filled = rows[several].groupby("child_id", sort=True).first().reset_index()
    first = pd.concat([rows[~several], filled]).set_index("child_id").sort_index()
    first["birth_date"] = pd.to_datetime(first["birth_date"])
    return first.drop(columns=["_roll", "_filled"])


def age_on(birth: pd.Series, day: pd.Timestamp) -> pd.Series:
    """Completed years on ``day``."""
    before_birthday = (birth.dt.month > day.month) | ((birth.dt.month == day.month) & (birth.dt.day > day.day))
    return day.year - birth.dt.year - before_birthday.astype("int64")


def open_spells(frame: pd.DataFrame, start: str, end: str, moment: pd.Timestamp) -> pd.DataFrame:
    """Spells that have begun and not ended by ``moment``."""
    ends = pd.to_datetime(frame[end])
    return frame[(pd.to_datetime(frame[start]) < moment) & (ends.isna() | (ends >= moment))]


def statutory_reasons(past: Past, age: pd.Series) -> pd.Series:
    """child_id → reason, for children open to statutory services on the date."""
    moment = pd.Timestamp(past.as_of)
    rows = open_spells(past.frame("statutory"), "start_on", "end_on", moment)
    # A referral is open until it is closed: an outcome alone (assessed, passed on) does not close it, no further action does.
    rows = rows[(rows["status"] != "REFERRAL") | rows["outcome"].fillna("").ne("nfa")]
    reason = rows["status"].map(_STATUS_REASON).where(rows["status"] != "REFERRAL", "referral_open")
    old_enough = rows["child_id"].map(age).fillna(0) >= 16
    care_leaver = pd.Series("care_leaver", index=rows.index).where(old_enough)
    reason = reason.where(rows["status"] != "CARE_LEAVER", care_leaver)
    return _first_by_precedence(rows["child_id"], reason)


def _first_by_precedence(child: pd.Series, reason: pd.Series) -> pd.Series:
    order = {name: rank for rank, name in enumerate(REASONS)}
    frame = pd.DataFrame({"child_id": child.to_numpy(), "reason": np.asarray(reason, dtype=object)}).dropna()
    frame["rank"] = frame["reason"].map(order)
    return frame.sort_values(["child_id", "rank"]).drop_duplicates("child_id").set_index("child_id")["reason"]


def council_cohort(past: Past, cfg: Config) -> Cohort:
    """Children on roll or resident, in the age range, not open to statutory services and not already in early help.

    Raises
    ------
    InputDataError
        Nobody is left.
    """
    moment, people = pd.Timestamp(past.as_of), persons(past)
    age = age_on(people["birth_date"], moment) if len(people) else pd.Series(dtype="int64")
    roll = open_spells(past.frame("enrolments"), "start_on", "end_on", moment).sort_values(["child_id", "start_on", "school_id"])
    school = roll.drop_duplicates("child_id", keep="last").set_index("child_id")
    families = past.families().set_index("child_id")
    here = among(people.index, school.index) | among(people.index, families.index)
    # Adults of other sources are nobody's concern here; children of the age are, if only to say that they are gone.
    everyone = people.index[here | age.between(cfg.cohort.youngest, cfg.cohort.oldest).to_numpy(dtype=bool)]
    frame = pd.DataFrame(index=everyone)
    frame["here"] = among(everyone, people.index[here])
    frame["age"] = age.reindex(everyone)
    frame["school_id"] = school["school_id"].reindex(everyone)
    frame["nc_year"] = school["nc_year"].reindex(everyone)
    household = families["family_id"].reindex(everyone)
    home = school_homes(past, school.reset_index(), past.people.key).reindex(everyone)
    # A key takes time to make, so only of those who need one.
    alone = pd.Series(everyone, index=everyone)[(household.isna() | home.isna()).to_numpy()]
    own = past.people.own_family(alone).reindex(everyone)
    frame["family_id"], frame["home_id"] = household.where(household.notna(), own), home.where(home.notna(), own)
    for mark in ("safe_contact", "protected_address", "no_joint_contact"):
        frame[mark] = families[mark].reindex(everyone).where(lambda s: s.notna(), mark == "safe_contact").astype(bool)
    frame["hub_id"] = frame["school_id"].map(hubs(past))
    frame["hub_id"] = _family_hub(frame)
    alike, status = with_doubts(likeness(people).reindex(everyone), past.people.may_be_one(past.as_of)), statutory_reasons(past, frame["age"])
    frame = share_marks(frame, alike)
    frame["likeness"] = likeness_reasons(frame, alike, status, OPEN_TO_STATUTORY)
    frame["check_first"] = among(everyone, check_first(past, frame["age"]))
    wishes = held_back(past, frame)
    frame["until"] = wishes["until"].reindex(everyone)
    found = _found(past, cfg, frame, people, status) | {str(reason): rows.index for reason, rows in wishes.groupby("reason")}
    frame["reason"] = _first(found, frame.index)
    frame["household"] = household_reasons(frame, found)
    return _cohort(past, cfg, frame)


def _restricted(past: Past, cfg: Config) -> pd.Index:
    """Children with a factor of the last days that may only take a child out (exploitation, trafficking, sexual abuse, FGM, faith abuse)."""
    rows, codes = past.frame("household_factors"), code_list("household_factor").having(usage=Usage.REMOVE_ONLY)
    since = pd.Timestamp(past.as_of) - timedelta(days=cfg.urgent.factors_within_days)
    recent = rows["factor"].isin(codes) & (pd.to_datetime(rows["happened_on"]) >= since)
    return pd.Index(rows.loc[recent, "child_id"].unique())


def hubs(past: Past) -> pd.Series:
    """school_id → hub_id."""
    schools = past.frame("schools").drop_duplicates("school_id", keep="last")
    return schools.set_index("school_id")["hub_id"]


def _family_hub(frame: pd.DataFrame) -> pd.Series:
    """A child on no roll belongs to the hub of the brothers and sisters."""
    by_family = frame.dropna(subset=["hub_id"]).groupby("family_id")["hub_id"].min()
    return frame["hub_id"].where(frame["hub_id"].notna(), frame["family_id"].map(by_family))


def _found(past: Past, cfg: Config, frame: pd.DataFrame, people: pd.DataFrame, status: pd.Series) -> dict[str, pd.Index]:
    """Reason → every child for whom it holds."""
    moment = pd.Timestamp(past.as_of)
    help_open = past.frame("early_help")
    help_open = open_spells(help_open[help_open["start_on"].notna()], "start_on", "end_on", moment)
    contacts = past.frame("contacts")
    recent = pd.to_datetime(contacts["contact_on"]) >= moment - timedelta(days=cfg.cohort.contact_pending_days)
    pending = contacts[recent & contacts["outcome"].isna()]
    died = pd.to_datetime(people["died_on"]).reindex(frame.index) < moment
    return {
        "died": frame.index[died.fillna(False)],
        "too_young": frame.index[frame["age"] < cfg.cohort.youngest],
        "too_old": frame.index[frame["age"] > cfg.cohort.oldest],
        **{str(reason): rows.index for reason, rows in status.groupby(status)},
        "safeguarding_route": _restricted(past, cfg),
        **{str(reason): rows.index for reason, rows in frame["likeness"].dropna().groupby(frame["likeness"].dropna())},
        "early_help_open": pd.Index(help_open["child_id"].unique()),
        "contact_pending": pd.Index(pending["child_id"].unique()),
        "not_here": frame.index[~frame["here"]],
    }


def _first(found: Mapping[str, pd.Index], everyone: pd.Index) -> pd.Series:
    """The first reason to take each child out, by precedence; missing for those who stay."""
    reason = np.full(len(everyone), None, dtype=object)
    for name in reversed(REASONS):
        place = everyone.get_indexer(found.get(name, ()))
        reason[place[place >= 0]] = name
    return pd.Series(reason, index=everyone, dtype=object)


def _cohort(past: Past, cfg: Config, frame: pd.DataFrame) -> Cohort:
    moment = pd.Timestamp(past.as_of)
    frame = frame.reset_index().assign(as_of=moment)
    taken = frame["reason"].notna()
    # A home counts as the school holds it and as housing does: unsafe contact with one child is unsafe contact with all at home.
    unsafe = (~_contact_is_safe(frame) | frame["check_first"]).to_numpy(dtype=bool)
    frame["contact_is_safe"] = ~(share_one(frame["family_id"], unsafe) | share_one(frame["home_id"], unsafe))
    at_home, safe = frame["household"] != "", frame["contact_is_safe"]
    excluded = pd.concat(
        [
            frame.loc[taken].assign(audiences="all"),
            frame.loc[~taken & at_home].assign(reason=lambda rows: rows["household"], audiences="school_lead"),
            frame.loc[~taken & ~at_home & ~safe].assign(reason="safe_contact_first", audiences="school_lead"),
        ]
    )[[*EXCLUDED_COLUMNS, "home_id", "until"]].reset_index(drop=True)
    # Until when, of those only who are left out by their own wish: other reasons have no date.
    excluded["until"] = excluded["until"].where(excluded["reason"].isin(WISHES))
    index = frame.loc[~taken].drop(columns=["reason", "here", "likeness", "check_first", "until"])
    if index.empty:
        reasons = ", ".join(f"{REASONS[name]} {count:,}" for name, count in frame["reason"].value_counts().items()) or "nobody is held at all"
        raise InputDataError.empty_cohort(as_of=str(past.as_of), reasons=reasons)
    index["outcome_until"] = moment + timedelta(days=cfg.outcome.horizon_days)
    index["mature_on"] = index["outcome_until"] + timedelta(days=cfg.outcome.recording_lag_days)
    index["known_to_services"] = among(index["child_id"], _known_to_services(past))
    return Cohort(index.set_index(row_keys(index["child_id"], index["as_of"])), excluded)


def _contact_is_safe(frame: pd.DataFrame) -> pd.Series:
    return frame["safe_contact"] & ~frame["protected_address"] & ~frame["no_joint_contact"]


def _known_to_services(past: Past) -> pd.Series:
    """Children with a contact, an offer of early help or a statutory status in the year before the date."""
    since = pd.Timestamp(past.as_of) - timedelta(days=365)
    tables = (("contacts", "contact_on"), ("early_help", "offered_on"), ("statutory", "start_on"))
    rows = [past.frame(table).loc[lambda frame, column=column: pd.to_datetime(frame[column]) >= since, "child_id"] for table, column in tables]
    return pd.concat(rows).drop_duplicates()
