"""Who holds criminal-offence data is told by the rows that were taken in: a health notice in the same table is none."""

from __future__ import annotations

from pathlib import Path

from early_id.workflow.registering import approval_template, police_sources
from early_id.workflow.steps import open_bench
from intake import GOOD, MARK, PERSON, PUPIL, SCHOOL, Council

NOTICE = GOOD["notifications"][2]


def test_only_sources_with_rows_about_offences_or_custody_need_an_authority(tmp_path: Path) -> None:
    council = Council(tmp_path / "council")
    for source, kind in (("health", "health"), ("police", "youth_justice")):
        council.put("people", PERSON, source=source, file=f"{source}/people.csv")
        council.put("notifications", {**NOTICE, "kind": kind}, source=source, file=f"{source}/notices.csv")
    council.put("schools", SCHOOL)
    council.put("pupils", PUPIL)
    council.put("attendance", MARK)
    council.ingest()
    bench = open_bench(council.config())
    assert police_sources(bench) == ("police",)
    form = approval_template(bench, file="approval.yaml")
    assert form.count("criminal_data_authority") == 1 and form.index("  police:") < form.index("criminal_data_authority")
    # A mark of custody is such a row too.
    council.put("attendance", MARK, {**MARK, "session": "PM", "code": "Y5"})
    council.ingest("2025-03-10")
    assert police_sources(open_bench(council.config())) == ("police", "education")
