"""The main job on a small made-up council, looked at from outside: what is written, for whom, and what never is."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from early_id.acceptance.openings import LEDGER
from early_id.config.load import load_config
from early_id.core import display
from early_id.data.synth import make_council
from early_id.data.synth.files.instructions import write_made_up_note
from early_id.workflow import auditing
from early_id.workflow.publish import FOR_ALL
from early_id.workflow.run import RunResult, run
from early_id.workflow.steps import open_bench

#: Small and quick; the paths are those of the demo.
QUICK = (
    "training.resamples=50", "training.families_folds=2", "training.refits_to_show=0", "training.sharing_cost=false", "training.labels=false",
    "as_of.dates=[2023-06-26, 2024-03-18, 2024-11-11, 2025-03-17]",
)  # fmt: skip
#: Where it is not the lists that are looked at.
LEAST = (
    "training.models=[logistic]", "training.put_forward=logistic", "acceptance.put_forward=logistic", "training.tracking=false",
    "features.use=[absence_share_365d, suspensions_count_365d, contacts_count_365d]", "training.baselines=[absence]", "training.comparators=[]",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A council, what a run over it gave, and everything it printed or logged."""

    folder: Path
    result: RunResult
    said: str

    @property
    def out(self) -> Path:
        return self.folder / "out"


def run_in(folder: Path, *overrides: str) -> Made:
    printed, log = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        # Progress from the first moment, so that every line there can be is read below.
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed), mock.patch.object(display, "QUIET_FOR", 0.0):
            result = run(load_config(folder / "config.yaml", overrides=(*QUICK, *overrides)))
    finally:
        logging.getLogger().removeHandler(handler)
    return Made(folder, result, printed.getvalue() + log.getvalue())


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_council(600, 3, tmp_path_factory.mktemp("main_job") / "council").folder


@pytest.fixture(scope="module")
def made(council: Path) -> Made:
    return run_in(council, "training.refits_to_show=2", "training.sharing_cost=true", "training.labels=true")


def copy_of(council: Path, to: Path) -> Path:
    shutil.copytree(council, to, ignore=shutil.ignore_patterns("out"))
    return to


def texts(path: Path) -> str:
    """Everything readable in a file: workbooks and archives unzipped, databases dumped."""
    if path.suffix in {".xlsx", ".skops", ".zip"} and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if path.suffix == ".db":
        with contextlib.closing(sqlite3.connect(path)) as base:
            return "\n".join(base.iterdump())
    return path.read_bytes().decode("utf-8", "replace")


def test_everything_named_was_made(made: Made) -> None:
    kinds = {item["kind"] for item in made.result.outputs}
    assert {
        "governance",
        "governance_publishable",
        "school_list",
        "hub_list",
        "taken_out",
        "findings",
        "notice_parents",
        "notice_young_people",
    } <= kinds
    assert all((made.out / item["path"]).is_file() for item in made.result.outputs)
    assert all("\\" not in item["path"] and not Path(item["path"]).is_absolute() for item in made.result.outputs)
    schools = pd.read_excel(made.folder / "extracts/education/schools.xlsx")
    assert {item["recipient"] for item in made.result.outputs if item["kind"] == "school_list"} == set(schools["SchoolID"].astype(str))
    assert {item["recipient"] for item in made.result.outputs if item["kind"] == "hub_list"} == set(schools["HubID"].astype(str))


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_only_the_owner_may_read_what_is_not_meant_for_all(made: Made) -> None:
    """The whole of the output folder, the store in it: folders 0700, files 0600, but for what is published."""
    found = [path for path in made.out.rglob("*") if path.relative_to(made.out).parts[0] not in (*FOR_ALL, "lock")]
    parts = {path.relative_to(made.out).parts[0] for path in found}
    assert {"lists", "restricted", "store", "tracking", "governance_restricted.html", "run.json"} <= parts
    assert [path for path in found if path.is_dir()] and any("set_aside" in path.parts for path in found)
    assert not [(path, oct(path.stat().st_mode)) for path in found if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)]
    assert all((made.out / name).stat().st_mode & 0o044 for name in FOR_ALL)


@pytest.mark.parametrize(
    "step",
    [
        *("Reading and checking files", "Storing", "Building features", "Training for the school lead", "Training for the hub lead"),
        *("Writing the tracking store", "Looking for gaps between groups", "Choosing and explaining families", "Writing lists"),
        "Writing the governance report",
    ],
)
def test_every_step_that_takes_its_time_shows_progress(made: Made, step: str) -> None:
    assert f"  {step}: " in made.said and f"  {step}: done in" in made.said


