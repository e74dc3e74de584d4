"""How values, dates and years are written for a teacher: digits, whole words, no code letters, no percentage signs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from early_id.core.types import SharingClass, Unit
from early_id.features.themes import THEMES
from early_id.present.wording import plural

if TYPE_CHECKING:
    from early_id.features.declare import Feature

#: Facts that are never printed, whoever reads. Domestic abuse is in a theme marked not printable (features/themes.py).
WITHHELD_CLASSES = frozenset({SharingClass.POLICE})
WITHHELD_SENTENCE = "Information from another service. No details are shown here: ask the hub's safeguarding lead before any contact."
NOT_SHOWN = "Not shown."

#: Who holds the records behind a feature, in the words of the people who will ask to see them.
HOLDERS: dict[str, str] = {
    "attendance": "attendance register",
    "suspensions": "suspension record",
    "enrolments": "school roll",
    "pupils": "school roll",
    "education_status": "council education record",
    "missing_episodes": "missing episodes record",
    "household_members": "household record",
    "contacts": "children's services",
    "early_help": "early help record",
    "notifications": "notices from other services",
}
CLASS_HOLDERS: dict[SharingClass, str] = {
    SharingClass.SCHOOL: "school records",
    SharingClass.EDUCATION: "council education record",
    SharingClass.SOCIAL_CARE: "children's services",
    SharingClass.POLICE: "another service",
    SharingClass.HEALTH: "health records",
    SharingClass.HOUSING_FINANCE: "housing and benefit records",
}

_SHARE = re.compile(r"((?:only |just )?)\{value\} of (?:the |their |all )?(\w)")
#: "6 more of every 100 sessions": where a phrase says how a share differs.
_SHARE_APART = re.compile(r"\{value\} (more|fewer) of (?:the |their |all )?(\w)")
_NOUN = re.compile(r"\{value\|([a-z -]+)\}")
#: What a number counts, where a bare number would leave a reader guessing.
_UNIT = re.compile(r"\{value\} (sessions|weeks)\b")
#: A noun, perhaps after one adjective, that follows a lone 1; not "1 of every 100".
_AFTER_ONE = re.compile(r"(?<![\w.,])1 ((?!of )(?:[a-z]*[a-rt-z] )?)((?!(?:was|this|has|its|always|less)\b)[a-z]{3,}s|children)\b")
#: Tables in which a family may appear through any of its members.
_OF_ANY_MEMBER = frozenset({"contacts"})
#: Measures that are a difference, and how no difference and one the other way are said.
DIFFERENCES = {"change": ("about the same as before", "less than before"), "against_peers": ("about the same", "less")}
#: Measures whose usual value says nothing to a reader: a difference, and a time since or between something most never had.
NOT_COMPARED = frozenset({*DIFFERENCES, "days_since_last", "mean_gap"})
#: Spans that people say in months or years.
_SPANS = {
    "the last 730 days": "the last two years",
    "the last 180 days": "the last six months",
    "the last 120 days": "the last four months",
    "the time from 730 to 180 days ago": "the time from two years to six months ago",
}


def holder(feature: Feature) -> str:
    """Who holds the records behind ``feature``; tables filled by several services, or a council's own, go by the sharing class."""
    return HOLDERS.get(feature.source, CLASS_HOLDERS[feature.sharing])


def is_withheld(feature: Feature) -> bool:
    """Whether the facts behind ``feature`` may never be printed."""
    theme = THEMES.get(feature.theme)
    return feature.sharing in WITHHELD_CLASSES or theme is None or not theme.printable


def theme_title(key: str) -> str:
    """The heading of a theme."""
    return THEMES[key].title if key in THEMES else key.replace("_", " ").capitalize()


