"""From scores to lists: who is listed for which recipient, and who was taken out before that, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.governing import ThresholdSettings
from early_id.config.settings import ScreeningSettings
from early_id.core.errors import PolicyError, SettingsError
from early_id.core.findings import Findings
from early_id.core.privacy import keyed_hash
from early_id.core.types import Audience
from early_id.explain.explanations import Explanations, explain_scores
from early_id.screening import findings
from early_id.screening.capacity import choose_families, places
from early_id.screening.eligible import LED_BY_SCHOOL, TAKEN_OUT_COLUMNS, Eligible, as_taken_out, eligible_rows
from early_id.screening.entries import ChildEntry, FamilyEntry, ScreeningList, ScreeningLists
from early_id.screening.history import Earlier
from early_id.screening.leads import Chosen, one_school_a_family
from early_id.screening.people import Recipient, display_name, marks_held, recipients_of, sort_key, tidy_people
from early_id.screening.words import lead_text, threshold_text

if TYPE_CHECKING:
    from early_id.features.matrix import FeatureMatrix
    from early_id.models.risk_model import RiskModel

#: Characters of the key that stands for a child on paper: 16 million of them, on lists of some dozens.
_KEY = 6


def screen(
    model: RiskModel,
    matrix: FeatureMatrix,
    *,
    people_frame: pd.DataFrame,
    capacity: int | Mapping[str, int],
    explanations: Explanations | None = None,
    recipients: Sequence[Recipient] | None = None,
    stopped: Mapping[str, str] | None = None,
    settings: ScreeningSettings | None = None,
    earlier: Earlier | None = None,
    beside: ScreeningLists | None = None,
    threshold: ThresholdSettings | None = None,
    tie_key: str = "early_id",
) -> ScreeningLists:
    """Choose and explain the families for every recipient of the model's audience.

    Parameters
    ----------
    model : RiskModel
        The model of one audience, ``school_lead`` or ``hub_lead``: a list is made by a model that saw only what its reader may.
    matrix : FeatureMatrix
        One as-of date.
    people_frame : DataFrame
        One row a child: child_id, family_id, names, school, hub, contact marks (see ``screening/people.py``).
    capacity : int or mapping of recipient id to int
        Families each recipient can talk to. Never more are listed.
    explanations : Explanations, optional
        Of this model and these rows; made here where not given.
    recipients : sequence of Recipient, optional
        All schools or hubs of ``people_frame`` where not given.
    stopped : mapping, optional
        Recipients that get no list this time, and why: a school whose records are late.
    settings : ScreeningSettings, optional
        How long a list may be used, and for how long nobody is asked again.
    earlier : Earlier, optional
        What earlier lists ask of these; nothing where not given.
    beside : ScreeningLists, optional
        The lists of the schools, made before those of the hubs: a family that a school speaks to is on no hub list of the same date.
    threshold : ThresholdSettings, optional
        The threshold document that every list names.
    tie_key : str
        Key of the hash that breaks ties between families.

    Returns
    -------
    ScreeningLists
        Write them with :func:`early_id.screening.write.write_lists`.
    """
    audience = _list_audience(model)
    as_of = _one_date(matrix)
    settings, earlier = settings or ScreeningSettings(), earlier or Earlier()
    people, marks = tidy_people(people_frame), marks_held(people_frame)
    matrix = matrix.families_for(audience)
    explanations = explanations if explanations is not None else explain_scores(model, matrix)
    scores = model.scores(matrix.X)
    eligible = eligible_rows(matrix, people, audience, scores, earlier=earlier, tie_key=tie_key)
    eligible = eligible.without(_led_elsewhere(eligible.rows, people, beside), LED_BY_SCHOOL)
    everyone = tuple(recipients) if recipients is not None else recipients_of(people, audience)
    why = {} if audience is Audience.HUB_LEAD else dict(stopped or {})
    chosen = tuple(recipient for recipient in everyone if recipient.id not in why)
    capacities = {recipient.id: places(capacity, recipient.id) for recipient in chosen}
    first = _carried(eligible.rows, audience, earlier)

    def choose(rows: pd.DataFrame) -> Chosen:
        own = dict(tuple(rows.groupby("recipient")))
        return {
            name: choose_families(scores[own[name].index], own[name]["family_id"], n, first=first.get(name, ()), tie_key=tie_key)
            for name, n in capacities.items()
            if name in own
        }

    families, left = one_school_a_family(eligible.rows, people, choose) if audience is Audience.SCHOOL_LEAD else (choose(eligible.rows), None)
    own_rows = {str(name): own for name, own in eligible.rows.groupby("recipient")}
    lists = []
    for recipient in chosen:
        rows = own_rows.get(recipient.id, eligible.rows.iloc[:0])
        rows = rows[rows["family_id"].isin(families.get(recipient.id, []))]
        entries = [_family(own, people, explanations, recipient, eligible, earlier, (as_of, tie_key)) for _, own in rows.groupby("family_id")]
        lists.append(
            ScreeningList(
                recipient=recipient,
                as_of=as_of,
                expires_on=as_of + timedelta(days=settings.expires_after_days),
                capacity=capacities[recipient.id],
                model=model.name,
                model_hash=model.fingerprint(),
                families=tuple(entry for _, entry in sorted(entries, key=lambda pair: pair[0])),
                not_already_known=int((~rows.groupby("family_id")["known_to_services"].any().astype(bool)).sum()),
                threshold=threshold_text(threshold or ThresholdSettings()),
                marks_held=marks,
            )
        )
    findings = eligible.findings + _without_recipient(eligible.rows, chosen)
    taken_out = eligible.taken_out if left is None or left.empty else pd.concat([eligible.taken_out, as_taken_out(left, people, audience)])
    not_made = tuple((recipient.name, why[recipient.id]) for recipient in everyone if recipient.id in why)
    return ScreeningLists(tuple(lists), taken_out[list(TAKEN_OUT_COLUMNS)].reset_index(drop=True), findings, not_made)


def _led_elsewhere(rows: pd.DataFrame, people: pd.DataFrame, beside: ScreeningLists | None) -> pd.Series:
    """Rows of households that a list made before already holds."""
    held = [child.explanation.child_id for one in (beside.lists if beside else ()) for family in one.families for child in family.children]
    households = set(people["family_id"].reindex(held).dropna())
    return rows["family_id"].isin(households) | rows["child_id"].map(people["family_id"]).isin(households)


def _carried(rows: pd.DataFrame, audience: Audience, earlier: Earlier) -> dict[str, tuple[str, ...]]:
    """Recipient → families that stay on its list, because nobody has answered for them yet."""
    if rows.empty or not earlier.carried:
        return {}
    stays = [
        earlier.carried.get(child, (None,))[0] == (str(audience), place) for child, place in zip(rows["child_id"], rows["recipient"], strict=True)
    ]
    kept = rows[pd.Series(stays, index=rows.index)]
    return {str(name): tuple(sorted(set(own["family_id"]))) for name, own in kept.groupby("recipient")}


def _list_audience(model: RiskModel) -> Audience:
    if str(model.audience) not in (Audience.SCHOOL_LEAD, Audience.HUB_LEAD):
        raise PolicyError(
            f"A model for '{model.audience}' may not make a list.",
            where=f"model {model.name}",
            what_next="Train with audience='school_lead' or audience='hub_lead': a list's model sees only what its reader may.",
        )
    return Audience(str(model.audience))


def _one_date(matrix: FeatureMatrix) -> date:
    dates = pd.to_datetime(matrix.index["as_of"]).unique()
    if len(dates) != 1:
        raise SettingsError(
            f"Lists are made for one date; the matrix holds {len(dates)}.",
            what_next="Use matrix.at('YYYY-MM-DD').",
        )
    return pd.Timestamp(dates[0]).date()


SortKey = tuple[str, str, str]


def _family(
    rows: pd.DataFrame,
    people: pd.DataFrame,
    explanations: Explanations,
    recipient: Recipient,
    eligible: Eligible,
    earlier: Earlier,
    keyed: tuple[date, str],
) -> tuple[SortKey, FamilyEntry]:
    """A family's entry, with the key that puts it in alphabetical order: surname, forename, then id for namesakes."""
    as_of, secret = keyed
    children: list[tuple[SortKey, ChildEntry]] = []
    for key, row in rows.iterrows():
        child_id = str(row["child_id"])
        person = people.loc[child_id]
        order = (sort_key(person["surname"]), sort_key(person["forename"]), child_id)
        explanation = explanations.for_row(str(key))
        name, year = display_name(person, child_id), explanation.nc_year or person["nc_year"] or _age_text(row)
        on_paper = keyed_hash(f"{child_id}|{as_of}|{recipient.audience}|{recipient.id}", secret, length=_KEY).upper()
        school, hub = person["school_name"] or person["school_id"], (person["hub_id"], person["hub_name"])
        children.append((order, ChildEntry(name, year, school, explanation, *hub, on_paper)))
    children.sort(key=lambda pair: pair[0])
    family = str(rows["family_id"].iloc[0])
    since = [first for child in rows["child_id"] if (first := earlier.carried.get(str(child), (None, None))[1]) is not None]
    entry = FamilyEntry(
        children=tuple(child for _, child in children),
        # A sign that may not be printed may be about safety at home, so it asks for the same care.
        check_safe_contact=bool(rows["child_id"].isin(eligible.check).any())
        or any(reason.withheld for _, child in children for reason in child.explanation.noticed),
        # What services know is not a school's record, so a school list never carries it.
        known_to_services=recipient.audience is Audience.HUB_LEAD and bool(rows["known_to_services"].any()),
        speak_to_worker=family in eligible.worker,
        help_at_home=family in eligible.in_help,
        lead=lead_text(recipient, people.loc[rows["child_id"], "lead_contact"], worker=family in eligible.worker, in_help=family in eligible.in_help),
        since=min(since, default=as_of),
    )
    return children[0][0], entry


def _age_text(row: pd.Series) -> str:
    """``aged 9``: how a child is told apart whose year group no school gives."""
    return f"aged {int(row['age'])}" if "age" in row and pd.notna(row["age"]) else ""


def _without_recipient(rows: pd.DataFrame, recipients: Sequence[Recipient]) -> Findings:
    n = int((~rows["recipient"].isin([recipient.id for recipient in recipients])).sum())
    if not n:
        return Findings()
    return Findings((findings.NO_RECIPIENT.found(n, "recipients"),))
