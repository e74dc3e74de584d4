"""Canonical tables, code lists with validity dates, conditions, and the data dictionary."""
