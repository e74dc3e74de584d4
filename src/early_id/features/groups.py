"""Groups for the audit, never for a model. ``not known`` is a value of its own and is never dropped."""

from __future__ import annotations

import pandas as pd

from early_id.features.cohort import persons
from early_id.features.membership import among
from early_id.features.past import Past
from early_id.schema.codes import code_list
from early_id.schema.codes.lists import ethnic_roll_up

_READ = ["sex", "ethnicity", "sen_provision", "sen_need", "disability", "fsm", "first_language", "idaci_decile", "young_carer"]
NOT_KNOWN = "not known"
_SEN = {"N": "none", "K": "SEN support", "A": "SEN support", "P": "SEN support", "Q": "SEN support", "E": "EHC plan", "S": "EHC plan"}
_QUINTILE = {1: "1 (most deprived)", 2: "2", 3: "3", 4: "4", 5: "5 (least deprived)"}


def _yes_no(values: pd.Series) -> pd.Series:
    return values.map({True: "yes", False: "no"})


def _care(past: Past, children: pd.Series) -> pd.Series:
    """Whether a spell in care, or as a care leaver, began before the date; records of other councils are not held, so nobody is a certain *no*."""
    rows = past.frame("statutory")
    if rows.empty:
        return pd.Series(NOT_KNOWN, index=children.index)
    began = pd.to_datetime(rows["start_on"]) < pd.Timestamp(past.as_of)
    cared = set(rows.loc[rows["status"].isin(["CLA", "CARE_LEAVER"]) & began, "child_id"])
    return among(children, cared).map({True: "on record", False: "none on record here"})


def _need(people: pd.DataFrame) -> pd.Series:
    """Primary SEN need in words; *none* where the school says that there is no provision."""
    words = {code.code: code.meaning for code in code_list("sen_need").codes}
    need = people["sen_need"].map(words)
    return need.where(need.notna() | ~people["sen_provision"].eq("N"), "none")


def council_groups(past: Past, index: pd.DataFrame) -> pd.DataFrame:
    """One column a characteristic, for the cohort rows of one date, as recorded by that date."""
    people = persons(past)[_READ].reindex(index["child_id"])
    decile = pd.to_numeric(people["idaci_decile"], errors="coerce")
    known = index["known_to_services"] if "known_to_services" in index else pd.Series(None, index=index.index, dtype=object)
    groups = {
        "sex": people["sex"].map({"F": "female", "M": "male"}),
        "ethnic_group": people["ethnicity"].map(ethnic_roll_up(6)),
        "ethnic_group_5": people["ethnicity"].map(ethnic_roll_up(5)),
        "ethnic_group_18": people["ethnicity"].map(ethnic_roll_up(18)),
        "ethnic_group_19": people["ethnicity"].map(ethnic_roll_up(19)),
        "sen": people["sen_provision"].map(_SEN),
        "sen_need": _need(people),
        "disability": _yes_no(people["disability"]),
        "fsm": _yes_no(people["fsm"]),
        "age_band": pd.cut(index["age"].astype(float), [0, 7, 10, 13, 17], labels=["4 to 7", "8 to 10", "11 to 13", "14 to 17"]).astype(object),
        "first_language": people["first_language"].map({"ENG": "English", "OTH": "other than English"}),
        "idaci_quintile": ((decile + 1) // 2).map(_QUINTILE),
        # The census mark N says that nobody declared it, which is not a no.
        "young_carer": people["young_carer"].map({"P": "declared", "S": "declared"}),
        "care_experience": _care(past, index["child_id"]),
        "known_before": known.map({True: "known to services in the year before", False: "new"}),
    }
    frame = pd.DataFrame({name: pd.Series(values.to_numpy(), index=index.index, dtype=object) for name, values in groups.items()})
    return frame.where(frame.notna(), NOT_KNOWN).astype(str)
