"""The geometry of the globe: shell grids, interpolation, vectors, tiles, great circles, and area statistics."""
