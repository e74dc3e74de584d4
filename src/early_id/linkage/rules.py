"""What may never be joined, what an identifier joins, and what the weights may join by themselves: a table of rules, read from the top.

A hard rule beats any weight and any decision. Each rule gives the reason for which a pair is kept apart; the reason is what a person is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from early_id.config.settings import LinkageSettings

#: Reason → why two records may never be one person, in words.
FORBIDDEN: dict[str, str] = {
    "numbers": "their numbers contradict each other",
    "born": "their dates of birth are different",
    "twins": "same date of birth and home, another forename: twins, or a brother and sister",
    "adoption": "one of them was in care and the names differ: records from before an adoption are never joined to those after",
    "former_name": "same forename and date of birth, but neither surname nor home agree: it may be a record from before an adoption",
    "protected": "an address is protected, so likeness is not used; a number that agrees would be",
}
#: Reasons that hold between any two records of one person. The others only say that likeness is not enough: two records of one child may well look like
#: that to each other, where a number joins both to a third.
STANDING = ("numbers", "born", "adoption", "twins")


@dataclass(frozen=True)
class Marked:
    """Records that rules protect, as positions in the records: ``protected`` (of a household whose address is), ``in_care`` (a spell in care that has ended)."""

    protected: frozenset[int] = frozenset()
    in_care: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Verdicts:
    """What the rules say of each pair: ``verdict`` (link, review, never, or empty), ``reason`` and ``trust``, on the index of the pairs."""

    frame: pd.DataFrame
    contradicted: int = 0  #: pairs that agree on an identifier and contradict each other on another fact
    forbidden: dict[str, int] = field(default_factory=dict)


def forbidden(facts: pd.DataFrame, pairs: pd.DataFrame, marked: Marked) -> np.ndarray:
    """The reason why each pair may never be joined; empty where there is none."""
    number = facts["same_number"].to_numpy(dtype=bool)
    forename, surname, born, home = (facts[name].to_numpy() for name in ("forename", "surname", "born", "home"))
    swapped = facts["swapped"].to_numpy(dtype=bool)
    other_forename = (forename == "different") & ~swapped
    other_surname = (surname == "different") & ~swapped
    names_agree = (~other_forename & (forename != "unknown") & ~other_surname & (surname != "unknown")) | swapped
    cared_for, protected = _either(pairs, marked.in_care), _either(pairs, marked.protected)
    tests = {
        "numbers": facts["other_number"].to_numpy(dtype=bool),
        # A date that may be the other one mistyped is borne where the names agree; without names it is a contradiction.
        "born": (born == "different") | ((born == "near") & ~names_agree),
        "adoption": cared_for & other_surname,
        "twins": ~number & (born == "same") & (home == "same") & other_forename,
        "former_name": ~number & other_surname & (home != "same") & (born != "unknown"),
        "protected": protected & ~number,
    }
    return np.select(list(tests.values()), list(tests), "").astype(object)


def _either(pairs: pd.DataFrame, positions: frozenset[int]) -> np.ndarray:
    held = list(positions)
    return (pairs["left"].isin(held) | pairs["right"].isin(held)).to_numpy()


def verdicts(pairs: pd.DataFrame, facts: pd.DataFrame, marked: Marked, settings: LinkageSettings) -> Verdicts:
    """What the rules say of each pair.

    Parameters
    ----------
    pairs : DataFrame
        left, right, and ``weight`` (missing where the model did not score the pair).
    facts : DataFrame
        From :func:`early_id.linkage.facts.facts_of`.
    """
    why_not = forbidden(facts, pairs, marked)
    number = facts["same_number"].to_numpy(dtype=bool)
    forename, surname, born, home = (facts[name].to_numpy() for name in ("forename", "surname", "born", "home"))
    swapped = facts["swapped"].to_numpy(dtype=bool)
    one_source = facts["one_source"].to_numpy(dtype=bool)
    other_forename = (forename == "different") & ~swapped
    known_names = (forename != "unknown") & (surname != "unknown")
    names_agree = (np.isin(forename, ["same", "alike"]) & np.isin(surname, ["same", "alike"])) | swapped
    corroborated = ((born == "same") & ~other_forename) | names_agree
    weight = pairs["weight"].fillna(-np.inf).to_numpy(dtype=float)
    exact = (forename == "same") & (surname == "same") & (born == "same")
    # Two entries of one list are two people unless everything says otherwise: names, birthday and home, or a number.
    twice_over = exact & ((home == "same") | number)
    likeness = (weight >= settings.link_from) & ~other_forename & known_names
    # A birth date that only may be the same, or a surname that is not, needs the same home beside it: cousins and renamed children are alike otherwise.
    likeness &= ((born == "same") & (surname != "different")) | (home == "same") | swapped & (born == "same")
    allowed = why_not == ""
    link = allowed & np.where(one_source, twice_over & (settings.use_names | number), (number & corroborated) | (settings.use_names & likeness))
    look = allowed & ~link & ((number & ~one_source) | (settings.use_names & (weight >= settings.review_from)))
    by_number = link & number
    trust = np.where(by_number, 1.0, np.where(link, _probability(weight), np.nan))
    trust = np.where(link & one_source & ~number, np.fmin(trust, 0.99), trust)
    frame = pd.DataFrame(
        {
            "verdict": np.select([link, look, ~allowed], ["link", "review", "never"], ""),
            "reason": np.where(allowed, np.where(by_number, "number", np.where(link, "likeness", "")), why_not),
            "trust": trust,
        },
        index=pairs.index,
    )
    against = number & np.isin(why_not, ["numbers", "born", "adoption"])
    counts = pd.Series(why_not[why_not != ""]).value_counts().to_dict()
    return Verdicts(frame, int(against.sum()), {str(name): int(n) for name, n in counts.items()})


def _probability(weight: np.ndarray) -> np.ndarray:
    """The probability behind a match weight, kept under 1: only a number is certain."""
    odds = np.exp2(np.clip(weight, -60, 60))
    return np.minimum(np.round(odds / (1 + odds), 6), 0.999999)
