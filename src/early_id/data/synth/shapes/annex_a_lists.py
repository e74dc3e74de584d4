"""The lists of the inspection workbook, each made from the tables of the Standard Safeguarding Dataset, as councils make theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.shapes import annex_a_labels as labels
from early_id.data.synth.shapes.annex_a_labels import labelled, yes_no
from early_id.data.synth.shapes.dates import Texts, written
from early_id.data.synth.shapes.standard import ssd_table

_WHO = ("Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Age")
_DISABLED, _TEAM = ("Does the Child have a Disability",), ("Allocated Team", "Allocated Worker")
#: Sheet → headings.
HEADINGS: dict[str, tuple[str, ...]] = {
    "List 1": (*_WHO, "Date of Contact", "Contact Source"),
    "List 2": (*_WHO, "Assessment start date", "Assessment completion date", "Organisation completing assessment"),
    "List 3": (*_WHO, "Date of Referral", "Referral Source", "Referral NFA?", "Number of Referrals in Last 12 Months", *_TEAM),
    "List 4": (
        *_WHO, *_DISABLED, "Continuous Assessment Start Date", "Child Seen During Continuous Assessment",
        "Continuous Assessment Date of Authorisation", "Was the child assessed as requiring LA children's social care support?", *_TEAM,
    ),
    "List 5": (
        *_WHO, *_DISABLED, "Strategy discussion initiating Section 47 Enquiry Start Date",
        "Was an Initial Child Protection Conference deemed unnecessary?", "Date of Initial Child Protection Conference",
        "Did the Initial Child Protection Conference Result in a Child Protection Plan",
        "Number of Section 47 Enquiries in the last 12 months", "Number of ICPCs in the last 12 months", *_TEAM,
    ),
    "List 6": (
        *_WHO, *_DISABLED, "CIN Start Date", "Primary Need Code", "Date Child Was Last Seen", "CIN Closure Date", "Reason for Closure",
        "Case Status", *_TEAM,
    ),
    "List 7": (
        *_WHO, *_DISABLED, "Child Protection Plan Start Date", "Initial Category of Abuse", "Latest Category of Abuse",
        "Date of the Last Statutory Visit", "Was the Child Seen Alone?", "Date of latest review conference",
        "Child Protection Plan End Date",
        "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months (Y/N)",
        "Number of Previous Child Protection Plans", *_TEAM,
    ),
    "List 8": (
        *_WHO, "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N))", *_DISABLED,
        "Date Started to be Looked After", "Child's Category of Need",
        "Is this a second or subsequent period of being a Looked After Child within the last 12 months (Y/N)",
        "Start date of current legal status", "Child's Legal Status", "Date of Latest Statutory Review",
        "Date of Last Social Work Visit", "What is the permanence plan for this child?", "Date of Last IRO Visit / Contact to the Child",
        "Date of Last Health Assessment", "Date of Last Dental Check", "Number of Placements in the Last 12 months",
        "Date Ceased to be Looked After", "Reason Ceased to be Looked After", "Start Date of Most Recent Placement", "Placement Type",
        "Placement Provider", "Placement postcode", "URN of Placement", "Placement Location", "LA of Placement",
        "Number of Episodes the Child has been ‘Missing’ from their Placement in the last 12 months",
        "Number of Episodes the Child has been ‘Absent’ from their Placement in the last 12 months",
        "Was the child offered a Return Interview after their last missing episode (Y/N)?",
        "Did the child accept a Return Interview after their last missing episode (Y/N)?", *_TEAM,
    ),
    "List 9": (
        *_WHO, *_DISABLED, *_TEAM, "Eligibility Category", "LA in Touch", "Type of Accommodation", "Suitability of Accommodation",
        "Activity Status",
    ),
    "List 10": (
        "Child Unique ID", "Family identifier", "Gender", "Ethnicity", "Date of Birth", "Age of Child (Years)", *_DISABLED,
        "Date the Child Entered Care", "Date of Decision that Child Should be Placed for Adoption", "Date of Placement Order",
        "Date of Matching Child and Prospective Adopters", "Date Placed for Adoption", "Date of Adoption Order ",
        "Date of Decision that Child Should No Longer be Placed for Adoption", "Reason Why Child No Longer Placed for Adoption",
        "Date the child was placed for fostering in FFA or concurrent planning placement",
    ),
    "List 11": (
        "Individual adopter identifier", "Family identifier", "Gender", "Ethnicity", "Disability",
        "Is the (prospective) adopter fostering for adoption?", "Date enquiry received", "Date Stage 1 started", "Date Stage 1 ended",
        "Date Stage 2 started", "Date Stage 2 ended", "Date application submitted", "Date application approved",
        "Date adopter matched with child(ren)", "Date child/children placed with adopter(s)", "No. of children placed",
        "Date of Adoption Order", "Date of leaving adoption process", "Reason for leaving adoption process",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Lists:
    """The dataset on the day of the inspection, and the day's two windows."""

    tables: Tables
    day: int

    def table(self, name: str) -> pd.DataFrame:
        """A table of the dataset, also when it is empty."""
        return self.tables.get(name, ssd_table(name, 0))

    @property
    def half_year(self) -> str:
        """First day of the last six months."""
        return str(written(np.array([self.day - 182]))[0])

    @property
    def year(self) -> str:
        """First day of the last twelve months."""
        return str(written(np.array([self.day - 365]))[0])

    def team(self, workers: pd.Series) -> tuple[Texts, Texts]:
        """Team and name of each worker."""
        known = self.table("professionals").set_index("prof_professional_id")
        found = known.reindex(workers)
        return tuple(found[f"prof_professional_{name}"].fillna("").to_numpy(dtype=object) for name in ("department", "name"))

    def holder(self, persons: pd.Series) -> tuple[Texts, Texts]:
        """Team and name of the worker who has held each person's latest case since last."""
        held = self.table("involvements").sort_values(["invo_involvement_start_date", "invo_involvements_id"])
        last = held.drop_duplicates("invo_person_id", keep="last").set_index("invo_person_id")["invo_professional_id"]
        return self.team(last.reindex(persons))

    def count(self, persons: pd.Series, table: str, person: str, date: str) -> Texts:
        """How many rows of a table each person has in the last twelve months."""
        rows = self.table(table)
        recent = rows[rows[date] >= self.year].groupby(person).size()
        return recent.reindex(persons, fill_value=0).to_numpy().astype(object)

    def latest(self, table: str, key: str, date: str, values: pd.Series, column: str = "") -> Texts:
        """The latest date (or another column of that row) of a table for each key."""
        rows = self.table(table).sort_values(date, kind="stable").drop_duplicates(key, keep="last").set_index(key)
        return rows[column or date].reindex(values).fillna("").to_numpy(dtype=object)

    def who(self, persons: pd.Series, *, disabled: bool = True) -> dict[str, Texts]:
        """The columns every list begins with."""
        person = self.table("person").drop_duplicates("pers_person_id").set_index("pers_person_id").reindex(persons).fillna("")
        day = pd.Timestamp(self.day, unit="D")
        born = pd.to_datetime(person["pers_dob"], format="%Y-%m-%d", errors="coerce")
        age = ((day - born).dt.days / 365.25).floordiv(1)
        found = {
            "Child Unique ID": persons.to_numpy(dtype=object),
            "Gender": labelled(person["pers_sex"], labels.GENDER, "c) Not stated/recorded"),
            "Ethnicity": labelled(person["pers_ethnicity"], labels.ETHNICITY),
            "Date of Birth": person["pers_dob"].to_numpy(dtype=object),
            "Age": np.array(["" if np.isnan(years) else int(years) for years in age], dtype=object),
        }
        if disabled:
            rows = self.table("disability")
            has = set(rows[rows["disa_disability_code"] != "NONE"]["disa_person_id"])
            found["Does the Child have a Disability"] = yes_no(persons.isin(has).to_numpy(), lettered=True)
        return found


