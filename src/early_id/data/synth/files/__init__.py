"""Records as tables, and tables as the files that a council's systems send."""
