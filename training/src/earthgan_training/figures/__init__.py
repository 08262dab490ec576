"""`earthgan figures`: pictures of a surrogate for papers and lectures, beside the truth where it is at hand.

Each kind of figure is a module: `preparation`, `size`, `comparison`, `shells`, `animation`, `profiles`. They share
where fields come from (`sources`), how a globe becomes a map (`projection`, `globe_map`), what its colours mean
(`scale`) and the page it is on (`page`). `run` decides what is drawn.
"""
