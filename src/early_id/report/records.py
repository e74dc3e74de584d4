"""Which records a run used, in words that a parent would use."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from early_id.features.declare import Feature

#: Table and class of its holder, or the table alone -> what a family would call it.
RECORDS: dict[tuple[str, str], str] = {
    ("attendance", ""): "Days missed at school, being late, and why",
    ("suspensions", ""): "Being sent home from school or told to leave it",
    ("enrolments", ""): "Moves from school to school",
    ("education_status", ""): "Being taught at home, or not in school",
    ("missing_episodes", ""): "Times a child was reported missing",
    ("notifications", "POLICE"): "Calls to the police about abuse at home, and trouble with the law",
    ("notifications", "HEALTH"): "Notes from health staff, such as a death in the family",
    ("household_factors", "SOCIAL_CARE"): "What a social worker wrote about home life: health, drink, drugs, abuse, care of a child",
    ("household_factors", "HOUSING_FINANCE"): "Rent or council tax that is owed, and short-term homes",
    ("contacts", ""): "Times someone told the council that they were worried",
    ("early_help", ""): "Help that a family took up before and that ended well",
    ("household_members", ""): "Who lives in one home, and moves of home",
    ("pupils", ""): "Age and school year",
}
#: Said of a table that only an extension knows.
OTHER = "Notes on {}"


def used_records(features: Iterable[Feature], X: pd.DataFrame) -> dict[str, list[str]]:
    """What was used, in plain words -> classes of who holds it.

    Parameters
    ----------
    features : iterable of Feature
        Those of the models that make the lists.
    X : DataFrame
        The matrix; a feature that is unknown in every row rests on records that nobody sent, so it is not named.
    """
    used: dict[str, list[str]] = {}
    for feature in features:
        if feature.name not in X.columns or not X[feature.name].notna().any():
            continue
        for table in feature.measure.tables or (feature.source,):
            words = RECORDS.get((table, str(feature.sharing))) or RECORDS.get((table, "")) or OTHER.format(table.replace("_", " "))
            classes = used.setdefault(words, [])
            if str(feature.sharing) not in classes:
                classes.append(str(feature.sharing))
    order = list(RECORDS.values())
    return {words: used[words] for words in sorted(used, key=lambda words: order.index(words) if words in order else len(order))}
