"""Which groups the audit looks at, and what the board tolerates."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from early_id.config.base import Frozen


class AuditSettings(Frozen):
    """Which groups are looked at, and what the board has decided about tolerances (none by default)."""

    primary: tuple[str, ...] = ("missed_share", "false_flag_rate")
    alpha_single: float = Field(0.04, gt=0, le=0.05)
    alpha_crossed: float = Field(0.01, gt=0, le=0.05)  #: for crossed groups, schools and hubs: a second family of tests, called exploratory
    tolerances: dict[str, float] = Field(default_factory=dict)
    min_group: int = 10
    comparators: dict[str, str] = Field(default_factory=dict)  #: characteristic → the group that the others are compared with; else everyone else
    study: bool = False  #: also refit models, to see where gaps come from and what could be done; takes many times as long
    second_outcome: str | None = None  #: an outcome of the matrix that does not pass the same threshold, such as what reviewers found
    responses: dict[str, str] = Field(default_factory=dict)  #: characteristic → the board's written response to a gap that was found
    owners: dict[str, str] = Field(default_factory=dict)  #: characteristic → who answers for gaps there, for the board's report

    @field_validator("tolerances", mode="before")
    @classmethod
    def _names_its_measures(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("each tolerance has to name its measure, as in {missed_share: 0.05}")
        return value

    characteristics: dict[str, str] = Field(
        default_factory=lambda: {
            "sex": "Sex",
            "ethnic_group": "Ethnic group",
            "ethnic_group_5": "Ethnic group (5 groups)",
            "ethnic_group_18": "Ethnic group (18 groups)",
            "sen": "Special educational needs",
            "sen_need": "Kind of special educational need",
            "disability": "Disability",
            "fsm": "Free school meals",
            "age_band": "Age",
            "first_language": "First language",
            "idaci_quintile": "Deprivation of the home area",
            "young_carer": "Young carer",
            "care_experience": "Care experience",
            "known_before": "Known to services before",
        }
    )
    not_held: dict[str, str] = Field(
        default_factory=lambda: {
            "religion or belief": "Not collected; marks that could reveal it are never used.",
            "sexual orientation": "Not collected, and not to be guessed.",
            "gender reassignment": "Not processed.",
            "pregnancy and maternity": "Not supplied to this run.",
            "marriage and civil partnership": "Concerns adults; nothing about it is collected.",
        }
    )
