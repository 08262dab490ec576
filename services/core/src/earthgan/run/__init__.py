"""A surrogate as researchers use it in Python: `earthgan.open`, lazy data sets, and folders on file servers."""
