"""Contacts, early help, referrals and statutory statuses, month by month.

A contact is made when need is high *and* somebody sees it: the chance rises with need, with signs of the last weeks and
with the habits of the school, so recognised need is a selective picture of need, as it is everywhere. Brothers and sisters
share most contacts. A child open to a service makes no new contact.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.need import Need
from early_id.data.synth.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Log of the monthly chance of a contact at average need; log-rate per standard deviation of need.
CONTACT_BASE, CONTACT_EFFECT = -5.17, 1.5
#: Log-rate added by a sign in this month or the last.
SIGN_EFFECTS = {"notice": 1.4, "missing": 1.4, "suspension": 0.8}
#: Chance that a free brother or sister is named in the same contact.
SIBLING_JOINS = 0.6
#: A contact becomes a referral, or an offer of early help, above these values of need plus noise.
REFERRAL_FROM, EARLY_HELP_FROM, NOISE = 2.05, 0.55, 0.7
#: The family's answer: accepted, not now, no contact.
ANSWERS = (0.60, 0.22, 0.18)
#: Referrals closed at once; assessed and found not in need (children in need census, 2025).
NO_FURTHER_ACTION, NOT_IN_NEED = 0.065, 0.308
#: Days that help or a status lasts: mean and shape of a gamma.
DURATIONS = {"EH": (190, 3.0), "CIN": (250, 2.0), "CPP": (280, 3.0), "CLA": (1100, 1.5)}
#: Of children found in need: a section 47 enquiry, a protection plan after it, care, court.
SECTION_47, PLAN_AFTER, INTO_CARE, COURT = 0.28, 0.38, 0.065, 0.35
#: Looked after at the start of the events: 0.67 % of children (31 March 2025).
CARE_AT_START = 0.0067
SOURCES = ("school", "police", "health", "family", "housing", "other")
LEAD_ROLES = ("school pastoral lead", "family hub worker", "health visitor", "youth worker")


@dataclass
class Services:
    """Rows gathered while the months are walked through; frames once :meth:`frames` is called."""

    contacts: list[pd.DataFrame] = field(default_factory=list)
    early_help: list[pd.DataFrame] = field(default_factory=list)
    statutory: list[pd.DataFrame] = field(default_factory=list)
    assessed: list[pd.DataFrame] = field(default_factory=list)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Each kind of row as one frame in order of date and child."""
        out = {}
        for name, day in (("contacts", "on"), ("early_help", "offered"), ("statutory", "start"), ("assessed", "on")):
            frame = pd.concat(getattr(self, name), ignore_index=True)
            out[name] = frame.sort_values([day, "child"], kind="stable", ignore_index=True)
        return out


def make_services(
    people: People,
    need: Need,
    signs: dict[str, pd.DataFrame],
    visibility: npt.NDArray[np.float64],
    held_back: Flags,
    seeds: Seeds,
    timeline: Timeline,
) -> dict[str, pd.DataFrame]:
    """Walk through the months.

    Parameters
    ----------
    signs : dict
        ``notice``, ``missing``, ``suspension``: frames with ``child`` and ``day``.
    visibility : array
        Log-rate of each child's school.
    held_back : array of bool
        Children who are to stay unknown (canaries).

    Returns
    -------
    dict
        Frames ``contacts``, ``early_help``, ``statutory``, ``assessed``.
    """
    rng = seeds.rng("services")
    count = len(people)
    family = people.children["family"].to_numpy()
    dob = people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    stop = np.minimum(leaves, dob + int(18 * 365.25) - 1)  # services for children end with the move or the 18th birthday
    services = Services()
    free_from = np.full(count, -NEVER, dtype=np.int64)
    _care_at_start(services, free_from, dob, stop, need, held_back, rng, timeline)
    months = timeline.months
    seen = _monthly(signs, months, count)
    for index, month in enumerate(months):
        level = need.at(month + 15)
        here = (joins <= month) & (stop > month + 40) & (dob < month - 30) & ~held_back
        free = here & (free_from <= month)
        log_rate = CONTACT_BASE + CONTACT_EFFECT * level + visibility + _age_effect((month - dob) / 365.25)
        recent = np.zeros(count)
        for name, effect in SIGN_EFFECTS.items():
            recent = np.maximum(recent, effect * seen[name][:, index])
        made = free & (rng.random(count) < 1 - np.exp(-np.exp(log_rate + recent)))
        day = month + rng.integers(0, 28, len(people.families))
        noise = rng.normal(0, NOISE, len(people.families))
        with_contact = np.zeros(len(people.families), dtype=bool)
        with_contact[family[made]] = True
        made |= free & with_contact[family] & (rng.random(count) < SIBLING_JOINS)
        child = np.flatnonzero(made)
        if len(child):
            police = seen["notice"][child, index] | seen["missing"][child, index]
            _contact(services, free_from, child, day[family[child]], level[child] + noise[family[child]], police, stop, dob, rng)
    return services.frames()


