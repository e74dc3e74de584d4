"""Counters of faults in identifiers, people and cases (rules 1 to 23)."""

from __future__ import annotations

import re

import pandas as pd
from mess_files import (
    CONTACTS,
    COUNTERS,
    EARLY_HELP,
    FACTORS,
    INDICATORS,
    MISSING,
    PEOPLE,
    PUPILS,
    STATUTORY,
    Counter,
    Counts,
    Files,
    begins_inside,
    counts,
    day,
    letter,
    rows,
)

from early_id.schema.codes import code_list

FORM = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]")


@rows("upn_check_letter", PUPILS, PEOPLE)
def _upn_letter(table: pd.DataFrame) -> pd.Series:
    return table["UPN"].map(lambda upn: bool(FORM.fullmatch(upn)) and upn[0] != letter(upn[1:]))


@rows("upn_shared", PUPILS)
def _upn_shared(table: pd.DataFrame) -> pd.Series:
    return (table["UPN"] != "") & table["UPN"].duplicated(keep=False)


@rows("upn_unknown_authority", PUPILS, PEOPLE)
def _upn_authority(table: pd.DataFrame) -> pd.Series:
    return table["UPN"].str.slice(1, 4).isin(["999"])


@rows("upn_form", PUPILS)
def _upn_form(table: pd.DataFrame) -> pd.Series:
    return table["UPN"].map(lambda upn: bool(upn) and not FORM.fullmatch(upn))


@rows("upn_and_reason", PUPILS, PEOPLE)
def _upn_and_reason(table: pd.DataFrame) -> pd.Series:
    return (table["UPN"] == "") == (table["UPNUnknown"] == "")


@rows("child_id_characters", PEOPLE)
def _child_id(table: pd.DataFrame) -> pd.Series:
    return ~table["LAChildID"].str.fullmatch("[A-Z0-9]+")


@counts("person_not_listed")
def _not_listed(files: Files) -> Counts:
    lists = {CONTACTS: PEOPLE, EARLY_HELP: PEOPLE, FACTORS: PEOPLE, STATUTORY: PEOPLE, MISSING: "police/people.csv"}
    return {name: int((~files[name]["PersonID"].str.strip().isin(files[listed]["PersonID"])).sum()) for name, listed in lists.items()}


@counts("birth_date_differs")
def _births(files: Files) -> Counts:
    out = {}
    for name, listed in ((STATUTORY, PEOPLE), (MISSING, "police/people.csv")):
        held = files[name]["PersonID"].map(files[listed].drop_duplicates("PersonID").set_index("PersonID")["DOB"]).fillna("")
        out[name] = int(((held != "") & (held != files[name]["DOB"])).sum())
    return out


@counts("value_changed")
def _changed(files: Files) -> Counts:
    name = "education/pupils_last_year.csv"
    both = files[name].merge(files[PUPILS], on="PupilID", suffixes=("", "_now"))
    assert len(both) == len(files[name]) > 200
    return {name: int(((both["UPN"] != both["UPN_now"]) | (both["Ethnicity"] != both["Ethnicity_now"])).sum())}


@rows("ethnicity_code", PUPILS)
def _ethnicity(table: pd.DataFrame) -> pd.Series:
    return ~table["Ethnicity"].isin([*code_list("ethnicity").values(), ""])


@rows("ethnicity_missing", PUPILS)
def _no_ethnicity(table: pd.DataFrame) -> pd.Series:
    return table["Ethnicity"] == ""


@rows("sex_missing", PUPILS, "police/people.csv", PEOPLE, "housing/people.csv")
def _no_sex(table: pd.DataFrame) -> pd.Series:
    return table["Sex"] == ""


@rows("birth_date_missing", PEOPLE)
def _no_birth(table: pd.DataFrame) -> pd.Series:
    return (table["DOB"] == "") & (table["ExpectedDOB"] == "")


@rows("birth_and_expected", PEOPLE)
def _two_births(table: pd.DataFrame) -> pd.Series:
    return (table["DOB"] != "") & (table["ExpectedDOB"] != "")


@rows("death_before_birth", PEOPLE)
def _dead_first(table: pd.DataFrame) -> pd.Series:
    return day(table["DeathDate"]) < day(table["DOB"])


@rows("disability_list", PEOPLE)
def _disability(table: pd.DataFrame) -> pd.Series:
    codes = table["Disability"].str.split(",")
    assert set(codes.explode()) <= set(code_list("cin_disability").values())
    return codes.map(lambda held: len(set(held)) < len(held) or ("NONE" in held and len(held) > 1))


