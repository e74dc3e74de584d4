"""Education other than at school, as the council's education team keeps it: a list of spells beside the rolls.

Most of it follows from what was drawn before: who is educated at home, who waits between two schools, who was excluded or suspended again and again,
who is 16 or 17 and on no roll. How many of the last are not in education is assumed, and drawn without regard to need. Nothing here makes a contact,
so an outcome never rests on it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.files.extracts import LISTED_FROM_DAYS, british
from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline, day_number

Ints = npt.NDArray[np.int64]

#: Days without a school from which a child counts as missing education.
WAITS = 6
#: A place other than at school: days after a permanent exclusion, and how long it lasts at the mean (gamma of shape 2).
PLACED_AFTER, PLACED_FOR = 8, 120
#: The suspension of a school year that makes the council look for another place, and how often it finds one.
MANY_SUSPENSIONS, FOUND_A_PLACE = 4, 0.25
#: Of those of 16 and 17 who are on no roll of the council's schools: not in education or work for a time, and what they do is not known. Assumed.
NOT_IN_EDUCATION, NOT_KNOWN = 0.07, 0.05
#: Mean days that this lasts (gamma of shape 2), up to the 18th birthday.
OUT_FOR = 160
#: Days until the list holds a spell.
LISTED_AFTER = 7


def make_education_status(people: People, rolls: Rolls, suspensions: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """One row a spell: child, status, start, end."""
    parts = (
        _at_home(people, timeline), _between_schools(rolls), _other_places(rolls, suspensions, seeds, timeline), _after_school(people, rolls, seeds, timeline),
    )  # fmt: skip
    out = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    families = people.families.iloc[people.children["family"].to_numpy()[out["child"].to_numpy()]]
    out["start"] = np.maximum(out["start"], families["joins"].to_numpy())
    out["end"] = np.minimum(out["end"], families["leaves"].to_numpy())
    out = out[(out["start"] < out["end"]) & (out["start"] < timeline.extracted - LISTED_AFTER) & (out["end"] > timeline.events_from)]
    return out.sort_values(["start", "child", "status"], kind="stable", ignore_index=True)


def education_status_table(people: People, spells: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """The list as the education team exports it."""
    return pd.DataFrame(
        {
            "PupilID": people.children["pupil_id"].to_numpy()[spells["child"]],
            "Status": spells["status"].to_numpy(),
            "Start": british(spells["start"].to_numpy()),
            "End": british(spells["end"].to_numpy(), before=timeline.extracted),
        }
    )


def _september(year: Ints) -> Ints:
    """1 September of each year."""
    of = {int(one): day_number(pd.Timestamp(int(one), 9, 1).date()) for one in np.unique(year)}
    return np.array([of[int(one)] for one in year], dtype=np.int64)


def _at_home(people: People, timeline: Timeline) -> dict[str, object]:
    """Children educated at home whom the council lists, from the school year after they could have begun until the end of the eleventh."""
    of_age = people.children["dob"].to_numpy() < timeline.extracted - LISTED_FROM_DAYS
    child = np.flatnonzero(people.children["home_educated"].to_numpy() & of_age)
    entry = people.children["entry_year"].to_numpy()[child]
    return {"child": child, "status": "home_educated", "start": _september(entry + 1), "end": _september(entry + 12) - 1}


def _between_schools(rolls: Rolls) -> dict[str, object]:
    """Children who left one school within a year and waited for the next."""
    spells = rolls.spells
    child, year, start, end = (spells[name].to_numpy() for name in ("child", "year", "start", "end"))
    waited = np.flatnonzero((child[1:] == child[:-1]) & (year[1:] == year[:-1]) & (start[1:] - end[:-1] > WAITS))
    return {"child": child[waited], "status": "missing_education", "start": end[waited] + 1, "end": start[waited + 1] - 1}


def _other_places(rolls: Rolls, suspensions: pd.DataFrame, seeds: Seeds, timeline: Timeline) -> dict[str, object]:
    """Places that the council arranged after a permanent exclusion, or after many suspensions within a school year."""
    draws = seeds.rows("places other than at school")
    child, start, permanent = suspensions["child"].to_numpy(), suspensions["start"].to_numpy(), (suspensions["category"] == "PERM").to_numpy()
    year = np.searchsorted([one.start for one in timeline.years], start, side="right")
    number = suspensions.assign(year=year)[~permanent].sort_values(["child", "start"], kind="stable").groupby(["child", "year"]).cumcount() + 1
    many = number.reindex(suspensions.index).to_numpy() == MANY_SUSPENSIONS
    found = permanent | (many & (draws.uniform("found", child, start) < FOUND_A_PLACE))
    child, start = child[found], start[found] + PLACED_AFTER
    # One place a year, and at most one at a time.
    places = pd.DataFrame({"child": child, "start": start, "year": year[found]}).sort_values(["child", "start"], kind="stable")
    places = places.drop_duplicates(["child", "year"])
    child, start = places["child"].to_numpy(), places["start"].to_numpy()
    lasts = np.maximum(draws.gamma(2.0, PLACED_FOR, "lasts", child, start), 20).astype(np.int64)
    following = places.groupby("child")["start"].shift(-1).fillna(NEVER).to_numpy().astype(np.int64)
    return {"child": child, "status": "alternative_provision", "start": start, "end": np.minimum(start + lasts, following - 1)}


def _after_school(people: People, rolls: Rolls, seeds: Seeds, timeline: Timeline) -> dict[str, object]:
    """Those of 16 and 17 who are on no roll, for a time not in education or work, or of whom it is not known."""
    draws, children = seeds.rows("after school"), people.children
    entry, dob = children["entry_year"].to_numpy(), children["dob"].to_numpy()
    stays = np.zeros(len(people), dtype=bool)
    spells = rolls.spells
    stays[spells["child"].to_numpy()[spells["nc"].to_numpy() > 11]] = True
    held = np.zeros(len(people), dtype=bool)
    held[spells["child"].to_numpy()] = True
    begins = _september(entry + 12)
    # Listed are those whom the education team knows: pupils, and children who were taught at home.
    left = np.flatnonzero(~stays & (held | children["home_educated"].to_numpy()) & (begins < timeline.extracted))
    by = draws.uniform("what", left)
    status = np.select([by < NOT_IN_EDUCATION, by < NOT_IN_EDUCATION + NOT_KNOWN], ["neet", "not_known"], "").astype(object)
    child = left[status != ""]
    start = begins[child] + draws.integers(0, 300, "from", child)
    end = np.minimum(start + np.maximum(draws.gamma(2.0, OUT_FOR, "lasts", child), 30).astype(np.int64), dob[child] + int(18 * 365.25))
    return {"child": child, "status": status[status != ""], "start": start, "end": np.minimum(end, NEVER)}
