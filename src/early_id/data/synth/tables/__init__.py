"""Published tables the made-up council is calibrated to (package data; see README.md)."""
