"""Keyed hashes, and a log filter that keeps people out of logs."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re

#: Shapes of identifiers that must never appear in a log line: UPN, NHS number, postcode, e-mail.
_IDENTIFIERS = re.compile(
    r"\b[A-Z]\d{11}[A-Z0-9]\b"
    r"|\b\d{3}[ -]?\d{3}[ -]?\d{4}\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"
    r"|\b[\w.+-]+@[\w-]+\.[\w.]+\b"
)


def keyed_hash(value: str, key: str, *, length: int = 12) -> str:
    """HMAC-SHA256 of ``value`` under ``key``: a stable pseudonym that cannot be guessed without the key."""
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()[:length]


def redact(text: str) -> str:
    """Replace anything shaped like a personal identifier by ``[removed]``."""
    return _IDENTIFIERS.sub("[removed]", text)


class RedactingFilter(logging.Filter):
    """A logging filter that redacts every record that passes, arguments and traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        record.exc_info = None
        record.exc_text = None
        return True
