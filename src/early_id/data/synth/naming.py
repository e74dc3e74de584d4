"""Names and numbers that ``early-id synth`` cannot use."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from numbers import Integral

from early_id.core.errors import SettingsError

LISTED = "early-id synth --list shows every name."


def unknown(kind: str, name: str, known: Iterable[str], *, where: str) -> SettingsError:
    """``name`` is not one of ``known``: names that look like it are offered, and the command that shows all of them."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    guess = f"Did you mean {' or '.join(near)}? " if near else ""
    return SettingsError(f"There is no {kind} named '{name}'.", where=where, what_next=f"{guess}{LISTED}")


def whole_number(value: object, low: int, high: float = math.inf) -> bool:
    """Whether a value is a whole number in a range, both ends included."""
    return isinstance(value, Integral) and low <= int(value) <= high
