"""`earthgan prepare`: a simulation's files made into a dataset that trains: truth and conditional input of each step.

`layout` says how files are laid out (`mapping` reads that from TOML), `source` reads them, `inspection` looks for
damaged shells, `default` and `paper` are the presets, `work` prepares one step in a worker process, `spread` spreads
steps over Dask, `run` makes a dataset of them, `dataset` is what trains reads, `command` the command line.
"""
