"""One suggestion in words: what we noticed, what speaks against, what is going well, what is not known, what is out of date."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from early_id.core.types import Direction, Unit
from early_id.explain.lines import run_on
from early_id.explain.not_known import not_known, out_of_date
from early_id.explain.peers import ABOUT, STAYS, YearGroups
from early_id.explain.strengths import is_strength, room_beside, strengths
from early_id.explain.wording import (
    DIFFERENCES,
    NOT_SHOWN,
    WITHHELD_SENTENCE,
    against_sentence,
    fact_sentence,
    holder,
    is_withheld,
    label_and_period,
    period_text,
    sentence_case,
    short_label,
    theme_title,
    value_text,
    year_label,
)
from early_id.features.themes import THEMES
from early_id.present.wording import and_list, day_text

if TYPE_CHECKING:
    from early_id.features.declare import Feature

MOST_NOTICED, MOST_AGAINST = 4, 3
#: Themes that are told whatever they counted.
READ_WITH = ("provision",)
#: A theme that moves the score by less than this (log-odds; odds by 5 in 100) is not worth a sentence.
WORTH_SAYING = 0.05
#: Upper ends of the steps of the five-step bar, in log-odds: coarse on purpose, so that no score can be rebuilt from it.
STEPS = (0.15, 0.3, 0.6, 1.0)
STEP_WORDS = ("a little", "somewhat", "clearly", "strongly", "very strongly")
#: Which side of the table a theme is on. "not shown" counts for too little, or came after the most a reader can use.
SIDES = ("noticed", "against", "strength", "not known", "not shown")


@dataclass(frozen=True)
class Fact:
    """One value as recorded, so that a mistake can be seen."""

    what: str  #: label and period
    value: str
    usual: str
    source: str
    newest_on: date | None


@dataclass(frozen=True)
class Reason:
    """One theme as a plain sentence, with where it comes from.

    ``contribution`` is for analysts' tables; pages for staff show ``steps`` (1 to 5) and never the number.
    """

    side: str
    theme: str
    title: str
    sentence: str
    comparison: str
    period: str
    source: str
    newest_on: date | None
    contribution: float
    steps: int
    facts: tuple[Fact, ...] = ()
    withheld: bool = False
    stands_out: bool = True  #: differs from what is usual for the year group, towards need
    small: bool = False  #: differs only a little from it
    told_above: bool = False  #: the same theme is already told as something going well

    @property
    def steps_in_words(self) -> str:
        """How much this counted, in words, for readers who do not see the bar."""
        return STEP_WORDS[self.steps - 1]

    @property
    def origin(self) -> str:
        """``School attendance register, newest record 31 October 2025.``"""
        if self.withheld or self.told_above:
            return ""
        newest = f", newest record {day_text(self.newest_on)}" if self.newest_on else ""
        return sentence_case(f"{self.source}{newest}")

    @property
    def short_origin(self) -> str:
        """``(attendance register, 31 October 2025)``, where the reader has been told once that the date is that of the newest record."""
        if self.withheld or self.told_above:
            return ""
        return f"({self.source}, {day_text(self.newest_on)})" if self.newest_on else f"({self.source})"

    @property
    def said(self) -> str:
        """Sentence and comparison. A fact that the reader has just met under what is going well is not said twice."""
        if self.told_above:
            return "See what is going well."
        return " ".join(part for part in (self.sentence, self.comparison) if part)

    @property
    def text(self) -> str:
        """Sentence, comparison and origin in one line, for a cell of a workbook."""
        return " ".join(part for part in (self.said, self.short_origin) if part)


@dataclass(frozen=True, repr=False)
class Explanation:
    """Everything a reader may be told about one child on one date. Printing it shows no fact; open its page or its fields."""

    def __repr__(self) -> str:
        return f"Explanation(of one child as of {self.as_of}: {len(self.noticed)} themes noticed, {len(self.against)} against)"

    key: str
    child_id: str
    as_of: date
    nc_year: str
    noticed: tuple[Reason, ...]
    against: tuple[Reason, ...]
    going_well: tuple[Reason, ...]
    not_known: tuple[str, ...]
    out_of_date: tuple[str, ...]
    also_counted: tuple[str, ...] = ()  #: titles of themes that raised the score a little by values that are usual for the year group
    read_with: tuple[str, ...] = ()  #: sentences on what the school arranged, which change how the rest is to be read, whatever they counted
    others: tuple[Reason, ...] = ()  #: themes that count for little or rest on unknown values; kept so that the sum is whole

    @property
    def only_small(self) -> bool:
        """Whether every sign differs only a little from what is usual."""
        return bool(self.noticed) and all(reason.small for reason in self.noticed)

    @property
    def well_on_page(self) -> tuple[Reason, ...]:
        """What is going well, as far as one side of paper holds it; a workbook has all."""
        return self.going_well[: room_beside(len(self.noticed))]

    @property
    def speaks_against(self) -> tuple[Reason, ...]:
        """What speaks against, as readers see it: themes that are told as going well already are pointed to in one line."""
        above = [reason for reason in self.against if reason.told_above]
        if len(above) < 2:
            return self.against
        first, *more = above
        title = and_list([first.title, *(f"{reason.title[:1].lower()}{reason.title[1:]}" for reason in more)])
        return (*(reason for reason in self.against if not reason.told_above), replace(first, title=title))

    def _repr_html_(self) -> str:
        from early_id.explain.page import sheet_body

        return sheet_body(self)


@dataclass(frozen=True)
class Row:
    """The inputs of one narrative."""

    key: str
    child_id: str
    as_of: date
    nc_year: str
    values: dict[str, float]
    parts: dict[str, float]  #: contribution of each feature
    newest: dict[str, date | None]


def _read_with(by_theme: dict[str, list[Feature]], row: Row, told: frozenset[str]) -> tuple[str, ...]:
    """What the school arranged for the child, where no reason tells it already: a part-time timetable is no absence, and a reader has to know of it."""
    members = [f for theme in READ_WITH if theme not in told for f in by_theme.get(theme, ())]
    there = [f for f in members if row.values[f.name] > 0 and not is_withheld(f) and f.measure.kind != "days_since_last"]
    # What lowers, such as being on a roll at all, is nothing that was arranged; of several windows of one thing two are enough.
    arranged = [f for f in there if f.direction is not Direction.LOWERS]
    return run_on(tuple(dict.fromkeys(fact_sentence(f, row.values[f.name]) for f in arranged))[:2])


def bar_steps(contribution: float) -> int:
    """1 to 5."""
    return 1 + sum(abs(contribution) > limit for limit in STEPS)


def narrate(row: Row, features: tuple[Feature, ...], peers: YearGroups, *, held: frozenset[str] | None = None) -> Explanation:
    """Turn one row's values and contributions into sentences.

    ``held`` names the features of which a value is known for anybody: what no source sends at all is not a hole in this child's records.

    A theme is *noticed* where it raised the score, and *speaks against* where it lowered it. A theme whose weight comes
    from values that are not known is neither: what nobody recorded is not a reason (design, section 2.5).
    """
    by_theme: dict[str, list[Feature]] = {}
    for feature in features:
        by_theme.setdefault(feature.theme, []).append(feature)
    reasons = [_theme_reason(theme, members, row, peers) for theme, members in by_theme.items()]
    # A usual value is no reason that a reader could give, nor is one that is less than usual, whatever it counted: such themes are named in one line.
    raising = sorted((r for r in reasons if r.side == "noticed"), key=lambda r: (not r.stands_out, -r.contribution, r.theme))
    noticed = [r for r in raising if r.stands_out]
    against = sorted((r for r in reasons if r.side == "against"), key=lambda r: (r.contribution, r.theme))
    rest = [*(r for r in raising if r not in noticed[:MOST_NOTICED]), *against[MOST_AGAINST:]]
    raised = frozenset(reason.theme for reason in raising)
    good = strengths(features, row.values, leave_out=raised, parts=row.parts, year=year_label(row.nc_year))
    well = tuple(_well(feature, sentence, row, peers) for feature, sentence in good)
    # Only what every reader meets above can be pointed to.
    told = {reason.theme for reason in well[: room_beside(len(noticed))]}
    return Explanation(
        key=row.key,
        child_id=row.child_id,
        as_of=row.as_of,
        nc_year=row.nc_year,
        noticed=tuple(sorted(noticed[:MOST_NOTICED], key=_place)),
        against=tuple(replace(_without_plain_comparison(r), told_above=r.theme in told) for r in against[:MOST_AGAINST]),
        going_well=well,
        not_known=not_known(by_theme, row, held),
        out_of_date=out_of_date(features, row),
        also_counted=tuple(r.title for r in rest if r.side == "noticed" and not r.stands_out),
        read_with=_read_with(by_theme, row, raised | frozenset(r.theme for r in against[:MOST_AGAINST])),
        others=(*(replace(r, side="not shown") for r in rest), *(r for r in reasons if r.side not in ("noticed", "against"))),
    )


def _place(reason: Reason) -> tuple[int, str]:
    """Signs stand in one order on every sheet, the child's own first. By weight they would lead with whatever the model leans on, which the bar says."""
    themes = list(THEMES)
    return (themes.index(reason.theme) if reason.theme in themes else len(themes)), reason.theme


