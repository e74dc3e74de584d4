"""Scenarios of a made-up council: what can be planted, how large, and what the truth says of it.

A scenario that is off changes nothing: no byte of the council depends on it. One that is on draws from streams of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from early_id.core.errors import SettingsError
from early_id.data.synth.naming import unknown


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes
    ----------
    name : str
        What it is called after ``--scenario``.
    usual : float
        The size where none is given.
    unit : str
        What the size counts.
    low, high : float
        The sizes allowed, both ends included. ``neutral`` would be the same as leaving the scenario out and is refused.
    neutral : float
    text : str
        What is planted, in one sentence.
    truth : str
        What ``truth/`` says about it, besides its line in ``truth/scenarios.csv``.
    targets : tuple of str
        What may stand after a colon, ``NAME:TARGET=SIZE``; the first is meant where none stands.
    """

    name: str
    usual: float
    unit: str
    low: float
    high: float
    text: str
    truth: str
    neutral: float = 0.0
    targets: tuple[str, ...] = ()

    @property
    def range_text(self) -> str:
        """The sizes allowed, in words."""
        return f"{self.low:g} to {self.high:g}, not {self.neutral:g}" if self.low <= self.neutral <= self.high else f"{self.low:g} to {self.high:g}"


#: Groups that a bias can be planted against; ``biases.members`` says who is in them.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "black": "ethnic group Black",
        "asian": "ethnic group Asian",
        "mixed": "ethnic group Mixed",
        "fsm": "eligible for free school meals",
        "sen": "any special educational need",
        "girls": "girls",
        "boys": "boys",
        "eal": "first language other than English",
    }
)
_GROUPS = tuple(GROUPS)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario(
                "null", 1.0, "share of families", 0.01, 1.0,
                "Contacts, assessments, help and statutory work come to these families by chance, all alike, so that no sign says anything about them, "
                "and their recorded characteristics say nothing about their signs.",
                "families.csv marks these families; need.parquet still holds need, which no outcome of theirs follows.",
            ),
            Scenario(
                "label_bias", 0.6, "standard deviations of need", -1.5, 1.5,
                "A group is referred and offered help only above a threshold that is higher by the size (lower, where the size is negative).",
                "bias.csv gives the thresholds and, by group, the share of those in need who were referred; labels.parquet has outcomes with and without.",
                targets=_GROUPS,
            ),
            Scenario(
                "unbiased_outcome", 1.0, "share of pupils on each date", 0.05, 1.0,
                "A second outcome is written beside the extracts: what an unbiased council would have decided about a random share of pupils, "
                "which the audit sets beside the first one, and settings that learn from it.",
                "labels.parquet holds the same decisions for all children.",
            ),
            Scenario(
                "measurement_bias", 2.0, "times as many", 0.2, 3.0,
                "The police record domestic-abuse notices of a group so many times as often, for the same need.",
                "bias.csv gives notices per 100 children and year by group, and mean need.",
                neutral=1.0, targets=_GROUPS,
            ),
            Scenario(
                "proxy", 3.0, "times as often late", 1.1, 8.0,
                "Pupils of an ethnic group are late so many times as often, for the same need (their bus is late), so that lateness stands in for ethnicity.",
                "bias.csv gives planned lateness by group, and how well it tells the group (area under the curve).",
                neutral=1.0, targets=("black", "asian", "mixed"),
            ),
            Scenario(
                "drift", 1.6, "times the rate", 0.3, 3.0,
                "From 1 September of the last full school year, lateness, domestic-abuse notices and the monthly hazard that a child whom no service works with "
                "is named come so many times as often, for the same need. Contacts grow by less, because who is helped is not named again for a while.",
                "scenarios.csv gives the date.",
                neutral=1.0,
            ),
            Scenario(
                "source_loss", 365.0, "days before the extract", 30.0, 1000.0,
                "The files of one agency stop so many days before the extracts are made: the last ones received are of that day.",
                "scenarios.csv gives the agency and the date.",
                targets=("police", "housing"),
            ),
            Scenario(
                "regime", 0.5, "standard deviations of need", -1.0, 1.5,
                "From 1 April of the last full school year, early help is offered from a threshold that is lower by the size (higher, where negative).",
                "scenarios.csv gives the date and the thresholds; should_be_helped keeps to the definition of each day.",
            ),
            Scenario(
                "leak", 0.7, "share of offers and referrals", 0.01, 1.0,
                "When help is offered or a referral is made, a contact is typed in that claims to be weeks older, and nothing shows when it was typed.",
                "leak.csv lists the contacts.",
            ),
            Scenario(
                "strengths", 1.0, "standard deviations of need", 0.05, 2.0,
                "Half of the families have a settled routine, which takes the size off their need and shows in punctuality.",
                "families.csv marks them; effects.csv gives share and effect.",
            ),
        )
    }
)  # fmt: skip


