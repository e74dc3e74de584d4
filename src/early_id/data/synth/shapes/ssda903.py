"""The looked-after children return (SSDA903) as CSV: header, episodes, missing, reviews, outcomes, care leavers, social workers.

One year to 31 March; dates as dd/mm/yyyy; sex 1 or 2. Headings: Department for Education, as read by
data-to-insight/csc-validator-be-903.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.data.synth.shapes.care import care_episodes, care_table, day_text
from early_id.data.synth.shapes.cases import make_cases
from early_id.data.synth.shapes.cin_census import return_year
from early_id.data.synth.shapes.dates import BRITISH, Dates, Ints, Texts, written
from early_id.data.synth.shapes.extra import Extra, pick
from early_id.data.synth.shapes.records import FACTORS, MISSING, PEOPLE, STATUTORY, Records
from early_id.data.synth.shapes.recurring import CLA_REVIEWS, recurring
from early_id.data.synth.shapes.ssd_care import LEAVER_ACTIVITY
from early_id.data.synth.shapes.ssd_people import ethnicity_and_more, known_upn
from early_id.data.synth.shapes.ssd_services import social_care_ids
from early_id.data.synth.timeline import NEVER

HEADINGS: dict[str, tuple[str, ...]] = {
    "header": ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"),
    "episodes": (
        "CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC", "REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN",
    ),
    "missing": ("CHILD", "DOB", "MISSING", "MIS_START", "MIS_END"),
    "reviews": ("CHILD", "DOB", "REVIEW", "REVIEW_CODE"),
    "oc2": (
        "CHILD", "DOB", "SDQ_SCORE", "SDQ_REASON", "CONVICTED", "HEALTH_CHECK", "IMMUNISATIONS", "TEETH_CHECK", "HEALTH_ASSESSMENT",
        "SUBSTANCE_MISUSE", "INTERVENTION_RECEIVED", "INTERVENTION_OFFERED",
    ),
    "oc3": ("CHILD", "DOB", "IN_TOUCH", "ACTIV", "ACCOM"),
    "previous_permanence": ("CHILD", "DOB", "PREV_PERM", "LA_PERM", "DATE_PERM"),
    "uasc": ("CHILD", "SEX", "DOB", "DUC"),
    "sw_episodes": ("CHILD", "DOB", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"),
}  # fmt: skip
#: Homes of care leavers in the codes of the return.
LEAVER_HOMES = (("U1", 0.3), ("V1", 0.3), ("Y1", 0.25), ("D1", 0.15))
#: Shares of children looked after for a year (Department for Education, 2025, rounded).
HEALTHY = {"HEALTH_CHECK": 0.9, "IMMUNISATIONS": 0.84, "TEETH_CHECK": 0.8, "HEALTH_ASSESSMENT": 0.89}
CONVICTED, SUBSTANCES, SCORED = 0.02, 0.03, 0.78
NO_SCORE = (("SDQ1", 0.3), ("SDQ2", 0.4), ("SDQ3", 0.1), ("SDQ4", 0.1), ("SDQ5", 0.1))
ADULT = int(18 * 365.25)


def write_ssda903(folder: Path, records: Records, extra: Extra) -> None:
    """One CSV file a table; a table without rows is left out."""
    records = records.as_on(records.day)
    first, last = return_year(records.timeline)
    for name, table in _tables(records, extra, first, last).items():
        if len(table):
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\r\n", encoding="utf-8")


def _tables(records: Records, extra: Extra, first: int, last: int) -> dict[str, pd.DataFrame]:
    at = np.flatnonzero(records.column(STATUTORY, "Status") == "CLA")
    start, end = records.dates(STATUTORY, "StartOn").take(at), records.dates(STATUTORY, "EndOn").take(at)
    within = (start.day <= last) & (end.day >= first)
    at, start, end = at[within], start.take(within), end.take(within)
    person, rows = records.column(STATUTORY, "PersonID")[at], records.rows(STATUTORY)[at]
    about = _about(records, extra)
    here = about.reindex(person)
    children = pd.unique(person)
    of_child = about.reindex(children).fillna("")
    born, sex = of_child["born"].to_numpy(dtype=object), of_child["sex"].to_numpy(dtype=object)
    year = (start.day <= last - 365) & (end.day > last)
    reviews = recurring(start.day, end.day, extra.chance(STATUTORY, "visits", rows), last + 1, CLA_REVIEWS)
    reviews = reviews[reviews["on"] >= first]
    place = reviews["place"].to_numpy()
    return {
        "header": _frame(
            "header",
            CHILD=children,
            SEX=sex,
            DOB=born,
            ETHNIC=of_child["ethnicity"],
            UPN=of_child["upn"].where(of_child["upn"] != "", of_child["why"]),  # the column holds the reason where there is no UPN
        ),
        "episodes": _episodes(records, extra, first, last),
        "missing": _missing(records, person, start, end, first, last),
        "reviews": _frame(
            "reviews",
            CHILD=person[place],
            DOB=records.dates(STATUTORY, "DOB").text(BRITISH)[at][place],
            REVIEW=written(reviews["on"].to_numpy(), BRITISH),
            REVIEW_CODE=np.where(reviews["number"] % 4 == 3, "PN2", "PN1"),
        ),
        "oc2": _outcomes(extra, person[year], rows[year], here["born"].to_numpy(dtype=object)[year]),
        "oc3": _leavers(records, extra, about, first, last),
        "previous_permanence": _frame("previous_permanence", CHILD=children, DOB=born, PREV_PERM="Z1"),
        "uasc": _unaccompanied(records, children, of_child),
        "sw_episodes": _workers(extra, person, rows, start.day, end.day, here["born"].to_numpy(dtype=object), first, last),
    }


def _frame(name: str, **columns: object) -> pd.DataFrame:
    """A table of the return with all its headings; what is not given is empty."""
    count = max((len(value) for value in columns.values() if not isinstance(value, str)), default=0)  # type: ignore[arg-type]
    cells = {heading: columns.get(heading, "") for heading in HEADINGS[name]}
    plain = {heading: value if isinstance(value, str) else np.asarray(value, dtype=object) for heading, value in cells.items()}
    return pd.DataFrame(plain, index=range(count)).fillna("")


def _about(records: Records, extra: Extra) -> pd.DataFrame:
    """What the return says of each person of social care."""
    ids = records.column(PEOPLE, "PersonID")
    upn, why = known_upn(records, extra)
    born = records.dates(PEOPLE, "DOB")
    frame = pd.DataFrame(
        {
            "born": born.text(BRITISH),
            "sex": pd.Series(records.column(PEOPLE, "Sex")).map({"M": "1", "F": "2"}).fillna("").to_numpy(dtype=object),
            "ethnicity": ethnicity_and_more(records, ids)["ethnicity"].to_numpy(),
            "upn": upn,
            "why": why,
            "adult": written(np.where(np.abs(born.day) < NEVER // 2, born.day + ADULT, NEVER), BRITISH),
        },
        index=ids,
    )
    return frame[~frame.index.duplicated()]


def _episodes(records: Records, extra: Extra, first: int, last: int) -> pd.DataFrame:
    episodes = care_table(care_episodes(records, extra))
    cases = make_cases(records, extra)
    care = cases.steps[cases.steps["status"] == "CLA"]
    need = pd.Series(cases.table["need"].to_numpy()[care["case"].to_numpy()], index=care["row"].to_numpy())
    episodes = episodes[(episodes["start"] <= last) & (episodes["end"] >= first)]
    ended = (episodes["end"] <= last).to_numpy()
    postcode = pd.Series(records.column(PEOPLE, "Postcode"), index=records.column(PEOPLE, "PersonID"))
    home = postcode[~postcode.index.duplicated()].reindex(episodes["person"]).to_numpy(dtype=object)
    return _frame(
        "episodes",
        CHILD=episodes["person"],
        DECOM=[day_text(day, text, BRITISH) for day, text in zip(episodes["start"], episodes["start_text"], strict=True)],
        RNE=episodes["started_for"],
        LS=episodes["legal"],
        CIN=need.reindex(episodes["row"]).to_numpy(dtype=object),
        PLACE=episodes["placement"],
        PLACE_PROVIDER=episodes["provider"],
        DEC=np.where(ended, [day_text(day, text, BRITISH) for day, text in zip(episodes["end"], episodes["end_text"], strict=True)], ""),
        REC=np.where(ended, episodes["ended_for"], ""),
        REASON_PLACE_CHANGE=np.where(ended, episodes["change"], ""),
        HOME_POST=home,
        PL_POST=episodes["postcode"],
        URN=episodes["inspected"],
    )


def _missing(records: Records, person: Texts, start: Dates, end: Dates, first: int, last: int) -> pd.DataFrame:
    """Episodes that began in the year while the child was looked after."""
    began, ended = records.dates(MISSING, "StartedAt"), records.dates(MISSING, "EndedAt")
    who = social_care_ids(records)
    care = pd.DataFrame({"person": person, "from": start.day, "to": end.day})
    events = pd.DataFrame({"person": who, "at": np.arange(len(who)), "on": began.day})
    events = events[(events["person"] != "") & (events["on"] >= first) & (events["on"] <= last)]
    pairs = events.merge(care, on="person")
    pairs = pairs[(pairs["on"] >= pairs["from"]) & (pairs["on"] < pairs["to"])].drop_duplicates("at").sort_values("at")
    at = pairs["at"].to_numpy()
    return _frame(
        "missing",
        CHILD=who[at],
        DOB=records.dates(MISSING, "DOB").text(BRITISH)[at],  # as it stands beside the event, which may differ from the header
        MISSING=records.column(MISSING, "Type")[at],
        MIS_START=began.text(BRITISH)[at],
        MIS_END=np.where(ended.day <= last, ended.text(BRITISH), "")[at],
    )


def _outcomes(extra: Extra, person: Texts, rows: Ints, born: Texts) -> pd.DataFrame:
    """Health and strengths of children looked after for a year at its end."""

    def yes(name: str, share: float) -> Texts:
        return np.where(extra.chance(STATUTORY, name, rows) < share, "1", "0").astype(object)

    scored = extra.chance(STATUTORY, "scored", rows) < SCORED
    misuse = yes("substances", SUBSTANCES)
    offered = extra.chance(STATUTORY, "intervention", rows)
    return _frame(
        "oc2",
        CHILD=person,
        DOB=born,
        SDQ_SCORE=np.where(scored, (extra.chance(STATUTORY, "strengths score", rows) * 30).astype(np.int64).astype(str), ""),
        SDQ_REASON=np.where(scored, "", pick(NO_SCORE, extra.chance(STATUTORY, "no score", rows))),
        CONVICTED=yes("convicted", CONVICTED),
        **{name: yes(name.lower(), share) for name, share in HEALTHY.items()},
        SUBSTANCE_MISUSE=misuse,
        INTERVENTION_RECEIVED=np.where((misuse == "1") & (offered < 0.5), "1", "0"),
        INTERVENTION_OFFERED=np.where((misuse == "1") & (offered >= 0.5), "1", "0"),
    )


def _leavers(records: Records, extra: Extra, about: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Care leavers whose 17th or 18th birthday was in the year."""
    at = np.flatnonzero(records.column(STATUTORY, "Status") == "CARE_LEAVER")
    rows, person = records.rows(STATUTORY)[at], records.column(STATUTORY, "PersonID")[at]
    child = records.children(person, "social_care_id")
    age = (last - records.people.children["dob"].to_numpy()[child]) / 365.25
    use = (records.dates(STATUTORY, "StartOn").take(at).day <= last) & (child >= 0) & (age >= 17) & (age < 19)
    rows, person = rows[use], person[use]
    return _frame(
        "oc3",
        CHILD=person,
        DOB=about.reindex(person)["born"],
        IN_TOUCH=np.where(extra.chance(STATUTORY, "in touch", rows) < 0.9, "YES", "NO"),
        ACTIV=pick(LEAVER_ACTIVITY, extra.chance(STATUTORY, "activity", rows)),
        ACCOM=pick(LEAVER_HOMES, extra.chance(STATUTORY, "home", rows)),
    )