def _without_plain_comparison(reason: Reason) -> Reason:
    """Good news needs no "about what is usual" after it."""
    return replace(reason, comparison="") if reason.comparison.startswith(ABOUT) else reason


def _well(feature: Feature, sentence: str, row: Row, peers: YearGroups) -> Reason:
    """A strength. That others do better still is left out, since it would take back what has just been said; so is what the sentence gives no value for.

    Nor does "none", or how long a child has been at a school, need a comparison: in Year 7 everybody came lately.
    """
    reason = _without_plain_comparison(_reason("strength", feature, sentence, row, peers, contribution=math.nan))
    middle = peers.median(feature, row.nc_year)
    worse = middle is not None and feature.direction.sign * (row.values[feature.name] - middle) > 0
    needed = "{value}" in (feature.strength_phrase or "") and row.values[feature.name] != 0 and feature.measure.kind not in STAYS
    return reason if needed and not worse else replace(reason, comparison="")


def _theme_reason(theme: str, members: list[Feature], row: Row, peers: YearGroups) -> Reason:
    """The theme's side and its sentence, told by the known feature that moved the score furthest that way."""
    whole = math.fsum(row.parts[f.name] for f in members)
    known = [f for f in members if not math.isnan(row.values[f.name])]
    from_known = math.fsum(row.parts[f.name] for f in known)
    sign = 1 if whole > 0 else -1
    # A value its author calls a strength is no reason to notice anyone, even where it lies above the average child's.
    pulling = [f for f in known if row.parts[f.name] * sign > 0 and not _is_contrary(f, row, peers, sign)]
    if not pulling or abs(whole) < WORTH_SAYING or from_known * sign < WORTH_SAYING or (sign < 0 and all(is_withheld(f) for f in pulling)):
        # The last case: "another service holds nothing" may not be said either.
        side = "not shown" if abs(whole) < WORTH_SAYING or len(known) == len(members) else "not known"
        lead = max(known, key=lambda f: (not is_withheld(f), abs(row.parts[f.name])), default=members[0])
        return _reason(side, lead, _plain(lead, row), row, peers, contribution=whole)
    # What can be told goes before what cannot; and neither a nought nor a usual value raises a suggestion in words while another value can.
    lead = max(pulling, key=lambda f: (not is_withheld(f), sign < 0 or _is_telling(f, row, peers), abs(row.parts[f.name])))
    sentence = _plain(lead, row) if sign > 0 or is_withheld(lead) else against_sentence(lead, row.values[lead.name])
    if not is_withheld(lead) and sign > 0 and any(is_withheld(f) and row.parts[f.name] >= WORTH_SAYING for f in pulling):
        sentence = f"{sentence} {WITHHELD_SENTENCE}"
    facts = _facts(members, lead, row, peers)
    reason = _reason("noticed" if sign > 0 else "against", lead, sentence, row, peers, contribution=whole, facts=facts)
    if sign < 0 or is_withheld(lead):
        return reason
    value = row.values[lead.name]
    return replace(reason, stands_out=peers.stands_out(lead, row.nc_year, value), small=peers.is_small(lead, row.nc_year, value))


