"""Contacts with the council's front door, and early help that a family accepted.

A refusal, an offer without an answer, and help that the family wished to end are not in the rows that these features read (``Table.shown``): such a
family has the values of one to whom nothing was ever offered (design, section 2.8).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, any_, between_days, change, count, days_since_last, different, ever, last_days
from early_id.schema.conditions import isin

_MISSED = "Contacts that met no threshold often come before a later one (Ofsted on missed chances)."
_WELL = "A family that found help useful once is likely to welcome it again, and needs it less."
ENDED_WELL = isin("end_reason", {"needs met", "no longer needed"})


def _service(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "contacts", "direction": Direction.RAISES, "sharing": SharingClass.SOCIAL_CARE, "theme": "earlier_help",
        "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


def _help(name: str, label: str, measure: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {"source": "early_help", "value_format": "yes_no", "direction": Direction.LOWERS}
    return _service(name, label, measure, ever(), phrase, reason, **{**values, **more})


SERVICES: tuple[Feature, ...] = (
    _service("contacts_count_365d", "Contacts with the front door", count(), last_days(365),
             "Somebody contacted the council about the child {value} times in {period}", _MISSED),
    _service("contacts_count_90d", "Contacts with the front door, last 90 days", count(), last_days(90),
             "Somebody contacted the council about the child {value} times in {period}", _MISSED),
    _service("contacts_change_180d", "Change in contacts", change(count(), earlier=between_days(360, 180)), last_days(180),
             "The council was contacted {value} more times in {period} than in the six months before", _MISSED),
    _service("contact_sources_365d", "Different people or services who contacted the council", different("contact_source"), last_days(365),
             "{value} kinds of people or services contacted the council in {period}", "Several who notice say more than one who writes often."),
    _service("contacts_from_school_365d", "Contacts from a school", count(isin("contact_source", {"school"})), last_days(365),
             "A school contacted the council about the child {value} times in {period}", _MISSED),
    _service("contacts_from_family_365d", "Contacts from the family", count(isin("contact_source", {"family"})), last_days(365),
             "Somebody in the family contacted the council {value} times in {period}", "A family that asks for help wants to be heard."),
    _service("days_since_contact_ever", "Days since the last contact", days_since_last(), ever(), "The last contact with the council about the child was {value} ago",
             "A recent contact weighs more than an old one.", direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _service("sibling_contacts_365d", "Contacts about brothers and sisters", count(), last_days(365),
             "Somebody contacted the council about a brother or sister {value} times in {period}", "Needs of one child in a family are seldom alone.",
             unit=Unit.FAMILY, theme="siblings"),
    _help("help_finished_well_ever", "Earlier help finished well", any_(ENDED_WELL), "Earlier help was accepted and finished well", _WELL,
          strength_phrase="The family has had early help before, and it finished well", strength_above=1),
    _help("sibling_help_finished_well_ever", "Earlier help for a brother or sister finished well", any_(ENDED_WELL),
          "Help for a brother or sister was accepted and finished well", _WELL, unit=Unit.FAMILY, theme="siblings",
          strength_phrase="Help for a brother or sister finished well", strength_above=1),
)  # fmt: skip
