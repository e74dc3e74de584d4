"""The situations to which guidance asks practitioners to be alert, and which features speak of each; or one sentence why none does.

The first seventeen are those of Working Together to Safeguard Children 2023, in its own order (chapter on early help); the last seven are what
practitioners add. The words are ours, for social workers and teachers to read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import fill

import pandas as pd

from early_id.core.errors import DeclarationError
from early_id.features.catalogue import Catalogue
from early_id.features.words import SHARING_WORDS

#: The edition that the list follows, and what has to be done before a release.
EDITION = "Working Together 2023, to be checked against the 2026 edition before a release"
GUIDANCE, PRACTICE = "Working Together 2023", "practitioners"


@dataclass(frozen=True)
class Indicator:
    """One situation. ``why_not`` says in one sentence why a part of it, or all of it, is not a feature."""

    key: str
    title: str
    source: str
    features: tuple[str, ...] = ()
    why_not: str = ""

    def __post_init__(self) -> None:
        if not self.features and not self.why_not:
            raise DeclarationError(
                f"The situation '{self.key}' has no features and no reason why.",
                what_next="Name its features, or say in one sentence why there are none.",
            )


def _guided(key: str, title: str, *features: str, why_not: str = "") -> Indicator:
    return Indicator(key, title, GUIDANCE, features, why_not)


def _practised(key: str, title: str, *features: str, why_not: str = "") -> Indicator:
    return Indicator(key, title, PRACTICE, features, why_not)


INDICATORS: tuple[Indicator, ...] = (
    _guided("disabled", "The child is disabled",
            "part_time_share_90d", "part_time_weeks_365d", "part_time_place_now",
            why_not="Disability itself is a protected characteristic: it is used to check that lists treat groups alike, and never to put a child on one; "
            "what may show a need that is not met is."),
    _guided("special_needs", "The child has special educational needs",
            "part_time_share_90d", "part_time_weeks_365d", "alternative_provision_share_90d",
            why_not="Special educational needs as such are used to check lists only, unless a board has decided otherwise; "
            "what may show a need that is not met is."),
    _guided("young_carer", "The child is a young carer", "young_carer_factor_730d", "parent_health_730d",
            why_not="The school census mark is not used: most schools record none, so its absence says nothing."),
    _guided("bereaved", "The child has lost somebody close", "bereavement_730d"),
    _guided("crime_violence", "The child is drawn into anti-social or criminal behaviour, gangs, county lines or serious violence",
            "youth_justice_365d", "sibling_youth_justice_365d", "gangs_730d", "child_behaviour_730d", "suspended_for_violence_365d",
            "suspended_for_theft_damage_365d",
            why_not="Time in custody and criminal exploitation are never a feature; recent exploitation takes a child to the safeguarding route."),
    _guided("goes_missing", "The child goes missing from school, home or care",
            "missing_count_365d", "missing_count_90d", "days_since_missing_ever", "missing_change_180d", "missing_mean_gap_365d", "missing_at_night_365d",
            "missing_in_school_hours_365d", "sibling_missing_365d", "missing_factor_730d"),
    _guided("exploitation", "The child may be exploited, trafficked or in modern slavery",
            why_not="These records are restricted: a recent one takes a child off every list and to the safeguarding route, because early help is not the answer."),
    _guided("radicalisation", "The child may be drawn into extremism",
            why_not="Not held: referrals to Prevent belong to a route of their own and are not part of a council's early-help records."),
    _guided("online", "The child sees harmful things or is in harmful relationships online", "suspended_for_online_365d",
            why_not="Only what led to a suspension is on record; no record says what a child does online."),
    _guided("family_challenges", "Alcohol or drug use, mental ill health or domestic abuse in the family",
            "parent_substance_730d", "parent_mental_health_730d", "domestic_abuse_factor_730d", "domestic_abuse_notices_365d",
            "days_since_domestic_abuse_notice_ever", "sibling_domestic_abuse_notices_365d"),
    _guided("own_alcohol_drugs", "The child uses alcohol or drugs", "child_substance_730d", "suspended_for_drugs_alcohol_365d"),
    _guided("own_mental_health", "The child suffers mental ill health", "child_mental_health_730d", "self_harm_730d", "illness_share_90d",
            "illness_share_365d",
            why_not="Records of mental health services are not held; illness marks at school can stand for many things."),
    _guided("home_from_care", "The child has come home from care",
            why_not="Care records are used only to keep a child with a social worker off the lists; after care the child's own worker plans the support."),
    _guided("privately_fostered", "The child is privately fostered", "privately_fostered_730d",
            why_not="Arrangements for children from abroad are not read, because they would tell of nationality."),
    _guided("parent_in_custody", "A parent or carer is in prison",
            why_not="Not held: no list of parents in prison reaches the records that are used here."),
    _guided("not_in_school", "The child misses education, is persistently absent or not in full-time education",
            "absence_share_365d", "absence_share_90d", "absence_share_6sw", "absence_share_this_term", "absence_change_90d", "absence_change_6sw",
            "absence_against_peers_6sw", "absence_against_peers_365d", "unauthorised_share_90d", "unauthorised_share_365d", "unauthorised_count_10sw",
            "absence_longest_run_180d", "absence_weeks_12sw", "part_time_share_90d", "alternative_provision_share_365d", "on_roll_now",
            "home_educated_now", "missing_education_730d", "not_in_education_now"),
    _guided("suspended", "The child has been suspended several times, or permanently excluded",
            "suspensions_count_365d", "suspensions_count_90d", "suspensions_change_180d", "suspended_sessions_365d", "suspended_sessions_this_year",
            "suspension_longest_365d", "suspension_length_change_180d", "suspension_mean_gap_365d", "suspensions_all_schools_730d",
            "permanent_exclusion_all_schools_730d"),
    _practised("debt", "Debt", "rent_arrears_365d", "council_tax_arrears_365d", "benefit_cap_365d", "debt_advice_365d", "money_signs_365d"),
    _practised("behaviour", "Behaviour", "child_behaviour_730d", "suspended_for_disruption_365d", "suspended_for_bullying_365d", "suspensions_count_365d"),
    _practised("alcohol_drugs", "Alcohol or drug use", "parent_substance_730d", "child_substance_730d", "suspended_for_drugs_alcohol_365d"),
    _practised("home_conditions", "What home is like",
               "neglect_or_emotional_730d", "temporary_accommodation_now", "temporary_accommodation_365d", "home_moves_730d", "days_at_home_ever"),
    _practised("mental_health", "Mental health", "child_mental_health_730d", "parent_mental_health_730d", "self_harm_730d"),
    _practised("relationship_breakdown", "Parents who separate, or a family that falls out", "domestic_abuse_factor_730d", "domestic_abuse_notices_365d",
               why_not="Not held as such: no record says that parents separated, and a guess from who moved would be wrong too often."),
    _practised("isolation", "A family that is alone",
               why_not="Not held: no record says whom a family can turn to; it is one of the first things to ask."),
)  # fmt: skip


#: Over each part of the table.
_HEADINGS = {GUIDANCE: f"What guidance names ({EDITION})", PRACTICE: "What practitioners add"}
_WIDTH = 110


def indicators_text(features: Catalogue, indicators: Iterable[Indicator] = INDICATORS) -> str:
    """The table for a terminal: each situation with the labels of its features by who holds the records, and what is not used and why."""
    lines: list[str] = []
    for number, one in enumerate(indicators, 1):
        if (heading := _HEADINGS[one.source]) not in lines:
            lines += [*([""] if lines else []), heading, "-" * len(heading)]
        lines += ["", f"{number:>2}. {one.title}"]
        held: dict[str, list[str]] = {}
        for feature in (features[name] for name in one.features):
            held.setdefault(SHARING_WORDS[feature.sharing], []).append(feature.label)
        said = [(f"{holder[0].upper()}{holder[1:]}: ", "; ".join(labels)) for holder, labels in held.items()]
        for what, text in (*said, ("Not used: " if held else "No sign is used: ", one.why_not)):
            if text:
                lines.append(fill(text, _WIDTH, initial_indent=f"    {what}", subsequent_indent="      "))
    return "\n".join(lines)


def indicators_frame(features: Catalogue, indicators: Iterable[Indicator] = INDICATORS) -> pd.DataFrame:
    """The same as a frame: situation, who names it, labels of the signs used by who holds them, and what is not used and why."""
    rows = [
        {
            "situation": one.title,
            "named by": one.source,
            "signs used": "; ".join(
                f"{features[name].label} ({SHARING_WORDS[features[name].sharing]})" for name in one.features
            ),
            "not used, because": one.why_not,
        }
        for one in indicators
    ]  # fmt: skip
    return pd.DataFrame(rows)


def check_indicators(names: Iterable[str], indicators: Iterable[Indicator] = INDICATORS) -> None:
    """Refuse a table that names a feature which is not declared.

    Raises
    ------
    DeclarationError
    """
    known = set(names)
    for indicator in indicators:
        if strange := sorted(set(indicator.features) - known):
            raise DeclarationError(
                f"The situation '{indicator.key}' names the feature '{strange[0]}', which is not declared.",
                what_next="Correct the name in features/indicators.py.",
            )
