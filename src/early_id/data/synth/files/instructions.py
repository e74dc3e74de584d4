"""The files that make a made-up council ready to run: ``config.yaml``, ``README.txt``, and the note that says it is made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from early_id.config.load import BAR, shipped_text
from early_id.core.fingerprint import file_sha256
from early_id.data.synth.plan import START, CouncilPlan
from early_id.data.synth.scenarios.biases import loss_from
from early_id.data.synth.scenarios.declare import GROUPS, SCENARIOS, part
from early_id.data.synth.timeline import Timeline, as_date

#: Source, shape, file pattern.
SOURCES = (
    ("education", "council_schools", "education/schools.xlsx"),
    ("education", "council_pupils", "education/pupils.csv"),
    ("education", "council_pupils_last_year", "education/pupils_last_year.csv"),
    ("education", "council_enrolments", "education/enrolments.csv"),
    ("education", "council_suspensions", "education/suspensions.xlsx"),
    ("education", "council_education_status", "education/education_status.csv"),
    ("education", "council_school_contacts", "education/school_contacts.csv"),
    ("education", "council_marks", "attendance/*/marks_*.parquet"),
    ("education", "council_marks", "attendance/marks_*.csv"),
    ("social_care", "council_people", "socialcare/people.csv"),
    ("social_care", "council_factors_recorded", "socialcare/factors.csv"),
    ("social_care", "council_contacts", "socialcare/contacts.csv"),
    ("social_care", "council_early_help", "socialcare/early_help.csv"),
    ("social_care", "council_statutory", "socialcare/statutory.csv"),
    ("social_care", "council_relationships", "socialcare/relationships.csv"),
    ("social_care", "council_family_groups", "socialcare/family_groups.csv"),
    ("police", "council_people", "police/people.csv"),
    ("police", "council_missing", "police/missing.csv"),
    ("police", "council_notifications", "police/notifications.parquet"),
    ("housing", "council_people", "housing/people.csv"),
    ("housing", "council_households", "housing/households.xlsx"),
    ("housing", "council_housing_indicators", "housing/indicators.csv"),
    ("health", "council_people", "health/people.csv"),
    ("health", "council_notifications", "health/notifications.csv"),
)
PER_SCHOOL, PER_HUB = 4, 12

_README = """A made-up council
=================

Nothing here is about a real person, family, school or council. Names come from a list of names, identifiers from ranges
that are never issued, postcodes from an area that does not exist. The numbers follow published national tables.

  extracts/        what the council's schools, social care, police, housing and health would export, faults included
  config.yaml      settings: early-id run --config config.yaml
  acceptance.yaml  what a model has to reach before it may be put forward; here nobody has decided it
  truth/           what is really so: need, links between the agencies' people, planted faults. It is never read by a run.
{further}
Made with: {command}

{planted}
"""


def write_instructions(folder: Path, plan: CouncilPlan, timeline: Timeline, written: Mapping[str, str]) -> None:
    """Write settings and explanation; ``written`` gives the file of each table. The plan itself stands in ``truth/plan.json``."""
    # An agency that stopped sending has last files of an earlier day.
    lost = loss_from(plan, timeline)
    received = {name: as_date(lost[1] if lost and lost[0] == name else timeline.extracted).isoformat() for name, _, _ in SOURCES}
    lines = [
        "# Settings of a made-up council, written by early-id synth.",
        *(f"# {line}" for line in _planted(plan)),
        "project:",
        f'  name: "Made-up council ({plan.total:,} children, seed {plan.seed}, mess: {plan.mess_shown})"',
        "  made_up: true",
        "  contact: the early-help team (earlyhelp@example.org)",
        "  data_protection_contact: the data protection officer (dpo@example.org)",
        "  lawful_basis: the duty of a council and its partners to work together for children (Children Act 2004, section 10)",
        "data: extracts",
        "out: out",
        "sources:",
        *(
            f'  - {{name: {name}, shape: {shape}, files: "{written.get(files, files)}", received: {received[name]}}}'
            for name, shape, files in SOURCES
        ),
        "as_of:",
        f"  screening: {timeline.screening.isoformat()}",
        f"  dates: [{', '.join(day.isoformat() for day in timeline.as_of_dates)}]",
        f"capacity: {{per_school: {PER_SCHOOL}, per_hub: {PER_HUB}}}",
        "approval: demonstration",
        "",
    ]
    (folder / "config.yaml").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    (folder / BAR).write_text(shipped_text(BAR), encoding="utf-8", newline="\n")
    further = [
        ("extracts_other_shapes/", "the same records as other systems and returns hold them; a run does not look there", bool(plan.shapes)),
        (
            "second_outcome/",
            "what reviewers without bias found; config.yaml sets it beside the first outcome for the audit",
            bool(plan.size("unbiased_outcome")),
        ),
        ("config_second_outcome.yaml", "settings that learn from it", bool(plan.size("unbiased_outcome"))),
    ]
    readme = _README.format(
        further="".join(f"  {name}  {text}\n" for name, text, there in further if there),
        planted="\n".join(f"  {line}" for line in _planted(plan)),
        command=plan.command,
    )
    (folder / "README.txt").write_text(readme, encoding="utf-8", newline="\n")


def _planted(plan: CouncilPlan) -> list[str]:
    """What is planted, a line a thing."""
    lines = []
    for key, size in plan.scenarios.items():
        known = SCENARIOS[key.partition(":")[0]]
        target, _ = part(plan.scenarios, known.name) or ("", 0.0)
        aimed = f" (here: {GROUPS.get(target, target)})" if target else ""
        lines.append(f"scenario {key}, {size:g} {known.unit}: {known.text}{aimed}")
    lines.extend(f"note: {remark}" for remark in plan.remarks)
    lines.append(f"mess: {plan.mess_words}")
    lines.append(f"further shapes: {', '.join(plan.shapes) or 'none'}")
    if plan.start != START:
        lines.append(f"marks begin with the school year that holds {plan.start.isoformat()}")
    return lines


def write_made_up_note(extracts: Path) -> None:
    """Write the hashes of all extract files, so that a store can tell that every batch of it was made up."""
    files = sorted(path for path in extracts.rglob("*") if path.is_file())
    note = {"made_up": True, "sha256": sorted(file_sha256(path) for path in files)}
    (extracts / "made_up.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8", newline="\n")
