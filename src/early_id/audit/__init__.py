"""Whether the list finds some groups' children less often, or lists them without need more often, and what cannot be told."""
