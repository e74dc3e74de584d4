"""The latent need of each child over time: never written to the extracts, only to ``truth/``.

Need is a number with mean about 0 and standard deviation about 1, drawn every half-year as a first-order autoregression of a
family part and a child part, plus a shift for deprivation, free school meals and SEN, so that real base rates differ by group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from early_id.data.synth.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

Floats = npt.NDArray[np.float32]

HALF_YEAR = 182.625
#: Share of the variance that a family has in common, and what stays of each part after half a year.
FAMILY_SHARE, FAMILY_STAYS, CHILD_STAYS = 0.6, 0.9, 0.86


@dataclass(frozen=True)
class Need:
    """Need at half-yearly knots. ``resid`` is standard normal; ``shift`` is the constant part of a child's groups."""

    origin: int
    resid: Floats  #: child × knot
    shift: Floats

    def resid_at(self, day: float) -> Floats:
        """Need without the group shift on a day, between knots in a straight line."""
        place = float(np.clip((day - self.origin) / HALF_YEAR, 0, self.resid.shape[1] - 1.001))
        knot = int(place)
        part = np.float32(place - knot)
        return self.resid[:, knot] * (1 - part) + self.resid[:, knot + 1] * part

    def at(self, day: float) -> Floats:
        """Need on a day."""
        return self.resid_at(day) + self.shift


def make_need(people: People, seeds: Seeds, timeline: Timeline) -> Need:
    """Draw the course of need of every child."""
    knots = int(np.ceil((timeline.extracted - timeline.events_from) / HALF_YEAR)) + 2
    family = _walk(len(people.families), knots, FAMILY_STAYS, seeds.rng("family need"))
    child = _walk(len(people), knots, CHILD_STAYS, seeds.rng("child need"))
    rows = people.children["family"].to_numpy()
    resid = np.sqrt(FAMILY_SHARE) * family[rows] + np.sqrt(1 - FAMILY_SHARE) * child
    idaci = people.families["idaci"].to_numpy()[rows]
    sen = people.children["sen"].to_numpy()
    shift = 0.05 * (5.5 - idaci) + 0.25 * people.families["fsm"].to_numpy()[rows] + np.select([sen == "E", sen == "K"], [0.25, 0.3], 0.0)
    shift -= shift.mean()
    return Need(timeline.events_from, resid.astype(np.float32), shift.astype(np.float32))


def _walk(rows: int, knots: int, stays: float, rng: np.random.Generator) -> Floats:
    """Stationary AR(1) paths with variance 1."""
    noise = rng.standard_normal((rows, knots), dtype=np.float32)
    path = np.empty_like(noise)
    path[:, 0] = noise[:, 0]
    for knot in range(1, knots):
        path[:, knot] = stays * path[:, knot - 1] + np.sqrt(1 - stays**2) * noise[:, knot]
    return path
