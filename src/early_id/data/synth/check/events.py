"""Published figures of events and people: suspensions, pupils' characteristics, services, factors, missing children."""

from __future__ import annotations

from functools import partial

import pandas as pd

from early_id.data.synth.check import measures as m
from early_id.data.synth.check.table import Figure, Measure, is_
from early_id.data.synth.check.tally import Tally
from early_id.data.synth.events.factors import read_factor_shares
from early_id.data.synth.events.suspension_rates import DECILES, ETHNIC, SEN, YEARS
from early_id.data.synth.events.suspensions import reason_volumes
from early_id.data.synth.rates import ethnic_percent, published, read_table


def event_figures() -> list[Figure]:
    """Every figure of events and people."""
    return [*_suspensions(), *_suspension_groups(), *_pupils(), *_services(), *_missing()]


def _suspensions() -> list[Figure]:
    rate = published("suspension_rate", "all pupils", "2023/24")
    primary = published("suspension_rate", "all pupils", "2023/24 autumn", "primary") / published("suspension_rate", "all pupils", "2023/24 autumn")
    counts = _distribution("suspensions_per_pupil")
    days = _distribution("days_per_suspension")
    one_plus = (
        published("pupils_with_1_plus_suspension", "not young carers", "2022/23") * rate / published("suspension_rate", "all pupils", "2022/23")
    )
    name = "suspensions"
    figures = [
        Figure(name, "suspensions per 100 pupils a year", rate, "suspension", "2023/24", "EXC", m.suspension_level),
        Figure(
            name,
            "suspensions per 100 pupils a year, primary",
            rate * primary,
            "service",
            "2023/24",
            "EXC",
            partial(m.suspended, where=partial(is_, column="phase", value="Primary")),
        ),
        Figure(
            name,
            "pupils with one or more, % (2022/23 at the level of 2023/24)",
            one_plus,
            "service",
            "2022/23",
            "PUP",
            partial(m.suspended, once=True),
        ),
    ]
    figures += [
        Figure(
            name,
            f"suspended pupils with {n} in the year, %",
            counts[n],
            room,
            "2015/16",
            "SFR35",
            partial(m.among_suspended, where=partial(is_, column="events", value=n)),
        )
        for n, room in ((1, "suspension shape"), (2, "service"), (3, "service"))
    ]
    figures += [
        Figure(
            name,
            f"suspensions of {n} days, %",
            days[n],
            "suspension shape",
            "2015/16",
            "SFR35",
            partial(m.of_suspensions, where=partial(_days, days=n)),
        )
        for n in (1, 2, 3, 5)
    ]
    for code, percent in _reasons().items():
        figures.append(
            Figure(name, f"suspensions with first reason {code}, %", percent, "suspension shape", "2023/24 (DB), 2015/16", "EXC",
                   partial(m.of_suspensions, where=partial(is_, column="reason_1", value=code)))
        )  # fmt: skip
    return figures


def _distribution(name: str) -> dict[int, float]:
    """Percent by value of a distribution of 2015/16, all schools."""
    table = read_table("suspension_distributions_2015_16.csv")
    rows = table[(table["distribution"] == name) & (table["school_type"] == "Total")]
    counts = pd.to_numeric(rows["count"], errors="coerce").set_axis(rows["value"])
    return {n: float(100 * counts[str(n)] / counts["Total"]) for n in range(1, 6)}


def _days(rows: pd.DataFrame, days: int) -> pd.Series:
    return (rows["sessions"] + 1) // 2 == days


def _reasons() -> dict[str, float]:
    """Disruption as published for autumn 2023/24; assaults and abuse share the rest as in 2015/16, without the withdrawn 'other'."""
    volumes = reason_volumes()
    rest = 100 - published("reason_share_DB", "all suspensions", "2023/24 autumn")
    others = sum(count for code, count in volumes.items() if code not in ("DB", "OT"))
    return {"DB": 100 - rest, **{code: rest * volumes[code] / others for code in ("PP", "VA", "PA", "VP")}}


