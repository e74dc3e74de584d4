"""Absence: the official definition for reports, and the separate one for features.

Official (DfE, Pupil absence statistics: methodology): possible sessions are attended plus absent sessions of one enrolment; overall absence is
authorised plus unauthorised absence over possible sessions; persistent absence is 10 % or more of the enrolment's own
possible sessions, severe absence 50 % or more, and the unit is the enrolment, not the pupil.

For features, sessions coded S, E, C2 and Y5 count neither as possible nor as absent: study leave is seasonal, E and C2 are what the school
did and are features of their own, Y5 is custody. R and T are read as present (see ``schema/codes``).
"""

from __future__ import annotations

import pandas as pd

from early_id.core.errors import InputDataError
from early_id.schema.codes import code_list
from early_id.schema.conditions import isin

PERSISTENT_FROM = 0.10
SEVERE_FROM = 0.50

_MARKS = code_list("attendance")
#: Left out of numerator and denominator of absence in features.
SET_APART = frozenset({"S", "E", "C2", "Y5"})
_POSSIBLE = _MARKS.having(flag="possible") - SET_APART - {"R", "T"}
_ABSENT = _MARKS.having(flag="absent") - SET_APART - {"R", "T"}

IS_POSSIBLE_FOR_FEATURES = isin("code", _POSSIBLE)
IS_ABSENT_FOR_FEATURES = isin("code", _ABSENT)
IS_UNAUTHORISED_FOR_FEATURES = isin("code", _MARKS.having(category="unauthorised_absence"))
IS_ILLNESS = isin("code", {"I"})
IS_MEDICAL = isin("code", {"M"})
IS_LATE = isin("code", {"L", "U"})
#: Came after the register had closed.
IS_LATE_AFTER_REGISTER = isin("code", {"U"})
#: Counts to the threshold of ten sessions in ten school weeks (Working together to improve school attendance, 2024).
COUNTS_TO_THRESHOLD = isin("code", {"G", "O", "U"})
#: An absence of which somebody at home told the school the reason: all but those not authorised for want of one, and those not explained yet.
IS_EXPLAINED = isin("code", _ABSENT - {"O", "N", "U"})
IS_PRESENT_OR_LATE = isin("code", _MARKS.having(flag="attended") | {"U"})
IS_SUSPENDED = isin("code", {"E"})
IS_PART_TIME = isin("code", {"C2"})
IS_ALTERNATIVE_PROVISION = isin("code", {"B", "K"})
#: Dual registered: the session is due at the other school (Working together to improve school attendance, 2024).
DUAL = frozenset({"D"})
#: Every mark for a session that the school held for the child, C2, E and S included.
IS_ANY_SESSION = isin("code", (_MARKS.having(flag="possible") - {"R", "T"}) | {"E", "C2", "S"})


def overall_absence(marks: pd.DataFrame, *, by: list[str], minimum_sessions: int = 1) -> pd.DataFrame:
    """Official absence of each enrolment.

    Parameters
    ----------
    marks : DataFrame
        One row a mark, with a column ``code`` and the columns of ``by``.
    by : list of str
        What makes an enrolment, usually ``["child_id", "school_id"]`` within one school year.
    minimum_sessions : int
        Enrolments with fewer possible sessions get an unknown rate (short enrolments make rates wild).

    Returns
    -------
    DataFrame
        Columns of ``by``, then possible, attended, authorised, unauthorised (sessions), absence_rate (0 to 1), is_persistent and
        is_severe (nullable booleans, unknown where the rate is).

    Raises
    ------
    InputDataError
        A code that is not in the list: an unknown code is a finding, never a default.
    """
    known = set(_MARKS.values())
    strange = ~marks["code"].isin(known)
    if strange.any():
        raise InputDataError(
            f"{int(strange.sum())} marks carry a code that is not in the attendance list.",
            where="column code",
            what_next="Run the checks first (early-id ingest): they set such marks aside.",
        )
    parts = {
        "possible": _MARKS.having(flag="possible"),
        "attended": _MARKS.having(flag="attended"),
        "authorised": _MARKS.having(category="authorised_absence"),
        "unauthorised": _MARKS.having(category="unauthorised_absence"),
    }
    counted = marks[by].assign(**{name: marks["code"].isin(codes).astype("int64") for name, codes in parts.items()})
    result = counted.groupby(by, sort=True, as_index=False)[list(parts)].sum()
    enough = result["possible"] >= max(minimum_sessions, 1)
    rate = ((result["authorised"] + result["unauthorised"]) / result["possible"].where(enough)).astype("Float64")
    result["absence_rate"] = rate
    result["is_persistent"] = rate >= PERSISTENT_FROM
    result["is_severe"] = rate >= SEVERE_FROM
    return result
