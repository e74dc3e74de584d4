"""Whether lists may be written. Without an approval they are not, whatever the verdict; and it is looked at anew each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from early_id.acceptance.records import APPROVED, FILE, chain_of, last_of, report_as_read
from early_id.core.chain import Record
from early_id.core.errors import EarlyIdError, PolicyError
from early_id.core.types import Json
from early_id.features.declare import Feature
from early_id.models.registry import Bundle, find_bundle, load_bundle
from early_id.models.risk_model import RiskModel
from early_id.present.wording import MADE_UP

DEMONSTRATION = "demonstration"
PUBLIC_BENCHMARK = "public_benchmark"
ON_RECORD = "on record"


@dataclass(frozen=True)
class Approved:
    """One approved model, verified: the bundle that was approved, the record, and the model ready to score."""

    bundle: Bundle
    record: Record
    model: RiskModel

    @property
    def text(self) -> str:
        """Who approved what, where it is minuted, until when."""
        body = self.record.body
        conditions = f" Conditions: {'; '.join(body['conditions'])}." if body["conditions"] else ""
        return (
            f"{self.bundle.label} was approved by {body['by']} ({body['role']}), minuted as '{body['minutes']}', until {body['expires']} "
            f"(record {self.record.number}, {self.record.hash[:16]}).{conditions}"
        )


@dataclass(frozen=True)
class ApprovalStatus:
    """Whether lists may be written, and the sentence that every page carries about it.

    ``approved`` holds the models to make lists with, by audience; empty for a demonstration, whose lists are made with the model just
    trained.
    """

    is_approved: bool
    kind: str
    text: str
    approved: Mapping[str, Approved] = field(default_factory=dict)
    made_up: bool = False
    notes: tuple[str, ...] = ()

    @property
    def watermark(self) -> str | None:
        """The watermark of every output, where there is one."""
        marks = {DEMONSTRATION: MADE_UP, PUBLIC_BENCHMARK: "published data, for comparison only"}
        if self.kind == ON_RECORD and self.made_up:
            return MADE_UP
        return marks.get(self.kind) if self.is_approved else None

    def require(self) -> None:
        """Refuse to go on without an approval (exit code 4)."""
        if not self.is_approved:
            raise PolicyError(
                f"Lists are not written: {self.text}",
                where="approval",
                what_next="The audit and the governance page can be made with early-id run. Put them before the people who approve.",
            )

    def require_model(self, model: RiskModel) -> None:
        """Refuse another model than the approved one of its audience (exit code 4); a demonstration takes any."""
        if not self.approved:
            return
        found = self.approved.get(model.audience)
        if found is None or found.model.fingerprint() != model.fingerprint():
            raise PolicyError(
                f"The model given for {model.audience.replace('_', ' ')} is not the one that was approved.",
                where="approval",
                what_next="Make lists with the approved model, or have this one registered and approved.",
            )

    def to_json(self) -> Json:
        """``approved, ``kind``, ``text``, and the models by audience."""
        models = {audience: found.bundle.label for audience, found in self.approved.items()}
        return {"approved": self.is_approved, "kind": self.kind, "text": self.text, "models": models}


def approval_status(
    approval: str | Mapping[Any, str] | None,
    *,
    store_made_up: bool,
    keys_only: bool = False,
    models: Path | None = None,
    features: Iterable[Feature] = (),
    catalogue_hash: str = "",
    today: date | None = None,
) -> ApprovalStatus:
    """What the settings' ``approval`` is worth for this store, today.

    Parameters
    ----------
    approval : str, mapping or None
        ``demonstration``, as ``synth`` and ``demo`` write it; ``public_benchmark``; or audience → ``name/version`` of the registered model
        that was approved for it. Any other text is worth nothing.
    store_made_up : bool
        Every batch in the store came from ``synth``. One real batch is enough to make it False.
    keys_only : bool
        The programme's lists hold keys of published records and no names; only then is ``public_benchmark`` worth anything.
    models : path
        Folder of registered models and of the records about them.
    features : iterable of Feature
        The catalogue in force.
    catalogue_hash : str
        Its hash; another one than that of the approval is said.
    today : date, optional
        For tests; otherwise today.
    """
    if approval is None:
        return ApprovalStatus(False, "none", "no approval is on record.")
    if isinstance(approval, Mapping):
        return _on_record(approval, models or Path("models"), tuple(features), catalogue_hash, today or date.today(), made_up=store_made_up)
    if approval == PUBLIC_BENCHMARK and keys_only:
        return ApprovalStatus(True, PUBLIC_BENCHMARK, "A benchmark on published data. Its lists hold keys only and are not for use.")
    if approval != DEMONSTRATION:
        return ApprovalStatus(False, "unknown", "the approval named in the settings is not one that can be verified.")
    if not store_made_up:
        text = "the approval 'demonstration' is only for made-up data, and this store holds at least one batch that was not made up."
        return ApprovalStatus(False, DEMONSTRATION, text)
    return ApprovalStatus(True, DEMONSTRATION, "A demonstration on made-up data. Nobody has approved this model for real families.")


def check_approval(approval: str | Mapping[Any, str] | None, **known: object) -> ApprovalStatus:
    """:func:`approval_status`, refusing at once where lists may not be written (PolicyError, exit code 4)."""
    status = approval_status(approval, **known)  # type: ignore[arg-type]
    status.require()
    return status


def _on_record(
    approval: Mapping[Any, str], models: Path, features: tuple[Feature, ...], catalogue_hash: str, today: date, *, made_up: bool
) -> ApprovalStatus:
    """Every model that the settings name, verified; one that is not approved is enough for no lists at all."""
    found: dict[str, Approved] = {}
    wrong: list[str] = []
    for audience, label in approval.items():
        try:
            found[str(audience)] = verify(models, label, str(audience), features=features, today=today, made_up=made_up)
        except EarlyIdError as error:
            wrong.append(f"{audience}, {label}: {error.what}")
    if wrong or not found:
        return ApprovalStatus(False, ON_RECORD, " ".join(wrong) or "the settings name no approved model.", made_up=made_up)
    differ = [f.bundle.label for f in found.values() if catalogue_hash and catalogue_hash != f.record.body["catalogue_hash"]]
    notes = tuple(
        f"The catalogue of features is not the one that {label} was approved with. Its own features are as they were; others were added or changed."
        for label in differ
    )
    notes += tuple(
        f"The report that was read for the approval of {f.bundle.label} was not kept then, so nothing shows whether it has been changed since."
        for f in found.values()
        if report_as_read(models, f.record.body["report"]) is None
    )
    text = " ".join(one.text for one in found.values())
    return ApprovalStatus(True, ON_RECORD, text, found, made_up, notes)


def verify(models: Path, label: str, audience: str, *, features: Iterable[Feature], today: date, made_up: bool) -> Approved:
    """The approved model of an audience, after every check.

    Raises
    ------
    PolicyError
        No approval is on record, it was retired, it or a sharing agreement has expired, the records, the model or the report that was read
        were tampered with, or the approval was given on made-up data.
    InputDataError
        A feature of the model is not declared any more, or means something else now.
    SettingsError
        No such model.
    """
    folder = find_bundle(label, models)
    full = f"{folder.parent.name}/{folder.name}"
    record = last_of(chain_of(models).read(), full)
    if record is None or record.kind != APPROVED:
        why = "was retired" if record is not None and record.kind == "retired" else "is not approved"
        raise PolicyError(f"the model {why}.", where=FILE, what_next="Have it approved: early-id approve MODEL")
    body = record.body
    ended = [f"the approval expired on {body['expires']}"] if date.fromisoformat(body["expires"]) <= today else []
    for name, basis in body["sources"].items():
        until = basis["sharing_agreement"]["expires"]
        if not basis["own_records"] and until and date.fromisoformat(until) <= today:
            ended.append(f"the sharing agreement of the source '{name}' expired on {until}")
    if body["made_up"] and not made_up:
        ended.append("the approval was given on made-up data, and this store holds a batch that was not made up")
    if ended:
        raise PolicyError(f"{'; '.join(ended)}.", where=FILE, what_next="Have the model approved anew.")
    bundle = load_bundle(folder, bundle_hash=body["bundle_hash"], audience=audience)
    if report_as_read(models, body["report"]) is False:
        raise PolicyError(
            "the governance report that was read for the approval is not as it was read, or is gone.",
            where=f"{full}, {body['report']['name']}",
            what_next="Restore the folder from a backup, or have the model approved anew.",
        )
    return Approved(bundle, record, bundle.risk_model(features))
