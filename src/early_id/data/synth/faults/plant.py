"""Hand out the rows to the faults, and spoil them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.faults import coding, dates, demography, exports, identifiers, missing, overlap
from early_id.data.synth.faults.declare import Around, Case, Fault, Row
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.returns import LAST_YEAR, last_year_list
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

_SUBJECTS = (missing, overlap, demography, identifiers, dates, exports, coding)
_DECLARED: tuple[Fault, ...] = (*(fault for subject in _SUBJECTS for fault in subject.FAULTS), *coding.WHOLE_LIST)
#: Every fault of a file of records, in the order in which they choose: in a small file those that few rows can take come first.
FAULTS: tuple[Fault, ...] = (*_DECLARED, *identifiers.AGAINST_LAST_YEAR)

Lines = npt.NDArray[np.int64]
NOTHING: Mapping[str, Lines] = MappingProxyType({})


@dataclass
class _File:
    """One table while faults are planted in it: which rows are taken, what they become, what follows them."""

    table: pd.DataFrame
    free: npt.NDArray[np.bool_]
    spoilt: dict[str, dict[int, str]] = field(default_factory=dict)  #: column → row → value
    added: list[tuple[int, Row]] = field(default_factory=list)

    def choose(self, fault: Fault, usable: npt.NDArray[np.bool_], count: int, rng: np.random.Generator) -> Lines:
        """Rows for a fault, and from now on taken."""
        order = rng.permutation(len(self.table))
        open_ = usable & self.free
        if fault.related:
            keys = self.table[fault.related]
            open_ &= ~keys.isin(set(keys[~self.free])).to_numpy()
            open_[order] &= ~keys.iloc[order].where(pd.Series(open_, index=keys.index).iloc[order]).duplicated().to_numpy()
        lines = order[open_[order]][: count - count % 2 if fault.pairs else count]
        if fault.pairs and len(lines) % 2:
            lines = lines[:-1]
        self.free[lines] = False
        if fault.related:
            self.free &= ~keys.isin(set(keys.iloc[lines])).to_numpy()
        return lines

    def spoil(self, fault: Fault, lines: Lines, around: Around) -> None:
        """Make of each row what the fault makes of it."""
        rows: list[Row] = [{str(name): str(cell) for name, cell in row.items()} for row in self.table.iloc[lines].to_dict("records")]
        for number, (line, row) in enumerate(zip(lines, rows, strict=True)):
            new = fault.spoil(row, Case(number, around, rows[number ^ 1] if fault.pairs else {}))
            if fault.adds:
                self.added.append((int(line), new))
            else:
                for name, value in new.items():
                    if value != row[name]:
                        self.spoilt.setdefault(name, {})[int(line)] = value

    def written(self) -> pd.DataFrame:
        """The table with what was spoilt and added."""
        table = self.table
        for name, cells in self.spoilt.items():
            values = table[name].to_numpy(dtype=object, copy=True)
            values[list(cells)] = list(cells.values())
            table = table.assign(**{name: values})
        if self.added:
            lines = np.array([line for line, _ in self.added])
            more = pd.DataFrame([row for _, row in self.added], columns=table.columns)
            order = np.argsort(np.concatenate([np.arange(len(table)), lines]), kind="stable")
            table = pd.concat([table, more], ignore_index=True).iloc[order].reset_index(drop=True)
        return table


def plant_faults(
    tables: Tables, spared: set[str], plan: CouncilPlan, timeline: Timeline, seeds: Seeds, log: FaultLog, clean: Mapping[str, Lines] = NOTHING
) -> Tables:
    """The same tables with the faults of ``plan.mess``.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The extracts with the columns of :func:`early_id.data.synth.files.returns.add_return_columns`.
    spared : set of str
        Ids of people whose rows stay clean (canaries).
    clean : mapping of str to array of int
        Rows of a file that stay clean: those that another table of the truth lists as they are written.

    Returns
    -------
    dict of str to DataFrame
        With the pupils' list of last year besides.

    Notes
    -----
    Rows are handed out to all faults, also to those that are off, from the tables as they are before any fault. So switching one
    kind changes the rows of that kind and no others.
    """
    around = Around(tables, timeline)
    files: dict[str, _File] = {}
    for fault in _DECLARED:
        if fault.file not in files:
            files[fault.file] = _file(tables[fault.file], spared)
            files[fault.file].free[clean.get(fault.file, [])] = False
        _take(files[fault.file], fault, around, plan, seeds, log)
    out = {**tables, **{name: file.written() for name, file in files.items()}}
    # The list of last year takes its own fault where this year's has none, and has all of this year's.
    pupils = files["education/pupils.csv"]
    last_year = _file(last_year_list(pupils.table, timeline), spared | set(pupils.table.loc[~pupils.free, "PupilID"]))
    for fault in identifiers.AGAINST_LAST_YEAR:
        _take(last_year, fault, around, plan, seeds, log)
    last_year.table = last_year_list(out["education/pupils.csv"], timeline)
    return {**out, LAST_YEAR: last_year.written()}


def _file(table: pd.DataFrame, spared: set[str]) -> _File:
    table = table.reset_index(drop=True)
    return _File(table, ~table["PupilID" if "PupilID" in table else "PersonID"].isin(spared).to_numpy(dtype=bool))


def _take(file: _File, fault: Fault, around: Around, plan: CouncilPlan, seeds: Seeds, log: FaultLog) -> None:
    """Give a fault its rows, and spoil them if its kind is on."""
    usable = fault.usable(file.table, around).to_numpy(dtype=bool)
    lines = file.choose(fault, usable, fault.count(plan.children), seeds.rng(f"fault {fault.kind} {fault.file}"))
    if fault.kind in plan.mess:
        file.spoil(fault, lines, around)
        log.add(fault.kind, fault.file, fault.column, len(lines))
