"""What social care, police and housing hold: links between their records and a child, and the catalogue's features of their tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from early_id.core.types import Usage
from early_id.data.synth.direct.crowd import Crowd, Flags, Floats, Ints
from early_id.data.synth.direct.events import Rows
from early_id.data.synth.direct.windows import LAGS, STALE, Relatives, counts, days_since
from early_id.data.synth.events.casework import Casework
from early_id.data.synth.events.factors import factor_hits, read_factor_shares
from early_id.data.synth.events.housing import KNOWN
from early_id.data.synth.events.police import NOTICE
from early_id.data.synth.files.extracts import KNOWS
from early_id.data.synth.scenarios import distortions
from early_id.data.synth.scenarios.biases import loss_from
from early_id.schema.codes import code_list

FACTOR_DAYS = 730
#: Feature → the factor codes it counts (``features.library.family``; a test holds the two together).
FACTORS: dict[str, tuple[str, ...]] = {
    "parent_mental_health_730d": ("4B", "4C"),
    "parent_substance_730d": ("1B", "1C", "2B", "2C"),
    "domestic_abuse_factor_730d": ("3A", "3B", "3C"),
    "child_mental_health_730d": ("4A", "15A"),
    "child_substance_730d": ("1A", "2A"),
    "child_behaviour_730d": ("14A", "13A"),
    "neglect_or_emotional_730d": ("16A", "17A"),
    "parent_health_730d": ("5B", "5C", "6B", "6C"),
    "young_carer_factor_730d": ("7A",),
}
#: Codes that count as no number of worries: they have features of their own.
NOT_COUNTED = ("3A", "3B", "3C", "10A")
#: Share of records without a number in common that linkage joins by names (``make linkage-figures``: recall without UPNs and NHS numbers).
NAMED = 0.97
#: Days within which a restricted factor takes a child out.
RESTRICTED_DAYS = 90


@dataclass(frozen=True)
class Links:
    """Whose records at each agency the council can tell to be the same child.

    Attributes
    ----------
    social_care, police : array of bool
        Whose records there are joined to the child on the lists.
    listed : array of bool
        Who is in a household that housing lists.
    housed : array of bool
        Whose household record is joined to the child on the lists.
    """

    social_care: Flags
    police: Flags
    listed: Flags
    housed: Flags


def make_links(crowd: Crowd) -> Links:
    """By UPN or NHS number, as often as each agency knows them, else by names nearly always; and households only of families the council knows.

    A child without a record at a school is on the lists by its household record, so that is what other records are joined to.
    """
    rng, count = crowd.seeds.rng("links"), len(crowd)
    at_home = crowd.people.children["home_educated"].to_numpy(dtype=bool)
    ever = (crowd.school >= 0).any(axis=0)
    has_upn = ever & ~at_home
    upn = {agency: has_upn & (rng.random(count) < KNOWS[agency][0]) for agency in ("social_care", "police", "housing")}
    nhs = {agency: crowd.has_nhs & (rng.random(count) < KNOWS[agency][1]) for agency in ("social_care", "police", "housing")}
    by_name = crowd.seeds.rng("links by name")
    named = {agency: by_name.random(count) < NAMED for agency in ("social_care", "police", "housing")}
    known = (rng.random(len(crowd.first)) < KNOWN)[crowd.family]
    listed = known & (crowd.joins < crowd.day - 14) & (crowd.leaves >= crowd.day) & (crowd.dob < crowd.day)
    at_school = ever | at_home

    def linked(agency: str) -> Flags:
        by_school = upn[agency] | nhs[agency] | named[agency]
        by_home = listed & ((upn[agency] & upn["housing"]) | (nhs[agency] & nhs["housing"]) | named[agency])
        return np.asarray(np.where(at_school, by_school, by_home))

    return Links(linked("social_care"), linked("police"), listed, listed & (~at_school | upn["housing"] | nhs["housing"] | named["housing"]))


def police_features(crowd: Crowd, notices: Rows, missing: Rows, links: Links, relatives: Relatives) -> dict[str, Floats]:
    """The features of ``features.library.police``."""
    day, lost = crowd.day, loss_from(crowd.plan, crowd.timeline)
    last = lost[1] if lost and lost[0] == "police" else day

    def shown(rows: Rows) -> Rows:
        known = rows["known"] if "known" in rows else rows["day"] + LAGS["missing"]
        kept = links.police[rows["child"]] & (known < last)
        return {"child": rows["child"][kept], "day": rows["day"][kept], "known": known[kept]}

    abuse = notices["kind"] == NOTICE
    n, j = (shown({name: values[kind] for name, values in notices.items()}) for kind in (abuse, ~abuse))
    m = shown(missing)

    def or_none(values: Floats, start: int, among: Flags | None = None) -> Floats:
        reaches = last >= max(day - STALE, start) and crowd.timeline.events_from <= start + STALE
        covered = np.full(len(crowd), reaches) if among is None else reaches & among
        return np.where((values > 0) | covered, values, np.nan)

    year = day - 365
    siblings = relatives.total(counts(crowd, n, year, n["known"]))
    return {
        "missing_count_365d": or_none(counts(crowd, m, year, m["known"]), year),
        "missing_count_90d": or_none(counts(crowd, m, day - 90, m["known"]), day - 90),
        "days_since_missing_ever": days_since(crowd, m, m["known"]),
        "domestic_abuse_notices_365d": or_none(counts(crowd, n, year, n["known"]), year),
        "sibling_domestic_abuse_notices_365d": or_none(siblings, year, relatives.any),
        "youth_justice_365d": or_none(counts(crowd, j, year, j["known"]), year),
    }


@lru_cache(maxsize=1)
def _factor_columns() -> tuple[dict[str, npt.NDArray[np.bool_]], npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Columns of each feature, of the number of worries, of codes that may be read, and of codes that take a child out."""
    codes = read_factor_shares()["code"].to_numpy().astype(str)
    usable, restricted = (code_list("assessment_factors").having(usage=usage) for usage in (Usage.FEATURE, Usage.REMOVE_ONLY))
    readable = np.isin(codes, sorted(usable))
    counted = readable & ~np.isin(codes, NOT_COUNTED)
    return {name: np.isin(codes, of) for name, of in FACTORS.items()}, counted, readable, np.isin(codes, sorted(restricted))


