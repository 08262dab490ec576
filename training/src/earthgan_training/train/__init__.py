"""`earthgan train`: content warm-up, then the adversarial stage, on a prepared dataset.

`loop.py` is the training, to be read first; `config.py` says what can be chosen, `samples.py` what is trained on,
`losses.py` and `critic.py` what is minimised. The presets are `configs/*.toml` beside this folder.
"""
