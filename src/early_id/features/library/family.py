"""Factors that social workers recorded at assessment. They exist only for assessed children: for others they are unknown, not zero.

Codes: Standard Safeguarding Dataset, factors identified at end of assessment. Older than 24 months they do not count.
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit, Usage
from early_id.features.declare import Feature, any_, count, last_days
from early_id.schema.codes import code_list
from early_id.schema.conditions import isin

_GUIDANCE = "Working Together 2023 names"
#: Rows that show that the child was assessed at all, whatever was found. Restricted codes are never read, so they do not show it either.
_USABLE = code_list("assessment_factors").having(usage=Usage.FEATURE) - {"21"}
IS_ASSESSMENT = isin("factor", _USABLE | {"21"})
#: Counted and printed as a number; domestic abuse and going missing have features of their own, whose facts are never printed.
_COUNTED = _USABLE - {"3A", "3B", "3C", "10A"}


def _factor(name: str, label: str, codes: set[str] | frozenset[str], phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "household_factors", "window": last_days(730), "direction": Direction.RAISES, "sharing": SharingClass.SOCIAL_CARE,
        "theme": "family_wellbeing", "missing": Missing.UNKNOWN, "value_format": "yes_no", "measure": any_(isin("factor", codes), among=IS_ASSESSMENT),
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
    Feature(
        name="contacts_count_365d", label="Contacts with the front door", source="contacts", measure=count(), window=last_days(365),
        direction=Direction.RAISES, sharing=SharingClass.SOCIAL_CARE, theme="earlier_help", missing=Missing.ZERO_IF_COVERED,
        phrase="Somebody contacted the council about the family {value} times in {period}",
        reason="Contacts that met no threshold often come before a later one (Ofsted on missed chances).",
    ),
)  # fmt: skip
