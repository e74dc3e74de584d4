"""What the audit asks of its settings, and the checks it makes on them before it looks at any data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from early_id.audit.measures import SHARES
from early_id.core.errors import SettingsError

#: A verdict on more measures than this would leave each with too little power to find anything.
MOST_PRIMARY = 3

#: What is tested where the settings name nothing.
USUAL_PRIMARY = ("missed_share", "false_flag_rate")


class AuditRules(Protocol):
    """Settings of an audit, as ``config`` holds them."""

    @property
    def primary(self) -> tuple[str, ...]:
        """Measures that get a verdict."""

    @property
    def alpha_single(self) -> float:
        """Chance of any false alarm over all single characteristics."""

    @property
    def alpha_crossed(self) -> float:
        """Chance of any false alarm over all groups that cross two characteristics, schools and hubs."""

    @property
    def comparators(self) -> Mapping[str, str]:
        """Characteristic → the group that the others are compared with; everyone else where none is named."""

    @property
    def second_outcome(self) -> str | None:
        """An outcome that does not pass the same threshold as the main one: what tells recording from need."""

    @property
    def tolerances(self) -> Mapping[str, float]:
        """Largest difference the board tolerates, per measure; no entry means no decision was taken."""

    @property
    def min_group(self) -> int:
        """Children below which a group is shown but not tested."""

    @property
    def characteristics(self) -> Mapping[str, str]:
        """Column of the groups frame, and its name on pages."""

    @property
    def not_held(self) -> Mapping[str, str]:
        """Characteristics the data do not hold, with one sentence why."""


def checked_primary(settings: AuditRules) -> tuple[str, ...]:
    """The primary measures, after checking names, numbers and tolerances.

    Raises
    ------
    SettingsError
        If a measure is unknown, more than three are primary, or a tolerance is no number between 0 and 1.
    """
    primary = tuple(dict.fromkeys(settings.primary)) or USUAL_PRIMARY
    for role, names in (("primary", primary), ("tolerances", tuple(settings.tolerances))):
        for name in names:
            if name not in SHARES:
                raise SettingsError.unknown_name("audit measure", name, SHARES, where=f"audit.{role}")
    if len(primary) > MOST_PRIMARY:
        raise SettingsError(
            f"{len(primary)} primary measures are named; the audit gives a verdict on at most {MOST_PRIMARY}.",
            where="audit.primary",
            what_next="Keep those that describe the worst harm; all others are still shown, without a verdict.",
        )
    for name, tolerance in settings.tolerances.items():
        if not 0.0 < tolerance < 1.0:
            raise SettingsError(
                f"The tolerance for '{name}' is not between 0 and 1.",
                where="audit.tolerances",
                what_next="Give the largest difference the board tolerates as a share: 0.05 for 5 children in 100.",
            )
    return primary
