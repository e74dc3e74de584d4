"""Why two records may be one person, in words and as a picture: what agrees, what differs, and what each part weighs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.config.settings import LinkageSettings
from early_id.linkage.linked import Linkage
from early_id.linkage.model import COUNCIL
from early_id.linkage.rules import FORBIDDEN
from early_id.linkage.splink_pass import MISSING
from early_id.present.waterfall import waterfall
from early_id.present.wording import number_word, sentence_case

_FIELDS = {"forename": "forename", "surname": "surname", "birth_date": "date of birth", "postcode": "postcode"}
#: Weights are log2 of odds; in words from the top.
_SURE = (
    (17.0, "all but certain (over 100,000 to 1)"),
    (10.0, "very likely (over 1,000 to 1)"),
    (7.0, "likely (over 100 to 1)"),
    (3.0, "more likely than not (about 10 to 1 or more)"),
    (0.0, "may be"),
)


def in_words(linkage: Linkage, pair: Mapping[str, Any]) -> str:
    """One line about a pair: "same date of birth; surname one letter apart; other postcode".

    Parameters
    ----------
    linkage : Linkage
    pair : mapping
        One row of ``linkage.pairs``.
    """
    one, two = (linkage.records.iloc[int(pair[side])] for side in ("left", "right"))
    parts = ["same UPN or NHS number"] if pair["same_number"] else []
    parts += [_born(pair["born"], one, two)]
    parts += (
        ["forename and surname changed places"]
        if pair["swapped"]
        else [_name(name, pair[name], one[name], two[name]) for name in ("forename", "surname")]
    )
    parts += [{"same": "same home", "different": "another home", "unknown": "home not known for both"}[pair["home"]]]
    if pair["sex_differs"]:
        parts.append("recorded as another sex")
    return sentence_case("; ".join(parts))


def _born(how: str, one: pd.Series, two: pd.Series) -> str:
    if how != "near":
        return {"same": "same date of birth", "different": "another date of birth"}.get(how, "date of birth not known for both")
    a, b = one["birth_date"], two["birth_date"]
    if a.day == b.month and a.month == b.day:
        return "day and month of birth changed places"
    differs = [name for name, same in (("day", a.day == b.day), ("month", a.month == b.month), ("year", a.year == b.year)) if not same]
    return f"same date of birth but for the {' and '.join(differs)}"


def _name(field: str, how: str, one: str | None, two: str | None) -> str:
    if how == "alike" and one and two:
        apart = letters_apart(one, two)
        if apart <= 2:
            return f"{field} {number_word(apart)} letter{'s' if apart > 1 else ''} apart"
        return f"{field} a short or like form"
    return {"same": f"same {field}", "different": f"another {field}"}.get(how, f"{field} not known for both")


def letters_apart(one: str, two: str) -> int:
    """How many letters have to be put in, left out, changed, or changed round with the next, to make one word of another.

    >>> letters_apart("marten", "martin"), letters_apart("jaems", "james"), letters_apart("sam", "samantha")
    (1, 1, 5)
    """
    before_last: list[int] = []
    last = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, before_last[j - 2] + 1)
            row.append(best)
        before_last, last = last, row
    return last[-1]


def how_sure(weight: float | None) -> str:
    """A match weight in words."""
    if weight is None or weight != weight:
        return "not weighed"
    return next((words for least, words in _SURE if weight >= least), "unlikely")


def verdict_words(pair: Mapping[str, Any]) -> str:
    """What became of a pair, and why."""
    if pair["verdict"] == "link":
        by = {
            "number": "a number and what stands beside it agree",
            "decision": "somebody decided it",
            "likeness": "names, date of birth or home agree",
            "before": "they were joined before, and nothing speaks against it",
            "unseen": "they were joined before, were not compared this time, and nothing speaks against it",
        }
        return f"joined: {by.get(pair['reason'], pair['reason'])}"
    if pair["verdict"] == "never":
        return f"never joined: {FORBIDDEN[pair['reason']]}"
    return {"different": "kept apart: somebody decided it", "review": "waits for somebody to look"}.get(pair["verdict"], "not joined")


def parts_of(linkage: Linkage, pair: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The weight of a pair, part by part: label and value; where a value is missing it is said to add nothing."""
    rows = []
    for item in COUNCIL.comparisons:
        level = pair.get(f"level_{item.name}")
        if level is None or level != level:
            continue
        label = _FIELDS.get(item.name, item.name)
        said = "not known for both" if int(level) == MISSING else _level_words(linkage.scored.label(item.name, int(level)), label)
        value = pair[f"weight_{item.name}"]
        rows.append({"label": f"{sentence_case(label)}: {said}", "value": 0.0 if value != value else float(value)})
    return rows


def _level_words(label: str, field: str) -> str:
    """Splink's label of a level in our words."""
    words = (
        ("Exact match on full", "the same"), ("Exact match on sector", "same but for the last two letters"), ("Exact match on district", "same first half"),
        ("Exact match on area", "same first letters"), ("Exact match", "the same"), ("Levenshtein distance <= 1", "one figure apart"),
        ("<= 1 month", "within a month"), ("<= 1 year", "within a year"), ("<= 10 year", "within ten years"), (">= 0.92", "nearly the same"),
        (">= 0.88", "much alike"), (">= 0.7", "a little alike"), ("All other", "another"),
    )  # fmt: skip
    return next((said for part, said in words if part in label), label)


def pair_picture(linkage: Linkage, pair: Mapping[str, Any], settings: LinkageSettings) -> Markup:
    """The weight of one pair as a waterfall, without a name or a date in it."""
    parts = parts_of(linkage, pair)
    weight = float(pair["weight"])
    desc = f"Starts at {linkage.scored.prior:+.1f}, for two records drawn by chance. " + " ".join(f"{p['label']}: {p['value']:+.1f}." for p in parts)
    return waterfall(
        linkage.scored.prior,
        parts,
        title="Why two records may be one person",
        desc=f"{desc} Together {weight:+.1f}: {how_sure(weight)}.",
        start_label="Two records drawn by chance",
        end_label="Together",
        marks=((settings.link_from, "joined from here"), (settings.review_from, "looked at from here")),
        axis="match weight (each step doubles the odds)",
    )


def pairs_in_words(linkage: Linkage, pairs: pd.DataFrame, *, rows: int = 10) -> pd.DataFrame:
    """The first ``rows`` pairs as sentences: which sources, what agrees and what does not, what the weight says, what became of them. Nobody is named."""
    told = []
    for pair in pairs.head(rows).to_dict("records"):
        row = {str(name): value for name, value in pair.items()}
        sources = [str(linkage.records.iloc[int(row[side])]["source"]).replace("_", " ") for side in ("left", "right")]
        told.append({"held by": " and ".join(sources), "what agrees and what does not": in_words(linkage, row), "by weight alone": how_sure(row["weight"]),
                     "what became of it": verdict_words(row)})  # fmt: skip
    return pd.DataFrame(told, columns=["held by", "what agrees and what does not", "by weight alone", "what became of it"])
