"""The address that stands in each agency's list: the present one, one from before a move, or none where it is protected."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.data.synth.agencies.desk import Desk, Ints, Texts
from early_id.data.synth.agencies.sources import AGENCIES, Agency, planned, rate


def put_addresses(desk: Desk) -> None:
    """Give every list the columns Postcode and UPRN, then plant old addresses; protected ones are withheld from every list."""
    for agency in AGENCIES:
        home = _homes(desk, agency)
        desk.tables[agency.file] = desk.tables[agency.file].assign(**_cells(desk, home))
        _old(desk, agency)
        _withheld(desk, agency, home)
    _marks(desk)


def _homes(desk: Desk, agency: Agency) -> Ints:
    """Row of the household in which each listed person lives now."""
    homes, people = desk.world.homes, desk.world.people
    child = desk.child[agency.source]
    of_children = homes.home_of(people.children["family"].to_numpy())
    rows = of_children[child]
    grown = np.flatnonzero(child < 0)
    if len(grown):
        adults = homes.adults
        place = pd.Index(adults["housing_id"]).get_indexer(desk.column(agency, agency.heading)[grown])
        rows[grown] = adult_homes(desk)[place]
    return np.asarray(rows, dtype=np.int64)


def adult_homes(desk: Desk) -> Ints:
    """Row of the household of each adult: the family's, but the other parent's own after a separation."""
    homes = desk.world.homes
    family, number = homes.adults["family"].to_numpy(), homes.adults["number"].to_numpy()
    own = np.arange(len(homes.protected))
    others = np.flatnonzero(homes.households["kind"].to_numpy() == "other_parent")
    own[homes.households["family"].to_numpy()[others]] = others
    return np.asarray(np.where(number == 2, own[family], family), dtype=np.int64)


def _cells(desk: Desk, home: Ints) -> dict[str, Texts]:
    households = desk.world.homes.households
    return {heading: households[column].to_numpy()[home] for heading, column in (("Postcode", "postcode"), ("UPRN", "uprn"))}


def _old(desk: Desk, agency: Agency) -> None:
    """Families who moved after the record was made; the agency was never told, or never asked."""
    kind = "old_addresses"
    moved = desk.world.homes.moved().set_index("family")
    child = desk.child[agency.source]
    family = np.where(child >= 0, desk.world.people.children["family"].to_numpy()[child], -1)
    rows = np.flatnonzero(np.isin(family, moved.index.to_numpy()))
    made = pd.to_datetime(pd.Series(desk.column(agency, "RecordedOn")[rows]), format="%d/%m/%Y").to_numpy().astype("datetime64[D]")
    rows = rows[made.astype(np.int64) < moved["on"].reindex(family[rows]).to_numpy()]
    rng = desk.seeds.rng(f"{kind} {agency.source}")
    rows = np.sort(rng.permutation(rows)[: planned(rate(kind, agency), len(rows))])
    before = _cells(desk, moved["household"].reindex(family[rows]).to_numpy(dtype=np.int64))
    desk.write(kind, agency, rows, "Postcode", before["Postcode"])
    desk.write(kind, agency, rows, "UPRN", before["UPRN"])
    desk.count(kind, agency.file, "Postcode, UPRN", rows)


def _withheld(desk: Desk, agency: Agency, home: Ints) -> None:
    """No address, not even an old one."""
    kind = "protected_addresses"
    homes = desk.world.homes
    rows = np.flatnonzero(homes.protected[homes.households["family"].to_numpy()[home]])
    for column in ("Postcode", "UPRN"):
        desk.write(kind, agency, rows, column, np.full(len(rows), "", dtype=object))
    desk.count(kind, agency.file, "Postcode, UPRN", rows)


def _marks(desk: Desk) -> None:
    """List the marks and further homes in the household rows; they are no error, so what is written is what is true."""
    file, agency = "housing/households.xlsx", AGENCIES[3]
    table = desk.tables[file]
    homes = desk.world.homes
    kinds = homes.households.set_index("household_id")["kind"].reindex(table["HouseholdID"]).to_numpy()
    for kind, column, marked in (
        ("protected_addresses", "ProtectedAddress", table["ProtectedAddress"] == "Y"),
        ("unsafe_contacts", "SafeToContact", table["SafeToContact"] == "N"),
        ("no_contact_orders", "NoJointContact", table["NoJointContact"] == "Y"),
        ("old_addresses", "HouseholdID", kinds == "before"),
        ("separated_parents", "HouseholdID", kinds == "other_parent"),
        ("living_apart", "HouseholdID", kinds == "own"),
    ):
        rows = np.flatnonzero(marked)
        values = table[column].to_numpy(dtype=object)[rows].tolist()
        desk.book.note(kind, agency, rows, table["PersonID"].to_numpy(dtype=object)[rows].tolist(), column, values, values, file=file)
        desk.count(kind, file, column, rows)
