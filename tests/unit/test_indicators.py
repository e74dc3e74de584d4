"""The table of situations is complete, names features that exist, and reads well."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from early_id.cli import inspect
from early_id.cli.app import app
from early_id.core.errors import DeclarationError
from early_id.features import catalogue
from early_id.features.indicators import EDITION, GUIDANCE, INDICATORS, PRACTICE, Indicator, check_indicators, indicators_frame
from early_id.present.wording import check_words

assert inspect  # importing it registers the command
#: The situations of Working Together 2023 and those that practitioners add, each by words that its title has to hold.
GUIDED = (
    "disabled", "special educational needs", "young carer", "lost somebody", "gangs", "goes missing", "trafficked", "extremism", "online",
    "domestic abuse in the family", "uses alcohol or drugs", "mental ill health", "from care", "privately fostered", "in prison", "persistently absent",
    "permanently excluded",
)  # fmt: skip
PRACTISED = ("Debt", "Behaviour", "Alcohol or drug use", "home", "Mental health", "separate", "alone")


def test_each_of_the_twenty_four_situations_is_there_once() -> None:
    for source, words in ((GUIDANCE, GUIDED), (PRACTICE, PRACTISED)):
        mine = [one for one in INDICATORS if one.source == source]
        assert len(mine) == len(words)
        for one, word in zip(mine, words, strict=True):
            assert word in one.title
    assert len({one.key for one in INDICATORS}) == 24
    assert "2023" in EDITION and "2026" in EDITION


def test_each_has_features_that_are_declared_or_one_sentence_why_not() -> None:
    names = [feature.name for feature in catalogue()]
    check_indicators(names)
    for one in INDICATORS:
        assert one.features or one.why_not, one.key
        assert len(set(one.features)) == len(one.features), one.key
        if one.why_not:
            assert re.fullmatch(r"[A-Z][^.]+\.", one.why_not), one.key
        assert check_words(f"{one.title} {one.why_not}") == (), one.key
    with pytest.raises(DeclarationError, match="bereavement_730d"):
        check_indicators([name for name in names if name != "bereavement_730d"])
    with pytest.raises(DeclarationError, match="no reason why"):
        Indicator("new", "Something new", GUIDANCE)


def test_the_command_prints_the_table_for_people_and_for_programs() -> None:
    said = CliRunner().invoke(app, ["features", "list", "--indicators"]).stdout
    for one in INDICATORS:
        assert one.title in said
    assert "No sign is used" in said and "2026 edition" in said
    assert "Health: A death in the family" in said and max(map(len, said.splitlines())) <= 110
    table = indicators_frame(catalogue())
    assert len(table) == 24 and table["named by"].value_counts().tolist() == [17, 7]
    assert table["signs used"][3] == "A death in the family (health)"
    assert all(bool(signs) or bool(reason) for signs, reason in zip(table["signs used"], table["not used, because"], strict=True))
    given = json.loads(CliRunner().invoke(app, ["features", "list", "--indicators", "--json"]).stdout)
    assert given["edition"] == EDITION
    assert [one["key"] for one in given["indicators"]] == [one.key for one in INDICATORS]
    assert given["indicators"][3]["features"] == ["bereavement_730d"]
