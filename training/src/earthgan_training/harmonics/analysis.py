"""Analysis: the spherical-harmonic coefficients of fields on equiangular grids, exact where the field has no higher
degrees.

Harmonics and coefficients are those of `simulate/harmonics.py`: orthonormal, without the Condon-Shortley sign, real
arrays `(degree, order, part, shell)`. A velocity is `u = U Y r^ + V grad_1 Y + W r^ x grad_1 Y`, `grad_1` the gradient
on the unit sphere: U and V spheroidal, W toroidal.

Equiangular rows have no quadrature that is exact for products of the highest degrees: each order is a least-squares
problem in latitude instead, rows weighted by their area. For the lateral velocity it falls apart in two of the same
size, since with slope S and eastward derivative E of the Legendre functions `v_theta -+ i v_phi` has the coefficients
`V +- (-i W)` on `S +- E` (the harmonics of spin weight one: Newman & Penrose (1966), J. Math. Phys. 7, 863).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.numerics.legendre import legendre
from earthgan.sphere.grid import ShellGrid, cell_weights

Array = NDArray[np.float64]
Field = NDArray[np.floating[Any]]
_Term = tuple[list[Array], Field]


def highest_degree(grid: ShellGrid) -> int:
    """The highest degree that the rows and columns of a grid determine."""
    _, rows, columns = grid.shape
    return min(rows - 1, (columns - 1) // 2)


def scalar_coefficients(field: Field, grid: ShellGrid, degree: int) -> Array:
    """The coefficients `(degree, order, part, shell)` of a field `(shell, latitude, longitude)`.

    Raises ValueError where the grid has too few rows or columns for the degree.
    """
    matrices = _analysis(grid, degree)
    modes = _modes(field, matrices.waves)
    out = np.zeros((degree + 1, degree + 1, *modes.shape[2:]))
    for m, matrix in enumerate(matrices.scalar):
        out[m:, m] = np.tensordot(matrix, modes[m], axes=1)
    return out


def vector_coefficients(
    v_radial: Field, v_theta: Field, v_phi: Field, grid: ShellGrid, degree: int
) -> tuple[Array, Array, Array]:
    """The coefficients U, V, W, `(degree, order, part, shell)` each, of a velocity's components outwards, southwards
    and eastwards, `(shell, latitude, longitude)`. V and W of degree 0 are 0.

    Raises ValueError where the grid has too few rows or columns for the degree.
    """
    matrices = _analysis(grid, degree)
    south, east = (_modes(field, matrices.waves) for field in (v_theta, v_phi))
    lateral = np.zeros((2, degree + 1, degree + 1, *south.shape[2:]))
    turned = _times_i(east, -1)
    for m, (plus, minus) in enumerate(matrices.lateral):
        a = np.tensordot(plus, south[m] + turned[m], axes=1)
        b = np.tensordot(minus, south[m] - turned[m], axes=1)
        lateral[0, m:, m], lateral[1, m:, m] = (a + b) / 2, (a - b) / 2
    return scalar_coefficients(v_radial, grid, degree), lateral[0], _times_i(lateral[1], 1)


def scalar_field(coefficients: Field, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    """The field `(shell, latitude, longitude)` of `(degree, order, part, shell)` coefficients."""
    functions = legendre(len(coefficients) - 1, _colatitudes(latitudes_deg))
    return _synthesised([(functions.values, coefficients)], longitudes_deg)


def vector_field(
    radial: Field, spheroidal: Field, toroidal: Field | None, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike
) -> tuple[Array, Array, Array]:
    """The components outwards, southwards and eastwards `(shell, latitude, longitude)` of the coefficients U, V and
    W; without W the flow has no toroidal part.
    """
    functions = legendre(len(radial) - 1, _colatitudes(latitudes_deg))
    south: list[_Term] = [(functions.slopes, spheroidal)]
    east: list[_Term] = [(functions.eastward, _times_i(spheroidal, 1))]
    if toroidal is not None:
        south.append((functions.eastward, _times_i(toroidal, -1)))
        east.append((functions.slopes, toroidal))
    outwards = _synthesised([(functions.values, radial)], longitudes_deg)
    return outwards, _synthesised(south, longitudes_deg), _synthesised(east, longitudes_deg)


class _Analysis:
    """The inverse matrices of a grid: of its longitudes, and for each order of its latitudes."""

    def __init__(self, grid: ShellGrid, degree: int) -> None:
        _, rows, columns = grid.shape
        if degree > highest_degree(grid):
            raise ValueError(f"{rows} rows and {columns} columns do not determine harmonics to degree {degree}")
        self._functions = legendre(degree, _colatitudes(grid.latitudes_deg))
        self._root = np.sqrt(cell_weights(grid).sum(axis=1))[:, None]
        self.waves: Array = np.asarray(np.linalg.pinv(_waves(degree, grid.longitudes_deg)), np.float64)

    @cached_property
    def scalar(self) -> list[Array]:
        return [self._inverse(values) for values in self._functions.values]

    @cached_property
    def lateral(self) -> list[tuple[Array, Array]]:
        """For `v_theta - i v_phi` and for `v_theta + i v_phi`."""
        both = zip(self._functions.slopes, self._functions.eastward, strict=True)
        return [(self._inverse(slope + east), self._inverse(slope - east)) for slope, east in both]

    def _inverse(self, matrix: Array) -> Array:
        return np.asarray(np.linalg.pinv(self._root * matrix, rcond=1e-10) * self._root.T)


@lru_cache(maxsize=2)
def _analysis(grid: ShellGrid, degree: int) -> _Analysis:
    return _Analysis(grid, degree)


def _modes(field: Field, waves: Array) -> Array:
    """`(order, latitude, part, shell)` of `(shell, latitude, longitude)`."""
    shells, rows, columns = field.shape
    modes = (field.reshape(-1, columns) @ waves).reshape(shells, rows, -1, 2)
    return np.ascontiguousarray(modes.transpose(2, 1, 3, 0))


def _synthesised(terms: list[_Term], longitudes_deg: ArrayLike) -> Array:
    """The sum over terms: Legendre functions of each order times coefficients, then waves."""
    degree, shells = len(terms[0][1]) - 1, terms[0][1].shape[-1]
    rows = len(terms[0][0][0])
    modes = np.empty((degree + 1, 2, shells, rows))
    for m in range(degree + 1):
        modes[m] = sum(np.tensordot(c[m:, m], functions[m], axes=(0, 1)) for functions, c in terms)
    flat = modes.reshape(2 * (degree + 1), -1)
    return (flat.T @ _waves(degree, longitudes_deg)).reshape(shells, rows, -1)


def _waves(degree: int, longitudes_deg: ArrayLike) -> Array:
    """`(order and part, longitude)`: what a real field is made of, `(2 - [m = 0]) Re(c exp(i m phi))`."""
    order = np.arange(degree + 1)[:, None]
    angle = order * np.radians(longitudes_deg)
    weight = np.where(order == 0, 1.0, 2.0)
    return np.stack([weight * np.cos(angle), -weight * np.sin(angle)], axis=1).reshape(2 * (degree + 1), -1)


def _times_i(coefficients: Field, sign: int) -> Array:
    """Coefficients, the part on the last but one axis, times i or -i."""
    real, imaginary = coefficients[..., 0, :], coefficients[..., 1, :]
    return np.stack([-sign * imaginary, sign * real], axis=-2)


def _colatitudes(latitudes_deg: ArrayLike) -> Array:
    return np.radians(90 - np.asarray(latitudes_deg, np.float64))
