"""Factors recorded at assessment. They exist only for assessed children: for others they are unknown, not zero. None is nought only while assessments are sent.

Codes: Standard Safeguarding Dataset, factors identified at end of assessment. Older than 24 months they do not count.
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit, Usage
from early_id.features.declare import Feature, Measure, any_, between_days, count, different, last_days
from early_id.schema.codes import code_list
from early_id.schema.conditions import Condition, all_of, isin

_GUIDANCE = "Working Together 2023 names"
#: Rows that show that the child was assessed at all, whatever was found. Restricted codes are never read, so they do not show it either.
_USABLE = code_list("assessment_factors").having(usage=Usage.FEATURE) - {"21"}
IS_ASSESSMENT = isin("factor", _USABLE | {"21"})
#: Counted and printed as a number; domestic abuse and going missing have features of their own, whose facts are never printed.
_COUNTED = _USABLE - {"3A", "3B", "3C", "10A"}
IS_COUNTED = isin("factor", _COUNTED)
_RECORDERS = code_list("recorder").values()


def recorded_by(recorder: str) -> tuple[Condition, Condition]:
    """Factors that ``recorder`` wrote down, among those of which it is said who did."""
    return all_of(IS_COUNTED, isin("recorded_by", {recorder})), all_of(IS_ASSESSMENT, isin("recorded_by", _RECORDERS))


def _by(recorder: str) -> Measure:
    of, among = recorded_by(recorder)
    return count(of, among=among)


def _factor(name: str, label: str, codes: set[str] | frozenset[str], phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "household_factors", "window": last_days(730), "direction": Direction.RAISES, "sharing": SharingClass.SOCIAL_CARE,
        "theme": "family_wellbeing", "missing": Missing.UNKNOWN, "value_format": "yes_no", "measure": any_(isin("factor", codes), among=IS_ASSESSMENT),
        "version": 2,
    }  # fmt: skip
    return Feature(name=name, label=label, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


FAMILY: tuple[Feature, ...] = (
    _factor("parent_mental_health_730d", "A parent's mental health", {"4B", "4C"},
            "A worry about the mental health of an adult at home was recorded in {period}", f"{_GUIDANCE} adult mental ill health."),
    _factor("parent_substance_730d", "Alcohol or drug use at home", {"1B", "1C", "2B", "2C"},
            "A worry about alcohol or drug use at home was recorded in {period}", f"{_GUIDANCE} family drug and alcohol misuse."),
    _factor("domestic_abuse_factor_730d", "Domestic abuse recorded", {"3A", "3B", "3C"},
            "A worry about safety at home was recorded in {period}", f"{_GUIDANCE} domestic abuse.", theme="safety"),
    _factor("child_mental_health_730d", "The child's mental health", {"4A", "15A"},
            "A worry about how the child feels was recorded in {period}", f"{_GUIDANCE} children suffering mental ill health."),
    _factor("child_substance_730d", "The child's alcohol or drug use", {"1A", "2A"},
            "A worry about the child's alcohol or drug use was recorded in {period}", f"{_GUIDANCE} children misusing drugs or alcohol."),
    _factor("child_behaviour_730d", "Behaviour", {"14A", "13A"},
            "A worry about behaviour outside the home was recorded in {period}", f"{_GUIDANCE} anti-social behaviour and gangs.", theme="safety"),
    _factor("neglect_or_emotional_730d", "Care at home", {"16A", "17A"},
            "A worry about care at home was recorded in {period}", "Neglect and emotional abuse are the commonest factors after domestic abuse.",
            theme="home"),
    _factor("parent_health_730d", "A parent's illness or disability", {"5B", "5C", "6B", "6C"},
            "Illness or disability of an adult at home was recorded in {period}", "Caring for an ill adult can fall to children."),
    _factor("young_carer_factor_730d", "Young carer", {"7A"}, "The child was recorded as a young carer in {period}", f"{_GUIDANCE} young carers."),
    _factor("factors_count_730d", "Number of worries recorded", _USABLE,
            "{value} worries recorded at assessment in {period}", "Several needs at once mark families who welcome whole-family help.",
            measure=count(isin("factor", _COUNTED), among=IS_ASSESSMENT), value_format="count"),
    _factor("sibling_factors_730d", "Worries recorded about brothers and sisters", _USABLE,
            "{value} worries recorded about brothers or sisters in {period}", "Needs of one child in a family are seldom alone.",
            measure=count(isin("factor", _COUNTED), among=IS_ASSESSMENT), value_format="count", unit=Unit.FAMILY, theme="siblings"),
    _factor("privately_fostered_730d", "Privately fostered", {"8D", "8E", "8F"},
            "The child was recorded as living with people other than close family in {period}",
            f"{_GUIDANCE} privately fostered children."),
    _factor("missing_factor_730d", "Going missing recorded", {"10A"}, "Going missing was recorded at an assessment in {period}",
            f"{_GUIDANCE} children who go missing.", theme="safety"),
    _factor("self_harm_730d", "Self-harm recorded", {"15A"}, "Self-harm was recorded at an assessment in {period}",
            f"{_GUIDANCE} children suffering mental ill health.", theme="safety"),
    _factor("gangs_730d", "Gangs recorded", {"13A"}, "Gangs were recorded at an assessment in {period}",
            f"{_GUIDANCE} gangs, county lines and serious violence.", theme="safety"),
    _factor("factors_count_180d", "Number of worries recorded, last 180 days", _USABLE, "{value} worries recorded at assessment in {period}",
            "What was recorded lately says more than what is old.", measure=count(IS_COUNTED, among=IS_ASSESSMENT), window=last_days(180),
            value_format="count"),
    _factor("factors_count_730d_to_180d", "Number of older worries recorded", _USABLE,
            "{value} worries recorded at assessment in {period}", "Old worries may be over; they are counted apart.",
            measure=count(IS_COUNTED, among=IS_ASSESSMENT), window=between_days(730, 180), value_format="count"),
    _factor("factor_kinds_730d", "Number of different worries recorded", _USABLE, "{value} different worries recorded at assessment in {period}",
            "The same worry written down twice is one worry.", measure=different("factor", IS_COUNTED, among=IS_ASSESSMENT), value_format="count"),
    _factor("factors_by_social_worker_730d", "Worries recorded by social workers", _USABLE, "{value} worries recorded by a social worker in {period}",
            "Who recorded it tells how it was looked at.", measure=_by("social_worker"), value_format="count"),
    _factor("factors_by_early_help_730d", "Worries recorded by early help", _USABLE, "{value} worries recorded with an early-help worker in {period}",
            "Who recorded it tells how it was looked at.", measure=_by("early_help"), value_format="count"),
)  # fmt: skip
