"""Readers for the files of simulations: known layouts, and mappings that describe other layouts."""
