"""The bar beyond the margins: calibration, stability, quality of the records, size of the sample. One plain sentence a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from early_id.config.governing import AcceptanceSettings
from early_id.core.errors import SettingsError
from early_id.core.types import Json
from early_id.models.result import Trial
from early_id.stats.calibration import calibration_slope, observed_expected


@dataclass(frozen=True)
class Facts:
    """What a trial does not know about its records and its refits; None is *not measured*.

    Shares between 0 and 1: of all rows taken in, those set aside; of all feature values at the test date, those known; of the
    families listed, those listed in 90 % or more of the refits.
    """

    set_aside: float | None = None
    known: float | None = None
    steady: float | None = None


@dataclass(frozen=True)
class Limit:
    """One limit of the bar, what was found, and the sentence about it.

    ``met`` is None where it could not be measured. ``more`` is set where only more data can help.
    """

    name: str
    met: bool | None
    sentence: str
    value: float | None = None
    more: bool = False

    def to_json(self) -> Json:
        """``name``, ``met``, ``value``, ``sentence``."""
        return {"name": self.name, "met": self.met, "value": self.value, "sentence": self.sentence}


def check_bar(acceptance: AcceptanceSettings | None, *, put_forward: str, outcome: str) -> None:
    """Refuse a trial of another model or outcome than the bar names, before anything is trained and any result is opened.

    Raises
    ------
    SettingsError
    """
    asked = {"model put forward": ("put_forward", put_forward), "primary label": ("primary_label", outcome)}
    for words, (name, used) in asked.items():
        named = getattr(acceptance, name, None)
        if named is not None and named != used:
            raise SettingsError(
                f"The bar names '{named}' as the {words}, and the settings '{used}'.",
                where=f"acceptance.{name}",
                what_next="Results do not choose: train what the bar names, or have the board write another bar before the test date is opened.",
            )


def check_limits(trial: Trial, acceptance: AcceptanceSettings, facts: Facts) -> tuple[Limit, ...]:
    """Every limit that the bar of the trial's audience states, in the order of its file; one that it does not state is not asked for."""
    acceptance = acceptance.for_audience(trial.audience)
    held = trial.best.held_out
    known = held[held["y"].notna()]
    arrays = (known["y"], known["probability"], known["family_id"].fillna("child:" + known["child_id"].astype(str)).astype(str))
    quality, ranges = acceptance.data_quality, acceptance.calibration
    limits = [
        *_named_before(acceptance, str(trial.splits.get("test_date"))),
        *_enough(acceptance, trial),
        *_between("Outcomes seen, divided by outcomes expected", observed_expected(*arrays), ranges.observed_expected_from, ranges.observed_expected_to, "calibration"),
        *_between("The slope of the calibration", calibration_slope(*arrays), ranges.slope_from, ranges.slope_to, "calibration slope"),
        *_share("Of the families listed, the share who stay on the list in 90 of 100 fits on other families", facts.steady, acceptance.steady_at_least, "stability", least=True, why=" (the model was not fitted again often enough on families drawn anew)"),
        *_share("Of all rows taken in, the share set aside", facts.set_aside, quality.set_aside_at_most, "rows set aside"),
        *_share("Of all that the model asks about a child, the share that is known", facts.known, quality.known_at_least, "completeness", least=True),
        *_share("Of the children at the test date, the share who left before the outcome was known", float(held["censored"].mean()), quality.left_at_most, "children who left"),
    ]  # fmt: skip
    return tuple(limits)


def _named_before(acceptance: AcceptanceSettings, test_date: str) -> Sequence[Limit]:
    """Whether results of earlier dates, and not these, chose the model. A first trial may name it; it cannot make it ready."""
    if acceptance.named_on is None:
        return ()
    if not acceptance.named_on:
        return (
            Limit(
                "named beforehand",
                None,
                "The bar does not say on which earlier test date this model was named. So nothing shows that it was chosen before these results were seen. "
                "These results may name a model for the next test date; they cannot make one ready.",
            ),
        )
    late = [day.isoformat() for day in acceptance.named_on if day.isoformat() >= test_date]
    sentence = f"The model put forward was named on {', '.join(day.isoformat() for day in acceptance.named_on)}"
    if late:
        return (Limit("named beforehand", False, f"{sentence}; {', '.join(late)} is not before the test date {test_date}."),)
    return (Limit("named beforehand", True, f"{sentence}, before the test date {test_date}."),)


def _enough(acceptance: AcceptanceSettings, trial: Trial) -> Sequence[Limit]:
    """Listed families whose outcome is known; the number of outcomes is judged with the margins."""
    if not acceptance.minimum_listed_families:
        return ()
    listed = trial.models[trial.best.name.removesuffix(f"_{trial.audience}")].precision_at_capacity.n
    missing = acceptance.minimum_listed_families - listed
    sentence = f"{listed:,} listed families have a known outcome, and the bar asks for {acceptance.minimum_listed_families:,}"
    if missing <= 0:
        return (Limit("listed families", True, f"{sentence}.", listed),)
    return (Limit("listed families", False, f"Needs {missing:,} more listed families with a known outcome: {sentence}.", listed, more=True),)


def _between(words: str, figure: tuple[float, float, float], low: float | None, high: float | None, name: str) -> Sequence[Limit]:
    """A figure with its interval against a range of which either end may be open."""
    if low is None and high is None:
        return ()
    value, lower, upper = figure
    asks = (
        f"between {low:.2f} and {high:.2f}"
        if low is not None and high is not None
        else f"{low:.2f} or more"
        if low is not None
        else f"{high:.2f} or less"
    )
    if math.isnan(value):
        return (Limit(name, None, f"{words} cannot be estimated: too few outcomes are known; the bar asks for {asks}."),)
    sentence = f"{words}: {value:.2f} ({lower:.2f} to {upper:.2f}); the bar asks for {asks}"
    met = (low is None or value >= low) and (high is None or value <= high)
    # Outside by itself, but with an interval that reaches inside: these data cannot tell.
    if not met and (low is None or upper >= low) and (high is None or lower <= high):
        return (Limit(name, False, f"{sentence}. It may lie inside: more outcomes are needed to tell.", value, more=True),)
    return (Limit(name, met, f"{sentence}.", value),)


def _share(words: str, value: float | None, limit: float | None, name: str, *, least: bool = False, why: str = "") -> Sequence[Limit]:
    """A share against its smallest or largest value."""
    if limit is None:
        return ()
    asks = f"the bar asks for {_percent(limit)} or {'more' if least else 'less'}"
    if value is None or math.isnan(value):
        return (Limit(name, None, f"{words}: not measured{why}; {asks}."),)
    return (Limit(name, value >= limit if least else value <= limit, f"{words}: {_percent(value)}; {asks}.", value),)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def sentences(limits: Sequence[Limit], **wanted: Any) -> tuple[str, ...]:
    """Sentences of the limits whose attributes are as ``wanted``."""
    return tuple(limit.sentence for limit in limits if all(getattr(limit, name) == value for name, value in wanted.items()))
