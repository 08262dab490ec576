"""Fields on latitudes and longitudes to spherical harmonics, and back."""
