"""What is true and no agency knows, written beside the extracts, never into them.

``labels``: who should have been helped, and bias by group; ``files``: every file of ``truth/`` but those about people, which
``agencies.people_truth`` writes.
"""
