"""The steps behind ``early-id missed``: signs before a threshold, and what lists did or would have done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import progress
from early_id.core.errors import InputDataError
from early_id.core.folders import restrict
from early_id.core.types import Audience, SharingClass
from early_id.features.cohort import persons
from early_id.features.outcomes import last_known
from early_id.features.past import Past
from early_id.features.programme import places
from early_id.learning.missed import ROUTES, Missed, missed_chances, thresholds
from early_id.learning.missed_page import missed_page, timelines_page
from early_id.models.walked import scores_then
from early_id.present.write import write_text
from early_id.screening.capacity import choose_families
from early_id.screening.listed import listed, newest_of_each
from early_id.screening.people import RECIPIENT_COLUMNS, display_name
from early_id.workflow.afterwards import not_for_keys, outputs_of, words_of, write_both
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
        No date lies before the day of looking back, or no statutory records are held.
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
        words = words_of(bench)
        paths = write_both(bench, "missed", day, lambda publishable: missed_page(found, words, publishable=publishable))
        if timelines:
            who = persons(past)[["forename", "surname"]].fillna("")
            names = {child: display_name(who.loc[child], child) for child in found.children["child_id"] if child in who.index}
            paths["missed_timelines"] = write_text(paths["missed"].with_name("timelines.html"), timelines_page(found, names, words))
            note_opened(bench, "timelines", found.children["child_id"], by=by)
        restrict(cfg.out_dir / "missed", group=cfg.shared_with_group)
    return LookedForMissed(found, outputs_of(bench, paths))


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
    matrix = build(bench, people, dates=dates)
    with progress("Looking for missed chances", 2) as bar:
        children = thresholds(past, dates[0])
        held, without = _held(bench, matrix, audience)
        bar.advance()
        known = last_known(bench.store)
        until = min(known.date(), day) if known is not None else day
        allowed = {SharingClass(c) for c in ROUTES}
        features = tuple(f for f in bench.in_force.catalogue if f.sharing in allowed)
        found = missed_chances(
            past, children, matrix.X, matrix.evidence_dates, matrix.index, matrix.excluded, held, features, known_until=until, without=without
        )
        bar.advance()
    return found, past


def _held(bench: Bench, matrix: FeatureMatrix, audience: str) -> tuple[pd.DataFrame, set[pd.Timestamp]]:
    """child_id and as_of of those on the lists as they were made, on other dates as they could have been made then; and the dates of neither."""
    made = newest_of_each(listed(bench.cfg.store_dir))
    made = made[made["audience"] == str(Audience(audience))]
    parts = [made[["child_id"]].assign(as_of=pd.to_datetime(made["list_as_of"]))]
    column, _ = RECIPIENT_COLUMNS[Audience(audience)]
    capacity = places(matrix.index, audience, bench.cfg)
    sharing = {str(name): [str(c) for c in classes] for name, classes in bench.cfg.sharing.items()}
    seen, real, without = matrix.for_audience(audience, sharing), set(parts[0]["as_of"]), set()
    others = seen.where(~seen.index["as_of"].isin(real)) if len(seen) else seen
    # A model that learned from what came later, perhaps from these very children, would hold them with hindsight.
    scores = scores_then(seen, bench.cfg.training) if len(others) else pd.Series(dtype=float)
    for moment, now in others.index.groupby("as_of"):
        if scores[now.index].isna().all():
            without.add(pd.Timestamp(str(moment)))
            continue
        for recipient, rows in now.dropna(subset=[column]).groupby(column):
            chosen = choose_families(scores[rows.index], rows["family_id"], capacity[str(recipient)], tie_key=bench.people.key)
            parts.append(pd.DataFrame({"child_id": rows.loc[rows["family_id"].isin(chosen), "child_id"], "as_of": moment}))
    return pd.concat(parts, ignore_index=True), without
