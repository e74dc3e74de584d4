"""Who lives where, and since when: the truth behind every address that an agency holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.adults import make_adults
from early_id.data.synth.agencies.sources import planned
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.identifiers import make_ids, make_postcodes, make_uprns
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Yearly share of families who move within the area (unconfirmed).
MOVES_HOME = 0.05
#: Share of two-adult families who part in the years held, the children staying with both in turn (unconfirmed; about 2.5 million of
#: 8 million families with children live apart, DWP separated families statistics, but few are recorded in two households).
SEPARATED = 0.05
#: Share of those now 16 or 17 who live in a household of their own (unconfirmed).
LIVING_APART = 0.01
#: Share of families with a protected address, of families whose adults must not be contacted together, of adults not safe to contact
#: (all unconfirmed).
PROTECTED, NO_JOINT_CONTACT, UNSAFE = 0.004, 0.008, 0.02


@dataclass(frozen=True)
class Homes:
    """Adults, households and who was in them.

    Attributes
    ----------
    adults : DataFrame
        As :func:`make_adults` gives them, with ``unsafe``.
    households : DataFrame
        household_id, family, kind (home, before, other_parent, own), postcode, uprn, from, to. The row numbers up to the number of families
        are the families' present homes.
    residence : DataFrame
        adult (bool), person (row of children or adults), household (row), role, from, to; NEVER while it lasts.
    parted : DataFrame
        family, on, surname: families whose parents separated, and the surname that the children do not bear.
    apart : DataFrame
        child, on, household.
    protected, no_joint : array of bool
        By family.
    """

    adults: pd.DataFrame
    households: pd.DataFrame
    residence: pd.DataFrame
    parted: pd.DataFrame
    apart: pd.DataFrame
    protected: Flags
    no_joint: Flags

    def home_of(self, family: Ints) -> Ints:
        """Row of each child's present household, given the children's families."""
        rows = family.copy()
        rows[self.apart["child"].to_numpy()] = self.apart["household"].to_numpy()
        return rows

    def moved(self) -> pd.DataFrame:
        """family, household (row of the home before), on (day of the move)."""
        before = self.households[self.households["kind"] == "before"]
        return pd.DataFrame({"family": before["family"].to_numpy(), "household": before.index.to_numpy(), "on": before["to"].to_numpy()})


def make_homes(people: People, adopted: pd.DataFrame, spared: Ints, plan: CouncilPlan, seeds: Seeds, timeline: Timeline) -> Homes:
    """Draw adults, moves, separations and young people who live apart.

    Parameters
    ----------
    adopted : DataFrame
        child, on: nobody lives with an adoptive family before that day.
    spared : array of int
        Rows of children (canaries) whose families stay as they are.
    """
    families = people.families
    count = len(families)
    held = np.zeros(count, dtype=bool)
    held[people.children["family"].to_numpy()[spared]] = True
    adults = make_adults(people, spared, seeds)
    joins, leaves = families["joins"].to_numpy(), families["leaves"].to_numpy()
    since = np.maximum(timeline.events_from - seeds.rng("moved in").integers(30, 3000, count), joins)
    stays = (leaves == NEVER) & ~held
    moved = _days("moves home", stays, 1 - (1 - MOVES_HOME) ** ((timeline.extracted - timeline.events_from) / 365.25), since, seeds, timeline)
    if "old_addresses" not in plan.mess:
        moved[:] = NEVER
    second = adults[adults["number"] == 2]
    two, parents = (np.isin(np.arange(count), rows["family"]) for rows in (second, second[second["role"] == "parent"]))
    parted = _days("separations", stays & parents & (moved == NEVER), SEPARATED, since, seeds, timeline)
    if "separated_parents" not in plan.mess:
        parted[:] = NEVER
    adults, parting = _surnames(adults, parted, people, held, seeds)
    settled = np.where(stays & (moved == NEVER) & (parted == NEVER), since, NEVER)
    apart = _living_apart(people, settled, seeds, timeline, "living_apart" in plan.mess)
    households = _households(people, since, moved, parted, apart, seeds)
    apart["household"] = np.flatnonzero(households["kind"].to_numpy() == "own")
    residence = _residence(people, adults, households, since, moved, parted, apart, adopted)
    adults["unsafe"] = _chosen("unsafe_contacts", ~held[adults["family"].to_numpy()], UNSAFE, plan, seeds)
    protected = _chosen("protected_addresses", ~held, PROTECTED, plan, seeds)
    no_joint = _chosen("no_contact_orders", ~held & two, NO_JOINT_CONTACT, plan, seeds)
    return Homes(adults, households, residence, parting, apart, protected, no_joint)


def _chosen(kind: str, usable: Flags, share: float, plan: CouncilPlan, seeds: Seeds) -> Flags:
    """Rows that have a mark; none where the kind is off."""
    chosen = np.zeros(len(usable), dtype=bool)
    if kind in plan.mess:
        rows = seeds.rng(kind.replace("_", " ")).permutation(np.flatnonzero(usable))
        chosen[rows[: planned(share, len(rows))]] = True
    return chosen


def _days(purpose: str, usable: Flags, share: float, since: Ints, seeds: Seeds, timeline: Timeline) -> Ints:
    """A day for a share of the families, at least two months after they came and a month before the extract; NEVER for the others."""
    rng = seeds.rng(purpose)
    first = np.maximum(since, timeline.events_from) + 60
    room = timeline.extracted - 30 - first
    day = first + (rng.random(len(since)) * np.maximum(room, 1)).astype(np.int64)
    return np.asarray(np.where((rng.random(len(since)) < share) & usable & (room > 60), day, NEVER), dtype=np.int64)


def _surnames(adults: pd.DataFrame, parted: Ints, people: People, held: Flags, seeds: Seeds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parents who part have two surnames; where they shared one, the first goes back to another."""
    rng = seeds.rng("surnames of separated parents")
    children = people.families["surname"].to_numpy()
    surname = adults["surname"].to_numpy().copy()
    rows = np.flatnonzero(parted < NEVER)
    # Both adults of a family stand together, the first before the second.
    first = np.searchsorted(adults["family"].to_numpy(), rows)
    second = first + 1
    drawn = other_names(children[rows], children[~held], rng)
    one_differs = surname[first] != children[rows]
    two_differs = surname[second] != children[rows]
    surname[second] = np.where(one_differs & two_differs, children[rows], surname[second])
    surname[first] = np.where(~one_differs & ~two_differs, drawn, surname[first])
    other = np.where(surname[first] != children[rows], surname[first], surname[second])
    return adults.assign(surname=surname), pd.DataFrame({"family": rows, "on": parted[rows], "surname": other})


