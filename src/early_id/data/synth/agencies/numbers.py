"""UPNs and NHS numbers that are missing, temporary, mistyped or somebody else's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.agencies.desk import Desk, Flags, Ints, Texts
from early_id.data.synth.agencies.sources import AGENCIES, Agency
from early_id.data.synth.files.extracts import british
from early_id.data.synth.population.identifiers import make_temporary_upns, nhs_fits, spoil_nhs

_SCHOOLS = AGENCIES[0]
#: Share of wrong NHS numbers that are a brother's or sister's; the others are mistyped.
SIBLINGS_NUMBER = 0.4


def change_numbers(desk: Desk) -> None:
    """Plant every kind of mess with numbers; a record takes one at most in each number."""
    upns = desk.records(_SCHOOLS) & (desk.column(_SCHOOLS, "UPN") != "")
    _missing_upns(desk, upns)
    _temporary_upns(desk, upns)
    _sibling_upns(desk, upns)
    for agency in AGENCIES:
        usable = desk.records(agency) & (desk.column(agency, "NHSNumber") != "")
        rows = desk.choose("missing_nhs_numbers", agency, usable)
        desk.write("missing_nhs_numbers", agency, rows, "NHSNumber", np.full(len(rows), "", dtype=object))
        desk.count("missing_nhs_numbers", agency.file, "NHSNumber", rows)
        usable[rows] = False
        _wrong_nhs(desk, agency, usable)


def _missing_upns(desk: Desk, usable: Flags) -> None:
    rows = desk.choose("missing_upns", _SCHOOLS, usable)
    desk.write("missing_upns", _SCHOOLS, rows, "UPN", np.full(len(rows), "", dtype=object))
    desk.count("missing_upns", _SCHOOLS.file, "UPN", rows)
    usable[rows] = False


def _temporary_upns(desk: Desk, usable: Flags) -> None:
    """The school gave a number of its own until the permanent one came; other agencies hold the permanent one."""
    rows = desk.choose("temporary_upns", _SCHOOLS, usable)
    years = desk.world.people.children["entry_year"].to_numpy()[desk.child["education"][rows]]
    order = desk.seeds.rng("order of temporary upns").permutation(len(rows))  # a number does not tell whose it is
    desk.write("temporary_upns", _SCHOOLS, rows, "UPN", make_temporary_upns(years, desk.seeds.first + order))
    desk.count("temporary_upns", _SCHOOLS.file, "UPN", rows)
    usable[rows] = False


def _sibling_upns(desk: Desk, usable: Flags) -> None:
    """The younger is entered under the elder's number. Both rows are found, so both are counted."""
    lender = _elder(desk, _SCHOOLS, usable)
    twin = np.isin(desk.child[_SCHOOLS.source], desk.world.kin.twins.to_numpy().ravel())  # spared, as of NHS numbers
    rows = desk.choose("sibling_upns", _SCHOOLS, usable & (lender >= 0) & ~twin)
    rows = rows[~np.isin(lender[rows], rows)]  # nobody lends a number that was itself borrowed
    rows = rows[np.unique(lender[rows], return_index=True)[1]]
    desk.write("sibling_upns", _SCHOOLS, rows, "UPN", desk.column(_SCHOOLS, "UPN")[lender[rows]])
    desk.count("sibling_upns", _SCHOOLS.file, "UPN", np.concatenate([rows, lender[rows]]))
    if desk.on("sibling_upns"):
        ids = desk.column(_SCHOOLS, _SCHOOLS.heading)
        desk.touched.update(str(value) for value in ids[np.concatenate([rows, lender[rows]])])


def _elder(desk: Desk, agency: Agency, usable: Flags) -> Ints:
    """Row of the record of the next elder child of the family, where both records are usable; -1 otherwise."""
    child = desk.child[agency.source]
    row_of = np.full(len(desk.world.people) + 1, -1, dtype=np.int64)
    row_of[child[usable]] = np.flatnonzero(usable)
    family = np.append(desk.world.people.children["family"].to_numpy(), -1)
    before = np.maximum(child - 1, -1)
    same = usable & (child > 0) & (family[before] == family[child])
    return np.where(same, row_of[before], -1)


