"""What every floor needs and imports nothing of ours: errors, calendar, privacy, findings, display, fingerprints."""
