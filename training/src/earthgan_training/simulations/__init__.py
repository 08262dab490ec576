"""How the files of simulations are read: the layouts they come in, and mappings for those of others."""
