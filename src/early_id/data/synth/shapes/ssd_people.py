"""Tables of the Standard Safeguarding Dataset about people: who they are, where they live, special needs, who works with them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.population.identifiers import make_ids
from early_id.data.synth.shapes.cases import Cases
from early_id.data.synth.shapes.dates import ISO, Ints, Texts, written
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import PEOPLE, RELATIONSHIPS, STATUTORY, Records
from early_id.data.synth.shapes.standard import ssd_table
from early_id.data.synth.timeline import NEVER

#: Share of UPNs that reach social care some time after the child does, and within how many days.
UPN_LATE, LATE_DAYS = 0.2, 400
#: Why there is no UPN yet, while it is on its way.
ON_ITS_WAY = "UN4"
#: Share of builds' rows that already hold the single identifier (the NHS number).
SINGLE_ID = 0.1


def known_upn(records: Records, extra: Extra) -> tuple[Texts, Texts]:
    """UPN and, where there is none, why, as social care knows them on the day; codes UN1 to UN5 of the census."""
    rows, upn = records.rows(PEOPLE), records.column(PEOPLE, "UPN")
    on = records.dates(PEOPLE, "RecordedOn").day
    late = extra.chance(PEOPLE, "upn late", rows) < UPN_LATE
    arrives = on + np.where(late, 20 + (extra.chance(PEOPLE, "upn delay", rows) * LATE_DAYS).astype(np.int64), 0)
    arrives = np.minimum(arrives, records.timeline.extracted - 1)  # what the extract of the last day holds was known by then
    waits = (upn != "") & (arrives >= records.day)
    return np.where(waits, "", upn), np.where(waits, ON_ITS_WAY, records.column(PEOPLE, "UPNUnknown"))


def ethnicity_and_more(records: Records, ids: Texts) -> pd.DataFrame:
    """What social care knows besides of the people with these ids; 'not obtained' for those who are no child of the council's.

    A record from before an adoption, a second entry and a carer are such people: what is known of the child is not theirs.
    """
    child = records.children(ids, "social_care_id")
    known = child >= 0
    traits, families = records.people.children, records.people.families
    home = traits["family"].to_numpy()[child]
    return pd.DataFrame(
        {
            "ethnicity": np.where(known, families["ethnicity"].to_numpy()[home], "NOBT"),
            "sen": np.where(known, traits["sen"].to_numpy()[child], ""),
            "sen_need": np.where(known, traits["sen_need"].to_numpy()[child], ""),
            "family": np.where(known, home, -1),
        }
    )


def people_tables(records: Records, cases: Cases, extra: Extra) -> Tables:
    """``ssd_person`` and the tables that hang on it."""
    ids, rows = records.column(PEOPLE, "PersonID"), records.rows(PEOPLE)
    count = len(ids)
    upn, why = known_upn(records, extra)
    traits = ethnicity_and_more(records, ids)
    sex = records.column(PEOPLE, "Sex")
    nhs = records.column(PEOPLE, "NHSNumber")
    born, since = records.dates(PEOPLE, "DOB"), records.dates(PEOPLE, "RecordedOn")
    mothers = _mothers(records)
    person = ssd_table(
        "person",
        count,
        pers_person_id=ids,
        pers_forename=records.column(PEOPLE, "Forename"),
        pers_surname=records.column(PEOPLE, "Surname"),
        pers_sex=sex,
        pers_gender=pd.Series(sex).map({"M": "01", "F": "02"}).fillna("00").to_numpy(dtype=object),
        pers_ethnicity=traits["ethnicity"].to_numpy(),
        pers_dob=born.text(ISO),
        pers_legacy_id=records.column(PEOPLE, "LAChildID"),
        pers_expected_dob=records.dates(PEOPLE, "ExpectedDOB").text(ISO),
        pers_death_date=records.dates(PEOPLE, "DeathDate").text(ISO),
        pers_upn=upn,
        pers_upn_unknown=why,
        pers_single_unique_id=np.where(extra.chance(PEOPLE, "single id", rows) < SINGLE_ID, nhs, ""),
        pers_send_flag=np.where(np.isin(traits["sen"].to_numpy(), ["K", "E"]), "Y", "N"),
        pers_is_mother=np.where(np.isin(ids, mothers["OtherPersonID"]), "Y", "N"),
    )
    names = make_ids("FAM", "first", len(records.people.families), len(records.people), extra.seeds)
    family = np.array([names[number] if number >= 0 else "" for number in traits["family"]], dtype=object)
    in_family = np.flatnonzero(family != "")
    postcode, uprn = records.column(PEOPLE, "Postcode"), records.column(PEOPLE, "UPRN")
    housed = np.flatnonzero((postcode != "") | (uprn != ""))
    homes = [_address(str(a), str(b)) for a, b in zip(uprn[housed], postcode[housed], strict=True)]
    lists = pd.Series(records.column(PEOPLE, "Disability")).str.split(",").explode()
    lists = lists[lists != ""]
    asked, place = lists.index.to_numpy(dtype=np.int64), lists.groupby(level=0).cumcount().to_numpy()
    return {
        "person": person,
        "family": ssd_table(
            "family",
            len(in_family),
            fami_table_id=extra.ids(PEOPLE, "FT", rows[in_family]),
            fami_family_id=family[in_family],
            fami_person_id=ids[in_family],
        ),
        "mother": ssd_table(
            "mother",
            len(mothers),
            moth_table_id=extra.ids(RELATIONSHIPS, "MO", mothers.index.to_numpy(dtype=np.int64)),
            moth_person_id=mothers["OtherPersonID"].to_numpy(),
            moth_childs_person_id=mothers["PersonID"].to_numpy(),
            moth_childs_dob=pd.Series(born.text(ISO), index=ids).reindex(mothers["PersonID"]).to_numpy(),
        ),
        "address": ssd_table(
            "address",
            len(housed),
            addr_table_id=extra.ids(PEOPLE, "AD", rows[housed]),
            addr_address_json=homes,
            addr_person_id=ids[housed],
            addr_address_type="Home",
            addr_address_start_date=since.text(ISO)[housed],
            addr_address_postcode=postcode[housed],
        ),
        "disability": ssd_table(
            "disability",
            len(asked),
            disa_person_id=ids[asked],
            disa_table_id=[f"{ident}{n}" for ident, n in zip(extra.ids(PEOPLE, "DI", rows[asked]), place, strict=True)],
            disa_disability_code=lists.to_numpy(dtype=object),
        ),
        "linked_identifiers": _identifiers(ids, rows, upn, nhs, written(since.day), extra),
        **_special_needs(records, ids, rows, upn, why, traits, born.day, extra),
        **_workers(records, cases, extra),
    }


def _mothers(records: Records) -> pd.DataFrame:
    """The rows of relationships that name a mother, of children and mothers who are listed."""
    rows, listed = records[RELATIONSHIPS], set(records.column(PEOPLE, "PersonID"))
    return rows[(rows["Relation"] == "Mother") & rows["PersonID"].isin(listed) & rows["OtherPersonID"].isin(listed)]


def _address(uprn: str, postcode: str) -> str:
    return json.dumps({"ROOM": "", "FLOOR": "", "FLAT": "", "HOUSE": "", "STREET": "", "TOWN": "", "UPRN": uprn, "POSTCODE": postcode})


def _identifiers(ids: Texts, rows: Ints, upn: Texts, nhs: Texts, since: Texts, extra: Extra) -> pd.DataFrame:
    parts = []
    for label, prefix, values in (("Unique Pupil Number", "LU", upn), ("NHS Number", "LN", nhs)):
        have = np.flatnonzero(values != "")
        parts.append(
            ssd_table(
                "linked_identifiers",
                len(have),
                link_table_id=extra.ids(PEOPLE, prefix, rows[have]),
                link_person_id=ids[have],
                link_identifier_type=label,
                link_identifier_value=values[have],
                link_valid_from_date=since[have],
            )
        )
    return pd.concat(parts, ignore_index=True)


def _special_needs(records: Records, ids: Texts, rows: Ints, upn: Texts, why: Texts, traits: pd.DataFrame, born: Ints, extra: Extra) -> Tables:
    """SEN of the people with a plan; dates of plans are made up, one year's review a year."""
    planned = np.flatnonzero((traits["sen"] == "E").to_numpy() & (born < records.day - 4 * 365))
    anchor = records.timeline.events_from + (extra.chance(PEOPLE, "plan review", rows[planned]) * 365).astype(np.int64)
    review = records.day - 1 - (records.day - 1 - anchor) % 365
    plan = extra.ids(PEOPLE, "EP", rows[planned])
    return {
        "send": ssd_table(
            "send",
            len(planned),
            send_table_id=extra.ids(PEOPLE, "SE", rows[planned]),
            send_upn=upn[planned],
            send_upn_unknown=why[planned],
            send_person_id=ids[planned],
        ),
        "ehcp_active_plans": ssd_table(
            "ehcp_active_plans", len(planned), ehcp_active_ehcp_id=plan, ehcp_active_ehcp_last_review_date=written(review)
        ),
        "sen_need": ssd_table(
            "sen_need",
            len(planned),
            senn_table_id=extra.ids(PEOPLE, "SN", rows[planned]),
            senn_active_ehcp_id=plan,
            senn_active_ehcp_need_type=traits["sen_need"].to_numpy()[planned],
            senn_active_ehcp_need_rank="1",
        ),
    }


