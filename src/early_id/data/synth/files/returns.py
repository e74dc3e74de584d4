"""Columns that a council's extracts hold for its statutory returns, and which the shipped mappings do not read.

The children in need census asks for a case with its dates, source, need and reasons; the return on looked-after children repeats
the birth date beside every event; the school census compares with last year. Several of the 25 faults of the data standards
live in these columns, so they are made here, free of faults, from the records as they stand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.population.identifiers import PSEUDO_COUNCIL
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline, as_date

LAST_YEAR = "education/pupils_last_year.csv"
#: Source of a referral (Standard Safeguarding Dataset) by the words of the contact list; stepped up from early help: LA services.
REFERRAL_SOURCES = {"school": "2A", "police": "6", "health": "3A", "family": "1A", "housing": "4", "other": "8"}
STEPPED_UP = "5A"
#: Primary need at assessment: shares made up, with abuse or neglect in more than half, as in the children in need census.
PRIMARY_NEEDS = {"N1": 0.57, "N2": 0.09, "N3": 0.03, "N4": 0.09, "N5": 0.13, "N6": 0.03, "N7": 0.01, "N8": 0.05}
#: Share of children in need with a disability, and their number of codes (made up: one in four has two).
DISABLED, SECOND_CODE = 0.13, 0.25
DISABILITIES = ("MOB", "HAND", "PC", "COMM", "LD", "HEAR", "VIS", "BEH", "CON", "AUT", "DDA")
#: Why no UPN is held: not yet at school; records cannot be matched with certainty (903 guide, UN1 and UN5).
NOT_AT_SCHOOL, NO_MATCH = "UN1", "UN5"
#: A CIN plan begins this many days after the status, and ends before a child protection plan begins.
PLAN_AFTER = 7


def add_return_columns(tables: Tables, seeds: Seeds, timeline: Timeline) -> Tables:
    """The same tables with the columns for returns; draws nothing that another step draws.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The extracts, dates as text in the style of their file.

    Returns
    -------
    dict of str to DataFrame
        New frames where a column was added.
    """
    out = dict(tables)
    out["education/schools.xlsx"] = _with(tables["education/schools.xlsx"], LAESTAB=_school_number(tables["education/schools.xlsx"]["SchoolID"]))
    out["education/enrolments.csv"] = _with(
        tables["education/enrolments.csv"], LAESTAB=_school_number(tables["education/enrolments.csv"]["SchoolID"])
    )
    out["education/pupils.csv"] = _with(tables["education/pupils.csv"], UPNUnknown=_no_upn(tables["education/pupils.csv"], timeline))
    people = tables["socialcare/people.csv"]
    out["socialcare/people.csv"] = _with(
        people,
        LAChildID=people["PersonID"],
        UPNUnknown=_no_upn(people, timeline),
        ExpectedDOB="",
        DeathDate="",
        Disability=_disabilities(len(people), seeds.rng("disabilities of return")),
    )
    out["socialcare/statutory.csv"] = _cases(tables, seeds.rng("cases of return"), timeline)
    missing = tables["police/missing.csv"]
    out["police/missing.csv"] = _with(missing, DOB=_births(missing, tables["police/people.csv"]))
    return out


def last_year_list(pupils: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """UPN and ethnicity of the pupils who were on the list a year ago, as they were held then."""
    before = pd.Timestamp(as_date(timeline.extracted - 365))
    listed = pd.to_datetime(pupils["RecordedOn"], format="%d/%m/%Y", errors="coerce") <= before
    return pupils.loc[listed, ["PupilID", "UPN", "Ethnicity"]].reset_index(drop=True)


def _with(table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    return table.assign(**columns)


def _school_number(school: pd.Series) -> pd.Series:
    """Authority and establishment, seven digits; the pseudo authority begins with a nought."""
    return PSEUDO_COUNCIL + school.str[1:].str.zfill(4)


def _no_upn(people: pd.DataFrame, timeline: Timeline) -> npt.NDArray[np.object_]:
    """The reason for having no UPN, where there is none."""
    born = pd.to_datetime(people["DOB"], format="%d/%m/%Y", errors="coerce")
    young = born > pd.Timestamp(as_date(timeline.extracted - int(5 * 365.25)))
    return np.where(people["UPN"] != "", "", np.where(young, NOT_AT_SCHOOL, NO_MATCH)).astype(object)


def _disabilities(count: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """Codes of the children in need census, several with commas; NONE stands alone."""
    codes = np.array(DISABILITIES, dtype=object)
    first = rng.integers(0, len(codes), count)
    second = (first + rng.integers(1, len(codes), count)) % len(codes)
    both = codes[first] + "," + codes[second]
    some = np.where(rng.random(count) < SECOND_CODE, both, codes[first])
    return np.where(rng.random(count) < DISABLED, some, "NONE").astype(object)


def _births(events: pd.DataFrame, people: pd.DataFrame) -> npt.NDArray[np.object_]:
    held = people.drop_duplicates("PersonID").set_index("PersonID")["DOB"]
    return events["PersonID"].map(held).fillna("").to_numpy(dtype=object)


def _cases(tables: Tables, rng: np.random.Generator, timeline: Timeline) -> pd.DataFrame:
    """Statutory statuses with their case: what follows a referral, up to the child's next one, belongs to it."""
    table = tables["socialcare/statutory.csv"].reset_index(drop=True)
    refers = table["Status"] == "REFERRAL"
    order = table.assign(later=~refers).sort_values(["PersonID", "StartOn", "later"], kind="stable").index
    number = refers.loc[order].groupby(table.loc[order, "PersonID"]).cumsum().reindex(table.index)
    case = np.where(number > 0, table["PersonID"] + "R" + number.astype(str), "").astype(object)
    open_ = (table["EndOn"] == "").groupby(case).transform("any").to_numpy(dtype=bool)
    closed = np.where(open_, "", table["EndOn"].groupby(case).transform("max"))
    alone = pd.Series(case).groupby(case).transform("size").to_numpy() == 1
    no_action, assessed = (refers & (table["Outcome"] == outcome) for outcome in ("nfa", "assessed"))
    draw = rng.random(len(table))
    reason = np.select([no_action, alone], ["RC8", np.where(draw < 0.7, "RC8", "RC9")], np.where(draw < 0.93, "RC7", "RC5"))
    needs = np.array(list(PRIMARY_NEEDS), dtype=object)
    need = needs[np.searchsorted(np.cumsum(list(PRIMARY_NEEDS.values()))[:-1], rng.random(len(table)))]
    return _with(
        table,
        ReferralID=case,
        DOB=_births(table, tables["socialcare/people.csv"]),
        CaseClosedOn=np.where(refers, closed, ""),
        CloseReason=np.where(refers & (closed != ""), reason, ""),
        PrimaryNeed=np.where(assessed, need, ""),
        ReferralSource=np.where(refers, _referral_sources(table, tables["socialcare/contacts.csv"]), ""),
        ReferralNFA=np.select([no_action, assessed], ["Y", "N"], ""),  # open: not known yet
        **_plans(table, timeline),
    )


