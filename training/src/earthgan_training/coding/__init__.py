"""Makes spectral surrogates: radial modes and tables from training steps, and the code of any step."""
