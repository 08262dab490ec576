"""The one transform between real fields on rows and columns and their coefficients of spherical harmonics.

The harmonics are orthonormal and without the Condon-Shortley sign (`earthgan.numerics.legendre`). Coefficients are real
arrays `(degree, order, part, ...)`. Part 0 is the real part and part 1 the imaginary part. Coefficients are zero where
order > degree. The field `(..., row, column)` of coefficients c is the sum over degrees l and orders m >= 0 of
`(2 - [m = 0]) Re(c_lm Y_lm)`. The *modes* `(2, order, part, ..., row)` of a field are an intermediate result: the sums
over degrees, before the sum over orders. The first axis separates functions that are equal in the north and the south
from functions that are opposite there.

Three measures keep the work small. First, a northern row and its southern mirror image share their functions: functions
with an even degree - order are even in latitude, and the others are odd. Second, neighbouring orders are computed
together in bands, so hardly any sum runs over degrees that an order does not have. Third, a column east of the first
one and its western mirror image share their cosines and sines. At degree 95, these products take a third of the time of
NumPy's Fourier transforms. The Fourier transforms are used at high degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from earthgan.numerics.legendre import Legendre

Array = NDArray[np.floating[Any]]
Kind = Literal["values", "slopes", "eastward"]

#: The number of neighbouring orders, or degrees, that are computed together.
BAND = 16
#: From this degree on, Fourier transforms compute the sums over orders if the columns divide a turn evenly.
FOURIER_DEGREE = 256
#: The number of rows that are computed at a time.
CHUNK = 256


@dataclass(frozen=True)
class Band:
    """The functions of neighbouring `orders` whose degree - order has one parity: `matrix` `(order, function, row)`.

    `index` `(order, function)` holds the flat indices of their coefficients among all `(degree, order)`. Orders with
    fewer functions than the first order are padded with zeros, and their padded indices refer to a coefficient that is
    always zero.

    Functions of high orders vanish near the poles, down to numbers that are too small for a normal exponent. Processors
    are a hundred times slower with such numbers, so those whose square has no normal exponent are zero here.
    """

    orders: slice
    parity: int
    index: NDArray[np.intp]
    matrix: Array

    @classmethod
    def all(cls, degree: int, dtype: np.dtype[Any], functions: Callable[[int, int], Array]) -> list[Band]:
        """All bands up to `degree`. `functions(order, parity)` returns an array `(function, row)`."""
        return [cls._of(degree, dtype, functions, m, p) for m in range(0, degree + 1, BAND) for p in (0, 1)]

    @classmethod
    def _of(
        cls, degree: int, dtype: np.dtype[Any], functions: Callable[[int, int], Array], first: int, parity: int
    ) -> Band:
        orders = range(first, min(first + BAND, degree + 1))
        each = [functions(m, parity) for m in orders]
        matrix = np.zeros((len(orders), *each[0].shape), dtype)
        for padded, present in zip(matrix, each, strict=True):
            padded[: len(present)] = present
        matrix[np.abs(matrix) < np.sqrt(np.finfo(dtype).tiny)] = 0
        order, degrees = np.array(orders)[:, None], np.array(orders)[:, None] + parity + 2 * np.arange(len(each[0]))
        index = np.where(degrees <= degree, degrees * (degree + 1) + order, 1)
        return cls(slice(orders.start, orders.stop), parity, index, matrix)


class Rows:
    """Legendre functions up to `degree` on rows at `colatitudes` in radians, north first.

    Analysis needs `weights` `(row,)`, which are proportional to the rows' areas. It solves a least-squares problem in
    latitude for each order. On Gauss-Legendre rows with Gauss-Legendre weights, the solution is the exact quadrature.
    """

    def __init__(
        self, degree: int, colatitudes: ArrayLike, dtype: DTypeLike = np.float64, weights: ArrayLike | None = None
    ) -> None:
        self.degree, self.dtype = degree, np.dtype(dtype)
        self.colatitudes = np.asarray(colatitudes, np.float64)
        self._weights = None if weights is None else np.asarray(weights, np.float64)
        count = len(self.colatitudes)
        mirrored = np.allclose(self.colatitudes + self.colatitudes[::-1], np.pi, rtol=0, atol=1e-12)
        if self._weights is not None:
            mirrored &= np.allclose(self._weights, self._weights[::-1])
        # Both are slices of the rows whose functions are kept. The southern rows are in reverse order.
        self._north = slice(0, (count + 1) // 2 if mirrored else count)
        self._south = slice(0, count - self._north.stop)
        self._kept = self._north
        self._functions = Legendre(degree, self.colatitudes[self._north])
        self._bands: dict[Kind, list[Band]] = {}

    def part(self, rows: range) -> Rows:
        """A contiguous part of the rows, for synthesis. It shares the functions of all rows."""
        half, count = self._north.stop, len(self.colatitudes)
        cut = copy(self)
        cut.colatitudes = self.colatitudes[rows.start : rows.stop]
        cut._north = slice(min(rows.start, half), min(rows.stop, half))
        cut._south = slice(count - max(rows.stop, half), count - max(rows.start, half))
        present = [each for each in (cut._north, cut._south) if each.start < each.stop]
        cut._kept = slice(min(each.start for each in present), max(each.stop for each in present))
        return cut

    @property
    def kept(self) -> int:
        """The number of rows whose functions are needed."""
        return self._kept.stop - self._kept.start

    @property
    def alone(self) -> slice:
        """The northern rows, of all rows, that have no mirror image in the south."""
        return slice(self._south.stop, self._north.stop)

    def _bands_of(self, kind: Kind) -> list[Band]:
        if kind not in self._bands:
            of_orders = getattr(self._functions, kind)
            self._bands[kind] = Band.all(self.degree, self.dtype, lambda m, parity: of_orders[m][:, parity::2].T)
        return self._bands[kind]

    def dense(self, kind: Kind) -> Array:
        """The functions of one kind `(order, row, degree)`. They are zero where order > degree."""
        degrees = self.degree + 1
        out = np.zeros((degrees, degrees, len(self.colatitudes)), self.dtype)
        for band in self._bands_of(kind):
            degree, order = np.divmod(band.index, degrees)
            sign = 1 if band.parity == (kind == "slopes") else -1
            south = sign * band.matrix[..., self._south][..., ::-1]
            out[order, degree] = np.concatenate([band.matrix[..., self._north], south], axis=-1)
        return out.swapaxes(1, 2)

    def modes(self, coefficients: Array, kind: Kind) -> Array:
        """The modes of coefficients: the sums over degrees of coefficients times functions.

        For the kind `eastward`, the sums are multiplied by i.
        """
        degrees, orders, _, *others = coefficients.shape
        flat = coefficients.reshape(degrees * orders, -1).astype(self.dtype, copy=False)
        sums = np.empty((2, orders, flat.shape[1], self.kept), self.dtype)
        for band in self._bands_of(kind):
            of_band = flat[band.index].swapaxes(1, 2)
            np.matmul(of_band, band.matrix[..., self._kept], out=sums[band.parity, band.orders])
        modes = (sums[::-1] if kind == "slopes" else sums).reshape(2, orders, 2, *others, -1)
        if kind == "eastward":
            modes = modes[:, :, ::-1]
            np.negative(modes[:, :, 0], out=modes[:, :, 0])
        return modes

    def unfold(self, both: Array, out: Array) -> None:
        """Write the rows of fields `(..., row, column)` to `out`.

        `both` `(2, ..., kept row, column)` holds the parts that are equal in the north and the south, and the parts
        that are opposite there.
        """
        (alike, opposite), split = both, self._north.stop - self._north.start
        north, south = (
            slice(s.start - self._kept.start, s.stop - self._kept.start) for s in (self._north, self._south)
        )
        np.add(alike[..., north, :], opposite[..., north, :], out=out[..., :split, :])
        np.subtract(alike[..., south, :], opposite[..., south, :], out=out[..., split:, :][..., ::-1, :])

    def fold(self, field: Array) -> Array:
        """The sums and differences `(2, ..., kept row, column)` of the northern and southern rows of fields.

        The fields lie on all the rows.
        """
        north, south = field[..., self._north, :], field[..., self._north.stop :, :][..., ::-1, :]
        out = np.empty((2, *north.shape), self.dtype)
        _fold(north.swapaxes(-1, -2), south.swapaxes(-1, -2), self._south, out.swapaxes(-1, -2))
        return out

    def coefficients(self, modes: Array) -> Array:
        """The coefficients `(degree, order, part, ...)` that fit modes on all the rows best, by least squares."""
        _, orders, _, *others, rows = modes.shape
        flat = modes.reshape(2, orders, -1, rows)
        out = np.zeros(((self.degree + 1) ** 2, flat.shape[2]), self.dtype)
        for band in self._inverses:
            found = np.matmul(flat[band.parity, band.orders], band.matrix.swapaxes(1, 2))
            out[band.index] = found.swapaxes(1, 2)
        return out.reshape(self.degree + 1, orders, 2, *others)

    @cached_property
    def _inverses(self) -> list[Band]:
        """The matrices from the sums and differences of both hemispheres to coefficients."""
        if self._weights is None:
            raise ValueError("rows without weights allow synthesis only: analysis needs weights")
        values, weights = self._functions.values, self._weights[self._north] * 4 * np.pi / self._weights.sum()
        if self._south.stop == 0:
            # Without mirrored rows, sums and differences do not separate even functions from odd ones.
            joint = [least_squares(of_order, weights) for of_order in values]
            return Band.all(self.degree, self.dtype, lambda m, parity: joint[m][parity::2])
        times = np.ones(self._north.stop)
        times[self._south] = 2
        separate = [
            [least_squares(of_order[:, parity::2], weights * times) / times for parity in (0, 1)] for of_order in values
        ]
        return Band.all(self.degree, self.dtype, lambda m, parity: separate[m][parity])


class Columns:
    """Waves up to order `degree` on columns at `longitudes` in radians."""

    def __init__(self, degree: int, longitudes: ArrayLike, dtype: DTypeLike = np.float64) -> None:
        self.longitudes, self.dtype = np.asarray(longitudes, np.float64), np.dtype(dtype)
        self._degree, self.count = degree, len(self.longitudes)
        even = np.arange(self.count) * 2 * np.pi / self.count
        is_turn = self.count > 2 * degree and np.allclose(self.longitudes, even, rtol=0, atol=1e-12)
        self._by_fourier = is_turn and degree >= FOURIER_DEGREE
        self._is_folded = is_turn and not self._by_fourier
        #: The number of columns that are computed. `_both` holds those that have a mirror image in the west.
        self.east = self.count // 2 + 1 if self._is_folded else self.count
        self._both = slice(1, self.count - self.east + 1)

    @cached_property
    def waves(self) -> Array:
        """`(order, part, column)`: a field is the sum of its modes times these waves."""
        orders = np.arange(self._degree + 1)[:, None]
        angles = orders * self.longitudes
        twice = np.where(orders == 0, 1, 2)  # a field is real, so orders -m and m contribute the same
        return np.stack([twice * np.cos(angles), -twice * np.sin(angles)], axis=1).astype(self.dtype)

    @property
    def back(self) -> Array:
        """`(part, order, column)`: if the columns divide a turn evenly, modes are the sums of a field times these."""
        back = self.waves.swapaxes(0, 1) / self.count
        back[:, 1:] /= 2
        return back

    def field(self, modes: Array) -> tuple[Array, Array]:
        """Fields `(2, row, column)` of modes `(2, order, part, row)`.

        The first array has the columns from the first one eastwards. The second array has the other columns, from the
        last one westwards.
        """
        if self._by_fourier:
            spectrum = (modes[:, :, 0] + 1j * modes[:, :, 1]).swapaxes(1, 2)
            field = np.asarray(np.fft.irfft(spectrum, self.count, norm="forward"))
            return field, field[..., self.count :]
        even, odd = (modes[:, :, part].swapaxes(1, 2) @ self.waves[:, part, : self.east] for part in (0, 1))
        return even + odd, even[..., self._both] - odd[..., self._both]

    def modes(self, field: Array, out: Array) -> None:
        """Write the modes `(..., order, part, row)` of fields `(..., row, column)` to `out`.

        If no modes fit exactly, they are the best fit by least squares.
        """
        if self._by_fourier:
            found = np.fft.rfft(field, norm="forward")[..., : self._degree + 1].swapaxes(-1, -2)
            out[..., 0, :], out[..., 1, :] = found.real, found.imag
            return
        folded = np.empty((2, *field.shape[:-1], self.east), self.dtype)
        _fold(field[..., : self.east], field[..., self.east :][..., ::-1], self._both, folded)
        for part in (0, 1):
            np.matmul(self._inverse[part], folded[part].swapaxes(-1, -2), out=out[..., part, :])

    @cached_property
    def _inverse(self) -> Array:
        """`(part, order, column)`: the matrices from folded columns to modes."""
        if self._is_folded:
            return self.back[..., : self.east]
        waves = self.waves.reshape(-1, self.count).astype(np.float64)
        return np.linalg.pinv(waves).T.astype(self.dtype).reshape(-1, 2, self.count).swapaxes(0, 1)


@dataclass(frozen=True)
class Transform:
    """Synthesis and analysis on a grid of rows and columns of one data type.

    A vector field is `u = U Y r^ + V grad_1 Y + W r^ x grad_1 Y`, where `grad_1` is the gradient on the unit sphere.
    """

    rows: Rows
    columns: Columns

    @classmethod
    def gauss(cls, degree: int, rows: int, columns: int, dtype: DTypeLike) -> Transform:
        """The transform on Gauss-Legendre rows and columns that divide a turn evenly, from longitude 0.

        It analyses fields up to `degree` exactly if there are more rows than `degree` and more columns than twice
        `degree`.
        """
        x, weights = np.polynomial.legendre.leggauss(rows)
        longitudes = np.arange(columns) * 2 * np.pi / columns
        return cls(Rows(degree, np.arccos(x[::-1]), dtype, weights[::-1]), Columns(degree, longitudes, dtype))

    def values(self, coefficients: Array) -> Array:
        """The field `(..., row, column)` of coefficients `(degree, order, part, ...)`."""
        return self.field(self.rows.modes(coefficients, "values"))

    def southward(self, v: Array, w: Array | None = None) -> Array:
        """The southward component of the vector field of V and W.

        With V alone, this is the derivative d/d theta of the field of V.
        """
        modes = self.rows.modes(v, "slopes")
        return self.field(modes if w is None else modes - self.rows.modes(w, "eastward"))

    def eastward(self, v: Array, w: Array | None = None) -> Array:
        """The eastward component of the vector field of V and W.

        With V alone, this is 1/sin(theta) times the derivative d/d phi of the field of V.
        """
        modes = self.rows.modes(v, "eastward")
        return self.field(modes if w is None else modes + self.rows.modes(w, "slopes"))

    def coefficients(self, field: Array) -> Array:
        """The coefficients `(degree, order, part, ...)` of a field `(..., row, column)`."""
        return self.rows.coefficients(self.modes(field))

    def field(self, modes: Array) -> Array:
        """The field `(..., row, column)` of modes `(2, order, part, ..., row)`."""
        _, orders, _, *others, kept = modes.shape
        modes = modes.reshape(2, orders, 2, -1, kept)
        rows, columns = self.rows, self.columns
        out = np.empty((modes.shape[3], len(rows.colatitudes), columns.count), modes.dtype)
        for some in self.chunks(len(out)):
            halves = columns.field(modes[:, :, :, some].reshape(2, orders, 2, -1))
            east, west = (each.reshape(2, some.stop - some.start, kept, each.shape[-1]) for each in halves)
            rows.unfold(east, out[some, :, : columns.east])
            rows.unfold(west, out[some, :, columns.east :][..., ::-1])
        return out.reshape(*others, *out.shape[1:])

    def modes(self, field: Array) -> Array:
        """The modes `(2, order, part, ..., row)` of a field `(..., row, column)`, from which the rows' `coefficients`
        follow.
        """
        *others, rows, columns = field.shape
        flat = field.reshape(-1, rows, columns).astype(self.rows.dtype, copy=False)
        kept = self.rows.kept
        modes = np.empty((2, self.rows.degree + 1, 2, len(flat), kept), flat.dtype)
        for some in self.chunks(len(flat)):
            folded = self.rows.fold(flat[some])
            self.columns.modes(folded.reshape(2, -1, columns), modes[:, :, :, some].reshape(*modes.shape[:3], -1))
        return modes.reshape(*modes.shape[:3], *others, kept)

    def chunks(self, fields: int) -> list[slice]:
        """Slices of the fields that are computed together. They are small enough for a processor's cache."""
        step = -(-CHUNK // self.rows.kept)
        return [slice(first, min(first + step, fields)) for first in range(0, fields, step)]


def _fold(near: Array, far: Array, paired: slice, out: Array) -> None:
    """Write the sums and differences `(2, ..., place)` of `near` and `far` to `out`.

    Only the places `paired` have values in `far`. The value `near` of any other place is both its sum and its
    difference.
    """
    np.add(near[..., paired], far, out=out[0][..., paired])
    np.subtract(near[..., paired], far, out=out[1][..., paired])
    for alone in (slice(0, paired.start), slice(paired.stop, None)):
        out[..., alone] = near[..., alone]


def least_squares(functions: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(function, row)`: the matrix from values on rows to coefficients of `functions` `(row, function)`.

    The coefficients are the least-squares fit with `weights` `(row,)`. If the functions are orthonormal under these
    weights, the coefficients are plain weighted sums.
    """
    sums = (functions * weights[:, None]).T
    if np.allclose(sums @ functions, np.eye(len(sums)), rtol=0, atol=1e-12):
        return sums
    root = np.sqrt(weights)
    return np.asarray(np.linalg.pinv(root[:, None] * functions, rcond=1e-10) * root)


def per_degree(maps: Array, coefficients: Array) -> Array:
    """Multiply coefficients `(degree, order, part, k)` by one matrix for each degree, `maps` `(degree, j, k)`.

    The result is `(degree, order, part, j)`. Hardly any orders are computed that a degree does not have.
    """
    degrees, _, parts, _ = coefficients.shape
    out = np.zeros((*coefficients.shape[:3], maps.shape[1]), np.result_type(maps, coefficients))
    for first in range(0, degrees, BAND):
        last = min(first + BAND, degrees)
        flat, found = (each[first:last, :last].reshape(last - first, last * parts, -1) for each in (coefficients, out))
        np.matmul(flat, maps[first:last].swapaxes(1, 2), out=found)
    return out
