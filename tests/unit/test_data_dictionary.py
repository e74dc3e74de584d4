"""The data dictionary says all that a shape may name: whose row it is, and which values a column of codes takes."""

from __future__ import annotations

import pytest

from early_id.core.errors import SettingsError
from early_id.schema.canonical import CANONICAL
from early_id.schema.codes import code_list
from early_id.schema.dictionary import code_values, data_dictionary


def test_every_table_of_people_begins_with_the_persons_number() -> None:
    first = data_dictionary().groupby("table", sort=False).first()
    with_person = {name for name, table in CANONICAL.items() if table.has_person}
    assert set(first.index[first["column"] == "source_person_id"]) == with_person and "schools" not in with_person
    assert bool(first.loc["pupils", "required"])


def test_one_table_may_be_asked_for_and_a_wrong_name_is_told() -> None:
    assert set(data_dictionary("attendance")["table"]) == {"attendance"}
    with pytest.raises(SettingsError, match="attendence"):
        data_dictionary("attendence")


def test_columns_of_codes_name_their_values() -> None:
    rows = data_dictionary().set_index(["table", "column"])
    assert rows.loc[("attendance", "session"), "values"] == "AM PM"
    assert set(rows.loc[("statutory", "status"), "values"].split()) == set(code_list("statutory_status").values())
    assert (rows.loc[rows["codes"] != "", "values"] != "").all() and (rows.loc[rows["codes"] == "", "values"] == "").all()


def test_codes_come_with_meaning_validity_and_use() -> None:
    rows = code_values("attendance", "session").set_index(["list", "code"])
    assert len(rows) == len(code_list("attendance").values()) + 2
    assert str(rows.loc[("attendance", "H"), "until"]) and rows.loc[("attendance", "R"), "use"] == "never"
