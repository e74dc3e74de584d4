"""Every fault planted in the made-up council is found, in its file, under its code and as often as planted; and nothing else is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from early_id.data.rules.library import error_codes
from early_id.linkage.identifiers import nhs_number_is_valid


def planted(council: object) -> pd.DataFrame:
    return pd.read_csv(council.folder / "truth" / "faults.csv")  # type: ignore[attr-defined]


def test_findings_are_the_planted_faults_file_by_file(small_council: object, small_store: object) -> None:
    """And, of people's numbers, what counting again in the files finds: a mistyped NHS number shows, a brother's or sister's only beside the owner's."""
    truth = Counter(planted(small_council).groupby(["file", "finding_code"])["count"].sum().to_dict())
    truth.update(wrong_nhs_numbers(small_council.folder / "extracts"))  # type: ignore[attr-defined]
    found = Counter({(finding.where, finding.code): finding.count for finding in small_store.batch.findings})  # type: ignore[attr-defined]
    assert dict(found) == dict(truth)
    assert sum(count for (_, code), count in found.items() if code == "PUP020") > 3


def wrong_nhs_numbers(extracts: Path) -> dict[tuple[str, str], int]:
    out = {}
    for agency in ("education/pupils.csv", "socialcare/people.csv", "police/people.csv", "housing/people.csv", "health/people.csv"):
        numbers = pd.read_csv(extracts / agency, dtype=str)["NHSNumber"].dropna()
        counts = {"PUP020": int((~numbers.map(nhs_number_is_valid)).sum()), "PUP022": int(numbers.duplicated(keep=False).sum())}
        out |= {(agency, code): count for code, count in counts.items() if count}
    return out


def test_there_are_a_dozen_kinds_at_least(small_council: object) -> None:
    assert planted(small_council)["finding_code"].nunique() >= 12


def test_rows_set_aside_are_those_with_an_error(small_council: object, small_store: object) -> None:
    truth = planted(small_council)
    expected = truth[truth["finding_code"].isin(error_codes())].groupby("file")["count"].sum().to_dict()
    aside = {item.file: item.rows_set_aside for item in small_store.batch.files if item.rows_set_aside}  # type: ignore[attr-defined]
    assert aside == expected


def test_the_folder_of_rows_set_aside_holds_them_all(small_store: object) -> None:
    folder = Path(small_store.batch.set_aside_folder)  # type: ignore[attr-defined]
    for item in small_store.batch.files:  # type: ignore[attr-defined]
        path = folder / (item.file.replace("/", "__") + ".csv")
        rows = len(pd.read_csv(path, dtype=str)) if path.is_file() else 0
        assert rows == item.rows_set_aside, item.file
