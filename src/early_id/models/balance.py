"""Class weights and resampling are refused: they bend probabilities, and a ranking gains nothing that a list could use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from early_id.config.balance import REASON, is_balancing
from early_id.core.errors import SettingsError


def refuse_balancing(estimator: Any) -> None:
    """Refuse an estimator that weights or resamples classes, whatever step of it does.

    Raises
    ------
    SettingsError
    """
    for name, value in _parameters(estimator).items():
        parameter = name.rpartition("__")[2]
        if is_balancing(parameter) and value not in (None, 1, 1.0, False):
            raise SettingsError(f"The parameter '{name}' balances the classes. {REASON}", where=type(estimator).__name__, what_next="Leave it out.")
    for step in _steps(estimator):
        if hasattr(step, "fit_resample"):
            raise SettingsError(
                f"The step '{type(step).__name__}' resamples the classes. {REASON}", where=type(estimator).__name__, what_next="Take the step out."
            )


def _parameters(estimator: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    return found


def _steps(estimator: Any) -> Iterable[Any]:
    return [estimator, *(value for value in _parameters(estimator).values() if hasattr(value, "fit"))]
