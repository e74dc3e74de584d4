"""Session marks: how much each pupil is absent, on which days, with which code, and the files they lie in."""
