"""`earthgan evaluate`: how close a surrogate is to the truth, and what the same bytes buy elsewhere.

`run` is the use case; `grids` the grid that everything is compared on; `inputs` and `prediction` make the surrogate
answer for a step it has never seen; `accuracy`, `spectrum`, `flow`, `artefacts` and `ensemble` are the measures;
`interpolation` and `codecs` the rivals; `footprint` counts bytes; `results`, `table`, `markdown` and `pictures` tell.
"""
