"""Whether lists may be written. Without an approval they are not, whatever the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from early_id.core.errors import PolicyError
from early_id.core.types import Json

DEMONSTRATION = "demonstration"
PUBLIC_BENCHMARK = "public_benchmark"


@dataclass(frozen=True)
class ApprovalStatus:
    """Whether lists may be written, and the sentence that every page carries about it."""

    is_approved: bool
    kind: str
    text: str

    @property
    def watermark(self) -> str | None:
        """The watermark of every output, where there is one."""
        marks = {DEMONSTRATION: "made-up data", PUBLIC_BENCHMARK: "published data, for comparison only"}
        return marks.get(self.kind) if self.is_approved else None

    def require(self) -> None:
        """Refuse to go on without an approval (exit code 4)."""
        if not self.is_approved:
            raise PolicyError(
                f"Lists are not written: {self.text}",
                where="approval",
                what_next="The audit and the governance page were made. Put them before the people who approve.",
            )

    def to_json(self) -> Json:
        """``approved``, ``kind``, ``text``."""
        return {"approved": self.is_approved, "kind": self.kind, "text": self.text}


def approval_status(approval: str | None, *, store_made_up: bool, keys_only: bool = False) -> ApprovalStatus:
    """What the settings' ``approval`` is worth for this store.

    Parameters
    ----------
    approval : str or None
        ``demonstration``, as ``synth`` and ``demo`` write it, or ``public_benchmark``. Any other text is worth nothing.
    store_made_up : bool
        Every batch in the store came from ``synth``. One real batch is enough to make it False.
    keys_only : bool
        The programme's lists hold keys of published records and no names; only then is ``public_benchmark`` worth anything.
    """
    if approval is None:
        return ApprovalStatus(False, "none", "no approval is on record.")
    if approval == PUBLIC_BENCHMARK and keys_only:
        return ApprovalStatus(True, PUBLIC_BENCHMARK, "A benchmark on published data. Its lists hold keys only and are not for use.")
    if approval != DEMONSTRATION:
        return ApprovalStatus(False, "unknown", "the approval named in the settings is not one that can be verified.")
    if not store_made_up:
        text = "the approval 'demonstration' is only for made-up data, and this store holds at least one batch that was not made up."
        return ApprovalStatus(False, DEMONSTRATION, text)
    return ApprovalStatus(True, DEMONSTRATION, "A demonstration on made-up data. Nobody has approved this model for real families.")


def check_approval(approval: str | None, *, store_made_up: bool) -> ApprovalStatus:
    """:func:`approval_status`, refusing at once where lists may not be written (PolicyError, exit code 4)."""
    status = approval_status(approval, store_made_up=store_made_up)
    status.require()
    return status
