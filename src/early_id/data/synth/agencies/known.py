"""The agencies' records with all that is wrong about people, and the truth about who is who."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.data.synth.agencies.additions import add_carers, add_former, add_other_councils, add_second_ids
from early_id.data.synth.agencies.addresses import put_addresses
from early_id.data.synth.agencies.belonging import add_belonging
from early_id.data.synth.agencies.births import change_births
from early_id.data.synth.agencies.canary_records import place_canaries
from early_id.data.synth.agencies.desk import Desk
from early_id.data.synth.agencies.numbers import change_numbers
from early_id.data.synth.agencies.renames import change_names
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.order import in_no_order
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.world import World


@dataclass(frozen=True)
class Known:
    """What the agencies hold, and what is true of it.

    Attributes
    ----------
    tables : dict of str to DataFrame
        The extracts.
    identities : DataFrame
        kind, source, file, source_person_id, column, true, written: every cell that was changed or marked.
    further : DataFrame
        source, source_person_id, adult, person, former: ids that are no child's first.
    touched : set of str
        Ids of records that no other fault may touch.
    elsewhere : DataFrame
        child, start, end: plans with another council.
    """

    tables: Tables
    identities: pd.DataFrame
    further: pd.DataFrame
    touched: frozenset[str]
    elsewhere: pd.DataFrame

    def second_ids(self, source: str) -> dict[str, int]:
        """Further ids under which an agency knows a child, and the child's row."""
        of = self.further
        rows = of[(of["source"] == source).to_numpy() & ~of["adult"].to_numpy(dtype=bool) & ~of["former"].to_numpy(dtype=bool)]
        return dict(zip(rows["source_person_id"], rows["person"].astype(int), strict=True))


def as_agencies_know(tables: Tables, world: World, seeds: Seeds, log: FaultLog) -> Known:
    """The clean records as the agencies really hold them and send them: with the scenario ``source_loss`` one of them sends less.

    Numbers and birthdays go wrong first: which names may go wrong without a list being wrong depends on them.
    """
    desk = Desk(world, seeds, dict(tables), log)
    put_addresses(desk)
    change_numbers(desk)
    change_births(desk)
    change_names(desk)
    add_carers(desk)
    add_former(desk)
    add_other_councils(desk)
    add_second_ids(desk)
    place_canaries(desk)
    add_belonging(desk)
    kin = world.kin
    for kind, pairs in (("twins", kin.twins), ("cousins", kin.cousins)):
        listed = pairs.isin(desk.child["education"]).all(axis=1)
        desk.count(kind, AGENCIES[0].file, "Forename, Surname, DOB", np.flatnonzero(np.isin(desk.child["education"], pairs.loc[listed, "first"])))
    tables, identities = desk.finish()
    further = (
        pd.concat(desk.further, ignore_index=True)
        if desk.further
        else pd.DataFrame(columns=["source", "source_person_id", "adult", "person", "former"])
    )
    listed = {(agency.source, ident) for agency in AGENCIES for ident in tables[agency.file][agency.heading]}
    sent = [who in listed for who in zip(further["source"], further["source_person_id"], strict=True)]
    return Known(in_no_order(tables, seeds), identities, further[sent].reset_index(drop=True), frozenset(desk.touched), desk.elsewhere)
