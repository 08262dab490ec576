"""NPY files, which NumPy and the web page read. They hold the array alone."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from earthgan_gateway.formats.contents import Contents


def encode(values: NDArray[np.float32], _: Contents) -> bytes:
    """Write an NPY file of an array as little-endian float32. The format has no room for a description."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values, dtype="<f4"), allow_pickle=False)
    return file.getvalue()
