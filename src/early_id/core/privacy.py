"""Keyed hashes, and what keeps people out of logs."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Shapes of identifiers that must never appear in a log line: UPN, NHS number, postcode, e-mail.
_IDENTIFIERS = re.compile(
    r"\b[A-Z]\d{11}[A-Z0-9]\b"
    r"|\b\d{3}[ -]?\d{3}[ -]?\d{4}\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"
    r"|\b[\w.+-]+@[\w-]+\.[\w.]+\b"
)


def keyed_hash(value: str, key: str, *, length: int = 12) -> str:
    """HMAC-SHA256 of ``value`` under ``key``: a stable pseudonym that cannot be guessed without the key."""
    return hmac.digest(key.encode(), value.encode(), "sha256").hex()[:length]


def redact(text: str) -> str:
    """Replace anything shaped like a personal identifier by ``[removed]``."""
    return _IDENTIFIERS.sub("[removed]", text)


@contextmanager
def people_kept_out_of_logs() -> Iterator[None]:
    """Redact every log record of the process, whichever library writes it and whatever handlers it has added.

    Tracebacks are left out, since the text of an error may quote a row; its kind is named instead.
    """
    usual = logging.getLogRecordFactory()

    def redacting(*args: Any, **more: Any) -> logging.LogRecord:
        record = usual(*args, **more)
        try:
            said = redact(record.getMessage())
        except (TypeError, ValueError, KeyError):  # a library filled its own message wrongly
            said = "[a message that could not be put together]"
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        record.msg, record.args = f"{said} ({kind})" if kind else said, ()
        record.exc_info = record.exc_text = record.stack_info = None
        return record

    logging.setLogRecordFactory(redacting)
    try:
        yield
    finally:
        logging.setLogRecordFactory(usual)
