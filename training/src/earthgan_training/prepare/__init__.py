"""`earthgan prepare` makes a data set for training from a simulation's files: the ground truth and the conditional
input of each time step.

`default` and `paper` are the presets, and `recipe` holds their settings. `work` prepares one time step in a worker
process. `run` makes a data set from all of them, and `spec` describes it. `dataset` reads it for training. `command`
is the command line.
"""