def other_names(own: npt.NDArray[np.object_], pool: npt.NDArray[np.object_], rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """A name of ``pool`` for each of ``own``, never that name itself."""
    drawn = pool[rng.integers(0, len(pool), len(own))]
    for row in np.flatnonzero(drawn == own):
        drawn[row] = next(name for name in pool if name != own[row])
    return np.asarray(drawn, dtype=object)


def _living_apart(people: People, settled: Ints, seeds: Seeds, timeline: Timeline, wanted: bool) -> pd.DataFrame:
    """child, on. ``settled`` is the day each family came to the one home it has had; NEVER for the others."""
    rng = seeds.rng("living apart")
    family, dob = people.children["family"].to_numpy(), people.children["dob"].to_numpy()
    on = dob + int(16.05 * 365.25) + rng.integers(0, 500, len(dob))
    young = (timeline.extracted - dob < 18 * 365.25) & (on < timeline.extracted - 30) & (on > timeline.events_from + 60)
    rows = rng.permutation(np.flatnonzero(young & (settled[family] + 60 < on)))
    rows = np.sort(rows[: planned(LIVING_APART, int(young.sum())) if wanted else 0])
    return pd.DataFrame({"child": rows, "on": on[rows]})


def _households(people: People, since: Ints, moved: Ints, parted: Ints, apart: pd.DataFrame, seeds: Seeds) -> pd.DataFrame:
    """Present homes first, then homes before a move, homes of the other parent, homes of young people."""
    rng = seeds.rng("further households")
    families = people.families
    before, other = np.flatnonzero(moved < NEVER), np.flatnonzero(parted < NEVER)
    alone = people.children["family"].to_numpy()[apart["child"].to_numpy()]
    extra = np.concatenate([before, other, alone])
    home_from = np.where(moved < NEVER, moved, np.where(parted < NEVER, parted, since))
    children = len(people)
    return pd.DataFrame(
        {
            "household_id": np.concatenate([families["household_id"], make_ids("HH", "further homes", len(extra), children, seeds)]),
            "family": np.concatenate([np.arange(len(families)), extra]),
            "kind": np.repeat(
                np.array(["home", "before", "other_parent", "own"], dtype=object), [len(families), len(before), len(other), len(alone)]
            ),
            "postcode": np.concatenate([families["postcode"], make_postcodes(len(extra), rng)]),
            "uprn": np.concatenate([families["uprn"], make_uprns("further homes", len(extra), children, seeds)]),
            "from": np.concatenate([home_from, since[before], since[other], apart["on"]]),
            "to": np.concatenate([families["leaves"], moved[before], np.full(len(other) + len(alone), NEVER)]),
        }
    )


def _residence(
    people: People, adults: pd.DataFrame, households: pd.DataFrame, since: Ints, moved: Ints, parted: Ints, apart: pd.DataFrame, adopted: pd.DataFrame
) -> pd.DataFrame:
    """Everyone's spells in households. A child of parents who parted lives in both homes; the home that the children moved to began last."""
    count = len(people.families)
    earlier = np.full(count, -1, dtype=np.int64)
    for kind in ("before", "other_parent"):
        rows = np.flatnonzero(households["kind"].to_numpy() == kind)
        earlier[households["family"].to_numpy()[rows]] = rows
    child_family = people.children["family"].to_numpy()
    arrives = np.maximum(people.children["dob"].to_numpy(), since[child_family])
    at = adopted["child"].to_numpy(dtype=np.int64)
    arrives[at] = np.maximum(arrives[at], adopted["on"].to_numpy(dtype=np.int64))
    until = people.families["leaves"].to_numpy()[child_family]
    until[apart["child"].to_numpy()] = apart["on"].to_numpy()
    home_from = households["from"].to_numpy()[:count]
    born = adults["dob"].to_numpy() + 1
    adult_family = adults["family"].to_numpy()
    parts = []
    for is_adult, family, start, end in (
        (False, child_family, arrives, until),
        (True, adult_family, np.maximum(born, since[adult_family]), people.families["leaves"].to_numpy()[adult_family]),
    ):
        person = np.arange(len(family))
        role = adults["role"].to_numpy() if is_adult else np.full(len(family), "child", dtype=object)
        stays_behind = (parted[family] < NEVER) & is_adult & (adults["number"].to_numpy() == 2 if is_adult else False)
        here = ~stays_behind
        parts.append(_spells(is_adult, person[here], family[here], role[here], np.maximum(start, home_from[family])[here], end[here]))
        was = (earlier[family] >= 0) & (start < home_from[family])
        ends = np.where(moved[family] < NEVER, moved[family], NEVER)
        ends = np.where((parted[family] < NEVER) & is_adult & ~stays_behind, parted[family], ends)
        parts.append(_spells(is_adult, person[was], earlier[family[was]], role[was], start[was], ends[was]))
    child, on = apart["child"].to_numpy(), apart["on"].to_numpy()
    parts.append(_spells(False, child, apart["household"].to_numpy(), np.full(len(child), "child", dtype=object), on, np.full(len(child), NEVER)))
    return pd.concat(parts, ignore_index=True)


def _spells(is_adult: bool, person: Ints, household: Ints, role: npt.NDArray[np.object_], start: Ints, end: Ints) -> pd.DataFrame:
    return pd.DataFrame({"adult": is_adult, "person": person, "household": household, "role": role, "from": start, "to": end})
