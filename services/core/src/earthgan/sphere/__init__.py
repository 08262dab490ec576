"""Places on the globe: shell grids, values between their points, vectors, tiles, great circles, area statistics."""