def test_json_has_the_stated_keys(made: Made) -> None:
    shown = json.loads((made.out / "run.json").read_text(encoding="utf-8"))
    assert {"outputs", "counts", "verdict", "models"} <= set(shown)
    for result in shown["models"].values():
        for measure in ("auc", "average_precision", "precision_at_capacity", "recall_at_capacity", "brier"):
            assert {"value", "low", "high"} <= set(result[measure])
    assert set(shown["audiences"]) == {"school_lead", "hub_lead"}
    assert shown["report"]["as_of"] == "2025-11-10" and {"data", "catalogue", "model, hub lists"} <= set(shown["report"]["hashes"])


def test_rows_in_are_rows_kept_and_rows_set_aside(made: Made) -> None:
    for rows in made.result.counts["files_by_name"].values():
        assert rows["rows_in"] == rows["rows_kept"] + rows["rows_set_aside"]


def test_no_list_is_longer_than_the_capacity(made: Made) -> None:
    assert made.result.lists is not None
    for one in made.result.lists.lists:
        assert len(one.families) <= one.capacity


def listed_children(made: Made, audience: str) -> set[str]:
    assert made.result.lists is not None
    return {
        entry.explanation.child_id
        for one in made.result.lists.lists
        if one.recipient.audience == audience
        for family in one.families
        for entry in family.children
    }


def open_to_services(made: Made) -> set[str]:
    """True person keys with a statutory spell open on the date and recorded in time, straight from the extract."""
    rows = pd.read_csv(made.folder / "extracts/socialcare/statutory.csv", dtype=str)
    for name in ("StartOn", "EndOn", "OutcomeOn"):
        rows[name] = pd.to_datetime(rows[name], format="mixed", dayfirst=True, errors="coerce")
    day = pd.Timestamp("2025-11-10")
    is_open = (rows["StartOn"] < day - pd.Timedelta(days=4)) & (rows["EndOn"].isna() | (rows["EndOn"] > day)) & (rows["Status"] != "REFERRAL")
    return set(rows.loc[is_open & (rows["Status"] != "CARE_LEAVER"), "PersonID"])


def test_nobody_open_to_statutory_services_is_on_any_list(made: Made, council: Path) -> None:
    people = open_bench(load_config(council / "config.yaml")).people
    links = people.person_links[people.person_links["source"] == "social_care"].set_index("source_person_id")["child_id"]
    known = {links[person] for person in open_to_services(made) if person in links.index}
    assert known
    for audience in ("school_lead", "hub_lead"):
        assert not listed_children(made, audience) & known
    families = people.families_on(pd.Timestamp("2025-11-10")).set_index("child_id")["family_id"]
    open_families = {families[child] for child in known if child in families.index}
    assert not {families.get(child) for child in listed_children(made, "school_lead")} & open_families


def test_a_school_sees_its_own_pupils_only(made: Made) -> None:
    assert made.result.matrix is not None and made.result.lists is not None
    schools = made.result.matrix.at("2025-11-10").index.set_index("child_id")["school_id"]
    for one in made.result.lists.lists:
        if one.recipient.audience == "school_lead":
            assert {schools[entry.explanation.child_id] for family in one.families for entry in family.children} <= {one.recipient.id}


def test_canaries_appear_only_where_their_own_list_should_show_them(made: Made) -> None:
    canaries = pd.read_csv(made.folder / "truth/canary_strings.csv", dtype=str)
    secrets = {text for text in canaries["string"] if len(text) > 5}
    assert len(secrets) >= 80
    allowed = {"lists", "restricted", "store"}
    for path in sorted(made.out.rglob("*")):
        part = path.relative_to(made.out).parts[0]
        if path.is_file() and part not in allowed:
            found = [secret for secret in secrets if secret in texts(path)]
            assert not found, f"{len(found)} canary values in {path.relative_to(made.out)}"
    assert not [secret for secret in secrets if secret in made.said]
    assert not [secret for secret in secrets if secret in json.dumps(made.result.to_json())]
    for manifest in made.out.glob("lists/*/*/manifest.json"):
        assert not [secret for secret in secrets if secret in manifest.read_text(encoding="utf-8")]