def _wrong_nhs(desk: Desk, agency: Agency, usable: Flags) -> None:
    """Two digits changed round, or a brother's or sister's number. Twins are spared: a number and a birthday in common would make them one."""
    kind = "wrong_nhs_numbers"
    child = desk.child[agency.source]
    usable &= ~np.isin(child, desk.world.kin.twins.to_numpy().ravel())
    rows = desk.choose(kind, agency, usable)
    rng = desk.seeds.rng(f"{kind} values {agency.source}")
    people = desk.world.people.children
    family, true = people["family"].to_numpy(), people["nhs"].to_numpy()
    values = np.full(len(rows), "", dtype=object)
    for place, row in enumerate(rows):
        who = int(child[row])
        others = [other for other in (who - 1, who + 1) if 0 <= other < len(family) and family[other] == family[who] and true[other] != ""]
        if others and rng.random() < SIBLINGS_NUMBER:
            values[place] = true[others[int(rng.integers(len(others)))]]
        else:
            values[place] = spoil_nhs(str(true[who]), rng)
    desk.write(kind, agency, rows, "NHSNumber", values)
    desk.count(kind, agency.file, "NHSNumber", rows)


def joined(desk: Desk, *, planned: bool = False) -> dict[str, Flags]:
    """Which records today's linking joins to the child's school record whatever stands in their names.

    With ``planned``, which it would join whatever kinds of mess with numbers and birthdays are on: these are among those it joins now.

    A record is joined where it carries the UPN or NHS number of the school's record. No record of a child is safe if any of them carries a
    valid number or a birth date that is not the child's, or if another child's record carries this child's number.
    """

    def cells(agency: Agency, name: str) -> Texts:
        held = desk.column(agency, name)
        return desk.planned.get((agency.source, name), held) if planned else held

    people = desk.world.people.children
    count = len(people)
    upn, nhs = people["upn"].to_numpy(), people["nhs"].to_numpy()
    born = _true_births(desk)
    owners = {"UPN": pd.Index(upn), "NHSNumber": pd.Index(nhs)}
    unsafe, records = np.zeros(count + 1, dtype=bool), np.zeros(count + 1, dtype=np.int64)
    school: dict[str, Texts] = {name: np.full(count + 1, "", dtype=object) for name in ("UPN", "NHSNumber")}
    for agency in AGENCIES:
        child = desk.child[agency.source]
        held = {name: cells(agency, name) for name in ("UPN", "NHSNumber", "DOB")}
        strange_upn = (child >= 0) & (held["UPN"] != "") & (held["UPN"] != upn[child])
        strange_nhs = (child >= 0) & (held["NHSNumber"] != "") & (held["NHSNumber"] != nhs[child])
        strange_nhs[strange_nhs] = [nhs_fits(str(value)) for value in held["NHSNumber"][strange_nhs]]
        for strange, column in ((strange_upn, "UPN"), (strange_nhs, "NHSNumber")):
            unsafe[:count] |= owners[column].isin(held[column][strange])
        unsafe[child[strange_upn | strange_nhs | ((child >= 0) & (held["DOB"] != born[child]))]] = True
        records += np.bincount(np.where(child < 0, count, child), minlength=count + 1)
        if agency is _SCHOOLS:
            for name, values in school.items():
                values[child] = held[name]
    out: dict[str, Flags] = {}
    loose = np.zeros(count + 1, dtype=bool)
    for agency in AGENCIES[1:]:
        child = desk.child[agency.source]
        numbers = ((cells(agency, name), school[name][child], own[child]) for name, own in (("UPN", upn), ("NHSNumber", nhs)))
        same = np.any([(held != "") & (held == there) & (held == true) for held, there, true in numbers], axis=0)
        out[agency.source] = (child >= 0) & ~unsafe[child] & (same | (records[child] == 1))
        loose[child[~out[agency.source]]] = True
    child = desk.child["education"]
    out["education"] = (child >= 0) & ~loose[child] & ~unsafe[child]
    return out


def _true_births(desk: Desk) -> Texts:
    return np.append(british(desk.world.people.children["dob"].to_numpy()), np.array([""], dtype=object))