def _is_contrary(feature: Feature, row: Row, peers: YearGroups, sign: int) -> bool:
    """Whether a value would tell the opposite: a strength, or the lack of one, as noticed; a sign of need as what speaks against."""
    value = row.values[feature.name]
    if sign > 0 and is_withheld(feature):
        return value == 0  # "nothing known" is a fact too, and one that may not be shown
    if sign > 0:
        return is_strength(feature, value) or _lacks(feature, row)
    return not is_withheld(feature) and peers.is_towards_need(feature, row.nc_year, value)


def _lacks(feature: Feature, row: Row) -> bool:
    """Whether a yes-or-no sign that is a strength where it is there, such as help that finished well, is not there."""
    return feature.value_format == "yes_no" and feature.strength_above is not None and row.values[feature.name] == 0


def _is_telling(feature: Feature, row: Row, peers: YearGroups) -> bool:
    return row.values[feature.name] != 0 and peers.stands_out(feature, row.nc_year, row.values[feature.name])


def _plain(feature: Feature, row: Row) -> str:
    value = row.values[feature.name]
    if is_withheld(feature):
        return WITHHELD_SENTENCE if row.parts[feature.name] > 0 and value != 0 and not math.isnan(value) else NOT_SHOWN
    return sentence_case(f"{feature.label}: not recorded") if math.isnan(value) else fact_sentence(feature, value)


