"""What comes in: files of every kind, archives, databases, snapshots; what each is recognised by; how its rows become those of a table.

``recognise`` tells the shape of a file by its columns; ``delimited``, ``workbook``, ``xml``, ``archive`` and ``database`` read; ``unfold`` brings
rows into reach of a shape; ``snapshots`` knows their days; ``others`` is the table of recognised records that no list reads.
"""
