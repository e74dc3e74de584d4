"""Scenarios: ``declare`` names what can be planted and how large; ``biases`` acts while the council is drawn, ``distortions`` on records.

``second_outcome`` writes what reviewers without bias would have found.
"""
