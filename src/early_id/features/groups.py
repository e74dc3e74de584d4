"""Groups for the audit, never for a model. ``not known`` is a value of its own and is never dropped."""

from __future__ import annotations

import pandas as pd

from early_id.features.cohort import persons
from early_id.features.past import Past
from early_id.schema.codes import code_list

NOT_KNOWN = "not known"
_SEN = {"N": "none", "K": "SEN support", "A": "SEN support", "P": "SEN support", "Q": "SEN support", "E": "EHC plan", "S": "EHC plan"}
_QUINTILE = {1: "1 (most deprived)", 2: "2", 3: "3", 4: "4", 5: "5 (least deprived)"}


def _yes_no(values: pd.Series) -> pd.Series:
    return values.map({True: "yes", False: "no"})


def council_groups(past: Past, index: pd.DataFrame) -> pd.DataFrame:
    """One column a characteristic, for the cohort rows of one date, as recorded by that date."""
    people = persons(past).reindex(index["child_id"])
    ethnic = {code.code: code.category for code in code_list("ethnicity").codes if code.category != "Unclassified"}
    decile = pd.to_numeric(people["idaci_decile"], errors="coerce")
    groups = {
        "sex": people["sex"].map({"F": "female", "M": "male"}),
        "ethnic_group": people["ethnicity"].map(ethnic),
        "sen": people["sen_provision"].map(_SEN),
        "disability": _yes_no(people["disability"]),
        "fsm": _yes_no(people["fsm"]),
        "age_band": pd.cut(index["age"].astype(float), [0, 7, 10, 13, 17], labels=["4 to 7", "8 to 10", "11 to 13", "14 to 17"]).astype(object),
        "first_language": people["first_language"].map({"ENG": "English", "OTH": "other than English"}),
        "idaci_quintile": ((decile + 1) // 2).map(_QUINTILE),
    }
    frame = pd.DataFrame({name: pd.Series(values.to_numpy(), index=index.index, dtype=object) for name, values in groups.items()})
    return frame.where(frame.notna(), NOT_KNOWN).astype(str)
