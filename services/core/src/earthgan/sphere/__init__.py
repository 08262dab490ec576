"""Places on the globe: shell grids, values between their points, tiles, great circles, statistics over area."""