def test_no_front_line_page_holds_a_score_or_a_rank(made: Made) -> None:
    for page in made.out.glob("lists/*/*/page.html"):
        words = re.sub(r"<style.*?</style>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        words = re.sub(r"<[^>]+>", " ", words).lower()
        assert not re.search(r"\b(score|rank|probabilit\w*|percentile|log-odds)\b|\d\s*%", words)


def change_other_agencies_facts(folder: Path, listed_in_housing: set[str]) -> None:
    """Change police, social care and housing facts in ways that take nobody out: records of domestic abuse stay, since they do."""
    extracts = folder / "extracts"
    missing = pd.read_csv(extracts / "police/missing.csv", dtype=str)
    pd.concat([missing, missing.assign(StartedAt="2025-06-01 10:00:00", EndedAt="2025-06-02 10:00:00")]).to_csv(
        extracts / "police/missing.csv", index=False
    )
    notices = pd.read_parquet(extracts / "police/notifications.parquet")
    kind = notices.columns[notices.isin(["domestic_abuse_notice"]).any()][0]
    stays = notices[kind].eq("domestic_abuse_notice") | (pd.Series(range(len(notices)), index=notices.index) % 2 == 0)
    notices[stays].to_parquet(extracts / "police/notifications.parquet", index=False)
    factors = pd.read_csv(extracts / "socialcare/factors.csv", dtype=str)
    stays = (factors["Factor"].str.len() > 2) | factors["Factor"].isin(["3A", "3B", "3C"])
    factors.assign(Factor=factors["Factor"].where(stays, "4B")).to_csv(extracts / "socialcare/factors.csv", index=False)
    indicators = pd.read_csv(extracts / "housing/indicators.csv", dtype=str)
    indicators.iloc[: len(indicators) // 3].to_csv(extracts / "housing/indicators.csv", index=False)
    change_services_history(extracts / "socialcare")
    change_households(extracts, pd.read_csv(folder / "truth/links.csv", dtype=str).fillna(""), listed_in_housing)
    write_made_up_note(extracts)


def change_services_history(social_care: Path) -> None:
    """Closed contacts, ended help and ended plans of long ago, and the course of help: nobody is open for it, and no outcome changes."""
    someone = pd.read_csv(social_care / "people.csv", dtype=str)["PersonID"].iloc[::2].tolist()
    more = {
        "contacts": {"ContactDate": "2024-10-01", "Source": "health", "Outcome": "advice", "OutcomeDate": "2024-10-02"},
        "early_help": {"OfferedOn": "04/10/2021", "Response": "accepted", "StartOn": "05/10/2021", "EndOn": "01/12/2021", "EndReason": "needs met"},
        "statutory": {"Status": "CIN", "StartOn": "2021-10-04", "EndOn": "2021-12-01", "OtherLA": "N"},
    }
    for name, row in more.items():
        table = pd.read_csv(social_care / f"{name}.csv", dtype=str)
        if name == "early_help":
            table = table.assign(LeadRole="youth worker", ChildViewRecorded="N")
        added = pd.DataFrame([{"PersonID": person, **row} for person in someone])
        pd.concat([table, added]).to_csv(social_care / f"{name}.csv", index=False)


def change_households(extracts: Path, links: pd.DataFrame, listed: set[str]) -> None:
    """Move families of whom no service knows anything into one household, two by two, and leave every tenth of them out of the file.

    Of two families that stand on lists of two schools one would be left to the other's school, so at most one of each pair is listed.
    """
    path = extracts / "housing/households.xlsx"
    table = pd.read_excel(path, dtype=str, sheet_name="Households").fillna("")
    family = table["PersonID"].map(links.loc[links["housing"] != ""].set_index("housing")["family"])
    known = set(links.loc[(links["social_care"] != "") | (links["police"] != ""), "family"])
    marked = (table["SafeToContact"] == "N") | (table["ProtectedAddress"] == "Y") | (table["NoJointContact"] == "Y")
    free = ~table["HouseholdID"].isin(table.loc[family.isin(known) | marked, "HouseholdID"])
    homes = sorted(table.loc[free, "HouseholdID"].unique())
    assert len(homes) > 50
    on_lists = set(table.loc[table["PersonID"].isin(listed), "HouseholdID"])
    pairs = [(first, second) for first, second in zip(homes[::2], homes[1::2], strict=False) if not {first, second} <= on_lists]
    table["HouseholdID"] = table["HouseholdID"].replace({second: first for first, second in pairs})
    with pd.ExcelWriter(path) as book:
        table[~table["HouseholdID"].isin(homes[::10])].to_excel(book, sheet_name="Households", index=False)


def test_school_workbooks_do_not_depend_on_other_agencies_facts(made: Made, council: Path, tmp_path: Path) -> None:
    """To the byte; and the hub lists do change, so the change was a real one."""
    folder = copy_of(council, tmp_path / "changed")
    people = open_bench(load_config(council / "config.yaml")).people
    links = people.person_links[people.person_links["source"] == "housing"]
    change_other_agencies_facts(folder, set(links.loc[links["child_id"].isin(listed_children(made, "school_lead")), "source_person_id"]))
    changed = run_in(folder, "training.models=[additive]", "training.tracking=false")
    before = {path.relative_to(made.out): path.read_bytes() for path in made.out.glob("lists/schools/*/list.xlsx")}
    after = {path.relative_to(changed.out): path.read_bytes() for path in changed.out.glob("lists/schools/*/list.xlsx")}
    assert before and before == after
    hubs = [{path.relative_to(m.out): path.read_bytes() for path in m.out.glob("lists/hubs/*/page.html")} for m in (made, changed)]
    assert hubs[0] != hubs[1]


def test_without_an_approval_there_are_no_lists_and_the_old_ones_go(made: Made, council: Path, tmp_path: Path) -> None:
    """One changed letter in one file makes a batch that did not come from the generator."""
    folder = copy_of(council, tmp_path / "real")
    contacts = folder / "extracts/socialcare/contacts.csv"
    contacts.write_bytes(contacts.read_bytes().replace(b"advice", b"advise", 1))
    stale = folder / "out/lists/schools/S1/list.xlsx"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    refused = run_in(folder, *LEAST)
    assert refused.result.exit_code == 4
    assert refused.result.refusal and "made-up" in refused.result.refusal
    assert not (folder / "out/lists").exists()
    assert (folder / "out/governance_restricted.html").is_file()


def test_the_audit_command_writes_its_report_only_under_a_bar_and_counts_as_a_look_at_the_test_date(
    made: Made, tmp_path: Path, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models and audits are those of the run, which were made from the same store: to make them anew would only take time."""
    for step, found in (("build", made.result.matrix), ("train_all", made.result.trials), ("audit_all", made.result.audits)):
        monkeypatch.setattr(auditing, step, lambda *_, found=found, **__: found)
    folder = tmp_path / "council"
    shutil.copytree(made.folder, folder)
    ledger = folder / "out" / "store" / LEDGER
    looks, quick = (
        len(ledger.read_text(encoding="utf-8").splitlines()),
        [part for one in (*QUICK, "training.models=[additive]") for part in ("--set", one)],
    )
    bar = (folder / "acceptance.yaml").read_text(encoding="utf-8")
    (folder / "acceptance.yaml").unlink()
    code, said = cli("audit", "--config", folder / "config.yaml", *quick)
    assert code == 4 and "no bar is written down" in said and not list((folder / "out").glob("audit_*"))
    assert len(ledger.read_text(encoding="utf-8").splitlines()) == looks
    (folder / "acceptance.yaml").write_text(bar, encoding="utf-8")
    code, said = cli("audit", "--config", folder / "config.yaml", *quick)
    assert code == 0, said
    names = ["audit_publishable.html", "audit_restricted.html", "audit_tables_restricted.xlsx"]
    assert sorted(path.name for path in (folder / "out").glob("audit_*")) == names and all(name in said for name in names)
    assert len(ledger.read_text(encoding="utf-8").splitlines()) == looks + 2  # a look for each of two lists
    page = (folder / "out" / "audit_restricted.html").read_text(encoding="utf-8")
    assert "Hub lists" in page and "School lists" in page and "No lists have been made yet." in page


def test_made_up_pages_say_so(made: Made) -> None:
    for pattern in ("governance_*.html", "findings.html", "notices/*.html", "lists/*/*/page.html"):
        pages = list(made.out.glob(pattern))
        assert pages
        for page in pages:
            assert "made-up data" in page.read_text(encoding="utf-8").lower(), page.name


def test_a_run_that_fails_leaves_store_and_outputs_as_they_were(council: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is open in Excel, an as-of date outside the data, an outcome that nobody has: one message each, nothing half done."""
    from early_id.core.errors import BusyError, InputDataError

    folder = copy_of(council, tmp_path / "fails")
    old = folder / "out" / "lists" / "schools" / "S1" / "list.xlsx"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old list")

    passing = ("/parts/", "/versions/", "lock", "set_aside", "urgent", "store/key", "store/linkage/")  # learned once and kept

    def state() -> dict[str, bytes]:
        kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
        return {name: content for name, content in kept.items() if not any(part in name for part in passing)}

    before = state()
    with pytest.raises(InputDataError, match=r"2001-01-08 lies outside the data"):
        run_in(folder, *LEAST, "as_of.screening=2001-01-08")
    assert state() == before
    for name in ("early_help", "statutory"):
        path = folder / f"extracts/socialcare/{name}.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([lines[0], *(line for line in lines[1:] if "2021" in line)]) + "\n", encoding="utf-8")
    with pytest.raises(InputDataError, match=r"cannot be learned|Nobody has the outcome"):
        run_in(folder, *LEAST)
    assert state() == before
    real = Path.open

    def locked(self: Path, *args: object, **more: object) -> object:
        if self == old and args and args[0] == "r+b":
            raise PermissionError(13, "in use", str(self))
        return real(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(BusyError, match="open in another program"):
        run_in(folder, *LEAST)
    monkeypatch.undo()
    assert state() == before
