"""Automatic leak test: does a feature know what it could not have known on its date?"""
