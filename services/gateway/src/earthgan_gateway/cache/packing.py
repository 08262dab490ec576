"""Shells as they are kept: 16 bits a number between the shell's extremes, float16's size at a sixtieth of its error.

A code is a step of `(largest - smallest) / 65534`; 65535 stands for "no value". Every reader gets the numbers that the
codes stand for, whether the shell was computed a moment ago or comes from a cache.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Part of every key: raise it when the same shell would be stored, or read, differently.
VERSION = "uint16-1"

_HEADER = struct.Struct("<ff")
_STEPS = 65534
_NO_VALUE = 65535


@dataclass(frozen=True)
class Packed:
    """A shell as codes `(latitude, longitude)`: a code stands for `low + scale * code`, in float32."""

    low: np.float32
    scale: np.float32
    codes: NDArray[np.uint16]

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> Packed:
        """The codes that are nearest to values; NaN is "no value"."""
        missing = np.isnan(values)
        if missing.all():
            return cls(np.float32(0), np.float32(0), np.full(values.shape, _NO_VALUE, dtype="<u2"))
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        scale = (high - low) / _STEPS or 1.0  # a constant shell has one code
        codes = np.where(missing, _NO_VALUE, np.rint((values.astype(np.float64) - low) / scale)).astype("<u2")
        return cls(np.float32(low), np.float32(scale), codes)

    @classmethod
    def read(cls, data: bytes, shape: tuple[int, int]) -> Packed:
        """The shell of `to_bytes`, whose shape is not among the bytes. Raises ValueError for another size."""
        low, scale = _HEADER.unpack_from(data)
        codes = np.frombuffer(data, dtype="<u2", offset=_HEADER.size).reshape(shape)
        return cls(np.float32(low), np.float32(scale), codes)

    def to_bytes(self) -> bytes:
        """A header of `low` and `scale`, then the codes, little-endian."""
        return _HEADER.pack(self.low, self.scale) + self.codes.tobytes()

    def values(self) -> NDArray[np.float32]:
        """The float32 values that the codes stand for, within half a step of those that were packed."""
        values = self.codes * self.scale + self.low
        values[self.codes == _NO_VALUE] = np.nan
        return values
