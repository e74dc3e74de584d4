"""Rows that stand in an agency's files besides: carers, records from before an adoption, second ids, another council's cases."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.addresses import adult_homes
from early_id.data.synth.agencies.desk import Desk
from early_id.data.synth.agencies.sources import AGENCIES, Agency, among, planned
from early_id.data.synth.events.housing import adults_table
from early_id.data.synth.files.extracts import british, iso
from early_id.data.synth.population.identifiers import make_postcodes
from early_id.data.synth.timeline import NEVER, day_number

_SOCIAL_CARE, _HEALTH = AGENCIES[1], AGENCIES[4]
#: Share of second adults whom social care lists beside the first.
SECOND_LISTED = 0.7
#: Share of families of two or more with one child open to another council's services (unconfirmed).
ONE_OPEN_CHILD = 0.002
#: Files with a person's events, by agency: the later of them move to a second id.
EVENTS = {
    "education": (),
    "social_care": ("socialcare/contacts.csv", "socialcare/early_help.csv", "socialcare/factors.csv", "socialcare/statutory.csv"),
    "police": ("police/missing.csv", "police/notifications.parquet"),
    "housing": ("housing/indicators.csv",),
    "health": ("health/notifications.csv",),
}


def append(desk: Desk, agency: Agency, rows: pd.DataFrame, person: npt.NDArray[np.int64], *, adult: bool = False, former: bool = False) -> None:
    """Add people to an agency's list, and say who they are."""
    table = desk.tables[agency.file]
    rows = rows.reindex(columns=table.columns, fill_value="")
    desk.tables[agency.file] = pd.concat([table, rows], ignore_index=True)
    desk.child[agency.source] = np.concatenate([desk.child[agency.source], np.full(len(rows), -1, dtype=np.int64)])
    about = {"source": agency.source, "source_person_id": rows[agency.heading].to_numpy(), "adult": adult, "person": person, "former": former}
    desk.further.append(pd.DataFrame(about))


def add_carers(desk: Desk) -> None:
    """Adults of families that social care has a case of."""
    adults, people = desk.world.homes.adults, desk.world.people
    cases = pd.concat([desk.world.services[name]["child"] for name in ("early_help", "statutory")]).unique()
    recorded = _first_recorded(desk, _SOCIAL_CARE)
    family = np.intersect1d(people.children["family"].to_numpy()[cases], recorded.index.to_numpy())
    rng = desk.seeds.rng("carers known to social care")
    listed = np.isin(adults["family"].to_numpy(), family) & ((adults["number"].to_numpy() == 1) | (rng.random(len(adults)) < SECOND_LISTED))
    rows = np.flatnonzero(listed)
    homes = desk.world.homes
    where = homes.households.iloc[adult_homes(desk)[rows]]
    hidden = homes.protected[adults["family"].to_numpy()[rows]]
    made = recorded.reindex(adults["family"].to_numpy()[rows])
    table = adults_table(adults.iloc[rows], desk.new_ids(_SOCIAL_CARE, len(rows), "adults"), made.to_numpy(dtype=np.int64))
    table["Postcode"] = np.where(hidden, "", where["postcode"].to_numpy())
    table["UPRN"] = np.where(hidden, "", where["uprn"].to_numpy())
    append(desk, _SOCIAL_CARE, table, rows, adult=True)


def _first_recorded(desk: Desk, agency: Agency) -> pd.Series:
    """Family → day on which the agency first listed one of its children."""
    child = desk.child[agency.source]
    day = pd.to_datetime(pd.Series(desk.column(agency, "RecordedOn")[child >= 0]), format="%d/%m/%Y")
    numbers = day.to_numpy().astype("datetime64[D]").astype(np.int64)
    return pd.Series(numbers).groupby(desk.world.people.children["family"].to_numpy()[child[child >= 0]]).min()


def add_former(desk: Desk) -> None:
    """Records from before an adoption: a list entry and a spell in care at social care, a list entry and a notice at health."""
    adopted, people = desk.world.adopted, desk.world.people
    if not len(adopted):
        return
    child = adopted["child"].to_numpy()
    ids = {agency.source: desk.new_ids(agency, len(adopted), "former") for agency in (_SOCIAL_CARE, _HEALTH)}
    rng = desk.seeds.rng("records before adoption")
    postcodes = make_postcodes(len(adopted), rng)
    care_from, on = adopted["care_from"].to_numpy(), adopted["on"].to_numpy()
    for agency in (_SOCIAL_CARE, _HEALTH):
        rows = pd.DataFrame(
            {
                agency.heading: ids[agency.source],
                "UPN": "",
                "NHSNumber": adopted["nhs"].to_numpy(),
                "Forename": adopted["forename"].to_numpy(),
                "Surname": adopted["surname"].to_numpy(),
                "DOB": british(people.children["dob"].to_numpy()[child]),
                "Sex": np.where(people.children["male"].to_numpy()[child], "M", "F"),
                "RecordedOn": british(care_from),
                "Postcode": postcodes,
                "UPRN": "",
            }
        )
        append(desk, agency, rows, child, former=True)
        desk.touched.update(str(value) for value in ids[agency.source])
        desk.count("adopted", agency.file, agency.heading, desk.last(agency.file, len(rows)))
    spells = {"PersonID": ids["social_care"], "Status": "CLA", "StartOn": iso(care_from), "EndOn": iso(on), "OtherLA": "N"}
    _add_rows(desk, "socialcare/statutory.csv", pd.DataFrame(spells))
    first = np.maximum(care_from, desk.world.timeline.events_from)
    day = first + (rng.random(len(on)) * np.maximum(on - first - 10, 1)).astype(np.int64)
    notices = {"PersonID": ids["health"], "Kind": "health", "HappenedOn": british(day), "RecordedOn": british(day + 5)}
    _add_rows(desk, "health/notifications.csv", pd.DataFrame(notices))


