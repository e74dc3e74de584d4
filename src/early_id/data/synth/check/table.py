"""The published figures that a made-up council is held to, as a table: value, source, what may differ and why, how it is measured.

The tolerance of a figure is three standard errors at the size drawn plus a *room* for what the mechanism leaves out. The room is relative
to the published value unless it is given in the figure's own unit, and its reason stands in ``ROOMS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from early_id.data.synth.check.measures import Estimate
from early_id.data.synth.check.tally import Tally

Measure = Callable[[Tally], Estimate]

#: Reason → room, as a share of the published value, and why it is needed.
ROOMS: dict[str, tuple[float, str]] = {
    "overall": (0.05, "the published rate weighs sessions, the bands weigh enrolments (1 to 2 % more in 2022/23)"),
    "persistent": (0.06, "bent to phase totals only; groups keep their order of 2022/23"),
    "severe": (0.15, "carried forward from 2022/23 by medians of local authorities"),
    "group": (0.12, "groups keep their standing of 2022/23, the published ones have moved; a median is not a mean"),
    "year group": (0.12, "ratio of 2022/23 in a year with less absence"),
    "code": (0.10, "codes share out what suspensions, festivals and part-time timetables leave of a pupil's planned absence"),
    "rare code": (0.30, "events of their own: a few days, weeks or schools decide"),
    "week": (0.05, "the season is drawn by term, not by calendar week"),
    "term": (0.05, "how absence gathers in time is not published by pupil"),
    "suspension": (0.05, "overlaps and the limit of 45 days a year drop events"),
    "suspension ratio": (0.15, "level of 2023/24 with ratios of 2015/16; limits cut the pupils with most events"),
    "suspension shape": (0.10, "shape of 2015/16 at more than twice its level: more pupils have several events"),
    "pupils": (0.04, "drawn by family"),
    "service": (0.15, "statuses follow need and visibility; a council is not England"),
    "factor": (0.12, "factors lean on need and age"),
    "missing": (0.12, "rounded published figures of the United Kingdom"),
    "spread": (0.10, "one spread for three groups"),
}


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Attributes
    ----------
    topic, name : str
        What it is of, and what it is, with its unit.
    published : float
    room : str
        Key of ``ROOMS``.
    year, source : str
        Of the published figure. Sources are the keys of ``SOURCES``.
    measure : callable
        From a tally to an estimate in the same unit.
    """

    topic: str
    name: str
    published: float
    room: str
    year: str
    source: str
    measure: Measure

    @property
    def allowed(self) -> float:
        """Room in the unit of the figure."""
        return abs(self.published) * ROOMS[self.room][0]


#: Keys of sources: file shipped in ``tables`` (or ``schema/codes``), and publication.
SOURCES = {
    "DAY": "attendance_code_mix.csv, national_rates.csv: DfE daily attendance, full year 2024/25",
    "BAND": "national_rates.csv, absence_bands_2022_23.csv: school census 2022/23, absence-distributions dashboard",
    "ABS": "national_rates.csv: DfE, Pupil absence in schools in England, autumn term 2024/25",
    "SENDATT": "la_variation_by_sen.csv, national_rates.csv: SEND attendance dashboard, medians and percentiles of local authorities",
    "EXC": "national_rates.csv: DfE, Suspensions and permanent exclusions in England",
    "SFR35": "suspension_rates_2015_16.csv, suspension_distributions_2015_16.csv: DfE, SFR35/2017",
    "PUP": "national_rates.csv: DfE, Schools, pupils and their characteristics; SEN in England; young carers",
    "MISS": "national_rates.csv: UK Missing Persons Unit",
    "CENSUS": "ethnic_groups_2024_25.csv: DfE, Schools, pupils and their characteristics 2024/25",
    "CIN": "national_rates.csv, assessment_factors.csv: DfE, Children in need 2025",
    "OUTCOMES": "national_rates.csv: DfE, Outcomes for children in need, including children looked after, 2024/25",
}


def is_(rows: pd.DataFrame, column: str, value: object) -> pd.Series:
    """Rows of one group."""
    return rows[column] == value
