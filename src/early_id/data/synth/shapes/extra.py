"""What a shape asks for and the council's own extracts do not hold: ids of records, workers, teams, placements, reasons.

Every such value follows from one number between 0 and 1 for a row of a table and a purpose, drawn from a stream of its own. The
row keeps its number on whatever day the records are looked at, so a record has the same id, worker and placement in every shape
and every snapshot. What is true of these values is what the file says: nothing else in the council depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from early_id.data.synth.seeds import Seeds
from early_id.data.synth.shapes.dates import Ints, Texts
from early_id.data.synth.shapes.records import Records

Floats = npt.NDArray[np.float64]

TEAMS = ("Assessment Team 1", "Assessment Team 2", "Child in Need Team North", "Child in Need Team South", "Children in Care Team")
#: Children for each social worker named in the shapes, and days after which a case may change hands.
CHILDREN_PER_WORKER, FIRST_CHANGE, CHANGE_WITHIN = 150, 120, 700


@dataclass(frozen=True)
class Worker:
    """One social worker."""

    id: str
    name: str
    registration: str
    team: str
    hours: str  #: full-time equivalent
    agency: bool


@dataclass(frozen=True)
class Extra:
    """Draws by row of a whole table, and the workers."""

    sizes: dict[str, int]
    seeds: Seeds
    workers: tuple[Worker, ...]
    _drawn: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)
    _ids: dict[tuple[str, str], Texts] = field(default_factory=dict, repr=False)

    def chance(self, file: str, purpose: str, rows: Ints) -> Floats:
        """A number from 0 to 1 for each of the rows, always the same for a row and a purpose."""
        key = (file, purpose)
        if key not in self._drawn:
            self._drawn[key] = self.seeds.rng(f"shapes {file} {purpose}").random(self.sizes[file])
        return self._drawn[key][rows]

    def ids(self, file: str, prefix: str, rows: Ints, *, again: bool = False) -> Texts:
        """An id of its own for each of the rows; ``again`` for a second entry, whose id looks like any other."""
        key = (file, prefix)
        size = max(1, self.sizes[file])
        if key not in self._ids:
            self._ids[key] = _ids(prefix, 2 * size, self.seeds.rng(f"shapes ids {file} {prefix}"))
        return self._ids[key][rows + again * size]

    def worker(self, file: str, rows: Ints, since: Ints, day: int) -> Ints:
        """Number of the worker who holds each record on a day: some cases have changed hands since they began."""
        first = (self.chance(file, "worker", rows) * len(self.workers)).astype(np.int64)
        second = (self.chance(file, "next worker", rows) * len(self.workers)).astype(np.int64)
        return np.where(self.handed_over(file, rows, since) < day, second, first)

    def handed_over(self, file: str, rows: Ints, since: Ints) -> Ints:
        """The day a case goes to its second worker."""
        return since + FIRST_CHANGE + (self.chance(file, "handed over", rows) * CHANGE_WITHIN).astype(np.int64)

    def of_workers(self, attribute: str, numbers: Ints) -> Texts:
        """An attribute of the workers with these numbers."""
        return np.array([getattr(worker, attribute) for worker in self.workers], dtype=object)[numbers]


def pick(values: Sequence[tuple[str, float]], chance: Floats) -> Texts:
    """A value for each number from 0 to 1, by the weights of a table."""
    edges = np.cumsum([weight for _, weight in values])
    place = np.searchsorted(edges / edges[-1], chance, side="right").clip(max=len(values) - 1)
    return np.array([value for value, _ in values], dtype=object)[place]


def _ids(prefix: str, count: int, rng: np.random.Generator) -> Texts:
    """``count`` different ids in no order that tells anything."""
    width = max(6, len(str(count * 3)))
    numbers = rng.permutation(count * 3)[:count] + 10 ** (width - 1)
    return np.asarray(prefix + numbers.astype(str).astype(object), dtype=object)


def draw_extra(records: Records, seeds: Seeds) -> Extra:
    """The workers of a council, and streams for the rest."""
    from faker import Faker

    count = max(4, len(records.people) // CHILDREN_PER_WORKER)
    fake = Faker("en_GB")
    fake.seed_instance(seeds.seed + 1)  # not the children's names over again
    rng = seeds.rng("shapes workers")
    numbers = _ids("W", count, rng)
    part_time, agency = rng.random(count) < 0.2, rng.random(count) < 0.18
    workers = tuple(
        Worker(
            id=str(numbers[i]),
            name=f"{fake.first_name()} {fake.last_name()}",
            registration=f"SW{90000 + i}",
            team=TEAMS[i % len(TEAMS)],
            hours="0.6" if part_time[i] else "1.0",
            agency=bool(agency[i]),
        )
        for i in range(count)
    )
    return Extra({name: len(table) for name, table in records.tables.items()}, seeds, workers)
