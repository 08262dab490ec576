"""`earthgan inspect` says what was understood of a source, and what looks suspicious.

`report` gathers both. `damage` looks for damaged shells, and `picture` draws what it finds. `command` is the command
line.
"""
