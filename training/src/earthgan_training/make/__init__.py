"""From somebody's file to a surrogate folder and a page, in one command.

`goal` says what was asked for, and `code` what a way to store fields offers. `choice` finds the better way by trying
both on the data, `run` makes the folder and can be interrupted, and `measure`, `rival` and `report` say how good it is.
`view` serves the result from a cache. `api` is the same for a program, and `example` writes files to try it with.
"""
