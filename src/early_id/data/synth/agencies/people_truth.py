"""The truth about people: every id and whose it is, who lived where, and which records may never be joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.data.synth.agencies.canary_records import canary_strings
from early_id.data.synth.agencies.canary_table import canary_table
from early_id.data.synth.agencies.known import Known
from early_id.data.synth.agencies.sources import AGENCIES, among
from early_id.data.synth.files.extracts import Tables, iso
from early_id.data.synth.timeline import NEVER
from early_id.data.synth.world import World

Texts = npt.NDArray[np.object_]


def labels(letter: str, rows: npt.NDArray[np.int64], people: int) -> Texts:
    """Names of children (C), adults (A), former identities (X) and families (F), as in the other files of the truth."""
    width = len(str(people))
    return np.array([f"{letter}{row:0{width}d}" for row in rows], dtype=object)


def write_people(folder: Path, known: Known, world: World, sent: Tables | None = None) -> None:
    """Write the tables about people that no agency has.

    ``person_links.csv`` (every id), ``identities.csv`` (every changed cell), ``never_link.csv``, ``twins.csv``, ``cousins.csv``, ``adoptions.csv``,
    ``households.csv``, ``residence.parquet``, ``open_families.csv``, ``canary_strings.csv``. ``sent`` are the tables as written, where
    they are not those of ``known``, by the names of their files.
    """
    links = person_links(known, world)
    count = len(world.people)

    def named(pairs: pd.DataFrame) -> pd.DataFrame:
        return pairs.apply(lambda rows: pd.Series(labels("C", rows.to_numpy(dtype=np.int64), count), dtype=object))

    adopted = world.adopted
    children = adopted["child"].to_numpy(dtype=np.int64)
    before = pd.DataFrame(
        {"before": labels("X", children, count), "after": labels("C", children, count), "adopted_on": iso(adopted["on"].to_numpy(dtype=np.int64))}
    )
    out = {
        "person_links": links,
        "identities": known.identities,
        "twins": named(world.kin.twins),
        "cousins": named(world.kin.cousins),
        "adoptions": before,
        "households": _households(world),
        "open_families": _open_families(known.tables, links, world),
        "canary_strings": canary_strings(
            canary_table(world.people, world.canaries, world.homes), known.tables if sent is None else sent, bool(world.plan.shapes)
        ),
    }
    out["never_link"] = _never_link(links, {"adopted": before[["before", "after"]], "twins": out["twins"], "cousins": out["cousins"]})
    for name, table in out.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    pq.write_table(_residence(world), folder / "residence.parquet", compression="zstd")


def person_links(known: Known, world: World) -> pd.DataFrame:
    """Every person's id in every list, once: source, source_person_id, person, role (child, adult, former), family, first.

    A record from before an adoption is a person of its own: whoever joins it to the child is wrong, whatever is true.
    """
    people, count = world.people, len(world.people)
    parts = []
    for agency in AGENCIES:
        for is_adult, ids, letter, family in (
            (False, people.children[agency.id_column].to_numpy(), "C", people.children["family"].to_numpy()),
            (True, world.homes.adults["housing_id"].to_numpy(), "A", world.homes.adults["family"].to_numpy()),
        ):
            if is_adult and agency.source != "housing":
                continue
            rows = np.flatnonzero(among(ids, known.tables[agency.file][agency.heading]))
            parts.append(_links(agency.source, ids[rows], labels(letter, rows, count), "adult" if is_adult else "child", family[rows], count))
    main = pd.concat(parts, ignore_index=True)
    further = known.further
    if len(further):
        grown, former = further["adult"].to_numpy(dtype=bool), further["former"].to_numpy(dtype=bool)
        person = further["person"].to_numpy(dtype=np.int64)
        letters = np.select([grown, former], ["A", "X"], "C")
        names = np.array([f"{a}{n:0{len(str(count))}d}" for a, n in zip(letters, person, strict=True)], dtype=object)
        of_adults, of_children = world.homes.adults["family"].to_numpy(), people.children["family"].to_numpy()
        family = np.where(grown, of_adults[np.where(grown, person, 0)], of_children[np.where(grown, 0, person)])
        role = np.select([grown, former], ["adult", "former"], "child")
        more = _links("", further["source_person_id"].to_numpy(), names, "", family, count).assign(source=further["source"].to_numpy(), role=role)
        more.loc[former, "family"] = ""  # the birth family is none of those made
        main = pd.concat([main, more], ignore_index=True).drop_duplicates(["source", "source_person_id"], ignore_index=True)
    main["first"] = np.where((main["source"] + main["person"]).duplicated(), "no", "yes")
    return main


def _links(source: str, ids: Texts, person: Texts, role: str, family: npt.NDArray[np.int64], count: int) -> pd.DataFrame:
    return pd.DataFrame({"source": source, "source_person_id": ids, "person": person, "role": role, "family": labels("F", family, count)})


def _never_link(links: pd.DataFrame, pairs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every two records that tempt and may not be joined: why, source_a, id_a, source_b, id_b."""
    records = links[["source", "source_person_id", "person"]]
    parts = []
    for why, table in pairs.items():
        table = table.set_axis(["a", "b"], axis=1)
        both = table.merge(records, left_on="a", right_on="person").merge(records, left_on="b", right_on="person", suffixes=("_a", "_b"))
        both = both.rename(columns={"source_person_id_a": "id_a", "source_person_id_b": "id_b"})
        parts.append(both.assign(why=why)[["why", "source_a", "id_a", "source_b", "id_b"]])
    return pd.concat(parts, ignore_index=True)


