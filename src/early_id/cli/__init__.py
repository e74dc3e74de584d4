"""The command line: one thin command for each step."""

from early_id.cli.app import main

__all__ = ["main"]
