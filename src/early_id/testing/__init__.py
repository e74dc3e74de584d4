"""For tests, the package's own and a council's: an in-memory store, random councils, and a slow, obvious twin of the engine.

Nothing shipped imports this package.
"""
