"""Explanations: exact contributions, themes, and plain sentences from them."""
