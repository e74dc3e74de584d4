"""Pages about what was taken in: for the analyst, and one for each supplier of records. Counts only."""
