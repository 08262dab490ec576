"""Slabs and plumes: connected regions that are colder than their surroundings and sink, or hotter and rise."""