def _workers(records: Records, cases: Cases, extra: Extra) -> Tables:
    """Social workers, and which of them held each case from when to when."""
    workers = extra.workers
    table = cases.table
    rows, opened, closed = table["row"].to_numpy(), table["opened"].to_numpy(), table["closed"].to_numpy()
    handed = extra.handed_over(STATUTORY, rows, opened)
    moved = (handed < records.day) & (handed < closed)
    first = extra.worker(STATUTORY, rows, opened, -NEVER)
    second = np.flatnonzero(moved)
    parts = []
    for prefix, chosen, who, start, end, why in (
        ("IA", np.arange(len(table)), first, opened, np.where(moved, handed, closed), np.where(moved, "Change of team", "")),
        ("IB", second, extra.worker(STATUTORY, rows, opened, NEVER), handed, closed, np.full(len(table), "", dtype=object)),
    ):
        numbers = who[chosen]
        parts.append(
            ssd_table(
                "involvements",
                len(chosen),
                invo_involvements_id=extra.ids(STATUTORY, prefix, rows[chosen]),
                invo_professional_id=extra.of_workers("id", numbers),
                invo_professional_role_id="Allocated worker",
                invo_professional_team=extra.of_workers("team", numbers),
                invo_involvement_start_date=written(start[chosen]),
                invo_involvement_end_date=written(np.where(end < records.day, end, NEVER)[chosen]),
                invo_worker_change_reason=why[chosen],
                invo_person_id=table["person"].to_numpy()[chosen],
                invo_referral_id=table["id"].to_numpy()[chosen],
            )
        )
    holds = np.bincount(extra.worker(STATUTORY, rows, opened, records.day)[closed >= NEVER], minlength=len(workers))
    professionals = ssd_table(
        "professionals",
        len(workers),
        prof_professional_id=[worker.id for worker in workers],
        prof_staff_id=[worker.id for worker in workers],
        prof_professional_name=[worker.name for worker in workers],
        prof_social_worker_registration_no=[worker.registration for worker in workers],
        prof_professional_job_title="Social worker",
        prof_professional_caseload=[str(number) for number in holds],
        prof_professional_department=[worker.team for worker in workers],
        prof_full_time_equivalency=[worker.hours for worker in workers],
        prof_agency_worker_flag=["Y" if worker.agency else "N" for worker in workers],
    )
    return {"involvements": pd.concat(parts, ignore_index=True), "professionals": professionals}
