"""People as each agency knows them: who is related to whom, who lives where, and what each agency has wrong."""
