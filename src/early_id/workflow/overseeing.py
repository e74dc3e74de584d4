"""The steps behind ``early-id oversight``: lists and answers, help and what surrounds it, as one page in two renderings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import progress
from early_id.data.decisions import read_decisions
from early_id.features.cohort import age_on, persons
from early_id.features.outcomes import last_known
from early_id.features.past import Past
from early_id.learning.oversight import (
    AGREED,
    ANSWERS,
    HELP_STEPS,
    OFFERED,
    TIMES,
    Oversight,
    answered_lines,
    before_and_after,
    help_quality,
    help_rows,
)
from early_id.learning.oversight_page import oversight_page
from early_id.learning.tables import Question
from early_id.screening.answers import answers
from early_id.screening.listed import FOLLOW_UP, PLACE, listed, newest_of_each
from early_id.workflow.afterwards import not_for_keys, outputs_of, words_of, write_both
from early_id.workflow.reviewing import waiting_step_ups
from early_id.workflow.steps import Bench, at_work, open_bench
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.config.settings import Config

LOOK_BACK = 365
#: Characteristics that divide the same children in another way are left out.
_LEFT_OUT = ("ethnic_group_5", "ethnic_group_18", "ethnic_group_19", "sen_need", "known_before")


@dataclass(frozen=True)
class Overseen:
    """What ``early-id oversight`` made."""

    found: Oversight = field(repr=False)
    outputs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Counts and paths."""
        found = self.found
        return {
            "outputs": list(self.outputs),
            "as_of": str(found.day),
            "answers": dict(zip(found.answers.categories, found.answers.counts, strict=True)),
            "times": dict(zip(found.times.categories, found.times.counts, strict=True)),
            "help": dict(zip(found.help_steps.categories, found.help_steps.counts, strict=True)),
            "quality": [{"what": what, "missing": part, "of": whole} for what, part, whole in found.quality],
            "changes": [vars(one) for one in found.changes],
        }


def oversee(cfg: Config) -> Overseen:
    """Write the page of oversight."""
    bench = open_bench(cfg)
    not_for_keys(bench, "Oversight")
    with at_work(bench, on_store=False):
        day = bench.screening_date()
        with progress("Looking at what came back", 2) as bar:
            found = overseen(bench, day)
            bar.advance()
            paths = write_both(bench, "oversight", day, lambda publishable: oversight_page(found, words_of(bench), publishable=publishable))
            bar.advance()
        trail_of(bench).note("oversight", {"as_of": day.isoformat()})
    return Overseen(found, outputs_of(bench, paths))


def overseen(bench: Bench, day: date) -> Oversight:
    """What the page says, as known on ``day``."""
    cfg, people = bench.cfg, bench.people
    past = Past(bench.store, people, day)
    since = day - timedelta(days=LOOK_BACK)
    lines = _lines(bench, day, since, past)
    offers = help_rows(past, since)
    offers = offers.join(_groups(bench, past, offers["child_id"]))
    labels = {name: label for name, label in cfg.audit.characteristics.items() if name not in _LEFT_OUT and name in lines.columns}
    days = lines["days"].dropna()
    return Oversight(
        day=day,
        answers=Question(lines, ANSWERS, AGREED, "children on lists"),
        times=Question(lines.assign(category=lines["time"]), TIMES, TIMES[0], "children on lists"),
        help_steps=Question(offers, HELP_STEPS, OFFERED, "offers of early help"),
        quality=help_quality(past) if bench.store.has("early_help") else (),
        changes=before_and_after(past, known_until=_known_until(bench, day)) if bench.store.has("early_help") else (),
        by={"recipient": "School or hub", "role": "Reader's role", "audience": "Kind of list", **labels},
        waiting_step_ups=waiting_step_ups(cfg.store_dir),
        late_days=(float(days.quantile(0.5)), float(days.quantile(0.9))) if len(days) else None,
        followed=_followed(bench, past, lines),
        acted=_acted(bench, lines, labels),
    )


def _known_until(bench: Bench, day: date) -> date:
    """What happened in the last weeks may not be entered yet: a window that is not over by this day is not known yet."""
    known = last_known(bench.store)
    return (min(known.date(), day) if known is not None else day) - timedelta(days=bench.cfg.outcome.recording_lag_days)