def _suspension_groups() -> list[Figure]:
    figures = []
    for name, one, other in (
        ("boys over girls", ("male", True, "Gender", "Gender_male"), ("male", False, "Gender", "Gender_female")),
        ("FSM over not FSM", ("fsm", True, "FSM_Eligible", "FSM_Eligible"), ("fsm", False, "FSM_Eligible", "FSM_NotEligible")),
        ("SEN support over no SEN", ("sen", "K", "SEN_provision", SEN["K"]), ("sen", "N", "SEN_provision", SEN["N"])),
        ("EHC plan over no SEN", ("sen", "E", "SEN_provision", SEN["E"]), ("sen", "N", "SEN_provision", SEN["N"])),
        ("most over least deprived tenth", ("idaci", 1, "IDACI_decile", f"IDACI_decile_{DECILES[1]}"), ("idaci", 10, "IDACI_decile", f"IDACI_decile_{DECILES[10]}")),
        *(
            (f"{code} over WBRI", ("ethnicity", code, "Ethnicity", f"Ethnicity_Minor_{ETHNIC[code]}"), ("ethnicity", "WBRI", "Ethnicity", "Ethnicity_Minor_White_British"))
            for code in ("MWBC", "BAFR", "APKN", "AIND", "WOTH")
        ),
        *((f"year {n} over year 10", ("nc", n, "NC_year", f"NC_Year_{YEARS[n]}"), ("nc", 10, "NC_year", "NC_Year_10")) for n in (7, 8, 9, 11)),
    ):  # fmt: skip
        ratio = _rate_2015_16(*one[2:]) / _rate_2015_16(*other[2:])
        measure = partial(_rate_ratio, one=one[:2], other=other[:2])
        figures.append(Figure("suspensions by group", f"rate, {name}", ratio, "suspension ratio", "2015/16", "SFR35", measure))
    events = published("suspension_count", "all pupils", "2023/24")
    eligible = 100 * published("suspension_count", "FSM eligible", "2023/24") / events
    measure = partial(m.of_suspensions, where=partial(is_, column="fsm", value=True))
    figures.append(Figure("suspensions by group", "suspensions of pupils eligible for free meals, %", eligible, "group", "2023/24", "EXC", measure))
    return figures


def _rate_2015_16(characteristic: str, value: str) -> float:
    table = read_table("suspension_rates_2015_16.csv")
    rows = table[
        (table["school_type"] == "Total") & (table["characteristic"] == characteristic) & (table["value"] == value) & (table["sub_value"] == "Total")
    ]
    return float(rows["suspension_rate"].iloc[0])


def _rate_ratio(tally: Tally, one: tuple[str, object], other: tuple[str, object]) -> m.Estimate:
    top, below = (m.suspended(tally, partial(is_, column=column, value=value)) for column, value in (one, other))
    return top.over(below)


def _pupils() -> list[Figure]:
    figures = [
        Figure(
            "pupils",
            "eligible for free meals, %",
            published("prevalence", "FSM eligible", "2025"),
            "pupils",
            "2025",
            "PUP",
            partial(m.of_pupils, where=partial(is_, column="fsm", value=True)),
        ),
        Figure(
            "pupils",
            "first language other than English, %",
            published("prevalence", "EAL", "2023"),
            "pupils",
            "2023",
            "PUP",
            partial(m.of_pupils, where=partial(is_, column="language", value="OTH")),
        ),
        Figure(
            "pupils",
            "recorded as young carers, %",
            published("recorded_prevalence", "young carers", "2022/23"),
            "factor",
            "2022/23",
            "PUP",
            partial(m.of_pupils, where=lambda rows: rows["young_carer"] != "N"),
        ),
    ]
    for name, group in (("EHC plan", "E"), ("SEN support", "K"), ("no SEN", "N")):
        among = partial(is_, column="sen", value=group)
        if group != "N":
            figures.append(
                Figure("pupils", f"{name}, %", published("prevalence", name, "2025"), "pupils", "2025", "PUP", partial(m.of_pupils, where=among))
            )
            male = published("male_share_within_group", name, "2025")
            figures.append(
                Figure(
                    "pupils",
                    f"boys among {name}, %",
                    male,
                    "pupils",
                    "2025",
                    "PUP",
                    partial(m.of_pupils, where=lambda rows: rows["male"], among=among),
                )
            )
        fsm = published("fsm_share_within_group", name, "2025")
        figures.append(
            Figure(
                "pupils",
                f"eligible for free meals among {name}, %",
                fsm,
                "pupils",
                "2025",
                "PUP",
                partial(m.of_pupils, where=lambda rows: rows["fsm"], among=among),
            )
        )
    for name, codes in (
        ("Asian, without Chinese", ("AIND", "APKN", "ABAN", "AOTH")),
        ("Black", ("BCRB", "BAFR", "BOTH")),
        ("mixed", ("MWBC", "MWBA", "MWAS", "MOTH")),
    ):
        figures.append(
            Figure(
                "pupils",
                f"ethnic group {name}, %",
                ethnic_percent(codes),
                "pupils",
                "2025",
                "CENSUS",
                partial(m.of_pupils, where=partial(_among, column="ethnicity", values=codes)),
            )
        )
    return figures


