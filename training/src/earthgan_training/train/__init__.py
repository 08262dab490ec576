"""`earthgan train` trains a generator on a prepared data set: first a content warm-up, then the adversarial stage.

`loop.py` holds the training itself; read it first. `config.py` lists the options. `samples.py` makes the samples.
`losses.py` and `critic.py` hold what training minimises. The presets are `configs/*.toml` beside this folder.
"""
