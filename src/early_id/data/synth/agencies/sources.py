"""The five agencies, how often each gets something wrong about a person, and the book of what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Agency:
    """One source of records: its name in the settings, its list of people, and where its ids stand."""

    source: str
    file: str
    heading: str
    id_column: str  #: of ``People.children``
    folder: str
    letters: str  #: before the number of its ids


AGENCIES: tuple[Agency, ...] = (
    Agency("education", "education/pupils.csv", "PupilID", "pupil_id", "education", "P"),
    Agency("social_care", "socialcare/people.csv", "PersonID", "social_care_id", "socialcare", "SC"),
    Agency("police", "police/people.csv", "PersonID", "police_id", "police", "NP"),
    Agency("housing", "housing/people.csv", "PersonID", "housing_id", "housing", "HP"),
    Agency("health", "health/people.csv", "PersonID", "health_id", "health", "HE"),
)

#: Share of an agency's records of children with each kind of error, in the order of ``AGENCIES``. No published figure is known to us for
#: any of them (unconfirmed): they are set so that schools, which see a birth certificate and the family every day, err least, and the
#: police, who write down at night what they are told, most. Health records are checked against the national register, so numbers and
#: birthdays are good there and names are what the patient calls herself. For ``old_addresses`` the share is of
#: those who moved, for ``separated_parents`` of the children of parents who parted.
RATES: dict[str, tuple[float, float, float, float, float]] = {
    "typing_errors": (0.004, 0.012, 0.030, 0.020, 0.008),
    "nicknames": (0.003, 0.010, 0.020, 0.008, 0.004),
    "swapped_names": (0.0005, 0.002, 0.005, 0.004, 0.001),
    "surname_changes": (0.004, 0.010, 0.012, 0.010, 0.012),
    "missing_upns": (0.004, 0.0, 0.0, 0.0, 0.0),
    "temporary_upns": (0.005, 0.0, 0.0, 0.0, 0.0),
    "sibling_upns": (0.002, 0.0, 0.0, 0.0, 0.0),
    "missing_nhs_numbers": (0.010, 0.020, 0.030, 0.020, 0.004),
    "wrong_nhs_numbers": (0.002, 0.004, 0.006, 0.005, 0.001),
    "birth_date_errors": (0.001, 0.004, 0.012, 0.008, 0.002),
    "estimated_birth_dates": (0.0, 0.004, 0.015, 0.006, 0.001),
    "unknown_birth_dates": (0.0, 0.002, 0.006, 0.004, 0.001),
    "separated_parents": (0.10, 0.25, 0.25, 0.20, 0.25),
    "old_addresses": (0.10, 0.25, 0.45, 0.15, 0.30),
    "two_ids": (0.002, 0.008, 0.020, 0.006, 0.005),
}


def rate(kind: str, agency: Agency) -> float:
    """Share of the agency's records with this kind of error."""
    return RATES[kind][AGENCIES.index(agency)]


def planned(share: float, records: int) -> int:
    """How many of ``records`` are changed: the share, and one at least where there is any."""
    return min(records, max(1, round(share * records))) if share > 0 else 0


def among(values: Iterable[str], held: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which of ``values`` stand in ``held``. By hashing: comparing texts one by one takes hours for a million people."""
    kept = set(held)
    return np.array([value in kept for value in values], dtype=bool)


@dataclass
class Book:
    """What was changed in which record: the rows of ``truth/identities.csv``."""

    parts: list[pd.DataFrame] = field(default_factory=list)

    def note(
        self,
        kind: str,
        agency: Agency,
        rows: npt.NDArray[np.int64],
        people: Sequence[str],
        column: str,
        true: Sequence[str],
        written: Sequence[str],
        file: str = "",
    ) -> None:
        """Note one kind of change in one column of the agency's list, or of another file of the agency; ``rows`` are the rows of the file."""
        row = {"row": rows, "kind": kind, "source": agency.source, "file": file or agency.file, "source_person_id": list(people), "column": column}
        self.parts.append(pd.DataFrame({**row, "true": list(true), "written": list(written)}, dtype=object))

    def frame(self, kept: Mapping[str, npt.NDArray[np.int64]]) -> pd.DataFrame:
        """kind, source, file, source_person_id, column, true, written; of the files in ``kept`` only the rows that are."""
        columns = ["kind", "source", "file", "source_person_id", "column", "true", "written"]
        parts = [part for part in self.parts if len(part)]
        if not parts:
            return pd.DataFrame(columns=columns, dtype=object)
        table = pd.concat(parts, ignore_index=True)
        gone = np.zeros(len(table), dtype=bool)
        for file, rows in kept.items():
            gone |= (table["file"] == file).to_numpy() & ~np.isin(table["row"].to_numpy(dtype=np.int64), rows)
        return table.loc[~gone, columns].reset_index(drop=True)
