"""What comes back: follow-up of what met no threshold, decisions about lists, what help was given, what was seen too late."""
