"""What may be declared as a feature: nothing that reads a column or code that may not be used, and nothing half said."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest
from features_material import feature

from early_id.config.settings import Config
from early_id.core.errors import DeclarationError, SettingsError
from early_id.core.types import Direction, Missing, SharingClass, Unit, Usage
from early_id.features import catalogue
from early_id.features.catalogue import MEASURES, Catalogue
from early_id.features.declare import (
    Feature,
    Measure,
    Window,
    against_peers,
    any_,
    between_days,
    change,
    count,
    current,
    custom,
    days,
    days_since_first,
    days_since_last,
    different,
    largest,
    last_days,
    latest,
    longest_run,
    mean_gap,
    share,
    total,
    weeks,
)
from early_id.features.extensions import load_extensions
from early_id.features.themes import THEMES
from early_id.schema.codes import code_list
from early_id.schema.conditions import IsIn, all_of, any_of, at_least, at_most, hour_in, is_true, isin, leaves, month_in, not_, weekday_in
from early_id.schema.tables import CANONICAL, Column, Table, Tables

RESTRICTED = [(t.name, c.name) for t in CANONICAL.values() for c in t.columns if c.usage is not Usage.FEATURE]
CODES = [
    (t.name, c.name, code.code)
    for t in CANONICAL.values()
    for c in t.columns
    if c.codes and c.usage is Usage.FEATURE
    for code in code_list(c.codes).codes
    if code.usage is not Usage.FEATURE
]


def ways_to_read(column: str, value: str = "X") -> list[Measure]:
    """Every place of the vocabulary in which a column can be named."""
    here, all_rows = isin(column, {value}), isin(column, {value})
    conditions = [here, at_least(column, 1), at_most(column, 1), is_true(column), not_(here), all_of(not_(here)), any_of(all_of(here))]
    conditions += [hour_in(column, {1}), weekday_in(column, {1}), month_in(column, {1})]
    return [
        *(count(condition) for condition in conditions),
        *(count(among=condition) for condition in conditions),
        *(measure(here) for measure in (any_, days, weeks, days_since_first, days_since_last, mean_gap, current)),
        share(here, all_rows), longest_run(here, all_rows), total(column), latest(column), largest(column), different(column),
        total("sessions", here), latest("sessions", here), largest("sessions", here), different("category", here),
        change(count(here), earlier=between_days(365, 90)), change(total(column), earlier=between_days(365, 90)),
    ]  # fmt: skip


def refused(feature_: Feature, tables: Tables | None = None) -> str:
    with pytest.raises(DeclarationError) as caught:
        Catalogue((feature_,), tables or Tables())
    assert feature_.name in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


def test_the_restrictions_are_where_the_design_puts_them() -> None:
    assert {"ethnicity", "first_language", "sex", "postcode", "fsm", "idaci_decile", "sen_provision", "disability"} <= {c for _, c in RESTRICTED}
    assert ("early_help", "response") in RESTRICTED and ("attendance", "school_id") in RESTRICTED
    assert {("attendance", "code", code) for code in ("R", "T", "Y5")} <= set(CODES)
    assert {("household_factors", "factor", code) for code in ("9A", "11A", "12A", "19B", "19C", "22A", "23A", "24A")} <= set(CODES)


@pytest.mark.parametrize(("table", "column"), RESTRICTED, ids=lambda value: str(value))
def test_a_column_that_may_not_be_used_cannot_be_declared(table: str, column: str) -> None:
    for measure in ways_to_read(column):
        if table != "suspensions" and measure.column in ("sessions", "category"):
            continue
        text = refused(feature(source=table, measure=measure, sharing=SharingClass.EDUCATION))
        assert f"'{table}.{column}' is marked {CANONICAL[table][column].usage}" in text


@pytest.mark.parametrize(("table", "column", "code"), CODES, ids=lambda value: str(value))
def test_a_code_that_may_not_be_used_cannot_be_declared(table: str, column: str, code: str) -> None:
    for measure in ways_to_read(column, code):
        if measure.column or not any(isinstance(leaf, IsIn) for leaf in _leaves(measure)):
            continue
        assert f"'{code}' of the list" in refused(feature(source=table, measure=measure, sharing=SharingClass.EDUCATION))


def _leaves(measure: Measure) -> list[Any]:
    inner = _leaves(measure.inner) if measure.inner else []
    return [*leaves(measure.of), *leaves(measure.among), *inner]


@pytest.mark.parametrize("code", ["R", "T", "Y5"])
def test_a_comparison_with_the_year_group_reads_no_such_code_either(code: str) -> None:
    for of, among in (({code}, {"/"}), ({"O"}, {"/", code})):
        measure = against_peers(share(isin("code", of), isin("code", among)))
        assert f"'{code}' of the list" in refused(feature(source="attendance", measure=measure, sharing=SharingClass.SCHOOL, missing=Missing.UNKNOWN))


_EXTENSION = """
from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, count, last_days
from early_id.features.extensions import Extension
from early_id.schema.conditions import isin

