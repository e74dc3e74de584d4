"""What every learned model shares: a score in log-odds that is a sum of one term per feature.

A subclass learns ``baseline_`` (the mean score of the training rows) and gives ``_terms(X)``: one column per
feature, each centred on the training rows. The score is *defined* as the sum of the two, added in the same order
everywhere, so that an explanation cannot drift away from the score it explains.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from early_id.models.adding import Floats, add_up, expit


class AdditiveClassifier(ClassifierMixin, BaseEstimator):  # scikit-learn has no types
    """Base of the learned models: two classes, unknown values accepted, exact contributions.

    Parameters are those of the subclass. After ``fit``: ``classes_``, ``n_features_in_``, ``feature_names_in_`` (where
    the training data had column names) and ``baseline_``.
    """

    baseline_: float
    classes_: NDArray[Any]

    def _terms(self, X: Floats) -> Floats:
        """One centred term per row and feature."""
        raise NotImplementedError

    def _check_training(self, X: Any, y: Any) -> tuple[Floats, NDArray[np.int64]]:
        """Validate training data; return it as floats and as 0/1, and set ``classes_``."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            # The wording is scikit-learn's own: check_estimator looks for it.
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, coded = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        return X, coded.astype(np.int64)

    def _check_scoring(self, X: Any) -> Floats:
        check_is_fitted(self)
        checked: Floats = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return checked

    def score_log_odds(self, X: Any) -> Floats:
        """Score of each row in log-odds of the second class, uncalibrated; lists rank by it."""
        return add_up(self._terms(self._check_scoring(X)), self.baseline_)

    def contributions(self, X: Any) -> pd.DataFrame:
        """One column per feature and ``baseline``; each row sums to its score.

        A contribution is the term of this row less the mean term of the training rows, so 0 means "as the average
        child" and the baseline is the average score.
        """
        terms = self._terms(self._check_scoring(X))
        names = getattr(self, "feature_names_in_", None)
        columns = [str(name) for name in names] if names is not None else [f"x{j}" for j in range(terms.shape[1])]
        frame = pd.DataFrame(terms, columns=columns, index=X.index if isinstance(X, pd.DataFrame) else None)
        frame["baseline"] = self.baseline_
        return frame

    def decision_function(self, X: Any) -> Floats:
        """The same as :meth:`score_log_odds`, under scikit-learn's name."""
        return self.score_log_odds(X)

    def predict_proba(self, X: Any) -> Floats:
        """Uncalibrated probabilities of both classes."""
        second = expit(self.score_log_odds(X))
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Any) -> NDArray[Any]:
        """The more probable class. Lists never use it: a list takes the top of the ranking, not a threshold."""
        score = self.score_log_odds(X)
        return self.classes_[(score > 0).astype(np.int64)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags
