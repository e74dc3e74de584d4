"""Settings of what comes back: follow-up, and how long things are kept."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from early_id.config.base import Frozen

#: What a named lead may be told of a family of their own list.
FeedbackStep: TypeAlias = Literal["contact made", "help offered", "help running", "ended", "nobody free yet"]


class FollowUpSettings(Frozen):
    """Contacts and referrals that met no threshold, and what followed."""

    days: tuple[int, ...] = (30, 90, 180)
    main_days: int = 90  #: the days of which groups are compared
    look_back_days: int = Field(730, gt=0)  #: contacts closed longer ago are not counted
    list_after_days: int = Field(30, ge=0)  #: nothing recorded for so long: the hub is asked to look
    list_within_days: int = Field(180, gt=0)  #: contacts closed longer ago are not on the hub's sheet
    #: what the council's outcomes of a contact mean: how it was closed → its own words for it
    closed: dict[str, tuple[str, ...]] = Field(
        default_factory=lambda: {
            "no further action": ("nfa", "no further action"),
            "information or advice": ("advice", "information and advice", "information or advice"),
            "to early help": ("early_help", "early help", "to early help"),
        }
    )
    #: outcomes with which a contact went on to social care: not followed up here
    passed_on: tuple[str, ...] = ("new_referral", "new referral", "referral", "linked_to_existing", "strategy discussion")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.days or min(self.days) < 1 or list(self.days) != sorted(set(self.days)):
            raise ValueError("'days' must be whole numbers above 0, in rising order")
        if self.main_days not in self.days:
            raise ValueError(f"'main_days' ({self.main_days}) must be one of 'days'")
        return self


class RetentionSettings(Frozen):
    """How long what is held about people is kept, in days. What nobody has decided is not deleted, and ``early-id retain`` says so."""

    sources: dict[str, int] = Field(default_factory=dict)  #: source → days after a row's last date
    other_sources: int | None = Field(None, gt=0)  #: sources that are not named
    versions: int | None = Field(None, gt=0)  #: earlier versions of the store, since the day they were received
    set_aside: int | None = Field(None, gt=0)  #: rows set aside, and urgent files, since the day they were received
    lists: int | None = Field(None, ge=0)  #: lists, sheets and files of features in the output folder, after they expired or since their date
    decisions: int | None = Field(None, gt=0)  #: decisions and the workbooks they came in, since they came in
    trail_years: int | None = Field(None, gt=0)  #: years after which the key to the people of a year in the audit trail is destroyed

    @model_validator(mode="after")
    def _days(self) -> Self:
        if any(days < 1 for days in self.sources.values()):
            raise ValueError("days of a source must be above 0")
        return self


class RandomReadingSettings(Frozen):
    """Reading the records of a small random sample, to see whom lists miss. Off unless a board has approved it and the notices say so."""

    below: int = Field(0, ge=0)  #: families drawn from those not on a list
    above: int = Field(0, ge=0)  #: families drawn from those on one, so that need is judged alike
    approved_by: str = ""
    minutes: str = ""
    named_in_notice: bool = False

    @model_validator(mode="after")
    def _approved(self) -> Self:
        lacking = [
            n
            for n, v in (("approved_by", self.approved_by.strip()), ("minutes", self.minutes.strip()), ("named_in_notice", self.named_in_notice))
            if not v
        ]
        if (self.below or self.above) and lacking:
            raise ValueError(f"records are read at random only where a board has approved it and families are told: {', '.join(lacking)} is missing")
        return self
