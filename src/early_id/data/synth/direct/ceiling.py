"""The estimated ceiling: how well a score can do that knows the mechanism and sees 42 of the shipped features on one date.

What those features leave out of the extracts (marks day by day, the order of events, other dates) could add to it, so it is a lower bound of what the
extracts allow.

Outcomes follow signs along two ways: through need, and directly where a sign of the last weeks makes somebody call the front door.
Every sign follows need with a log-rate, a log-odds or a place in a distribution, so given the signs need is close to normal around a sum
of their sufficient statistics (the logarithm of a share, a count and whether there was any), with weights that depend on which of them are
known at all. That sum is fitted to true need, which a made-up council knows; what it misses of the expected need is fitted by boosted
trees, again to need, which tells far more than a rare outcome. The chance of an outcome is a smooth curve of expected need, plus the direct
ways: a logistic model with knots along expected need. Boosted trees fitted to outcomes alone stand beside it, to see that nothing beats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.data.synth.direct.draw import Drawn, matrix
from early_id.data.synth.direct.forms import curve_of, design, expit, least_squares, logistic, own_columns
from early_id.data.synth.naming import whole_number
from early_id.data.synth.scenarios.declare import parse
from early_id.stats import metrics

Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.float32]

#: Rows of one draw; of the rows fitted to, that are drawn again for the test; draws of the test, from which the intervals come.
BLOCK_ROWS, TEST_SHARE, TEST_DRAWS = 25_000, 0.25, 10
SMALLEST = 5_000
#: Rows from which the boosted trees can use all their rounds.
LARGE = 200_000
#: Shares of the cohort that a list can hold.
CAPACITIES = (0.05, 0.10)
#: Places of the knots, in quantiles of the fitted need.
KNOTS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995)
#: Features whose absence tells that a source says nothing of a child: no roll, no brothers and sisters, never assessed. Rows that make a fit of its own.
PATTERN, ENOUGH = ("absence_share_90d", "absence_share_365d", "sibling_suspensions_365d", "factors_count_730d"), 3_000
#: What the records of a child's own school show (sharing class SCHOOL of the catalogue).
SCHOOL_FEATURES = (
    "absence_share_90d", "absence_share_365d", "absence_change_90d", "unauthorised_share_90d", "unauthorised_share_365d", "illness_share_90d",
    "late_share_90d", "late_share_365d", "absence_longest_run_180d", "absence_days_6sw", "part_time_share_90d", "alternative_provision_share_90d",
    "suspensions_count_365d", "suspensions_count_90d", "suspended_sessions_365d", "days_since_suspension_ever", "suspended_for_violence_365d",
)  # fmt: skip
TRUE_FORM, TREES, NEED = "true form", "boosted trees (check)", "latent need (unattainable)"
ALL, SCHOOL = "all sources", "school records only"


@dataclass(frozen=True)
class OracleResult:
    """What the best possible scores reach.

    Attributes
    ----------
    rows : DataFrame
        One row for each pair of ``sources`` and ``score``: ``auc``, ``precision_at_5``, ``precision_at_10`` (share of those listed whose
        need was recognised), ``calibration_slope``, ``observed_expected``, ``brier``, each with ``_low`` and ``_high``: the mean over test
        draws of other families, and 1.96 standard errors to either side.
    fitted, tested : int
        Rows.
    base_rate : float
        Share of rows whose need was recognised.
    scenarios : mapping
    """

    rows: pd.DataFrame
    fitted: int
    tested: int
    base_rate: float
    scenarios: Mapping[str, float]

    def frame(self) -> pd.DataFrame:
        """The rows."""
        return self.rows

    def to_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "fitted": self.fitted,
            "tested": self.tested,
            "base_rate": round(self.base_rate, 5),
            "scenarios": dict(self.scenarios),
            "scores": self.rows.round(5).to_dict("records"),
        }

    def __str__(self) -> str:
        lines = [
            "Estimated ceiling for the shipped features on one date: a lower bound of what the extracts allow.",
            f"Fitted to {self.fitted:,} rows, tested on {self.tested:,} of other families; need recognised in {self.base_rate:.1%}.",
            "",
        ]
        head = f"{'sources':<20} {'score':<27} {'AUC':<22} {'precision, top 5 %':<22} {'top 10 %':<22} {'slope':<7} {'obs/exp':<8}"
        lines += [head, "-" * len(head)]
        for row in self.rows.to_dict("records"):
            cells = [f"{row[n]:.3f} ({row[f'{n}_low']:.3f}-{row[f'{n}_high']:.3f})" for n in ("auc", "precision_at_5", "precision_at_10")]
            lines.append(
                f"{row['sources']:<20} {row['score']:<27} {cells[0]:<22} {cells[1]:<22} {cells[2]:<22} "
                f"{row['calibration_slope']:<7.2f} {row['observed_expected']:<8.2f}"
            )
        return "\n".join(lines)


def oracle(children: int = 1_000_000, seed: int = 0, *, scenarios: Iterable[str] | Mapping[str, float] = (), check: bool = True) -> OracleResult:
    """Fit the true form to ``children`` rows of the council's mechanism and test it on others.

    Parameters
    ----------
    children : int
        Rows to fit to; a quarter as many are drawn again for the test.
    seed : int
    scenarios : iterable of str, or mapping
        As for ``make_council``.
    check : bool
        Fit boosted trees beside it.

    Returns
    -------
    OracleResult

    Raises
    ------
    SettingsError
        Too few rows, or an unknown scenario.
    """
    if not (whole_number(children, SMALLEST) and whole_number(seed, 0)):
        raise SettingsError(f"The ceiling needs {SMALLEST:,} children at least.", where="--children", what_next="Give a larger number.")
    sizes = [BLOCK_ROWS] * (children // BLOCK_ROWS) + ([children % BLOCK_ROWS] if children % BLOCK_ROWS >= 50 else [])
    tests = [max(500, int(children * TEST_SHARE / TEST_DRAWS))] * TEST_DRAWS
    with progress("Measuring the ceiling", total=len(sizes) + len(tests) + 4) as bar:
        fitted = _draw_all(sizes, seed * 100_003 + 1, scenarios, bar.advance)
        tested = [_Rows.of(matrix(n, seed * 100_003 + 50_001 + i, scenarios=scenarios)) for i, n in enumerate(tests)]
        bar.advance(len(tests), "test draws")
        found = []
        for sources in (ALL, SCHOOL):
            train, test = (fitted, tested) if sources == ALL else (fitted.school(), [rows.school() for rows in tested])
            scores = {TRUE_FORM: _true_form(train, test, seed), NEED: _by_need(train, test)}
            bar.advance(1, f"true form, {sources}")
            if check:
                scores[TREES] = _trees(train, test, seed)
            bar.advance(1, f"check, {sources}")
            found += [{"sources": sources, "score": name, **_figures(test, scores[name])} for name in (TRUE_FORM, TREES, NEED) if name in scores]
    return OracleResult(pd.DataFrame(found), len(fitted.y), sum(tests), float(fitted.y.mean()), dict(parse(scenarios)))


@dataclass(frozen=True)
class _Rows:
    """Plain columns, outcome and need."""

    X: Small
    names: tuple[str, ...]
    y: npt.NDArray[np.bool_]
    need: Small
    at_school: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, drawn: Drawn) -> _Rows:
        at_school = (drawn.index["school"].to_numpy() >= 0) & ~drawn.index["household_open"].to_numpy()
        return cls(drawn.X.to_numpy(dtype=np.float32), tuple(drawn.X.columns), drawn.y > 0, drawn.need.astype(np.float32), at_school)

    def school(self) -> _Rows:
        """The children and the columns of school lists."""
        rows, columns = self.at_school, [self.names.index(name) for name in SCHOOL_FEATURES]
        return _Rows(self.X[rows][:, columns], SCHOOL_FEATURES, self.y[rows], self.need[rows], rows[rows])


def _draw_all(sizes: list[int], first_seed: int, scenarios: Iterable[str] | Mapping[str, float], advance: Callable[[int, str], None]) -> _Rows:
    parts = []
    for number, size in enumerate(sizes):
        parts.append(_Rows.of(matrix(size, first_seed + number, scenarios=scenarios)))
        advance(1, "draws")
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in ("X", "y", "need", "at_school"))
    X, y, need, at_school = joined
    return _Rows(X, parts[0].names, y, need, at_school)


def _true_form(train: _Rows, test: list[_Rows], seed: int) -> list[Floats]:
    """Chances of the test rows by the true form."""
    marked = np.asarray(np.isnan(train.X).any(axis=0), dtype=bool)
    Z = design(train.X, train.names, marked)
    columns = own_columns(Z[:50_000])
    Z = Z[:, columns]
    expected = _expected_need(train, Z, seed)
    level = expected(train, Z)
    knots = np.quantile(level, KNOTS)

    def whole(z: Small, need: Floats) -> Small:
        return np.concatenate([z, need[:, None].astype(np.float32), curve_of(need, knots)], axis=1)

    fit = logistic(whole(Z, level), train.y)
    out = []
    for rows in test:
        z = design(rows.X, rows.names, marked)[:, columns]
        out.append(expit(whole(z, expected(rows, z)) @ fit))
    return out


def _expected_need(train: _Rows, Z: Small, seed: int) -> Callable[[_Rows, Small], Floats]:
    """A function of rows and their design: need to be expected from the signs."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    pattern = _pattern(train)
    everybody = least_squares(Z, train.need)
    weights = {
        number: least_squares(Z[pattern == number], train.need[pattern == number]) for number in np.flatnonzero(np.bincount(pattern) >= ENOUGH)
    }

    def linear(rows: _Rows, z: Small) -> Floats:
        here = _pattern(rows)
        sums = z @ everybody
        for number, own in weights.items():
            sums[here == number] = z[here == number] @ own
        return np.asarray(sums, dtype=np.float64)

    def columns(rows: _Rows, sums: Floats) -> Small:
        return np.concatenate([rows.X, sums[:, None].astype(np.float32)], axis=1)

    first = linear(train, Z)
    rest = HistGradientBoostingRegressor(
        learning_rate=0.08,
        max_iter=200 if len(train.y) >= LARGE else 40,
        max_leaf_nodes=24,
        min_samples_leaf=200,
        random_state=seed,
        early_stopping=False,
    )
    rest.fit(columns(train, first), train.need - first)

    def expected(rows: _Rows, z: Small) -> Floats:
        sums = linear(rows, z)
        return np.asarray(sums + rest.predict(columns(rows, sums)), dtype=np.float64)

    return expected


