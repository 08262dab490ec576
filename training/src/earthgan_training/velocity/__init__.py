"""Velocity from temperature: fits the Stokes relation to a simulation's files, and finds out where it
can be trusted.
"""
