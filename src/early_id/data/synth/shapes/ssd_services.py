"""Tables of the Standard Safeguarding Dataset about contacts, early help, referrals, assessments, plans, missing episodes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.returns import REFERRAL_SOURCES
from early_id.data.synth.shapes.cases import SOURCE_LABELS, Cases
from early_id.data.synth.shapes.dates import ISO, Texts, written
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import CONTACTS, EARLY_HELP, MISSING, PEOPLE, STATUTORY, Records
from early_id.data.synth.shapes.recurring import CIN_VISITS, recurring
from early_id.data.synth.shapes.ssd_protection import event_ids, need_plans, statuses
from early_id.data.synth.shapes.standard import ssd_table
from early_id.data.synth.timeline import NEVER

#: Outcome of a contact → the flag of the standard that says so.
CONTACT_FLAGS = {"new_referral": "NEW_REFERRAL_FLAG", "nfa": "NFA_FLAG", "advice": "ADVICE_FLAG", "early_help": "OTHER_OUTCOMES_EXIST_FLAG"}
ALL_CONTACT_FLAGS = (
    "NEW_REFERRAL_FLAG", "EXISTING_REFERRAL_FLAG", "CP_ENQUIRY_FLAG", "NFA_FLAG", "NON_AGENCY_ADOPTION_FLAG",
    "PRIVATE_FOSTERING_FLAG", "ADVICE_FLAG", "MISSING_FLAG", "OLA_CP_FLAG", "OTHER_OUTCOMES_EXIST_FLAG",
)  # fmt: skip
ALL_REFERRAL_FLAGS = (
    "SINGLE_ASSESSMENT_FLAG", "STRATEGY_DISCUSSION_FLAG", "CLA_REQUEST_FLAG", "NON_AGENCY_ADOPTION_FLAG",
    "PRIVATE_FOSTERING_FLAG", "CP_TRANSFER_IN_FLAG", "CP_CONFERENCE_FLAG", "CARE_LEAVER_FLAG", "OTHER_OUTCOMES_EXIST_FLAG",
)  # fmt: skip
TYPE_WORDS = {"M": "Missing", "A": "Away from placement without authorisation"}


def service_tables(records: Records, cases: Cases, extra: Extra) -> Tables:
    """All tables of this module."""
    return {
        "contacts": contacts(records, extra),
        "early_help_episodes": early_help(records, extra),
        "cin_episodes": _episodes(records, cases, extra),
        **_assessments(records, cases, extra),
        **_plans(records, cases, extra),
        "missing": _missing(records, extra),
    }


def flags(names: tuple[str, ...], raised: str) -> str:
    """An outcome column: every flag of the standard, one of them raised (or none)."""
    return json.dumps({name: "Y" if name == raised else "N" if raised else "" for name in names})


def contacts(records: Records, extra: Extra, *, again: bool = False) -> pd.DataFrame:
    """``ssd_contacts`` in the order of its ids; ``again`` for second entries of the same contacts, under ids of their own."""
    rows, word = records.rows(CONTACTS), pd.Series(records.column(CONTACTS, "Source"))
    code = word.map(REFERRAL_SOURCES).fillna(word)
    shown = {outcome: flags(ALL_CONTACT_FLAGS, CONTACT_FLAGS.get(outcome, "")) for outcome in ["", *CONTACT_FLAGS]}
    outcome = pd.Series(records.column(CONTACTS, "Outcome"))
    table = ssd_table(
        "contacts",
        len(rows),
        cont_contact_id=extra.ids(CONTACTS, "C", rows, again=again),
        cont_person_id=records.column(CONTACTS, "PersonID"),
        cont_contact_date=records.dates(CONTACTS, "ContactDate").text(ISO),
        cont_contact_source_code=code.to_numpy(dtype=object),
        cont_contact_source_desc=code.map(SOURCE_LABELS).fillna(code).to_numpy(dtype=object),
        cont_contact_outcome_json=outcome.map(shown).fillna(shown[""]).to_numpy(dtype=object),
    )
    return table.sort_values("cont_contact_id", ignore_index=True)


def early_help(records: Records, extra: Extra) -> pd.DataFrame:
    """``ssd_early_help_episodes``: help that began; an offer that was not taken up is no episode."""
    start, end = records.dates(EARLY_HELP, "StartOn"), records.dates(EARLY_HELP, "EndOn")
    began = np.flatnonzero(start.day != NEVER)
    rows = records.rows(EARLY_HELP)[began]
    role = records.column(EARLY_HELP, "LeadRole")[began]
    worker = extra.worker(EARLY_HELP, rows, start.day[began], records.day)
    return ssd_table(
        "early_help_episodes",
        len(began),
        earl_episode_id=extra.ids(EARLY_HELP, "EH", rows),
        earl_person_id=records.column(EARLY_HELP, "PersonID")[began],
        earl_episode_start_date=start.text(ISO)[began],
        earl_episode_end_date=end.text(ISO)[began],
        earl_episode_reason="Family support",
        earl_episode_end_reason=records.column(EARLY_HELP, "EndReason")[began],
        earl_episode_organisation=np.where(np.char.startswith(role.astype(str), "school"), "School", "Early help service").astype(object),
        earl_episode_worker_id=extra.of_workers("id", worker),
    )


def _episodes(records: Records, cases: Cases, extra: Extra) -> pd.DataFrame:
    table = cases.table
    rows = table["row"].to_numpy()
    worker = extra.worker(STATUTORY, rows, table["opened"].to_numpy(), records.day)
    nfa = table["nfa"].to_numpy()
    shown = [flags(ALL_REFERRAL_FLAGS, flag) for flag in ("OTHER_OUTCOMES_EXIST_FLAG", "SINGLE_ASSESSMENT_FLAG", "")]
    return ssd_table(
        "cin_episodes",
        len(table),
        cine_referral_id=table["id"].to_numpy(),
        cine_person_id=table["person"].to_numpy(),
        cine_referral_date=cases.opened.text(ISO),
        cine_cin_primary_need_code=table["need"].to_numpy(),
        cine_referral_source_code=table["source"].to_numpy(),
        cine_referral_source_desc=table["source"].map(SOURCE_LABELS).fillna(table["source"]).to_numpy(dtype=object),
        cine_referral_outcome_json=np.select([nfa == "Y", table["assessed"].to_numpy()], shown[:2], shown[2]),
        cine_referral_nfa=nfa,
        cine_close_reason=table["reason"].to_numpy(),
        cine_close_date=cases.closed.text(ISO),
        cine_referral_team=extra.of_workers("team", worker),
        cine_referral_worker_id=extra.of_workers("id", worker),
    )


def _assessments(records: Records, cases: Cases, extra: Extra) -> Tables:
    """Assessments, and their factors: a list in older rows, an object since the case system's form changed."""
    table = cases.assessments
    case = table["case"].to_numpy()
    ids = np.append(cases.table["id"].to_numpy(), "")  # case -1: no referral
    rows = np.append(cases.table["row"].to_numpy(), 0)[case] if len(cases.table) else np.zeros(len(table), dtype=np.int64)
    authorised = table["authorised"].to_numpy()
    done = authorised < records.day
    worker = extra.worker(STATUTORY, rows, table["started"].to_numpy(), records.day) if len(cases.table) else np.zeros(len(table), np.int64)
    reason = np.append(cases.table["reason"].to_numpy(), "")[case]
    nfa = np.where(done, np.where(np.isin(reason, ["RC8", "RC9"]), "Y", "N"), "")
    new_form = authorised >= form_changed(records)
    have = np.flatnonzero((table["factors"].str.len() > 0).to_numpy() & done)
    codes = table["factors"].to_numpy()
    return {
        "cin_assessments": ssd_table(
            "cin_assessments",
            len(table),
            cina_assessment_id=table["id"].to_numpy(),
            cina_person_id=table["person"].to_numpy(),
            cina_referral_id=ids[case],
            cina_assessment_start_date=written(table["started"].to_numpy()),
            cina_assessment_child_seen=np.where(done, "Y", "").astype(object),
            cina_assessment_auth_date=written(authorised),
            cina_assessment_outcome_json=np.where(done, np.where(nfa == "Y", json.dumps({"NFA": "Y"}), json.dumps({"NFA": "N"})), ""),
            cina_assessment_outcome_nfa=nfa.astype(object),
            cina_assessment_team=extra.of_workers("team", worker),
            cina_assessment_worker_id=extra.of_workers("id", worker),
        ),
        "assessment_factors": ssd_table(
            "assessment_factors",
            len(have),
            cinf_table_id=[f"F{ident}" for ident in table["id"].to_numpy()[have]],
            cinf_assessment_id=table["id"].to_numpy()[have],
            cinf_assessment_factors_json=[factors_json(codes[i], bool(new_form[i])) for i in have],
        ),
    }


