"""The canonical tables. Names follow the Standard Safeguarding Dataset and the school census where they exist."""

from __future__ import annotations

from early_id.core.types import SharingClass, Usage
from early_id.schema.columns import PROVISIONAL, Column, Table
from early_id.schema.conditions import all_of, isin, not_
from early_id.schema.related import RELATED

_A, _N, _R = Usage.AUDIT_ONLY, Usage.NEVER, Usage.REMOVE_ONLY


def _c(name: str, type: str = "text", label: str = "", **more: object) -> Column:
    return Column(name, type, label, **more)  # type: ignore[arg-type]


_TABLES = (
    Table(
        "pupils",
        "People as each source knows them",
        (
            _c("upn", label="Unique pupil number", usage=_N),
            _c("nhs_number", label="NHS number", usage=_N),
            _c("forename", label="Forename", usage=_N),
            _c("surname", label="Surname", usage=_N),
            _c("birth_date", "date", "Date of birth", required=True, usage=_A, note="age is a baseline and an audit group, not a feature"),
            _c("sex", label="Sex", usage=_N, codes="sex"),
            _c("ethnicity", label="Ethnic group", usage=_N, codes="ethnicity"),
            _c("first_language", label="First language", usage=_N, note="ENG, OTH or empty"),
            _c("sen_provision", label="SEN provision", usage=_A, codes="sen_provision", note="a feature only by a recorded board decision"),
            _c("sen_need", label="Primary SEN need", usage=_A, codes="sen_need"),
            _c("disability", "yes_no", "Disability recorded", usage=_A),
            _c("fsm", "yes_no", "Free school meals", usage=_A, note="changes meaning in September 2026"),
            _c("fsm_ever6", "yes_no", "Free school meals in six years", usage=_A),
            _c("idaci_decile", "integer", "Deprivation decile of the home area, 1 most deprived", usage=_A),
            _c("young_carer", label="Young carer (N not declared, P by parent, S by school)", usage=_A, note="N is unknown, not no"),
            _c("postcode", label="Postcode", usage=_N),
            _c("uprn", label="Property number", usage=_N),
            _c("died_on", "date", "Date of death", usage=_R),
            _c("recorded_on", "date", "First recorded", usage=_N),
        ),
        happened="recorded_on",
        key=(),
        later={"died_on": ()},
        sharing=SharingClass.SCHOOL,
    ),
    Table(
        "enrolments",
        "Spells on a school roll",
        (
            _c("school_id", label="School", usage=_N, required=True),
            _c("start_on", "date", "On roll from", required=True),
            _c("end_on", "date", "On roll until"),
            _c("nc_year", label="National curriculum year", note="R, 1 to 14"),
            _c("leaving_reason", label="Leaving reason"),
            _c("part_time", "yes_no", "Part time"),
        ),
        happened="start_on",
        key=("school_id", "start_on"),
        later={"end_on": ("leaving_reason",)},
        ends="end_on",
        sharing=SharingClass.SCHOOL,
    ),
    Table(
        "schools",
        "Schools, with hub and area",
        (
            _c("school_id", label="School", usage=_N, required=True),
            _c("name", label="Name", usage=_N, required=True),
            _c("phase", label="Phase", usage=_A),
            _c("hub_id", label="Hub", usage=_N, required=True),
            _c("hub_name", label="Hub name", usage=_N),
            _c("area_id", label="Area", usage=_N),
            _c("lead_contact", label="Named lead", usage=_N),
        ),
        key=("school_id",),
        has_person=False,
        sharing=SharingClass.SCHOOL,
    ),
    Table(
        "attendance",
        "Session marks",
        (
            _c("school_id", label="School", usage=_N, required=True),
            _c("date", "date", "Date", required=True),
            _c("session", label="Session", codes="session", required=True),
            _c("code", label="Mark", codes="attendance", required=True),
        ),
        happened="date",
        key=("school_id", "date", "session"),
        covered_by="rows",
        provisional=("code", PROVISIONAL),
        sharing=SharingClass.SCHOOL,
    ),
    Table(
        "suspensions",
        "Suspensions and permanent exclusions",
        (
            _c("school_id", label="School", usage=_N, required=True),
            _c("start_on", "date", "First day", required=True),
            _c("sessions", "integer", "Sessions lost (a day is two)"),
            _c("category", label="Category", codes="suspension_category", required=True),
            _c("reason_1", label="First reason", codes="suspension_reasons"),
            _c("reason_2", label="Second reason", codes="suspension_reasons"),
            _c("reason_3", label="Third reason", codes="suspension_reasons"),
        ),
        happened="start_on",
        key=("school_id", "start_on", "category"),
        covered_by="roll",
        sharing=SharingClass.SCHOOL,
    ),
    Table(
        "missing_episodes",
        "Missing episodes",
        (
            _c("started_at", "timestamp", "Missing from", required=True),
            _c("ended_at", "timestamp", "Found or returned"),
            _c("type", label="Type", codes="missing_type", required=True),
            _c("interview_offered", label="Return interview offered", usage=_R, note="known only after the event"),
        ),
        happened="started_at",
        key=("started_at",),
        later={"ended_at": ("interview_offered",)},
        ends="ended_at",
        sharing=SharingClass.POLICE,
    ),
    Table(
        "education_status",
        "Education other than at school",
        (
            _c("status", label="Status", codes="education_status", required=True),
            _c("start_on", "date", "From", required=True),
            _c("end_on", "date", "Until"),
        ),
        happened="start_on",
        key=("status", "start_on"),
        later={"end_on": ()},
        ends="end_on",
        sharing=SharingClass.EDUCATION,
    ),
    Table(
        "household_members",
        "Who lives in which household",
        (
            _c("household_id", label="Household", usage=_N, required=True),
            _c("role", label="Role", codes="household_role", required=True),
            _c("from_on", "date", "From", required=True),
            _c("to_on", "date", "Until"),
            _c("evidence", label="Evidence", usage=_N),
            _c("safe_to_contact", "yes_no", "Safe to contact", usage=_R),
            _c("protected_address", "yes_no", "Address is protected", usage=_R),
            _c("no_joint_contact", "yes_no", "Adults must not be contacted together", usage=_R),
        ),
        happened="from_on",
        key=("household_id", "from_on"),
        later={"to_on": ()},
        ends="to_on",
        sharing=SharingClass.HOUSING_FINANCE,
    ),
    Table(
        "household_factors",
        "Factors known about child and household",
        (
            _c("factor", label="Factor", codes="household_factor", required=True),
            _c("happened_on", "date", "Recorded (assessment authorised)", required=True),
            _c("ended_on", "date", "Ended"),
            _c("recorded_by", label="Who recorded it", codes="recorder", note="empty: not said"),
        ),
        happened="happened_on",
        key=("factor", "happened_on"),
        later={"ended_on": ()},
        ends="ended_on",
        sharing=SharingClass.SOCIAL_CARE,
        also_held_by=(SharingClass.HOUSING_FINANCE,),
        note="factors exist only for children who were assessed",
        kind="factor",
    ),
    Table(
        "notifications",
        "Notices from other agencies",
        (
            _c("kind", label="Kind", codes="notification_kind", required=True),
            _c("happened_on", "date", "Date", required=True),
        ),
        happened="happened_on",
        key=("kind", "happened_on"),
        sharing=SharingClass.POLICE,
        also_held_by=(SharingClass.HEALTH, SharingClass.SOCIAL_CARE),
        kind="kind",
    ),
    Table(
        "contacts",
        "Contacts with the front door",
        (
            _c("contact_on", "date", "Date of contact", required=True),
            _c("contact_source", label="Who made contact"),
            _c("need", label="Main need as recorded", usage=_R, note="for follow-up only"),
            _c("outcome", label="Outcome", usage=_R),
            _c("outcome_on", "date", "Date of outcome", usage=_R),
        ),
        happened="contact_on",
        key=("contact_on", "contact_source"),
        later={"outcome_on": ("outcome",)},
        sharing=SharingClass.SOCIAL_CARE,
    ),
    Table(
        "early_help",
        "Early help offered, and the family's answer",
        (
            _c("offered_on", "date", "Offered", required=True),
            _c("response", label="The family's answer", codes="early_help_response", usage=_N, note="a refusal is never held against a family"),
            _c("start_on", "date", "Help began", usage=_R),
            _c("end_on", "date", "Help ended", usage=_R),
            _c("end_reason", label="Why it ended", codes="early_help_end", note="a family's wish to end it is never held against it"),
            _c("lead_role", label="Lead practitioner's role", usage=_R),
            _c("assessed_on", "date", "Whole-family assessment", usage=_R),
            _c("plan_on", "date", "Plan agreed", usage=_R),
            _c("child_view_recorded", "yes_no", "Child's view recorded", usage=_R),
            _c("review_due_on", "date", "Review due", usage=_R),
            _c("reviewed_on", "date", "Reviewed", usage=_R),
        ),
        happened="offered_on",
        key=("offered_on",),
        later={
            "start_on": ("lead_role",),
            "assessed_on": (),
            "plan_on": ("child_view_recorded", "review_due_on"),
            "reviewed_on": (),
            "end_on": ("end_reason",),
        },
        ends="end_on",
        sharing=SharingClass.SOCIAL_CARE,
        # A refusal, and help that the family wished to end, leave no trace in any feature: not even by a row that is missing (design, section 2.8).
        shown=all_of(isin("response", {"accepted"}), not_(isin("end_reason", {"family withdrew"}))),
    ),
    Table(
        "statutory",
        "Statutory status",
        (
            _c("status", label="Status", codes="statutory_status", required=True, usage=_R),
            _c("start_on", "date", "From", required=True, usage=_R),
            _c("end_on", "date", "Until", usage=_R),
            _c("outcome", label="Outcome", usage=_R),
            _c("outcome_on", "date", "Date of outcome", usage=_R),
            _c("other_la", "yes_no", "Held by another authority", usage=_R),
        ),
        happened="start_on",
        key=("status", "start_on"),
        later={"end_on": (), "outcome_on": ("outcome",)},
        ends="end_on",
        sharing=SharingClass.SOCIAL_CARE,
    ),
    Table(
        "wishes",
        "Wishes of families not to be approached by way of a list, and objections",
        (
            _c("kind", label="Kind", codes="wish_kind", required=True, usage=_R),
            _c("from_on", "date", "Recorded", required=True, usage=_R),
            _c("until_on", "date", "Holds until", usage=_R, note="empty: until it is taken back"),
        ),
        happened="from_on",
        key=("kind", "from_on"),
        sharing=SharingClass.SOCIAL_CARE,
        note="a family's answer to an offer of help belongs to early_help, and never here",
    ),
    *RELATED,
)

CANONICAL: dict[str, Table] = {table.name: table for table in _TABLES}

#: Lists that are compared with what is held, when they are taken in, and never stored.
COMPARED: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "pupils_last_year",
            "Numbers and ethnic groups as they were held a year ago",
            (_c("upn", label="Unique pupil number", usage=_N), _c("ethnicity", label="Ethnic group", usage=_N, codes="ethnicity")),
            sharing=SharingClass.SCHOOL,
            stored=False,
        ),
        Table(
            "attendance_totals",
            "Sessions of a pupil in a period, as a return adds them up",
            (
                _c("school_id", label="School", usage=_N, required=True),
                _c("from_on", "date", "First day", required=True),
                _c("to_on", "date", "Last day", required=True),
                _c("possible", "integer", "Sessions possible", required=True),
                _c("attended", "integer", "Sessions attended", required=True),
                _c("absent", "integer", "Sessions absent", required=True),
            ),
            happened="from_on",
            key=("school_id", "from_on", "to_on"),
            sharing=SharingClass.SCHOOL,
            stored=False,
        ),
    )
}
