"""Rules for what services hold: missing episodes, factors, contacts, early help, statutory work, households, notices."""

from __future__ import annotations

from early_id.core.types import Severity
from early_id.data.rules.declare import Rule
from early_id.data.rules.sql import PERSON, age, running, unknown

_E, _Q = Severity.ERROR, Severity.QUERY
_MISSING, _FACTOR, _CONTACT, _HELP = ("missing_episodes",), ("household_factors",), ("contacts",), ("early_help",)
_STATUS, _HOME, _NOTICE = ("statutory",), ("household_members",), ("notifications",)
_FOR_EVER = "DATE '9999-12-31'"
_REFERRAL_SOURCES = "'[1][A-D]|2[AB]|3[A-F]|4|5[A-D]|6|7|8|9|10'"
_CODED = f"regexp_full_match(contact_source, {_REFERRAL_SOURCES})"
#: The last start within a case of which this row is the referral.
_LAST_OF_CASE = "max(start_on) OVER (PARTITION BY source, source_person_id, referral_id)"

RULES: tuple[Rule, ...] = (
    Rule("MIS001", _E, _MISSING, unknown("type", "missing_type"), "The type of a missing episode is not M or A.",
         "Map the words of the case system to M or A in the shape under 'values'.", "903V 1006", number=24, blames=("type",)),
    Rule("MIS002", _Q, _MISSING, "ended_at > received_on + INTERVAL 2 DAY", "A missing episode ends after the extract was made.",
         "Check the year of the end.", "903V 570, 571", number=24, blames=("ended_at",)),
    Rule("MIS003", _Q, _MISSING,
         f"ended_at IS NOT NULL AND started_at < max(ended_at) OVER (PARTITION BY {PERSON} ORDER BY started_at, file, row "
         "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
         "A missing episode begins while an earlier one runs.", "Ask which times hold; episodes that overlap are counted as they stand.", "903V 574", "records", number=25),
    Rule("MIS004", _Q, _MISSING, f"ended_at IS NULL AND started_at < max(started_at) OVER (PARTITION BY {PERSON})",
         "A missing episode has no end, though a later one began.", "Ask for the time of return.", "903V 575, 576, 577", "records", number=25),
    Rule("MIS005", _Q, _MISSING, "ended_at > started_at + INTERVAL 365 DAY AND ended_at <= received_on + INTERVAL 2 DAY",
         "A missing episode lasted more than a year.", "Check both times at the source.", "903V 575", blames=("started_at", "ended_at")),
    Rule("MIS006", _Q, _MISSING, "interview_offered IS NOT NULL AND upper(interview_offered) NOT IN ('Y', 'N', 'NA')",
         "Whether a return interview was offered is not Y, N or NA.", "Map it in the shape under 'values'.", "data standards, 3", blames=("interview_offered",)),
    Rule("MIS007", _Q, _MISSING, f"ended_at IS NULL AND {age(18, 'received_on')}", "A missing episode is still open after the 18th birthday.",
         "Ask for the end: an episode closes at 18 at the latest.", "data standards, 3", number=25, blames=("ended_at",)),
    Rule("FAC001", _E, _FACTOR, unknown("factor", "household_factor"),
         "The factor is not in the code list.", "Correct the export, or declare the factor in an extension.", blames=("factor",)),
    Rule("FAC002", _Q, _FACTOR, f"factor = '21' AND min(factor) OVER (PARTITION BY {PERSON}, happened_on) <> max(factor) OVER (PARTITION BY {PERSON}, happened_on)",
         "Factor 21 (none found) stands beside another of the same assessment.", "Ask which holds; 21 has to stand alone.", "CINV 8869", "records", number=22),
    Rule("FAC003", _Q, _FACTOR, "factor IN ('18A', '19A')", "The factor was withdrawn.",
         "Ask for the current code (18B, 18C, 19B, 19C).", "CINV 8945Q, 8950Q", number=22, blames=("factor",)),
    Rule("STA001", _E, _STATUS, unknown("status", "statutory_status"),
         "The statutory status is not known.", "Map the local name to a status in the shape under 'values'.", blames=("status",)),
    Rule("STA002", _Q, _STATUS, "status = 'REFERRAL' AND case_closed_on < start_on", "A case was closed before it was referred.",
         "Check both dates at the source; dates are never swapped here.", "CINV 8630", needs=("case_closed_on",), number=14, blames=("case_closed_on",)),
    Rule("STA003", _Q, _STATUS, "status = 'REFERRAL' AND (case_closed_on IS NULL) <> (close_reason IS NULL)",
         "A case is closed without a reason, or has a reason and no date.", "Complete it: a reason without a date cannot close a case.", "CINV 8805, 8810",
         needs=("case_closed_on", "close_reason"), number=15, blames=("case_closed_on", "close_reason")),
    Rule("STA004", _Q, _STATUS,
         f"status = 'REFERRAL' AND referral_id IS NOT NULL AND case_closed_on >= start_on AND {_LAST_OF_CASE} > case_closed_on",
         "Something began in a case after it was closed.", "The closing date cannot be relied on; the child counts as open from the later date.",
         "CINV 8565", "records", needs=("referral_id", "case_closed_on"), number=16),
    Rule("STA005", _Q, _STATUS, f"status = 'CIN' AND {running('start_on', 'end_on', f'{PERSON}, status')}", "A child has two child in need episodes at once.",
         "Ask for the end of the earlier one; the child counts as open while either is.", "CINV 8815, 8816", "records", number=18),
    Rule("STA006", _Q, _STATUS,
         "status = 'CIN' AND plan_start_on IS NOT NULL AND EXISTS (SELECT 1 FROM {records} AS o WHERE o.source = s.source "
         "AND o.source_person_id = s.source_person_id AND o.status = 'CPP' "
         f"AND o.start_on <= coalesce(s.plan_end_on, {_FOR_EVER}) AND coalesce(o.end_on, {_FOR_EVER}) >= s.plan_start_on)",
         "A child in need plan runs while a child protection plan does.", "Ask for the end of the first; the protection plan counts.", "CINV 4001", "records",
         needs=("plan_start_on", "plan_end_on"), number=19),
    Rule("STA007", _Q, _STATUS, f"status = 'CPP' AND {running('start_on', 'end_on', f'{PERSON}, status')}", "A child has two child protection plans at once.",
         "Ask for the end of the earlier one; the child counts as open while either is.", "CINV 8935", "records", number=20),
    Rule("STA008", _Q, _STATUS, "status = 'REFERRAL' AND (referral_source IS NULL OR (primary_need IS NULL AND NOT referral_nfa))",
         "The source of a referral is missing, or its primary need though it led to work.", "Complete it; both are sparse on referrals without further action.",
         "CINV 8610, 8866", needs=("referral_source", "primary_need", "referral_nfa"), number=21, blames=("referral_source", "primary_need")),
    Rule("STA009", _Q, _STATUS, "status = 'REFERRAL' AND referral_nfa AND outcome = 'assessed'",
         "A referral marked 'no further action' was worked on.", "Ask which holds; the child counts as open by what was done.", "CINV 8831",
         needs=("referral_nfa",), number=23, blames=("referral_nfa", "outcome")),
    Rule("STA010", _Q, _STATUS, "outcome_on < start_on", "An outcome is dated before the status began.", "Check both dates at the source.", blames=("outcome_on",)),
    Rule("STA011", _Q, _STATUS, "outcome IS NULL AND outcome_on IS NOT NULL", "An outcome has a date and no content.", "Complete the outcome.", blames=("outcome",),
         needs=("outcome", "outcome_on")),
    Rule("STA012", _Q, _STATUS, f"status = 'CARE_LEAVER' AND NOT {age(15, 'start_on')}", "A care leaver is under 15.", "Check the status and the date of birth.",
         "data standards, 5.1", blames=("status", "start_on")),
    Rule("STA013", _Q, _STATUS, f"status IN ('CLA', 'CPP', 'CIN', 'S47', 'REFERRAL') AND end_on IS NULL AND {age(19, 'received_on')}",
         "A status of childhood is still open for somebody of 19 or more.", "Ask for the end.", "data standards, 5.1", blames=("end_on",)),
    Rule("STA014", _Q, _STATUS, "status = 'S47' AND end_on IS NULL AND start_on < received_on - 365", "A section 47 enquiry has been open for more than a year.",
         "Ask for its end: an enquiry takes weeks.", "data standards, 5.1", blames=("end_on",)),
    Rule("STA015", _Q, _STATUS, f"status = 'CLA' AND {running('start_on', 'end_on', f'{PERSON}, status')}", "A child is looked after twice at once.",
         "Ask for the end of the earlier episode; the child counts as looked after while either runs.", "data standards, 5.1", "records"),
    Rule("STA016", _Q, _STATUS, "primary_need IS NOT NULL AND NOT regexp_full_match(primary_need, 'N[0-9]')", "The primary need is not in the code list.",
         "Use N0 to N9.", "data standards, 4.2", needs=("primary_need",), blames=("primary_need",)),
    Rule("STA017", _Q, _STATUS, "close_reason IS NOT NULL AND NOT regexp_full_match(close_reason, 'RC[1-9]')", "The reason for closing is not in the code list.",
         "Use RC1 to RC9.", "data standards, 4.2", needs=("close_reason",), blames=("close_reason",)),
    Rule("STA018", _Q, _STATUS, f"referral_source IS NOT NULL AND NOT regexp_full_match(referral_source, {_REFERRAL_SOURCES})",
         "The source of a referral is not in the code list.", "Use the codes of the census, 1A to 10.", "data standards, 4.2", needs=("referral_source",), blames=("referral_source",)),
    Rule("CON001", _Q, _CONTACT, "outcome_on < contact_on", "The outcome of a contact is dated before the contact.", "Check both dates at the source.", blames=("outcome_on",)),
    Rule("CON002", _Q, _CONTACT, "outcome IS NULL AND outcome_on IS NOT NULL", "The outcome of a contact has a date and no content.", "Complete the outcome.",
         needs=("outcome", "outcome_on"), blames=("outcome",)),
    Rule("CON003", _Q, _CONTACT, f"{_CODED} AND bool_or(NOT {_CODED}) OVER (PARTITION BY file)", "Who made a contact is written in two lists of codes in one file.",
         "Ask since when the list changed, and map the older words in the shape under 'values': until then the same source counts as two.",
         "data standards, 7.2 (meanings change)", blames=("contact_source",)),
    Rule("CON004", _Q, _CONTACT, "contact_source IS NULL", "It is not said who made a contact.", "Complete it: urgent contacts are known by it.", "CINV 8866",
         needs=("contact_source",), blames=("contact_source",)),
    Rule("EHP001", _Q, _HELP, unknown("response", "early_help_response"),
         "The family's answer is not one of accepted, not_now, no_contact.", "Map it in the shape under 'values'.", blames=("response",)),
    Rule("EHP002", _Q, _HELP, unknown("end_reason", "early_help_end"), "The reason why early help ended is not in the code list.",
         "Map it in the shape under 'values': to 'family withdrew' where the family wished it to end, so that it can never count against them.", blames=("end_reason",)),
    Rule("EHP003", _Q, _HELP, "end_on < coalesce(start_on, offered_on)", "Help ended before it began.", "Check both dates at the source.", blames=("start_on", "end_on")),
    Rule("EHP004", _Q, _HELP, "start_on < offered_on", "Help began before it was offered.", "Check both dates at the source.", blames=("start_on",)),
    Rule("EHP005", _Q, _HELP, "response IN ('not_now', 'no_contact') AND start_on IS NOT NULL", "Help began though the family had not accepted.",
         "Ask for the family's answer: help rests on their wish.", "design (help is voluntary)", blames=("response", "start_on")),
    Rule("EHP006", _Q, _HELP, "end_reason IS NOT NULL AND end_on IS NULL", "A reason for the end is given and no date.", "Ask for the date.",
         needs=("end_reason", "end_on"), blames=("end_on", "end_reason")),
    Rule("EHP007", _Q, _HELP, "reviewed_on < coalesce(start_on, offered_on)", "A review is dated before help began.", "Check both dates at the source.",
         blames=("reviewed_on",)),
    Rule("EHP008", _Q, _HELP, "plan_on < offered_on OR assessed_on < offered_on - 365", "A plan is dated before the offer, or an assessment more than a year before it.",
         "Check the dates at the source.", blames=("plan_on", "assessed_on")),
    Rule("NOT001", _Q, _NOTICE, unknown("kind", "notification_kind"),
         "The kind of notice is not known.", "Map it in the shape under 'values'; it is kept but counted nowhere.", blames=("kind",)),
    Rule("NOT002", _Q, _NOTICE, "stated_recorded < happened_on", "A notice was recorded before the day it is about.", "Check both dates at the source.", blames=("happened_on",)),
    Rule("HHM001", _Q, _HOME, unknown("role", "household_role"),
         "The role in the household is not known.", "Map it in the shape under 'values'.", blames=("role",)),
    Rule("HHM002", _Q, _HOME, f"role = 'parent' AND NOT {age(12, 'from_on')}", "A parent or carer of the household is under 12.", "Check the role.", blames=("role",)),
    Rule("HHM003", _Q, _HOME, f"role = 'child' AND {age(25, 'from_on')}", "A child of the household is 25 or more.", "Check the role and the date of birth.", blames=("role",)),
)  # fmt: skip
