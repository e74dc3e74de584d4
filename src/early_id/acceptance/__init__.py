"""Verdict from a trial and an audit, and whether lists may be written (floor 7)."""