def _among(rows: pd.DataFrame, column: str, values: tuple[str, ...]) -> pd.Series:
    return rows[column].isin(values)


#: Statuses that make a child one in need on a day (children in need census: any open episode, those in care and on plans among them).
IN_NEED = ("REFERRAL", "CIN", "CPP", "S47", "COURT", "CLA")


def _services() -> list[Figure]:
    children = published("child_population", "age 0-17", "2025")

    def per_100(metric: str) -> float:
        return 100 * published(metric, "all children", "2025") / children

    def status(name: str, statuses: tuple[str, ...]) -> Measure:
        return lambda tally: m.yearly(tally, _with_status(tally, statuses), "start") if name == "yearly" else m.on_31_march(tally, statuses)

    figures = [
        Figure(
            "services",
            "in need on 31 March, % of children",
            per_100("children_in_need_at_31_march"),
            "service",
            "2025",
            "CIN",
            status("stock", IN_NEED),
        ),
        Figure(
            "services",
            "looked after on 31 March, % of children",
            per_100("looked_after_at_31_march"),
            "service",
            "2025",
            "CIN",
            status("stock", ("CLA",)),
        ),
        Figure(
            "services",
            "protection plans begun in a year per 100 children",
            per_100("cp_plan_starts"),
            "service",
            "2025",
            "CIN",
            status("yearly", ("CPP",)),
        ),
        Figure("services", "referrals in a year per 100 children", per_100("referrals"), "service", "2025", "CIN", status("yearly", ("REFERRAL",))),
        Figure(
            "services",
            "referrals without further action, %",
            published("referral_nfa_rate", "referrals", "2025"),
            "factor",
            "2025",
            "CIN",
            partial(m.of_referrals, what="nfa"),
        ),
        Figure(
            "services",
            "referrals assessed and not in need, %",
            published("assessed_not_in_need_rate", "referrals", "2025"),
            "factor",
            "2025",
            "CIN",
            partial(m.of_referrals, what="not_in_need"),
        ),
    ]
    shares = read_factor_shares().set_index("code")["share"]
    for code in ("4B", "3B", "17A", "4A", "16A", "20", "1B", "2B", "5A", "18C", "3A", "14A", "4C", "3C", "5C", "7A", "10A"):
        figures.append(
            Figure("factors", f"factor {code}, % of assessments", 100 * shares[code], "factor", "2025", "CIN", partial(m.with_factor, code=code))
        )
    return figures


def _with_status(tally: Tally, statuses: tuple[str, ...]) -> pd.DataFrame:
    rows = tally.world.services["statutory"]
    return rows[rows["status"].isin(statuses)]


def _missing() -> list[Figure]:
    each = published("missing_incidents", "UK children", "2023/24") / published("missing_children", "UK children", "2023/24")
    care = "looked-after children"
    return [
        Figure("missing", "children missing in a year, %", published("missing_in_year", "all children", "recent"), "missing", "recent", "MISS", m.missing_share),
        Figure("missing", "missing children of 12 to 17, %", published("age_12_17_share", "missing children", "2015/16"), "pupils", "2015/16", "MISS",
               partial(m.of_missing, top=lambda rows: rows["age"] >= 12)),
        Figure("missing", "episodes per missing child and year", each, "missing", "2023/24", "MISS", partial(m.of_missing, top=lambda rows: rows["size"], percent=1.0)),
        Figure("missing", "children in care missing in a year, %", published("missing_in_year", care, "recent"), "missing", "recent", "MISS", m.missing_in_care),
        Figure("missing", "episodes per missing child in care", published("missing_incidents_per_missing_child", care, "recent"), "missing", "recent", "MISS",
               partial(m.of_missing, top=lambda rows: rows["size"], among=lambda rows: rows["care"], percent=1.0)),
    ]  # fmt: skip
