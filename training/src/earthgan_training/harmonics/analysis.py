"""Analysis of fields on shell grids and synthesis from coefficients, with `earthgan.numerics.transform` in float64, or
in float32 where a caller asks for it.

A velocity is `u = U Y r^ + V grad_1 Y + W r^ x grad_1 Y`, where `grad_1` is the gradient on the unit sphere. U and V
are its spheroidal part, and W is its toroidal part.

On equiangular rows, no quadrature is exact for products of the highest degrees. So the analysis solves a least-squares
problem in latitude for each order, with rows weighted by their area. The problem for the lateral velocity splits into
two problems of the same size: with the slope S and the eastward derivative E of the Legendre functions, `v_theta -+ i
v_phi` has the coefficients `V +- (-i W)` on `S +- E` (the harmonics of spin weight one: Newman & Penrose (1966), J.
Math. Phys. 7, 863).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from earthgan.numerics.legendre import Legendre
from earthgan.numerics.transform import Columns, Rows, Transform, least_squares
from earthgan.sphere.grid import ShellGrid, cell_weights

Array = NDArray[np.float64]
Field = NDArray[np.floating[Any]]


def highest_degree(grid: ShellGrid) -> int:
    """The highest degree that a grid's rows and columns determine."""
    _, rows, columns = grid.shape
    return min(rows - 1, (columns - 1) // 2)


def scalar_coefficients(field: Field, grid: ShellGrid, degree: int) -> Array:
    """The coefficients `(degree, order, part, shell)` of a field `(shell, latitude, longitude)`.

    Raises ValueError if the grid has too few rows or columns for the degree.
    """
    return np.asarray(_analysis(grid, degree).transform.coefficients(field), np.float64)


def fast_coefficients(field: NDArray[np.float32], grid: ShellGrid, degree: int) -> NDArray[np.float32]:
    """The same in float32, in a third of the time. The rms error is about 2e-7 of the field's rms, as that of float32
    numbers is.

    Raises ValueError if the grid has too few rows or columns for the degree.
    """
    return np.asarray(_analysis(grid, degree).fast.coefficients(field), np.float32)


def vector_coefficients(
    v_radial: Field, v_theta: Field, v_phi: Field, grid: ShellGrid, degree: int
) -> tuple[Array, Array, Array]:
    """The coefficients U, V and W of a velocity, each `(degree, order, part, shell)`. The velocity is given by its
    components outwards, southwards and eastwards, each `(shell, latitude, longitude)`. V and W are 0 at degree 0.

    Raises ValueError if the grid has too few rows or columns for the degree.
    """
    found = _analysis(grid, degree).vector(v_radial, v_theta, v_phi, np.float64)
    return found[0], found[1], found[2]


def fast_vector_coefficients(
    v_radial: NDArray[np.float32],
    v_theta: NDArray[np.float32],
    v_phi: NDArray[np.float32],
    grid: ShellGrid,
    degree: int,
) -> NDArray[np.float32]:
    """The same in float32, as `(U V or W, degree, order, part, shell)`. Raises ValueError likewise."""
    return np.asarray(_analysis(grid, degree).vector(v_radial, v_theta, v_phi, np.float32), np.float32)


def scalar_field(coefficients: Field, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    """The field `(shell, latitude, longitude)` of `(degree, order, part, shell)` coefficients."""
    return np.asarray(_synthesis(len(coefficients) - 1, latitudes_deg, longitudes_deg).values(coefficients))


def vector_field(
    radial: Field, spheroidal: Field, toroidal: Field | None, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike
) -> tuple[Array, Array, Array]:
    """The components outwards, southwards and eastwards, each `(shell, latitude, longitude)`, of a velocity with the
    coefficients U, V and W. Without W, the flow has no toroidal part.
    """
    transform = _synthesis(len(radial) - 1, latitudes_deg, longitudes_deg)
    south, east = transform.southward(spheroidal, toroidal), transform.eastward(spheroidal, toroidal)
    return np.asarray(transform.values(radial)), np.asarray(south), np.asarray(east)


def fast_vector_field(
    radial: Field, spheroidal: Field, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The same without a toroidal part, in float32. The functions of the last few sets of rows are kept."""
    degree = len(radial) - 1
    rows = _fast_rows(degree, tuple(np.asarray(latitudes_deg, np.float64).tolist()))
    transform = Transform(rows, Columns(degree, np.radians(longitudes_deg), np.float32))
    fields = transform.values(radial), transform.southward(spheroidal), transform.eastward(spheroidal)
    u, south, east = (np.asarray(each, np.float32) for each in fields)
    return u, south, east


@lru_cache(maxsize=8)
def _fast_rows(degree: int, latitudes_deg: tuple[float, ...]) -> Rows:
    return Rows(degree, _colatitudes(latitudes_deg), np.float32)


def _synthesis(degree: int, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Transform:
    return Transform(Rows(degree, _colatitudes(latitudes_deg)), Columns(degree, np.radians(longitudes_deg)))


class _Analysis:
    """A grid's transform, and for each order the inverse matrices for the lateral velocities."""

    def __init__(self, grid: ShellGrid, degree: int) -> None:
        _, rows, columns = grid.shape
        if degree > highest_degree(grid):
            raise ValueError(f"{rows} rows and {columns} columns do not determine harmonics to degree {degree}")
        self._degree, self._areas = degree, cell_weights(grid).sum(axis=1)
        self._colatitudes = _colatitudes(grid.latitudes_deg)
        self._longitudes = np.radians(grid.longitudes_deg)

    @cached_property
    def transform(self) -> Transform:
        """In float64."""
        return self._transform(np.float64)

    @cached_property
    def fast(self) -> Transform:
        """In float32."""
        return self._transform(np.float32)

    def _transform(self, dtype: DTypeLike) -> Transform:
        rows = Rows(self._degree, self._colatitudes, dtype, weights=self._areas)
        return Transform(rows, Columns(self._degree, self._longitudes, dtype))

    def vector(self, v_radial: Field, v_theta: Field, v_phi: Field, dtype: DTypeLike) -> NDArray[Any]:
        """The coefficients `(U V or W, degree, order, part, shell)` of a velocity."""
        is_fast = np.dtype(dtype) == np.float32
        transform, inverses = (self.fast, self._fast_lateral) if is_fast else (self.transform, self._lateral)
        shells, size = len(v_radial), self._degree + 1
        u, v, w = found = np.zeros((3, size, size, 2, shells), dtype)
        u[:] = transform.coefficients(v_radial)
        south, east = (self._modes(field, transform) for field in (v_theta, v_phi))
        for m, (plus, minus) in enumerate(inverses):
            (sr, si), (er, ei) = south[m], east[m]
            # The real and the imaginary parts of v_theta - i v_phi, and of v_theta + i v_phi.
            a, b = plus @ np.concatenate([sr + ei, si - er]).T, minus @ np.concatenate([sr - ei, si + er]).T
            v[m:, m] = ((a + b) / 2).reshape(-1, 2, shells)
            w[m:, m, 1], w[m:, m, 0] = np.split((a - b) / 2, [shells], axis=1)
            np.negative(w[m:, m, 0], out=w[m:, m, 0])
        return found

    def _modes(self, field: Field, transform: Transform) -> NDArray[Any]:
        """The Fourier modes of a field `(shell, latitude, longitude)` along each row: `(order, part, shell, row)`."""
        shells, rows, columns = field.shape
        dtype = transform.columns.dtype
        parts = np.empty((self._degree + 1, 2, shells * rows), dtype)
        transform.columns.modes(field.reshape(-1, columns).astype(dtype, copy=False), parts)
        return parts.reshape(-1, 2, shells, rows)

    @cached_property
    def _lateral(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """The inverse matrices for `v_theta - i v_phi` and for `v_theta + i v_phi`."""
        functions = Legendre(self._degree, self._colatitudes)
        both = zip(functions.slopes, functions.eastward, strict=True)
        return [(least_squares(s + e, self._areas), least_squares(s - e, self._areas)) for s, e in both]

    @cached_property
    def _fast_lateral(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        return [(plus.astype(np.float32), minus.astype(np.float32)) for plus, minus in self._lateral]


@lru_cache(maxsize=2)
def _analysis(grid: ShellGrid, degree: int) -> _Analysis:
    return _Analysis(grid, degree)


def _colatitudes(latitudes_deg: ArrayLike) -> Array:
    return np.radians(90 - np.asarray(latitudes_deg, np.float64))
