"""Who belongs to whom, as social care and schools hold it: relationships, family groups, contacts of pupils.

Drawn from streams of its own, so that no other record is moved by it. What is written is true and not complete: nobody has measured how complete such
tables are (unconfirmed).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.desk import Desk
from early_id.data.synth.agencies.sources import AGENCIES, Agency
from early_id.data.synth.files.extracts import british
from early_id.data.synth.population.identifiers import make_ids

RELATIONSHIPS, FAMILY_GROUPS, SCHOOL_CONTACTS = "socialcare/relationships.csv", "socialcare/family_groups.csv", "education/school_contacts.csv"
#: Share of relationships that social care has entered, of families that it holds as one, of first and second adults whom a school has as contacts.
ENTERED, GROUPED, CONTACTS = 0.9, 0.92, (0.97, 0.8)
#: Share of adults who are no parent and bring the child up as kin; the others are a parent's partner.
KINSHIP = 0.25
_SCHOOLS, _SOCIAL_CARE = AGENCIES[0], AGENCIES[1]

Ints = npt.NDArray[np.int64]


def add_belonging(desk: Desk) -> None:
    """The three tables, of the people whom each agency lists."""
    draws = desk.seeds.rows("who belongs to whom")
    adults = desk.world.homes.adults
    kin = draws.uniform("kinship", np.arange(len(adults))) < KINSHIP
    children, carers = _children(desk, _SOCIAL_CARE), _adults(desk, _SOCIAL_CARE)
    both = children.merge(carers, on="family", suffixes=("", "_other"))
    both = both[draws.uniform("entered", both["row"].to_numpy(), both["row_other"].to_numpy()) < ENTERED]
    adult = both["row_other"].to_numpy()
    parent = adults["role"].to_numpy()[adult] == "parent"
    words = _said(adults, kin, adult, "Mother", "Father", "Step-parent", "Kinship carer")
    born = british(desk.world.people.children["dob"].to_numpy()[both["row"].to_numpy()])
    desk.tables[RELATIONSHIPS] = pd.DataFrame(
        {
            "PersonID": both["id"].to_numpy(),
            "OtherPersonID": both["id_other"].to_numpy(),
            "Relation": words,
            "FromOn": np.where(parent, born, ""),
            "ToOn": "",
            "RecordedOn": british(np.maximum(both["on"].to_numpy(), both["on_other"].to_numpy())),
        }
    )
    families = len(desk.world.people.families)
    names = make_ids("FM", "first", families, len(desk.world.people), desk.seeds)
    members = pd.concat([children, carers], ignore_index=True)
    members = members[(draws.uniform("grouped", np.arange(families)) < GROUPED)[members["family"].to_numpy()]]
    desk.tables[FAMILY_GROUPS] = pd.DataFrame(
        {
            "PersonID": members["id"].to_numpy(),
            "GroupID": names[members["family"].to_numpy()],
            "RecordedOn": british(members["on"].to_numpy(dtype=np.int64)),
        }
    )
    desk.tables[SCHOOL_CONTACTS] = _contacts(desk, kin)


def _contacts(desk: Desk, kin: npt.NDArray[np.bool_]) -> pd.DataFrame:
    draws, adults = desk.seeds.rows("contacts of schools"), desk.world.homes.adults
    grown = adults[["family", "number"]].assign(row=np.arange(len(adults)))
    both = _children(desk, _SCHOOLS).merge(grown, on="family", suffixes=("", "_other"))
    share = np.where(both["number"].to_numpy() == 1, *CONTACTS)
    # A school has a parent or not for all brothers and sisters.
    both = both[draws.uniform("held", both["row_other"].to_numpy()) < share]
    adult = both["row_other"].to_numpy()
    elsewhere = np.isin(both["family"].to_numpy(), desk.world.homes.parted["family"].to_numpy()) & (both["number"].to_numpy() == 2)
    return pd.DataFrame(
        {
            "PupilID": both["id"].to_numpy(),
            "ContactID": make_ids("CT", "adults", len(adults), len(desk.world.people), desk.seeds)[adult],
            "ContactForename": adults["forename"].to_numpy()[adult],
            "ContactSurname": adults["surname"].to_numpy()[adult],
            "Relationship": _said(adults, kin, adult, "PAM", "PAF", "STP", "CAR"),
            "LivesWithPupil": np.where(elsewhere, "N", "Y"),
            "ParentalResponsibility": np.where(adults["role"].to_numpy()[adult] == "parent", "Y", ""),
            "RecordedOn": british(both["on"].to_numpy(dtype=np.int64)),
        }
    )


def _said(
    adults: pd.DataFrame, kin: npt.NDArray[np.bool_], rows: Ints, mother: str, father: str, partner: str, carer: str
) -> npt.NDArray[np.object_]:
    """What an adult is to the children of the family, in an agency's words."""
    parent, male = adults["role"].to_numpy()[rows] == "parent", adults["male"].to_numpy()[rows]
    return np.select([parent & ~male, parent & male, kin[rows]], [mother, father, carer], partner).astype(object)


def _children(desk: Desk, agency: Agency) -> pd.DataFrame:
    """row of the child, id, family, on (day recorded): the first record of every child in the agency's list."""
    child = desk.child[agency.source]
    return _listed(desk, agency, np.flatnonzero(child >= 0), child[child >= 0], desk.world.people.children["family"].to_numpy())


def _adults(desk: Desk, agency: Agency) -> pd.DataFrame:
    """The same of adults."""
    further = pd.concat(desk.further, ignore_index=True) if desk.further else pd.DataFrame({"source": [], "adult": []})
    grown = further[(further["source"] == agency.source).to_numpy() & further["adult"].to_numpy(dtype=bool)]
    if grown.empty:
        return _listed(desk, agency, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    rows = pd.Index(desk.tables[agency.file][agency.heading]).get_indexer(grown["source_person_id"])
    return _listed(
        desk, agency, np.asarray(rows, dtype=np.int64), grown["person"].to_numpy(dtype=np.int64), desk.world.homes.adults["family"].to_numpy()
    )


def _listed(desk: Desk, agency: Agency, places: Ints, person: Ints, families: Ints) -> pd.DataFrame:
    table = desk.tables[agency.file].iloc[places]
    on = pd.to_datetime(table["RecordedOn"], format="%d/%m/%Y").to_numpy().astype("datetime64[D]").astype(np.int64)
    return pd.DataFrame({"row": person, "id": table[agency.heading].to_numpy(), "family": families[person], "on": on})