def family_features(crowd: Crowd, case: Casework, leaked: Rows, links: Links, relatives: Relatives) -> tuple[dict[str, Floats], Flags]:
    """The features of ``features.library.family``, and whom a restricted factor takes out."""
    day = crowd.day
    assessed = case.arrays("assessed")
    known = links.social_care[assessed["child"]] & (assessed["on"] + LAGS["factors"] < day)
    child, on = assessed["child"][known], assessed["on"][known]
    hits = factor_hits(child, on, crowd.need.of(child, on), (on - crowd.dob[child]) / 365.25, crowd.seeds.rows("factors"))
    columns, counted, readable, restricted = _factor_columns()
    # An assessment without a factor that may be read still shows, as the code for 'no factor', where nothing else was recorded.
    shows = hits[:, readable].any(axis=1) | ~hits.any(axis=1)
    recent = on >= day - FACTOR_DAYS
    ever = np.bincount(child[shows], minlength=len(crowd)) > 0

    def by_child(rows: Floats) -> Floats:
        return np.bincount(child[recent], weights=rows[recent], minlength=len(crowd)).astype(np.float64)

    found = {name: np.where(ever, (by_child(hits[:, of].any(axis=1).astype(float)) > 0).astype(float), np.nan) for name, of in columns.items()}
    worries = by_child(hits[:, counted].sum(axis=1).astype(float))
    found["factors_count_730d"] = np.where(ever, worries, np.nan)
    sibling_ever = relatives.total(ever.astype(float)) > 0
    found["sibling_factors_730d"] = np.where(sibling_ever, relatives.total(worries), np.nan)
    contacts = case.arrays("contacts")
    made = {"child": np.concatenate([contacts["child"], leaked["child"]]), "day": np.concatenate([contacts["on"], leaked["day"]])}
    linked = links.social_care[made["child"]]
    made = {name: values[linked] for name, values in made.items()}
    found["contacts_count_365d"] = counts(crowd, made, day - 365, made["day"] + LAGS["contacts"])
    late = on >= day - RESTRICTED_DAYS
    taken = np.bincount(child[late], weights=np.asarray(hits[:, restricted].any(axis=1), dtype=np.float64)[late], minlength=len(crowd)) > 0
    return found, taken


def leaked_contacts(crowd: Crowd, case: Casework) -> Rows:
    """Contacts typed in afterwards (scenario ``leak``): child and the day they claim."""
    size = crowd.plan.size("leak")
    if not size:
        return {"child": np.zeros(0, dtype=np.int64), "day": np.zeros(0, dtype=np.int64)}
    offers, statutory = case.arrays("early_help"), case.arrays("statutory")
    referred = (statutory["status"] == "REFERRAL") & (statutory["outcome"] != "nfa")
    child = np.concatenate([offers["child"], statutory["child"][referred]])
    on = np.concatenate([offers["offered"], statutory["start"][referred]])
    first = np.maximum(np.maximum(crowd.dob, crowd.joins), crowd.timeline.events_from)
    child, _, day = distortions.backdated(child, on, first, size, crowd.seeds)
    return {"child": child, "day": day}


def housing_features(crowd: Crowd, rows: dict[str, Rows], links: Links) -> dict[str, Floats]:
    """The features of ``features.library.housing``."""
    day, lost = crowd.day, loss_from(crowd.plan, crowd.timeline)
    last = min(day, lost[1]) if lost and lost[0] == "housing" else day

    def of_children(seen: Flags, family: Ints) -> Floats:
        hit = np.bincount(family[seen], minlength=len(crowd.first)) > 0
        return (hit[crowd.family] & links.housed).astype(float)

    found = {}
    for name in ("rent_arrears", "council_tax_arrears"):
        on = rows[name]["day"]
        found[f"{name}_365d"] = of_children((on >= day - 365) & (on + LAGS["indicators"] < last), rows[name]["family"])
    here = rows["temporary_accommodation"]
    still = (here["ended"] >= day) | (here["ended"] >= last)
    found["temporary_accommodation_now"] = of_children((here["day"] + LAGS["indicators"] < last) & still, here["family"])
    moved = (crowd.joins >= day - FACTOR_DAYS) & (crowd.joins < day)
    found["home_moves_730d"] = np.where(links.housed, moved.astype(float), np.nan)
    return found