def form_changed(records: Records) -> int:
    """The day from which factors are stored as an object: the start of the second school year before the running one."""
    return records.timeline.years[-2].start


def factors_json(codes: tuple[str, ...], new_form: bool) -> str:
    """Factors as the standard's builds write them: a list, or an object of yeses (which cannot hold a code twice)."""
    if new_form and len(set(codes)) == len(codes):
        return json.dumps(dict.fromkeys(codes, "Yes"))
    return json.dumps(list(codes))


def _plans(records: Records, cases: Cases, extra: Extra) -> Tables:
    steps, start, end, referral = need_plans(records, cases)
    rows = steps["row"].to_numpy()
    person = cases.table["person"].to_numpy()[steps["case"].to_numpy()]
    worker = extra.worker(STATUTORY, rows, start.day, records.day)
    visits = recurring(start.day, end.day, extra.chance(STATUTORY, "visits", rows), records.day, CIN_VISITS)
    place, number = visits["place"].to_numpy(), visits["number"].to_numpy()
    court, court_start, court_end, _ = statuses(records, cases, "COURT")
    court_rows = court["row"].to_numpy()
    return {
        "cin_plans": ssd_table(
            "cin_plans",
            len(steps),
            cinp_cin_plan_id=extra.ids(STATUTORY, "CP", rows),
            cinp_referral_id=referral,
            cinp_person_id=person,
            cinp_cin_plan_start_date=start.text(ISO),
            cinp_cin_plan_end_date=end.text(ISO),
            cinp_cin_plan_team=extra.of_workers("team", worker),
            cinp_cin_plan_worker_id=extra.of_workers("id", worker),
        ),
        "cin_visits": ssd_table(
            "cin_visits",
            len(visits),
            cinv_cin_visit_id=event_ids(extra, "CV", rows, place, number),
            cinv_person_id=person[place],
            cinv_cin_visit_date=written(visits["on"].to_numpy()),
            cinv_cin_visit_seen="Y",
            cinv_cin_visit_seen_alone=np.where(number % 3 == 0, "Y", "N").astype(object),
        ),
        "pre_proceedings": ssd_table(
            "pre_proceedings",
            len(court),
            prep_table_id=extra.ids(STATUTORY, "PP", court_rows),
            prep_person_id=cases.table["person"].to_numpy()[court["case"].to_numpy()],
            prep_plo_family_id=extra.ids(STATUTORY, "PF", court_rows),
            prep_pre_pro_decision_date=court_start.text(ISO),
            prep_care_pro_letter_date=court_end.text(ISO),
        ),
    }


