"""Transforms between fields on latitudes and longitudes and spherical harmonics."""