@rows("end_before_start", STATUTORY)
def _ends_first(table: pd.DataFrame) -> pd.Series:
    return (table["EndOn"] != "") & (table["EndOn"] < table["StartOn"])


def _referrals(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["Status"] == "REFERRAL"]


@counts("closed_before_referred")
def _closed_first(files: Files) -> Counts:
    case = _referrals(files[STATUTORY])
    return {STATUTORY: int(((case["CaseClosedOn"] != "") & (case["CaseClosedOn"] < case["StartOn"])).sum())}


@counts("close_reason")
def _close_reason(files: Files) -> Counts:
    case = _referrals(files[STATUTORY])
    return {STATUTORY: int(((case["CaseClosedOn"] == "") != (case["CloseReason"] == "")).sum())}


@counts("activity_after_close")
def _after_close(files: Files) -> Counts:
    table = files[STATUTORY]
    case = _referrals(table)
    case = case[(case["CaseClosedOn"] != "") & (case["CaseClosedOn"] >= case["StartOn"])]
    last = table[table["ReferralID"] != ""].groupby("ReferralID")["StartOn"].max()
    return {STATUTORY: int((case["ReferralID"].map(last) > case["CaseClosedOn"]).sum())}


@counts("event_before_birth")
def _unborn(files: Files) -> Counts:
    born = files[CONTACTS]["PersonID"].map(files[PEOPLE].set_index("PersonID")["DOB"]).fillna("")
    return {CONTACTS: int((day(files[CONTACTS]["ContactDate"]) < day(born)).sum())}


def _two_at_once(status: str) -> Counter:
    def counter(files: Files) -> Counts:
        table = files[STATUTORY][files[STATUTORY]["Status"] == status]
        return {STATUTORY: int(begins_inside(table, "PersonID", day(table["StartOn"]), day(table["EndOn"])).sum())}

    return counter


COUNTERS["two_open_episodes"] = _two_at_once("CIN")
COUNTERS["two_protection_plans"] = _two_at_once("CPP")


@counts("plan_during_protection")
def _plan_in_plan(files: Files) -> Counts:
    table = files[STATUTORY].reset_index()
    plans = table[(table["Status"] == "CIN") & (table["PlanStartOn"] != "")]
    assert len(plans) > 30
    pairs = plans.merge(table[table["Status"] == "CPP"], on="PersonID", suffixes=("", "_cpp"))
    ends, ends_cpp = (pairs[name].where(pairs[name] != "", "9999") for name in ("PlanEndOn", "EndOn_cpp"))
    at_once = (pairs["PlanStartOn"] <= ends_cpp) & (ends >= pairs["StartOn_cpp"])
    return {STATUTORY: pairs.loc[at_once, "index"].nunique()}


@counts("need_or_source_missing")
def _need_or_source(files: Files) -> Counts:
    case = _referrals(files[STATUTORY])
    return {STATUTORY: int(((case["ReferralSource"] == "") | ((case["PrimaryNeed"] == "") & (case["ReferralNFA"] == "N"))).sum())}


@counts("activity_on_no_action")
def _no_action(files: Files) -> Counts:
    case = _referrals(files[STATUTORY])
    return {STATUTORY: int(((case["ReferralNFA"] == "Y") & (case["Outcome"] == "assessed")).sum())}


@rows("factor_none_with_others", FACTORS)
def _none_and_more(table: pd.DataFrame) -> pd.Series:
    factor = table["Factor"].str.strip()
    return (factor == "21") & (factor.groupby([table["PersonID"], table["AssessedOn"]]).transform("nunique") > 1)


@rows("factor_repeated", FACTORS)
def _factor_twice(table: pd.DataFrame) -> pd.Series:
    table = table.assign(Factor=table["Factor"].str.strip()).drop_duplicates()
    return table.duplicated(["PersonID", "Factor", "AssessedOn"])


@rows("factor_withdrawn", FACTORS)
def _withdrawn(table: pd.DataFrame) -> pd.Series:
    return table["Factor"].str.strip().isin(["18A", "19A"])


@rows("factor_unknown", FACTORS, INDICATORS)
def _unknown_factor(table: pd.DataFrame) -> pd.Series:
    return ~table["Factor"].str.strip().isin(code_list("household_factor").values())
