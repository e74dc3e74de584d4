"""Tables of the Standard Safeguarding Dataset about care: episodes, placements, legal status, reviews, health, care leavers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.shapes.care import care_episodes, care_table, day_text
from early_id.data.synth.shapes.cases import Cases
from early_id.data.synth.shapes.dates import ISO, Ints, Texts, written
from early_id.data.synth.shapes.extra import Extra, pick
from early_id.data.synth.shapes.records import STATUTORY, Records
from early_id.data.synth.shapes.recurring import CLA_REVIEWS, CLA_VISITS, HEALTH, recurring
from early_id.data.synth.shapes.standard import ssd_table
from early_id.data.synth.timeline import NEVER

LEAVER_HOMES = (("V", 0.3), ("U", 0.35), ("Y", 0.2), ("D", 0.15))
LEAVER_ACTIVITY = (("F2", 0.45), ("F4", 0.1), ("F5", 0.15), ("G5", 0.2), ("G4", 0.1))


def care_tables(records: Records, cases: Cases, extra: Extra) -> Tables:
    """All tables of this module."""
    episodes = care_table(care_episodes(records, extra))
    steps = cases.steps[cases.steps["status"] == "CLA"].reset_index(drop=True)
    case_of = dict(zip(steps["row"], steps["case"], strict=True))
    case = np.array([case_of[row] for row in episodes["row"]], dtype=np.int64)
    rows = episodes["row"].to_numpy(dtype=np.int64)
    number = episodes["number"].to_numpy(dtype=np.int64)
    begins = _texts(episodes, "start")
    ends = _texts(episodes, "end")
    spell = extra.ids(STATUTORY, "LA", rows)
    own = _numbered(extra, "EPI", rows, number)
    # An episode that only the legal status began is in the placement of the episode before it.
    moved = (episodes["started_for"] != "L").to_numpy()
    lead = np.maximum.accumulate(np.where(moved, np.arange(len(episodes)), 0)) if len(episodes) else np.zeros(0, dtype=np.int64)
    places = np.flatnonzero(moved)
    last = np.append(places[1:], len(episodes)) - 1 if len(places) else places
    place_ids = _numbered(extra, "PLA", rows, number)
    need = cases.table["need"].to_numpy()[case] if len(case) else np.zeros(0, dtype=object)
    entered = begins[np.maximum.accumulate(np.where(number == 0, np.arange(len(number)), 0))] if len(number) else begins
    legal_change = np.flatnonzero((number == 0) | ~moved)
    legal_last = np.append(legal_change[1:], len(episodes)) - 1 if len(legal_change) else legal_change
    return {
        "cla_episodes": ssd_table(
            "cla_episodes",
            len(episodes),
            clae_cla_episode_id=own,
            clae_person_id=episodes["person"].to_numpy(),
            clae_cla_episode_start_date=begins,
            clae_cla_episode_start_reason=episodes["started_for"].to_numpy(),
            clae_cla_primary_need_code=need,
            clae_cla_episode_ceased_date=ends,
            clae_cla_episode_ceased_reason=episodes["ended_for"].to_numpy(),
            clae_cla_id=spell,
            clae_referral_id=cases.table["id"].to_numpy()[case] if len(case) else spell,
            clae_cla_placement_id=place_ids[lead],
            clae_entered_care_date=entered,
        ),
        "cla_placement": ssd_table(
            "cla_placement",
            len(places),
            clap_cla_placement_id=place_ids[places],
            clap_cla_placement_start_date=begins[places],
            clap_cla_placement_type=episodes["placement"].to_numpy()[places],
            clap_cla_placement_urn=episodes["inspected"].to_numpy()[places],
            clap_cla_placement_distance=episodes["miles"].astype(str).to_numpy(dtype=object)[places],
            clap_cla_id=spell[places],
            clap_cla_placement_provider=episodes["provider"].to_numpy()[places],
            clap_cla_placement_postcode=episodes["postcode"].to_numpy()[places],
            clap_cla_placement_end_date=ends[last],
            clap_cla_placement_change_reason=episodes["change"].to_numpy()[last],
            clap_person_id=episodes["person"].to_numpy()[places],
        ),
        "legal_status": ssd_table(
            "legal_status",
            len(legal_change),
            lega_legal_status_id=_numbered(extra, "LS", rows, number)[legal_change],
            lega_person_id=episodes["person"].to_numpy()[legal_change],
            lega_legal_status=episodes["legal"].to_numpy()[legal_change],
            lega_legal_status_start_date=begins[legal_change],
            lega_legal_status_end_date=ends[legal_last],
        ),
        **_meetings(records, steps, cases, extra),
        "care_leavers": _leavers(records, extra),
    }


def _texts(episodes: pd.DataFrame, which: str) -> Texts:
    return np.array([day_text(day, text, ISO) for day, text in zip(episodes[which], episodes[f"{which}_text"], strict=True)], dtype=object)


def _numbered(extra: Extra, prefix: str, rows: Ints, number: Ints) -> Texts:
    own = extra.ids(STATUTORY, prefix, rows)
    return np.array([f"{ident}{n:02d}" for ident, n in zip(own, number, strict=True)], dtype=object)


def _meetings(records: Records, steps: pd.DataFrame, cases: Cases, extra: Extra) -> Tables:
    """Reviews, visits, health checks and strengths scores of each period of care."""
    at, rows = steps["at"].to_numpy(), steps["row"].to_numpy()
    start, end = records.dates(STATUTORY, "StartOn").take(at).day, records.dates(STATUTORY, "EndOn").take(at).day
    person = cases.table["person"].to_numpy()[steps["case"].to_numpy()]
    spell = extra.ids(STATUTORY, "LA", rows)
    lot = extra.chance(STATUTORY, "visits", rows)
    reviews, visits, checks = (recurring(start, end, lot, records.day, plan) for plan in (CLA_REVIEWS, CLA_VISITS, HEALTH))
    r, v, h = (frame["place"].to_numpy() for frame in (reviews, visits, checks))
    scores = (extra.chance(STATUTORY, "strengths score", rows) * 30).astype(np.int64)[h] + checks["number"].to_numpy() % 5
    kind = np.where(checks["number"].to_numpy() % 2 == 0, "Health assessment", "Dental check").astype(object)
    return {
        "cla_reviews": ssd_table(
            "cla_reviews",
            len(reviews),
            clar_cla_review_id=_numbered(extra, "LR", rows[r], reviews["number"].to_numpy()),
            clar_cla_id=spell[r],
            clar_cla_review_due_date=written(reviews["on"].to_numpy() + 5),
            clar_cla_review_date=written(reviews["on"].to_numpy()),
            clar_cla_review_cancelled="N",
            clar_cla_review_participation=np.where(reviews["number"] % 4 == 3, "PN2", "PN1").astype(object),
        ),
        "cla_visits": ssd_table(
            "cla_visits",
            len(visits),
            clav_cla_visit_id=_numbered(extra, "LV", rows[v], visits["number"].to_numpy()),
            clav_cla_id=spell[v],
            clav_person_id=person[v],
            clav_cla_visit_date=written(visits["on"].to_numpy()),
            clav_cla_visit_seen="Y",
            clav_cla_visit_seen_alone=np.where(visits["number"] % 2 == 0, "Y", "N").astype(object),
        ),
        "cla_health": ssd_table(
            "cla_health",
            len(checks),
            clah_health_check_id=_numbered(extra, "LH", rows[h], checks["number"].to_numpy()),
            clah_person_id=person[h],
            clah_health_check_type=kind,
            clah_health_check_date=written(checks["on"].to_numpy()),
            clah_health_check_status="Complete",
        ),
        "sdq_scores": ssd_table(
            "sdq_scores",
            len(checks),
            csdq_table_id=_numbered(extra, "SQ", rows[h], checks["number"].to_numpy()),
            csdq_person_id=person[h],
            csdq_sdq_completed_date=written(checks["on"].to_numpy()),
            csdq_sdq_score=scores.astype(str).astype(object),
        ),
    }


def _leavers(records: Records, extra: Extra) -> pd.DataFrame:
    """Young people who left care after 16."""
    at = np.flatnonzero(records.column(STATUTORY, "Status") == "CARE_LEAVER")
    rows = records.rows(STATUTORY)[at]
    start = records.dates(STATUTORY, "StartOn").take(at).day
    visits = recurring(start, np.full(len(at), NEVER), extra.chance(STATUTORY, "visits", rows), records.day, CLA_VISITS)
    seen = visits.groupby("place")["on"].max().reindex(range(len(at)), fill_value=NEVER).to_numpy()
    worker = extra.worker(STATUTORY, rows, start, records.day)
    return ssd_table(
        "care_leavers",
        len(at),
        clea_table_id=extra.ids(STATUTORY, "CL", rows),
        clea_person_id=records.column(STATUTORY, "PersonID")[at],
        clea_care_leaver_eligibility="Relevant child",
        clea_care_leaver_in_touch=np.where(seen < NEVER, "YES", "NO").astype(object),
        clea_care_leaver_latest_contact=written(seen),
        clea_care_leaver_accommodation=pick(LEAVER_HOMES, extra.chance(STATUTORY, "home", rows)),
        clea_care_leaver_accom_suitable=np.where(extra.chance(STATUTORY, "suitable", rows) < 0.9, "1", "2").astype(object),
        clea_care_leaver_activity=pick(LEAVER_ACTIVITY, extra.chance(STATUTORY, "activity", rows)),
        clea_care_leaver_personal_advisor=extra.of_workers("name", worker),
        clea_care_leaver_allocated_team=extra.of_workers("team", worker),
        clea_care_leaver_worker_id=extra.of_workers("id", worker),
    )
