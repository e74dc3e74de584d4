"""Links made anew: for a council that takes in a source with its past and wants models to learn from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.linkage import People, link
from early_id.linkage.store_link import linking_of
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.workflow.steps import Bench


def link_anew(bench: Bench, *, by: str) -> tuple[People, int]:
    """Date every link of the store as a first linking would, and put on record that it begins and that it is done; the links, and the number of the linking.

    Ids and decisions of people stay, and the links of every earlier linking can still be read. Features of earlier dates may be others from now on, so models
    have to be trained and approved again.

    Raises
    ------
    SettingsError
        Nobody is named who answers for it, an extension does the linking, or the store may not be written to.
    BusyError
        Another run holds the store.
    """
    if not by.strip():
        raise SettingsError("Nobody is named who decided.", where="--by", what_next="Give the role of whoever decided, such as --by 'data officer'.")
    if bench.in_force.programme.link:
        raise SettingsError("An extension links these records, and dates its links itself.", where="link --anew", what_next="Leave out --anew.")
    trail = trail_of(bench)
    with bench.store.writing(), progress("Linking people anew"):
        bench.store.refresh()
        # Who answers for it is on record before any date changes: where that cannot be written, none does.
        trail.note("links", {"what": "links to be dated anew", "data": bench.store.fingerprint, "by": by})
        people = link(bench.store, bench.cfg.linkage, key=bench.cfg.project.key, anew=True)
        number = linking_of(bench.store) or 0
        trail.note("links", {"what": "links dated anew", "linking": number, "data": bench.store.fingerprint, "by": by})
    return people, number
