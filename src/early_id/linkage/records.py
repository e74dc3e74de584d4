"""Records made comparable: the newest version of each, with valid identifiers, names without decoration, and nothing that only looks like a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError
from early_id.core.findings import Finding
from early_id.linkage.identifiers import (
    is_placeholder,
    nhs_number_is_valid,
    uln_is_valid,
    upn_is_temporary,
    upn_is_valid,
    uprn_is_valid,
    valid_or_missing,
)
from early_id.linkage.messages import finding

PERSON = ["source", "source_person_id"]
#: Identifiers of a person, each with its validator. A pair that agrees on one may be one person; a pair that differs on one cannot be.
IDENTIFIERS = {"upn": upn_is_valid, "nhs_number": nhs_number_is_valid, "uln": uln_is_valid}
#: A date that stands on so large a share of a source's records, of at least so many, is what the system fills in, not a birthday.
FILLED_SHARE, FILLED_ROWS = 0.25, 20
_POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})$")
_COLUMNS = ("upn", "nhs_number", "uln", "forename", "surname", "sex", "postcode", "uprn")


@dataclass(frozen=True)
class Records:
    """Comparable records and what could not be used.

    Parameters
    ----------
    frame : DataFrame
        One row a record, positions 0 to n - 1: source, source_person_id, name (as written), upn, temporary_upn, nhs_number, uln, forename, surname, birth_date, sex,
        postcode, uprn; values that cannot be used are missing.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()


def comparable(pupils: pd.DataFrame, sources: Iterable[str] = ()) -> Records:
    """The records behind stored rows of people.

    Parameters
    ----------
    pupils : DataFrame
        Stored rows of the table ``pupils`` of all sources, one row a version of a record. Columns of names and addresses may be absent.
    sources : iterable of str
        Sources that ought to have people; one without any is a finding.

    Raises
    ------
    InputDataError
        There are no people at all.
    """
    if pupils.empty:
        raise InputDataError("There are no people to link.", where="table pupils", what_next="Ingest a people file of at least one source.")
    newest = pupils.sort_values([*PERSON, "known_from"]).drop_duplicates(PERSON, keep="last").reset_index(drop=True)
    blank = pd.Series(None, index=newest.index, dtype="object")
    frame = newest[PERSON].astype(str)
    for name in _COLUMNS:
        frame[name] = newest.get(name, blank)
    frame["birth_date"] = pd.to_datetime(newest["birth_date"]).dt.normalize()
    found: list[Finding] = []
    empty = sorted(set(sources) - set(frame["source"]))
    if empty:
        found.append(finding("LNK003", len(empty), ", ".join(empty)))
    for name, check in IDENTIFIERS.items():
        frame[name] = valid_or_missing(frame[name], check)
        twice = frame[name].notna() & frame.duplicated(["source", name], keep=False)
        if twice.any():
            found.append(finding("LNK001", int(twice.sum()), name))
            frame.loc[twice, name] = None
    temporary = frame["upn"].map(upn_is_temporary).astype(bool)
    frame["temporary_upn"] = frame["upn"].where(temporary, None)
    frame["upn"] = frame["upn"].where(~temporary, None)
    frame["name"] = (frame["forename"].fillna("").astype(str) + " " + frame["surname"].fillna("").astype(str)).str.strip()
    for name in ("forename", "surname"):
        frame[name] = _each(frame[name], plain_name)
    frame["postcode"] = _each(frame["postcode"], plain_postcode)
    frame["uprn"] = valid_or_missing(frame["uprn"], uprn_is_valid)
    frame["sex"] = frame["sex"].where(frame["sex"].isin(["M", "F"]), None).astype("object")
    filled = filled_in_dates(frame)
    if filled.any():
        found.append(finding("LNK004", int(filled.sum()), ", ".join(sorted(set(frame.loc[filled, "source"])))))
        frame.loc[filled, "birth_date"] = pd.NaT
    if {"forename", "surname"} <= set(newest):
        found += _unusable(frame)
    return Records(frame, tuple(found))


def _unusable(frame: pd.DataFrame) -> list[Finding]:
    """Records that nothing can link, and a whole set of records without a single valid identifier."""
    bare = frame[[*IDENTIFIERS, "temporary_upn"]].isna().all(axis=1)
    hopeless = bare & frame[["forename", "surname", "birth_date"]].isna().any(axis=1)
    none = [finding("LNK005", len(frame), "table pupils")] if bare.all() else []
    return [*none, *([finding("LNK006", int(hopeless.sum()), "table pupils")] if hopeless.any() else [])]


def _each(values: pd.Series, tidy: object) -> pd.Series:
    """``tidy`` of each distinct value, once."""
    known = {value: tidy(value) for value in set(values.dropna())}  # type: ignore[operator]
    return pd.Series([known.get(value) if isinstance(value, str) else None for value in values], index=values.index, dtype="object")


def plain_name(value: str) -> str | None:
    """A name in small letters without accents, marks and titles; None for a placeholder.

    >>> plain_name(" O'Neill-Zoë "), plain_name("Unknown")
    ('oneill zoe', None)
    """
    if is_placeholder(value):
        return None
    letters = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().casefold()
    letters = re.sub(r"['`.]", "", letters)
    letters = " ".join(re.sub(r"[^a-z]+", " ", letters).split())
    # A name in letters that have no Latin form is kept as it is written: it can agree with itself.
    return letters or " ".join(value.casefold().split()) or None


def plain_postcode(value: str) -> str | None:
    """A postcode as ``AB1 2CD``; None for what has not the form of one, or is one that nobody lives at (ZZ99).

    >>> plain_postcode("ab12cd"), plain_postcode("ZZ99 3WZ"), plain_postcode("AB1")
    ('AB1 2CD', None, None)
    """
    match = _POSTCODE.match(value.upper().replace(" ", ""))
    return f"{match[1]} {match[2]}" if match and match[1] != "ZZ99" else None


def filled_in_dates(frame: pd.DataFrame) -> pd.Series:
    """Whether a record's birth date is one that its system fills in: it stands on a large share of the source's records."""
    held = frame["birth_date"].notna()
    together = frame.groupby(["source", "birth_date"])["birth_date"].transform("size")
    dated = held.groupby(frame["source"]).transform("sum")
    return held & (dated >= FILLED_ROWS) & (together > FILLED_SHARE * dated)


def near_dates(one: pd.Series, two: pd.Series) -> np.ndarray:
    """Whether two birth dates may be one, wrongly written: a digit or two changed, day and month swapped, a year out, or 1 January for a day not known."""
    a, b = pd.to_datetime(one).reset_index(drop=True), pd.to_datetime(two).reset_index(drop=True)
    both = (a.notna() & b.notna()).to_numpy()
    day = (a.dt.day == b.dt.day).to_numpy()
    month = (a.dt.month == b.dt.month).to_numpy()
    year = (a.dt.year == b.dt.year).to_numpy()
    swapped = ((a.dt.day == b.dt.month) & (a.dt.month == b.dt.day)).to_numpy() & year
    first = (((a.dt.day == 1) & (a.dt.month == 1)) | ((b.dt.day == 1) & (b.dt.month == 1))).to_numpy() & year
    two_parts = (day & month) | (day & year) | (month & year)
    far = np.abs((a.dt.year - b.dt.year).to_numpy(dtype=float, na_value=np.nan)) > 10
    return both & (swapped | first | (two_parts & ~far))
