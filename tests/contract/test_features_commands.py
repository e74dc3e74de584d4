"""``early-id features``: what each command prints and writes, and its exit codes, over the small council."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from early_id.features.leaks import check as check_module
from early_id.features.leaks.result import Leak, LeakCheck

Cli = Callable[..., tuple[int, str]]
FEW = "features.use=[contacts_count_365d, suspensions_count_365d]"


@pytest.fixture
def of_small(small_store: Any, small_council: Any) -> tuple[str, ...]:
    """Options that name the small council and the store that has taken it in."""
    return "--config", str(small_council.config), "--out", str(small_store.cfg.out_dir)


def test_describe_says_what_a_feature_is_with_and_without_a_council(cli: Cli, of_small: tuple[str, ...]) -> None:
    code, said = cli("features", "describe", "suspensions_count_365d")
    assert code == 0 and "Number of rows where category is SUSP" in said and "With --config" in said and "SELECT" not in said
    code, said = cli("features", "describe", "suspensions_count_365d", *of_small)
    assert code == 0 and "not known" in said and "█" in said and "add --sql" in said and "SELECT" not in said
    assert max(map(len, said.splitlines())) <= 100 and len(said.splitlines()) < 40
    code, said = cli("features", "describe", "suspensions_count_365d", *of_small, "--sql")
    assert code == 0 and "SQL that ran" in said and "GROUP BY" in said
    code, said = cli("features", "describe", "suspension_count_365d")
    assert code == 2 and "Did you mean suspensions_count_365d" in said


def test_build_writes_a_matrix_that_only_its_owner_can_read(cli: Cli, of_small: tuple[str, ...], small_store: Any) -> None:
    day = str(small_store.cfg.as_of.screening)
    code, said = cli("features", "build", *of_small, "--set", FEW, "--as-of", day)
    assert code == 0, said
    path = small_store.cfg.out_dir / "features" / "matrix.parquet"
    assert f"{stat.S_IMODE(path.stat().st_mode):o}" == "600" and path.parent.stat().st_mode & 0o077 == 0
    held = pd.read_parquet(path)
    assert {"child_id", "contacts_count_365d", "need_recognised"} <= set(held) and held["as_of"].nunique() == 1
    assert not any(name in said for name in held["child_id"].head(50))
    assert cli("features", "build", *of_small, "--as-of", "soon")[0] == 2
    code, said = cli("features", "build", *of_small, "--as-of", "1999-01-01")
    assert code == 3 and "lies outside the data" in said


def test_trace_prints_the_rows_and_messages_none(cli: Cli, of_small: tuple[str, ...], small_store: Any) -> None:
    cli("features", "build", *of_small, "--set", FEW, "--as-of", str(small_store.cfg.as_of.screening))
    held = pd.read_parquet(small_store.cfg.out_dir / "features" / "matrix.parquet")
    child = held.loc[held["suspensions_count_365d"].idxmax()]
    code, said = cli("features", "trace", *of_small, "--child", child["child_id"], "--feature", "suspensions_count_365d")
    assert code == 0 and "For analysts" in said and f"value    {child['suspensions_count_365d']:.0f}" in said
    assert said.count("\n  *  ") == child["suspensions_count_365d"] > 0
    code, said = cli("features", "trace", *of_small, "--child", "education/nobody", "--feature", "absence_share_90d")
    assert code == 3 and "nobody" not in said and "SOURCE/NUMBER" in said
    code, said = cli("features", "trace", *of_small, "--child", "x", "--feature", "absence_share_9d")
    assert code == 2 and "Did you mean absence_share_90d" in said


def test_check_ends_with_three_where_a_leak_is_found(cli: Cli, of_small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    found = LeakCheck((Leak("too good", ("contacts_count_365d",), ("contacts.contact_on",), "Because."),), pd.DataFrame(), ("This.",), ("That.",), ())
    monkeypatch.setattr(check_module, "check_features", lambda *args, **more: found)
    code, said = cli("features", "check", *of_small, "--json")
    assert code == 3
    leaks = json.loads(said.splitlines()[0])["leaks"]
    assert leaks[0]["column"] == "contacts.contact_on" and leaks[0]["feature"] == "contacts_count_365d" and leaks[0]["why"] == "Because."
    code, said = cli("features", "check", *of_small)
    assert code == 3 and "LEAK (too good): contacts.contact_on" in said and "Not tried: That." in said
    monkeypatch.setattr(check_module, "check_features", lambda *args, **more: LeakCheck((), pd.DataFrame(), (), (), ()))
    code, said = cli("features", "check", *of_small)
    assert code == 0 and "No leak was found. What could not be tried has not been passed." in said