MINE = Feature(name="mine_90d", label="Mine", source="{table}", measure=count(isin("{column}", {{"{code}"}})), window=last_days(90),
               direction=Direction.RAISES, sharing=SharingClass.EDUCATION, theme="home", missing=Missing.UNKNOWN, phrase="{{value}}", reason="mine")
EXTENSION = Extension(name="mine", features=(MINE,))
"""


def load(tmp_path: Path, **parts: str) -> Any:
    file = tmp_path / "mine.py"
    file.write_text(_EXTENSION.format(**parts), encoding="utf-8")
    return load_extensions(Config(extensions=(file,)))


def test_a_council_s_own_module_is_held_to_the_same(tmp_path: Path) -> None:
    forbidden = [(table, column, "X") for table, column in RESTRICTED] + CODES
    for table, column, code in forbidden:
        with pytest.raises(DeclarationError, match=r"may not be used in a feature"):
            load(tmp_path, table=table, column=column, code=code)
    in_force = load(tmp_path, table="suspensions", column="category", code="SUSP")
    assert "mine_90d" in {f.name for f in in_force.catalogue} and len(in_force.catalogue) == len(catalogue()) + 1


def test_a_school_feature_reads_what_the_school_holds() -> None:
    for table in CANONICAL.values():
        asked = feature(source=table.name, sharing=SharingClass.SCHOOL)
        if table.sharing is not SharingClass.SCHOOL:
            assert "not held by the school" in refused(asked)
        elif "school_id" not in table:
            assert "does not say which school" in refused(asked) and "school_id" in refused(asked)
        else:
            Catalogue((asked,))
    # Neither by the back door of a custom measure.
    police = custom(lambda rows, cohort: rows["suspensions"], tables=("missing_episodes",))
    assert "'missing_episodes' is not held by the school" in refused(feature(measure=police, sharing=SharingClass.SCHOOL))
    Catalogue((feature(measure=police, sharing=SharingClass.POLICE),))
    pupils = custom(lambda rows, cohort: rows["suspensions"], tables=("pupils",))
    assert "'pupils' does not say which school" in refused(feature(measure=pupils, sharing=SharingClass.SCHOOL))
    # Police facts cannot pass for the education team's, and so reach an audience that may see only those.
    assert "not held by EDUCATION" in refused(feature(source="missing_episodes", sharing=SharingClass.EDUCATION))


_PARTS = share(isin("category", {"SUSP"}), isin("category", {"PERM"}))
HALF_SAID = {
    "no label": ({"label": ""}, "no label"),
    "no phrase": ({"phrase": ""}, "no phrase"),
    "no reason": ({"reason": ""}, "no reason"),
    "no direction": ({"direction": None}, "direction of the feature"),
    "no sharing": ({"sharing": "SCHOOL_AND_ALL"}, "sharing of the feature"),
    "no missing": ({"missing": None}, "missing of the feature"),
    "unknown theme": ({"theme": "attendence"}, "theme 'attendence' is not known"),
    "unknown format": ({"value_format": "percent"}, "value format 'percent'"),
    "unknown blank": ({"phrase": "{child} was away {value} times"}, "unknown blank '{child}'"),
    "unknown measure": ({"measure": Measure("median")}, "measure 'median' is not known"),
    "unknown window": ({"window": Window("last_weeks", 3)}, "window 'last_weeks' is not known"),
    "empty window": ({"window": last_days(0)}, "is empty"),
    "window backwards": ({"window": between_days(90, 365)}, "is empty"),
    "earlier window backwards": ({"measure": change(count(), earlier=between_days(90, 365))}, "is empty"),
    "change of a change": ({"measure": change(change(count(), earlier=last_days(9)), earlier=last_days(9))}, "two windows"),
    "change of nothing": ({"measure": Measure("change")}, "two windows"),
    "total of words": ({"measure": total("category")}, "column of numbers"),
    "latest of nothing": ({"measure": Measure("latest")}, "column of numbers"),
    "share of nothing": ({"measure": Measure("share", of=isin("category", {"SUSP"}))}, "'of' and 'among'"),
    "custom of nothing": ({"measure": Measure("custom")}, "no function"),
    "current on events": ({"measure": current()}, "events, not spells"),
    "code out of the list": ({"measure": count(isin("category", {"FIXED"}))}, "code 'FIXED' is not in the list"),
    "share with a zero": (
        {"measure": share(isin("kind", {"health"}), isin("kind", {"health"})), "source": "notifications", "unit": Unit.FAMILY},
        "no zero",
    ),
}


@pytest.mark.parametrize("name", HALF_SAID)
def test_a_half_said_declaration_does_not_load(name: str) -> None:
    parts, wanted = HALF_SAID[name]
    assert wanted in refused(feature(**parts))


def test_misspelled_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="category"):
        Catalogue((feature(measure=count(isin("categry", {"SUSP"}))),))
    with pytest.raises(SettingsError, match="suspensions"):
        Catalogue((feature(source="suspension"),))
    with pytest.raises(SettingsError, match="missing_episodes"):
        Catalogue((feature(measure=custom(lambda rows, cohort: None, tables=("missing_episode",))),))
    with pytest.raises(SettingsError, match="absence_share_90d"):
        catalogue().only(["absence_share_09d"])
    with pytest.raises(SettingsError, match="suspensions_count_90d"):
        catalogue()["suspension_count_90d"]


def test_two_features_cannot_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="'made_up_90d' is declared twice"):
        Catalogue((feature(), feature(label="Another")))
    with pytest.raises(DeclarationError, match="declared twice"):
        catalogue([dataclasses.replace(catalogue().features[0], label="Mine now")])


def test_the_shipped_catalogue_is_whole() -> None:
    shipped = catalogue()
    assert len(shipped) >= 90
    # Every table that may be read at all but the two that hold no events of children, statutory services and wishes, which may only take a child out, and
    # who belongs to whom, which is for people.
    not_read = {"pupils", "schools", "statutory", "wishes", "relationships", "family_groups", "school_contacts", "addresses"}
    assert {f.source for f in shipped} == set(CANONICAL) - not_read
    assert sum(f.unit is Unit.FAMILY for f in shipped) >= 10 and sum(f.sharing is SharingClass.SCHOOL for f in shipped) >= 35
    assert {str(f.sharing) for f in shipped} == {str(item) for item in SharingClass}
    assert {f.measure.kind for f in shipped} <= MEASURES
    # Factors of households older than 24 months do not count.
    assert all(f.window.first <= 730 for f in shipped if f.source == "household_factors")
    for f in shipped:
        assert all([f.name, f.label, f.phrase, f.reason, f.period_label]) and f.theme in THEMES, f.name
        assert isinstance(f.direction, Direction) and isinstance(f.missing, Missing) and isinstance(f.sharing, SharingClass)
        assert f.name.endswith(f"_{f.window.suffix}") or (f.name.endswith("_now") and f.measure.kind in ("current", "relatives")), f.name
        assert (f.strength_phrase is None) == (f.strength_below is None and f.strength_above is None), f.name
        f.phrase.format(value="5 %", period=f.period_label)
    table = shipped.frame()
    assert table.notna().all(axis=None) and not (table == "").any(axis=None) and table["feature"].tolist() == [f.name for f in shipped]
    assert "absence_share_90d" in shipped._repr_html_() and shipped.hash in repr(shipped)
    assert [f.name for f in shipped.only(["missing_count_90d", "absence_share_90d"])] == ["absence_share_90d", "missing_count_90d"]


def test_the_hash_changes_with_every_change_of_meaning() -> None:
    base = feature(measure=_PARTS, missing=Missing.UNKNOWN)
    others = [
        {"measure": share(isin("category", {"SUSP"}), isin("category", {"PERM"}), at_least=2)},
        {"measure": share(isin("category", {"PERM"}), isin("category", {"PERM"}))},
        {"measure": share(not_(isin("category", {"SUSP"})), isin("category", {"PERM"}))},
        {"measure": change(_PARTS, earlier=between_days(365, 90))},
        {"measure": change(_PARTS, earlier=between_days(365, 91))},
        {"window": last_days(91)}, {"window": between_days(90, 1)}, {"direction": Direction.LOWERS}, {"unit": Unit.FAMILY},
        {"sharing": SharingClass.SCHOOL}, {"missing": Missing.ZERO_IF_COVERED}, {"version": 2}, {"name": "other_90d"},
    ]  # fmt: skip
    hashes = [Catalogue((dataclasses.replace(base, **parts),)).hash for parts in ({}, *others)]
    assert all(a != b for a, b in itertools.combinations(hashes, 2))
    same = feature(measure=share(isin("category", ["SUSP"]), isin("category", "PERM")), missing=Missing.UNKNOWN)
    assert Catalogue((same,)).hash == hashes[0]
    assert Catalogue((base, same := feature("b_90d"))).hash != Catalogue((same, base)).hash


def test_an_extension_brings_tables_that_cannot_replace_canonical_ones() -> None:
    rent = Table("rent", "Rent", (Column("owed", "number"), Column("on", "date"), Column("gender", usage=Usage.NEVER)), happened="on",
                 sharing=SharingClass.EDUCATION)  # fmt: skip
    tables = Tables().plus((rent,))
    Catalogue((feature(source="rent", measure=total("owed")),), tables)
    assert "'rent.gender' is marked never" in refused(feature(source="rent", measure=count(isin("gender", {"F"}))), tables)
    with pytest.raises(DeclarationError, match="canonical"):
        Tables().plus((Table("attendance", "Mine", (), sharing=SharingClass.SCHOOL),))


_OWN_TABLE = """
from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, count, last_days
from early_id.features.extensions import Extension
from early_id.schema.tables import Column, Table

