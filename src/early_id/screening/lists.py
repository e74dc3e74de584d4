"""From scores to lists: who is listed for which recipient, and who was taken out before that, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import ScreeningSettings
from early_id.core.errors import PolicyError, SettingsError
from early_id.core.findings import Finding, Findings
from early_id.core.types import Audience, Json, Severity
from early_id.explain.explanations import Explanations, explain_scores
from early_id.explain.narrative import Explanation
from early_id.screening.capacity import choose_families, places
from early_id.screening.eligible import TAKEN_OUT_COLUMNS, Eligible, eligible_rows
from early_id.screening.people import Recipient, display_name, marks_held, recipients_of, sort_key, tidy_people

if TYPE_CHECKING:
    from early_id.features.matrix import FeatureMatrix
    from early_id.models.risk_model import RiskModel


@dataclass(frozen=True, repr=False)
class ChildEntry:
    """One child of a listed family, as the recipient sees it."""

    name: str
    nc_year: str
    school: str
    explanation: Explanation = field(repr=False)


@dataclass(frozen=True, repr=False)
class FamilyEntry:
    """One family to think about. ``children`` are in alphabetical order and hold only those the recipient may see."""

    children: tuple[ChildEntry, ...]
    check_safe_contact: bool = False
    known_to_services: bool = False
    speak_to_worker: bool = False
    help_at_home: bool = False


@dataclass(frozen=True)
class ScreeningList:
    """The list of one recipient, in alphabetical order. It holds no score."""

    recipient: Recipient
    as_of: date
    expires_on: date
    capacity: int
    model: str
    model_hash: str
    families: tuple[FamilyEntry, ...] = field(repr=False)
    #: For the governance report only: services know, schools do not, so nothing in the recipient's own files may say it.
    not_already_known: int = field(default=0, repr=False)
    #: Whether any record says with whom contact is safe; where none does, nobody could be kept back for it, and the list says so.
    marks_held: bool = True

    @property
    def n_children(self) -> int:
        """Children listed, over all families."""
        return sum(len(family.children) for family in self.families)


@dataclass(frozen=True)
class ScreeningLists:
    """Lists of one or more audiences, and who was taken out.

    Add the lists of two audiences with ``+``. ``taken_out`` is restricted: it goes into its own file and nowhere else.
    """

    lists: tuple[ScreeningList, ...]
    taken_out: pd.DataFrame = field(repr=False)
    findings: Findings = field(default_factory=Findings)

    def __add__(self, other: ScreeningLists) -> ScreeningLists:
        parts = [part for part in (self.taken_out, other.taken_out) if len(part)]
        taken_out = pd.concat(parts, ignore_index=True) if parts else self.taken_out
        return ScreeningLists(self.lists + other.lists, taken_out, self.findings + other.findings)

    def frame(self) -> pd.DataFrame:
        """One row a list: audience, recipient, capacity, families, children, families not already known. Counts only."""
        rows = [
            {
                "audience": str(one.recipient.audience),
                "recipient": one.recipient.id,
                "name": one.recipient.name,
                "capacity": one.capacity,
                "families": len(one.families),
                "children": one.n_children,
                "not_already_known": one.not_already_known,
            }
            for one in self.lists
        ]
        columns = ["audience", "recipient", "name", "capacity", "families", "children", "not_already_known"]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> Json:
        """Counts for the governance report and ``--json``: ``recipients``, ``taken_out`` by audience and reason, ``findings``."""
        reasons = self.taken_out.groupby(["audience", "reason"]).size()
        by_reason: dict[str, dict[str, int]] = {}
        for (audience, reason), n in reasons.items():
            by_reason.setdefault(str(audience), {})[str(reason)] = int(n)
        return {
            "recipients": self.frame().to_dict("records"),
            "taken_out": by_reason,
            "findings": self.findings.by_code(),
        }

    def __repr__(self) -> str:
        families = sum(len(one.families) for one in self.lists)
        return f"ScreeningLists({len(self.lists)} lists, {families:,} families, {len(self.taken_out):,} taken out beforehand)"

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        return frame_html(self.frame(), title="Lists", note="families to think about; counts only")


def screen(
    model: RiskModel,
    matrix: FeatureMatrix,
    *,
    people_frame: pd.DataFrame,
    capacity: int | Mapping[str, int],
    explanations: Explanations | None = None,
    recipients: Sequence[Recipient] | None = None,
    settings: ScreeningSettings | None = None,
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
    settings : ScreeningSettings, optional
        How long a list may be used.
    tie_key : str
        Key of the hash that breaks ties between families.

    Returns
    -------
    ScreeningLists
        Write them with :func:`early_id.screening.write.write_lists`.
    """
    audience = _list_audience(model)
    as_of = _one_date(matrix)
    settings = settings or ScreeningSettings()
    people, marks = tidy_people(people_frame), marks_held(people_frame)
    matrix = matrix.families_for(audience)
    explanations = explanations if explanations is not None else explain_scores(model, matrix)
    scores = model.scores(matrix.X)
    eligible = eligible_rows(matrix, people, audience, scores, tie_key=tie_key)
    chosen = tuple(recipients) if recipients is not None else recipients_of(people, audience)
    lists = []
    for recipient in chosen:
        rows = eligible.rows[eligible.rows["recipient"] == recipient.id]
        n = places(capacity, recipient.id)
        families = choose_families(scores[rows.index], rows["family_id"], n, tie_key=tie_key)
        entries = [_family(rows[rows["family_id"] == family], people, explanations, audience, eligible) for family in families]
        ordered = tuple(entry for _, entry in sorted(entries, key=lambda pair: pair[0]))
        lists.append(
            ScreeningList(
                recipient=recipient,
                as_of=as_of,
                expires_on=as_of + timedelta(days=settings.expires_after_days),
                capacity=n,
                model=model.name,
                model_hash=model.fingerprint(),
                families=ordered,
                not_already_known=int((~rows.groupby("family_id")["known_to_services"].any()[families].astype(bool)).sum()),
                marks_held=marks,
            )
        )
    findings = eligible.findings + _without_recipient(eligible.rows, chosen)
    return ScreeningLists(tuple(lists), eligible.taken_out[list(TAKEN_OUT_COLUMNS)], findings)


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
    rows: pd.DataFrame, people: pd.DataFrame, explanations: Explanations, audience: Audience, eligible: Eligible
) -> tuple[SortKey, FamilyEntry]:
    """A family's entry, with the key that puts it in alphabetical order: surname, forename, then id for namesakes."""
    children: list[tuple[SortKey, ChildEntry]] = []
    for key, row in rows.iterrows():
        child_id = str(row["child_id"])
        person = people.loc[child_id]
        order = (sort_key(person["surname"]), sort_key(person["forename"]), child_id)
        explanation = explanations.for_row(str(key))
        name, year = display_name(person, child_id), explanation.nc_year or person["nc_year"] or _age_text(row)
        children.append((order, ChildEntry(name, year, person["school_name"] or person["school_id"], explanation)))
    children.sort(key=lambda pair: pair[0])
    entry = FamilyEntry(
        children=tuple(child for _, child in children),
        # A sign that may not be printed may be about safety at home, so it asks for the same care.
        check_safe_contact=bool(rows["child_id"].isin(eligible.check).any())
        or any(reason.withheld for _, child in children for reason in child.explanation.noticed),
        # What services know is not a school's record, so a school list never carries it.
        known_to_services=audience is Audience.HUB_LEAD and bool(rows["known_to_services"].any()),
        speak_to_worker=str(rows["family_id"].iloc[0]) in eligible.worker,
        help_at_home=str(rows["family_id"].iloc[0]) in eligible.in_help,
    )
    return children[0][0], entry


def _age_text(row: pd.Series) -> str:
    """``aged 9``: how a child is told apart whose year group no school gives."""
    return f"aged {int(row['age'])}" if "age" in row and pd.notna(row["age"]) else ""


def _without_recipient(rows: pd.DataFrame, recipients: Sequence[Recipient]) -> Findings:
    n = int((~rows["recipient"].isin([recipient.id for recipient in recipients])).sum())
    if not n:
        return Findings()
    return Findings(
        (
            Finding(
                "LST003",
                Severity.QUERY,
                "Children belong to a school or hub that gets no list.",
                "Add the school or hub to the recipients, or confirm that it takes no part.",
                n,
                where="recipients",
            ),
        )
    )
