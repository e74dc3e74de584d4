"""The steps of the main job in their order."""
