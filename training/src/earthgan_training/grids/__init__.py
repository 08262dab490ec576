"""Resampling from one grid to another."""
