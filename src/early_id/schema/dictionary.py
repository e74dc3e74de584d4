"""The data dictionary, generated from the declarations so that it cannot differ from them."""

from __future__ import annotations

import pandas as pd

from early_id.core.types import Usage
from early_id.schema.codes import code_list
from early_id.schema.tables import Tables


def data_dictionary(tables: Tables | None = None) -> pd.DataFrame:
    """One row a column: table, column, label, type, permitted use, code list, whether required, note."""
    rows = [
        {
            "table": table.name, "column": column.name, "label": column.label, "type": column.type, "use": str(column.usage),
            "codes": column.codes or "", "required": column.required, "held by": str(table.sharing), "note": column.note,
        }
        for table in (tables or Tables())
        for column in table.columns
    ]  # fmt: skip
    return pd.DataFrame(rows)


def restricted_codes(*names: str) -> pd.DataFrame:
    """Codes of the named lists that may not be used in a feature, with the code that features read instead where there is one."""
    rows = [
        {"list": name, "code": code.code, "meaning": code.meaning, "use": str(code.usage), "read as": code.stand_in or ""}
        for name in names
        for code in code_list(name).codes
        if code.usage is not Usage.FEATURE
    ]
    return pd.DataFrame(rows, columns=["list", "code", "meaning", "use", "read as"])
