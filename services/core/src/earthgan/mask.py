"""The cells of a surrogate's grid that have no value, although the generator computes a number there."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid


@dataclass(frozen=True)
class Mask:
    """One bit for each cell, 1 where there is no value.

    `bits` has the shape `(variable, shell, latitude, byte)`. A byte holds eight neighbouring columns, the westernmost
    in its highest bit. If all variables share the bits, its first axis has one entry. A file holds the bytes deflated.
    """

    bits: NDArray[np.uint8]
    columns: int

    @classmethod
    def of(cls, hidden: NDArray[np.bool_]) -> Mask:
        """Pack whether cells have no value: `(shell, latitude, longitude)`, or one such array for each variable."""
        return cls(np.packbits(hidden if hidden.ndim == 4 else hidden[None], axis=-1), hidden.shape[-1])

    @classmethod
    def read(cls, data: bytes, variables: int, grid: ShellGrid) -> Mask:
        """Read a file's bytes. Raises ValueError unless they hold the bits of one variable, or of all, on the grid."""
        shells, rows, columns = grid.shape
        shape = shells, rows, math.ceil(columns / 8)
        stream = zlib.decompressobj()
        try:
            content = stream.decompress(data, variables * math.prod(shape) + 1)  # no bomb grows beyond this
        except zlib.error as error:
            raise ValueError("is not a deflated mask") from error
        if len(content) not in (math.prod(shape), variables * math.prod(shape)):
            raise ValueError(f"does not hold a bit for each cell of the grid {grid.shape}")
        return cls(np.frombuffer(content, np.uint8).reshape(-1, *shape), columns)

    @property
    def share(self) -> float:
        """The share of the cells that have no value."""
        return float(np.unpackbits(self.bits, axis=-1, count=self.columns).mean())

    def to_bytes(self) -> bytes:
        return zlib.compress(self.bits.tobytes(), 9)

    def cut(
        self,
        variables: Sequence[int],
        shells: Sequence[int] | NDArray[np.intp],
        rows: Sequence[int] | NDArray[np.intp],
        columns: Sequence[int] | NDArray[np.intp],
    ) -> NDArray[np.bool_]:
        """Whether cells `(variable, shell, row, column)` have no value. Columns may run over the date line."""
        own = np.minimum(variables, len(self.bits) - 1)
        bits = self.bits[np.ix_(own, np.asarray(shells), np.asarray(rows))]
        hidden = np.unpackbits(bits, axis=-1, count=self.columns).view(np.bool_)
        return np.asarray(hidden[..., np.asarray(columns) % self.columns])

    def nearest(self, variables: Sequence[int], own: ShellGrid, other: ShellGrid) -> NDArray[np.bool_]:
        """The same on another grid `(variable, shell, latitude, longitude)`: each cell takes the nearest one's bit."""
        turns = np.subtract.outer(other.longitudes_deg, own.longitudes_deg)
        return self.cut(
            variables,
            np.abs(np.subtract.outer(other.radii_km, own.radii_km)).argmin(axis=1),
            np.abs(np.subtract.outer(other.latitudes_deg, own.latitudes_deg)).argmin(axis=1),
            np.abs((turns + 180) % 360 - 180).argmin(axis=1),
        )