def _age_effect(age: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.interp(age, [0, 3, 5, 10, 13, 16, 18], [0.1, -0.1, -0.05, -0.05, 0.15, 0.1, -0.5]))


def _monthly(signs: dict[str, pd.DataFrame], months: Ints, count: int) -> dict[str, Flags]:
    """Whether each child had a sign in a month or the month before."""
    seen = {}
    for name, frame in signs.items():
        flags = np.zeros((count, len(months) + 1), dtype=bool)
        month = np.clip(np.searchsorted(months, frame["day"].to_numpy(), side="right") - 1, 0, len(months) - 1)
        flags[frame["child"].to_numpy(), month] = True
        flags[:, 1:] |= flags[:, :-1].copy()
        seen[name] = flags
    return seen


def _contact(
    services: Services,
    free_from: Ints,
    child: Ints,
    day: Ints,
    score: npt.NDArray[np.float64],
    police: Flags,
    stop: Ints,
    dob: Ints,
    rng: np.random.Generator,
) -> None:
    """One month's contacts: outcome, then an offer of early help or a referral."""
    count = len(child)
    source = np.array(SOURCES, dtype=object)[np.minimum(np.searchsorted(np.cumsum([0.38, 0.1, 0.2, 0.16, 0.06]), rng.random(count)), 5)]
    source = np.where(police & (rng.random(count) < 0.75), "police", source)
    refer = score > REFERRAL_FROM
    help_ = ~refer & (score > EARLY_HELP_FROM)
    outcome = np.select([refer, help_], ["new_referral", "early_help"], np.where(rng.random(count) < 0.6, "nfa", "advice"))
    on = day + rng.integers(0, 6, count)
    services.contacts.append(pd.DataFrame({"child": child, "on": day, "source": source, "outcome": outcome, "outcome_on": on}))
    free_from[child] = on + 45
    _offer(services, free_from, child[help_], on[help_] + rng.integers(1, 15, int(help_.sum())), stop, dob, rng)
    _refer(services, free_from, child[refer], on[refer], stop, dob, rng)


def _offer(services: Services, free_from: Ints, child: Ints, offered: Ints, stop: Ints, dob: Ints, rng: np.random.Generator) -> None:
    """Early help is offered; the family answers; some of it leads on to a referral."""
    count = len(child)
    if not count:
        return
    answer = np.searchsorted(np.cumsum(ANSWERS), rng.random(count))
    response = np.array(["accepted", "not_now", "no_contact"], dtype=object)[np.minimum(answer, 2)]
    took = response == "accepted"
    start = np.where(took, offered + rng.integers(5, 25, count), NEVER)
    length = _lasts("EH", count, rng)
    end = np.where(took, np.minimum(start + length, stop[child]), NEVER)
    stepped = took & (rng.random(count) < 0.1) & (end < stop[child])
    reasons = np.array(["needs met", "family withdrew", "no longer needed"], dtype=object)[rng.choice(3, size=count, p=[0.6, 0.22, 0.18])]
    reason = np.select([stepped, end >= stop[child]], ["stepped up", "moved away"], reasons)
    services.early_help.append(
        pd.DataFrame(
            {
                "child": child,
                "offered": offered,
                "response": response,
                "start": start,
                "end": end,
                "end_reason": reason,
                "lead_role": np.array(LEAD_ROLES, dtype=object)[rng.integers(0, len(LEAD_ROLES), count)],
                "assessed": start + rng.integers(10, 40, count),
                "plan": start + rng.integers(42, 70, count),
                "child_view": np.where(rng.random(count) < 0.7, "Y", "N").astype(object),
                "review_due": start + 150,
                "reviewed": start + 150 + rng.integers(-20, 40, count),
            }
        )
    )
    free_from[child] = np.where(took, end + 60, offered + 75)
    up = np.flatnonzero(stepped)
    _refer(services, free_from, child[up], end[up], stop, dob, rng)


