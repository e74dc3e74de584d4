"""The steps of what comes back: each calls one floor and hands on what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.display import aside, progress
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.folders import own_folder, restrict
from early_id.core.types import Audience, SharingClass
from early_id.features.past import Past
from early_id.learning.tables import Words
from early_id.present.wording import MADE_UP
from early_id.present.write import write_text
from early_id.screening.people import sort_key
from early_id.workflow.steps import Bench, at_work, open_bench, people_frame
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.learning.followup import FollowUp
    from early_id.learning.followup_sheet import HubSheet


@dataclass(frozen=True)
class FollowedUp:
    """What ``early-id followup`` made."""

    follow: FollowUp = field(repr=False)
    outputs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints: counts, shares and paths."""
        follow = self.follow
        return {
            "outputs": list(self.outputs),
            "as_of": str(follow.day),
            "known_until": str(follow.known_until),
            "contacts": len(follow.rows),
            "waiting": follow.waiting,
            "passed_on": follow.passed_on,
            "not_held": list(follow.not_held),
            "rows": follow.frame().to_dict("records"),
            "findings": follow.findings.by_code(),
        }


def not_for_keys(bench: Bench, what: str) -> None:
    """Refuse what is about families where a programme has only keys (published benchmarks)."""
    if bench.in_force.programme.keys_only:
        raise SettingsError(f"{what} is about families; this programme has keys and no families.", where=bench.in_force.programme.name)


def words_of(bench: Bench) -> Words:
    """What a page says of the council it is of."""
    project = bench.cfg.project
    return Words(project.name, project.contact, MADE_UP if bench.store.made_up else None)


def write_both(bench: Bench, kind: str, day: date, page: Callable[[bool], str]) -> dict[str, Path]:
    """Write a page in both renderings: the restricted one in a folder of its date, the one for publication beside it. Kind → path."""
    out, group = bench.cfg.out_dir, bench.cfg.shared_with_group
    own_folder(out / kind, group=group)
    restricted = write_text(out / kind / day.isoformat() / f"{kind}_restricted.html", page(False))
    restrict(out / kind, group=group)
    return {kind: restricted, f"{kind}_publishable": write_text(out / f"{kind}_publishable.html", page(True))}


def outputs_of(bench: Bench, paths: Mapping[str, Path]) -> tuple[dict[str, Any], ...]:
    """What was written, relative to the output folder."""
    return tuple({"kind": kind, "path": path.relative_to(bench.cfg.out_dir).as_posix()} for kind, path in paths.items())


def followed_up(cfg: Config) -> FollowedUp:
    """Follow up contacts and referrals that met no threshold, and write pages and the hubs' workbooks. Needs a store, and no model."""
    from early_id.learning.followup import follow_up
    from early_id.learning.followup_files import write_followup
    from early_id.learning.followup_sheet import nothing_since

    bench = open_bench(cfg)
    not_for_keys(bench, "Follow-up")
    with at_work(bench, on_store=False):
        people, day = bench.people, bench.screening_date()
        with progress("Following up contacts", 3) as bar:
            follow = follow_up(Past(bench.store, people, day), cfg, programme=bench.in_force.programme)
            bar.advance()
            sheets: list[HubSheet] = []
            if SharingClass.SOCIAL_CARE not in cfg.sharing.get(Audience.HUB_LEAD, ()):
                aside("No workbooks for hubs are written: 'sharing' does not let hubs see records of social care, which contacts are.")
            elif "nothing" not in follow.measures:
                aside(
                    "No workbooks for hubs are written: without contacts, early help and statutory records nobody can tell for whom nothing is recorded."
                )
            else:
                try:
                    who = people_frame(bench.store, people, day, settings=cfg, programme=bench.in_force.programme)
                    names = zip(who["surname"].fillna(""), who["forename"].fillna(""), strict=True)
                    sheets = nothing_since(
                        follow, who.assign(order=[sort_key(f"{last} {first}") for last, first in names]), cfg.follow_up, secret=people.key
                    )
                except InputDataError as error:
                    aside(f"No workbooks for hubs are written: {error}")
            bar.advance()
            outputs = write_followup(follow, sheets, cfg.out_dir, words_of(bench), cfg.follow_up, group=cfg.shared_with_group)
            _on_record(bench, sheets)
            bar.advance()
    return FollowedUp(follow, tuple(outputs))


def _on_record(bench: Bench, sheets: list[HubSheet]) -> None:
    """What the hubs' sheets hold, so that answers find their way back; the same sheet is put on record once."""
    from early_id.screening.listed import FOLLOW_UP, followup_ledger

    chain, trail = followup_ledger(bench.cfg.store_dir), trail_of(bench)
    known = [record.body for record in chain.read()]
    for one in sheets:
        body = one.record()
        if len(one.rows) and body not in known:
            chain.append("sheet", body)
    people = [{"recipient": one.hub_id, "people": trail.people(one.rows["child_id"])} for one in sheets]
    trail.note("followup", {"as_of": str(bench.screening_date()), "audience": FOLLOW_UP, "lists": people})
