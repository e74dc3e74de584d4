"""The council's records as the tables its agencies would export, still clean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline, day_number

Tables = dict[str, pd.DataFrame]

#: Chance that an agency knows a child's UPN and NHS number: at least one for about 93, 90, 95 and 99 %.
KNOWS = {"social_care": (0.80, 0.70), "police": (0.70, 0.70), "housing": (0.72, 0.85), "health": (0.10, 0.99)}
#: Age in days from which the pupils' list has children who are educated at home.
LISTED_FROM_DAYS = int(5.2 * 365.25)


def british(days: npt.NDArray[np.int64], *, before: int = NEVER) -> npt.NDArray[np.object_]:
    """Days as dd/mm/yyyy; empty from ``before`` on (not yet happened, so not yet recorded)."""
    return _dates(days, "%d/%m/%Y", before)


def iso(days: npt.NDArray[np.int64], *, before: int = NEVER) -> npt.NDArray[np.object_]:
    """Days as yyyy-mm-dd; empty from ``before`` on."""
    return _dates(days, "%Y-%m-%d", before)


def _dates(days: npt.NDArray[np.int64], pattern: str, before: int) -> npt.NDArray[np.object_]:
    values = np.asarray(days, dtype=np.int64)
    unique, where = np.unique(values, return_inverse=True)
    shown = (unique < before) & (np.abs(unique) < NEVER // 2)
    texts = np.full(len(unique), "", dtype=object)
    stamps = pd.to_datetime(unique[shown], unit="D").strftime(pattern)
    texts[shown] = np.asarray(stamps, dtype=object)
    return texts[where]


def education_tables(people: People, rolls: Rolls, suspensions: pd.DataFrame, timeline: Timeline) -> Tables:
    """Pupils, enrolments, schools, suspensions."""
    children, families = people.children, people.families
    spells, schools = rolls.spells, rolls.schools
    cut = timeline.extracted
    enrolled = np.zeros(len(people), dtype=bool)
    enrolled[spells["child"]] = True
    of_age = children["home_educated"].to_numpy() & (children["dob"].to_numpy() < cut - LISTED_FROM_DAYS)
    rows = np.flatnonzero(enrolled | of_age)
    home = children["family"].to_numpy()[rows]
    listed = children.iloc[rows]
    entry = np.array([day_number(pd.Timestamp(int(year), 9, 1).date()) for year in listed["entry_year"]], dtype=np.int64)
    recorded = np.maximum(entry, families["joins"].to_numpy()[home])
    recorded = np.maximum(recorded, listed["dob"].to_numpy() + 1000)
    pupils = pd.DataFrame(
        {
            "PupilID": listed["pupil_id"].to_numpy(),
            "UPN": np.where(enrolled[rows], listed["upn"].to_numpy(), ""),
            "NHSNumber": listed["nhs"].to_numpy(),
            "Forename": listed["forename"].to_numpy(),
            "Surname": families["surname"].to_numpy()[home],
            "DOB": british(listed["dob"].to_numpy()),
            "Sex": np.where(listed["male"].to_numpy(), "M", "F"),
            "Ethnicity": families["ethnicity"].to_numpy()[home],
            "FirstLanguage": families["language"].to_numpy()[home],
            "SENProvision": listed["sen"].to_numpy(),
            "SENNeed": listed["sen_need"].to_numpy(),
            "Disability": listed["disability"].to_numpy(),
            "FSM": listed["fsm"].to_numpy(),
            "FSMEver6": listed["fsm_ever6"].to_numpy(),
            "IDACIDecile": families["idaci"].to_numpy()[home].astype(str),
            "YoungCarer": listed["young_carer"].to_numpy(),
            "Postcode": families["postcode"].to_numpy()[home],
            "UPRN": families["uprn"].to_numpy()[home],
            "RecordedOn": british(recorded),
        }
    )
    ids, school_ids = children["pupil_id"].to_numpy(), schools["school_id"].to_numpy()
    enrolments = pd.DataFrame(
        {
            "PupilID": ids[spells["child"]],
            "SchoolID": school_ids[spells["school"]],
            "Start": british(spells["start"].to_numpy()),
            "End": british(spells["end"].to_numpy(), before=cut),
            "NCYear": np.where(spells["nc"] == 0, "R", spells["nc"].astype(str)),
            "LeavingReason": spells["reason"].to_numpy(),
            "PartTime": "N",
        }
    )
    columns = {
        "school_id": "SchoolID",
        "name": "Name",
        "phase": "Phase",
        "hub_id": "HubID",
        "hub_name": "HubName",
        "area_id": "AreaID",
        "lead_contact": "LeadContact",
    }
    listed_schools = schools[list(columns)].rename(columns=columns)
    rows_s = suspensions[suspensions["start"] < cut - 3]
    suspended = pd.DataFrame(
        {
            "PupilID": ids[rows_s["child"]],
            "SchoolID": school_ids[rows_s["school"]],
            "StartDate": british(rows_s["start"].to_numpy()),
            "Sessions": np.where(rows_s["sessions"] > 0, rows_s["sessions"].astype(str), ""),
            "Category": rows_s["category"].to_numpy(),
            "Reason1": rows_s["reason_1"].to_numpy(),
            "Reason2": rows_s["reason_2"].to_numpy(),
            "Reason3": rows_s["reason_3"].to_numpy(),
        }
    )
    return {
        "education/pupils.csv": pupils,
        "education/enrolments.csv": enrolments,
        "education/schools.xlsx": listed_schools,
        "education/suspensions.xlsx": suspended,
    }


def social_care_tables(people: People, services: Tables, factors: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> Tables:
    """People, factors, contacts, early help, statutory statuses."""
    cut = timeline.extracted
    ids = people.children["social_care_id"].to_numpy()
    contacts = services["contacts"][services["contacts"]["on"] < cut - 1]
    known = contacts["outcome_on"].to_numpy() < cut
    offers = services["early_help"][services["early_help"]["offered"] < cut - 2]
    statuses = services["statutory"][services["statutory"]["start"] < cut - 3]
    factors = factors[factors["on"] < cut - 5]
    began = offers["start"].to_numpy() < cut
    ended = offers["end"].to_numpy() < cut
    answered = (offers["offered"].to_numpy() < cut - 14) | began

    def within(column: str) -> npt.NDArray[np.int64]:
        """A date of the plan that came before help ended; NEVER otherwise."""
        day = offers[column].to_numpy()
        return np.where((day < offers["end"].to_numpy()) & began, day, NEVER)

    tables = {
        "socialcare/factors.csv": pd.DataFrame(
            {
                "PersonID": ids[factors["child"]],
                "Factor": factors["factor"].to_numpy(),
                "AssessedOn": british(factors["on"].to_numpy()),
                "EndedOn": british(factors["ended"].to_numpy(), before=cut),
                "RecordedBy": factors["recorded_by"].to_numpy(),
            }
        ),
        "socialcare/contacts.csv": pd.DataFrame(
            {
                "PersonID": ids[contacts["child"]],
                "ContactDate": iso(contacts["on"].to_numpy()),
                "Source": contacts["source"].to_numpy(),
                "Outcome": np.where(known, contacts["outcome"].to_numpy(), ""),
                "OutcomeDate": iso(contacts["outcome_on"].to_numpy(), before=cut),
            }
        ),
        "socialcare/early_help.csv": pd.DataFrame(
            {
                "PersonID": ids[offers["child"]],
                "OfferedOn": british(offers["offered"].to_numpy()),
                "Response": np.where(answered, offers["response"].to_numpy(), ""),
                "StartOn": british(offers["start"].to_numpy(), before=cut),
                "EndOn": british(offers["end"].to_numpy(), before=cut),
                "EndReason": np.where(ended, offers["end_reason"].to_numpy(), ""),
                "LeadRole": np.where(began, offers["lead_role"].to_numpy(), ""),
                "AssessedOn": british(within("assessed"), before=cut),
                "PlanOn": british(within("plan"), before=cut),
                "ChildViewRecorded": np.where(within("plan") < cut, offers["child_view"].to_numpy(), ""),
                "ReviewDueOn": british(np.where(within("plan") < cut, offers["review_due"].to_numpy(), NEVER)),
                "ReviewedOn": british(within("reviewed"), before=cut),
            }
        ),
        "socialcare/statutory.csv": pd.DataFrame(
            {
                "PersonID": ids[statuses["child"]],
                "Status": statuses["status"].to_numpy(),
                "StartOn": iso(statuses["start"].to_numpy()),
                "EndOn": iso(statuses["end"].to_numpy(), before=cut),
                "Outcome": np.where(statuses["outcome_on"] < cut, statuses["outcome"], ""),
                "OutcomeOn": iso(statuses["outcome_on"].to_numpy(), before=cut),
                "OtherLA": statuses["other_la"].to_numpy(),
            }
        ),
    }
    dated = ((contacts, "on"), (offers, "offered"), (statuses, "start"), (factors, "on"))
    first = pd.concat([frame[["child", day]].set_axis(["child", "day"], axis=1) for frame, day in dated])
    return {"socialcare/people.csv": people_table(people, first, "social_care", "social_care_id", seeds, timeline), **tables}


def police_tables(people: People, missing: pd.DataFrame, notices: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> Tables:
    """People, missing episodes, notices."""
    ids = people.children["police_id"].to_numpy()
    first = pd.concat(
        [missing[["child"]].assign(day=missing["started"] // 86400), notices[["child"]].assign(day=notices["happened"])],
        ignore_index=True,
    )
    stamps = {name: pd.to_datetime(missing[name], unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S") for name in ("started", "ended")}
    return {
        "police/people.csv": people_table(people, first, "police", "police_id", seeds, timeline),
        "police/missing.csv": pd.DataFrame(
            {
                "PersonID": ids[missing["child"]],
                "StartedAt": stamps["started"].to_numpy(dtype=object),
                "EndedAt": np.where(missing["ended"] < 0, "", stamps["ended"].to_numpy(dtype=object)),
                "Type": missing["type"].to_numpy(),
                "InterviewOffered": missing["offered"].to_numpy(),
            }
        ),
        "police/notifications.parquet": pd.DataFrame(
            {
                "PersonID": ids[notices["child"]],
                "Kind": notices["kind"].to_numpy(),
                "HappenedOn": iso(notices["happened"].to_numpy()),
                "RecordedOn": iso(notices["recorded"].to_numpy()),
            }
        ),
    }


def people_table(people: People, first: pd.DataFrame, agency: str, id_column: str, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """An agency's own list of the people it holds records of, with the ids it happens to know."""
    rng = seeds.rng(f"ids known to {agency}")
    day = first.groupby("child")["day"].min()
    rows = day.index.to_numpy()
    children = people.children
    knows_upn, knows_nhs = (rng.random(len(people))[rows] < share for share in KNOWS[agency])
    at_school = children["entry_year"].to_numpy()[rows] <= timeline.years[-1].first_year
    return pd.DataFrame(
        {
            "PersonID": children[id_column].to_numpy()[rows],
            "UPN": np.where(knows_upn & at_school & ~children["home_educated"].to_numpy()[rows], children["upn"].to_numpy()[rows], ""),
            "NHSNumber": np.where(knows_nhs, children["nhs"].to_numpy()[rows], ""),
            "Forename": children["forename"].to_numpy()[rows],
            "Surname": people.families["surname"].to_numpy()[children["family"].to_numpy()[rows]],
            "DOB": british(children["dob"].to_numpy()[rows]),
            "Sex": np.where(children["male"].to_numpy()[rows], "M", "F"),
            "RecordedOn": british(day.to_numpy()),
        }
    )
