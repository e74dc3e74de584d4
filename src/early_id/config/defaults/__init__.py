"""Shipped defaults; a file of the same name beside the settings file takes its place."""
