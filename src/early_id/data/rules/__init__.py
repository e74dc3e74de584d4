"""Coded checks of incoming rows."""

from early_id.data.rules.declare import Rule
from early_id.data.rules.library import BUILT_IN, RULES, all_rules, checking, error_codes, only, register_rule, rule_named

__all__ = ["BUILT_IN", "RULES", "Rule", "all_rules", "checking", "error_codes", "only", "register_rule", "rule_named"]
