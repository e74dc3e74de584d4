"""Tables of the Standard Safeguarding Dataset about enquiries, conferences and protection plans."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.shapes.cases import Cases
from early_id.data.synth.shapes.dates import ISO, UNREADABLE, Dates, Ints, Texts, written
from early_id.data.synth.shapes.extra import Extra, pick
from early_id.data.synth.shapes.records import STATUTORY, Records
from early_id.data.synth.shapes.recurring import CP_REVIEWS, CP_VISITS, recurring
from early_id.data.synth.shapes.standard import ssd_table
from early_id.data.synth.timeline import NEVER

#: Category of abuse of protection plans (children in need census, 2025, rounded).
CATEGORIES = (("NEG", 0.5), ("EMO", 0.36), ("PHY", 0.07), ("SAB", 0.04), ("MUL", 0.03))
CATEGORY_CHANGES, CHANGE_AFTER = 0.12, 100
#: Days from a strategy discussion to the conference that is due.
CONFERENCE_DUE = 21
#: Share of enquiries without a plan that still went to conference.
CONFERENCE_WITHOUT_PLAN = 0.12


def statuses(records: Records, cases: Cases, name: str) -> tuple[pd.DataFrame, Dates, Dates, Texts]:
    """Rows of one status: step table, start, end, referral id."""
    steps = cases.steps[cases.steps["status"] == name]
    at = steps["at"].to_numpy()
    start, end = records.dates(STATUTORY, "StartOn").take(at), records.dates(STATUTORY, "EndOn").take(at)
    return steps, start, end, cases.table["id"].to_numpy()[steps["case"].to_numpy()]


def need_plans(records: Records, cases: Cases) -> tuple[pd.DataFrame, Dates, Dates, Texts]:
    """Child in need plans, which begin some days into the status and give way to a protection plan: as :func:`statuses`."""
    steps, _, _, referral = statuses(records, cases, "CIN")
    at = steps["at"].to_numpy()
    start, end = records.dates(STATUTORY, "PlanStartOn").take(at), records.dates(STATUTORY, "PlanEndOn").take(at)
    have = start.day != NEVER
    return steps[have], start.take(have), end.take(have), referral[have]


def protection(records: Records, cases: Cases, extra: Extra) -> Tables:
    """Enquiries, conferences, protection plans, their reviews and visits."""
    enquiry, began, ended, of_enquiry = statuses(records, cases, "S47")
    plan, start, end, referral = statuses(records, cases, "CPP")
    rows, plan_rows = enquiry["row"].to_numpy(), plan["row"].to_numpy()
    enquiry_ids, plan_ids = extra.ids(STATUTORY, "S47", rows), extra.ids(STATUTORY, "PL", plan_rows)
    person = cases.table["person"].to_numpy()
    who, planned = person[enquiry["case"].to_numpy()], person[plan["case"].to_numpy()]
    met = conferences(records, cases, extra)
    worker = extra.worker(STATUTORY, rows, began.day, records.day)
    first, latest = categories(extra, plan_rows, start.day, end.day, records.day)
    lot = extra.chance(STATUTORY, "visits", plan_rows)
    reviews, visits = (recurring(start.day, end.day, lot, records.day, plan_) for plan_ in (CP_REVIEWS, CP_VISITS))
    to_plan = np.append(plan_ids, "")[met["plan"].to_numpy()]
    flagged = np.where(met["plan"] >= 0, "Y", "N").astype(object)
    host = met["enquiry"].to_numpy()
    ola = records.column(STATUTORY, "OtherLA")[plan["at"].to_numpy()]
    return {
        "s47_enquiry": ssd_table(
            "s47_enquiry",
            len(enquiry),
            s47e_s47_enquiry_id=enquiry_ids,
            s47e_referral_id=of_enquiry,
            s47e_person_id=who,
            s47e_s47_start_date=began.text(ISO),
            s47e_s47_end_date=ended.text(ISO),
            s47e_s47_nfa=np.where(ended.day >= records.day, "", np.where(np.isin(np.arange(len(enquiry)), host), "N", "Y")).astype(object),
            s47e_s47_completed_by_worker_id=extra.of_workers("id", worker),
            s47e_s47_completed_by_team=extra.of_workers("team", worker),
        ),
        "initial_cp_conference": ssd_table(
            "initial_cp_conference",
            len(met),
            icpc_icpc_id=extra.ids(STATUTORY, "IC", rows[host]),
            icpc_icpc_meeting_id=extra.ids(STATUTORY, "MT", rows[host]),
            icpc_s47_enquiry_id=enquiry_ids[host],
            icpc_person_id=who[host],
            icpc_cp_plan_id=to_plan,
            icpc_referral_id=of_enquiry[host],
            icpc_icpc_transfer_in="N",
            icpc_icpc_target_date=written(began.day[host] + CONFERENCE_DUE),
            icpc_icpc_date=written(met["on"].to_numpy()),
            icpc_icpc_outcome_cp_flag=flagged,
            icpc_icpc_outcome_json=np.where(flagged == "Y", json.dumps({"CP_FLAG": "Y"}), json.dumps({"CP_FLAG": "N"})).astype(object),
            icpc_icpc_team=extra.of_workers("team", worker[host]),
            icpc_icpc_worker_id=extra.of_workers("id", worker[host]),
        ),
        "cp_plans": ssd_table(
            "cp_plans",
            len(plan),
            cppl_cp_plan_id=plan_ids,
            cppl_referral_id=referral,
            cppl_icpc_id=_conference_of_plan(met, extra.ids(STATUTORY, "IC", rows[host]), len(plan)),
            cppl_person_id=planned,
            cppl_cp_plan_start_date=start.text(ISO),
            cppl_cp_plan_end_date=end.text(ISO),
            cppl_cp_plan_initial_category=first,
            cppl_cp_plan_ola=ola,
            cppl_cp_plan_latest_category=latest,
        ),
        "cp_reviews": ssd_table(
            "cp_reviews",
            len(reviews),
            cppr_cp_review_id=event_ids(extra, "RV", plan_rows, reviews["place"].to_numpy(), reviews["number"].to_numpy()),
            cppr_person_id=planned[reviews["place"]],
            cppr_cp_plan_id=plan_ids[reviews["place"]],
            cppr_cp_review_due=written(reviews["on"].to_numpy() + 3),
            cppr_cp_review_date=written(reviews["on"].to_numpy()),
            cppr_cp_review_outcome_continue_cp="Y",
            cppr_cp_review_quorate="Y",
        ),
        "cp_visits": ssd_table(
            "cp_visits",
            len(visits),
            cppv_cp_visit_id=event_ids(extra, "VI", plan_rows, visits["place"].to_numpy(), visits["number"].to_numpy()),
            cppv_person_id=planned[visits["place"]],
            cppv_cp_plan_id=plan_ids[visits["place"]],
            cppv_cp_visit_date=written(visits["on"].to_numpy()),
            cppv_cp_visit_seen="Y",
            cppv_cp_visit_seen_alone=np.where(visits["number"] % 2 == 0, "Y", "N").astype(object),
        ),
    }


def conferences(records: Records, cases: Cases, extra: Extra) -> pd.DataFrame:
    """Conferences held: ``enquiry`` and ``plan`` (numbers among the enquiries and plans of the day, -1 for no plan) and ``on``."""
    enquiry, began, ended, _ = statuses(records, cases, "S47")
    plan, start, _, _ = statuses(records, cases, "CPP")
    asked = pd.DataFrame({"case": enquiry["case"].to_numpy(), "enquiry": np.arange(len(enquiry)), "began": began.day, "ended": ended.day})
    plans = pd.DataFrame({"case": plan["case"].to_numpy(), "plan": np.arange(len(plan)), "on": start.day})
    pairs = asked.merge(plans, on="case")
    pairs = pairs[(pairs["on"] >= pairs["began"]) & (pairs["on"] <= pairs["began"] + 60)]
    led = pairs.drop_duplicates("enquiry").drop_duplicates("plan")[["enquiry", "plan", "on"]]
    without = asked[~asked["enquiry"].isin(led["enquiry"]) & (asked["ended"] > UNREADABLE)]
    goes = extra.chance(STATUTORY, "conference", enquiry["row"].to_numpy())[without["enquiry"].to_numpy()] < CONFERENCE_WITHOUT_PLAN
    rest = pd.DataFrame({"enquiry": without["enquiry"][goes], "plan": -1, "on": without["ended"][goes] + 2})
    both = pd.concat([led, rest], ignore_index=True)
    return both[both["on"] < records.day].reset_index(drop=True)


def categories(extra: Extra, rows: Ints, start: Ints, end: Ints, day: int) -> tuple[Texts, Texts]:
    """Category of abuse at the start of each plan, and the latest known on a day."""
    first = pick(CATEGORIES, extra.chance(STATUTORY, "category", rows))
    other = pick(CATEGORIES, extra.chance(STATUTORY, "later category", rows))
    lot = extra.chance(STATUTORY, "category changes", rows)
    changed = start + CHANGE_AFTER + (lot * 1000).astype(np.int64)
    return first, np.where((lot < CATEGORY_CHANGES) & (changed < np.minimum(day, end)), other, first)


def _conference_of_plan(met: pd.DataFrame, ids: Texts, plans: int) -> Texts:
    out = np.full(plans, "", dtype=object)
    led = (met["plan"] >= 0).to_numpy()
    out[met["plan"].to_numpy()[led]] = ids[led]
    return out


def event_ids(extra: Extra, prefix: str, rows: Ints, place: Ints, number: Ints) -> Texts:
    """An id for each visit or review: that of its record and its number."""
    own = extra.ids(STATUTORY, prefix, rows)[place]
    return np.array([f"{ident}{n:03d}" for ident, n in zip(own, number, strict=True)], dtype=object)
