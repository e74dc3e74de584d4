"""Groups for the audit: official codes rolled up, and 'not known' as a value that is never dropped."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from features_material import AS_OF, ago, past, people

from early_id.features.groups import NOT_KNOWN, council_groups
from early_id.schema.codes import code_list

#: Characteristic → column and what each value becomes.
ROLL_UPS: dict[str, tuple[str, dict[Any, str]]] = {
    "sex": ("sex", {"F": "female", "M": "male", "U": NOT_KNOWN, None: NOT_KNOWN}),
    "ethnic_group": (
        "ethnicity",
        {"WBRI": "White", "WROM": "White", "CHNE": "Chinese", "APKN": "Asian", "BCRB": "Black", "MWBC": "Mixed", "OOTH": "Other",
         "REFU": NOT_KNOWN, "NOBT": NOT_KNOWN, "XXXX": NOT_KNOWN, None: NOT_KNOWN},
    ),
    "sen": (
        "sen_provision",
        {"N": "none", "K": "SEN support", "A": "SEN support", "P": "SEN support", "Q": "SEN support", "E": "EHC plan", "S": "EHC plan", None: NOT_KNOWN},
    ),
    "disability": ("disability", {True: "yes", False: "no", None: NOT_KNOWN}),
    "fsm": ("fsm", {True: "yes", False: "no", None: NOT_KNOWN}),
    "first_language": ("first_language", {"ENG": "English", "OTH": "other than English", None: NOT_KNOWN}),
    "idaci_quintile": (
        "idaci_decile",
        {1: "1 (most deprived)", 2: "1 (most deprived)", 3: "2", 4: "2", 5: "3", 6: "3", 7: "4", 8: "4", 9: "5 (least deprived)", 10: "5 (least deprived)",
         None: NOT_KNOWN},
    ),
}  # fmt: skip
AGES = {4: "4 to 7", 7: "4 to 7", 8: "8 to 10", 10: "8 to 10", 11: "11 to 13", 13: "11 to 13", 14: "14 to 17", 17: "14 to 17", None: NOT_KNOWN}
CASES = [(name, column, value, wanted) for name, (column, values) in ROLL_UPS.items() for value, wanted in values.items()]


def groups(rows: list[dict[str, Any]], ages: dict[str, Any]) -> pd.DataFrame:
    who = people(dict.fromkeys(ages))
    index = pd.DataFrame({"child_id": list(ages), "age": list(ages.values())}, index=[f"{child}@{AS_OF}" for child in ages])
    return council_groups(past({"pupils": rows}, who), index)


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    rows = [{"child": f"{name} {value}", column: value} for name, column, value, _ in CASES]
    ages = {**{row["child"]: 9 for row in rows}, **{f"age {age}": age for age in AGES}}
    return groups([*rows, *({"child": f"age {age}"} for age in AGES)], ages)


@pytest.mark.parametrize(("name", "column", "value", "wanted"), CASES, ids=lambda value: str(value))
def test_codes_are_rolled_up(made: pd.DataFrame, name: str, column: str, value: Any, wanted: str) -> None:
    assert made.at[f"{name} {value}@{AS_OF}", name] == wanted


def test_ages_are_banded(made: pd.DataFrame) -> None:
    assert {age: made.at[f"age {age}@{AS_OF}", "age_band"] for age in AGES} == AGES


def test_every_code_in_force_has_a_group(made: pd.DataFrame) -> None:
    codes = code_list("ethnicity").values()
    got = groups([{"child": code, "ethnicity": code} for code in codes], dict.fromkeys(codes, 9))["ethnic_group"]
    assert set(got) == {"White", "Mixed", "Asian", "Black", "Chinese", "Other", NOT_KNOWN}
    assert (got == NOT_KNOWN).sum() == 2  # refused, not obtained


def test_nobody_and_nothing_is_dropped(made: pd.DataFrame) -> None:
    assert len(made) == len(CASES) + len(AGES)
    assert made.notna().all(axis=None) and all(isinstance(value, str) and value for value in made.to_numpy().ravel())
    # A child without any record of the kind, beside the others.
    alone = groups([], {"Ann": 9})
    assert alone.drop(columns="age_band").eq(NOT_KNOWN).all(axis=None) and alone["age_band"].tolist() == ["8 to 10"]


def test_each_fact_comes_from_the_record_that_holds_it_as_known_on_the_date() -> None:
    rows = [
        {"child": "Ann", "sex": "F", "fsm": True, "birth_date": date(2014, 1, 1)},
        {"child": "Ann", "sex": None, "ethnicity": "WBRI", "known_from": ago(3)},
        {"child": "Ben", "sex": "M", "fsm": True, "known_from": AS_OF},
        {"child": "Cat", "fsm": True, "known_to": ago(2), "known_from": ago(900)},
        {"child": "Cat", "fsm": False, "known_from": ago(2)},
    ]
    got = groups(rows, dict.fromkeys(("Ann", "Ben", "Cat"), 9))
    assert got.iloc[0][["sex", "fsm", "ethnic_group"]].tolist() == ["female", "yes", "White"]
    assert got.iloc[1][["sex", "fsm"]].tolist() == [NOT_KNOWN, NOT_KNOWN]
    assert got.iloc[2]["fsm"] == "no"
