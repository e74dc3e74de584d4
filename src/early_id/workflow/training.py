"""Training for ``train`` and ``compare``: figures are shown under a bar only, and what was shown once is read again, not made again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from early_id.config.load import BAR
from early_id.core.errors import EarlyIdError
from early_id.core.fingerprint import fingerprint
from early_id.core.folders import restrict
from early_id.core.types import Json
from early_id.models.candidates import load_candidate
from early_id.present.glossary import Glossary
from early_id.present.write import write_text
from early_id.workflow.governing import check_first, judge_all, keep_all, open_all
from early_id.workflow.steps import Bench, audit_all, build, train_all
from early_id.workflow.words import glossary, no_bar


@dataclass(frozen=True)
class Trained:
    """What ``train`` or ``compare`` shows: the card of each audience's trial, and what is missing before results may be shown."""

    cards: dict[str, Json]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_again: bool = False
    words: Glossary = field(default_factory=Glossary)

    def to_json(self) -> dict[str, Any]:
        """``verdict``, ``reasons``, ``models`` of the widest audience at the top; every audience below."""
        main = list(self.cards)[-1]
        first = self.cards[main]
        return {
            "audience": main,
            "verdict": first["verdict"],
            "reasons": first["reasons"],
            "models": first["models"],
            "exploratory": bool(first["acceptance"].get("exploratory")),
            "missing": list(self.missing),
            "notes": list(self.notes),
            "audiences": self.cards,
        }


def train_and_judge(bench: Bench) -> Trained:
    """Train every audience's models, count the opening of the test date, judge, and keep what was found for ``compare`` and ``register``.

    Without a bar the models are fitted and kept, but no test result is shown, tracked or counted as opened.
    """
    check_first(bench)
    matrix = build(bench, bench.people)
    bar = bench.cfg.acceptance
    trials = train_all(bench, matrix, withheld=bar is None)
    if bar is None:
        keep_all(bench, trials, matrix)
        missing = (
            f"The bar: a file {BAR} beside the settings, or the file that they name under 'acceptance'. A form to fill in comes with the package: "
            "early-id train --template",
        )
        return Trained({audience: trial.to_json() for audience, trial in trials.items()}, missing)
    audits = audit_all(bench, matrix, trials)
    judged = judge_all(bench, trials, audits, matrix=matrix, openings=open_all(bench, trials))
    keep_all(bench, judged, matrix)
    return Trained({audience: trial.to_json() for audience, trial in judged.items()}, notes=_unstated(bench), words=glossary(bench))


def write_comparison(bench: Bench, trained: Trained) -> Path | None:
    """``comparison.html`` in the output folder; nothing where no test results may be shown."""
    from early_id.report.comparison import comparison_page

    if trained.missing:
        return None
    path = bench.cfg.out_dir / "comparison.html"
    page = comparison_page(trained.cards, made_up=bench.store.made_up, words=trained.words)
    write_text(path, page)
    restrict(path, group=bench.cfg.shared_with_group)
    return path


def compare_trained(bench: Bench) -> Trained:
    """What was trained last under the same settings, bar, data and catalogue; only where there is no such trial is one made."""
    found = {}
    for audience in bench.in_force.programme.audiences:
        try:
            candidate = load_candidate(bench.cfg.out_dir, audience)
        except EarlyIdError:
            break
        if not _is_current(bench, audience, candidate.hashes, candidate.contents["model.json"]["settings_hash"]) or not candidate.card["models"]:
            break
        found[audience] = candidate.card
    else:
        return Trained(found, notes=_unstated(bench), read_again=True, words=glossary(bench))
    return train_and_judge(bench)


def _is_current(bench: Bench, audience: str, hashes: dict[str, str], settings_hash: str) -> bool:
    cfg = bench.cfg
    bar = cfg.acceptance.for_audience(audience) if cfg.acceptance else None
    now = fingerprint({"training": cfg.training.model_dump(), "acceptance": bar.model_dump() if bar else None})
    return settings_hash == now and hashes["data_hash"] == bench.store.fingerprint and hashes["catalogue_hash"] == bench.in_force.catalogue.hash


def _unstated(bench: Bench) -> tuple[str, ...]:
    return tuple(no_bar(bench))
