"""What happened afterwards: the outcome and its components, counted in ``[as_of, outcome_until)``.

An outcome not yet known is unknown, not 0. Those who leave the area, turn 18 or die first are censored: unknown, counted, and shown both ways.
A refusal is never held against a family: help *offered* counts, whatever the answer.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import InputDataError
from early_id.features.cohort import persons
from early_id.features.membership import among
from early_id.features.past import Past, TableSource
from early_id.linkage import People

NEED = "need_recognised"
COMPONENTS = ("early_help_offered", "statutory_entry", "referral_accepted")
LABELS = ("help_accepted", "re_referral", "need_assessed")
_ENTRY = ("CLA", "CPP", "COURT", "S47", "CIN")
#: Where each component is recorded.
_RECORDED_IN = {
    "early_help_offered": "early_help", "statutory_entry": "statutory", "referral_accepted": "statutory",
    "help_accepted": "early_help", "re_referral": "statutory", "need_assessed": "early_help",
}  # fmt: skip
#: A referral so soon after another one of the same child is a re-referral (children in need census).
_AGAIN_WITHIN = pd.Timedelta(days=365)
#: What two sources hold of one referral can differ by days (a day of receipt, a day of decision).
_ONE_REFERRAL = pd.Timedelta(days=7)
#: Leaving reasons that mean the family left the area; a school outside it does not. Small letters, blanks as underscores.
LEFT_AREA = ("left_area", "moved_away", "moved_out_of_area", "out_of_area")


def council_outcomes(store: TableSource, people: People, index: pd.DataFrame, cfg: Config) -> pd.DataFrame:
    """Outcome columns for the cohort rows of ``index``.

    Parameters
    ----------
    index : DataFrame
        Cohort rows with child_id, as_of, outcome_until, mature_on.

    Returns
    -------
    DataFrame
        need_recognised, its components, the further labels (1, 0, or NaN where not known), and the boolean ``censored``: whether the main outcome
        is unknown because the child left first. A component whose table is not held is unknown throughout; that nobody was assessed is unknown where no
        day of an assessment is held at all, and that there was no referral again where the twelve months before the date are not covered.
    """
    columns = [NEED, *COMPONENTS, *LABELS]
    result = pd.DataFrame(np.nan, index=index.index, columns=columns)
    result["censored"] = False
    main, known_until = cfg.outcome.main or NEED, last_known(store)
    not_held = [name for name, table in _RECORDED_IN.items() if table not in set(store.coverage()["table"])]
    for (as_of, until, mature), rows in index.groupby(["as_of", "outcome_until", "mature_on"], sort=True):
        if known_until is None or mature > known_until:
            continue
        later = Past(store, people, mature.date())
        happened = _happened(later, as_of, until)
        values = pd.DataFrame({name: among(rows["child_id"], happened[name]).astype(float) for name in (*COMPONENTS, *LABELS)}, index=rows.index)
        values[not_held] = np.nan
        for name in _of_which_no_is_unknown(later, as_of):
            values[name] = values[name].where(values[name].eq(1))
        values.insert(0, NEED, values[list(COMPONENTS)].max(axis=1))
        left = among(rows["child_id"], _left(later, as_of, until))
        # What had already happened counts; what had not is unknown from the day the child left.
        result.loc[rows.index, columns] = values.mask(values.eq(0) & left.to_numpy()[:, None], np.nan)[columns]
        result.loc[rows.index, "censored"] = left & values[main].eq(0)
    return result


def require_outcome(store: TableSource, outcome: str) -> None:
    """Refuse an outcome of which no table is held (InputDataError): to say that its dates are too late would send people the wrong way."""
    parts = COMPONENTS if outcome == NEED else (outcome,)
    needed = list(dict.fromkeys(_RECORDED_IN[name] for name in parts if name in _RECORDED_IN))
    held = set(store.coverage()["table"])
    if needed and not held & set(needed):
        raise InputDataError(
            f"Nothing is known of the outcome '{outcome}': the store holds no table in which it is recorded.",
            where=f"not held: {', '.join(needed)}",
            what_next="Add the file of such a table to the sources of the settings, or choose another outcome with 'outcome.main'.",
        )


def last_known(store: TableSource) -> pd.Timestamp | None:
    """The day after the last one that every table of outcomes covers; an outcome that matures later is not known yet.

    Other tables do not count: a register of this week says nothing about help offered since the last extract of early help.
    """
    covered = store.coverage()
    last = covered[covered["table"].isin(_RECORDED_IN.values())].groupby("table")["covers_to"].max()
    return pd.Timestamp(last.min()) + pd.Timedelta(days=1) if len(last) else None


def _between(frame: pd.DataFrame, column: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    dates = pd.to_datetime(frame[column])
    return frame[(dates >= start) & (dates < end)]


def _happened(later: Past, start: pd.Timestamp, end: pd.Timestamp) -> dict[str, set[str]]:
    offers = _between(later.frame("early_help"), "offered_on", start, end)
    statutory = _between(later.frame("statutory"), "start_on", start, end)
    referrals = statutory[(statutory["status"] == "REFERRAL") & (statutory["outcome"].fillna("") != "nfa")]
    return {
        "early_help_offered": set(offers["child_id"]),
        "statutory_entry": set(statutory.loc[statutory["status"].isin(_ENTRY), "child_id"]),
        "referral_accepted": set(referrals["child_id"]),
        "help_accepted": set(offers.loc[offers["response"] == "accepted", "child_id"]),
        "re_referral": _referred_again(later.frame("statutory"), start, end),
        "need_assessed": set(_between(later.frame("early_help"), "assessed_on", start, end)["child_id"]),
    }


def _referred_again(statutory: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> set[str]:
    """Children referred in the span, whatever came of it, within twelve months of another referral. Two of one day are one, and so are those of two sources
    within a week.
    """
    referrals = statutory.loc[statutory["status"] == "REFERRAL", ["child_id", "source", "start_on"]]
    referrals = referrals.assign(start_on=pd.to_datetime(referrals["start_on"])).sort_values(["child_id", "start_on", "source"])
    referrals = referrals.drop_duplicates(["child_id", "start_on"])
    before = referrals.groupby("child_id")
    other = before["source"].shift().ne(referrals["source"])
    referrals = referrals[~(other & (before["start_on"].diff() <= _ONE_REFERRAL))]
    soon = referrals.groupby("child_id")["start_on"].diff() <= _AGAIN_WITHIN
    return set(_between(referrals[soon], "start_on", start, end)["child_id"])


def _of_which_no_is_unknown(later: Past, start: pd.Timestamp) -> list[str]:
    """Labels that can be seen to have happened, but not to have not."""
    covered = later.store.coverage()
    since = pd.to_datetime(covered.loc[covered["table"] == "statutory", "covers_from"]).min()
    unknown = [] if since <= start - _AGAIN_WITHIN else ["re_referral"]
    return unknown if later.frame("early_help")["assessed_on"].notna().any() else [*unknown, "need_assessed"]


def departures(later: Past) -> pd.DataFrame:
    """One row a child: ``grown_on`` (18th birthday), ``died_on``, ``left_on`` (the end of the last enrolment, where the child left the area)."""
    people = persons(later)
    spells = later.frame("enrolments").sort_values(["child_id", "start_on"])
    last = spells.drop_duplicates("child_id", keep="last").set_index("child_id")
    reasons = last["leaving_reason"].astype("string").str.strip().str.lower().str.replace(r"[\s-]+", "_", regex=True)
    gone = pd.to_datetime(last.loc[reasons.isin(LEFT_AREA), "end_on"])
    frame = pd.DataFrame({"grown_on": people["birth_date"] + pd.DateOffset(years=18), "died_on": pd.to_datetime(people["died_on"])})
    return frame.join(gone.rename("left_on"), how="outer")


def _left(later: Past, start: pd.Timestamp, end: pd.Timestamp) -> set[str]:
    """Children who left the area, turned 18 or died inside the span."""
    days = departures(later)
    return set(days.index[((days >= start) & (days < end)).any(axis=1)])


def mature_dates(index: pd.DataFrame, before: date) -> pd.Series:
    """Which rows had an outcome that was known before a date."""
    return index["mature_on"] <= pd.Timestamp(before)