def _households(world: World) -> pd.DataFrame:
    """Every household, whoever knows of it."""
    homes, count = world.homes, len(world.people)
    table = homes.households
    family = table["family"].to_numpy()
    return pd.DataFrame(
        {
            "household": table["household_id"],
            "family": labels("F", family, count),
            "kind": table["kind"],
            "postcode": table["postcode"],
            "uprn": table["uprn"],
            "from": iso(table["from"].to_numpy()),
            "to": iso(table["to"].to_numpy(), before=NEVER // 2),
            "protected": np.where(homes.protected[family], "yes", "no"),
            "no_joint_contact": np.where(homes.no_joint[family], "yes", "no"),
        }
    )


def _residence(world: World) -> pa.Table:
    """person, household, role, from, to (null while it lasts)."""
    spells, count = world.homes.residence, len(world.people)
    adult = spells["adult"].to_numpy()
    person = np.concatenate([labels("C", spells["person"].to_numpy()[~adult], count), labels("A", spells["person"].to_numpy()[adult], count)])
    order = np.concatenate([np.flatnonzero(~adult), np.flatnonzero(adult)])
    spells = spells.iloc[order]
    until = spells["to"].to_numpy().astype(np.int32)
    return pa.table(
        {
            "person": pa.array(person, pa.string()),
            "household": pa.array(world.homes.households["household_id"].to_numpy()[spells["household"]], pa.string()),
            "role": pa.array(spells["role"].to_numpy(), pa.string()),
            "from": pa.array(spells["from"].to_numpy().astype(np.int32)).cast(pa.date32()),
            "to": pa.array(until, mask=until >= NEVER).cast(pa.date32()),
        }
    )


def _open_families(tables: Tables, links: pd.DataFrame, world: World) -> pd.DataFrame:
    """Families with a child open to statutory services on the day of the extract: family, children, open (how many of them)."""
    rows = tables["socialcare/statutory.csv"]
    is_open = (rows["EndOn"] == "") & (rows["Status"] != "CARE_LEAVER")
    of_care = links[links["source"] == "social_care"].set_index("source_person_id")
    found = of_care.reindex(rows.loc[is_open, "PersonID"].unique()).dropna(subset=["person"]).drop_duplicates("person")
    open_children = found.groupby("family").size()
    sizes = pd.Series(world.people.families["size"].to_numpy(), index=labels("F", np.arange(len(world.people.families)), len(world.people)))
    return pd.DataFrame({"family": open_children.index, "children": sizes.reindex(open_children.index).to_numpy(), "open": open_children.to_numpy()})
