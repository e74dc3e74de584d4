"""What is on offer here, from ``offer.yaml``: services by theme, and each family hub with how a family can come by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from early_id.core.errors import SettingsError
from early_id.features.themes import THEMES
from early_id.screening.people import hub_label

Offer = Mapping[str, Sequence[Mapping[str, str]]]

MOST_SERVICES = 3
#: Headings that are no themes: services open to all, and the hubs themselves (``hub`` is the id in the table of schools).
GENERAL, HUBS = "general", "hubs"
#: What may be said of a service; only the name has to be.
KNOWN = ("name", "how", "where", "waiting")


def check_offer(offer: Offer) -> None:
    """Refuse an offer that names a theme nobody knows, a service without a name, or something of a service that no sheet shows.

    Raises
    ------
    SettingsError
        With the nearest known names.
    """
    for theme, services in offer.items():
        if theme not in (*THEMES, GENERAL, HUBS):
            raise SettingsError.unknown_name("theme", theme, [*THEMES, GENERAL, HUBS], where="offer")
        known = (*KNOWN, "hub") if theme == HUBS else KNOWN
        for service in services:
            if strange := [name for name in service if name not in known]:
                raise SettingsError.unknown_name("detail of a service", strange[0], known, where=f"offer: {theme}")
            if not service.get("name"):
                raise SettingsError(
                    "A service on offer has no name.", where=f"offer: {theme}", what_next="Give each service name, how, where and waiting."
                )
            if theme == HUBS and not service.get("hub"):
                raise SettingsError(
                    "A hub on offer does not say which one it is.",
                    where=f"offer: {theme}",
                    what_next="Give its id as 'hub', as in the table of schools.",
                )


def services_for(themes: Sequence[str], offer: Offer) -> list[dict[str, str]]:
    """Two or three services that answer to what was noticed, filled up with what is open to all."""
    found: dict[str, dict[str, str]] = {}
    first = [services[0] for theme in themes if (services := offer.get(theme))]
    second = [service for theme in themes for service in list(offer.get(theme, ()))[1:]]
    for service in (*first, *second, *offer.get(GENERAL, ())):
        found.setdefault(service["name"], {name: service.get(name, "") for name in KNOWN})
    return list(found.values())[:MOST_SERVICES]


def nearest_hub(hub_id: str, hub_name: str, offer: Offer) -> str:
    """Where the family's own hub is, and how the family can come by itself; empty where no hub is held."""
    held = next((hub for hub in offer.get(HUBS, ()) if hub.get("hub") == hub_id), {})
    name = held.get("name") or hub_label(hub_name) or hub_id
    if not name:
        return ""
    parts = [f"Nearest hub: {', '.join(part for part in (name, held.get('where', '').rstrip('.')) if part)}.", held.get("how", "")]
    waiting = held.get("waiting", "").rstrip(".")
    return " ".join(part for part in (*parts, f"Waiting time: {waiting}." if waiting else "") if part)
