"""Names under which libraries weight or resample classes, and why none of them is accepted."""

from __future__ import annotations

REASON = (
    "Class weights and resampling are refused: a model that was told that need is as common as its absence gives probabilities that hold for "
    "nobody, and who comes first hardly changes. The length of a list is set by its places, never by a threshold."
)

#: Parts of names, in small letters and without underscores.
_NAMES = ("classweight", "scaleposweight", "isunbalance", "autoclassweights", "samplingstrategy")
_METHODS = ("smote", "adasyn", "resampl", "oversampl", "undersampl", "rebalanc", "classbalanc")


def is_balancing(name: str) -> bool:
    """Whether a setting or parameter of this name weights or resamples classes; ``resamples`` (draws for intervals) does not."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain != "resamples" and any(part in plain for part in (*_NAMES, *_METHODS))