def _lines(bench: Bench, day: date, since: date, past: Past) -> pd.DataFrame:
    """Children on lists of the last year with what came back, and the groups of each."""
    rows = newest_of_each(listed(bench.cfg.store_dir))
    rows = rows[(rows["audience"] != FOLLOW_UP) & (rows["list_as_of"] >= since.isoformat()) & (rows["list_as_of"] < day.isoformat())]
    found = answers(read_decisions(bench.cfg.store_dir))
    known = found[found["decided_on"].eq("") | (found["decided_on"] <= day.isoformat())]
    lines = rows.merge(known[[*PLACE, "child_id", "decision", "status", "decided_on", "role"]], on=[*PLACE, "child_id"], how="left")
    for name in ("decision", "status", "decided_on", "role"):
        lines[name] = lines[name].fillna("").astype(str)
    lines["role"] = lines["role"].str.strip().str.casefold()
    families = past.families().set_index("child_id")["family_id"]
    lines["family_id"] = lines["child_id"].map(families).where(lambda s: s.notna(), lines["child_id"])
    lines = answered_lines(lines.reset_index(drop=True))
    schools = past.frame("schools").drop_duplicates("school_id", keep="last")
    names = dict(zip(schools["hub_id"], schools["hub_name"], strict=True)) | dict(zip(schools["school_id"], schools["name"], strict=True))
    lines["recipient"] = lines["recipient"].map(lambda place: names.get(place) or place)
    lines["audience"] = lines["audience"].map({"school_lead": "school lists", "hub_lead": "hub lists"})
    return lines.join(_groups(bench, past, lines["child_id"]))


def _groups(bench: Bench, past: Past, children: pd.Series) -> pd.DataFrame:
    born = children.map(persons(past)["birth_date"])
    age = age_on(pd.to_datetime(born), pd.Timestamp(past.as_of)) if len(children) else pd.Series(dtype="int64")
    return bench.in_force.programme.groups(past, pd.DataFrame({"child_id": children, "age": age}, index=children.index))


def _outcomes(bench: Bench, lines: pd.DataFrame) -> pd.DataFrame:
    """The programme's outcomes of the lines' children, counted from the date of each list."""
    index = pd.DataFrame({"child_id": lines["child_id"], "as_of": pd.to_datetime(lines["list_as_of"])})
    index["outcome_until"] = index["as_of"] + pd.Timedelta(days=bench.cfg.outcome.horizon_days)
    index["mature_on"] = index["outcome_until"] + pd.Timedelta(days=bench.cfg.outcome.recording_lag_days)
    return bench.in_force.programme.outcomes(bench.store, bench.people, index, bench.cfg)


def _followed(bench: Bench, past: Past, lines: pd.DataFrame) -> Question | None:
    """What followed for listed children; nothing where no list of the last year is on record."""
    from early_id.learning.suggestions import suggestions

    if lines.empty:
        return None
    return suggestions(lines, _outcomes(bench, lines), past.frame("early_help"), outcome=bench.in_force.programme.outcome)


def _acted(bench: Bench, lines: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Agreement by group from the audit before and after people, of the lists' own children whose outcome is known by now; each once, by its newest list."""
    from early_id.audit.acted import audit_before_and_after
    from early_id.learning.oversight import NO_ANSWER, NOT_YET, OVERRIDDEN

    done = lines[~lines["category"].isin([NO_ANSWER, NOT_YET])].sort_values("list_as_of").drop_duplicates("child_id", keep="last")
    if done.empty or not labels:
        return pd.DataFrame()
    y = _outcomes(bench, done)[bench.in_force.programme.outcome]
    if y.isna().all():
        return pd.DataFrame()  # no outcome is known yet: agreement by group stands in the tables above
    frame = done.assign(y=y, flag_before=1, flag_after=(done["category"] != OVERRIDDEN).astype(int))
    # Agreement compares each group with everyone else; a group that the settings name for comparison may have nobody on a list.
    rules = bench.cfg.audit.model_copy(update={"comparators": {}})
    return audit_before_and_after(frame, label="y", groups=labels, settings=rules, cluster="family_id").agreement
