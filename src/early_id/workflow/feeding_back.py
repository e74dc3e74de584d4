"""Feedback out: for each named lead, what became of the families of their own lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import progress
from early_id.core.errors import InputDataError
from early_id.core.folders import own_folder, restrict
from early_id.core.types import Audience
from early_id.data.decisions import read_decisions
from early_id.features.cohort import persons
from early_id.features.past import Past
from early_id.present.wording import MADE_UP
from early_id.present.write import write_bytes, write_text
from early_id.screening.answers import answers
from early_id.screening.feedback import (
    Feedback,
    FeedbackLine,
    feedback_workbook,
    help_since,
    reader_step,
    step_of,
    steps_allowed,
    thanks_for,
)
from early_id.screening.listed import FOLLOW_UP, PLACE, listed, newest_of_each
from early_id.screening.people import display_name, sort_key
from early_id.screening.write import FOLDERS
from early_id.workflow.afterwards import not_for_keys
from early_id.workflow.steps import Bench, at_work, open_bench
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.config.settings import Config

#: Lists of the last so many days are told about.
LOOK_BACK = 365
_NO_ANSWER = "no answer yet"


@dataclass(frozen=True)
class FedBack:
    """What ``early-id feedback`` wrote."""

    outputs: tuple[dict[str, Any], ...]
    lines: int

    def to_json(self) -> dict[str, Any]:
        """Counts and paths."""
        return {"outputs": list(self.outputs), "lines": self.lines}


def feed_back(cfg: Config) -> FedBack:
    """Write a workbook for every recipient that had a list in the last year: what became of its own families.

    Raises
    ------
    InputDataError
        No list of the last year is on record.
    """
    bench = open_bench(cfg)
    not_for_keys(bench, "Feedback")
    day = bench.screening_date()
    with at_work(bench, on_store=False):
        made = feedback_of(bench, day)
        folder = cfg.out_dir / "feedback" / day.isoformat()
        own_folder(cfg.out_dir / "feedback", group=cfg.shared_with_group)
        outputs = []
        with progress("Writing feedback", len(made)) as bar:
            for one in made:
                path = folder / FOLDERS[Audience(one.audience)] / f"{_safe(one.recipient)}.xlsx"
                write_bytes(path, feedback_workbook(one, watermark=MADE_UP if bench.store.made_up else None))
                outputs.append({"kind": "feedback", "path": path.relative_to(cfg.out_dir).as_posix(), "audience": one.audience, "recipient": one.recipient, "children": len(one.lines)})  # fmt: skip
                bar.advance()
        write_text(folder / "manifest.json", json.dumps({"as_of": day.isoformat(), "files": [o["path"] for o in outputs]}, indent=1))
        restrict(cfg.out_dir / "feedback", group=cfg.shared_with_group)
        trail_of(bench).note("feedback", {"as_of": day.isoformat(), "recipients": len(made)})
    return FedBack(tuple(outputs), sum(len(one.lines) for one in made))


def feedback_of(bench: Bench, day: date) -> list[Feedback]:
    """Every recipient's feedback on ``day``, by what was known then."""
    cfg, people = bench.cfg, bench.people
    rows = newest_of_each(listed(cfg.store_dir))
    since = (pd.Timestamp(day) - pd.Timedelta(days=LOOK_BACK)).date().isoformat()
    rows = rows[(rows["audience"] != FOLLOW_UP) & (rows["list_as_of"] >= since) & (rows["list_as_of"] <= day.isoformat())]
    if rows.empty:
        raise InputDataError(
            "No list of the last year is on record, so there is nothing to tell about.", where=str(cfg.store_dir), what_next="Make lists first."
        )
    past = Past(bench.store, people, day)
    decisions = read_decisions(cfg.store_dir)
    found = answers(decisions)
    own = decisions[(decisions["kind"] == "own") & (decisions["child_id"] != "")]
    found = pd.concat(
        [
            found[[*PLACE, "child_id", "decision", "decided_on", "status"]],
            own.assign(status="stands")[[*PLACE, "child_id", "decision", "decided_on", "status"]],
        ]
    )
    asked = pd.concat([rows[[*PLACE, "child_id"]], own[[*PLACE, "child_id"]]]).merge(found, on=[*PLACE, "child_id"], how="left")
    # The newest list of each recipient and child tells the whole of it.
    asked = asked.sort_values("list_as_of").drop_duplicates(["audience", "recipient", "child_id"], keep="last").fillna("")
    who, schools = persons(past), past.frame("schools").drop_duplicates("school_id", keep="last")
    names = {
        **dict(zip(schools["school_id"], schools["name"], strict=True)),
        **dict(zip(schools["hub_id"], schools["hub_name"].fillna(schools["hub_id"]), strict=True)),
    }
    early_help = past.frame("early_help")
    made = []
    for (audience, recipient), part in asked.groupby(["audience", "recipient"], sort=True):
        allowed = steps_allowed(str(audience), cfg.feedback, cfg.sharing)
        helped = help_since(early_help, pd.to_datetime(part.set_index("child_id")["list_as_of"])).to_dict("index")
        lines = [(_key(who, row), _line(row, who, helped, allowed, day)) for row in part.to_dict("records")]
        ordered = tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))
        made.append(Feedback(str(audience), str(recipient), str(names.get(recipient, recipient)), day, ordered))
    return made


def _line(row: Mapping[str, Any], who: pd.DataFrame, helped: Mapping[Any, Any], allowed: frozenset[str], day: date) -> FeedbackLine:
    child, listed_on = str(row["child_id"]), date.fromisoformat(row["list_as_of"])
    decided = date.fromisoformat(row["decided_on"]) if row["decided_on"] else None
    step = step_of(helped.get(child), row["decision"], listed_on=listed_on, day=day, decided_on=decided)
    return FeedbackLine(
        name=display_name(who.loc[child].fillna(""), child) if child in who.index else "no longer held",
        listed_on=listed_on,
        answer=row["decision"] or _NO_ANSWER,
        step=reader_step(step, allowed, row["decision"]),
        thanks=thanks_for(row["decision"], row["status"], decided),
    )


def _key(who: pd.DataFrame, row: Mapping[str, Any]) -> tuple[str, str]:
    child = str(row["child_id"])
    person = who.loc[child].fillna("") if child in who.index else {"surname": "", "forename": ""}
    return sort_key(f"{person['surname']} {person['forename']}"), child


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name).strip("_") or "unnamed"
