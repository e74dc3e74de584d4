"""Measure again every figure that a README or a note quotes, and set what is said beside what was measured.

    python scripts/figures.py [--only ID …] [--to build]

It writes ``figures.md`` and ``figures.json``. Times are of the machine at hand, so they only have to be of the same order; other
figures have to agree within what their page rounds. Exit code 3 where one does not. Figures that a test or a benchmark prints or
asserts are named with the command that does it, and not run here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import measures as m

ROOT = Path(__file__).parents[1]
SOURCE = "src/early_id"

#: How far a measured number may lie from what is said, as a ratio either way: a rounded figure, and a time on another machine.
ROUNDED, TIMED = 1.15, 4.0


@dataclass(frozen=True)
class Figure:
    """One figure of one page.

    ``text`` is a pattern of the words on the page with a group for each number; ``measure`` gives the same numbers in the same order.
    A figure that a test asserts or prints has a ``command`` instead, which stands in the page.
    """

    id: str
    where: str
    text: str
    measure: Callable[[], m.Numbers] | None = None
    within: float = ROUNDED
    command: str = ""


FIGURES = (
    Figure("environment_size", "README.md", r"`\.venv` \(about ([\d.]+) GB\)", m.environment_size, within=1.4),
    Figure("resampling", f"{SOURCE}/stats/README.md", r"take about ([\d.]+) s together", m.resampling, TIMED),
    Figure("block_of_weights", f"{SOURCE}/stats/resample.py", r"in numbers: (\d+) MB", m.block_of_weights),
    Figure("interval_coverage", f"{SOURCE}/stats/intervals.py", r"as little as (\d+) % .* never under (\d+) %", m.interval_coverage, within=1.02),
    Figure("few_outcomes", f"{SOURCE}/models/train.py", r"5 outcomes in 300: it holds the truth in about (\d+) %", m.auc_interval_with_few_outcomes),
    Figure("chart", f"{SOURCE}/present/README.md", r"About (\d+) KB a chart; ([\d.]+) s", m.chart, TIMED),
    Figure("report_pages", f"{SOURCE}/report/README.md", r"Size: (\d+) KB restricted, (\d+) KB published .*?; ([\d.]+) s", m.report_pages, TIMED),
    Figure(
        "report_hidden",
        f"{SOURCE}/report/README.md",
        r"with (\d+) outcomes among ([\d,]+) children and (\d+) places, (\d+) of 100 gaps are `c`",
        m.report_hidden,
        within=1.05,
    ),
    Figure(
        "notice_grades",
        f"{SOURCE}/report/README.md",
        r"parents ([\d.]+) and ([\d.]+), young people ([\d.]+) and ([\d.]+)",
        m.notice_grades,
        within=1.05,
    ),
    Figure(
        "sentence_grades", f"{SOURCE}/explain/README.md", r"at grade ([\d.]+) \(ARI\) and ([\d.]+) \(Coleman–Liau\)", m.sentence_grades, within=1.05
    ),
    Figure("explaining", f"{SOURCE}/explain/README.md", r"([\d,]+) children with (\d+) features, .* about (\d+) s", m.explaining, TIMED),
    Figure("sheet_size", f"{SOURCE}/screening/page.py", r"a sheet takes about (\d+) KB", m.sheet_size, within=1.5),
    Figure("tables_and_trees", f"{SOURCE}/models/README.md", r"tables equal the trees to 1e(-\d+)", m.tables_and_trees, within=1.08),
    Figure("terms_without_effect", f"{SOURCE}/models/README.md", r"up to ([\d.]+) log-odds .*? rows, ([\d.]+) at 180", m.terms_without_effect),
    Figure(
        "below_the_oracle", f"{SOURCE}/models/README.md", r"AUC is ([\d.]+) under the oracle's, the logistic model's ([\d.]+)", m.below_the_oracle
    ),
    Figure(
        "null_trials",
        f"{SOURCE}/models/README.md",
        r"On (\d+) null matrices of (\d+) children, logistic put forward: (\d+) ready; .* cleared 0 in (\d+) to (\d+) %",
        m.null_trials,
    ),
    Figure(
        "tracking",
        f"{SOURCE}/models/README.md",
        r"First trial of a process about (\d+) s of tracking, later ones about ([\d.]+) s",
        m.tracking,
        TIMED,
    ),
    Figure(
        "breaks",
        f"{SOURCE}/models/README.md",
        r"Of (\d+) drawn councils of ([\d,]+) children (\d+) were refused where nothing changed, and (\d+) with the scenario",
        m.breaks,
    ),
    Figure("audit_time", f"{SOURCE}/audit/README.md", r"([\d,]+) children by eight characteristics in about (\d+) s", m.audit_time, TIMED),
    Figure(
        "models_speed",
        f"{SOURCE}/models/README.md",
        r"The additive model took ([\d.]+) GB at most at ([\d,]+) rows",
        command="pytest tests/benchmarks/test_models_speed.py",
    ),
    Figure(
        "sources_speed_large",
        f"{SOURCE}/data/sources/README.md",
        r"([\d,]+) marks of (\d+) files, ours ([\d.]+) s and (\d+) MB, pandas ([\d.]+) s and (\d+) MB",
        command="pytest tests/benchmarks/test_sources_speed.py",
    ),
    Figure(
        "lists_speed",
        f"{SOURCE}/screening/README.md",
        r"5,000 sheets in (\d+) s; lists of 300 schools and 20 hubs from 100,000 children in (\d+) s with ([\d.]+) GB",
        command="pytest -s tests/benchmarks/test_lists_speed.py",
    ),
    Figure(
        "sources_speed",
        f"{SOURCE}/data/sources/README.md",
        r"([\d,]+) marks in (\d+) files: ours ([\d.]+) s and (\d+) MB, pandas ([\d.]+) s and (\d+) MB, pandera on pandas ([\d.]+) s and (\d+) MB",
        command="pytest tests/benchmarks/test_sources_speed.py",
    ),
    Figure(
        "share_intervals",
        f"{SOURCE}/stats/README.md",
        r"never under (\d+) % in ([\d,]+) runs a cell; .*? under (\d+) %",
        command="pytest tests/recovery/test_stats_coverage.py",
    ),
    Figure(
        "linkage_speed",
        f"{SOURCE}/linkage/README.md",
        r"100,000 children in the lists of five agencies, .*?: (\d+) s and ([\d.]+) GB",
        command="pytest tests/benchmarks/test_linkage_speed.py",
    ),
    Figure(
        "audit_evidence",
        f"{SOURCE}/audit/README.md",
        r"any alarm in (\d+) / (\d+) / (\d+) of ([\d,]+) audits",
        command="EARLY_ID_RUN_FACTOR=10 pytest -s tests/recovery/test_audit_evidence.py",
    ),
    Figure(
        "effective_sizes",
        f"{SOURCE}/audit/README.md",
        r"truth in ([\d.]+) % of ([\d,]+) runs at (\d+) children and a rate of ([\d.]+), and in ([\d.]+) % at (\d+) and ([\d.]+), .* it is ([\d.]+) % in both",
        command="pytest -s tests/recovery/test_stats_coverage.py",
    ),
    Figure(
        "audit_speed",
        f"{SOURCE}/audit/README.md",
        r"resamples of 200,000 rows in ([\d.]+) s by row and ([\d.]+) s by family; fairlearn ([\d.]+) s for one, so [\d,]+ and [\d,]+ times as long; "
        r"1,000,000 rows audited in ([\d.]+) s; 100,000 children by 12 characteristics and all pairs in ([\d.]+) s; the whole report of them "
        r"\(file to pages and workbook\) in (\d+) s and ([\d.]+) GB, of 1,000,000 rows in (\d+) s and ([\d.]+) GB",
        command="pytest -s tests/benchmarks/test_audit_speed.py",
    ),
    Figure(
        "features_speed",
        f"{SOURCE}/features/README.md",
        r"time a child no longer at 100,000 \(([\d.]+) ms in all\) than at 10,000 \(([\d.]+) ms\)",
        command="pytest tests/benchmarks/test_features_speed.py",
    ),
    Figure("fairlearn", f"{SOURCE}/audit/README.md", r"equal fairlearn's to 1e(-\d+)", command="pytest tests/contract/test_audit_fairlearn.py"),
    Figure("scikit_learn", f"{SOURCE}/stats/README.md", r"Brier to 1e(-\d+)", command="pytest tests/contract/test_stats_sklearn.py"),
)


def find(figure: Figure) -> re.Match[str] | None:
    """The figure in its page. Line breaks, and the signs that begin a comment's lines, count as blanks."""
    page = (ROOT / figure.where).read_text(encoding="utf-8")
    return re.search(figure.text, flat(page))


