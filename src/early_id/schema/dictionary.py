"""The data dictionary, generated from the declarations so that it cannot differ from them."""

from __future__ import annotations

import pandas as pd

from early_id.core.errors import SettingsError
from early_id.core.types import Usage
from early_id.schema.codes import code_list
from early_id.schema.tables import Column, Tables

#: The column that every table of people has beside its own: whose row it is.
PERSON = Column(
    "source_person_id", label="Person's number at the source", usage=Usage.NEVER, required=True, note="joins rows to the source's people file"
)


def data_dictionary(*names: str, tables: Tables | None = None) -> pd.DataFrame:
    """One row a column: table, column, label, type, permitted use, code list and its values, whether required, note.

    Parameters
    ----------
    *names : str
        The tables that are wanted; all of them if none is named.
    tables : Tables, optional
        Standard tables with those of an extension.

    Raises
    ------
    SettingsError
        There is no table of that name.
    """
    known = {table.name: table for table in (tables or Tables())}
    for name in names:
        if name not in known:
            raise SettingsError.unknown_name("table", name, known)
    rows = [
        {
            "table": table.name, "column": column.name, "label": column.label, "type": column.type, "use": str(column.usage),
            "codes": column.codes or "", "values": " ".join(code_list(column.codes).values()) if column.codes else "",
            "required": column.required, "held by": str(table.sharing), "note": column.note,
        }
        for table in (known[name] for name in names or known)
        for column in (*((PERSON,) if table.has_person else ()), *table.columns)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def code_values(*names: str) -> pd.DataFrame:
    """Every code of the named lists: what it means, when it was in force, and what it may be used for."""
    rows = [
        {
            "list": name, "code": code.code, "meaning": code.meaning, "from": code.valid_from or "", "until": code.valid_to or "", "use": str(code.usage),
        }
        for name in names
        for code in code_list(name).codes
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["list", "code", "meaning", "from", "until", "use"])


def restricted_codes(*names: str) -> pd.DataFrame:
    """Codes of the named lists that may not be used in a feature, with the code that features read instead where there is one."""
    rows = [
        {"list": name, "code": code.code, "meaning": code.meaning, "use": str(code.usage), "read as": code.stand_in or ""}
        for name in names
        for code in code_list(name).codes
        if code.usage is not Usage.FEATURE
    ]
    return pd.DataFrame(rows, columns=["list", "code", "meaning", "use", "read as"])
