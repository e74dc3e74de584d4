"""The further shapes a council can be written in: names, what each is, and the room it takes. A plan needs no more of them.

``write`` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from early_id.core.errors import SettingsError
from early_id.data.synth.naming import unknown

#: The folder beside the extracts. A run does not look there, so the shapes change nothing for ``config.yaml``.
FOLDER = "extracts_other_shapes"
#: Children up to whom the shapes are written: they are for learning and for tests of readers, not for a nation.
LARGEST = 100_000


@dataclass(frozen=True)
class Shape:
    """One further shape.

    ``files`` names its files below its folder, ``shows`` the records it is made from, ``room`` is what it takes on the disk in bytes a
    child, with room to spare.
    """

    name: str
    text: str
    files: str
    shows: str
    room: int


_TABLE: tuple[Shape, ...] = (
    Shape(
        "mis_daily", "a school's information system: one row a pupil and day, AM and PM side by side", "<school year>/<school>.csv", "marks", 24_000
    ),
    Shape("mis_long", "the same: one row a mark", "<school year>/<school>.csv", "marks", 48_000),
    Shape(
        "school_census",
        "school census XML, pupil level, of the last four terms",
        "<year>_<term>/<school>.xml",
        "pupils, rolls, suspensions, marks as termly totals one term in arrears",
        6_000,
    ),
    Shape(
        "ctf",
        "common transfer files of pupils who went to another school in the last full year",
        "<from>_<to>.xml",
        "pupils, rolls, marks as strings",
        500,
    ),
    Shape("ssd", "Standard Safeguarding Dataset", "ssd_<table>.csv", "social care, missing episodes", 1_500),
    Shape(
        "ssd_snapshots",
        "the same as exported on the first of each of the last months, and at the end",
        "<day>/ssd_<table>.csv",
        "social care, missing episodes",
        9_000,
    ),
    Shape(
        "ssda903",
        "looked-after children return (SSDA903) of the last full year to 31 March",
        "<table>.csv",
        "care, missing episodes while in care",
        200,
    ),
    Shape("cin_census", "children in need census of the last full year to 31 March", "cin_census.xml", "referrals, assessments, factors, plans", 300),
    Shape("annex_a", "the workbook of lists an inspection asks for (Annex A)", "Annex_A.xlsx", "contacts, early help, social care", 200),
    Shape("housing", "a housing system's own lists", "household_members.csv, cases.csv", "households, indicators", 600),
    Shape("police", "a police force's own lists", "missing_reports.csv, notices.csv", "missing episodes, notices", 200),
)
SHAPES: dict[str, Shape] = {shape.name: shape for shape in _TABLE}


def parse(words: str | Iterable[str], *, children: int = 0) -> tuple[str, ...]:
    """Shapes from ``all``, or from names one after another or with commas between them, in the order of the table and each once.

    Raises
    ------
    SettingsError
        A name that is not known, or a council of more ``children`` than the shapes are written for.
    """
    asked = [part.strip() for word in ([words] if isinstance(words, str) else words) for part in word.split(",") if part.strip()]
    for word in asked:
        if word not in SHAPES and word != "all":
            raise unknown("shape", word, ["all", *SHAPES], where="--shapes")
    if asked and children > LARGEST:
        raise SettingsError(
            f"The other shapes are written for councils of up to {LARGEST:,} children.",
            where="--shapes",
            what_next="Make a smaller council for them, or leave --shapes out: the extracts themselves have no such limit.",
        )
    return tuple(name for name in SHAPES if name in asked or "all" in asked)
