"""The final test date is opened once. Every opening is on record, and a second look is called what it is.

Whoever has seen a test result and trains again chooses with that result in mind, and the next figure is too good. So each time figures
of a test date are shown, the date, the data, the audience and the bar are written down; from the second time on the verdict is
exploratory: it informs and cannot make a model ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from early_id.core.chain import Chain
from early_id.core.types import Json

#: In the folder of the store, because openings belong to a council's records.
LEDGER = "openings.jsonl"


#: Days within which two test dates are one; those of a settings file stand in different terms.
_ALIKE_DAYS = 28


@dataclass(frozen=True)
class Opening:
    """One look at the results of a test date: the how-manieth, whatever the data, and its own hash."""

    test_date: str
    number: int
    other_bar: bool
    hash: str
    other_data: bool = False
    same_date: bool = True

    @property
    def is_exploratory(self) -> bool:
        """Whether these results had been seen before."""
        return self.number > 1

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the verdict is exploratory, in a sentence; empty at the first opening."""
        if not self.is_exploratory:
            return ()
        times = "once" if self.number == 2 else f"{self.number - 1} times"
        near = "" if self.same_date else " (or those of a date within four weeks of it)"
        bar = " The bar was changed in between." if self.other_bar else ""
        data = " Other files have been taken in since, but they are the same children on the same date." if self.other_data else ""
        return (
            f"Exploratory: the results of the test date {self.test_date} had been opened {times} before{near}.{data}{bar} "
            "They can inform a decision, but only a test date that nobody has seen can make a model ready.",
        )

    def to_json(self) -> Json:
        """``test_date``, ``number``, ``exploratory``, ``hash``."""
        return {"test_date": self.test_date, "number": self.number, "exploratory": self.is_exploratory, "hash": self.hash}


def open_test_date(
    store: Path,
    *,
    test_date: str,
    outcome: str,
    audience: str,
    data_hash: str,
    acceptance_hash: str | None,
    settings_hash: str,
    cohort: str = "",
    at: datetime | None = None,
) -> Opening:
    """Write down that the results of a test date are about to be shown, and say how often they had been before.

    Parameters
    ----------
    store : path
        Folder of the store.
    test_date, outcome, audience, cohort : str
        What was opened. Another batch, a corrected file or other settings make no test date that nobody has seen. ``cohort`` is the
        programme that says who is looked at.
    data_hash : str
        Of the files then; another one than before is said.
    acceptance_hash : str or None
        The bar in force; None where there is none. An opening without a bar counts like any other.
    settings_hash : str
        Of training and bar together.

    Raises
    ------
    PolicyError
        The ledger was tampered with.

    Notes
    -----
    Records from before outcome and cohort were written down count for every outcome and cohort of their date and audience. Test dates within
    four weeks of each other count as one: nearly the same children, and nearly the same half year after.
    """
    ledger = Chain(store / LEDGER, "openings of the test date")
    key = {"audience": audience, "outcome": outcome, "cohort": cohort}
    earlier = [
        record
        for record in ledger.read()
        if all(record.body.get(name, value) == value for name, value in key.items()) and _alike(record.body["test_date"], test_date)
    ]
    other_bar = any(record.body["acceptance_hash"] != acceptance_hash for record in earlier)
    other_data = any(record.body["data_hash"] != data_hash for record in earlier)
    body = {
        "test_date": test_date,
        **key,
        "number": len(earlier) + 1,
        "data_hash": data_hash,
        "acceptance_hash": acceptance_hash,
        "settings_hash": settings_hash,
    }
    record = ledger.append("opened", body, at=at)
    return Opening(test_date, len(earlier) + 1, other_bar, record.hash, other_data, all(r.body["test_date"] == test_date for r in earlier))


def _alike(one: str, other: str) -> bool:
    """Whether two test dates are the same or nearly so; a test set that is named otherwise than by its date is only itself."""
    try:
        return abs((date.fromisoformat(one) - date.fromisoformat(other)).days) <= _ALIKE_DAYS
    except ValueError:
        return one == other
