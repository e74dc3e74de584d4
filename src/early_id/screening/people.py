"""What lists need to know of people: names, school, hub, and whether contact is safe."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import pandas as pd

from early_id.core.errors import InputDataError
from early_id.core.types import Audience

REQUIRED = ("child_id", "family_id")
TEXT_COLUMNS = ("forename", "surname", "school_id", "school_name", "hub_id", "hub_name", "nc_year", "lead_contact")
FLAG_COLUMNS = ("safe_contact", "protected_address", "no_joint_contact")
#: Which columns name an audience's recipients.
RECIPIENT_COLUMNS: dict[Audience, tuple[str, str]] = {
    Audience.SCHOOL_LEAD: ("school_id", "school_name"),
    Audience.HUB_LEAD: ("hub_id", "hub_name"),
}


@dataclass(frozen=True)
class Recipient:
    """One school or one hub that gets a list."""

    audience: Audience
    id: str
    name: str

    @property
    def is_school(self) -> bool:
        """Whether it may see its own pupils only."""
        return self.audience is Audience.SCHOOL_LEAD


def tidy_people(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a child, indexed by ``child_id``, with every column a list may use.

    Text that is not held is an empty string. ``safe_contact`` is read as *contact is safe*: False means that it is not; an
    empty answer is taken as safe, since the household source marks only those who are not.

    Raises
    ------
    InputDataError
        If a column is missing or a child occurs twice.
    """
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise InputDataError.columns_missing(missing, where="the people of the lists", found=map(str, frame.columns))
    people = frame.copy()
    people["child_id"] = people["child_id"].astype(str)
    if people["child_id"].duplicated().any():
        raise InputDataError(
            f"{int(people['child_id'].duplicated().sum()):,} child or children occur twice among the people of the lists.",
            what_next="Give one row a child; check the linkage findings.",
        )
    for name in (*TEXT_COLUMNS, "family_id"):
        people[name] = people[name].astype("object").where(people[name].notna(), "").astype(str) if name in people else ""
    for name in FLAG_COLUMNS:
        default = name == "safe_contact"
        given = people[name] if name in people else pd.Series(default, index=people.index)
        people[name] = given.astype("object").where(given.notna(), default).astype(bool)
    return people.set_index("child_id").sort_index()


def marks_held(frame: pd.DataFrame) -> bool:
    """Whether the household records say of anyone if contact is safe, as ``people_frame`` hands them over: False where all are missing."""
    given = [name for name in FLAG_COLUMNS if name in frame]
    return not given or bool(frame[given].notna().any(axis=None))


def children_to_check(people: pd.DataFrame) -> frozenset[str]:
    """Children whom only a hub may contact, after checking how: one child's mark covers the whole family."""
    marked = ~people["safe_contact"] | people["protected_address"] | people["no_joint_contact"]
    return frozenset(people.index[people["family_id"].isin(people.loc[marked, "family_id"])])


def recipients_of(people: pd.DataFrame, audience: Audience) -> tuple[Recipient, ...]:
    """Every school, or every hub, that a child of ``people`` belongs to, in order of name."""
    id_column, name_column = RECIPIENT_COLUMNS[audience]
    pairs = people[[id_column, name_column]].drop_duplicates(id_column)
    label = str if audience is Audience.SCHOOL_LEAD else hub_label
    found = [Recipient(audience, str(i), label(str(n)) or str(i)) for i, n in pairs.itertuples(index=False, name=None) if str(i)]
    return tuple(sorted(found, key=lambda r: (sort_key(r.name), r.id)))


def hub_label(name: str) -> str:
    """``North hub``: a bare name, as registers of schools have it, does not say what it is. Other names stay as they are."""
    return name if not name or "hub" in name.casefold() or " " in name.strip() else f"{name} hub"


def display_name(person: Any, child_id: str) -> str:
    """``Forename Surname``; the key of the child where no name is held (data without names)."""
    return f"{person['forename']} {person['surname']}".strip() or child_id


def sort_key(text: str) -> str:
    """Alphabetical order as people expect it: no capitals, no accents, no apostrophes."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if c.isalnum() or c == " ").casefold()
