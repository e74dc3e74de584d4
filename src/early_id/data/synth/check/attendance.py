"""Published figures of attendance: absence by phase, group and year, codes, weeks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from early_id.data.synth.check import measures as m
from early_id.data.synth.check.table import Figure, is_
from early_id.data.synth.check.tally import Tally
from early_id.data.synth.rates import PHASES, absence_level, authorities, code_shares, published


def attendance_figures() -> list[Figure]:
    """Every figure of attendance."""
    return [*_absence(), *_groups(), *_codes(), *_weeks()]


def _absence() -> list[Figure]:
    year = "2024/25"
    figures = [
        Figure("absence", "overall absence, all, %", published("overall_absence_rate", "all pupils", year), "overall", year, "DAY", m.overall),
        Figure("absence", "persistent absence, all, %", published("persistent_absence_rate", "all pupils", year), "persistent", year, "DAY",
               partial(m.at_least, threshold=0.1)),
    ]  # fmt: skip
    for phase in PHASES:
        overall, persistent, severe = absence_level(phase)
        name, where = phase.lower(), partial(is_, column="phase", value=phase)
        unauthorised = published("unauthorised_absence_rate", "all pupils", year, name)
        figures += [
            Figure("absence", f"overall absence, {name}, %", overall, "overall", year, "DAY", partial(m.overall, where=where)),
            Figure(
                "absence",
                f"unauthorised absence, {name}, %",
                unauthorised,
                "code",
                year,
                "DAY",
                partial(m.overall, where=where, column="unauthorised"),
            ),
            Figure(
                "absence", f"persistent absence, {name}, %", persistent, "persistent", year, "DAY", partial(m.at_least, threshold=0.1, where=where)
            ),
            Figure(
                "absence",
                f"severe absence, {name}, %",
                severe,
                "severe",
                "2022/23 to 2024/25",
                "BAND",
                partial(m.at_least, threshold=0.5, where=where),
            ),
        ]
    for nc in range(1, 12):
        name = "primary" if nc < 7 else "secondary"
        ratio = published("persistent_absence_rate", f"NC year {nc}", "2022/23") / published("persistent_absence_rate", "all pupils", "2022/23", name)
        figures.append(
            Figure("absence", f"persistent absence, year {nc} over {name}", ratio, "year group", "2022/23", "BAND", partial(_year_group, nc=nc))
        )
    return figures


def _year_group(tally: Tally, nc: int) -> m.Estimate:
    phase = partial(_group, column="phase", value="Primary" if nc < 7 else "Secondary")
    return m.at_least(tally, 0.1, partial(_group, column="nc", value=nc)).over(m.at_least(tally, 0.1, phase))


def _groups() -> list[Figure]:
    year, figures = "2024/25", []
    for name, group in (("EHC plan", "E"), ("SEN support", "K"), ("no SEN", "N")):
        where = partial(_group, column="sen", value=group)
        for text, metric, measure in (
            ("overall absence", "sess_overall_percent", partial(m.overall, where=where)),
            ("persistent absence", "enrolments_pa_10_exact_percent", partial(m.at_least, threshold=0.1, where=where)),
            ("severe absence", "enrolments_pa_50_exact_percent", partial(m.at_least, threshold=0.5, where=where)),
        ):
            row = authorities(metric, "Total", name)
            figures.append(Figure("groups", f"{text}, {name}, %", row["median"], "severe" if "severe" in text else "group", year, "SENDATT", measure))
        row = authorities("enrolments_pa_10_exact_percent", "Total", name)
        for edge, deviations in (("p10", -1.2816), ("p90", 1.2816)):
            measure = partial(m.in_area, deviations=deviations, sen=group)
            figures.append(Figure("groups", f"persistent absence, {name}, area at {edge}, %", row[edge], "spread", year, "SENDATT", measure))
    for name, value in (("FSM eligible", True), ("not FSM eligible", False)):
        where = partial(_group, column="fsm", value=value)
        for text, threshold in (("overall", None), ("persistent", 0.1)):
            figure = published(f"{text}_absence_rate", name, "2024/25 autumn")
            figures.append(
                Figure(
                    "groups",
                    f"{text} absence, {name}, autumn, %",
                    figure,
                    "group",
                    year,
                    "ABS",
                    partial(_term, term="autumn", where=where, threshold=threshold),
                )
            )
    for text, threshold in (("persistent", 0.1), ("severe", 0.5)):
        female, male = (published(f"{text}_absence_rate", sex, "2022/23") for sex in ("female", "male"))
        figures.append(
            Figure("groups", f"{text} absence, girls over boys", female / male, "year group", "2022/23", "BAND", partial(_girls, threshold=threshold))
        )
    return figures


def _group(rows: pd.DataFrame, column: str, value: object) -> pd.Series:
    """Rows of one group of the census; enrolments too short to be in it belong to none."""
    return (rows[column] == value) & rows["classified"]


def _girls(tally: Tally, threshold: float) -> m.Estimate:
    return m.at_least(tally, threshold, partial(_group, column="male", value=False)).over(
        m.at_least(tally, threshold, partial(_group, column="male", value=True))
    )


def _term(tally: Tally, term: str, where: m.Where | None = None, threshold: float | None = None) -> m.Estimate:
    return m.in_weeks(tally, tally.terms[term], where, threshold=threshold)


#: Codes whose days come from events of their own.
_EVENTS = ("E", "R", "S", "T", "V", "W", "B", "K", "P", "C2", "J1", "C1")
#: Codes with less than this share of possible sessions in a phase are left out: a made-up council is too small to tell (special schools
#: have one pupil in fifty).
_RAREST = {"Primary": 0.04, "Secondary": 0.04, "Special": 0.25}


def _codes() -> list[Figure]:
    figures = []
    for number, phase in enumerate(PHASES):
        for code, percent in code_shares(number).items():
            if percent >= _RAREST[phase]:
                room = "rare code" if code in _EVENTS else "overall" if code in "/\\" else "code"
                measure = partial(m.overall, where=partial(is_, column="phase", value=phase), column=code)
                figures.append(Figure("codes", f"code {code}, {phase.lower()}, % of possible sessions", percent, room, "2024/25", "DAY", measure))
    for name, group in (("EHC plan", "E"), ("SEN support", "K"), ("no SEN", "N")):
        for code, metric in (("C2", "part_time_timetable_c2_session_rate"), ("E", "suspended_e_session_rate")):
            figure = published(metric, name, "2025/26 autumn")
            measure = partial(m.overall, where=partial(_group, column="sen", value=group), column=code)
            figures.append(Figure("codes", f"code {code}, {name}, % of possible sessions", figure, "rare code", "2025/26 autumn", "SENDATT", measure))
    return figures


def _weeks() -> list[Figure]:
    figures = []
    for text, pick in (
        ("first weeks of autumn", partial(_place_in_term, term="autumn", weeks=slice(0, 2))),
        ("week before autumn half term", _before_half_term),
        ("last week of autumn term", partial(_place_in_term, term="autumn", weeks=slice(-1, None))),
        ("last week of spring term (Eid)", partial(_place_in_term, term="spring", weeks=slice(-1, None))),
    ):
        figures.append(
            Figure(
                "weeks",
                f"overall absence, {text}, %",
                published("overall_absence_rate", "all pupils", f"2024/25 {text}"),
                "week",
                "2024/25",
                "DAY",
                pick,
            )
        )
    autumn = published("overall_absence_rate", "all pupils", "2024/25 autumn", note="daily attendance data")
    figures.append(Figure("weeks", "overall absence, autumn term, %", autumn, "term", "2024/25", "ABS", partial(_term, term="autumn")))
    for term in ("autumn", "spring", "summer"):
        figure = published("persistent_absence_rate", "all pupils", f"2024/25 {term} term only")
        figures.append(
            Figure(
                "weeks", f"persistent absence within the {term} term, %", figure, "term", "2024/25", "DAY", partial(_term, term=term, threshold=0.1)
            )
        )
    return figures


def _place_in_term(tally: Tally, term: str, weeks: slice) -> m.Estimate:
    """Absence in the first or last weeks of a term."""
    places = np.flatnonzero(tally.terms[term])[weeks]
    return m.in_weeks(tally, np.isin(np.arange(len(tally.weeks)), places))


def _before_half_term(tally: Tally) -> m.Estimate:
    """Absence in the last school week before the autumn half term."""
    autumn = next(term for term in tally.world.timeline.calendar.terms if term.first.isoformat() >= tally.weeks[0])
    places = [i for i, monday in enumerate(tally.weeks) if monday < autumn.half_term.isoformat()]
    return m.in_weeks(tally, np.arange(len(tally.weeks)) == places[-1])
