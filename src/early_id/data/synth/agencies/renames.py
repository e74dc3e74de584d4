"""Names as agencies wrote them down: mistyped, shortened, swapped, from another time of the family's life."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.agencies.desk import Desk, Flags, Ints, Texts
from early_id.data.synth.agencies.homes import other_names
from early_id.data.synth.agencies.names import mistyped, nickname, short_form
from early_id.data.synth.agencies.numbers import joined
from early_id.data.synth.agencies.sources import AGENCIES, Agency


def change_names(desk: Desk) -> None:
    """Plant every kind of wrong name; a record takes one at most.

    Unless ``names_without_numbers`` is on, only records that a number joins to the school's are chosen: linking by numbers and a glance
    at name and birthday, as it is today, would lose the others, and a list could then hold a child who is open to statutory services.
    """
    safe, really = joined(desk, planned=True), joined(desk)
    everyone = desk.on("names_without_numbers")
    free = {agency.source: desk.records(agency) & (everyone | safe[agency.source]) for agency in AGENCIES}
    for agency in AGENCIES:
        loose = [np.zeros(0, dtype=np.int64)]
        for kind in ("separated_parents", "surname_changes", "swapped_names", "nicknames", "typing_errors"):
            rows = _KINDS[kind](desk, agency, free[agency.source])
            free[agency.source][rows] = False
            desk.altered[desk.child[agency.source][rows]] = True
            if not desk.on(kind):
                continue
            loose.append(rows[~really[agency.source][rows]])
            if not everyone:
                desk.touched.update(_all_ids(desk, desk.child[agency.source][rows]))
        if everyone:
            desk.count("names_without_numbers", agency.file, "Forename, Surname", np.concatenate(loose))


def _all_ids(desk: Desk, children: Ints) -> set[str]:
    """Every id of some children: a number that is lost elsewhere would undo the joins that these names rely on."""
    frame = desk.world.people.children[[agency.id_column for agency in AGENCIES]].iloc[children]
    return {str(value) for value in frame.to_numpy().ravel()}


def _written(desk: Desk, kind: str, agency: Agency, rows: Ints, **columns: Texts) -> Ints:
    for column, values in columns.items():
        desk.write(kind, agency, rows, column, values)
    desk.count(kind, agency.file, ", ".join(columns), rows)
    return rows


def _separated(desk: Desk, agency: Agency, free: Flags) -> Ints:
    """The surname of the parent whose name the school's list does not have."""
    kind, child = "separated_parents", desk.child[agency.source]
    family = desk.world.people.children["family"].to_numpy()[child]
    parted = desk.world.homes.parted.set_index("family")["surname"]
    touched = np.isin(family, parted.index.to_numpy()) & (child >= 0)
    rows = desk.choose(kind, agency, free & touched, of=int(touched.sum()))
    return _written(desk, kind, agency, rows, Surname=parted.reindex(family[rows]).to_numpy(dtype=object))


def _surnames(desk: Desk, agency: Agency, free: Flags) -> Ints:
    rows = desk.choose("surname_changes", agency, free)
    families = desk.world.people.families["surname"].to_numpy()
    held = np.zeros(len(families), dtype=bool)
    held[desk.world.people.children["family"].to_numpy()[desk.world.canaries]] = True
    new = other_names(desk.column(agency, "Surname")[rows], families[~held], desk.seeds.rng(f"surname_changes values {agency.source}"))
    return _written(desk, "surname_changes", agency, rows, Surname=new)


def _swapped(desk: Desk, agency: Agency, free: Flags) -> Ints:
    forename, surname = desk.column(agency, "Forename"), desk.column(agency, "Surname")
    rows = desk.choose("swapped_names", agency, free & (forename != surname))
    return _written(desk, "swapped_names", agency, rows, Forename=surname[rows], Surname=forename[rows])


def _nicknames(desk: Desk, agency: Agency, free: Flags) -> Ints:
    names = pd.Series(desk.column(agency, "Forename"))
    has = names.map({name: short_form(str(name)) != "" for name in names.unique()}).to_numpy(dtype=bool)
    rows = desk.choose("nicknames", agency, free & has)
    rng = desk.seeds.rng(f"nicknames values {agency.source}")
    return _written(desk, "nicknames", agency, rows, Forename=np.array([nickname(str(name), rng) for name in names.iloc[rows]], dtype=object))


def _typing(desk: Desk, agency: Agency, free: Flags) -> Ints:
    """In the forename or the surname."""
    rows = desk.choose("typing_errors", agency, free)
    rng = desk.seeds.rng(f"typing_errors values {agency.source}")
    first = rng.random(len(rows)) < 0.5
    for column, part in (("Forename", rows[first]), ("Surname", rows[~first])):
        wrong = np.array([mistyped(str(name), rng) for name in desk.column(agency, column)[part]], dtype=object)
        desk.write("typing_errors", agency, part, column, wrong)
    desk.count("typing_errors", agency.file, "Forename, Surname", rows)
    return rows


_KINDS = {
    "separated_parents": _separated,
    "surname_changes": _surnames,
    "swapped_names": _swapped,
    "nicknames": _nicknames,
    "typing_errors": _typing,
}
