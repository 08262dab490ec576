"""`earthgan seed`, which draws tiles ahead of time into a folder, into PMTiles archives, or into the gateways' Redis.

`plan` decides what to draw, and `outputs` writes it. `work` draws one shell in a worker process, `run` distributes
the shells, `metadata` describes the result, and `commands` reads the command line.
"""
