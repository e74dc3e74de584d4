"""Kinds of mess by name; and each one apart from all others."""

from __future__ import annotations

import ast
import datetime
import re
import shlex
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import CouncilSummary, make_council, mess
from early_id.data.synth.faults import FAULTS, FaultLog, plant_faults
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.files.returns import LAST_YEAR, add_return_columns
from early_id.data.synth.plan import CouncilPlan, council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline, make_timeline
from early_id.data.synth.world import World, clean_tables, draw_world

CHILDREN, SEED = 400, 4
RECORDS = [kind.name for kind in mess.KINDS if kind.group == "records" and kind.name != "duplicate_export"]
ADDING = {fault.kind for fault in FAULTS if fault.adds}


def test_words_stand_for_several_kinds() -> None:
    assert mess.parse() == mess.parse("usual") == {kind.name for kind in mess.KINDS if kind.usual}
    assert mess.parse("all") == {kind.name for kind in mess.KINDS} and mess.parse("none") == frozenset()
    assert mess.parse(["serial_dates", "silent_month,padded_ids"]) == {"serial_dates", "silent_month", "padded_ids"}
    assert mess.parse("usual,serial_dates,-late_marks") == (mess.parse("usual") | {"serial_dates"}) - {"late_marks"}


@pytest.mark.parametrize("words", ["serial_date", "usual,serial_date", ["all", "-serial_date"]])
def test_an_unknown_kind_is_refused_and_near_ones_are_named(words: str | list[str]) -> None:
    with pytest.raises(SettingsError, match=r"no kind of mess named 'serial_date'[\s\S]*serial_dates"):
        mess.parse(words)


def test_every_rule_has_a_kind_with_its_source() -> None:
    with_rule = [kind for kind in mess.KINDS if kind.rule and kind.group == "records"]
    assert {kind.rule for kind in with_rule} == set(range(1, 26))
    assert all(kind.text and kind.source for kind in mess.KINDS)


