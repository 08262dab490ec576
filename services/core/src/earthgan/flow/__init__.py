"""The velocity that follows from temperature, and the shells on which a surrogate relies on it."""
