"""All rules: those shipped, by subject in the modules beside this one, and those that a council's extension adds.

Faults follow ``data_quality_rules`` of the data standards; CINV and 903V name the public validators they restate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from early_id.core.errors import DeclarationError
from early_id.core.types import Severity
from early_id.data.rules import care, general, marks, people, school
from early_id.data.rules.declare import Rule
from early_id.data.rules.general import BUILT_IN
from early_id.data.sources.findings import FILE_RULES

RULES: tuple[Rule, ...] = (*people.RULES, *marks.RULES, *school.RULES, *care.RULES, *general.RULES)

_SHIPPED = {rule.code for rule in (*RULES, *BUILT_IN, *FILE_RULES)}
_ADDED: dict[str, Rule] = {}
_in_force: tuple[Rule, ...] | None = None


def register_rule(rule: Rule) -> None:
    """Add a council's own rule (through an extension); a shipped rule cannot be replaced.

    Raises
    ------
    DeclarationError
        The code is that of a shipped rule, or the scope is one that ingest keeps to itself.
    """
    if rule.code in _SHIPPED:
        raise DeclarationError(
            f"The rule '{rule.code}' is shipped with the package and cannot be replaced.", what_next="Give yours another code, such as LOC001."
        )
    if rule.scope == "intake":
        raise DeclarationError(f"The rule '{rule.code}' has the scope 'intake', which is ingest's own.", what_next="Use 'row', 'records' or 'store'.")
    _ADDED[rule.code] = rule


@contextmanager
def only(*rules: Rule) -> Iterator[None]:
    """These rules alone are in force, beside those that ingest applies by itself: to try a rule."""
    global _in_force
    before, _in_force = _in_force, rules
    try:
        yield
    finally:
        _in_force = before


def _rules() -> tuple[Rule, ...]:
    return (*RULES, *_ADDED.values()) if _in_force is None else _in_force


def checking(scope: str, table: str | None = None) -> tuple[Rule, ...]:
    """The rules of a scope in force, of one table or of all."""
    return tuple(rule for rule in _rules() if rule.scope == scope and (table is None or rule.applies_to(table)))


def all_rules() -> tuple[Rule, ...]:
    """Every rule in force, in order of code."""
    return tuple(sorted((*_rules(), *BUILT_IN, *FILE_RULES), key=lambda rule: rule.code))


def rule_named(code: str) -> Rule | None:
    """The rule with a code; None for one that a store was written with and that exists no more."""
    return next((rule for rule in all_rules() if rule.code == code), None)


def error_codes() -> tuple[str, ...]:
    """Codes that set a row aside."""
    return tuple(rule.code for rule in all_rules() if rule.severity is Severity.ERROR or rule.sets_aside)
