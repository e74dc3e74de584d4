"""The clean lists of people of all agencies, whose record each row is, and the one way in which a record is changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.sources import AGENCIES, Agency, Book, planned, rate
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.population.identifiers import make_ids
from early_id.data.synth.scenarios.distortions import cut_off
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.world import World

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

#: Columns of which it is kept what they would be with every kind of mess on.
PLANNED = ("UPN", "NHSNumber", "DOB")
#: Column that numbers the rows while a source is cut off.
ROW = "row of the whole table"


@dataclass
class Desk:
    """What the changes of people's records work on.

    Attributes
    ----------
    child : dict of str to array
        Source → row of the child that each row of its list is about; -1 for adults.
    further : list of DataFrame
        Rows added since: source, source_person_id, adult (bool), person, former (bool).
    touched : set of str
        Ids of records that no other fault may touch, because what today's linking makes of them depends on it.
    counted : list
        Kind, file, column and rows of the file: what goes into the list of faults, as far as the rows are sent.
    planned : dict
        Source and column → the numbers and birthdays as they would be with every kind of mess on. What hangs on them (which names may be
        wrong) is decided by these, so that switching one kind off moves no other.
    elsewhere : DataFrame
        child, start, end: plans with another council.
    altered : array of bool
        Children one of whose records was chosen for another name or birthday than the others, whether the kind is on or not.
    """

    world: World
    seeds: Seeds
    tables: Tables
    log: FaultLog
    book: Book = field(default_factory=Book)
    child: dict[str, Ints] = field(default_factory=dict)
    further: list[pd.DataFrame] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    counted: list[tuple[str, str, str, Ints]] = field(default_factory=list)
    planned: dict[tuple[str, str], Texts] = field(default_factory=dict)
    elsewhere: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"child": [], "start": [], "end": []}, dtype=np.int64))
    altered: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        """Find whose record each row is."""
        children = self.world.people.children
        self.altered = np.zeros(len(children), dtype=bool)
        for agency in AGENCIES:
            places = pd.Index(children[agency.id_column])
            self.child[agency.source] = np.asarray(places.get_indexer(self.tables[agency.file][agency.heading]), dtype=np.int64)

    def on(self, kind: str) -> bool:
        """Whether a kind of mess is switched on."""
        return kind in self.world.plan.mess

    def new_ids(self, agency: Agency, count: int, use: str) -> Texts:
        """Ids that the agency has given to nobody yet, for a use of :data:`early_id.data.synth.population.identifiers.USES`."""
        return make_ids(agency.letters, use, count, len(self.world.people), self.seeds)

    def column(self, agency: Agency, name: str) -> Texts:
        """A column of an agency's list."""
        return np.asarray(self.tables[agency.file][name].to_numpy(dtype=object))

    def records(self, agency: Agency) -> Flags:
        """Rows that may be changed: records of children, not of canaries."""
        child = self.child[agency.source]
        return np.asarray((child >= 0) & ~np.isin(child, self.world.canaries))

    def choose(self, kind: str, agency: Agency, usable: Flags, of: int | None = None) -> Ints:
        """Rows for a kind of change: the agency's rate times its records (or times ``of``), those of the usable that were drawn first.

        The same rows are chosen whether the kind is on or off, so that switching one kind does not move another.
        """
        order = self.seeds.rng(f"{kind} {agency.source}").random(len(usable))
        rows = np.flatnonzero(usable)
        wanted = planned(rate(kind, agency), int(self.records(agency).sum()) if of is None else of)
        return np.sort(rows[np.argsort(order[rows], kind="stable")[:wanted]])

    def write(self, kind: str, agency: Agency, rows: Ints, column: str, values: Texts) -> None:
        """Put new values into some rows of a column, and note them; where the kind is off, in what is planned only."""
        if not len(rows):
            return
        if column in PLANNED:
            self.planned.setdefault((agency.source, column), self.column(agency, column).copy())[rows] = values
        if not self.on(kind):
            return
        table = self.tables[agency.file]
        before = self.column(agency, column)
        after = before.copy()
        after[rows] = values
        self.tables[agency.file] = table.assign(**{column: after})
        self.book.note(kind, agency, rows, table[agency.heading].to_numpy()[rows].tolist(), column, before[rows].tolist(), after[rows].tolist())

    def count(self, kind: str, file: str, column: str, rows: Ints) -> None:
        """Note the rows of a file that show a kind. Rows are only ever added at the end of a table, so they keep their numbers."""
        if self.on(kind):
            self.counted.append((kind, file, column, np.asarray(rows, dtype=np.int64)))

    def last(self, file: str, count: int) -> Ints:
        """The last rows of a file: those that were just added."""
        length = len(self.tables[file])
        return np.arange(length - count, length)

    def finish(self) -> tuple[Tables, pd.DataFrame]:
        """The tables as they are sent, which is less where a source stops sending, with the faults in them counted; and the book of them."""
        plan, timeline = self.world.plan, self.world.timeline
        numbered = {name: table.assign(**{ROW: np.arange(len(table))}) for name, table in self.tables.items()}
        sent = cut_off(numbered, plan, timeline)
        kept = {name: table[ROW].to_numpy() for name, table in sent.items() if len(table) < len(self.tables[name])}
        for kind, file, column, rows in self.counted:
            self.log.add(kind, file, column, int(np.isin(rows, kept[file]).sum()) if file in kept else len(rows))
        return {name: table.drop(columns=ROW) for name, table in sent.items()}, self.book.frame(kept)
