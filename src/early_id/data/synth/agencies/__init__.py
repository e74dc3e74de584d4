"""People as each agency knows them: who is related to whom, who lives where, and what each agency has wrong.

``known`` is the order of it. The world: ``kin``, ``homes``, ``adults``, ``adoption``. The agencies: ``sources`` with their rates of error,
``desk`` for changing a record, ``names``, ``renames``, ``births``, ``numbers``, ``addresses``, ``additions``, ``belonging``. Canaries: ``canary_table``,
``canary_records``. The truth: ``people_truth``.
"""
