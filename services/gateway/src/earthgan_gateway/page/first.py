"""The first field that the page shows, small enough to be sent with the page. Browsers compute all others."""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

import numpy as np

from earthgan.errors import DamagedSurrogate
from earthgan.surrogate import Surrogate
from earthgan_gateway import catalog

#: The page's pictures have so many steps from the first colour to the last, so more would not be seen.
_STEPS = 254


def first_field(surrogate: Surrogate) -> dict[str, Any] | None:
    """The field of `catalog.first_view` as the time step codes it. `values` are zlib in base64, of bytes `(latitude,
    longitude)`: the steps between `low`, 0, and `high`, as differences along rows and then along columns, modulo 256.

    None if a code alone does not say the field, and if it cannot be read: then browsers see why.
    """
    view = catalog.first_view(surrogate)
    try:
        shell = surrogate.coded_shell(**view)
    except DamagedSurrogate:
        return None
    if shell is None:
        return None
    ends = surrogate.spec.variables[surrogate.variables.index(view["variable"])].range
    low, high = min(ends[0], float(shell.min())), max(ends[1], float(shell.max()))
    steps = np.rint((shell - low) * (_STEPS / (high - low))).astype(np.uint8)
    rises = np.diff(np.diff(steps, axis=1, prepend=np.uint8(0)), axis=0, prepend=np.uint8(0))
    values = b64encode(zlib.compress(rises.tobytes(), 9)).decode()
    return {**view, "low": low, "high": high, "values": values}
