"""What two records have in common and where they differ, fact by fact: what rules, words and the review workbook read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.data.engine import connect, raw
from early_id.linkage.records import near_dates

if TYPE_CHECKING:
    import ibis

#: Likeness of two names (Jaro-Winkler, 0 to 1) above which one may be the other, mistyped or cut short.
ALIKE = 0.84
_NAMES = ("forename", "surname")
#: Facts of a pair that hold an identifier.
NUMBERS = ("upn", "nhs_number", "uln")


def facts_of(records: pd.DataFrame, pairs: pd.DataFrame, backend: ibis.backends.duckdb.Backend | None = None) -> pd.DataFrame:
    """Facts of each pair.

    Parameters
    ----------
    records : DataFrame
        ``Records.frame``.
    pairs : DataFrame
        left, right: positions in ``records``.

    Returns
    -------
    DataFrame
        On the index of ``pairs``. ``same_number`` (a valid identifier agrees), ``other_number`` (one differs; temporary UPNs differ from nothing),
        ``born`` (same, near, different, unknown), for each name ``same``, ``alike``, ``different`` or ``unknown``, ``swapped`` (forename and surname
        changed places), ``home`` (same, different, unknown), ``sex_differs``, ``one_source``.
    """
    a = records.iloc[pairs["left"].to_numpy()].reset_index(drop=True)
    b = records.iloc[pairs["right"].to_numpy()].reset_index(drop=True)
    agree = np.zeros(len(pairs), dtype=bool)
    differ = np.zeros(len(pairs), dtype=bool)
    for name in NUMBERS:
        same, other = _compared(a[name], b[name])
        agree |= same
        differ |= other
    agree |= _compared(a["temporary_upn"], b["temporary_upn"])[0]
    same_day, other_day = _compared(a["birth_date"], b["birth_date"])
    near = other_day & near_dates(a["birth_date"], b["birth_date"])
    same_postcode, other_postcode = _compared(a["postcode"], b["postcode"])
    same_property, other_property = _compared(a["uprn"], b["uprn"])
    same_home = same_property | (same_postcode & ~other_property)
    other_home = ~same_home & (other_property | other_postcode)
    names = _names(a, b, backend)
    facts = pd.DataFrame(
        {
            "same_number": agree,
            "other_number": differ,
            "born": np.select([same_day, near, other_day], ["same", "near", "different"], "unknown"),
            "forename": names["forename"],
            "surname": names["surname"],
            "swapped": names["swapped"],
            "home": np.select([same_home, other_home], ["same", "different"], "unknown"),
            "sex_differs": _compared(a["sex"], b["sex"])[1],
            "one_source": (a["source"] == b["source"]).to_numpy(),
        }
    )
    return facts.set_index(pairs.index)


@cache
def _engine() -> ibis.backends.duckdb.Backend:
    """One engine for all comparisons of names, which keep nothing in it: opening one takes longer than most of them."""
    return connect()


def _compared(one: pd.Series, two: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Where both are known: same, different."""
    both = (one.notna() & two.notna()).to_numpy()
    same = both & (one == two).fillna(False).to_numpy(dtype=bool)
    return same, both & ~same


def _names(a: pd.DataFrame, b: pd.DataFrame, backend: ibis.backends.duckdb.Backend | None) -> pd.DataFrame:
    """same, alike, different or unknown, for each name; whether they changed places."""
    distinct = []
    for first, second in (("forename", "forename"), ("surname", "surname"), ("forename", "surname"), ("surname", "forename")):
        distinct.append(pd.DataFrame({"one": a[first], "two": b[second]}))
    alike = _alike(pd.concat(distinct, ignore_index=True).dropna().drop_duplicates(), backend)
    found = {}
    for name, pair in zip(("forename", "surname", "cross_1", "cross_2"), distinct, strict=True):
        keys = pd.MultiIndex.from_frame(pair)
        near = pd.Series(keys.isin(alike), index=pair.index)
        same, other = _compared(pair["one"], pair["two"])
        found[name] = np.select([same, other & near, other], ["same", "alike", "different"], "unknown")
    close = ("same", "alike")
    swapped = np.isin(found["cross_1"], close) & np.isin(found["cross_2"], close) & (found["forename"] == "different")
    return pd.DataFrame({"forename": found["forename"], "surname": found["surname"], "swapped": swapped})


def _alike(names: pd.DataFrame, backend: ibis.backends.duckdb.Backend | None) -> pd.MultiIndex:
    """Pairs of different names that may be one: nearly the same letters, a short form, or a part of a longer name in common.

    A short form shares the first three letters (Sam, Sammy, Samantha) and is the shorter; or the whole of it begins the longer.
    """
    if names.empty:
        return pd.MultiIndex.from_frame(names)
    connection = raw(backend or _engine())
    connection.register("early_id_names", names.astype(str))
    query = f"""
        SELECT one, two FROM early_id_names WHERE jaro_winkler_similarity(one, two) >= {ALIKE}
            OR damerau_levenshtein(one, two) <= 1
            OR (length(one) >= 3 AND starts_with(two, one)) OR (length(two) >= 3 AND starts_with(one, two))
            OR (substr(one, 1, 3) = substr(two, 1, 3) AND least(length(one), length(two)) BETWEEN 3 AND 5)
            OR list_has_any(list_filter(string_split(one, ' '), lambda x: length(x) > 2), list_filter(string_split(two, ' '), lambda x: length(x) > 2))
    """
    found = connection.execute(query).df()
    connection.unregister("early_id_names")
    return pd.MultiIndex.from_frame(found)
