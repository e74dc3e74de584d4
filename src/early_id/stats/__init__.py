"""Rates, intervals, tests and ranking measures on plain numpy arrays; knows nothing of children or models."""
