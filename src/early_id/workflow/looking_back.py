"""Looking back: who was listed by what, when, why and what was decided; and whether the store's own records are as they were written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.errors import EarlyIdError, SettingsError
from early_id.core.trail import Trail, people_in
from early_id.data.decisions import read_decisions
from early_id.screening.answers import answers
from early_id.screening.listed import FOLLOW_UP, PLACE, listed
from early_id.workflow.trailing import note_opened

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.workflow.steps import Bench

COLUMNS = ("list_as_of", "made_at", "audience", "recipient", "model", "child_id", "key", "decision", "status", "decided_on", "role")


@dataclass(frozen=True, repr=False)
class LookedBack:
    """Who stood on which list, and what was decided; ``unreadable``: entries of the trail whose people nobody can name any more."""

    rows: pd.DataFrame
    seen: tuple[dict[str, Any], ...]
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """All of it; child ids, no names."""
        return {
            "rows": self.rows.to_dict("records"),
            "seen": list(self.seen),
            "unreadable": self.unreadable,
            "children": int(self.rows["child_id"].nunique()),
        }


def look_back(bench: Bench, *, model: str | None = None, child: str | None = None) -> LookedBack:
    """Everybody whom a model listed, or every list on which a child stood.

    Parameters
    ----------
    model : str, optional
        ``name/version`` as registered, a model's name, or the beginning of its hash.
    child : str, optional
        A child_id, or ``SOURCE/NUMBER``.

    Raises
    ------
    SettingsError
        Neither or both were given, or no list was made by such a model.
    """
    from early_id.features.trace import child_of

    if (model is None) == (child is None):
        raise SettingsError("Say what to look back at.", where="lookback", what_next="Give either --model NAME/VERSION or --child ID.")
    cfg = bench.cfg
    trail = Trail(cfg.store_dir, cfg.shared_with_group)
    records = trail.read()
    rows = listed(cfg.store_dir)
    names = _model_names(records)
    rows["model"] = [names.get(digest, digest) or "no model" for digest in rows["model_hash"]]
    held = set(trail.years_held())
    unreadable = sum(1 for r in records if any(int(p.split(":")[0]) not in held for p in people_in(r.body)))
    if model is not None:
        mine = (rows["model"] == model) | (rows["model"].str.partition("/")[0] == model)
        mine |= (rows["model_hash"].str.startswith(model)) & (len(model) >= 6)
        rows = rows[mine]
        if rows.empty:
            known = sorted({name for name in names.values() if name})
            raise SettingsError(
                "No list on record was made by that model.", where="--model", what_next=f"Models that made lists: {', '.join(known) or 'none'}."
            )
        seen: tuple[dict[str, Any], ...] = ()
    else:
        who = child_of(bench.people, str(child))
        rows = rows[rows["child_id"] == who]
        mine_in_trail = trail.names_of(who)
        seen = tuple(_entry(r) for r in records if mine_in_trail & set(people_in(r.body)))
    found = answers(read_decisions(cfg.store_dir))[[*PLACE, "child_id", "decision", "status", "decided_on", "role"]]
    merged = rows.merge(found, on=[*PLACE, "child_id"], how="left").fillna("")
    merged = merged.sort_values(["list_as_of", "audience", "recipient", "child_id"])[list(COLUMNS)].reset_index(drop=True)
    note_opened(bench, "lookback", merged["child_id"].unique(), asked="model" if model else "child")
    return LookedBack(merged, seen, unreadable)


def listed_by(store: Path, model_hash: str) -> pd.DataFrame:
    """Whom a model had listed: one row a child and list. What a council has to look at when it retires the model."""
    rows = listed(store)
    return rows[(rows["model_hash"] == model_hash) & (rows["audience"] != FOLLOW_UP)].reset_index(drop=True)


def _model_names(records: Sequence[Any]) -> dict[str, str]:
    """Hash of a model → what it was called when it made a list."""
    return {one["model_hash"]: one["model"] for record in records if record.kind == "run" for one in record.body.get("lists", ())}


def _entry(record: Any) -> dict[str, Any]:
    """One entry of the trail without its people."""
    facts = {name: value for name, value in record.body.items() if name not in ("people", "lists", "workbooks", "person")}
    return {"number": record.number, "at": record.at, "kind": record.kind, **facts}


@dataclass(frozen=True)
class Check:
    """One thing that ``doctor`` looked at: ``ok`` is None where there is nothing to look at."""

    what: str
    ok: bool | None
    said: str
    waits: bool = False  #: not a fault: something waits for a person


def doctor(cfg: Config) -> list[Check]:
    """Look whether records are as they were written and whether anything waits for a person. Reads only."""
    from early_id.acceptance.openings import LEDGER as OPENINGS
    from early_id.acceptance.records import chain_of
    from early_id.core.chain import Chain
    from early_id.data.erased import unfinished
    from early_id.data.store import Store
    from early_id.data.urgent import unacknowledged
    from early_id.features.extensions import load_extensions
    from early_id.screening.history import ledger
    from early_id.screening.listed import followup_ledger
    from early_id.workflow.reviewing import waiting_step_ups

    store = cfg.store_dir

    def parts() -> str:
        held = Store.open(cfg, load_extensions(cfg).tables)
        for name in held.version.tables:
            held.part_sql(name)
        return f"version {held.version.number}, {len(held.version.tables)} tables" if held.version.tables else ""

    def records(read: Callable[[], Sequence[object]]) -> Callable[[], str]:
        return lambda: f"{len(found):,} record(s), each as it was written" if (found := read()) else ""

    def decisions() -> str:
        rows = read_decisions(store)
        return f"{len(rows):,} line(s)" if len(rows) else ""

    looks: dict[str, Callable[[], str]] = {
        "Store": parts,
        "Audit trail": records(Trail(store).read),
        "Lists": records(ledger(store).read),
        "Follow-up sheets": records(followup_ledger(store).read),
        "Openings of the test date": records(Chain(store / OPENINGS, "openings of the test date").read),
        "Approvals": records(chain_of(cfg.models_dir).read),
        "Decisions": decisions,
    }
    checks = []
    for what, look in looks.items():
        try:
            said = look()
            checks.append(Check(what, True if said else None, said or "nothing yet"))
        except EarlyIdError as error:
            checks.append(Check(what, False, str(error)))
    try:
        waiting = waiting_step_ups(store)
        checks.append(Check("Step-ups", not waiting, f"{waiting} wait for a manager's countersign" if waiting else "none waits", waits=True))
    except EarlyIdError:
        pass  # said under decisions
    try:
        broken_off = unfinished(store)
        checks.append(
            Check("Erasures", not broken_off, f"{broken_off} broke off: ask for them again" if broken_off else "none broke off", waits=True)
        )
    except EarlyIdError as error:
        checks.append(Check("Erasures", False, str(error)))
    open_signs = len(unacknowledged(store))
    checks.append(Check("Urgent signs", not open_signs, f"{open_signs} batch(es) not acknowledged" if open_signs else "none waits", waits=True))
    checks.append(_modes(store))
    return checks


def _modes(store: Path) -> Check:
    """Whether anybody but the owner (and the group) may read the store."""
    import os

    if os.name == "nt" or not store.is_dir():
        return Check("Who may read the store", None, "not looked at on this system" if os.name == "nt" else "nothing yet")
    loose = sum(1 for path in [store, *store.rglob("*")] if not path.is_symlink() and path.stat().st_mode & 0o007 and path.name != "lock")
    return Check(
        "Who may read the store", not loose, f"{loose} file(s) or folder(s) can be read by everybody" if loose else "its owner, or the owner's group"
    )
