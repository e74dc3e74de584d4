"""Lists of families to think about: chosen within capacity, explained, written whole or not at all."""