def test_the_readme_lists_what_intake_does_not_notice() -> None:
    page = (Path(mess.__file__).parent / "faults" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(\w+)`(\\\*)?", page.partition("work order")[2].partition("| Of |")[2])
    expected = [(kind.name, kind.usual) for kind in mess.KINDS if kind.group != "people" and not kind.found]
    assert sorted((name, bool(star)) for name, star in listed) == sorted(expected)
    counts = [int(number) for number in re.findall(r"(\d+) kinds in records, (\d+) in marks, (\d+) about", page)[0]]
    assert counts == [len(mess.RECORDS), len(mess.MARKS), len(mess.PEOPLE)]


def test_a_kind_is_told_with_its_rule_and_what_intake_makes_of_it() -> None:
    told = {kind.name: kind.told for kind in mess.KINDS}
    assert told["upn_shared"] == "same UPN on two children; rule 2; found as PUP002"
    assert told["late_marks"].endswith("; not noticed") and told["wrong_encoding"].endswith("; found as SRC001")
    assert told["nicknames"] == "short form in place of the forename"


@pytest.fixture(scope="module")
def drawn() -> tuple[World, Tables, Timeline, Seeds]:
    plan = CouncilPlan(CHILDREN, SEED)
    seeds, timeline = Seeds(SEED), make_timeline(plan.start)
    with progress("Drawing", total=9) as bar:
        world = draw_world(plan, seeds, timeline, bar)
    return world, add_return_columns(clean_tables(world, seeds), seeds, timeline), timeline, seeds


def _planted(drawn: tuple[World, Tables, Timeline, Seeds], kinds: set[str]) -> tuple[Tables, pd.DataFrame]:
    world, tables, timeline, seeds = drawn
    log = FaultLog()
    out = plant_faults(tables, world.spared, CouncilPlan(CHILDREN, SEED, mess=frozenset(kinds)), timeline, seeds, log)
    return out, log.frame()


def _rows(table: pd.DataFrame) -> Counter[tuple[str, ...]]:
    return Counter(table.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def none(drawn: tuple[World, Tables, Timeline, Seeds]) -> dict[str, Counter[tuple[str, ...]]]:
    return {name: _rows(table) for name, table in _planted(drawn, set())[0].items()}


def test_one_kind_changes_the_rows_of_no_other(drawn: tuple[World, Tables, Timeline, Seeds], none: dict[str, Counter[tuple[str, ...]]]) -> None:
    """What two halves of the kinds change, planted apart, is what they change together."""
    whole, log = _planted(drawn, set(RECORDS))
    halves = [_planted(drawn, set(RECORDS[start::2])) for start in (0, 1)]
    assert pd.concat([half[1] for half in halves])["count"].sum() == log["count"].sum()
    for name, clean in none.items():
        if name == LAST_YEAR:
            continue
        rows = _rows(whole[name])
        parts = [_rows(half[0][name]) for half in halves]
        assert rows - clean == sum(((part - clean) for part in parts), Counter()), name
        assert clean - rows == sum(((clean - part) for part in parts), Counter()), name
        shown = log[log["file"] == name].set_index("kind")["count"]
        # Of two children with one UPN both rows show it and one was changed.
        assert (rows - clean).total() == shown.sum() - shown.get("upn_shared", 0) // 2, name


@pytest.mark.parametrize("kind", ["upn_shared", "value_changed", "two_open_episodes", "code_list_change", "repeated_row", "wrong_encoding"])
def test_a_kind_alone_changes_as_many_rows_as_it_says(
    kind: str, drawn: tuple[World, Tables, Timeline, Seeds], none: dict[str, Counter[tuple[str, ...]]]
) -> None:
    out, log = _planted(drawn, {kind})
    counts = log.groupby("file")["count"].sum().to_dict()
    assert set(log["kind"]) == {kind} and min(counts.values()) >= 2
    changed = {name: (_rows(table) - none[name]).total() for name, table in out.items()}
    derived = {LAST_YEAR} if kind == "upn_shared" else set()
    # Of two children with one UPN only one row was changed; both rows show it.
    expected = {name: count // 2 if kind == "upn_shared" else count for name, count in counts.items()}
    assert {name: count for name, count in changed.items() if count and name not in derived} == expected
    if kind in ADDING:
        assert all(len(out[name]) == none[name].total() + count for name, count in counts.items())


def test_canaries_are_spared(drawn: tuple[World, Tables, Timeline, Seeds], none: dict[str, Counter[tuple[str, ...]]]) -> None:
    world = drawn[0]
    out, _ = _planted(drawn, set(RECORDS))
    for name, table in out.items():
        key = "PupilID" if "PupilID" in table else "PersonID"
        if key in table:
            own = _rows(table[table[key].isin(world.spared)])
            assert not own - none[name], name
    assert out["education/pupils.csv"]["PupilID"].isin(world.spared).sum() == 5


def test_faults_grow_with_the_council() -> None:
    fault = next(fault for fault in FAULTS if fault.kind == "ethnicity_code")
    assert [fault.count(children) for children in (200, 5_000, 50_000)] == [2, 10, 100]


def _hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted((folder / "extracts").rglob("*")) if path.is_file()}


def test_other_files_are_the_same_to_the_byte(small_council: CouncilSummary, tmp_path: Path) -> None:
    """One kind that is not usual switched on, and one of marks off."""
    off = small_council.folder
    on = make_council(small_council.children, small_council.plan.seed, tmp_path / "on", mess="usual,serial_dates,-mark_withdrawn").folder
    faults = pd.concat(pd.read_csv(folder / "truth" / "faults.csv") for folder in (off, on))
    files = set(faults.loc[faults["kind"].isin(["serial_dates", "mark_withdrawn"]), "file"])
    assert {"education/suspensions.xlsx", "housing/indicators.csv"} < files and any(name.endswith(".parquet") for name in files)
    before, after = _hashes(off), _hashes(on)
    differ = {name.removeprefix("extracts/") for name in before | after if before.get(name) != after.get(name)}
    assert differ - {"made_up.json"} == files


def test_the_command_makes_the_same_plan() -> None:
    plan = council_plan(300, 4, scenarios={"drift": 1 / 3 + 1, "leak": 0.1}, mess="all", shapes=["ssd"])
    words = shlex.split(plan.command)
    named = {word: words[at + 1] for at, word in enumerate(words) if word.startswith("--") and word != "--scenario"}
    scenarios = [words[at + 1] for at, word in enumerate(words) if word == "--scenario"]
    again = council_plan(
        int(named["--children"]), int(named["--seed"]), scenarios=scenarios, mess=named["--mess"], shapes=named["--shapes"].split(",")
    )
    assert again == plan


def test_a_council_of_other_years_is_named_by_the_call_that_makes_it() -> None:
    plan = council_plan(300, 4, start=datetime.date(2019, 9, 1), scenarios=["drift=1.25"])
    call = ast.parse(plan.command, mode="eval").body
    assert isinstance(call, ast.Call) and ast.unparse(call.func) == "early_id.data.synth.make_council"
    given = {str(word.arg): word.value for word in call.keywords}
    start = datetime.date(*(ast.literal_eval(part) for part in given.pop("start").args))  # type: ignore[attr-defined]
    words = {name: ast.literal_eval(value) for name, value in given.items()}
    children, seed, _ = (ast.literal_eval(part) for part in call.args)
    assert council_plan(children, seed, start=start, **words) == plan
