"""What the people who approve put on record, and everything that is still missing before it counts, said at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from early_id.config.base import Frozen
from early_id.config.governing import AcceptanceSettings, ThresholdSettings
from early_id.core.errors import SettingsError
from early_id.models.registry import Bundle, changed_features
from early_id.models.verdict import READY


class Reference(Frozen):
    """A document, by its reference and its date."""

    reference: str = ""
    date: dt.date | None = None


class Agreement(Frozen):
    """A sharing agreement and the day on which it ends."""

    reference: str = ""
    expires: dt.date | None = None


class SourceBasis(Frozen):
    """Why the council may use what one agency sends."""

    lawful_basis: str = ""
    special_category: str = ""
    criminal_data_authority: str = ""
    sharing_agreement: Agreement = Agreement()
    own_records: bool = False  #: the council's own records need no agreement with itself


class Application(Frozen):
    """One approval as a board writes it down; ``approval.yaml`` has these keys. Empty is missing."""

    by: str = ""
    role: str = ""
    minutes: str = ""
    conditions: tuple[str, ...] = ()
    expires: dt.date | None = None
    dpia: Reference = Reference()
    equality_analysis: Reference = Reference()
    privacy_notice: Reference = Reference()
    report: Path | None = None
    responses: dict[str, str] = Field(default_factory=dict)
    sources: dict[str, SourceBasis] = Field(default_factory=dict)


#: Documents of which reference and date are on record.
DOCUMENTS = {
    "dpia": "data protection impact assessment",
    "equality_analysis": "equality analysis",
    "privacy_notice": "privacy notice given to families",
}

_TEMPLATE = """# Approval of one registered model. Fill it in, then: early-id approve MODEL --from {file} --config FILE
by: ""                # who approves; never the person who built the model
role: ""
minutes: ""           # where the decision stands, e.g. Governance board, 4 November 2026, item 6
conditions: []        # each a sentence
expires: null         # YYYY-MM-DD; after it no lists are written
dpia: {{reference: "", date: null}}
equality_analysis: {{reference: "", date: null}}
privacy_notice: {{reference: "", date: null}}    # the one given to families
report: null          # the governance report that was read; otherwise the one in the output folder
responses: {{}}         # characteristic: the board's written response to a gap that was found, e.g. {{sex: "..."}}
sources:              # per source of the settings
"""

_SOURCE_TEMPLATE = """  {name}:
    lawful_basis: ""              # UK GDPR article 6, e.g. public task, with the power it rests on
    special_category: ""          # UK GDPR article 9 condition and, where it needs one, that of the Data Protection Act 2018, schedule 1
{criminal}    sharing_agreement: {{reference: "", expires: null}}    # or own_records: true, for the council's own
"""


def template(sources: Iterable[str], police: Iterable[str], *, file: str) -> str:
    """An approval file to fill in, with a part for each source."""
    needs = set(police)
    criminal = '    criminal_data_authority: ""   # UK GDPR article 10: official authority, or the condition of schedule 1\n'
    parts = [_SOURCE_TEMPLATE.format(name=name, criminal=criminal if name in needs else "") for name in sources]
    return _TEMPLATE.format(file=file) + "".join(parts)


def read_application(values: Mapping[str, Any], *, where: str) -> Application:
    """An approval from plain values, with errors in words and without what was written.

    Raises
    ------
    SettingsError
        An unknown key, or a value of the wrong kind.
    """
    try:
        return Application(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            what, cure = f"The approval has no part named '{key}'.", f"Its parts are: {', '.join(Application.model_fields)}."
        else:
            what, cure = f"The approval's '{key}' cannot be used: {first['msg']}.", "Write dates as YYYY-MM-DD, and texts in quotes."
        raise SettingsError(what, where=where, what_next=cure) from None


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals, order and what stands between the words."""

    def words(name: str) -> list[str]:
        return sorted("".join(c if c.isalnum() else " " for c in name.casefold()).split())

    return words(one) == words(other)


@dataclass(frozen=True)
class Standing:
    """What an approval is held against: the model, the bar and threshold document in force, the sources, today."""

    bundle: Bundle
    acceptance: AcceptanceSettings | None
    thresholds: ThresholdSettings
    responses: Mapping[str, str]
    sources: tuple[str, ...]
    police: tuple[str, ...]
    features: tuple[Any, ...]
    today: dt.date
    report: Path | None
    holds_data: bool


