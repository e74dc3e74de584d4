"""Rules, learned models, honest splits, evaluation at the list's capacity, tracking and registry (floor 5)."""
