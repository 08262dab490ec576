"""Shells as they are kept: 16 bits a number between the shell's extremes, float16's size at a sixtieth of its error.

A code is a step of `(largest - smallest) / 65534`; 65535 stands for "no value".
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<ff")
_STEPS = 65534
_NO_VALUE = 65535


def pack(values: NDArray[np.float32]) -> bytes:
    """The bytes of an array; its shape is not among them."""
    missing = np.isnan(values)
    if missing.all():
        return _HEADER.pack(0, 0) + np.full(values.shape, _NO_VALUE, dtype="<u2").tobytes()
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scale = (high - low) / _STEPS or 1.0  # a constant shell has one code
    codes = np.where(missing, _NO_VALUE, np.rint((values.astype(np.float64) - low) / scale)).astype("<u2")
    return _HEADER.pack(low, scale) + codes.tobytes()


def unpack(packed: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The float32 values that `pack` was given, within half a step."""
    low, scale = _HEADER.unpack_from(packed)
    codes = np.frombuffer(packed, dtype="<u2", offset=_HEADER.size).reshape(shape)
    values = codes * np.float32(scale) + np.float32(low)
    values[codes == _NO_VALUE] = np.nan
    return values
