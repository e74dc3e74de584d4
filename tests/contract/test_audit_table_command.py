"""``early-id audit --table``: a board checks what another tool produced; what goes wrong is one message."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    n = 600
    frame = pd.DataFrame({"group": rng.choice(["a", "b", None], n), "sex": rng.choice(["f", "m"], n), "family_id": rng.integers(0, 400, n)})
    frame["happened"] = (rng.random(n) < 0.3).astype(float)
    frame["points"] = rng.integers(0, 10, n) + 3 * frame["happened"]
    frame["chosen"] = (frame["points"] >= 8).astype(int)
    frame["diary"] = [f"secret {i}" for i in range(n)]
    frame.to_csv(tmp_path / "bought.csv", index=False)
    return tmp_path / "bought.csv"


@pytest.mark.parametrize("how", [("--score", "points", "--threshold", "8"), ("--flag", "chosen"), ("--score", "points", "--capacity", "40")])
def test_three_ways_to_say_who_is_listed(table: Path, cli: Cli, how: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "out"
    code, said = cli(
        "audit", "--table", table, "--label", "happened", "--groups", "group,sex", "--cluster", "family_id", "--out", out, "--json", *how
    )
    assert code == 0, said
    told = json.JSONDecoder().raw_decode(said[said.index("{") :])[0]
    assert {row["characteristic"] for row in told["rows"]} == {"group", "sex"}
    assert {row["group"] for row in told["rows"] if row["characteristic"] == "group"} == {"a", "b", "not known"}
    assert told["crossed"] and told["outputs"] == {
        "restricted": "audit_restricted.html", "publishable": "audit_publishable.html", "tables": "audit_tables_restricted.xlsx",
    }  # fmt: skip
    assert all((out / name).stat().st_size > 5000 for name in told["outputs"].values())
    page = (out / "audit_restricted.html").read_text(encoding="utf-8")
    assert "bought.csv" in page and "approves nothing" in page


def test_t_means_listed_at_t_and_above(table: Path, cli: Cli) -> None:
    parts = []
    for how in (("--score", "points", "--threshold", "8"), ("--flag", "chosen")):
        code, said = cli("audit", "--table", table, "--label", "happened", "--groups", "group", "--json", *how)
        assert code == 0
        parts.append(json.JSONDecoder().raw_decode(said[said.index("{") :])[0]["rows"])
    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"--groups": "diary"}, 3, "too many to be groups"),
        ({"--groups": "colour"}, 3, "colour"),
        ({"--label": "points"}, 3, "neither 0 nor 1"),
        ({"--label": "diary"}, 3, "does not hold numbers"),
        ({"--threshold": None}, 2, "not clear who is listed"),
        ({"--capacity": "40"}, 2, "not clear who is listed"),
        ({"--label": None}, 2, "needs a label and groups"),
        ({"--table": "nowhere.csv"}, 3, "no such file"),
        ({"--table": "other.txt"}, 3, "is of a kind that is not read"),
        ({"--set": "audit.tolerances.missed=0.05"}, 2, "no audit measure named 'missed'"),
        ({"--set": "audit.tolerances=0.05"}, 2, "has to name its measure"),
        ({"--set": "audit.comparators.group=z"}, 2, "does not occur"),
    ],
)
def test_what_goes_wrong_is_one_message_without_a_value(table: Path, cli: Cli, change: dict[str, str | None], code: int, words: str) -> None:
    (table.parent / "other.txt").write_text("a")
    options: dict[str, object] = {"--table": table, "--label": "happened", "--groups": "group", "--score": "points", "--threshold": "8"}
    options |= change
    if isinstance(options["--table"], str):
        options["--table"] = table.parent / options["--table"]
    got, said = cli("audit", *(part for key, value in options.items() if value is not None for part in (key, value)))
    assert (got, words in said) == (code, True), said
    assert "secret" not in said and said.count("early-id: ") == 1


def test_rows_that_repeat_are_told_where_nothing_names_the_child(table: Path, cli: Cli) -> None:
    frame = pd.read_csv(table)
    pd.concat([frame, frame.head(2)]).to_csv(table, index=False)
    code, said = cli("audit", "--table", table, "--label", "happened", "--groups", "group", "--flag", "chosen")
    assert code == 0 and "2 rows are the same as one before them in every column" in said and "nan" not in said


def _page_1(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return text[text.index('id="in-short"') : text.index("</section>", text.index('id="in-short"'))]


def test_page_1_of_both_says_why_an_audit_means_little_and_one_group_has_one_reason(table: Path, cli: Cli) -> None:
    out = table.parent / "out"
    frame = pd.read_csv(table).assign(flat=1.0, alone="x")
    frame.loc[frame.index[:5], "sex"] = "F"
    frame.to_csv(table, index=False)
    code, said = cli(
        "audit", "--table", table, "--label", "happened", "--groups", "alone,sex", "--cluster", "family_id", "--out", out, "--score", "flat",
        "--capacity", "40",
    )  # fmt: skip
    assert code == 0, said
    for kind in ("restricted", "publishable"):
        first = _page_1(out / f"audit_{kind}.html")
        assert "All scores are equal" in first and "1 spelling was found" in first
        whole = (out / f"audit_{kind}.html").read_text(encoding="utf-8")
        assert "only one group, so there is nobody to compare with" in whole and "too few children in its groups" not in whole
        assert "the 40 families that rank highest by" in whole


def test_nothing_to_audit(cli: Cli) -> None:
    code, said = cli("audit")
    assert code == 2 and "Nothing says what to audit" in said
