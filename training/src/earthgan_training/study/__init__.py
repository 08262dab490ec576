"""`earthgan study` runs small experiments on a prepared data set. Each answers one question about the design of the
generator.

`result.py` defines the result of a study and the rule that judges it. `run.py` names the studies. Each study is a
module.
"""
