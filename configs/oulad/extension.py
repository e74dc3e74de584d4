"""Open University withdrawals as an extension: its own tables, features, cohort, outcome and groups.

Dates in the files are days from the start of a presentation (``2013J`` starts 1 October 2013, ``2013B`` 1 February 2013). A child is an
enrolment, a family is a student, a school is a module. Blank and ``?`` mean missing; banked work is not activity.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Direction, Missing, SharingClass, Usage
from early_id.features.cohort import Cohort, open_spells
from early_id.features.declare import Feature, count, custom, days_since_last, ever, latest
from early_id.features.extensions import Extension, listed
from early_id.features.matrix import EXCLUDED_COLUMNS, row_keys
from early_id.features.past import Past, TableSource
from early_id.features.programme import Programme
from early_id.features.themes import Theme
from early_id.linkage import People
from early_id.schema.conditions import all_of, at_least, at_most, is_true, not_
from early_id.schema.tables import Column, Table

_START_MONTH = {"B": 2, "J": 10}
_N, _A = Usage.NEVER, Usage.AUDIT_ONLY
KEY = ["code_module", "code_presentation", "id_student"]

#: A person here is an enrolment, and an enrolment is at one module: what is recorded of it is that module's own.
_OWN = {"sharing": SharingClass.SCHOOL, "one_school": True}
#: Module and presentation together, to join work with enrolments. Which module it is says nothing about a student and is read by no feature.
_COURSE = Column("course", required=True, note="to join work with enrolments")

TABLES = (
    Table("presentations", "Presentations of modules", (Column("module", usage=_N), Column("presentation", usage=_N), Column("starts_on", "date", required=True), Column("ends_on", "date", required=True)),
          happened="starts_on", key=("module", "presentation"), has_person=False, sharing=SharingClass.SCHOOL),
    Table("assessments", "What is due", (_COURSE, Column("assessment"), Column("due_on", "date", required=True)),
          happened="due_on", key=("assessment",), has_person=False, sharing=SharingClass.SCHOOL),
    Table("registrations", "Registrations", (_COURSE, Column("module", usage=_N), Column("presentation", usage=_N), Column("registered_on", "date", required=True), Column("left_on", "date")),
          happened="registered_on", key=("module",), later={"left_on": ()}, ends="left_on", **_OWN),
    Table("enrolment_info", "Known at registration", (
        Column("student", usage=_N, required=True), Column("gender", usage=_N), Column("imd_band", usage=_A), Column("age_band", usage=_A),
        Column("disability", usage=_A), Column("previous_attempts", "integer"), Column("credits", "integer")), **_OWN),
    Table("results", "Final results", (Column("result", usage=_N, required=True), Column("ends_on", "date", required=True)), happened="ends_on", **_OWN),
    Table("submissions", "Work handed in", (
        Column("assessment", required=True), Column("submitted_on", "date", required=True), Column("days_late", "integer"), Column("score", "integer"),
        Column("banked", "yes_no")), happened="submitted_on", key=("assessment",),
          covered_by="source_or_rows", **_OWN),
)  # fmt: skip

HANDED_IN = not_(is_true("banked"))


def _due(rows: dict, cohort: object) -> object:  # type: ignore[type-arg]
    """rid and number of pieces of work due so far, for each enrolment."""
    spells, work = rows["registrations"], rows["assessments"]
    due = spells.select("rid", "course").join(work.select("course", "assessment"), "course")
    return due.group_by("rid").agg(value=due.count())


def _not_handed_in(rows: dict, cohort: object) -> object:  # type: ignore[type-arg]
    """rid and number of pieces of work that were due and not handed in, banked work counting as handed in."""
    spells, work, handed = rows["registrations"], rows["assessments"], rows["submissions"]
    due = spells.select("rid", "course").join(work.select("course", "assessment"), "course")
    done = handed.select("rid", "assessment").mutate(done=1)
    both = due.left_join(done, ["rid", "assessment"])
    return both.group_by("rid").agg(value=both.done.isnull().ifelse(1, 0).sum())


def _mean_score(rows: dict, cohort: object) -> object:  # type: ignore[type-arg]
    """rid and mean score of the work handed in; sums are whole numbers, so the mean repeats exactly."""
    work = rows["submissions"]
    work = work.filter(work.score.notnull(), ~work.banked.fill_null(False))
    return work.group_by("rid").agg(value=work.score.sum() / work.score.count())


def _feature(name: str, label: str, source: str, measure: object, direction: Direction, phrase: str, reason: str, **more: object) -> Feature:
    values = {"window": ever(), "sharing": SharingClass.SCHOOL, "theme": "study", "missing": Missing.UNKNOWN}
    return Feature(name=name, label=label, source=source, measure=measure, direction=direction, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


_UP, _DOWN = Direction.RAISES, Direction.LOWERS
_WHY = "Work handed in early on is the best early sign of who stays (Kuzilek and others 2015)."
FEATURES = (
    _feature("due_ever", "Work due so far", "registrations", custom(_due, tables=("assessments",)), Direction.EITHER, "{value} pieces of work were due", _WHY,
             missing=Missing.ZERO_IF_COVERED),
    _feature("not_handed_in_ever", "Work due and not handed in", "registrations", custom(_not_handed_in, tables=("assessments", "submissions")), _UP,
             "{value} pieces of work were due and not handed in", _WHY, missing=Missing.ZERO_IF_COVERED),
    _feature("on_time_count_ever", "Handed in on time", "submissions", count(all_of(HANDED_IN, at_most("days_late", 0))), _DOWN,
             "{value} pieces of work handed in on time", _WHY, missing=Missing.ZERO_IF_COVERED),
    _feature("late_count_ever", "Handed in late", "submissions", count(all_of(HANDED_IN, at_least("days_late", 1))), _UP,
             "{value} pieces of work handed in late", _WHY, missing=Missing.ZERO_IF_COVERED),
    _feature("score_mean_ever", "Mean score", "submissions", custom(_mean_score, tables=()), _DOWN, "Mean score of {value}", _WHY, value_format="number"),
    _feature("score_latest_ever", "Latest score", "submissions", latest("score", HANDED_IN), _DOWN, "Latest score of {value}", _WHY, value_format="number"),
    _feature("days_since_submission_ever", "Days since work was handed in", "submissions", days_since_last(HANDED_IN), _UP,
             "Last handed in work {value} ago", _WHY, value_format="days"),
    _feature("days_since_registration_ever", "Days since registration", "registrations", days_since_last(), Direction.EITHER, "Registered {value} ago",
             "Late registration leaves less time to prepare.", value_format="days"),
    _feature("previous_attempts_ever", "Earlier attempts", "enrolment_info", latest("previous_attempts"), _UP, "{value} earlier attempts", "An earlier attempt did not succeed."),
    _feature("credits_ever", "Credits being studied", "enrolment_info", latest("credits"), _UP, "Studying {value} credits", "A heavy load is harder to keep up.",
             value_format="number"),
)  # fmt: skip


def start_of(presentation: pd.Series) -> pd.Series:
    """First day of each presentation: the year, and B for February or J for October."""
    text = presentation.astype(str)
    month = text.str[4].map(_START_MONTH)
    if month.isna().any():
        raise InputDataError("A presentation code is not a year followed by B or J.", where="column code_presentation")
    return pd.to_datetime(text.str[:4] + "-" + month.astype(int).astype(str) + "-01")


def _days(start: pd.Series, days: pd.Series) -> pd.Series:
    """Dates from days after ``start``; blank and ``?`` stay empty."""
    return (start + pd.to_timedelta(pd.to_numeric(days.replace("?", None), errors="coerce"), unit="D")).dt.strftime("%Y-%m-%d")


def _course(frame: pd.DataFrame) -> pd.Series:
    return frame["code_module"].astype(str) + " " + frame["code_presentation"].astype(str)


def _enrolment(frame: pd.DataFrame) -> pd.Series:
    return frame[KEY].astype(str).agg("_".join, axis=1)


def _beside(file: Path, name: str) -> pd.DataFrame:
    other = file.with_name(name)
    if not other.is_file():
        raise InputDataError.file_missing(name, file.parent, source="university")
    return pd.read_csv(other, dtype=str)


def prepare_registrations(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """Registration days become dates."""
    start = start_of(frame["code_presentation"])
    return frame.assign(
        enrolment=_enrolment(frame),
        course=_course(frame),
        registered_on=_days(start, frame["date_registration"]),
        left_on=_days(start, frame["date_unregistration"]),
    )


def prepare_enrolment(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """The enrolment's key; ``?`` means missing."""
    return frame.assign(enrolment=_enrolment(frame)).replace("?", None)