def flat(page: str) -> str:
    """A page as one line."""
    return re.sub(r"\s*\n\s*(#:?)?\s*", " ", page)


def agree(said: Sequence[str], measured: m.Numbers, within: float) -> bool:
    """Whether each number, rounded as the page rounds it, is the one that the page says, or within the ratio."""
    return len(said) == len(measured) and all(_close(a.replace(",", ""), b, within) for a, b in zip(said, measured, strict=True))


def _close(text: str, measured: float, within: float) -> bool:
    said, decimals = float(text), len(text.partition(".")[2])
    if round(measured, decimals) == said:
        return True
    return said * measured > 0 and max(said / measured, measured / said) <= within


def row(figure: Figure) -> dict[str, str]:
    """One line of the table."""
    found = find(figure)
    said = found.groups() if found else ()
    facts = {"figure": figure.id, "page": figure.where, "says": " · ".join(said) or "not found"}
    if figure.measure is None:
        return {**facts, "measured": f"by `{figure.command}`", "agrees": "see there" if found else "no"}
    measured = figure.measure()
    # A time far from what is said may be the machine's doing, so it is shown and fails nothing.
    yes, no = ("yes, as a time", "not on this machine") if figure.within == TIMED else ("yes", "no")
    return {**facts, "measured": _text(measured), "agrees": yes if agree(said, measured, figure.within) else no}


def _text(values: m.Numbers) -> str:
    return " · ".join(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in values)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="ids of figures; otherwise all")
    parser.add_argument("--to", type=Path, default=ROOT / "build", help="folder of the table")
    options = parser.parse_args()
    rows = []
    for figure in FIGURES:
        if not options.only or figure.id in options.only:
            rows.append(row(figure))
            sys.stdout.write(" | ".join(rows[-1].values()) + "\n")
            sys.stdout.flush()
    if not rows:
        sys.exit("No figure has that id.")
    options.to.mkdir(parents=True, exist_ok=True)
    lines = ["| " + " | ".join(cells) + " |" for cells in (rows[0], ["---"] * len(rows[0]), *(one.values() for one in rows))]
    (options.to / "figures.md").write_text("# Figures, measured again\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (options.to / "figures.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(one["agrees"] == "no" for one in rows):
        sys.exit(3)


if __name__ == "__main__":
    main()