def _add_rows(desk: Desk, file: str, rows: pd.DataFrame) -> None:
    table = desk.tables[file]
    desk.tables[file] = pd.concat([table, rows.reindex(columns=table.columns, fill_value="")], ignore_index=True)


def add_second_ids(desk: Desk) -> None:
    """One person entered twice: the second entry has no numbers, and the later half of the person's events.

    At the schools it is an application for a place, without a roll. Names and birthday agree: a glance at them is all that today's linking
    has to tell that such an entry and the school's are one child.
    """
    for agency in AGENCIES:
        child = desk.child[agency.source]
        rows = desk.choose("two_ids", agency, desk.records(agency) & ~desk.altered[child])
        if not len(rows) or not desk.on("two_ids"):
            continue
        again = desk.tables[agency.file].iloc[rows].copy()
        old = again[agency.heading].to_numpy(dtype=object)
        new = desk.new_ids(agency, len(rows), "second")
        again[agency.heading], again["UPN"], again["NHSNumber"] = new, "", ""
        append(desk, agency, again, child[rows])
        _move_events(desk, agency, dict(zip(old, new, strict=True)))
        added = desk.last(agency.file, len(rows))
        desk.book.note("two_ids", agency, added, new.tolist(), agency.heading, old.tolist(), new.tolist())
        desk.count("two_ids", agency.file, agency.heading, added)
        desk.touched.update({*map(str, old), *map(str, new)})


def _move_events(desk: Desk, agency: Agency, second: dict[str, str]) -> None:
    """Of each person's rows in a file the later ones, as they stand, go to the second id."""
    for file in EVENTS[agency.source]:
        table = desk.tables[file]
        ids = table["PersonID"].to_numpy(dtype=object)
        at = np.flatnonzero(among(ids, second))
        if not len(at):
            continue
        own = pd.Series(ids[at])
        later = own.groupby(own).cumcount().to_numpy() >= (own.groupby(own).transform("size").to_numpy() + 1) // 2
        ids = ids.copy()
        ids[at[later]] = [second[value] for value in ids[at[later]]]
        desk.tables[file] = table.assign(PersonID=ids)


def add_other_councils(desk: Desk) -> None:
    """One child of a family, unknown to this council's services, has long had a plan with another council. Brothers and sisters have none.

    It began before the first as-of date, so that it takes a child out and is nobody's outcome.
    """
    kind = "one_open_child"
    if not desk.on(kind):
        return
    world = desk.world
    children, families = world.people.children, world.people.families
    family, dob = children["family"].to_numpy(), children["dob"].to_numpy()
    served = np.zeros(len(families), dtype=bool)
    for name in ("contacts", "early_help", "statutory"):
        served[family[world.services[name]["child"]]] = True
    served[family[world.canaries]] = True
    served[family[world.adopted["child"].to_numpy(dtype=np.int64)]] = True
    settled = (families["joins"].to_numpy() < 0) & (families["leaves"].to_numpy() > world.timeline.extracted) & (families["size"].to_numpy() > 1)
    first_date = day_number(world.timeline.as_of_dates[0])
    rng = desk.seeds.rng("one open child")
    start = world.timeline.events_from + 30 + (rng.random(len(dob)) * (first_date - world.timeline.events_from - 120)).astype(np.int64)
    usable = (settled & ~served)[family] & (dob + 60 < start) & (world.timeline.extracted - dob < 17.5 * 365.25)
    usable &= ~np.isin(np.arange(len(dob)), world.kin.children) & ~desk.altered
    rows = rng.permutation(np.flatnonzero(usable))
    rows = rows[np.sort(np.unique(family[rows], return_index=True)[1])][: planned(ONE_OPEN_CHILD, int(settled.sum()))]
    agency = _SOCIAL_CARE
    known = np.isin(rows, desk.child[agency.source])
    rows = rows[~known]
    status = np.array(["CIN", "CPP", "CLA"], dtype=object)[rng.choice(3, size=len(rows), p=[0.6, 0.2, 0.2])]
    ids = children["social_care_id"].to_numpy()[rows]
    home = world.homes.home_of(family)[rows]
    where = world.homes.households.iloc[home]
    hidden = world.homes.protected[family[rows]]
    listed = pd.DataFrame(
        {
            "PersonID": ids,
            "UPN": "",
            "NHSNumber": children["nhs"].to_numpy()[rows],
            "Forename": children["forename"].to_numpy()[rows],
            "Surname": families["surname"].to_numpy()[family[rows]],
            "DOB": british(dob[rows]),
            "Sex": np.where(children["male"].to_numpy()[rows], "M", "F"),
            "RecordedOn": british(start[rows]),
            "Postcode": np.where(hidden, "", where["postcode"].to_numpy()),
            "UPRN": np.where(hidden, "", where["uprn"].to_numpy()),
        }
    )
    append(desk, agency, listed, rows)
    # A record of a child, not of a further person: other kinds may not touch it, but it counts as the child's.
    desk.touched.update(str(value) for value in ids)
    plan = {"PersonID": ids, "Status": status, "StartOn": iso(start[rows]), "OtherLA": "Y"}
    _add_rows(desk, "socialcare/statutory.csv", pd.DataFrame(plan))
    added = desk.last("socialcare/statutory.csv", len(ids))
    desk.elsewhere = pd.DataFrame({"child": rows, "start": start[rows], "end": NEVER})
    desk.book.note(kind, agency, added, ids.tolist(), "OtherLA", ["Y"] * len(ids), ["Y"] * len(ids), file="socialcare/statutory.csv")
    desk.count(kind, "socialcare/statutory.csv", "OtherLA", added)
