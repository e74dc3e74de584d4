"""A registered model as engine expressions, so that scores are made where the data are.

Takes the plain numbers of a bundle (``model.json``: ``tables`` and ``features``) and a table of feature columns. Terms are those of the
Python score and are added in the same order. Every number is written as text and cast to double: a bare ``0.3`` is a decimal to an
engine, which brings the branches of a choice to one decimal type and rounds them to its places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from early_id.core.errors import InputDataError
from early_id.core.types import Json

if TYPE_CHECKING:
    import ibis

#: Most features of one layer of the query: engines that compile a layer to code (Spark) give up above a size.
AT_ONCE = 10

SCORE, TERM = "score", "term_"


def score_table(rows: ibis.Table, tables: Json, features: Sequence[str], *, terms: bool = False) -> ibis.Table:
    """``rows`` with a column ``score``: uncalibrated log-odds.

    Parameters
    ----------
    rows : ibis.Table
        One column per feature, of any numeric type; null and NaN are both unknown. Other columns are kept.
    tables : dict
        ``baseline`` and ``terms`` as written by ``models.portable.to_tables``: kinds ``steps`` and ``line``.
    features : sequence of str
        Name of the column of each term, in order.
    terms : bool
        Keep ``term_<feature>`` beside it: the contribution of each feature.

    Returns
    -------
    ibis.Table
        Not computed yet.

    Raises
    ------
    InputDataError
        A column is missing or would be overwritten, a term is of another kind, or a number is not finite.
    """
    _check(rows, tables, features, terms)
    kept = list(rows.columns)
    out = rows.mutate(**{SCORE: _number(tables["baseline"])})
    for start in range(0, len(features), AT_ONCE):
        layer = list(zip(features, tables["terms"], strict=True))[start : start + AT_ONCE]
        out = out.mutate(**{f"{TERM}{name}": TERMS[term["kind"]](term, out[name].cast("float64")) for name, term in layer})
        total = out[SCORE]
        for name, _ in layer:
            total = total + out[f"{TERM}{name}"]
        out = out.mutate(**{SCORE: total})
        kept += [f"{TERM}{name}" for name, _ in layer] if terms else []
        out = out.select(*kept, *(column for column in out.columns if column == SCORE))
    return out


def _check(rows: ibis.Table, tables: Json, features: Sequence[str], terms: bool) -> None:
    where = "the model's tables"
    missing = [name for name in features if name not in rows.columns]
    if missing:
        raise InputDataError.columns_missing(missing, where="the table to be scored", found=map(str, rows.columns))
    taken = sorted({SCORE, *(f"{TERM}{name}" for name in features)} & set(rows.columns))
    if taken:
        raise InputDataError(f"The table to be scored has a column '{taken[0]}' already.", what_next="Leave that column out.")
    if len(tables["terms"]) != len(features):
        raise InputDataError(f"The model's tables hold {len(tables['terms'])} terms for {len(features)} features.", where=where)
    unknown = [name for name, term in zip(features, tables["terms"], strict=True) if term.get("kind") not in TERMS]
    if unknown:
        raise InputDataError(f"The term of '{unknown[0]}' is of no known kind.", where=where, what_next=f"Kinds: {', '.join(TERMS)}.")


def _number(value: Any) -> Any:
    """A double, to the last bit."""
    import ibis

    number = float(value)
    if not math.isfinite(number):
        raise InputDataError("A number of the model is not finite.", where="the model's tables", what_next="Register the model again.")
    return ibis.literal(repr(number)).cast("float64")


def _known(x: Any) -> Any:
    """Whether there is a value at all. Spark says of null that it is a number, so null is asked for by itself."""
    return x.notnull() & ~x.isnan()


def _steps(term: Mapping[str, Any], x: Any) -> Any:
    """Interval ``i`` holds ``cuts[i-1] < x <= cuts[i]``, the last one everything above.

    Halved again and again, not asked one by one: a row meets six questions where there are 64 cuts.
    """
    cuts, values = list(term["cuts"]), list(term["values"])
    if len(values) != len(cuts) + 1:
        raise InputDataError(f"A term has {len(values)} values for {len(cuts)} cuts.", where="the model's tables")

    def among(first: int, last: int) -> Any:
        if first == last:
            return _number(values[first])
        middle = (first + last) // 2
        return (x <= _number(cuts[middle])).ifelse(among(first, middle), among(middle + 1, last))

    return _known(x).ifelse(among(0, len(cuts)), _number(term["unknown"]))


def _line(term: Mapping[str, Any], x: Any) -> Any:
    known = (x - _number(term["mean"])) / _number(term["scale"]) * _number(term["weight"]) - _number(term["centre"])
    return _known(x).ifelse(known, _number(term["unknown"]))


TERMS: dict[str, Callable[[Mapping[str, Any], Any], Any]] = {"steps": _steps, "line": _line}
