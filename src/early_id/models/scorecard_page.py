"""A scorecard as one printed page that a board member can follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from markupsafe import Markup

from early_id.core.errors import InputDataError
from early_id.core.types import Json, Unit
from early_id.features.declare import Feature
from early_id.models.adding import Floats
from early_id.models.registry import Bundle
from early_id.models.risk_model import RiskModel
from early_id.models.scorecard import Scorecard
from early_id.present.page import render_page, table_html

#: Stands on the page wherever it is printed.
NOT_BY_HAND = (
    "Not for scoring children by hand. Points are added by the program from records that were checked and cut at one date; a sum made at a desk "
    "mixes dates and sources, and no family should be sorted by it. A person decides whom to talk to, whatever the points say."
)

#: Words of a label that say whose records they are.
_OTHERS = {"brothers", "sisters", "family", "household", "siblings"}

#: Measures whose values are shares between 0 and 1.
_SHARES = ("share", "change", "against_peers")


#: Cut points and points of each feature, in column order; the last points are those of *unknown*.
Card: TypeAlias = list[tuple[Floats, Floats]]


def points_of(bundle: Bundle) -> Card:
    """The points of a model that was written as tables.

    Raises
    ------
    InputDataError
        It is no scorecard.
    """
    if bundle.points_slope is None:
        raise _no_scorecard(bundle.name)
    terms = bundle.estimator.tables["terms"]
    found = [(np.asarray(term["cuts"], dtype=np.float64), np.asarray([*term["values"], term["unknown"]], dtype=np.float64)) for term in terms]
    # A slope of 0 is that of a card on which nothing stands.
    return [(cuts, np.round((values - values.min()) / (bundle.points_slope or 1.0))) for cuts, values in found]


def _no_scorecard(name: str) -> InputDataError:
    return InputDataError(
        f"'{name}' is no scorecard, so it has no points to print.",
        what_next="Add scorecard to training.models and train again: its points are kept beside the model put forward.",
    )


def scorecard_page(model: RiskModel, *, points: Card | None = None, watermark: str | None = None, said: Iterable[str] = ()) -> str:
    """The whole model on a page: each sign with its steps and points.

    Parameters
    ----------
    model : RiskModel
        Its estimator is a :class:`Scorecard`, unless its points are given.
    points : list, optional
        Of a model read back from its tables: see :func:`points_of`.
    watermark : str, optional
    said : iterable of str
        Sentences that every output of the run carries.

    Raises
    ------
    InputDataError
        Another kind of model.
    """
    if points is None:
        if not isinstance(model.estimator, Scorecard):
            raise _no_scorecard(model.name)
        points = model.estimator.card()
    return page_of_points(model.name, points_table(model.features, points), watermark=watermark, said=said)


def points_table(features: Sequence[Feature], points: Card) -> Json:
    """The card in words: ``steps`` (numbers of points that occur), ``most`` (points in all) and ``rows`` (a sign, then what the records say for each step)."""
    on_card = [(f, cuts, values) for f, (cuts, values) in zip(features, points, strict=True) if values.any()]
    on_card.sort(key=lambda entry: -float(entry[2].max()))
    steps = sorted({int(value) for _, _, values in on_card for value in values})
    rows = [[_label(feature), *_by_points(feature, cuts, values, steps)] for feature, cuts, values in on_card]
    return {"steps": steps, "most": int(sum(values.max() for _, _, values in on_card)), "rows": rows}


def points_body(table: Mapping[str, Any]) -> Markup:
    """The card as it is printed: what it is not for, what points mean, and its table."""
    return Markup(
        "<p><strong>{}</strong></p><p>{} signs, 0 to {} points in all. More points mean that more families like this one later had a need "
        "recognised. Each sign is looked at by itself; nothing else about a child counts, and what is not listed here gives no points.</p>{}"
    ).format(
        NOT_BY_HAND,
        len(table["rows"]),
        table["most"],
        table_html(
            ["What is looked at", *(f"{n} point{'' if n == 1 else 's'}" for n in table["steps"])],
            table["rows"],
            "What the records have to say for so many points",
        ),
    )


def page_of_points(name: str, table: Mapping[str, Any], *, watermark: str | None = None, said: Iterable[str] = ()) -> str:
    """:func:`points_body` as a page of its own."""
    return render_page(
        f"Points of the model '{name.replace('_', ' ')}'",
        points_body(table),
        banner="How the model counts. For the governance board; no family's points stand here.",
        watermark=watermark,
        said=tuple(said),
    )


def _by_points(feature: Feature, cuts: Floats, values: Floats, points: Iterable[int]) -> list[str]:
    """What the records say for each number of points; empty where no step gives so many."""
    words = steps_in_words(feature, cuts)
    return ["; ".join(word for word, value in zip(words, values, strict=True) if value == n) for n in points]


def steps_in_words(feature: Feature, cuts: Floats) -> list[str]:
    """What the records say on each step, lowest first, and last what unknown means.

    Examples
    --------
    >>> import numpy as np
    >>> from early_id.features.library import SHIPPED
    >>> absence = next(f for f in SHIPPED if f.name == "absence_share_365d")
    >>> steps_in_words(absence, np.array([0.08, 0.2]))
    ['up to 8.0 %', 'over 8.0 %, up to 20.0 %', 'over 20.0 %', 'not known']
    """
    shown = [_value(feature, float(cut)) for cut in cuts]
    if not shown:
        return ["known", "not known"]
    if not _is_share(feature) and all(float(cut) % 1 == 0.5 for cut in cuts):
        # Counts: a cut at 1.5 lies between one and two.
        ends = [int(cut - 0.5) for cut in cuts]
        starts = [0, *(end + 1 for end in ends)]
        between = [str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=False)]
        return [*("none" if words == "0" else words for words in between), f"{starts[-1]} or more", "not known"]
    between = [f"over {a}, up to {b}" for a, b in pairwise(shown)]
    return [f"up to {shown[0]}", *between, f"over {shown[-1]}", "not known"]


def _is_share(feature: Feature) -> bool:
    measure = feature.measure.inner or feature.measure
    return feature.measure.kind in _SHARES and measure.kind == "share"


def _value(feature: Feature, value: float) -> str:
    return f"{100 * value:.1f} %" if _is_share(feature) else f"{value:,.1f}".removesuffix(".0")


def _label(feature: Feature) -> str:
    said = _OTHERS & set(feature.label.lower().replace("'", " ").split())
    return feature.label if feature.unit is Unit.CHILD or said else f"{feature.label} (brothers and sisters)"
