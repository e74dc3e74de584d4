"""The same records in the shapes that councils hold: ``declare`` names them, ``write`` makes them.

``records`` is what was known on a day, ``cases``, ``recurring``, ``care`` and ``extra`` are what the shapes need beyond the extracts, ``registers``
the marks as a school's register shows them; ``dates`` and ``xml`` are tools. The others write one shape each, or a part of it.
"""
