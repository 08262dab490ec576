"""`earthgan figures` draws pictures of a surrogate for papers and lectures, beside the ground truth if it is available.

Each kind of figure is a module: `preparation`, `size`, `comparison`, `shells`, `animation`, `profiles`. They share
`sources`, where fields come from; `projection` and `globe_map`, which turn a globe into a map; `scale`, which gives
colours their meaning; and `page`, the layout of a page. `run` decides what is drawn.
"""