def _referral_sources(table: pd.DataFrame, contacts: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The code of who made the contact of the same day; a referral without one was stepped up from early help."""
    made = contacts.drop_duplicates(["PersonID", "ContactDate"])
    words = pd.Series(made["Source"].map(REFERRAL_SOURCES).to_numpy(dtype=object), index=pd.MultiIndex.from_frame(made[["PersonID", "ContactDate"]]))
    found = words.reindex(pd.MultiIndex.from_frame(table[["PersonID", "StartOn"]]))
    return found.fillna(STEPPED_UP).to_numpy(dtype=object)


def _plans(table: pd.DataFrame, timeline: Timeline) -> dict[str, npt.NDArray[np.object_]]:
    """CIN plans: within the status, and over before a child protection plan of the child begins."""
    need = (table["Status"] == "CIN").to_numpy()
    start = pd.to_datetime(table["StartOn"], format="%Y-%m-%d", errors="coerce") + pd.Timedelta(days=PLAN_AFTER)
    end = pd.to_datetime(table["EndOn"], format="%Y-%m-%d", errors="coerce")
    protected = table[table["Status"] == "CPP"][["PersonID", "StartOn"]].assign(from_on=lambda rows: pd.to_datetime(rows["StartOn"]))
    pairs = table[["PersonID"]].assign(line=np.arange(len(table)), start=start)[need].merge(protected, on="PersonID")
    pairs = pairs[pairs["from_on"] > pairs["start"]]
    before = (pairs.groupby("line")["from_on"].min() - pd.Timedelta(days=1)).reindex(np.arange(len(table)))
    stop = pd.Series(np.fmin(end.to_numpy(), before.to_numpy()))
    lasts = need & ~(stop.to_numpy() <= start.to_numpy()) & (start < pd.Timestamp(as_date(timeline.extracted))).to_numpy()
    texts = {name: days.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object) for name, days in (("PlanStartOn", start), ("PlanEndOn", stop))}
    return {name: np.where(lasts, text, "").astype(object) for name, text in texts.items()}
