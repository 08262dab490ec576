"""Packed shells: 16 bits for each number, scaled to the shell's extremes.

They take as much memory as float16 and have a sixtieth of its error. A code counts steps of
`(largest - smallest) / 65534` above the smallest value, and 65535 stands for "no value". Every reader gets the numbers
that the codes stand for, whether the shell was just computed or comes from a cache.

Shells of an exact surrogate, which states how far each cell may be off, are kept as float32 instead.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A part of every key. Change it when the same shell would be stored or read differently.
VERSION = "uint16-1"

_HEADER = struct.Struct("<ff")
_STEPS = 65534
_NO_VALUE = 65535


@dataclass(frozen=True)
class Packed:
    """A shell as codes `(latitude, longitude)`. A code stands for `low + scale * code` in float32, or if it is itself a
    float32 number, for this number.
    """

    low: np.float32
    scale: np.float32
    codes: NDArray[np.uint16] | NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.float32], exact: bool = False) -> Packed:
        """Pack float32 values `(latitude, longitude)` as the nearest codes, or as they are if `exact`. NaN means "no
        value".
        """
        if exact:
            return cls(np.float32(0), np.float32(1), values.astype("<f4"))
        missing = np.isnan(values)
        if missing.all():
            return cls(np.float32(0), np.float32(0), np.full(values.shape, _NO_VALUE, dtype="<u2"))
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        scale = (high - low) / _STEPS or 1.0  # a constant shell has one code
        codes = np.where(missing, _NO_VALUE, np.rint((values.astype(np.float64) - low) / scale)).astype("<u2")
        return cls(np.float32(low), np.float32(scale), codes)

    @classmethod
    def read(cls, data: bytes, shape: tuple[int, int]) -> Packed:
        """Read what `to_bytes` wrote. The bytes do not contain the shape. Raises ValueError if the size is wrong."""
        low, scale = _HEADER.unpack_from(data)
        exact = len(data) - _HEADER.size == 4 * shape[0] * shape[1]
        codes = np.frombuffer(data, dtype="<f4" if exact else "<u2", offset=_HEADER.size).reshape(shape)
        return cls(np.float32(low), np.float32(scale), codes)

    def to_bytes(self) -> bytes:
        """Return a header of `low` and `scale`, followed by the codes, all little-endian."""
        return _HEADER.pack(self.low, self.scale) + self.codes.tobytes()

    def values(self) -> NDArray[np.float32]:
        """Return the float32 values that the codes stand for. They are within half a step of the packed values."""
        if self.codes.dtype.kind == "f":
            return self.codes.astype(np.float32)
        values = self.codes * self.scale + self.low
        values[self.codes == _NO_VALUE] = np.nan
        return values
