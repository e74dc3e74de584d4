"""Small made-up trials, audits and lists for tests of reports: no model is fitted."""

from __future__ import annotations

import math
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from early_id.report.context import GovernanceContext
from early_id.report.notices import NoticeContext

GROUPS = {
    "sex": ("Sex", {"Girls": 2400, "Boys": 2500}),
    "ethnic_group": ("Ethnic group", {"Asian": 610, "Black": 320, "Mixed": 260, "Other": 37, "White": 3550, "not known": 123}),
    "fsm": ("Free school meals", {"no": 3600, "yes": 1200, "not known": 100}),
}
#: As many as a council holds, for tests of size.
MANY_GROUPS = {
    **GROUPS,
    "ethnic_group_18": ("Ethnic group (18 groups)", {f"Group with a long name, number {n}": 120 + 17 * n for n in range(18)}),
    "sen": ("Special educational needs", {"none": 3900, "SEN support": 760, "EHC plan": 190, "not known": 50}),
    "disability": ("Disability", {"no": 4300, "yes": 240, "not known": 360}),
    "age_band": ("Age", {"4 to 7": 1200, "8 to 10": 1100, "11 to 13": 1300, "14 to 17": 1300}),
    "first_language": ("First language", {"English": 3900, "other than English": 900, "not known": 100}),
    "idaci_quintile": (
        "Deprivation of the home area",
        {"1 (most deprived)": 1400, "2": 1100, "3": 900, "4": 800, "5 (least deprived)": 600, "not known": 100},
    ),
    "young_carer": ("Young carer", {"declared": 60, "not declared": 4740, "not known": 100}),
    "care_experience": ("Care experience", {"on record": 45, "none on record here": 4855}),
    "known_before": ("Known to services before", {"known to services in the year before": 700, "new": 4200}),
}
LABELS = {
    "children": "Children",
    "children_with_outcome": "Children with the outcome",
    "outcome_rate": "Share with the outcome",
    "selection_share": "Share listed",
    "missed_share": "Share missed of those with the outcome",
    "precision": "Share with the outcome of those listed",
    "false_flag_rate": "Share listed without need of those without the outcome",
    "observed_expected": "Observed against expected",
}


def interval(k: float, n: float) -> tuple[float, float]:
    """A rough interval, good enough to look at."""
    if not n:
        return math.nan, math.nan
    p, half = (k + 2) / (n + 4), 1.96 * math.sqrt((k + 2) * (n - k + 2) / (n + 4) ** 3)
    return max(0.0, p - half), min(1.0, p + half)


