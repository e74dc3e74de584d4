"""What a board writes down before it sees a result (the bar), and the threshold document that lists are for."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from early_id.config.base import Frozen
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Audience


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
    primary: tuple[str, ...] = ()  #: at most three measures that the audit gives a verdict on; else those of ``audit.primary``


class DataQualityLimits(Frozen):
    """What the records behind a model must be like; shares between 0 and 1."""

    set_aside_at_most: float | None = Field(None, ge=0, le=1)  #: of all rows taken in, those set aside
    known_at_least: float | None = Field(None, ge=0, le=1)  #: of all feature values at the test date, those known
    left_at_most: float | None = Field(None, ge=0, le=1)  #: of all children at the test date, those who left before the outcome was known


class AudienceBar(Frozen):
    """The bar of one audience's lists. Both margins are its own; of the rest it states what is not as for every list."""

    margin_precision: float
    margin_recall: float
    minimum_outcomes: int | None = Field(None, ge=0)
    minimum_listed_families: int | None = Field(None, ge=0)
    calibration: CalibrationLimits | None = None
    fairness: FairnessLimits | None = None
    steady_at_least: float | None = Field(None, ge=0, le=1)
    data_quality: DataQualityLimits | None = None


class AcceptanceSettings(Frozen):
    """The bar, written down before any result is seen. Its hash goes with every trial, tracking run, bundle and approval.

    ``audiences`` holds what each audience's model has to reach; :meth:`for_audience` is the bar that one trial is judged by.
    """

    margin_precision: float = 0.0
    margin_recall: float = 0.0
    minimum_outcomes: int = Field(100, ge=0)
    primary_label: str | None = None  #: the outcome that lists are made for
    put_forward: str | None = None  #: the one model that may become ready
    #: test dates, all before this one, on which that model was named; an empty list says that nobody has named it yet
    named_on: tuple[date, ...] | None = None
    minimum_listed_families: int = Field(0, ge=0)
    calibration: CalibrationLimits = CalibrationLimits()
    fairness: FairnessLimits = FairnessLimits()
    steady_at_least: float | None = Field(None, ge=0, le=1)  #: of the families listed, the share listed in 90 % or more of the refits
    data_quality: DataQualityLimits = DataQualityLimits()
    audiences: dict[Audience, AudienceBar] = Field(default_factory=dict)

    def for_audience(self, audience: str) -> AcceptanceSettings:
        """The bar of one audience: its own part over what holds for every list."""
        own = self.audiences.get(audience)  # type: ignore[call-overload]  # an audience is equal to its name
        stated = {name: value for name in AudienceBar.model_fields if (value := getattr(own, name, None)) is not None}
        return self.model_copy(update={**stated, "audiences": {}})

    @property
    def hash(self) -> str:
        """Fingerprint of what the bar says; comments and the order of lines do not count."""
        said = self.model_dump(mode="json")
        # Bars from before audiences had their own, or measures could be named, keep the hash that approvals were given under.
        for part in (said, *said["audiences"].values()):
            if part["fairness"] and not part["fairness"]["primary"]:
                del part["fairness"]["primary"]
        # An empty list is an answer, and judged as one.
        said["named_on"] = [] if said["named_on"] is None else said["named_on"] or ["nobody"]
        return fingerprint({name: value for name, value in said.items() if name != "audiences" or value})

    @property
    def unstated(self) -> tuple[str, ...]:
        """Parts of a full bar of which this one says nothing, in words."""
        parts = {
            "the primary label (primary_label)": self.primary_label,
            "the one model put forward (put_forward)": self.put_forward,
            "the earlier test dates on which that model was named (named_on)": self.named_on,
            "limits on calibration (calibration)": self.calibration.model_dump(exclude_none=True),
            "which verdicts of the audit block (fairness.blocks)": self.fairness.blocks,
            "how steady lists must be over refits (steady_at_least)": self.steady_at_least,
            "limits on the quality of the records (data_quality)": self.data_quality.model_dump(exclude_none=True),
            "the smallest number of listed families (minimum_listed_families)": self.minimum_listed_families or None,
        }
        return tuple(words for words, stated in parts.items() if stated in (None, {}, ()))

    def unstated_for(self, audience: str) -> tuple[str, ...]:
        """The same for the bar of one audience, and that it has none of its own where it has not."""
        own = () if audience in self.audiences else (f"a bar of its own for lists of the {audience.replace('_', ' ')} (audiences.{audience})",)
        return (*own, *self.for_audience(audience).unstated)


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
