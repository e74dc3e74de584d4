"""The Standard Safeguarding Dataset: its fields and keys, the rows of the extracts, and snapshots that retell the history."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from shapes_material import STATUTORY, Made, codes_of, hashes, text

from early_id.data.synth.shapes.records import KNOWN
from early_id.data.synth.shapes.standard import fields, keys


def test_tables_have_the_fields_of_the_standard(clean: Made) -> None:
    names = {path.stem for path in (clean.folder / "ssd").glob("*.csv")}
    assert len(names) >= 28
    for name in names:
        assert tuple(clean.csv("ssd", name).columns) == fields()[name]


def test_keys_are_unique_and_references_are_met(clean: Made) -> None:
    ssd = {path.stem: text(path) for path in (clean.folder / "ssd").glob("*.csv")}
    for name in sorted(set(ssd) - {"ssd_family"}):  # a family has several rows
        for key in keys().get(name, ()):
            assert ssd[name][key].ne("").all() and ssd[name][key].is_unique, key
    people = set(ssd["ssd_person"]["pers_person_id"])
    for name, table in ssd.items():
        for column in [column for column in table if column.endswith("_person_id") and name != "ssd_person"]:
            assert set(table[column]) <= people, column
    for table, column, other, key in (
        ("ssd_cin_assessments", "cina_referral_id", "ssd_cin_episodes", "cine_referral_id"),
        ("ssd_assessment_factors", "cinf_assessment_id", "ssd_cin_assessments", "cina_assessment_id"),
        ("ssd_cla_episodes", "clae_cla_placement_id", "ssd_cla_placement", "clap_cla_placement_id"),
        ("ssd_cp_plans", "cppl_icpc_id", "ssd_initial_cp_conference", "icpc_icpc_id"),
        ("ssd_cin_episodes", "cine_referral_worker_id", "ssd_professionals", "prof_professional_id"),
    ):
        assert set(ssd[table][column]) - {""} <= set(ssd[other][key]), column


def test_factors_are_those_of_the_extracts_in_both_forms(clean: Made, messy: Made) -> None:
    for made in (clean, messy):
        table = made.csv("ssd", "ssd_assessment_factors")
        cells = table["cinf_assessment_factors_json"]
        assert {cell[0] for cell in cells} == {"[", "{"}
        shown = pd.Series([code for cell in cells for code in codes_of(cell)]).value_counts()
        dated = made.records["socialcare/factors.csv"].query("AssessedOn != ''")["Factor"]
        pd.testing.assert_series_equal(shown.sort_index(), dated.value_counts().sort_index(), check_names=False)


def test_rows_of_the_dataset_are_those_of_the_extracts(clean: Made) -> None:
    records = clean.records
    help_ = records["socialcare/early_help.csv"]
    assert len(clean.csv("ssd", "ssd_contacts")) == len(records["socialcare/contacts.csv"])
    assert len(clean.csv("ssd", "ssd_early_help_episodes")) == (help_["StartOn"] != "").sum()
    statuses = records[STATUTORY]["Status"].value_counts()
    for table, status in (("cp_plans", "CPP"), ("s47_enquiry", "S47"), ("pre_proceedings", "COURT"), ("care_leavers", "CARE_LEAVER")):
        assert len(clean.csv("ssd", f"ssd_{table}")) == statuses[status], table
    assert clean.csv("ssd", "ssd_cla_episodes")["clae_cla_id"].nunique() == statuses["CLA"]
    open_plans = records[STATUTORY].query("Status == 'CPP' and EndOn == ''")["PersonID"]
    shown = clean.csv("ssd", "ssd_cp_plans").query("cppl_cp_plan_end_date == ''")["cppl_person_id"]
    assert sorted(shown) == sorted(open_plans)


def test_care_episodes_follow_one_another_within_a_period(clean: Made) -> None:
    table = clean.csv("ssd", "ssd_cla_episodes").sort_values("clae_cla_episode_id")
    assert table["clae_cla_episode_start_reason"].isin(["S", "P", "T", "L"]).all()
    for _, rows in table.groupby("clae_cla_id"):
        assert list(rows["clae_cla_episode_start_date"])[1:] == list(rows["clae_cla_episode_ceased_date"])[:-1]
        assert (rows["clae_cla_episode_ceased_reason"][:-1] == "X1").all() and rows["clae_cla_episode_ceased_reason"].iloc[-1] != "X1"
        assert rows["clae_cla_episode_start_reason"].iloc[0] == "S" and "S" not in rows["clae_cla_episode_start_reason"].tolist()[1:]


def snapshots(made: Made, table: str) -> dict[str, pd.DataFrame]:
    return {path.name: text(path / f"ssd_{table}.csv") for path in sorted((made.folder / "ssd_snapshots").iterdir())}


def test_the_last_snapshot_is_the_dataset(clean: Made) -> None:
    last = max(path for path in (clean.folder / "ssd_snapshots").iterdir())
    assert hashes(last) == hashes(clean.folder / "ssd")
    assert len(list((clean.folder / "ssd_snapshots").iterdir())) == 7


@pytest.mark.parametrize("table", ["cin_episodes", "contacts", "cp_plans", "cla_episodes", "person", "involvements"])
def test_differences_between_snapshots_retell_the_history(clean: Made, table: str) -> None:
    """Known from a snapshot, changed or gone by the next: applied one after another they end at the last one."""
    key = keys()[f"ssd_{table}"][0] if f"ssd_{table}" in keys() else "invo_involvements_id"
    taken = [frame.set_index(key) for frame in snapshots(clean, table).values()]
    held = taken[0]
    counts = {"new": 0, "changed": 0, "gone": 0}
    for before, after in pairwise(taken):
        new, gone = after.index.difference(before.index), before.index.difference(after.index)
        both = before.index.intersection(after.index)
        changed = both[(before.loc[both] != after.loc[both]).any(axis=1)]
        held = pd.concat([held.drop(gone).drop(changed), after.loc[changed], after.loc[new]])
        for kind, rows in (("new", new), ("changed", changed), ("gone", gone)):
            counts[kind] += len(rows)
    pd.testing.assert_frame_equal(held.sort_index(), taken[-1].sort_index())
    assert counts["new"] > 0
    assert (counts["gone"] > 0) == (table == "contacts")
    assert counts["changed"] > 0 or table == "contacts"


def test_snapshots_hold_what_was_recorded_by_their_day_and_nothing_later(clean: Made) -> None:
    """From the extracts' dates alone: a referral is there three days after it was made, its end when it has come."""
    referrals = clean.records[STATUTORY].query("Status == 'REFERRAL'").set_index("ReferralID")
    for day, table in snapshots(clean, "cin_episodes").items():
        lag = (pd.Timestamp(day) - pd.Timedelta(days=3)).date().isoformat()
        shown = table[table["cine_referral_id"].isin(referrals.index)].set_index("cine_referral_id")
        assert set(shown.index) == set(referrals[referrals["StartOn"] < lag].index)
        closed = referrals.loc[shown.index, "CaseClosedOn"]
        pd.testing.assert_series_equal(shown["cine_close_date"], closed.where(closed < day, ""), check_names=False)
        for name in (name for name in table if name.endswith("_date")):
            assert (table[name] < day).all()


def test_records_of_the_last_day_are_the_records(clean: Made) -> None:
    then = clean.records.as_on(clean.records.day)
    for file in KNOWN:
        pd.testing.assert_frame_equal(then[file], clean.records[file], check_dtype=False)
