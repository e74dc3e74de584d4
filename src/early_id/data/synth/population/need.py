"""The latent need of each child over time: never written to the extracts, only to ``truth/``.

Need is a number with mean about 0 and standard deviation about 1, drawn every half-year as a first-order autoregression of a
family part and a child part, plus a shift for deprivation, free school meals and SEN, so that real base rates differ by group.
A settled routine at home is a strength: it takes something off the need of the whole family, and schools record it as punctuality,
the one protective fact that the canonical tables hold for everyone (lateness features carry a strength phrase).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

Floats = npt.NDArray[np.float32]

HALF_YEAR = 182.625
#: Share of the variance that a family has in common, and what stays of each part after half a year.
FAMILY_SHARE, FAMILY_STAYS, CHILD_STAYS = 0.6, 0.9, 0.86
#: Need by deprivation (a decile nearer to 1, the most deprived), free meals, a plan and SEN support.
BY_DECILE, BY_FSM, BY_PLAN, BY_SUPPORT = 0.05, 0.25, 0.25, 0.3
#: Families with a settled routine, and what it takes off their need; in the scenario ``strengths`` more families, and its size.
STRENGTH_SHARE, STRENGTH_EFFECT, STRENGTH_SHARE_RAISED = 0.3, 0.4, 0.5
#: Log-rate of lateness that a settled routine takes off, beyond what need explains.
STRENGTH_LATE = 0.5


@dataclass(frozen=True)
class Need:
    """Need at half-yearly knots.

    ``resid`` is standard normal; ``shift`` is the constant part: the child's groups, and the family's strength.
    """

    origin: int
    resid: Floats  #: child × knot
    shift: Floats
    strength: npt.NDArray[np.bool_]  #: child: whether the family has a settled routine

    def resid_at(self, day: float, rows: slice = slice(None)) -> Floats:
        """Need without the constant part on a day, between knots in a straight line."""
        place = float(np.clip((day - self.origin) / HALF_YEAR, 0, self.resid.shape[1] - 1.001))
        knot = int(place)
        part = np.float32(place - knot)
        return self.resid[rows, knot] * (1 - part) + self.resid[rows, knot + 1] * part

    def at(self, day: float, rows: slice = slice(None)) -> Floats:
        """Need on a day, of all children or of some ``rows``."""
        return self.resid_at(day, rows) + self.shift[rows]

    def of(self, child: npt.NDArray[np.int64], day: npt.NDArray[np.int64]) -> Floats:
        """Need of some children, each on a day of its own."""
        place = np.clip((np.asarray(day) - self.origin) / HALF_YEAR, 0, self.resid.shape[1] - 1.001)
        knot = place.astype(np.int64)
        part = (place - knot).astype(np.float32)
        return self.resid[child, knot] * (1 - part) + self.resid[child, knot + 1] * part + self.shift[child]


def strength_of(plan: CouncilPlan) -> tuple[float, float]:
    """Share of families with a strength, and what it takes off need."""
    raised = plan.size("strengths")
    return (STRENGTH_SHARE_RAISED, raised) if raised else (STRENGTH_SHARE, STRENGTH_EFFECT)


def make_need(people: People, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> Need:
    """Draw the course of need of every child."""
    knots = int(np.ceil((timeline.extracted - timeline.events_from) / HALF_YEAR)) + 2
    family = _walk(len(people.families), knots, FAMILY_STAYS, seeds.rng("family need"))
    child = _walk(len(people), knots, CHILD_STAYS, seeds.rng("child need"))
    rows = people.children["family"].to_numpy()
    resid = np.float32(np.sqrt(FAMILY_SHARE)) * family[rows]
    resid += np.float32(np.sqrt(1 - FAMILY_SHARE)) * child
    idaci = people.families["idaci"].to_numpy()[rows]
    sen = people.children["sen"].to_numpy()
    share, effect = strength_of(plan)
    # One draw a family whatever the share, so that the scenario adds families and takes none away.
    strength = (seeds.rng("strengths").random(len(people.families)) < share)[rows]
    groups = BY_DECILE * (5.5 - idaci) + BY_FSM * people.families["fsm"].to_numpy()[rows] + BY_PLAN * (sen == "E") + BY_SUPPORT * (sen == "K")
    # Around the usual share, whatever the scenario: more strength takes need from those who have it and gives none to the others.
    shift = groups - groups.mean() - effect * strength + STRENGTH_EFFECT * STRENGTH_SHARE
    return Need(timeline.events_from, resid, shift.astype(np.float32), strength)


def _walk(rows: int, knots: int, stays: float, rng: np.random.Generator) -> Floats:
    """Stationary AR(1) paths with variance 1."""
    noise = rng.standard_normal((rows, knots), dtype=np.float32)
    path = np.empty_like(noise)
    path[:, 0] = noise[:, 0]
    for knot in range(1, knots):
        path[:, knot] = stays * path[:, knot - 1] + np.sqrt(1 - stays**2) * noise[:, knot]
    return path
