"""Makes spectral surrogates: fits radial modes and tables to training steps, and encodes time steps."""
