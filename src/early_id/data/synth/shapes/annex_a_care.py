"""List 8 of the inspection workbook: children looked after, one row a period of care."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.shapes import annex_a_labels as labels
from early_id.data.synth.shapes.annex_a_labels import labelled, yes_no
from early_id.data.synth.shapes.annex_a_lists import Lists
from early_id.data.synth.shapes.dates import Texts
from early_id.data.synth.shapes.ssd_services import TYPE_WORDS

#: Kind of check as the heading words it → as the dataset words it.
KINDS = {"Health Assessment": "Health assessment", "Dental Check": "Dental check"}


def care_list(lists: Lists, unaccompanied: set[str]) -> dict[str, Texts]:
    """Periods of care that run, or ended within six months; ``unaccompanied`` are people an assessment found to be so."""
    episodes = lists.table("cla_episodes").sort_values(["clae_cla_id", "clae_cla_episode_id"], kind="stable")
    rows = episodes.drop_duplicates("clae_cla_id", keep="last")
    ceased = rows["clae_cla_episode_ceased_date"]
    rows = rows[(ceased == "") | (ceased >= lists.half_year)]
    person, spell = rows["clae_person_id"], rows["clae_cla_id"]
    placement = lists.table("cla_placement").drop_duplicates("clap_cla_placement_id").set_index("clap_cla_placement_id")
    placed = placement.reindex(rows["clae_cla_placement_id"]).fillna("")
    recent = lists.table("cla_placement")
    recent = recent[(recent["clap_cla_placement_end_date"] == "") | (recent["clap_cla_placement_end_date"] >= lists.year)]
    legal = lists.table("legal_status")
    code = lists.latest("legal_status", "lega_person_id", "lega_legal_status_start_date", person, "lega_legal_status")
    checks = lists.table("cla_health")
    seen = {
        kind: checks[checks["clah_health_check_type"] == word].groupby("clah_person_id")["clah_health_check_date"].max()
        for kind, word in KINDS.items()
    }
    team, worker = lists.holder(person)
    periods = episodes.drop_duplicates("clae_cla_id").groupby("clae_person_id")["clae_entered_care_date"].apply(list)
    again = [
        any(lists.year <= begun < entered for begun in periods.get(who, []))
        for who, entered in zip(person, rows["clae_entered_care_date"], strict=True)
    ]
    reviewed = lists.latest("cla_reviews", "clar_cla_id", "clar_cla_review_date", spell)
    return {
        **lists.who(person),
        "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N))": yes_no(person.isin(unaccompanied).to_numpy(), lettered=True),
        "Date Started to be Looked After": rows["clae_entered_care_date"].to_numpy(),
        "Child's Category of Need": labelled(rows["clae_cla_primary_need_code"], {code: f"{code} - {text}" for code, text in labels.NEEDS.items()}),
        "Is this a second or subsequent period of being a Looked After Child within the last 12 months (Y/N)": yes_no(
            np.array(again, dtype=bool), lettered=True
        ),
        "Start date of current legal status": legal.groupby("lega_person_id")["lega_legal_status_start_date"]
        .max()
        .reindex(person)
        .fillna("")
        .to_numpy(dtype=object),
        "Child's Legal Status": labelled(code, labels.LEGAL),
        "Date of Latest Statutory Review": reviewed,
        "Date of Last Social Work Visit": lists.latest("cla_visits", "clav_cla_id", "clav_cla_visit_date", spell),
        "Date of Last IRO Visit / Contact to the Child": reviewed,
        **{f"Date of Last {kind}": seen[kind].reindex(person).fillna("").to_numpy(dtype=object) for kind in KINDS},
        "Number of Placements in the Last 12 months": recent.groupby("clap_cla_id").size().reindex(spell, fill_value=0).to_numpy().astype(object),
        "Date Ceased to be Looked After": rows["clae_cla_episode_ceased_date"].to_numpy(),
        "Reason Ceased to be Looked After": labelled(rows["clae_cla_episode_ceased_reason"], labels.ENDED),
        "Start Date of Most Recent Placement": placed["clap_cla_placement_start_date"].to_numpy(dtype=object),
        "Placement Type": labelled(placed["clap_cla_placement_type"], labels.PLACEMENT),
        "Placement Provider": labelled(placed["clap_cla_placement_provider"], labels.PROVIDER),
        "Placement postcode": placed["clap_cla_placement_postcode"].to_numpy(dtype=object),
        "URN of Placement": placed["clap_cla_placement_urn"].to_numpy(dtype=object),
        **_missing(lists, person),
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def _missing(lists: Lists, person: pd.Series) -> dict[str, Texts]:
    """Missing episodes of the last year and the interview after the last of them."""
    rows = lists.table("missing").sort_values("miss_missing_episode_start_date", kind="stable")
    rows = rows[rows["miss_missing_episode_start_date"] >= lists.year]
    last = rows.drop_duplicates("miss_person_id", keep="last").set_index("miss_person_id").reindex(person).fillna("")
    counts = {
        kind: rows[rows["miss_missing_episode_type"] == word].groupby("miss_person_id").size().reindex(person, fill_value=0).to_numpy().astype(object)
        for kind, word in (("Missing", TYPE_WORDS["M"]), ("Absent", TYPE_WORDS["A"]))
    }
    answers = {"Y": "a) Yes", "N": "b) No", "NA": ""}
    return {
        "Number of Episodes the Child has been ‘Missing’ from their Placement in the last 12 months": counts["Missing"],
        "Number of Episodes the Child has been ‘Absent’ from their Placement in the last 12 months": counts["Absent"],
        "Was the child offered a Return Interview after their last missing episode (Y/N)?": labelled(last["miss_missing_rhi_offered"], answers),
        "Did the child accept a Return Interview after their last missing episode (Y/N)?": labelled(last["miss_missing_rhi_accepted"], answers),
    }
