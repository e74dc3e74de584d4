"""The steps from records to groups: identifiers first, then likeness, then rules and decisions, then people without contradictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.config.settings import LinkageSettings
from early_id.core.findings import Finding
from early_id.linkage.cluster import cluster
from early_id.linkage.decisions import Decisions, Resolved
from early_id.linkage.facts import NUMBERS, facts_of
from early_id.linkage.messages import finding
from early_id.linkage.model import COUNCIL, LinkageModel
from early_id.linkage.records import Records
from early_id.linkage.rules import Marked, verdicts
from early_id.linkage.splink_pass import Scored, score_pairs
from early_id.linkage.standing import STANDS, UNSEEN, Flags, empty_joins, joins_of, pairs_before, that_stand

Scorer = Callable[[pd.DataFrame, LinkageModel, float], Scored]


@dataclass(frozen=True)
class Linkage:
    """Everything that was weighed: for review, for pictures, and for saying how good the links are.

    Parameters
    ----------
    records : DataFrame
        Comparable records; the positions that pairs speak of.
    pairs : DataFrame
        left, right, weight (missing where an identifier alone brought the pair up), the parts of the weight, the facts, verdict, reason, trust.
    scored : Scored
        Blocking rules with their counts, and what the model learnt.
    group : array of int
        The person of each record.
    joins : DataFrame
        The pairs that stand at the next linking unless something speaks against them (:func:`early_id.linkage.standing.joins_of`).
    """

    records: pd.DataFrame
    pairs: pd.DataFrame
    scored: Scored
    group: npt.NDArray[np.int64]
    findings: tuple[Finding, ...] = ()
    resolved: Resolved = field(default_factory=Resolved)
    marked: Marked = field(default_factory=Marked)
    joins: pd.DataFrame = field(default_factory=empty_joins)

    def to_review(self) -> pd.DataFrame:
        """Pairs that wait for a person, those nearest to being joined first."""
        wait = self.pairs[self.pairs["verdict"] == "review"]
        # Kept before anything is added: an empty frame that is given a column takes on the column's rows.
        wait = wait[self.group[wait["left"].to_numpy(dtype=np.int64)] != self.group[wait["right"].to_numpy(dtype=np.int64)]]
        first = wait["same_number"].astype(int) * 1000 + wait["weight"].fillna(0.0)
        return wait.assign(_first=first).sort_values(["_first", "left", "right"], ascending=[False, True, True]).drop(columns="_first")

    def joined(self, people: Iterable[tuple[str, str]]) -> pd.DataFrame:
        """Pairs within one person, of those who have any of these records (source, number): what a person looks at who knows that a join is wrong."""
        asked = set(people)
        mine = np.array([record in asked for record in zip(self.records["source"], self.records["source_person_id"], strict=True)], dtype=bool)
        left, right = (self.group[self.pairs[side].to_numpy(dtype=np.int64)] for side in ("left", "right"))
        return self.pairs[(left == right) & np.isin(left, self.group[mine]) & self.pairs["verdict"].isin(["link", "review"]).to_numpy()]


def link_records(
    records: Records,
    settings: LinkageSettings,
    *,
    marked: Marked | None = None,
    decisions: Decisions | None = None,
    score: Scorer | None = None,
    before: tuple[pd.DataFrame, Flags] | None = None,
) -> Linkage:
    """Records to groups of records that are one person.

    Parameters
    ----------
    records : Records
    settings : LinkageSettings
    marked : Marked, optional
        Records that rules protect.
    decisions : Decisions, optional
        What people have decided about pairs; it wins over the model, and hard rules win over it.
    score : function, optional
        In the place of :func:`score_pairs`, where weights are kept from an earlier run.
    before : tuple, optional
        The joined pairs of the last linking, and which records hold less than they did (:mod:`early_id.linkage.standing`).
    """
    marked = marked or Marked()
    frame, found = records.frame, list(records.findings)
    scored = _weights(frame, settings, found, score)
    resolved = (decisions or Decisions()).on(frame, marked)
    found += resolved.findings
    used = scored.blocking.loc[scored.blocking["used"].astype(bool), "rule"].astype(str).tolist() if scored.taught else []
    joins, less = before or (empty_joins(), np.zeros(len(frame), dtype=bool))
    standing = pairs_before(frame, joins, less, used if settings.use_names else None)
    asked = [pairs_by_number(frame), resolved.same, resolved.apart, standing[["left", "right"]]]
    pairs = _together(pd.concat(asked, ignore_index=True).drop_duplicates(), scored.pairs)
    pairs["rule"] = pairs["rule"].map(dict(enumerate(used))).astype(object)
    facts = facts_of(frame, pairs)
    said = verdicts(pairs, facts, marked, settings)
    pairs = pd.concat([pairs, facts, said.frame], axis=1)
    if said.contradicted:
        found.append(finding("LNK002", said.contradicted, "person links"))
    held = that_stand(pairs, standing)
    pairs = resolved.over(held)
    for reason, code in ((STANDS, "LNK016"), (UNSEEN, "LNK017")):
        if stand := int((pairs["reason"] == reason).sum()):
            found.append(finding(code, stand, "person links"))
    links = pairs[pairs["verdict"] == "link"]
    strength = np.where(links["reason"] == "decision", 1e6, np.where(links["same_number"], 1e3, 0.0)) + links["weight"].fillna(0.0)
    people = cluster(frame, links[["left", "right"]].assign(strength=strength), resolved.apart, marked)
    if people.broken:
        found.append(finding("LNK002", people.broken, "links through a third record"))
    linkage = Linkage(frame, pairs, scored, people.group, tuple(found), resolved, marked, joins_of(frame, held, people.group))
    waiting = len(linkage.to_review())
    return replace(linkage, findings=(*found, finding("LNK010", waiting, "review")) if waiting else tuple(found))


def pairs_by_number(records: pd.DataFrame) -> pd.DataFrame:
    """left, right of all records that agree on a valid identifier."""
    parts = []
    for name in (*NUMBERS, "temporary_upn"):
        held = records.loc[records[name].notna(), [name]].assign(at=lambda rows: rows.index)
        both = held.merge(held, on=name, suffixes=("_left", "_right"))
        both = both[both["at_left"] < both["at_right"]]
        parts.append(both.rename(columns={"at_left": "left", "at_right": "right"})[["left", "right"]])
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True).astype("int64")


def _weights(frame: pd.DataFrame, settings: LinkageSettings, found: list[Finding], score: Scorer | None) -> Scored:
    """Weights of pairs that look alike; none where names are not to be used or cannot teach anything."""
    model = replace(COUNCIL, seed=settings.seed, sample=settings.sample_pairs, most_pairs=settings.most_pairs)
    named = frame["forename"].notna() & frame["surname"].notna() & frame["birth_date"].notna()
    if not settings.use_names or not named.any():
        return Scored(_none(model), pd.DataFrame(columns=["rule", "pairs", "used"]), taught=False)
    given = frame.assign(unique_id=np.arange(len(frame)), birth_date=_as_text(frame["birth_date"]))
    columns = ["unique_id", "forename", "surname", "birth_date", "postcode", "nhs_number", "upn"]
    scored = (score or _score)(given[columns], model, settings.review_from)
    if not scored.blocking["used"].all():
        found.append(finding("LNK012", int((~scored.blocking["used"].astype(bool)).sum()), "rules for finding pairs"))
    if not scored.taught:
        found.append(finding("LNK011", int(named.sum()), "table pupils"))
    return scored


def _score(records: pd.DataFrame, model: LinkageModel, least: float) -> Scored:
    return score_pairs(records, model, least=least)


def _none(model: LinkageModel) -> pd.DataFrame:
    from early_id.linkage.splink_pass import no_pairs

    return no_pairs(model)


def _as_text(dates: pd.Series) -> pd.Series:
    text = dates.dt.strftime("%Y-%m-%d").astype(object)
    return text.where(dates.notna(), None)


def _together(by_number: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Every pair once, with its weight where the model has one."""
    pairs = by_number.merge(scored, on=["left", "right"], how="outer")
    return pairs.sort_values(["left", "right"]).reset_index(drop=True).astype({"left": "int64", "right": "int64"})