def _pattern(rows: _Rows) -> npt.NDArray[np.int64]:
    """Which of the main sources say anything of each row, as a number."""
    marks = [np.isnan(rows.X[:, rows.names.index(name)]) for name in PATTERN if name in rows.names]
    return np.asarray(sum((mark.astype(np.int64) << place for place, mark in enumerate(marks)), np.zeros(len(rows.X), dtype=np.int64)))


def _by_need(train: _Rows, test: list[_Rows]) -> list[Floats]:
    """Chances by true need alone, a smooth rising curve."""
    knots = np.quantile(train.need.astype(np.float64), KNOTS)

    def columns(need: Small) -> Small:
        return np.concatenate([np.ones((len(need), 1)), need[:, None], curve_of(need.astype(float), knots)], axis=1).astype(np.float32)

    fit = logistic(columns(train.need), train.y)
    return [expit(columns(rows.need) @ fit) for rows in test]


def _trees(train: _Rows, test: list[_Rows], seed: int) -> list[Floats]:
    """Chances by boosted trees on the plain columns: a learner that knows nothing of the form."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=250 if len(train.y) >= LARGE else 80,
        max_leaf_nodes=24,
        min_samples_leaf=200,
        l2_regularization=5.0,
        random_state=seed,
        early_stopping=False,
    )
    model.fit(train.X, train.y)
    return [np.asarray(model.predict_proba(rows.X)[:, 1], dtype=np.float64) for rows in test]


def _figures(test: list[_Rows], chances: list[Floats]) -> dict[str, float]:
    """Mean over the test draws, with 1.96 standard errors to either side."""
    measured = pd.DataFrame([_measure(rows.y, chance) for rows, chance in zip(test, chances, strict=True)])
    out: dict[str, float] = {}
    for name in measured:
        mean, error = float(measured[name].mean()), float(measured[name].std(ddof=1) / np.sqrt(len(measured)))
        out |= {str(name): mean, f"{name}_low": mean - 1.96 * error, f"{name}_high": mean + 1.96 * error}
    return out


def _measure(y: npt.NDArray[np.bool_], chance: Floats) -> dict[str, float]:
    order = np.argsort(-chance, kind="stable")
    found = {"auc": metrics.auc(y, chance)}
    for capacity in CAPACITIES:
        found[f"precision_at_{round(100 * capacity)}"] = float(y[order[: max(1, round(capacity * len(y)))]].mean())
    logit = np.log(np.clip(chance, 1e-6, 1 - 1e-6) / (1 - np.clip(chance, 1e-6, 1 - 1e-6)))
    found["calibration_slope"] = float(logistic(np.stack([np.ones(len(y)), logit], axis=1).astype(np.float32), y, ridge=0.0)[1])
    found["observed_expected"] = float(y.mean() / chance.mean())
    found["brier"] = float(np.mean((y - chance) ** 2))
    return found
