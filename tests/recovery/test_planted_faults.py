"""Every fault planted in the made-up council is found, in its file, under its code and as often as planted; and nothing else is."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from early_id.core.types import Severity
from early_id.data.rules import all_rules


def planted(council: object) -> pd.DataFrame:
    return pd.read_csv(council.folder / "truth" / "faults.csv")  # type: ignore[attr-defined]


def test_findings_are_the_planted_faults_file_by_file(small_council: object, small_store: object) -> None:
    truth = planted(small_council).groupby(["file", "finding_code"])["count"].sum().to_dict()
    found = Counter({(finding.where, finding.code): finding.count for finding in small_store.batch.findings})  # type: ignore[attr-defined]
    assert dict(found) == truth


def test_there_are_a_dozen_kinds_at_least(small_council: object) -> None:
    assert planted(small_council)["finding_code"].nunique() >= 12


def test_rows_set_aside_are_those_with_an_error(small_council: object, small_store: object) -> None:
    errors = {rule.code for rule in all_rules() if rule.severity is Severity.ERROR}
    truth = planted(small_council)
    expected = truth[truth["finding_code"].isin(errors)].groupby("file")["count"].sum().to_dict()
    aside = {item.file: item.rows_set_aside for item in small_store.batch.files if item.rows_set_aside}  # type: ignore[attr-defined]
    assert aside == expected


def test_the_folder_of_rows_set_aside_holds_them_all(small_store: object) -> None:
    from pathlib import Path

    folder = Path(small_store.batch.set_aside_folder)  # type: ignore[attr-defined]
    for item in small_store.batch.files:  # type: ignore[attr-defined]
        path = folder / (item.file.replace("/", "__") + ".csv")
        rows = len(pd.read_csv(path, dtype=str)) if path.is_file() else 0
        assert rows == item.rows_set_aside, item.file
