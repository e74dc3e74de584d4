"""Session marks: ``attendance`` says how much each pupil is absent in a year, ``make`` turns that into marks.

``days`` places absences on days, ``causes`` holds what shuts a school or keeps a pupil away for a reason of its own, ``codes`` the codes
by number; ``blocks`` makes the marks of 1,000 children with their faults, ``files`` writes block after block.
"""