RENT = Table("rent", "Rent", (Column("on", "date", required=True),), happened="on"{more})
MINE = Feature(name="rent_90d", label="Rent", source="rent", measure=count(), window=last_days(90), direction=Direction.RAISES,
               sharing=SharingClass.SCHOOL, theme="home", missing=Missing.UNKNOWN, phrase="{{value}}", reason="mine")
EXTENSION = Extension(name="rent", tables=(RENT,), features=(MINE,))
"""
OWN_TABLES = {
    "nobody said to hold it": ("", r"does not say who holds its records(.|\n)*Write sharing=SharingClass\.SCHOOL"),
    "held by another": (", sharing=SharingClass.HOUSING_FINANCE", "not held by the school"),
    "held by the school, and no school named": (", sharing=SharingClass.SCHOOL", r"does not say which school(.|\n)*one_school=True"),
    "held by the one school of each person": (", sharing=SharingClass.SCHOOL, one_school=True", None),
}


@pytest.mark.parametrize("name", OWN_TABLES)
def test_a_council_s_own_table_says_who_holds_it_and_which_school_a_row_is_of(tmp_path: Path, name: str) -> None:
    more, wanted = OWN_TABLES[name]
    file = tmp_path / "mine.py"
    file.write_text(_OWN_TABLE.format(more=more), encoding="utf-8")
    if wanted is None:
        assert "rent_90d" in {f.name for f in load_extensions(Config(extensions=(file,))).catalogue}
        return
    with pytest.raises(DeclarationError, match=wanted):
        load_extensions(Config(extensions=(file,)))


BROKEN = {
    "no file": (None, SettingsError, "was not found"),
    "no extension": ("X = 1", SettingsError, "holds no EXTENSION"),
    "an error": ("1 / 0", DeclarationError, "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_module_that_cannot_be_loaded_says_so(tmp_path: Path, name: str) -> None:
    text, kind, wanted = BROKEN[name]
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(kind, match=wanted):
        load_extensions(Config(extensions=(file,)))


def test_two_files_of_one_name_are_two_extensions_and_need_a_name_each(tmp_path: Path) -> None:
    text = 'from early_id.features.extensions import Extension\nEXTENSION = Extension(name="{}")\n'
    rent, housing = tmp_path / "rent" / "ours.py", tmp_path / "housing" / "ours.py"
    for file in (rent, housing):
        file.parent.mkdir()
        file.write_text(text.format(file.parent.name), encoding="utf-8")
    assert load_extensions(Config(extensions=(rent, housing))).extensions == ("rent", "housing")
    housing.write_text(text.format("rent"), encoding="utf-8")
    with pytest.raises(SettingsError, match="Two extensions are called 'rent'") as caught:
        load_extensions(Config(extensions=(rent, housing)))
    assert rent.as_posix() in str(caught.value) and housing.as_posix() in str(caught.value) and "another name" in str(caught.value)
    with pytest.raises(SettingsError, match="named twice"):
        load_extensions(Config(extensions=(rent, rent)))
