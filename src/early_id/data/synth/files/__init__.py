"""Records as tables, and tables as the files that a council's systems send.

``extracts`` and ``returns`` (columns for statutory returns) make tables, ``writers`` the files, ``instructions`` the settings and the
note beside them, ``room`` looks for room on the disk, ``order`` shuffles.
"""
