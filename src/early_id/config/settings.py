"""Settings: frozen, typed, with unknown keys refused. Settings choose; they never contain logic or SQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from early_id.config.auditing import AuditSettings as AuditSettings
from early_id.config.balance import REASON, is_balancing
from early_id.config.base import Frozen as Frozen
from early_id.config.engine import EngineSettings as EngineSettings
from early_id.config.governing import AcceptanceSettings as AcceptanceSettings
from early_id.config.governing import ThresholdSettings
from early_id.config.learning import FeedbackStep, FollowUpSettings, RandomReadingSettings, RetentionSettings
from early_id.config.linkage import LinkageSettings as LinkageSettings
from early_id.config.regimes import SHIPPED, FamilyHelpSettings, Regime
from early_id.core.types import Audience, SharingClass


class Project(Frozen):
    """Whose data these are."""

    name: str = "A council"
    made_up: bool = False
    public_data: bool = False
    key: str | None = None  #: secret under which ids are made; the store makes one where none is given
    contact: str = "your early-help team"
    data_protection_contact: str = ""
    lawful_basis: str = ""  #: for the notices: the law that allows it, as the data protection officer has settled it


class Database(Frozen):
    """A table or a query of a database. Who signs in stands in the environment, or is whoever is signed in to the machine; never here."""

    uri: str  #: ``postgresql://server:5432/database`` or ``mssql://server/database?driver=…``, without user or password
    table: str | None = None  #: ``schema.table``
    query: Path | None = None  #: a file of SQL, relative to the settings
    user_from: str | None = None  #: names of environment variables
    password_from: str | None = None
    rows_at_a_time: int = Field(50_000, ge=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either 'table' or 'query' (a file of SQL)")
        return self

    @field_validator("uri")
    @classmethod
    def _no_secret(cls, value: str) -> str:
        if "@" in value or "password" in value.lower() or "pwd=" in value.lower():
            raise ValueError("user and password do not belong in settings: name environment variables under 'user_from' and 'password_from'")
        return value


class Source(Frozen):
    """One feed: which files, in which shape, from whom."""

    name: str
    shape: str | None = None  #: told by the columns of each file where nothing is named
    files: str | None = None  #: a pattern, a folder or an archive in the folder of extracts
    database: Database | None = None
    required: bool = True
    received: date | None = None
    snapshot: bool = False
    covers_from: date | None = None
    #: whose rows it sends: of ``all`` schools, of those that have ``sent`` some, or of the schools named; empty: as its files show
    schools: Literal["all", "sent"] | tuple[str, ...] | None = None
    #: what it was called before, so that who was erased under an earlier name stays erased; an empty list: it is a source of its own
    formerly: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _files_or_database(self) -> Self:
        if (self.files is None) == (self.database is None):
            raise ValueError(f"the source '{self.name}' has to name either 'files' or 'database'")
        if self.database is not None and self.shape is None:
            raise ValueError(f"the source '{self.name}' has to name a shape: a table of a database is not recognised by itself")
        return self


class AsOf(Frozen):
    """The dates at which the past is frozen: training and test dates, and the date of the lists."""

    screening: date | None = None
    dates: tuple[date, ...] = ()


class CohortSettings(Frozen):
    """Who can be on a list."""

    youngest: int = 4
    oldest: int = 17
    contact_pending_days: int = 28

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.youngest <= self.oldest:
            raise ValueError(f"the youngest age ({self.youngest}) must not be above the oldest ({self.oldest})")
        return self


class OutcomeSettings(Frozen):
    """What counts as 'need recognised', and when it is known."""

    main: str | None = None  #: a component of the programme's outcome; its own main outcome where nothing is named
    horizon_days: int = Field(180, gt=0)
    recording_lag_days: int = Field(30, ge=0)


class FeatureSettings(Frozen):
    """Choices that the declarations leave open."""

    settling_days: int = Field(7, ge=0, description="marks N and - this close to the as-of date are not settled")
    covered_within_days: int = Field(62, ge=0, description="a source may be this stale and still count as covering")
    use: tuple[str, ...] = ()


#: A points tool as councils write them: so many points from this value of a feature on. Unconfirmed by any study; it is there to be beaten.
POINTS_TOOL: tuple[tuple[str, float, float], ...] = (
    ("absence_share_365d", 0.1, 1),
    ("absence_share_365d", 0.2, 1),
    ("absence_share_365d", 0.5, 1),
    ("suspensions_count_365d", 1, 1),
    ("suspensions_count_365d", 3, 1),
    ("part_time_share_90d", 0.01, 1),
    ("missing_count_365d", 1, 2),
    ("domestic_abuse_notices_365d", 1, 2),
    ("youth_justice_365d", 1, 2),
    ("factors_count_730d", 1, 1),
    ("rent_arrears_365d", 1, 1),
)


class TrainingSettings(Frozen):
    """How models are trained and compared."""

    outcome: str | None = None  #: the matrix's main outcome where nothing is named
    families_folds: int = Field(5, ge=2)
    split: Literal["temporal", "named", "random"] = "temporal"  #: random: for comparison with published work only, labelled optimistic
    put_forward: str = "additive"
    models: tuple[str, ...] = ("logistic", "additive")
    baselines: tuple[str, ...] = ("absence", "indicators", "points", "age")
    baseline_features: dict[str, str] = Field(default_factory=lambda: {"absence": "absence_share_365d"})
    points_tool: tuple[tuple[str, float, float], ...] = POINTS_TOOL  #: feature, value it has to reach, points
    comparators: tuple[str, ...] = ("last_list", "area_only", "at_random")  #: shown beside the rules; the bar is not about them
    challenger: bool = False  #: also fit a black box, to see what interpretability costs
    capacity_share: float | None = Field(None, gt=0, le=1)
    resamples: int = Field(400, ge=50)
    seed: int = 20240819
    tracking: bool = True
    tracking_uri: str | None = None
    calibration: Literal["sigmoid", "beta", "isotonic"] = "sigmoid"  #: isotonic only above 4,000 outcomes
    #: probabilities from which a conversation is worth its cost, as the board states them; for net benefit only
    benefit_thresholds: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.05, 0.1, 0.2)
    labels: bool = True  #: also fit the model put forward to each other label that is held, for figures only, to see how far their lists agree
    sharing_cost: bool = True  #: also fit the model put forward on every class of record, for figures only, to see what an audience's rule costs
    refits: int = Field(50, ge=10)  #: refits on families drawn anew, where the bar's answer hangs on how steady the list is
    refits_to_show: int = Field(50, ge=0)  #: refits everywhere else, to show how steady the list is; fewer are quicker and rough, 0: none
    regimes: tuple[Regime, ...] = SHIPPED  #: declared breaks; training across an undeclared one is refused
    break_alpha: float = Field(0.01, gt=0, lt=0.5)  #: chance of refusing a council in which nothing changed

    @model_validator(mode="before")
    @classmethod
    def _no_balancing(cls, values: Any) -> Any:
        if isinstance(values, dict) and (named := [key for key in values if isinstance(key, str) and is_balancing(key)]):
            raise ValueError(f"'{named[0]}' is not offered. {REASON}")
        return values


class Capacity(Frozen):
    """How many families a recipient can talk to in one period. Never more are listed."""

    per_school: int = Field(5, ge=1)
    per_hub: int = Field(15, ge=1)
    schools: dict[str, int] = Field(default_factory=dict)
    hubs: dict[str, int] = Field(default_factory=dict)


class ScreeningSettings(Frozen):
    """How lists are made."""

    expires_after_days: int = Field(42, gt=0)
    cool_off_days: int = Field(90, ge=0)  #: for so long after it stood on a list a family stands on no other, whatever it answered
    marks_late_after_days: int = Field(21, ge=1)  #: a school whose marks end so long before those of other schools gets no list
    carry_over_days: int = Field(42, ge=0)  #: for so long a line without an answer stays on its list, where the workbook came back


class ScheduleSettings(Frozen):
    """When lists are due, for ``early-id run --due``: on the dates named, and every so many days from a first one."""

    first: date | None = None
    every_days: int = Field(28, ge=7)
    dates: tuple[date, ...] = ()


class UrgentSettings(Frozen):
    """The closed list of urgent signs, checked at ingest (design: never a list, always a person)."""

    duty_officer: str = "the duty officer of children's social care"
    factors_within_days: int = 90
    open_missing_episode: bool = True
    missing_within_days: int = 90  #: an episode left open for longer is an old entry that nobody closed
    section_47_contact_awaiting_outcome: bool = True


class CheckSettings(Frozen):
    """How much may be wrong with a file before it is refused as a whole."""

    unreadable_dates: float = Field(0.2, ge=0, le=1)  #: share of a file's rows that may have dates which cannot be read


class ExtensionSettings(BaseModel):
    """Settings of a council's own module; it reads and checks them itself."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Config(Frozen):
    """Everything a run needs. ``eid.load_config(path)`` makes one; ``--set a.b=value`` overrides any part."""

    project: Project = Project()
    data: Path = Path("extracts")
    out: Path = Path("out")
    shared_with_group: bool = False  #: whether the group of the folder's owner may read and write what is made, for analysts who share it
    store: Path | None = None
    sources: tuple[Source, ...] = ()
    shapes: tuple[Path, ...] = ()
    extensions: tuple[Path, ...] = ()
    extension: ExtensionSettings = ExtensionSettings()
    engine: EngineSettings = EngineSettings()
    as_of: AsOf = AsOf()
    linkage: LinkageSettings = LinkageSettings()
    cohort: CohortSettings = CohortSettings()
    outcome: OutcomeSettings = OutcomeSettings()
    features: FeatureSettings = FeatureSettings()
    training: TrainingSettings = TrainingSettings()
    #: the bar, or the name of its file; without one no test results are shown
    acceptance: AcceptanceSettings | None = None
    thresholds: ThresholdSettings = ThresholdSettings()
    audit: AuditSettings = AuditSettings()
    capacity: Capacity = Capacity()
    screening: ScreeningSettings = ScreeningSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    sharing: dict[Audience, tuple[SharingClass, ...]] = Field(default_factory=dict)
    urgent: UrgentSettings = UrgentSettings()
    checks: CheckSettings = CheckSettings()
    follow_up: FollowUpSettings = FollowUpSettings()
    retention: RetentionSettings = RetentionSettings()
    random_reading: RandomReadingSettings = RandomReadingSettings()
    #: audience → steps that its readers are told of their own families; where nothing is said: all of them for who may see social care, else none.
    #: It may stand in sharing.yaml under 'feedback'.
    feedback: dict[Audience, tuple[FeedbackStep, ...]] = Field(default_factory=dict)
    offer: dict[str, list[dict[str, str]]] = Field(default_factory=dict)
    #: ``demonstration``, or audience → registered model that was approved, such as ``additive_hub_lead/2``
    approval: str | dict[Audience, str] | None = None
    models: Path = Path("models")  #: folder of registered models
    family_help: FamilyHelpSettings = FamilyHelpSettings()
    base: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _primary_of_the_bar(self) -> Config:
        """What the bar names is what the audit gives a verdict on; two lists that differ would let results choose between them."""
        named = self.acceptance.fairness.primary if self.acceptance else ()
        if self.acceptance and any(bar.fairness and bar.fairness.primary for bar in self.acceptance.audiences.values()):
            raise ValueError("fairness.primary holds for every list; name it once, outside of audiences")
        if named and "primary" in self.audit.model_fields_set and self.audit.primary != named:
            raise ValueError("audit.primary names other measures than fairness.primary of the acceptance file; keep them in the file alone")
        if named:
            object.__setattr__(self, "audit", self.audit.model_copy(update={"primary": named}))
        return self

    @model_validator(mode="before")
    @classmethod
    def _feedback_of_sharing(cls, values: Any) -> Any:
        sharing = values.get("sharing") if isinstance(values, dict) else None
        if not isinstance(sharing, dict) or "feedback" not in sharing:
            return values
        classes = {name: held for name, held in sharing.items() if name != "feedback"}
        return {"feedback": sharing["feedback"] or {}, **values, "sharing": classes}

    @field_validator("sharing")
    @classmethod
    def _school_sees_school(cls, value: dict[Audience, tuple[SharingClass, ...]]) -> dict[Audience, tuple[SharingClass, ...]]:
        wider = set(value.get(Audience.SCHOOL_LEAD, ())) - {SharingClass.SCHOOL}
        if wider:
            names = ", ".join(sorted(wider))
            raise ValueError(f"a school list is made from the school's own records only; remove {names} from school_lead")
        return value

    @property
    def as_of_dates(self) -> tuple[date, ...]:
        """All as-of dates, that of the lists included, in order."""
        return tuple(sorted({*self.as_of.dates, *([self.as_of.screening] if self.as_of.screening else [])}))

    def path(self, part: Path) -> Path:
        """``part`` relative to the settings file."""
        return part if part.is_absolute() else self.base / part

    @property
    def data_dir(self) -> Path:
        """Folder of the extracts."""
        return self.path(self.data)

    @property
    def out_dir(self) -> Path:
        """Folder for everything that is written."""
        return self.path(self.out)

    @property
    def store_dir(self) -> Path:
        """Folder of the checked store; inside ``out`` unless named."""
        return self.path(self.store) if self.store else self.out_dir / "store"

    @property
    def models_dir(self) -> Path:
        """Folder of registered models and of the records about them."""
        return self.path(self.models)
