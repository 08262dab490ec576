"""`earthgan evaluate` measures how close a surrogate is to the ground truth, and what other methods achieve with the
same bytes.

`run` is the use case. `grids` has the grid for all comparisons. `inputs` and `prediction` let the surrogate compute a
time step that it has never seen. `accuracy`, `spectrum`, `flow`, `artefacts` and `ensemble` are the measures, and
`scores` combines them. `interpolation` and `codecs` are the rivals, and `rivals` runs them. `footprint` counts bytes.
`results`, `table`, `markdown` and `pictures` present the results.
"""
