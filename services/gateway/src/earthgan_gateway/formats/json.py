"""JSON files of radial shells, which any language can read without a library."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from earthgan_gateway.formats.contents import Contents


def encode(values: NDArray[np.float32], contents: Contents) -> bytes:
    """Write a shell `(latitude, longitude)` as nested lists; null means "no value".

    Each number is the shortest text that reads back as the same float32.
    """
    texts = np.where(np.isfinite(values), values.astype("U"), "null")
    rows = ",\n".join("[" + ",".join(row) + "]" for row in texts.tolist())
    head = {
        "variable": contents.variable,
        "unit": contents.unit,
        "latitudes_deg": list(contents.grid.latitudes_deg),
        "longitudes_deg": list(contents.grid.longitudes_deg),
    }
    return f'{json.dumps(head)[:-1]}, "values": [{rows}]}}\n'.encode()
