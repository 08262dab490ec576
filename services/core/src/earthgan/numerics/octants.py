"""Sums of products of fields, such as an advection, without ever putting their values in the order of a grid.

A product needs both fields at the same places, in any order. So rows and columns stay folded. A place has seven mirror
images: north and south, about the meridian of longitude 0, and about the meridians of longitude 90 degrees. What is
known of a field are eight sums over its harmonics: those that are even and odd in latitude, those of even and odd
orders, and those of cosines and sines. Each mirror image is the sum of the eight, with signs that depend on nothing
else. The signs are Hadamard's matrix, which is symmetric, so it also leads back. Hence the sums over orders run over a
quarter of the columns and half of the orders.

Arrays of `Octants` are `(2, 2, 2, column, ..., row)`: eight mirror images of a quarter of the columns and half of the
rows. Places on a mirror occur twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from earthgan.numerics.transform import Array, Transform

_PAIR = np.array([[1, 1], [1, -1]])
_SIGNS = np.kron(np.kron(_PAIR, _PAIR), _PAIR)


class Octants:
    """The folded places of a grid of `Transform.gauss` with an even number of columns."""

    def __init__(self, transform: Transform) -> None:
        columns, dtype = transform.columns, transform.rows.dtype
        self._transform, self._signs = transform, _SIGNS.astype(dtype)
        quarter = np.arange(columns.count // 4 + 1)
        waves = columns.waves[..., : len(quarter)]
        #: For even and odd orders: `(part, column, order)` from modes to places, and `(part, order, column)` back.
        self._waves = [np.ascontiguousarray(waves[parity::2].transpose(1, 2, 0)) for parity in (0, 1)]
        on_mirrors = (1 + (quarter == 0)) * (1 + (4 * quarter == columns.count))
        back = (columns.back[..., : len(quarter)] / on_mirrors).astype(dtype)
        self._back = [np.ascontiguousarray(back[:, parity::2]) for parity in (0, 1)]

    def fields(self, modes: Array) -> Array:
        """The fields of modes `(2, order, part, ..., row)`, as `Transform.field` would compute them in order."""
        flat = modes.reshape(*modes.shape[:3], -1)
        images, out = np.empty((2, *self._images, flat.shape[-1]), modes.dtype)
        self._unfold(flat, images, out)
        return np.asarray(out.reshape(*self._images, *modes.shape[3:]))

    def of_products(self, modes: Sequence[Array], fields: Sequence[Array]) -> Array:
        """Modes of a sum of products: the field of each of `modes`, times each of `fields`. The rows' `coefficients`
        follow from them.
        """
        shape, rows = modes[0].shape, self._transform.rows.kept
        flat = [each.reshape(*shape[:3], -1) for each in modes]
        factors = [each.reshape(*self._images, -1) for each in fields]
        out = np.empty_like(flat[0])
        chunks = [slice(c.start * rows, c.stop * rows) for c in self._transform.chunks(out.shape[-1] // rows)]
        room = np.empty((3, math.prod(self._images) * chunks[0].stop), out.dtype)
        for at in chunks:
            part = *self._images, at.stop - at.start
            images, field, total = room[:, : math.prod(part)].reshape(3, *part)
            total[:] = 0
            for each, factor in zip(flat, factors, strict=True):
                self._unfold(each[..., at], images, field)
                field *= factor[..., at]
                total += field
            self._fold(total, images, out[..., at])
        return out.reshape(shape)

    @property
    def _images(self) -> tuple[int, ...]:
        return 2, 2, 2, self._transform.columns.count // 4 + 1

    def _unfold(self, modes: Array, images: Array, out: Array) -> None:
        """Write the fields of `modes` `(2, order, part, place)` to `out`. `images` is room for the eight sums."""
        for parity, waves in enumerate(self._waves):
            np.matmul(waves, modes[:, parity::2].swapaxes(1, 2), out=images[:, parity])
        np.matmul(self._signs, images.reshape(8, -1), out=out.reshape(8, -1))

    def _fold(self, fields: Array, images: Array, out: Array) -> None:
        """Write the modes of `fields` to `out`. `images` is room for the eight sums. The fields are changed."""
        rows = self._transform.rows
        fields.reshape(*self._images, -1, rows.kept)[..., rows.alone] /= 2
        np.matmul(self._signs, fields.reshape(8, -1), out=images.reshape(8, -1))
        for parity, back in enumerate(self._back):
            np.matmul(back, images[:, parity], out=out[:, parity::2].swapaxes(1, 2))
