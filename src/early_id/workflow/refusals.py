"""What keeps lists from being made, besides a missing approval: records of others that are missing or late, and what an audience may not see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from early_id.core.errors import PolicyError, SettingsError
from early_id.core.types import Audience
from early_id.features.late import Stops, list_stops
from early_id.features.statutory import StatutoryGap, statutory_gap

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.data.store import Store
    from early_id.features import Programme
    from early_id.linkage import People
    from early_id.models.risk_model import RiskModel
    from early_id.workflow.steps import Bench


def check_sharing(cfg: Config, audiences: Iterable[str]) -> None:
    """Refuse a sharing file that says nothing of an audience for whom a model is to be made: what is not said is denied.

    Raises
    ------
    SettingsError
        Names the audience and those that are there.
    """
    for audience in audiences:
        if not cfg.sharing.get(Audience(audience)):
            raise SettingsError(
                f"The audience '{audience}' may see nothing, because the sharing file does not say what it may.",
                where="sharing.yaml",
                what_next=f"Add a line for it. Audiences that are there: {', '.join(map(str, cfg.sharing)) or 'none'}.",
            )


def check_model_sharing(model: RiskModel, cfg: Config) -> None:
    """Refuse a model that was made with records which its audience may not see, whatever the sharing file said when it was trained.

    Raises
    ------
    PolicyError
        Names the features and their classes.
    """
    allowed = cfg.sharing.get(Audience(model.audience), ())
    beyond = [feature for feature in model.features if feature.sharing not in allowed]
    if beyond:
        named = ", ".join(f"{feature.name} ({feature.sharing})" for feature in beyond[:5])
        raise PolicyError(
            f"The model for '{model.audience}' uses {len(beyond)} feature(s) that this audience may not see: {named}{' …' if len(beyond) > 5 else ''}.",
            where=f"sharing.yaml, and model {model.name}",
            what_next="Train a model again under this sharing file, or put the class back if the agreement covers it.",
        )


def no_statutory(store: Store, people: People, day: date, *, settings: Config, programme: Programme) -> StatutoryGap | None:
    """Why lists of children may not be made on ``day`` for want of statutory records. A programme of keys only has no such children."""
    return None if programme.keys_only else statutory_gap(store, people, day, settings.features)


def stops_of(store: Store, people: People, day: date, *, settings: Config, programme: Programme) -> Stops:
    """What late or lost sources stop on ``day``. A programme of keys only talks to nobody."""
    return Stops(day) if programme.keys_only else list_stops(store, people, day, settings)


def stops_now(bench: Bench, people: People) -> Stops:
    """:func:`stops_of` on the date of the lists."""
    return stops_of(bench.store, people, bench.screening_date(), settings=bench.cfg, programme=bench.in_force.programme)


def gap_now(bench: Bench, people: People) -> StatutoryGap | None:
    """:func:`no_statutory` on the date of the lists."""
    return no_statutory(bench.store, people, bench.screening_date(), settings=bench.cfg, programme=bench.in_force.programme)