def prepare_results(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """Results are dated to the end of the presentation, so that no feature can see them."""
    courses = _beside(file, "courses.csv")[["code_module", "code_presentation", "module_presentation_length"]]
    joined = frame.merge(courses, on=["code_module", "code_presentation"], how="left")
    ends = _days(start_of(joined["code_presentation"]), joined["module_presentation_length"])
    return joined.assign(enrolment=_enrolment(joined), ends_on=ends)


def prepare_submissions(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """Each piece of work gets the module, presentation and due date of its assessment."""
    due = _beside(file, "assessments.csv")[["id_assessment", "code_module", "code_presentation", "date"]]
    joined = frame.merge(due, on="id_assessment", how="left")
    submitted, wanted = pd.to_numeric(joined["date_submitted"], errors="coerce"), pd.to_numeric(joined["date"].replace("?", None), errors="coerce")
    late = (submitted - wanted).astype("Int64").astype("string")
    start = start_of(joined["code_presentation"])
    return joined.assign(enrolment=_enrolment(joined), submitted_on=_days(start, joined["date_submitted"]), days_late=late).replace("?", None)


def prepare_assessments(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """Due days become dates."""
    return frame.assign(course=_course(frame), due_on=_days(start_of(frame["code_presentation"]), frame["date"]))


def prepare_courses(frame: pd.DataFrame, file: Path, cfg: Config) -> pd.DataFrame:
    """First and last days of each presentation."""
    start = start_of(frame["code_presentation"])
    return frame.assign(starts_on=start.dt.strftime("%Y-%m-%d"), ends_on=_days(start, frame["module_presentation_length"]))


def _named(cfg: Config) -> dict[str, str]:
    """Presentation → train or test."""
    extra = cfg.extension.model_extra or {}
    train, test = listed(extra.get("train_presentations")), listed(extra.get("test_presentations"))
    if not train or not test or set(train) & set(test):
        raise SettingsError(
            "Name presentations to train on, and others to test on.",
            where="extension.train_presentations, extension.test_presentations",
            what_next="Set both lists: none may be empty, and no presentation may stand in both.",
        )
    return {**dict.fromkeys(train, "train"), **dict.fromkeys(test, "test")}


def _as_of(presentation: str, cfg: Config) -> date:
    day = int((cfg.extension.model_extra or {}).get("as_of_day", 60))
    return start_of(pd.Series([presentation]))[0].date() + timedelta(days=day)


def dates(store: TableSource, cfg: Config) -> tuple[date, ...]:
    """One as-of date for each named presentation."""
    held = set(store.table("presentations").presentation.execute())
    for name, part in _named(cfg).items():
        if name not in held:
            raise SettingsError.unknown_name("presentation", name, held, where=f"extension.{part}_presentations")
    return tuple(sorted({_as_of(name, cfg) for name in _named(cfg)}))


def cohort(past: Past, cfg: Config) -> Cohort:
    """Enrolments registered and not left by the date, of the presentations whose date it is."""
    moment = pd.Timestamp(past.as_of)
    named = {name: part for name, part in _named(cfg).items() if _as_of(name, cfg) == past.as_of}
    spells = past.frame("registrations")
    spells = spells[spells["presentation"].isin(named)]
    here = open_spells(spells, "registered_on", "left_on", moment)
    courses = past.frame("presentations").set_index(["module", "presentation"])["ends_on"]
    students = past.frame("enrolment_info").set_index("child_id")["student"]
    index = pd.DataFrame(
        {"child_id": here["child_id"].to_numpy(), "school_id": here["module"].to_numpy(), "presentation": here["presentation"].to_numpy()}
    )
    index = index.sort_values("child_id").assign(as_of=moment, hub_id="university", nc_year=None, age=np.nan)
    index["family_id"] = "S" + index["child_id"].map(students).astype(str)
    index["outcome_until"] = pd.to_datetime([courses[(m, p)] for m, p in zip(index["school_id"], index["presentation"], strict=True)])
    index["mature_on"] = index["outcome_until"]
    index["split"] = index["presentation"].map(named)
    index["contact_is_safe"] = True
    gone = spells[~spells["child_id"].isin(here["child_id"])]
    excluded = pd.DataFrame({"child_id": gone["child_id"].to_numpy(), "school_id": gone["module"].to_numpy()})
    excluded = excluded.assign(as_of=moment, family_id="", hub_id="university", reason="left or not registered by the date", audiences="all")
    if index.empty:
        raise InputDataError.empty_cohort(as_of=str(past.as_of), reasons="left or not registered by the date")
    return Cohort(index.set_index(row_keys(index["child_id"], index["as_of"])), excluded[list(EXCLUDED_COLUMNS)])


def outcomes(store: TableSource, people: People, index: pd.DataFrame, cfg: Config) -> pd.DataFrame:
    """Withdrawal between the date and the end of the presentation. A withdrawal without a date is unknown, not guessed."""
    later = Past(store, people, (index["outcome_until"].max() + pd.Timedelta(days=1)).date())
    spells = later.frame("registrations").set_index("child_id")
    left = pd.to_datetime(spells["left_on"]).reindex(index["child_id"]).to_numpy()
    result = later.frame("results").set_index("child_id")["result"].reindex(index["child_id"]).to_numpy()
    withdrew = (result == "Withdrawn") & (left >= index["as_of"].to_numpy())
    value = np.where(withdrew, 1.0, 0.0)
    value[(result == "Withdrawn") & pd.isna(left)] = np.nan
    value[pd.isna(result)] = np.nan
    return pd.DataFrame({"withdrew": value, "censored": False}, index=index.index)


def groups(past: Past, index: pd.DataFrame) -> pd.DataFrame:
    """Gender, disability, deprivation band and age band as published."""
    info = past.frame("enrolment_info").set_index("child_id").reindex(index["child_id"])
    frame = info[["gender", "disability", "imd_band", "age_band"]].set_axis(index.index).astype(object)
    return frame.where(frame.notna(), "not known").astype(str)


def link(store: TableSource, cfg: Config) -> People:
    """An enrolment is its own child; a student is a family."""
    rows = store.frame("enrolment_info")  # type: ignore[attr-defined]
    always = pd.Timestamp("1900-01-01")
    links = rows[["source", "source_person_id"]].assign(child_id=rows["source_person_id"], known_from=always, known_to=pd.NaT, trust=1.0)
    spells = pd.DataFrame({"child_id": rows["source_person_id"], "family_id": "S" + rows["student"].astype(str)})
    spells = spells.assign(from_on=always - pd.Timedelta(days=1), to_on=pd.NaT, known_from=always, known_to=pd.NaT, evidence="student id",
                           safe_contact=True, protected_address=False, no_joint_contact=False)  # fmt: skip
    return People(links.drop_duplicates(), spells.drop_duplicates(), key=cfg.project.key or store.key)  # type: ignore[attr-defined]


#: What the council's words are called here. Pages say an enrolment where a council's say a child, a student where they say a family.
WORDS = {
    "child": "enrolment",
    "a child": "an enrolment",
    "children": "enrolments",
    "children who": "enrolments that",
    "family": "student",
    "families": "students",
    "a family whose need was later recognised": "a student who later withdrew",
    "school": "module",
    "schools": "modules",
    "schools and hubs": "modules",
    "schools, hubs": "modules",
    "early-help lists": "lists",
    "girls of one ethnic group": "women of one age band",
    "a child not on this list": "a student not on this list",
    "later had a need recognised": "later withdrew",
    "whose need was later recognised": "who later withdrew",
    "need that nobody recorded is in no figure": "a withdrawal that nobody recorded is in no figure",
    "help is offered, never imposed, and a person decides each time": "these lists are for comparison, and nobody uses them",
    "in parts of the council": "in parts of the university",
    "how help is offered and recorded there": "how withdrawals come about and are recorded there",
    "needs seen": "withdrawals seen",
    "needs expected": "withdrawals expected",
    "a need behind them": "a withdrawal behind them",
    "a need is on record only where somebody looked": "a withdrawal is on record only where the university recorded it",
    "in which somebody": "who",
    "had somebody who": "had an enrolment that",
    "in need": "withdrawing",
    "with need": "with a withdrawal",
    "without need": "but stayed",
    "“without need” means": "“Listed but stayed” means",
    "some of these families may have had one that nobody wrote down": "one that nobody wrote down is not counted",
    "how often in need": "how often they withdrew",
    "no need was recorded": "no withdrawal was recorded",
    "is this need, recording": "is this withdrawal itself, recording",
    "need of this group": "rate of withdrawal in this group",
    "this group's need": "this group's rate of withdrawal",
    "more need and more recording": "more withdrawal and more recording",
    "most of the need": "most of those who withdraw",
}

EXTENSION = Extension(
    name="open university",
    tables=TABLES,
    features=FEATURES,
    themes=(Theme("study", "Study", "Keeping up with the work"),),
    prepare={
        "ou_registrations": prepare_registrations,
        "ou_enrolment": prepare_enrolment,
        "ou_results": prepare_results,
        "ou_submissions": prepare_submissions,
        "ou_assessments": prepare_assessments,
        "ou_courses": prepare_courses,
    },
    programme=Programme(
        name="withdrawal from a module",
        cohort=cohort,
        outcomes=outcomes,
        groups=groups,
        outcome="withdrew",
        audiences=("school_lead",),
        dates=dates,
        link=link,
        keys_only=True,
        words=WORDS,
    ),
    only_own_features=True,
    settings=("train_presentations", "test_presentations", "as_of_day"),
)
