"""What looks like a person's identifier never reaches a log, whoever writes it."""

from __future__ import annotations

import logging

import pytest

from early_id.cli import app as cli
from early_id.core.privacy import people_kept_out_of_logs, redact


@pytest.mark.parametrize("secret", ["B801200005001", "943 476 5919", "9434765919", "SW1A 1AA", "ada@example.org"])
def test_identifiers_are_removed_and_other_words_stay(secret: str) -> None:
    assert redact(f"row 7 of pupils.csv: {secret} twice") == "row 7 of pupils.csv: [removed] twice"


def test_plain_counts_dates_and_codes_stay() -> None:
    said = "ATT001: 1,204 of 84,000 rows of 2025-11-09, batch 000001, 4.5 s"
    assert redact(said) == said


def test_records_of_any_library_are_redacted_and_tracebacks_left_out(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("some.library")
    with people_kept_out_of_logs():
        try:
            raise ValueError("cannot read 9434765919")
        except ValueError:
            log.exception("pupil %s failed", "B801200005001")
        log.warning("wrongly filled %d", "B801200005001")
    assert [record.getMessage() for record in caplog.records] == ["pupil [removed] failed (ValueError)", "[a message that could not be put together]"]
    assert "9434765919" not in caplog.text and "B8012" not in caplog.text
    log.warning("pupil %s", "B801200005001")
    assert "B801200005001" in caplog.text  # a library that imports us keeps its own logs


def test_every_command_runs_with_it(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from early_id.cli import audit, commands, inspect, models, synth

    assert audit and commands and inspect and models and synth  # they register themselves on the application that is replaced here
    monkeypatch.setattr(cli, "app", lambda: logging.getLogger("x").warning("pupil B801200005001"))
    cli.main()
    assert caplog.messages == ["pupil [removed]"]
    monkeypatch.setenv("EARLY_ID_DEBUG", "1")
    cli.main()
    assert caplog.messages[-1] == "pupil B801200005001"
