"""A snapshot shows nothing that came after its day: neither in a cell, nor in what is worked out from several."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapes_material import Made

from early_id.data.synth.shapes.cases import NO_ACTION_WITHIN
from early_id.data.synth.shapes.records import KNOWN, Records
from early_id.data.synth.shapes.ssd import snapshot_days, ssd_tables
from early_id.data.synth.timeline import day_number

PEOPLE, CONTACTS, EARLY_HELP = "socialcare/people.csv", "socialcare/contacts.csv", "socialcare/early_help.csv"
STATUTORY, FACTORS, MISSING = "socialcare/statutory.csv", "socialcare/factors.csv", "police/missing.csv"
#: File → column that dates a row, days until it is known, columns known with the row, and later ones with the date that brings them.
WHEN: dict[str, tuple[str, int, str, dict[str, str]]] = {
    PEOPLE: (
        "RecordedOn", 0,
        "PersonID UPN NHSNumber Forename Surname DOB Sex RecordedOn LAChildID UPNUnknown ExpectedDOB DeathDate Disability", {},
    ),
    "socialcare/relationships.csv": ("RecordedOn", 0, "PersonID OtherPersonID Relation FromOn ToOn RecordedOn", {}),
    CONTACTS: ("ContactDate", 1, "PersonID ContactDate Source", {"OutcomeDate": "OutcomeDate", "Outcome": "OutcomeDate"}),
    EARLY_HELP: ("OfferedOn", 2, "PersonID OfferedOn", {
        "StartOn": "StartOn", "LeadRole": "StartOn", "EndOn": "EndOn", "EndReason": "EndOn", "AssessedOn": "AssessedOn", "PlanOn": "PlanOn",
        "ChildViewRecorded": "PlanOn", "ReviewDueOn": "PlanOn", "ReviewedOn": "ReviewedOn", "Response": "",
    }),
    STATUTORY: ("StartOn", 3, "PersonID Status StartOn OtherLA ReferralID DOB ReferralSource", {
        "EndOn": "EndOn", "Outcome": "OutcomeOn", "OutcomeOn": "OutcomeOn", "PrimaryNeed": "OutcomeOn", "ReferralNFA": "OutcomeOn",
        "CaseClosedOn": "CaseClosedOn", "CloseReason": "CaseClosedOn", "PlanStartOn": "PlanStartOn", "PlanEndOn": "PlanEndOn",
    }),
    FACTORS: ("AssessedOn", 5, "PersonID Factor AssessedOn RecordedBy", {"EndedOn": "EndedOn"}),
    MISSING: ("StartedAt", 1, "PersonID StartedAt Type DOB", {"EndedAt": "EndedAt", "InterviewOffered": "EndedAt"}),
}  # fmt: skip
DAYS = (400, 150, 60)


def days(column: pd.Series) -> np.ndarray:
    """Days since 1970; a very late one where there is none."""
    both = pd.to_datetime(column, format="%d/%m/%Y", errors="coerce").fillna(pd.to_datetime(column.str[:10], format="%Y-%m-%d", errors="coerce"))
    return np.array([10**9 if pd.isna(stamp) else day_number(stamp.date()) for stamp in both], dtype=np.int64)


def test_every_column_has_its_day(clean: Made) -> None:
    assert set(KNOWN) == set(WHEN)
    for file, (_, _, at_once, later) in WHEN.items():
        assert set(clean.records[file].columns) == {*at_once.split(), *later}, file


@pytest.mark.parametrize("file", list(WHEN))
def test_a_cell_is_empty_until_its_day_and_as_it_stands_after(clean: Made, file: str) -> None:
    whole = clean.records
    dated, lag, at_once, later = WHEN[file]
    # And the last day on which each date was still to come, of the row for which it was longest to come.
    gaps = {
        brings: np.where(days(whole[file][brings]) < 10**9, days(whole[file][brings]) - days(whole[file][dated]), 0)
        for brings in later.values()
        if brings
    }
    looked_at = {whole.day - back for back in DAYS} | {int(days(whole[file][brings])[gap.argmax()]) for brings, gap in gaps.items()}
    masked = set()
    for day in looked_at:
        then, all_ = whole.as_on(day)[file], whole[file]
        assert set(then.index) == set(np.flatnonzero(days(all_[dated]) < day - lag))
        now = all_.loc[then.index]
        pd.testing.assert_frame_equal(then[at_once.split()], now[at_once.split()], check_dtype=False)
        for column, brings in later.items():
            # An answer is put down two weeks after the offer, or when help begins.
            answered = (days(now["OfferedOn"]) < day - 14) | (days(now["StartOn"]) < day) if column == "Response" else None
            known = days(now[brings]) < day if answered is None else answered
            shown = then[column].to_numpy()
            # A cell without its date (an open referral's) is never shown either.
            assert (shown[~known] == "").all(), column
            assert (shown[known] == now[column].to_numpy()[known]).all(), column
            masked |= {column} if (now[column] != "").to_numpy()[~known].any() else set()
    assert masked == set(later)


def other_future(records: Records, day: int) -> Records:
    """The same records with other things in every cell that is filled on the day or after it."""
    tables = dict(records.tables)
    for file, (dated, lag, _, later) in WHEN.items():
        table = tables[file].copy()
        for column, brings in later.items():
            moment = days(table[brings]) if brings else np.where(days(table["StartOn"]) < day, 0, days(table["OfferedOn"]) + 14)
            ahead = (moment >= day) & (table[column] != "").to_numpy()
            values = table[column].to_numpy(dtype=object).copy()
            if column == brings:
                continue
            values[ahead] = [{"nfa": "assessed", "assessed": "nfa", "Y": "N", "N": "Y"}.get(value, f"{value}x") for value in values[ahead]]
            table[column] = values
        for column in {brings for brings in later.values() if brings}:
            # One style in a column: what is ahead lies further ahead.
            far = (days(table[column]) >= day) & (days(table[column]) < 10**9)
            text = "2026-03-03T10:00:00" if file == MISSING else "2026-03-03" if file in (CONTACTS, STATUTORY) else "03/03/2026"
            table[column] = table[column].mask(far, text)
        tables[file] = table[days(table[dated]) < day - lag] if lag else table
    return Records(tables, records.people, records.timeline, records.day)


def test_another_future_gives_the_same_snapshot(clean: Made) -> None:
    extra = clean.source.extra
    differs = 0
    for day in snapshot_days(clean.records.timeline)[:2]:
        one, two = (ssd_tables(records.as_on(day), extra) for records in (clean.records, other_future(clean.records, day)))
        assert set(one) == set(two)
        for name, table in one.items():
            pd.testing.assert_frame_equal(table, two[name], check_dtype=False, obj=name)
        later = clean.records[STATUTORY]
        differs += int((days(later["OutcomeOn"]) >= day).sum())
    assert differs > 50


def test_open_referrals_are_assessed_once_they_have_been_open_too_long_to_be_closed_at_once(clean: Made) -> None:
    table = clean.records[STATUTORY].query("Status == 'REFERRAL'")
    start, outcome = days(table["StartOn"]), days(table["OutcomeOn"])
    closed = (table["Outcome"] == "nfa").to_numpy()
    assert (
        closed.sum() > 10
        and (outcome - start)[closed].max() < NO_ACTION_WITHIN <= (outcome - start)[(table["Outcome"] == "assessed").to_numpy()].max()
    )
    day = int(np.quantile(start, 0.7))
    shown = ssd_tables(clean.records.as_on(day), clean.source.extra)["cin_episodes"].set_index("cine_referral_id")
    flags = shown["cine_referral_outcome_json"].str.contains('"SINGLE_ASSESSMENT_FLAG": "Y"')
    seen = {"young": 0, "old": 0}
    for ident, began, done in zip(table["ReferralID"], start, outcome, strict=True):
        if began < day - 3 and done >= day:
            assert shown.loc[ident, "cine_referral_nfa"] == "" and flags[ident] == (day - began >= NO_ACTION_WITHIN)
            seen["old" if flags[ident] else "young"] += 1
    assert seen["old"] >= 2


def test_an_open_referral_of_the_extract_is_neither_closed_nor_assessed(clean: Made) -> None:
    table = clean.records[STATUTORY].query("Status == 'REFERRAL'")
    known = table["Outcome"].map({"nfa": "Y", "assessed": "N", "": ""})
    assert (table["ReferralNFA"] == known).all() and (known == "").any() and ((table["PrimaryNeed"] == "") == (known != "N")).all()
