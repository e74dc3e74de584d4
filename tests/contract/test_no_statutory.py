"""Without the records of statutory services nobody open to them can be taken out: no list is made, by whatever way one asks, and page 1 says why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest

import early_id as eid
from early_id.core.errors import PolicyError
from early_id.data.synth import CouncilSummary
from early_id.workflow import refusals, steps

QUICK = [
    "training.models=[logistic]", "training.put_forward=logistic", "training.resamples=50", "training.tracking=false",
    "training.families_folds=2", "training.refits_to_show=0", "training.sharing_cost=false", "training.labels=false",
    "features.use=[absence_share_365d, suspensions_count_365d, contacts_count_365d]", "training.baselines=[absence]", "training.comparators=[]",
    "as_of.dates=[2024-03-18, 2024-11-11, 2025-03-17]",
]  # fmt: skip
MISSING = "No records of children open to statutory services are held"


@dataclass(frozen=True)
class Council:
    """Settings without the line of the statutory file, and an output folder of its own."""

    config: Path
    out: Path

    def arguments(self, *commands: str) -> list[object]:
        sets = [part for item in QUICK for part in ("--set", item)]
        return [*commands, "--config", self.config, "--out", self.out, *sets]


@pytest.fixture(scope="module")
def council(small_council: CouncilSummary, tmp_path_factory: pytest.TempPathFactory) -> Council:
    folder = tmp_path_factory.mktemp("no_statutory")
    lines = small_council.config.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if "statutory.csv" not in line]
    assert len(kept) == len(lines) - 1
    text = "\n".join(kept).replace("data: extracts", f"data: {(small_council.config.parent / 'extracts').as_posix()}")
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    bar = (small_council.folder / "acceptance.yaml").read_text(encoding="utf-8")
    (folder / "acceptance.yaml").write_text(bar.replace("put_forward: additive", "put_forward: logistic"), encoding="utf-8")
    eid.Store.open(eid.load_config(folder / "config.yaml")).ingest()
    return Council(folder / "config.yaml", folder / "out")


def page(path: Path) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8"))))


def test_run_makes_the_audit_and_the_report_but_no_list(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    (council.out / "lists" / "schools").mkdir(parents=True)  # of an earlier run that had them
    code, said = cli(*council.arguments("run"))
    assert code == 4 and f"No lists were written: {MISSING}" in said
    assert not (council.out / "lists").exists() and not (council.out / "restricted").exists()
    given = json.loads((council.out / "run.json").read_text(encoding="utf-8"))
    assert MISSING in given["refusal"] and not [item for item in given["outputs"] if "list" in item["kind"]]
    for name in ("restricted", "publishable"):
        text = page(council.out / f"governance_{name}.html")
        assert f"No lists were made. {MISSING}" in text[: text.index("What this report can and cannot tell you")], name
        assert "never listed" not in text and "0 records open" not in text, name
        assert "Statutory services and referrals are not held and could not be counted" in text, name


def test_the_command_screen_refuses_before_it_trains(council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained for nothing")

    monkeypatch.setattr(steps, "train_all", never)
    code, said = cli(*council.arguments("screen"))
    assert code == 4 and MISSING in said and "table 'statutory' on 2025-11-10" in said and "what next" in said


def test_screen_in_python_refuses_too(council: Council) -> None:
    cfg = eid.load_config(council.config, out=council.out, overrides=QUICK)
    bench = steps.open_bench(cfg)
    people = bench.people
    matrix = eid.build_features(bench.store, people, bench.in_force.catalogue, as_of=bench.screening_date())
    with pytest.raises(PolicyError, match=MISSING):
        eid.screen(None, matrix, store=bench.store, people=people)  # type: ignore[arg-type]


def test_screen_in_python_asks_for_the_approval_first(council: Council) -> None:
    cfg = eid.load_config(council.config, out=council.out, overrides=[*QUICK, "approval=null"])
    bench = steps.open_bench(cfg)
    with pytest.raises(PolicyError, match="no approval is on record") as refused:
        eid.screen(None, None, store=bench.store, people=None)  # type: ignore[arg-type]
    assert refused.value.exit_code == 4
    real = steps.open_bench(cfg.model_copy(update={"approval": "demonstration"})).store
    real.version = replace(real.version, batches=[{**batch, "made_up": False} for batch in real.version.batches])
    with pytest.raises(PolicyError, match="only for made-up data"):
        eid.screen(None, None, store=real, people=None)  # type: ignore[arg-type]


def test_a_programme_of_keys_only_has_no_such_children(council: Council) -> None:
    bench = steps.open_bench(eid.load_config(council.config, out=council.out))
    keys_only = replace(bench.in_force.programme, keys_only=True)
    assert refusals.gap_now(bench, bench.people) is not None
    assert refusals.gap_now(replace(bench, in_force=replace(bench.in_force, programme=keys_only)), bench.people) is None


def test_year_groups_can_be_offered_help_all_the_same_since_nobody_is_chosen(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    code, said = cli(*council.arguments("screen", "--area"))
    assert code == 0 and "year groups with" in said and "Written to" in said
    text = page(council.out / "year_groups_publishable.html")
    assert "Year" in text and "PUBLISHABLE" in text.upper() and not (council.out / "lists").exists()
    store = steps.open_bench(eid.load_config(council.config, out=council.out, overrides=QUICK)).store
    keys = set(store.frame("pupils")["source_person_id"].astype(str)) | set(store.frame("pupils")["upn"].dropna().astype(str))
    assert not keys & set(re.findall(r"[A-Za-z0-9]+", text))
