"""What was made: counts and paths of one council."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from early_id.data.synth.plan import CouncilPlan


@dataclass(frozen=True)
class CouncilSummary:
    """What was made: counts and paths."""

    plan: CouncilPlan
    folder: Path
    config: Path
    children: int
    families: int
    schools: int
    marks: int
    rows: dict[str, int]
    faults: int
    screening: date
    as_of_dates: tuple[date, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "plan": self.plan.to_json(),
            "folder": str(self.folder),
            "config": str(self.config),
            "counts": {
                "children": self.children,
                "families": self.families,
                "schools": self.schools,
                "marks": self.marks,
                **self.rows,
            },
            "faults": self.faults,
            "screening": self.screening.isoformat(),
            "as_of_dates": [day.isoformat() for day in self.as_of_dates],
        }