def _missing(records: Records, extra: Extra) -> pd.DataFrame:
    """Episodes the police told social care of: those of people social care knows."""
    person = social_care_ids(records)
    known = np.flatnonzero(person != "")
    word = pd.Series(records.column(MISSING, "Type")[known])
    offered = records.column(MISSING, "InterviewOffered")[known]
    rows = records.rows(MISSING)[known]
    took = extra.chance(MISSING, "interview", rows) < 0.6
    return ssd_table(
        "missing",
        len(known),
        miss_table_id=extra.ids(MISSING, "MI", rows),
        miss_person_id=person[known],
        miss_missing_episode_start_date=records.dates(MISSING, "StartedAt").text(ISO)[known],
        miss_missing_episode_type=word.map(TYPE_WORDS).fillna(word).to_numpy(dtype=object),
        miss_missing_episode_end_date=records.dates(MISSING, "EndedAt").text(ISO)[known],
        miss_missing_rhi_offered=offered,
        miss_missing_rhi_accepted=np.where(offered == "Y", np.where(took, "Y", "N"), np.where(offered == "N", "NA", "")).astype(object),
    )


def social_care_ids(records: Records) -> Texts:
    """The social care id of the child of each missing episode; empty where social care does not hold the child."""
    child = records.children(records.column(MISSING, "PersonID"), "police_id")
    ids = np.where(child >= 0, records.people.children["social_care_id"].to_numpy()[child], "").astype(object)
    return np.where(np.isin(ids, records.column(PEOPLE, "PersonID")), ids, "").astype(object)