def contact_list(lists: Lists) -> dict[str, Texts]:
    """List 1."""
    rows = lists.table("contacts")
    rows = rows[rows["cont_contact_date"] >= lists.half_year]
    return {
        **lists.who(rows["cont_person_id"], disabled=False),
        "Date of Contact": rows["cont_contact_date"].to_numpy(),
        "Contact Source": labelled(rows["cont_contact_source_code"], labels.SOURCE),
    }


def early_help_list(lists: Lists, assessed: dict[str, str]) -> dict[str, Texts]:
    """List 2; ``assessed`` gives the day of assessment of each episode."""
    rows = lists.table("early_help_episodes")
    rows = rows[rows["earl_episode_start_date"] >= lists.half_year]
    return {
        **lists.who(rows["earl_person_id"], disabled=False),
        "Assessment start date": rows["earl_episode_start_date"].to_numpy(),
        "Assessment completion date": rows["earl_episode_id"].map(assessed).fillna("").to_numpy(dtype=object),
        "Organisation completing assessment": rows["earl_episode_organisation"].to_numpy(),
    }


def referral_list(lists: Lists) -> dict[str, Texts]:
    """List 3."""
    rows = lists.table("cin_episodes")
    rows = rows[(rows["cine_referral_date"] >= lists.half_year) & (rows["cine_referral_source_code"] != "10")]
    team, worker = lists.team(rows["cine_referral_worker_id"])
    # The referral itself is not one of those before it.
    before = lists.count(rows["cine_person_id"], "cin_episodes", "cine_person_id", "cine_referral_date") - 1
    return {
        **lists.who(rows["cine_person_id"], disabled=False),
        "Date of Referral": rows["cine_referral_date"].to_numpy(),
        "Referral Source": labelled(rows["cine_referral_source_code"], labels.SOURCE),
        "Referral NFA?": yes_no((rows["cine_referral_nfa"] == "Y").to_numpy()),
        "Number of Referrals in Last 12 Months": before,
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def assessment_list(lists: Lists) -> dict[str, Texts]:
    """List 4."""
    rows = lists.table("cin_assessments")
    signed = rows["cina_assessment_auth_date"]
    rows = rows[(signed >= lists.half_year) | ((signed == "") & (rows["cina_assessment_start_date"] != ""))]
    team, worker = lists.team(rows["cina_assessment_worker_id"])
    return {
        **lists.who(rows["cina_person_id"]),
        "Continuous Assessment Start Date": rows["cina_assessment_start_date"].to_numpy(),
        "Child Seen During Continuous Assessment": labelled(rows["cina_assessment_child_seen"], {"Y": "Yes", "N": "No"}),
        "Continuous Assessment Date of Authorisation": rows["cina_assessment_auth_date"].to_numpy(),
        "Was the child assessed as requiring LA children's social care support?": labelled(
            rows["cina_assessment_outcome_nfa"], {"Y": "No", "N": "Yes"}
        ),
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def enquiry_list(lists: Lists) -> dict[str, Texts]:
    """List 5."""
    rows = lists.table("s47_enquiry")
    rows = rows[rows["s47e_s47_start_date"] >= lists.half_year]
    met = lists.table("initial_cp_conference").set_index("icpc_s47_enquiry_id")
    held = met["icpc_icpc_date"].reindex(rows["s47e_s47_enquiry_id"]).fillna("")
    result = met["icpc_icpc_outcome_cp_flag"].reindex(rows["s47e_s47_enquiry_id"]).fillna("")
    person = rows["s47e_person_id"]
    team, worker = lists.team(rows["s47e_s47_completed_by_worker_id"])
    return {
        **lists.who(person),
        "Strategy discussion initiating Section 47 Enquiry Start Date": rows["s47e_s47_start_date"].to_numpy(),
        "Was an Initial Child Protection Conference deemed unnecessary?": yes_no((held == "").to_numpy()),
        "Date of Initial Child Protection Conference": held.to_numpy(dtype=object),
        "Did the Initial Child Protection Conference Result in a Child Protection Plan": labelled(result, {"Y": "Yes", "N": "No"}),
        "Number of Section 47 Enquiries in the last 12 months": lists.count(person, "s47_enquiry", "s47e_person_id", "s47e_s47_start_date"),
        "Number of ICPCs in the last 12 months": lists.count(person, "initial_cp_conference", "icpc_person_id", "icpc_icpc_date"),
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def need_list(lists: Lists) -> dict[str, Texts]:
    """List 6: episodes open, or closed within six months."""
    rows = lists.table("cin_episodes")
    rows = rows[((rows["cine_close_date"] == "") | (rows["cine_close_date"] >= lists.half_year)) & (rows["cine_referral_nfa"] != "Y")]
    person = rows["cine_person_id"]
    team, worker = lists.team(rows["cine_referral_worker_id"])

    def now(table: str, column: str, end: str) -> np.ndarray:
        open_ = lists.table(table)
        return person.isin(open_[open_[end] == ""][column]).to_numpy()

    status = np.select(
        [
            (rows["cine_close_date"] != "").to_numpy(),
            now("cla_episodes", "clae_person_id", "clae_cla_episode_ceased_date"),
            now("cp_plans", "cppl_person_id", "cppl_cp_plan_end_date"),
            now("cin_plans", "cinp_person_id", "cinp_cin_plan_end_date"),
            person.isin(lists.table("care_leavers")["clea_person_id"]).to_numpy(),  # the list has no word of its own for them
        ],
        ["e) Closed episode", "a) Looked after child", "b) Child Protection plan", "c) Child in need plan", "c) Child in need plan"],
        "d) Open assessment",
    ).astype(object)
    need = rows["cine_cin_primary_need_code"]
    return {
        **lists.who(person),
        "CIN Start Date": rows["cine_referral_date"].to_numpy(),
        "Primary Need Code": labelled(need, {code: f"{code} - {text}" for code, text in labels.NEEDS.items()}),
        "Date Child Was Last Seen": lists.latest("cin_visits", "cinv_person_id", "cinv_cin_visit_date", person),
        "CIN Closure Date": rows["cine_close_date"].to_numpy(),
        "Reason for Closure": labelled(rows["cine_close_reason"], {code: f"{code} - {text}" for code, text in labels.CLOSURES.items()}),
        "Case Status": status,
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def protection_list(lists: Lists) -> dict[str, Texts]:
    """List 7: plans in force, or ended within six months."""
    every = lists.table("cp_plans")
    order = every.groupby("cppl_person_id")["cppl_cp_plan_start_date"].rank("first").sub(1)
    rows = every[(every["cppl_cp_plan_end_date"] == "") | (every["cppl_cp_plan_end_date"] >= lists.half_year)]
    plan, person = rows["cppl_cp_plan_id"], rows["cppl_person_id"]
    team, worker = lists.holder(person)
    alone = lists.latest("cp_visits", "cppv_cp_plan_id", "cppv_cp_visit_date", plan, "cppv_cp_visit_seen_alone")
    return {
        **lists.who(person),
        "Child Protection Plan Start Date": rows["cppl_cp_plan_start_date"].to_numpy(),
        "Initial Category of Abuse": labelled(rows["cppl_cp_plan_initial_category"], labels.CATEGORIES),
        "Latest Category of Abuse": labelled(rows["cppl_cp_plan_latest_category"], labels.CATEGORIES),
        "Date of the Last Statutory Visit": lists.latest("cp_visits", "cppv_cp_plan_id", "cppv_cp_visit_date", plan),
        "Was the Child Seen Alone?": labelled(alone, labels.DISABLED),
        "Date of latest review conference": lists.latest("cp_reviews", "cppr_cp_plan_id", "cppr_cp_review_date", plan),
        "Child Protection Plan End Date": rows["cppl_cp_plan_end_date"].to_numpy(),
        "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months (Y/N)": np.full(len(rows), "b) No", dtype=object),
        "Number of Previous Child Protection Plans": order.loc[rows.index].astype(int).to_numpy().astype(object),
        "Allocated Team": team,
        "Allocated Worker": worker,
    }


def leaver_list(lists: Lists) -> dict[str, Texts]:
    """List 9."""
    rows = lists.table("care_leavers")
    return {
        **lists.who(rows["clea_person_id"]),
        "Allocated Team": rows["clea_care_leaver_allocated_team"].to_numpy(),
        "Allocated Worker": rows["clea_care_leaver_personal_advisor"].to_numpy(),
        "Eligibility Category": np.full(len(rows), "a) Relevant child", dtype=object),
        "LA in Touch": labelled(rows["clea_care_leaver_in_touch"], {"YES": "a) Yes", "NO": "b) No"}),
        "Type of Accommodation": labelled(rows["clea_care_leaver_accommodation"], labels.HOMES),
        "Suitability of Accommodation": labelled(rows["clea_care_leaver_accom_suitable"], {"1": "a) Suitable", "2": "b) Unsuitable"}),
        "Activity Status": labelled(rows["clea_care_leaver_activity"], labels.ACTIVITIES),
    }