def year_label(nc_year: object) -> str:
    """``Year 8``, ``Reception``, ``nursery``, or an empty string where the year group is not known."""
    text = str(nc_year).strip().removesuffix(".0")
    if text.lower() in {"", "<na>", "nan", "none", "not known"}:
        return ""
    if text.upper() in {"R", "YR"}:
        return "Reception"
    if text.upper() in {"N", "N1", "N2", "E1", "E2"}:
        return "nursery"
    digits = text.upper().removeprefix("YEAR").removeprefix("Y").strip()
    return f"Year {int(digits)}" if digits.isdigit() else text


def count_text(value: float) -> str:
    """Whole numbers as digits with thousands commas, others to one decimal."""
    return f"{round(value):,}" if math.isclose(value, round(value), abs_tol=0.05) else f"{value:,.1f}"


def share_text(value: float) -> str:
    """A share as children, sessions or weeks of every 100: no percentage sign is ever printed for staff."""
    if 0 < value < 0.005:
        return "fewer than 1 of every 100"
    if 0.995 <= value < 1:
        return "more than 99 of every 100"
    return f"{math.floor(value * 100 + 0.5)} of every 100"


def days_text(value: float) -> str:
    """Days as people say them: exact up to three months, then months, then years."""
    days = round(value)
    if days < 90:
        return "1 day" if days == 1 else f"{days} days"
    if days < 730:
        return f"about {round(days / 30.44)} months"
    return f"about {round(days / 365.25)} years"


def period_text(feature: Feature) -> str:
    """The window in words; 730 days are said as two years."""
    return _SPANS.get(feature.period_label, feature.period_label)


def value_text(feature: Feature, value: float) -> str:
    """A value on its own, for a table of facts. Unknown is said, never shown as nought."""
    if math.isnan(value):
        return "not recorded"
    if is_withheld(feature):
        return "not shown"
    if feature.measure.kind in DIFFERENCES:
        if abs(value) < (0.005 if feature.value_format == "share" else 0.05):
            return "about the same"
        word = "more" if value > 0 else "fewer"
        return _apart(abs(value), word) if feature.value_format == "share" else f"{count_text(abs(value))} {word}"
    text = _VALUES.get(feature.value_format, count_text)(value)
    unit = _UNIT.search(feature.phrase)
    return agree(f"{text} {unit.group(1)}") if unit and feature.value_format == "count" and value else text


def _apart(size: float, word: str) -> str:
    """``6 more of every 100``."""
    return share_text(size).replace(" of every 100", f" {word} of every 100")


_VALUES: dict[str, Callable[[float], str]] = {
    "share": lambda value: "none" if value == 0 else share_text(value),
    "yes_no": lambda value: "yes" if value > 0 else "none recorded",
    "days": lambda value: "none" if value == 0 else days_text(value),
    "count": lambda value: "none" if value == 0 else count_text(value),
}


def fill(phrase: str, feature: Feature, value: float) -> str:
    """Fill a catalogue phrase: ``{value}``, ``{value|noun}``, ``{rest}`` (the other part of a share), ``{period}``."""
    text = phrase
    if "{rest}" in text:
        text, value = text.replace("{rest}", "{value}"), 1 - value
    # A phrase says itself which way a change went, so it wants the size alone.
    value = abs(value)
    bare = "{value}" in text
    text = _NOUN.sub(lambda hit: _counted(feature, value, hit.group(1)), text)
    if feature.value_format == "share":
        every = "all" if value >= 1 else "no" if value == 0 else share_text(value)
        text = _SHARE_APART.sub(lambda hit: f"{_apart(value, hit.group(1))} {hit.group(2)}", text)
        text = _SHARE.sub(lambda hit: f"{every} {hit.group(2)}" if value == 0 else f"{hit.group(1)}{every} {hit.group(2)}", text)
        text = text.replace("{value}", share_text(value))
    elif feature.value_format == "days":
        text = text.replace("{value} days", days_text(value)).replace("{value}", days_text(value))
    elif bare:
        text = agree(text.replace("{value}", count_text(value)))
    return sentence_case(text.replace("{period}", period_text(feature)))


