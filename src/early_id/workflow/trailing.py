"""What goes into the audit trail, from the steps that do it: who ran what, which model, which children on which list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from early_id.core.trail import Trail

if TYPE_CHECKING:
    from early_id.screening.entries import ScreeningLists
    from early_id.workflow.steps import Bench


def trail_of(bench: Bench) -> Trail:
    """The trail of the bench's store."""
    return Trail(bench.cfg.store_dir, bench.cfg.shared_with_group)


def note_run(bench: Bench, lists: ScreeningLists | None, approval: Mapping[str, Any], *, what: str) -> None:
    """What ran, and which model put which children on which list; called once everything is published.

    Parameters
    ----------
    approval : mapping
        ``ApprovalStatus.to_json()``: the kind of approval, and the registered models by audience.
    """
    trail = trail_of(bench)
    facts = {
        "as_of": str(bench.screening_date()),
        "data": bench.store.fingerprint,
        "version": bench.store.version.number,
        "approval": approval.get("kind", ""),
    }
    if lists is None:
        trail.note("run", {"what": what, **facts, "lists": []})
        return
    labels = {str(audience): label for audience, label in (approval.get("models") or {}).items()}
    body: list[dict[str, Any]] = []
    for one in lists.lists:
        audience = str(one.recipient.audience)
        children = [child.explanation.child_id for family in one.families for child in family.children]
        body.append(
            {
                "audience": audience,
                "recipient": one.recipient.id,
                "model": labels.get(audience, one.model),
                "model_hash": one.model_hash,
                "families": len(one.families),
                "people": trail.people(children),
            }
        )
    trail.note("run", {"what": what, **facts, "lists": body})


def note_opened(bench: Bench, what: str, children: Iterable[str] = (), **more: object) -> None:
    """That somebody looked at, or made, something that shows people."""
    trail = trail_of(bench)
    trail.note("opened", {"what": what, "people": trail.people(children), **more})
