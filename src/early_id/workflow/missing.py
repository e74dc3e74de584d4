"""The steps behind ``early-id missed``: signs before a threshold, and what lists did or would have done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import progress
from early_id.core.errors import InputDataError
from early_id.core.folders import own_folder, restrict
from early_id.core.types import Audience, SharingClass
from early_id.features.cohort import persons
from early_id.features.outcomes import last_known
from early_id.features.past import Past
from early_id.features.programme import places
from early_id.learning.missed import ROUTES, Missed, missed_chances, thresholds
from early_id.learning.missed_page import Words, missed_page, timelines_page
from early_id.models.candidates import load_candidate
from early_id.models.portable import from_tables
from early_id.present.wording import MADE_UP
from early_id.present.write import write_text
from early_id.screening.capacity import choose_families
from early_id.screening.listed import listed, newest_of_each
from early_id.screening.people import RECIPIENT_COLUMNS, display_name
from early_id.workflow.afterwards import not_for_keys
from early_id.workflow.governing import approval_of
from early_id.workflow.steps import Bench, at_work, build, open_bench
from early_id.workflow.trailing import note_opened

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.features.matrix import FeatureMatrix


@dataclass(frozen=True)
class LookedForMissed:
    """What ``early-id missed`` made."""

    found: Missed = field(repr=False)
    outputs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Counts and paths; no child."""
        found = self.found
        return {
            "outputs": list(self.outputs),
            "as_of": str(found.day),
            "children": len(found.children),
            "held_before": int(found.children["held_on"].notna().sum()),
            "reasons": {str(k): int(v) for k, v in found.reasons().items()},
            "totals": found.totals().drop(columns=["feature"], errors="ignore").to_dict("records"),
        }


def look_for_missed(cfg: Config, *, audience: str = Audience.HUB_LEAD, timelines: bool = False, by: str = "") -> LookedForMissed:
    """Write the totals; with ``timelines`` also those of each child, for the multi-agency audit group.

    Raises
    ------
    InputDataError
        No date lies before the day of looking back, no statutory records are held, or no model was trained yet.
    SettingsError
        Timelines are asked for and nobody is named who answers for them.
    """
    from early_id.core.errors import SettingsError

    if timelines and not by.strip():
        raise SettingsError(
            "Not stated: for whom the timelines are.", where="missed --timelines", what_next="Give --by ROLE, of the multi-agency audit group."
        )
    bench = open_bench(cfg)
    not_for_keys(bench, "Looking for missed chances")
    with at_work(bench, on_store=False):
        day = bench.screening_date()
        found, past = missed_of(bench, day, str(audience))
        words = Words(cfg.project.name, cfg.project.contact, MADE_UP if bench.store.made_up else None)
        folder = cfg.out_dir / "missed" / day.isoformat()
        own_folder(cfg.out_dir / "missed", group=cfg.shared_with_group)
        write_text(folder / "missed_restricted.html", missed_page(found, words, publishable=False))
        write_text(cfg.out_dir / "missed_publishable.html", missed_page(found, words, publishable=True))
        paths = {"missed": folder / "missed_restricted.html", "missed_publishable": cfg.out_dir / "missed_publishable.html"}
        if timelines:
            who = persons(past)[["forename", "surname"]].fillna("")
            names = {child: display_name(who.loc[child], child) for child in found.children["child_id"] if child in who.index}
            paths["missed_timelines"] = write_text(folder / "timelines.html", timelines_page(found, names, words))
            note_opened(bench, "timelines", found.children["child_id"], by=by)
        restrict(cfg.out_dir / "missed", group=cfg.shared_with_group)
    outputs = tuple({"kind": kind, "path": path.relative_to(cfg.out_dir).as_posix()} for kind, path in paths.items())
    return LookedForMissed(found, outputs)


def missed_of(bench: Bench, day: date, audience: str) -> tuple[Missed, Past]:
    """What was missed, as known on ``day``."""
    people = bench.people
    dates = tuple(d for d in bench.dates() if d < day)
    if not dates or not bench.store.has("statutory"):
        what = "No statutory records are held" if dates else "None of the as-of dates lies before the day of looking back"
        raise InputDataError(
            f"{what}, so nothing can be looked for.",
            where="as_of.dates" if not dates else "table statutory",
            what_next="Name earlier dates, or take in the records.",
        )
    past = Past(bench.store, people, day)
    score, model = _scorer(bench, audience)
    matrix = build(bench, people, dates=dates)
    with progress("Looking for missed chances", 2) as bar:
        children = thresholds(past, dates[0])
        held = _held(bench, matrix, audience, score)
        bar.advance()
        known = last_known(bench.store)
        until = min(known.date(), day) if known is not None else day
        allowed = {SharingClass(c) for c in ROUTES}
        features = tuple(f for f in bench.in_force.catalogue if f.sharing in allowed)
        found = missed_chances(
            past, children, matrix.X, matrix.evidence_dates, matrix.index, matrix.excluded, held, features, known_until=until, model=model
        )
        bar.advance()
    return found, past


def _scorer(bench: Bench, audience: str) -> tuple[Any, str]:
    """The model that lists are made with, else the one trained last."""
    status = approval_of(bench)
    if audience in status.approved:
        bundle = status.approved[audience].bundle
        return bundle.estimator.score_log_odds, bundle.label
    model = load_candidate(bench.cfg.out_dir, audience).contents["model.json"]
    return from_tables(model["tables"], model["features"]).score_log_odds, f"the model trained last ({model['name']})"


def _held(bench: Bench, matrix: FeatureMatrix, audience: str, score: Any) -> pd.DataFrame:
    """child_id and as_of of those on the lists as they were made; on dates without, as they would have been made."""
    made = newest_of_each(listed(bench.cfg.store_dir))
    made = made[made["audience"] == str(Audience(audience))]
    parts = [made[["child_id"]].assign(as_of=pd.to_datetime(made["list_as_of"]))]
    column, _ = RECIPIENT_COLUMNS[Audience(audience)]
    capacity = places(matrix.index, audience, bench.cfg)
    real = set(parts[0]["as_of"])
    for moment in matrix.index["as_of"].unique():
        if moment in real:
            continue
        now = matrix.at(moment).families_for(audience)
        scores = pd.Series(score(now.X), index=now.index.index)
        for recipient, rows in now.index.dropna(subset=[column]).groupby(column):
            chosen = choose_families(scores[rows.index], rows["family_id"], capacity[str(recipient)], tie_key=bench.people.key)
            parts.append(pd.DataFrame({"child_id": rows.loc[rows["family_id"].isin(chosen), "child_id"], "as_of": moment}))
    return pd.concat(parts, ignore_index=True)