def _counted(feature: Feature, value: float, noun: str) -> str:
    """A number with its noun: ``once``, ``3 times``, ``1 worry``, ``2 worries``."""
    if noun in ("time", "times"):
        return {1.0: "once", 2.0: "twice"}.get(float(value), f"{count_text(value)} times")
    if noun == "day":
        return days_text(value)
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{count_text(value)} {plural(value, noun, many)}"


def agree(text: str) -> str:
    """Singular after a lone 1 where a phrase wrote its noun out: ``1 times`` is ``once``, ``1 sessions`` is ``1 session``."""
    text = re.sub(r"(?<![\w.,])1 times\b", "once", text)
    text = re.sub(r"(?<![\w.,])2 times\b", "twice", text)
    return _AFTER_ONE.sub(lambda hit: f"1 {hit.group(1)}{singular(hit.group(2))}", text)


def singular(noun: str) -> str:
    """``sessions`` is ``session``, ``worries`` is ``worry``, ``addresses`` is ``address``, ``children`` is ``child``."""
    for ending, instead in (("children", "child"), ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("s", "")):
        if noun.endswith(ending):
            return noun.removesuffix(ending) + instead
    return noun


def sentence_case(text: str) -> str:
    """First letter capital, one full stop at the end, single spaces."""
    text = " ".join(text.split()).rstrip(".")
    return text[:1].upper() + text[1:] + "."


def fact_sentence(feature: Feature, value: float) -> str:
    """A plain sentence for a known value. Nought and "less than before" get words of their own: "0 times" reads as a slip."""
    if is_withheld(feature):
        return WITHHELD_SENTENCE
    if feature.measure.kind in DIFFERENCES:
        same, less = DIFFERENCES[feature.measure.kind]
        if abs(value) < 0.005:
            return sentence_case(f"{short_label(feature)}: {same}")
        if value < 0:
            return fill(feature.strength_phrase, feature, value) if feature.strength_phrase else sentence_case(f"{short_label(feature)}: {less}")
    if value == 0 and feature.measure.kind == "mean_gap":
        return sentence_case(f"{short_label(feature)}: several on one day")
    if value == 0 and not feature.measure.kind.startswith("days_since") and feature.value_format != "number":
        return none_sentence(feature)
    return fill(feature.phrase, feature, value)


def against_sentence(feature: Feature, value: float) -> str:
    """A plain sentence for a value that speaks against a suggestion: that something is long ago has to be said to be so."""
    sentence = fact_sentence(feature, value)
    return f"Not lately: {sentence[:1].lower()}{sentence[1:]}" if feature.measure.kind == "days_since_last" else sentence


def none_sentence(feature: Feature) -> str:
    """``Suspensions: none in the last year.`` A yes-or-no sign has no record, which is not the same as no."""
    label = short_label(feature)
    where = " for others in the family" if feature.unit is Unit.FAMILY and not re.search("family|brother|sister", label, re.IGNORECASE) else ""
    if not where and feature.source in _OF_ANY_MEMBER:
        where = " for this child"  # the sheet may say that services were in touch with the family
    what = "no record" if feature.value_format == "yes_no" else "none"
    if label == theme_title(feature.theme):  # the title stands before the sentence
        label, what = "", "none recorded"
    span = period_text(feature)
    period = "" if feature.window.kind == "ever" else f" {span}" if span.startswith("this ") else f" in {span}"
    return sentence_case(f"{label}: {what}{where}{period}".removeprefix(": "))


def short_label(feature: Feature) -> str:
    """The label without its window: ``Suspensions, last year`` is ``Suspensions``."""
    return re.sub(r",? (?:(?:in )?(?:the )?last (?:\w+ )*(?:days|weeks|year|years)|this (?:term|year|school year))$", "", feature.label)


def label_and_period(feature: Feature) -> str:
    """Label and window, the window once and in the words of the sentences: ``Suspensions, last two years``."""
    return feature.label if feature.window.kind == "ever" else f"{short_label(feature)}, {period_text(feature).removeprefix('the ')}"