def _reason(
    side: str,
    feature: Feature,
    sentence: str,
    row: Row,
    peers: YearGroups,
    *,
    contribution: float,
    facts: tuple[Fact, ...] = (),
) -> Reason:
    hidden = is_withheld(feature)
    return Reason(
        side=side,
        theme=feature.theme,
        title=theme_title(feature.theme),
        sentence=sentence,
        comparison="" if hidden or feature.unit is Unit.FAMILY else peers.sentence(feature, row.nc_year, row.values[feature.name]),
        period="" if hidden else period_text(feature),
        source="another service" if hidden else holder(feature),
        newest_on=None if hidden else row.newest.get(feature.name),
        contribution=contribution,
        steps=bar_steps(contribution),
        facts=facts,
        withheld=hidden,
    )


def _facts(members: list[Feature], lead: Feature, row: Row, peers: YearGroups) -> tuple[Fact, ...]:
    """Facts behind a theme: the one the sentence tells, then by weight, what is not recorded last.

    A comparison that could not be made is no record, and one value over two windows is said once.
    """
    shown = [f for f in members if not is_withheld(f) and not (f.measure.kind in DIFFERENCES and math.isnan(row.values[f.name]))]
    ordered = sorted(shown, key=lambda f: (f is not lead, math.isnan(row.values[f.name]), -abs(row.parts[f.name])))
    kept: dict[tuple[str, str, str], Fact] = {}
    for feature in ordered:
        fact = _fact(feature, row, peers)
        kept.setdefault((short_label(feature), fact.value, fact.usual), fact)
    return tuple(kept.values())


def _fact(feature: Feature, row: Row, peers: YearGroups) -> Fact:
    return Fact(
        what=label_and_period(feature),
        value=value_text(feature, row.values[feature.name]),
        usual="" if feature.unit is Unit.FAMILY else peers.usual(feature, row.nc_year),
        source=holder(feature),
        newest_on=row.newest.get(feature.name),
    )
