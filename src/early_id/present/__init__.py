"""Pages, charts, workbooks and small counts, made from plain values."""
