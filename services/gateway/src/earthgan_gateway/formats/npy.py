"""NPY: the bare array, for NumPy and for the page."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from earthgan_gateway.formats.contents import Contents


def encode(values: NDArray[np.float32], _: Contents) -> bytes:
    """The NPY file of an array, float32, little-endian. The format has no room for more."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values, dtype="<f4"), allow_pickle=False)
    return file.getvalue()
