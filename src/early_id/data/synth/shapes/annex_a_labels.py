"""Labels of the inspection workbook: codes behind a letter, as its drop-down lists have them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from early_id.data.synth.shapes.dates import Texts

ETHNICITIES = (
    "WBRI", "WIRI", "WIRT", "WOTH", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN", "AOTH", "BCRB", "BAFR", "BOTH",
    "CHNE", "OOTH", "NOBT", "REFU",
)  # fmt: skip
_SOURCES = (
    ("1A", "Individual"), ("1B", "Individual"), ("1C", "Individual"), ("1D", "Individual"), ("2A", "Schools"), ("2B", "Education services"),
    ("3A", "Health services"), ("3B", "Health services"), ("3C", "Health services"), ("3D", "Health services"), ("3E", "Health services"),
    ("3F", "Health services"), ("4", "Housing"), ("5A", "LA services"), ("5B", "LA services"), ("5C", "LA services"), ("6", "Police"),
    ("7", "Other legal agency"), ("8", "Other"), ("9", "Anonymous"), ("10", "Unknown"), ("5D", "LA services"),
)  # fmt: skip
_PLACEMENTS = (
    ("U1", "Foster placement - relatives - long term"), ("U2", "Foster placement - relatives - FFA"), ("U3", "Foster placement - relatives"),
    ("U4", "Foster placement - long term"), ("U5", "Foster placement - FFA"), ("U6", "Foster placement - not FFA"),
    ("A3", "Placed for adoption"), ("A4", "Placed for adoption"), ("A5", "Placed for adoption"), ("A6", "Placed for adoption"),
    ("P1", "Placed with parents"), ("P2", "Independent living"), ("P3", "Residential employment"), ("H5", "Residential accommodation"),
    ("K1", "Secure home"), ("K2", "Children's home"),
)  # fmt: skip
_PROVIDERS = (
    ("PR0", "Parent or other person with parental responsibility"), ("PR1", "Own provision"), ("PR2", "Other LA provision"),
    ("PR3", "Other public provision"), ("PR4", "Private provision"), ("PR5", "Voluntary/third sector"),
)  # fmt: skip
_ENDED = (
    ("E11", "Adopted - consent dispensed with"), ("E12", "Adopted - unopposed"), ("E2", "Died"), ("E3", "Care taken over by another LA"),
    ("E4A", "Returned home - planned"), ("E4B", "Returned home - unplanned"), ("E41", "Residence order"),
    ("E45", "Special Guardianship Orders - former foster carer"), ("E46", "Special Guardianship Orders - other"),
    ("E5", "Moved to independent living"), ("E47", "Special Guardianship Orders - relative/friend"), ("E6", "Moved to independent living"),
    ("E7", "Transferred to adult services"), ("E8", "Ceased for any other reason"), ("E9", "Sentenced to custody"),
)  # fmt: skip
NEEDS = {
    "N1": "Abuse or Neglect", "N2": "Child's Disability", "N3": "Parental Illness or Disability", "N4": "Family in Acute Stress",
    "N5": "Family Dysfunction", "N6": "Socially Unacceptable Behaviour", "N7": "Low Income", "N8": "Absent Parenting",
    "N9": "Cases other than Children in Need", "N0": "Not Stated",
}  # fmt: skip
CLOSURES = {
    "RC5": "Transferred to another LA", "RC6": "Transferred to adult services", "RC7": "Services ceased for any other reason",
    "RC8": "Closed after assessment, no further action", "RC9": "Closed after assessment, referred to early help",
}  # fmt: skip
CATEGORIES = {"NEG": "Neglect", "EMO": "Emotional abuse", "PHY": "Physical abuse", "SAB": "Sexual abuse", "MUL": "Multiple"}
LEGAL = {"C1": "C1: ICO", "C2": "C2: FCO", "V2": "V2: Single period of accommodation"}
HOMES = {"U": "U: Independent living", "V": "V: Residing with a former foster carer", "Y": "Y: Other accommodation", "D": "D: Supported lodgings"}
ACTIVITIES = {
    "F2": "F2: Full time in education other than higher", "F4": "F4: Full time in training", "F5": "F5: Full time in employment",
    "G4": "G4: Not in education, employment or training - illness", "G5": "G5: Not in education, employment or training - other",
}  # fmt: skip


def lettered(items: Iterable[tuple[str, str]], between: str = ": ") -> dict[str, str]:
    """Code → ``a) code: label`` in the order of the list."""
    return {code: f"{chr(97 + number)}) {code}{between}{label}".rstrip(": ") for number, (code, label) in enumerate(items)}


ETHNICITY = lettered([(code, "") for code in ETHNICITIES])
SOURCE, PLACEMENT, ENDED = lettered(_SOURCES), lettered(_PLACEMENTS), lettered(_ENDED)
PROVIDER = lettered(_PROVIDERS, " - ")
GENDER = {"M": "a) Male", "F": "b) Female"}
DISABLED = {"Y": "a) Yes", "N": "b) No"}


def labelled(values: Texts | pd.Series, labels: dict[str, str], otherwise: str | None = None) -> Texts:
    """Labels of codes; an unknown code stays as it stands, unless ``otherwise`` says what to write."""
    column = pd.Series(values, dtype=object).reset_index(drop=True)
    return column.map(labels).fillna(column if otherwise is None else otherwise).to_numpy(dtype=object)


def yes_no(flags: Texts, *, lettered: bool = False) -> Texts:
    """Yes and No of true and false."""
    labels = ("b) No", "a) Yes") if lettered else ("No", "Yes")
    return pd.Series(flags).map({False: labels[0], True: labels[1]}).to_numpy(dtype=object)
