"""The made-up council against the published tables, and the planted link from need to signs to outcomes.

Tolerances: a council of 3,000 has about 1,900 pupils in the year looked at, so a persistent absence of 18.7 % has a standard
error of 0.9 points from pupils alone, more because families share need; bounds are about three standard errors.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from early_id.data.synth import CouncilSummary, make_council
from early_id.data.synth.rates import BAND_EDGES, bend, code_shares, draw_absence, read_table, rescaling
from early_id.schema.codes import code_list


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    return make_council(3000, 11, tmp_path_factory.mktemp("calibration") / "council")


@pytest.fixture(scope="module")
def marks(made: CouncilSummary) -> pd.DataFrame:
    """Settled marks of 2024/25: sessions by pupil, phase and code."""
    root = made.folder / "extracts"
    schools = pd.read_excel(root / "education" / "schools.xlsx", dtype=str)[["SchoolID", "Phase"]]
    connection = duckdb.connect()
    connection.register("schools", schools)
    pattern, texts = root / "attendance" / "marks_2024_25.parquet", root / "attendance" / "marks_*.csv"
    return connection.execute(
        f"""
        WITH marked AS (
            SELECT PupilID, SchoolID, Date, Session, Code, RecordedOn FROM read_parquet('{pattern}')
            UNION ALL
            SELECT PupilID, SchoolID, try_strptime(Date, '%d/%m/%Y')::DATE, Session, Code,
                   strptime(RecordedOn, '%d/%m/%Y')::DATE
            FROM read_csv('{texts}', all_varchar=true, delim=',', quote='"', escape='"')
        ), settled AS (
            SELECT * FROM marked WHERE Date >= DATE '2024-09-01' AND Date < DATE '2025-09-01'
            QUALIFY row_number() OVER (PARTITION BY PupilID, Date, Session ORDER BY RecordedOn DESC) = 1
        )
        SELECT PupilID, Phase, Code, count(*) AS n FROM settled JOIN schools USING (SchoolID) GROUP BY ALL
        """
    ).df()


@pytest.fixture(scope="module")
def pupils(marks: pd.DataFrame) -> pd.DataFrame:
    """Possible and absent sessions of each pupil and phase, 2024/25."""
    codes = code_list("attendance")
    marks = marks.assign(
        possible=marks["n"].where(marks["Code"].isin(codes.having(flag="possible")), 0),
        absent=marks["n"].where(marks["Code"].isin(codes.having(flag="absent")), 0),
        late=marks["n"].where(marks["Code"] == "L", 0),
    )
    table = marks.groupby(["PupilID", "Phase"], as_index=False)[["possible", "absent", "late"]].sum()
    table = table[table["possible"] >= 60]
    return table.assign(share=table["absent"] / table["possible"])


def _needs(made: CouncilSummary, source: str) -> pd.Series:
    """Mean need of each child, by the id of a source."""
    truth = made.folder / "truth"
    need = pd.read_parquet(truth / "need.parquet").groupby("child")["need"].mean()
    links = pd.read_csv(truth / "links.csv", dtype=str, keep_default_na=False)
    links = links[links[source] != ""]
    return pd.Series(need.reindex(links["child"]).to_numpy(), index=links[source])


@pytest.mark.parametrize(("phase", "overall", "persistent"), [("Primary", 5.25, 13.5), ("Secondary", 8.59, 24.32)])
def test_absence_by_phase_is_near_2024_25(pupils: pd.DataFrame, phase: str, overall: float, persistent: float) -> None:
    here = pupils[pupils["Phase"] == phase]
    assert 100 * here["absent"].sum() / here["possible"].sum() == pytest.approx(overall, abs=0.8)
    assert 100 * (here["share"] >= 0.1).mean() == pytest.approx(persistent, abs=3.5)


def test_persistent_and_severe_absence_of_all(pupils: pd.DataFrame) -> None:
    assert 100 * (pupils["share"] >= 0.1).mean() == pytest.approx(18.7, abs=3.0)
    assert 0.4 < 100 * (pupils["share"] >= 0.5).mean() < 2.8


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_rescaling_meets_both_published_figures_on_the_tables_own_mix(phase: int) -> None:
    from early_id.data.synth.rates import OVERALL, PERSISTENT, PHASES, absence_bands

    _, totals = absence_bands()
    cells = np.flatnonzero(totals[phase * 88 : (phase + 1) * 88]) + phase * 88
    ranks = (np.arange(400) + 0.5) / 400
    shares = np.concatenate([draw_absence(np.full(400, cell), ranks) for cell in cells])
    after = bend(shares, *rescaling(phase, totals))
    weights = np.repeat(totals[cells], 400)
    assert 100 * np.average(after, weights=weights) == pytest.approx(OVERALL[PHASES[phase]], abs=0.1)
    assert 100 * np.average(after >= 0.1, weights=weights) == pytest.approx(PERSISTENT[PHASES[phase]], abs=0.3)


def test_draws_return_the_published_bands() -> None:
    table = read_table("absence_bands_2022_23.csv")
    row = table[(table["phase"] == "State-funded primary") & (table["nc_year"] == 4) & (table["sex"] == "Male")]
    row = row[(row["fsm_eligible"] == "Eligible") & row["sen_status"].str.startswith("No")].iloc[0]
    from early_id.data.synth.rates import cell_number

    cell = cell_number(*(np.array([value]) for value in (0.0, 1.0, 0.0, 1.0, 4.0)))[0]
    ranks = (np.arange(20000) + 0.5) / 20000
    shares = np.histogram(draw_absence(np.full(20000, cell), ranks), bins=BAND_EDGES)[0] / 20000
    assert shares == pytest.approx(row.filter(regex="^band_").to_numpy(dtype=float) / row["enrolments"], abs=0.001)


def test_code_mix_is_near_the_published(marks: pd.DataFrame) -> None:
    possible = code_list("attendance").having(flag="possible")
    for number, phase in enumerate(("Primary", "Secondary")):
        here = marks[(marks["Phase"] == phase) & marks["Code"].isin(possible)]
        mix = 100 * here.groupby("Code")["n"].sum() / here["n"].sum()
        published = code_shares(number)
        for code, room in (
            ("/", 1.5),
            ("\\", 1.5),
            ("I", 0.7),
            ("O", 0.7),
            ("L", 0.7),
            ("G", 0.25),
            ("C", 0.25),
            ("M", 0.15),
            ("V", 0.4),
        ):
            assert mix[code] == pytest.approx(published[code], abs=room), (phase, code)


def test_suspensions_are_at_the_level_of_2023_24(made: CouncilSummary) -> None:
    root = made.folder / "extracts" / "education"
    events = pd.read_excel(root / "suspensions.xlsx", dtype=str, keep_default_na=False)
    rolls = pd.read_csv(root / "enrolments.csv", dtype=str, keep_default_na=False)
    years = rolls["Start"].str[-4:].astype(int) - (rolls["Start"].str[3:5].astype(int) < 9)
    pupils = sum(rolls.loc[years == year, "PupilID"].nunique() for year in range(2021, 2025))
    day = pd.to_datetime(events["StartDate"], format="%d/%m/%Y", errors="coerce")
    rate = 100 * ((events["Category"] == "SUSP") & (day < "2025-09-01")).sum() / pupils
    assert rate == pytest.approx(11.31, abs=2.5)
    one_day = (events.loc[events["Category"] == "SUSP", "Sessions"].astype(int) <= 2).mean()
    assert one_day == pytest.approx(0.46, abs=0.06)  # SFR35: 46 % last one day


def test_open_statuses_are_near_the_published_stocks(made: CouncilSummary) -> None:
    root = made.folder / "extracts" / "socialcare"
    status = pd.read_csv(root / "statutory.csv", dtype=str, keep_default_na=False)
    helped = pd.read_csv(root / "early_help.csv", dtype=str, keep_default_na=False)
    day = "2025-03-31"
    is_open = (status["StartOn"] <= day) & ((status["EndOn"] == "") | (status["EndOn"] > day)) & (status["Status"] != "CARE_LEAVER")
    children = 0.86 * made.children  # those under 18 and living in the area
    assert 1.3 < 100 * status.loc[is_open, "PersonID"].nunique() / children < 5.0
    start, end = (pd.to_datetime(helped[c], format="%d/%m/%Y", errors="coerce") for c in ("StartOn", "EndOn"))
    open_help = (start <= day) & ~(end <= day)
    assert 1.5 < 100 * open_help.sum() / children < 5.0
    assert (helped["Response"] == "accepted").mean() == pytest.approx(0.60, abs=0.07)


def test_need_drives_every_sign(made: CouncilSummary, pupils: pd.DataFrame) -> None:
    root = made.folder / "extracts"
    education = _needs(made, "education")
    by_pupil = pupils.groupby("PupilID")[["share", "late"]].mean().join(education.rename("need"), how="inner")
    assert by_pupil["share"].corr(by_pupil["need"], method="spearman") > 0.25
    assert by_pupil["late"].corr(by_pupil["need"], method="spearman") > 0.2

    everyone = float(pd.read_parquet(made.folder / "truth" / "need.parquet").groupby("child")["need"].mean().mean())

    def lift(table: pd.DataFrame, column: str, source: str) -> float:
        """Mean need of the children in a table, over that of all children."""
        need = _needs(made, source)
        return float(need[need.index.isin(table[column])].mean()) - everyone

    notices = pd.read_parquet(root / "police" / "notifications.parquet")
    for path, column, source in (
        ("education/suspensions.xlsx", "PupilID", "education"),
        ("police/missing.csv", "PersonID", "police"),
        ("housing/indicators.csv", "PersonID", "housing"),
        ("socialcare/contacts.csv", "PersonID", "social_care"),
        ("socialcare/factors.csv", "PersonID", "social_care"),
        ("socialcare/early_help.csv", "PersonID", "social_care"),
    ):
        file = root / path
        table = pd.read_csv(file, dtype=str) if file.suffix == ".csv" else pd.read_excel(file, dtype=str)
        assert lift(table, column, source) > 0.2, path
    assert lift(notices, "PersonID", "police") > 0.3


def test_need_moves_and_siblings_share_it(made: CouncilSummary) -> None:
    truth = Path(made.folder / "truth")
    need = pd.read_parquet(truth / "need.parquet").pivot(index="child", columns="day", values="need_within_group")
    steps = [need.iloc[:, i].corr(need.iloc[:, i + 1]) for i in range(need.shape[1] - 1)]
    assert 0.8 < float(np.mean(steps)) < 0.95
    family = pd.read_csv(truth / "links.csv", dtype=str).set_index("child")["family"]
    first = need.iloc[:, 0]
    between = first.groupby(family).transform("mean")
    sizes = first.groupby(family).transform("size")
    assert first[sizes > 1].corr(between[sizes > 1]) > 0.75


def test_signs_come_before_recognised_need(made: CouncilSummary, pupils: pd.DataFrame) -> None:
    """Absence in 2024/25 up to July tells who is offered help after it: the area under the curve is clearly above one half."""
    root = made.folder / "extracts" / "socialcare"
    links = pd.read_csv(made.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)
    helped = pd.read_csv(root / "early_help.csv", dtype=str, keep_default_na=False)
    on = pd.to_datetime(helped["OfferedOn"], format="%d/%m/%Y", errors="coerce")
    later = set(helped.loc[on >= "2025-03-17", "PersonID"]) - set(helped.loc[on < "2025-03-17", "PersonID"])
    children = links[links["education"] != ""].assign(later=links["social_care"].isin(later))
    table = pupils.groupby("PupilID")["share"].mean().to_frame().join(children.set_index("education")["later"], how="inner")
    rank = table["share"].rank()
    n1 = int(table["later"].sum())
    area = (rank[table["later"]].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(table) - n1))
    assert n1 > 40
    assert 0.58 < area < 0.85
