"""Flow: the velocity that a temperature drives, and where a surrogate relies on it."""
