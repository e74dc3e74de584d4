"""Identifiers: the published test vectors, in Python, in the SQL of the rules, and in the made-up council alike."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from early_id.data.rules import RULES
from early_id.data.synth.population.identifiers import make_upns, spoil_upn, upn_letter
from early_id.linkage.identifiers import LETTERS, nhs_number_is_valid, upn_is_valid, valid_or_missing

#: Vectors of the data standards, section 6; the vendor's published example Q207000016049 breaks the rule.
UPNS = {"B801200005001": True, "A801200005001": False, "M80120000500A": True, "Q207000016049": False, "P207000016049": True}
NHS = {"9434765919": True, "9434765870": True, "9434765918": False, "943 476 5919": True, "9276308686": False}


@pytest.mark.parametrize(("upn", "valid"), UPNS.items())
def test_upn_vectors(upn: str, valid: bool) -> None:
    assert upn_is_valid(upn) is valid


@pytest.mark.parametrize("upn", [None, "", "B80120000500", "B8012000050011", "b801200005001", "I801200005001", "B80120000500O", "B80120000A001", 7])
def test_a_upn_of_another_form_is_not_valid(upn: object) -> None:
    assert upn_is_valid(upn) is False  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "valid"), NHS.items())
def test_nhs_number_vectors(number: str, valid: bool) -> None:
    assert nhs_number_is_valid(number) is valid


@pytest.mark.parametrize("number", [None, "", "943476591", "94347659190", "943476591X", "1111111111", "0000000000"])
def test_an_nhs_number_of_another_form_is_not_valid(number: str | None) -> None:
    assert nhs_number_is_valid(number) is False


def test_an_nhs_number_whose_check_digit_would_be_ten_does_not_exist() -> None:
    # 1000000010: 1·10 + 1·2 = 12, 11 - 12 mod 11 = 10.
    assert not any(nhs_number_is_valid(f"100000001{digit}") for digit in range(10))
    # 11 becomes 0: the weighted sum of 0000000600 up to the check digit is a multiple of 11.
    assert nhs_number_is_valid("0000007400") is ((7 * 4 + 4 * 3) % 11 == 0)


def test_the_rule_for_upns_and_the_one_for_linking_agree() -> None:
    rng = np.random.default_rng(3)
    made = make_upns(rng.integers(2008, 2021, 40))
    temporary = [f"{body}{LETTERS[n % 23]}" for n, body in enumerate(u[:12] for u in made)]
    mixed = [*UPNS, *made, *(spoil_upn(u) for u in made), *temporary, *(upn_letter(u[1:]) + u[1:] for u in temporary if u[1:].isdigit())]
    letter, form = (rule.predicate for rule in RULES if rule.code in ("PUP001", "PUP003"))
    wrong = duckdb.connect().execute(f"SELECT upn, ({letter}) OR ({form}) FROM (SELECT unnest(?) AS upn)", [mixed]).fetchall()
    assert {upn for upn, is_wrong in wrong if not is_wrong} == {upn for upn in mixed if upn_is_valid(upn)}
    assert {is_wrong for _, is_wrong in wrong} == {True, False}


def test_values_are_tidied_and_wrong_ones_left_out() -> None:
    values = pd.Series([" b801200005001", "A801200005001", None, "B801 2000 05001"], index=[5, 6, 7, 8])
    assert valid_or_missing(values, upn_is_valid).to_dict() == {5: "B801200005001", 6: None, 7: None, 8: "B801200005001"}
