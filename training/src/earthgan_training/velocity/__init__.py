"""Velocity from temperature: the Stokes relation fitted to a simulation's files, and where it can be trusted."""
