"""`earthgan study`: small experiments on a prepared data set, each one question about how the generator is made.

`result.py` says what a study gives and by which rule it is judged; `run.py` names the studies, each a module.
"""