def _refer(services: Services, free_from: Ints, child: Ints, on: Ints, stop: Ints, dob: Ints, rng: np.random.Generator) -> None:
    """A referral: closed, or assessed; then in need or not; then enquiry, plan, care."""
    count = len(child)
    if not count:
        return
    closed = rng.random(count) < NO_FURTHER_ACTION
    done = on + np.where(closed, rng.integers(1, 10, count), rng.integers(20, 56, count))
    done = np.minimum(done, stop[child])
    _status(services, "REFERRAL", child, on, done, rng, outcome=np.where(closed, "nfa", "assessed"), outcome_on=done)
    free_from[child] = done + 60
    seen = np.flatnonzero(~closed & (done < stop[child]))
    services.assessed.append(pd.DataFrame({"child": child[seen], "on": done[seen]}))
    fate = rng.random(count)
    stays = seen[fate[seen] >= NOT_IN_NEED]
    _in_need(services, free_from, child[stays], done[stays] + 1, stop, dob, rng)
    back = seen[(fate[seen] < NOT_IN_NEED) & (rng.random(len(seen)) < 0.3)]
    if len(back):
        _offer(services, free_from, child[back], done[back] + rng.integers(3, 20, len(back)), stop, dob, rng)


def _in_need(services: Services, free_from: Ints, child: Ints, start: Ints, stop: Ints, dob: Ints, rng: np.random.Generator) -> None:
    count = len(child)
    if not count:
        return
    end = np.minimum(start + _lasts("CIN", count, rng), stop[child])
    enquiry = rng.random(count) < SECTION_47
    plan = enquiry & (rng.random(count) < PLAN_AFTER)
    care = rng.random(count) < INTO_CARE
    begins = start + rng.integers(3, 40, count)
    _status(services, "S47", child[enquiry], begins[enquiry], np.minimum(begins + 14, stop[child])[enquiry], rng)
    plan_from = begins + 16
    plan_to = np.minimum(plan_from + _lasts("CPP", count, rng), stop[child])
    plan &= plan_from < stop[child] - 5
    _status(services, "CPP", child[plan], plan_from[plan], plan_to[plan], rng)
    care_from = start + rng.integers(20, 120, count)
    care &= care_from < stop[child] - 30
    court = care & (rng.random(count) < COURT)
    _status(services, "COURT", child[court], care_from[court] + 10, np.minimum(care_from + 200, stop[child])[court], rng)
    end = np.where(plan, np.maximum(end, plan_to), end)
    end = np.where(care, care_from, end)
    _status(services, "CIN", child, start, end, rng)
    free_from[child] = end + 60
    _care(services, free_from, child[care], care_from[care], stop, dob, rng)


def _care(services: Services, free_from: Ints, child: Ints, start: Ints, stop: Ints, dob: Ints, rng: np.random.Generator) -> None:
    end = np.minimum(start + _lasts("CLA", len(child), rng), stop[child])
    _status(services, "CLA", child, start, end, rng)
    free_from[child] = end + 60
    older = (end - dob[child] > 16 * 365.25) & (end < stop[child] - 5)
    _status(services, "CARE_LEAVER", child[older], end[older] + 1, stop[child][older], rng)
    free_from[child[older]] = NEVER


def _care_at_start(
    services: Services,
    free_from: Ints,
    dob: Ints,
    stop: Ints,
    need: Need,
    held_back: Flags,
    rng: np.random.Generator,
    timeline: Timeline,
) -> None:
    begin = timeline.events_from
    born = (dob < begin - 200) & (stop > begin + 100) & ~held_back
    weight = np.exp(0.8 * need.at(begin)) * born
    chance = np.minimum(0.3, CARE_AT_START * born.sum() * weight / weight.sum())
    child = np.flatnonzero(rng.random(len(dob)) < chance)
    start = np.maximum(begin - rng.integers(5, 700, len(child)), dob[child] + 10)
    end = np.minimum(begin + _lasts("CLA", len(child), rng), stop[child])
    _status(services, "CLA", child, start, end, rng)
    free_from[child] = end + 60


def _status(
    services: Services,
    status: str,
    child: Ints,
    start: Ints,
    end: Ints,
    rng: np.random.Generator,
    *,
    outcome: npt.NDArray[np.object_] | None = None,
    outcome_on: Ints | None = None,
) -> None:
    count = len(child)
    services.statutory.append(
        pd.DataFrame(
            {
                "child": child,
                "status": status,
                "start": start,
                "end": end,
                "outcome": np.full(count, "", dtype=object) if outcome is None else outcome,
                "outcome_on": np.full(count, NEVER) if outcome_on is None else outcome_on,
                "other_la": np.where(rng.random(count) < 0.02, "Y", "N").astype(object),
            }
        )
    )


def _lasts(kind: str, count: int, rng: np.random.Generator) -> Ints:
    mean, shape = DURATIONS[kind]
    return np.maximum(20, rng.gamma(shape, mean / shape, count)).astype(np.int64)
