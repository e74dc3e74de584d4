"""Counters of faults in missing episodes (rules 24 and 25), exports and marks."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from mess_files import (
    CONTACTS,
    COUNTERS,
    EARLY_HELP,
    ENROLMENTS,
    EXTRACTED,
    FACTORS,
    INDICATORS,
    MISSING,
    PUPILS,
    STATUTORY,
    SUSPENSIONS,
    Counter,
    Counts,
    Files,
    begins_inside,
    counts,
    day,
    is_utf8,
    rows,
)

from early_id.core.fingerprint import file_sha256
from early_id.schema.codes import code_list


@rows("missing_type", MISSING)
def _bad_type(table: pd.DataFrame) -> pd.Series:
    return ~table["Type"].isin(["M", "A", ""])


@rows("missing_blank", MISSING)
def _blank(table: pd.DataFrame) -> pd.Series:
    return (table["Type"] == "") | (table["StartedAt"] == "")


@rows("missing_end_before_start", MISSING)
def _found_first(table: pd.DataFrame) -> pd.Series:
    return (table["EndedAt"] != "") & (table["EndedAt"] < table["StartedAt"])


@rows("missing_outside_year", MISSING)
def _found_later(table: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(table["EndedAt"]) > EXTRACTED + pd.Timedelta(days=1)


def _listed_episodes(files: Files) -> pd.DataFrame:
    table = files[MISSING]
    return table[table["PersonID"].isin(files["police/people.csv"]["PersonID"]) & (table["StartedAt"] != "")]


@counts("missing_overlap")
def _overlap(files: Files) -> Counts:
    table = _listed_episodes(files)
    table = table[table["EndedAt"] != ""]
    return {MISSING: int(begins_inside(table, "PersonID", pd.to_datetime(table["StartedAt"]), pd.to_datetime(table["EndedAt"])).sum())}


@counts("missing_left_open")
def _left_open(files: Files) -> Counts:
    table = _listed_episodes(files)
    last = table.groupby("PersonID")["StartedAt"].transform("max")
    return {MISSING: int(((table["EndedAt"] == "") & (table["StartedAt"] < last)).sum())}


@rows("suspension_category", SUSPENSIONS)
def _category(table: pd.DataFrame) -> pd.Series:
    return ~table["Category"].isin(["SUSP", "PERM"])


UNUSUAL = r"\d{1,2} [A-Z][a-z]{2} \d{4}|\d\d/\d\d/\d\d|\d\d\.\d\d\.\d{4}"
_DATES = {CONTACTS: "ContactDate", EARLY_HELP: "OfferedOn", SUSPENSIONS: "StartDate", INDICATORS: "HappenedOn"}


def _dates(condition: Callable[[pd.Series], pd.Series]) -> Counter:
    return lambda files: {name: int(condition(files[name][column]).sum()) for name, column in _DATES.items()}


COUNTERS["unreadable_date"] = _dates(lambda texts: (texts != "") & day(texts).isna() & ~texts.str.fullmatch(rf"{UNUSUAL}|\d{{5}}"))
COUNTERS["unusual_date_styles"] = _dates(lambda texts: texts.str.fullmatch(UNUSUAL))
COUNTERS["serial_dates"] = _dates(lambda texts: texts.str.fullmatch(r"\d{5}"))
COUNTERS["required_missing"] = _dates(lambda texts: texts == "")


@counts("mixed_date_styles")
def _mixed(files: Files) -> Counts:
    """The style that fewer rows of a file have."""
    out = {}
    for name, column in _DATES.items():
        texts = files[name][column][day(files[name][column]).notna()]
        iso = texts.str.fullmatch(r"\d{4}-\d\d-\d\d").sum()
        out[name] = int(min(iso, len(texts) - iso))
    return out


@rows("lost_leading_zeros", ENROLMENTS, "education/schools.xlsx")
def _lost_zeros(table: pd.DataFrame) -> pd.Series:
    return table["LAESTAB"].str.len() != 7


@counts("trailing_spaces")
def _trailing(files: Files) -> Counts:
    return {name: int(files[name][column].str.endswith(" ").sum()) for name, column in ((CONTACTS, "Outcome"), (FACTORS, "Factor"))}


@counts("padded_ids")
def _padded(files: Files) -> Counts:
    return {name: int(files[name][column].str.endswith(" ").sum()) for name, column in ((ENROLMENTS, "PupilID"), (EARLY_HELP, "PersonID"))}


@rows("repeated_row", CONTACTS, FACTORS, ENROLMENTS, PUPILS, STATUTORY, INDICATORS)
def _repeated(table: pd.DataFrame) -> pd.Series:
    return table.duplicated()


@counts("duplicate_export")
def _copies(files: Files) -> Counts:
    root = files.folder / "extracts"
    seen: set[str] = set()
    out = {}
    for path in sorted(root.rglob("*.*"), key=lambda path: (len(path.name), path.name)):
        digest = file_sha256(path)
        if digest in seen:
            name = path.relative_to(root).as_posix()
            out[name] = len(files[name])
        seen.add(digest)
    return out


@counts("code_list_change")
def _other_list(files: Files) -> Counts:
    codes = files[CONTACTS]["Source"].str.fullmatch(r"\d[A-F]?")
    assert (files[CONTACTS].loc[codes, "ContactDate"] >= "2025-01-01").all()
    return {CONTACTS: int(codes.sum())}


@counts("wrong_encoding")
def _encoding(files: Files) -> Counts:
    root = files.folder / "extracts"
    lines = {path: path.read_bytes().split(b"\r\n") for path in root.rglob("*.csv") if not path.name.startswith("marks")}
    return {path.relative_to(root).as_posix(): sum(not is_utf8(line) for line in held) for path, held in lines.items()}


@counts("two_enrolments")
def _two_rolls(files: Files) -> Counts:
    table = files[ENROLMENTS].drop_duplicates()
    table = table.assign(PupilID=table["PupilID"].str.strip())
    return {ENROLMENTS: int(begins_inside(table, "PupilID", day(table["Start"]), day(table["End"])).sum())}


def _in_marks(kind: str, condition: Callable[[pd.DataFrame], pd.Series]) -> None:
    COUNTERS[kind] = lambda files: {name: int(condition(table).sum()) for name, table in files.marks.items()}


KEY = ["PupilID", "SchoolID", "Date", "Session"]


def _entries(table: pd.DataFrame) -> pd.DataFrame:
    """Marks with a date, repeated rows once, in the order they were made."""
    table = table[table["Date"].notna()]
    return table.drop_duplicates().sort_values("RecordedOn", kind="stable")


def _late(table: pd.DataFrame) -> pd.Series:
    first = _entries(table).drop_duplicates(KEY)
    return first["RecordedOn"] - first["Date"] > pd.Timedelta(days=1)


def _corrected(table: pd.DataFrame) -> pd.Series:
    return _entries(table).duplicated(KEY)


_in_marks("mark_unknown", lambda table: ~table["Code"].isin(code_list("attendance").values()))
_in_marks("mark_withdrawn", lambda table: (table["Code"] == "H") & (table["Date"] >= "2024-08-19"))
_in_marks("mark_unreadable_date", lambda table: table["Date"].isna() & (table["Written"] != ""))
_in_marks("mark_required_missing", lambda table: table["Written"] == "")
_in_marks("mark_repeated", lambda table: table.duplicated([*KEY, "Code", "RecordedOn", "Written"]))
_in_marks("late_marks", _late)
_in_marks("corrected_marks", _corrected)


@counts("silent_month")
def _silent(files: Files) -> Counts:
    """Schools with a pupil on roll all month, and no mark in it, in months in which others were at school for two weeks."""
    marks = pd.concat([table[["SchoolID", "Date"]].drop_duplicates() for table in files.marks.values()]).dropna()
    marks["month"] = marks["Date"].dt.to_period("M")
    days = marks.groupby("month")["Date"].agg(["min", "max", "nunique"])
    sent = set(zip(marks["SchoolID"], marks["month"], strict=True))
    rolls = files[ENROLMENTS]
    start, end = day(rolls["Start"]), day(rolls["End"]).fillna(EXTRACTED)
    silent = 0
    for month, held in days[days["nunique"] >= 10].iterrows():
        there = rolls.loc[(start <= held["min"]) & (end >= held["max"]), "SchoolID"].unique()
        silent += sum((school, month) not in sent for school in there)
    return {"attendance": silent}