def missing(application: Application, standing: Standing) -> list[str]:
    """Everything that is missing, expired or not met, one sentence each; empty where nothing is."""
    checks: tuple[Callable[[Application, Standing], Iterable[str]], ...] = (_who, _documents, _threshold_document, _sources, _bar, _gaps, _bound)
    return [sentence for check in checks for sentence in check(application, standing)]


def _who(a: Application, s: Standing) -> Iterable[str]:
    words = {"by": "who approves (by)", "role": "their role (role)", "minutes": "where the decision is minuted (minutes)"}
    yield from (f"Not stated: {text}." for key, text in words.items() if not getattr(a, key).strip())
    builder = str(s.bundle.manifest.get("builder") or "")
    if not builder:
        yield "The model was registered without the name of its builder, so nobody can tell that the builder does not approve it."
    elif same_person(a.by, builder):
        yield "The person who approves is the one who built the model; somebody else has to."
    if a.expires is None:
        yield "Not stated: until when the approval holds (expires)."
    elif a.expires <= s.today:
        yield f"The approval would have expired on {a.expires}."


def _documents(a: Application, s: Standing) -> Iterable[str]:
    for key, words in DOCUMENTS.items():
        document: Reference = getattr(a, key)
        if not document.reference.strip() or document.date is None:
            yield f"Not stated: reference and date of the {words} ({key})."
        elif document.date > s.today:
            yield f"The {words} ({key}) is dated {document.date}, which is not yet."


def _threshold_document(a: Application, s: Standing) -> Iterable[str]:
    yield from (f"Not stated: {words}." for words in s.thresholds.missing)
    yield from (
        f"The threshold document's signature '{who}' is dated {day}, which is not yet." for who, day in s.thresholds.signed.items() if day > s.today
    )


def _sources(a: Application, s: Standing) -> Iterable[str]:
    for name in sorted(set(a.sources) - set(s.sources)):
        yield f"The approval speaks of a source '{name}' that the settings do not have."
    for name in s.sources:
        basis = a.sources.get(name, SourceBasis())
        words = {"lawful_basis": "lawful basis", "special_category": "special-category condition"}
        if name in s.police:
            words["criminal_data_authority"] = "authority for criminal-offence data"
        yield from (f"Not stated for the source '{name}': {text} ({key})." for key, text in words.items() if not getattr(basis, key).strip())
        yield from _agreement(name, basis, s.today)


def _agreement(name: str, basis: SourceBasis, today: dt.date) -> Iterable[str]:
    agreement = basis.sharing_agreement
    if basis.own_records:
        return
    if not agreement.reference.strip() or agreement.expires is None:
        yield f"Not stated for the source '{name}': sharing agreement and its expiry (sharing_agreement, or own_records)."
    elif agreement.expires <= today:
        yield f"The sharing agreement of the source '{name}' expired on {agreement.expires}."


def _bar(a: Application, s: Standing) -> Iterable[str]:
    card = s.bundle.card.get("acceptance", {})
    if not card.get("hash"):
        yield "No bar had been written down when the model was trained (acceptance.yaml)."
    elif card.get("but_for_gaps") != READY:
        verdict = card.get("but_for_gaps", s.bundle.card.get("verdict"))
        yield from (f"The bar is not met ({verdict}): {reason}" for reason in card.get("kept_back") or ["no reason is on record."])
    if card.get("hash") and s.acceptance and s.acceptance.for_audience(s.bundle.audience).hash == card["hash"]:
        yield from (f"The bar says nothing about {words}." for words in s.acceptance.unstated_for(s.bundle.audience))
    elif card.get("hash"):
        yield "The bar in force is not the one that the model was trained under: restore that file, or train again."


def _gaps(a: Application, s: Standing) -> Iterable[str]:
    gaps: Mapping[str, str] = s.bundle.card.get("acceptance", {}).get("gaps", {})
    written = {name for name, text in {**s.responses, **a.responses}.items() if text.strip()}
    yield from (f"A finding of the audit has no written response: {label} (responses.{name})." for name, label in gaps.items() if name not in written)


def _bound(a: Application, s: Standing) -> Iterable[str]:
    gone, changed = changed_features(s.bundle.catalogue, s.features)
    if gone or changed:
        yield f"The catalogue has changed since: {len(gone)} of the model's features are not declared now, {len(changed)} mean something else."
    if not s.holds_data:
        yield "The store does not hold the data that the model was trained on."
    if s.report is None or not s.report.is_file():
        yield "The governance report that was read was not found (report): make it with early-id run."
    elif s.bundle.model_hash not in s.report.read_text(encoding="utf-8", errors="replace"):
        yield f"The governance report '{s.report.name}' is about another model: this one's hash, {s.bundle.model_hash}, does not stand in it."