def audit(seed: int = 1, audience: str = "hub_lead", groups: dict[str, tuple[str, dict[str, int]]] | None = None) -> SimpleNamespace:
    """An audit of about 5,000 made-up children, with a planted gap for one group."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for name, (label, sizes) in (groups or GROUPS).items():
        cells = {}
        for group, n in sizes.items():
            need = int(rng.binomial(n, 0.06))
            hit = int(rng.binomial(need, 0.1 if group == "Black" else 0.3))
            extra = int(rng.binomial(n - need, 0.008))
            cells[group] = {
                "children": (n, n),
                "children_with_outcome": (need, n),
                "outcome_rate": (need, n),
                "selection_share": (hit + extra, n),
                "missed_share": (need - hit, need),
                "precision": (hit, hit + extra),
                "false_flag_rate": (extra, n - need),
                "observed_expected": (need, n),
            }
        for measure, title in LABELS.items():
            for group, counted in cells.items():
                k, n = counted[measure]
                other = [cells[g][measure] for g in cells if g != group]
                rest_k, rest_n = sum(a for a, _ in other), sum(b for _, b in other)
                rows.append(_row(name, label, group, measure, title, k, n, rest_k, rest_n))
    meta = {"rows": 4900, "with_outcome": 296, "audience": audience, "notes": ["12 children tie at the last place."]}
    not_held = pd.DataFrame([{"characteristic": "religion or belief", "why": "Not collected; marks that could reveal it are never used."}])
    return SimpleNamespace(rows=pd.DataFrame(rows), not_held=not_held, meta=meta, audience=audience, **studies())


def studies() -> dict[str, pd.DataFrame]:
    """What an audit explores beside its rows: one crossed gap, two crossed groups too small, one *not known*, two themes."""
    name, label = "sex × ethnic_group", "Sex and ethnic group"
    crossed = [
        _row(name, label, group, measure, LABELS[measure], k, n, 180, 250)
        for group, measure, k, n in (
            ("Girls; Black", "missed_share", 31, 33),
            ("Boys; White", "missed_share", 77, 111),
            ("Boys; White", "false_flag_rate", 17, 1711),
        )
    ]
    crossed[0] |= {"verdict": "gap found", "p_adjusted": 0.01}
    small = pd.DataFrame(
        [(label, "Girls; Other", 19, 2, 17), (label, "Boys; Other", 18, 1, 17)],
        columns=["characteristic", "group", "children", "with_outcome", "without_outcome"],
    )
    gaps = ["difference", "difference_low", "difference_high", "moved", "moved_low", "moved_high", "turns"]
    unknown = pd.DataFrame(
        [("fsm", "Free school meals", "yes", "missed_share", 113, -0.02, -0.1, 0.06, 0.13, 0.04, 0.22, True)],
        columns=["characteristic", "characteristic_label", "group", "measure", "not_known", *gaps],
    )
    themes = pd.DataFrame(
        [
            ("Being in school", 45.0, 0.4, -0.09, -0.17, -0.02, 0.03, 0.01, 0.05, "Sex: Girls|missed_share", 0.081, 0.012),
            ("Home", 45.0, 0.02, *[0.0] * 6, "", math.nan, math.nan),
        ],
        columns=[
            "theme",
            "listed",
            "others",
            "precision",
            "precision_low",
            "precision_high",
            "missed",
            "missed_low",
            "missed_high",
            "gap",
            "gap_before",
            "gap_after",
        ],
    )
    links = pd.DataFrame(
        [("Being in school", "Sex", 0.0), ("Being in school", "Ethnic group", 0.132), ("Home", "Sex", math.nan), ("Home", "Ethnic group", 0.006)],
        columns=["theme", "characteristic", "share"],
    )
    return {"crossed": pd.DataFrame(crossed), "crossed_small": small, "unknown": unknown, "themes": themes, "links": links}


def linked() -> pd.DataFrame:
    """Links to another agency by sex."""
    label = "Share joined to a record of another agency"
    return pd.DataFrame(
        [
            _row("sex", "Sex", group, "linked_share", label, k, n, 1800, 2450)
            for group, k, n in (("Girls", 1911, 2403), ("Boys", 1702, 2497), ("Other", 3, 4))
        ]
    )


def _row(name: str, label: str, group: str, measure: str, title: str, k: int, n: int, rest_k: int, rest_n: int) -> dict[str, Any]:
    count, ratio = measure.startswith("children"), measure == "observed_expected"
    value = float(k) if count else (k / n if n else math.nan)
    low, high = (math.nan, math.nan) if count else interval(k, n)
    difference = math.nan if count or not n or not rest_n else value - rest_k / rest_n
    half = math.nan if count or not n else (high - low) / 2 + 0.005
    if ratio:
        value, low, high, difference = value / 0.06, low / 0.06, high / 0.06, difference / 0.06
    primary = measure in ("missed_share", "false_flag_rate")
    found = primary and group == "Black" and measure == "missed_share"
    return {
        "characteristic": name,
        "group": group,
        "n": float(n),
        "families": int(n * 0.7),
        "measure": measure,
        "value": value,
        "low": low,
        "high": high,
        "comparator": "" if count else "everyone else",
        "difference": difference,
        "difference_low": difference - half,
        "difference_high": difference + half,
        "p_adjusted": 0.01 if found else 1.0,
        "smallest_detectable": math.nan if count else 0.12,
        "smallest_detectable_lower": math.nan if count else -0.1,
        "verdict": ("gap found" if found else "cannot tell") if primary else "",
        "primary": primary,
        "note": "",
        "characteristic_label": label,
        "measure_label": title,
        "successes": float(k),
        "design_effect": 1.1,
    }


def trial(audience: str = "hub_lead", capacity: int = 45) -> dict[str, Any]:
    """JSON of a trial."""

    def estimate(value: float, n: int) -> dict[str, Any]:
        low, high = interval(value * n, n)
        return {"value": value, "low": low, "high": high, "n": n}

    def model(kind: str, precision: float, recall: float, auc: float) -> dict[str, Any]:
        return {
            "kind": kind,
            "precision_at_capacity": estimate(precision, capacity),
            "recall_at_capacity": estimate(recall, 296),
            "auc": {"value": auc, "low": auc - 0.03, "high": auc + 0.03, "n": 4900},
            "average_precision": estimate(0.2, 4900),
            "brier": estimate(0.05, 4900),
            "sentence": "",
            "extra": {},
        }

    return {
        "audience": audience,
        "outcome": "need_recognised",
        "capacity": capacity,
        "put_forward": "additive",
        "verdict": "cannot tell",
        "reasons": ["Against the rule 'absence': +4.3 points: the gain seen may be chance."],
        "models": {
            "absence": model("baseline", 12 / 45, 0.07, 0.66),
            "indicators": model("baseline", 10 / 45, 0.06, 0.68),
            "age": model("baseline", 3 / 45, 0.02, 0.51),
            "logistic": model("model", 14 / 45, 0.09, 0.73),
            "additive": model("model", 15 / 45, 0.1, 0.74),
        },
        "components": [
            {
                "model": "additive",
                "component": "early_help_offered",
                "children_with_it": 210,
                "rate_among_listed": 0.2,
                "found": 0.11,
                "found_low": 0.07,
                "found_high": 0.16,
            },
            {
                "model": "additive",
                "component": "statutory_entry",
                "children_with_it": 4,
                "rate_among_listed": 0.05,
                "found": 0.25,
                "found_low": 0.01,
                "found_high": 0.8,
            },
        ],
        "censoring": [
            {
                "model": "additive",
                "children_who_left": "left out",
                "children": 41,
                "precision_at_capacity": 0.33,
                "recall_at_capacity": 0.1,
            },
            {
                "model": "additive",
                "children_who_left": "counted as no",
                "children": 41,
                "precision_at_capacity": 0.32,
                "recall_at_capacity": 0.1,
            },
        ],
    }


def lists() -> dict[str, Any]:
    """Summary of the lists of three hubs and four schools."""
    hubs = [
        {"audience": "hub_lead", "recipient": f"{n} hub", "capacity": 15, "families": 15, "not_already_known": k}
        for n, k in (("North", 9), ("South", 11), ("East", 3))
    ]
    schools = [
        {"audience": "school_lead", "recipient": f"{n} School", "capacity": 5, "families": k, "not_already_known": 2}
        for n, k in (("Ash", 5), ("Elm", 4), ("Oak", 5), ("Yew", 3))
    ]
    return {
        "recipients": hubs + schools,
        "taken_out": {"open to statutory services": 151, "already in early help": 87},
        "urgent": {"signs passed on": 3, "receipts recorded": 2},
        "sharing_cost": {"families on a hub list that no school list could show": 21, "families on both": 24},
    }


def context(**more: Any) -> GovernanceContext:
    """Facts of a made-up run."""
    settings: dict[str, Any] = {
        "council": "Made-up council",
        "made_up": True,
        "approval": "Demonstration only: nobody has approved these lists, and none of them is about a real family.",
        "outcome": "Within 180 days, early help was offered, or a referral or statutory step led to action.",
        "as_of": date(2025, 11, 3),
        "tested_on": date(2025, 2, 24),
        "data_window": (date(2021, 9, 1), date(2025, 11, 2)),
        "hashes": {
            "Model, hub lists": "a1b2c3d4e5f60718",
            "Model, school lists": "0817f6e5d4c3b2a1",
            "Records": "99aa88bb77cc66dd",
            "Catalogue of signs": "1234abcd5678ef90",
        },
        "cohort": {"Children in the records": 5204, "Aged 4 to 17 and on roll": 5141, "Could be listed": 4900},
        "excluded": {"open to statutory services": 151, "already in early help": 87, "moved away": 3},
        "sources": [
            {
                "source": "attendance",
                "held by": "schools",
                "first day": date(2022, 9, 5),
                "last day": date(2025, 10, 31),
                "rows kept": 1_204_333,
            }
        ],
        "findings": [{"code": "ATT003", "what": "A mark with an unknown code", "rows": 14}],
        "assumptions": ["Attendance marks are taken to be known seven days after the session."],
        "themes": {"Being in school": ["school_lead", "hub_lead"], "Money and housing": ["hub_lead"]},
        "owners": {"ethnic_group": "Head of early help"},
        "drift": [{"theme": "Being in school", "known then": "98%", "known now": "97%", "sign that moved furthest": "Absence", "shift": "different"}],
        "linked": linked(),
        "version": "0.1.0",
    }
    return GovernanceContext(**{**settings, **more})


def notice_context(**more: Any) -> NoticeContext:
    """A notice with everything filled in."""
    settings: dict[str, Any] = {
        "council": "Made-up council",
        "contact": "the early help team, 01234 567890",
        "data_protection_contact": "the data protection officer, 01234 567891",
        "made_up": True,
        "used": {
            "Being in school": ["SCHOOL"],
            "Being on time": ["SCHOOL"],
            "Suspensions": ["SCHOOL", "EDUCATION"],
            "Money and housing": ["HOUSING_FINANCE"],
        },
        "kept": {"Lists": "six weeks", "Notes about what was agreed": "one year"},
        "first_list_on": date(2025, 11, 17),
        "lawful_basis": "the duty to work together for children (Children Act 2004, section 10)",
    }
    return NoticeContext(**{**settings, **more})


def everything(groups: dict[str, tuple[str, dict[str, int]]] | None = None) -> dict[str, Any]:
    """Arguments for ``governance_html``."""
    return {
        "trial": {"hub_lead": trial(), "school_lead": trial("school_lead", 60)},
        "audit": {"hub_lead": audit(groups=groups), "school_lead": audit(2, "school_lead", groups)},
        "lists": lists(),
        "context": context(),
    }


def with_second_outcome(
    rows: list[tuple[str, float, float, str]],
    groups: dict[str, tuple[str, dict[str, int]]] | None = None,
    *,
    audiences: tuple[str, ...] = ("hub_lead",),
    sign: float = 0.0,
) -> dict[str, Any]:
    """The made-up report, with a second outcome by ethnic group: group, recorded, shown by the second outcome, what that says."""
    kw = everything(groups)
    columns = ["characteristic", "characteristic_label", "group", "outcome", "other_outcome", "outcomes", "other_outcomes", "says"]
    told = [("ethnic_group", "Ethnic group", group, "need_recognised", "need_found", n, k, says) for group, n, k, says in rows]
    signs = pd.DataFrame(
        [("ethnic_group", "Ethnic group", "Black", "need_found", "late", sign, sign - 0.1, sign + 0.1, abs(sign) > 0.1)],
        columns=["characteristic", "characteristic_label", "group", "outcome", "feature", "difference", "low", "high", "beyond_chance"],
    )
    for name in audiences:
        kw["audit"][name].second_outcomes = pd.DataFrame(told, columns=columns).assign(ratio=0.5, ratio_low=0.3, ratio_high=0.8)
        kw["audit"][name].signs = signs
    return kw