def parse(words: Iterable[str] | Mapping[str, float]) -> Mapping[str, float]:
    """Scenarios and their sizes.

    Parameters
    ----------
    words : iterable of str, or mapping
        ``NAME``, ``NAME=SIZE``, ``NAME:TARGET`` or ``NAME:TARGET=SIZE``; or a mapping of ``NAME`` or ``NAME:TARGET`` to a size.

    Returns
    -------
    mapping of str to float
        In the order of ``SCENARIOS``; the target stays part of the key unless it is the usual one.

    Raises
    ------
    SettingsError
        An unknown name or target, a size that is not a number or out of range, or a scenario named twice.

    Examples
    --------
    >>> dict(parse(["leak", "label_bias=0.4", "source_loss:housing=100"]))
    {'label_bias': 0.4, 'source_loss:housing': 100.0, 'leak': 0.7}
    >>> part(parse(["label_bias:fsm=-0.5"]), "label_bias")
    ('fsm', -0.5)
    """
    pairs: Iterable[tuple[str, object]]
    if isinstance(words, Mapping):
        pairs = words.items()
    else:
        pairs = [(word.partition("=")[0], word.partition("=")[2] if "=" in word else None) for word in ([words] if isinstance(words, str) else words)]
    found: dict[str, tuple[str, float]] = {}
    for key, size in pairs:
        name, colon, target = (text.strip() for text in key.partition(":"))
        if name not in SCENARIOS:
            raise unknown("scenario", name, SCENARIOS, where="--scenario")
        scenario = SCENARIOS[name]
        if colon and target not in scenario.targets:
            choices = f"Use one of: {', '.join(scenario.targets)}." if scenario.targets else "Leave out the colon and what follows it."
            raise SettingsError(f"The scenario '{name}' cannot be aimed at '{target}'.", where="--scenario", what_next=choices)
        if name in found:
            raise SettingsError(f"The scenario '{name}' is named twice.", where="--scenario", what_next="Name it once, with the size that is meant.")
        number = scenario.usual if size is None else _number(scenario, size)
        found[name] = (f"{name}:{target}" if target and target != scenario.targets[0] else name, number)
    return MappingProxyType({found[name][0]: found[name][1] for name in SCENARIOS if name in found})


def _number(scenario: Scenario, size: object) -> float:
    try:
        number = float(str(size))
    except ValueError:
        number = math.nan
    if not (scenario.low <= number <= scenario.high) or number == scenario.neutral:
        raise SettingsError(
            f"The scenario '{scenario.name}' cannot have the size '{size}'.",
            where="--scenario",
            what_next=f"The size counts {scenario.unit}: {scenario.range_text}.",
        )
    return number


#: What a scenario puts back of the differences between groups that ``null`` takes away.
_PUTS_BACK = {
    "label_bias": "its group is helped and referred by another threshold",
    "measurement_bias": "notices of its group are recorded more or less often",
    "proxy": "its group is late more often",
}


def remarks(sizes: Mapping[str, float]) -> tuple[str, ...]:
    """What is to be said of parsed scenarios that do not go together, a sentence each."""
    if part(sizes, "null") is None:
        return ()
    return tuple(f"null leaves no difference between groups, but {name} is on too: {what}." for name, what in _PUTS_BACK.items() if part(sizes, name))


def part(sizes: Mapping[str, float], name: str) -> tuple[str, float] | None:
    """Target and size of a scenario among parsed ones; None where it is off. The target is empty where it takes none."""
    for key, size in sizes.items():
        found, _, target = key.partition(":")
        if found == name:
            targets = SCENARIOS[name].targets
            return target or (targets[0] if targets else ""), size
    return None
