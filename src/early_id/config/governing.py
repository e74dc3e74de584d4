"""What a board writes down before it sees a result (the bar), and the threshold document that lists are for."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from early_id.config.base import Frozen
from early_id.core.fingerprint import fingerprint


class CalibrationLimits(Frozen):
    """Between which figures a model must lie at the test date; a limit not stated is not asked for.

    Outcomes seen divided by outcomes expected: 1 is as often as expected. Slope: 1 is right, below 1 the high probabilities are
    too high and the low ones too low.
    """

    observed_expected_from: float | None = Field(None, ge=0)
    observed_expected_to: float | None = Field(None, ge=0)
    slope_from: float | None = None
    slope_to: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> CalibrationLimits:
        for low, high in ((self.observed_expected_from, self.observed_expected_to), (self.slope_from, self.slope_to)):
            if low is not None and high is not None and low > high:
                raise ValueError("a range must begin below its end")
        return self


class FairnessLimits(Frozen):
    """Which verdicts of the audit keep a model from being ready until the board has answered them in writing."""

    blocks: tuple[Literal["gap found", "cannot tell"], ...] = ("gap found",)


class DataQualityLimits(Frozen):
    """What the records behind a model must be like; shares between 0 and 1."""

    set_aside_at_most: float | None = Field(None, ge=0, le=1)  #: of all rows taken in, those set aside
    known_at_least: float | None = Field(None, ge=0, le=1)  #: of all feature values at the test date, those known
    left_at_most: float | None = Field(None, ge=0, le=1)  #: of all children at the test date, those who left before the outcome was known


class AcceptanceSettings(Frozen):
    """The bar, written down before any result is seen. Its hash goes with every trial, tracking run, bundle and approval."""

    margin_precision: float = 0.0
    margin_recall: float = 0.0
    minimum_outcomes: int = Field(100, ge=0)
    primary_label: str | None = None  #: the outcome that lists are made for
    put_forward: str | None = None  #: the one model that may become ready
    named_on: tuple[date, ...] = ()  #: test dates, all before this one, on which that model was named
    minimum_listed_families: int = Field(0, ge=0)
    calibration: CalibrationLimits = CalibrationLimits()
    fairness: FairnessLimits = FairnessLimits()
    steady_at_least: float | None = Field(None, ge=0, le=1)  #: of the families listed, the share listed in 90 % or more of the refits
    data_quality: DataQualityLimits = DataQualityLimits()

    @property
    def hash(self) -> str:
        """Fingerprint of what the bar says; comments and the order of lines do not count."""
        return fingerprint(self.model_dump(mode="json"))

    @property
    def unstated(self) -> tuple[str, ...]:
        """Parts of a full bar of which this one says nothing, in words."""
        parts = {
            "the primary label (primary_label)": self.primary_label,
            "the one model put forward (put_forward)": self.put_forward,
            "limits on calibration (calibration)": self.calibration.model_dump(exclude_none=True),
            "which verdicts of the audit block (fairness.blocks)": self.fairness.blocks,
            "how steady lists must be over refits (steady_at_least)": self.steady_at_least,
            "limits on the quality of the records (data_quality)": self.data_quality.model_dump(exclude_none=True),
            "the smallest number of listed families (minimum_listed_families)": self.minimum_listed_families or None,
        }
        return tuple(words for words, stated in parts.items() if stated in (None, {}, ()))


class ThresholdSettings(Frozen):
    """The safeguarding partners' published threshold document: which level of need the lists are for, and who signed it."""

    name: str = ""
    version: str = ""
    level: str = ""
    signed: dict[str, date] = Field(default_factory=dict)  #: partner → day of signature

    @property
    def missing(self) -> tuple[str, ...]:
        """What an approval needs and this does not say, in words."""
        words = {
            "name": "the name of the local threshold document",
            "version": "the version of the local threshold document",
            "level": "the level of need in the threshold document that the lists are for",
            "signed": "the partners who signed the threshold document, with the day",
        }
        return tuple(f"{text} (thresholds.yaml, {key})" for key, text in words.items() if not getattr(self, key))