def _unaccompanied(records: Records, children: Texts, of_child: pd.DataFrame) -> pd.DataFrame:
    """Children an assessment found to be unaccompanied (factor 9A)."""
    alone = records.column(FACTORS, "PersonID")[records.column(FACTORS, "Factor") == "9A"]
    here = np.isin(children, alone)
    kept = of_child[here]
    return _frame("uasc", CHILD=children[here], SEX=kept["sex"], DOB=kept["born"], DUC=kept["adult"])


def _workers(extra: Extra, person: Texts, rows: Ints, start: Ints, end: Ints, born: Texts, first: int, last: int) -> pd.DataFrame:
    """Which social worker held each child's case, and when it changed hands."""
    handed = extra.handed_over(STATUTORY, rows, start)
    moved = handed < end
    parts = []
    for number, begin, finish, why, use in (
        (extra.worker(STATUTORY, rows, start, -NEVER), start, np.where(moved, handed, end), "MANAGE", np.ones(len(rows), dtype=bool)),
        (extra.worker(STATUTORY, rows, start, NEVER), handed, end, "PROCES", moved),
    ):
        keep = use & (begin <= last) & (finish >= first)
        done = finish[keep] <= last
        parts.append(
            _frame(
                "sw_episodes",
                CHILD=person[keep],
                DOB=born[keep],
                SW_ID=extra.of_workers("registration", number[keep]),
                SW_DECOM=written(begin[keep], BRITISH),
                SW_DEC=np.where(done, written(finish[keep], BRITISH), ""),
                SW_REASON=np.where(done, why, ""),
            )
        )
    return pd.concat(parts, ignore_index=True)
