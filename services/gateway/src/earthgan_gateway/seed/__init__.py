"""`earthgan seed`: tiles drawn before anybody asks for them, into a folder, PMTiles archives, or the gateways' Redis.

`plan` says what is to be drawn, `outputs` where it goes, `work` draws one shell in a worker process, `run` spreads
shells over Dask, `commands` reads the command line.
"""
