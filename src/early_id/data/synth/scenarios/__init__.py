"""Scenarios: what can be planted, what acts while the council is drawn, what acts on records."""
