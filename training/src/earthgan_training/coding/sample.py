"""Compares the velocity of a time step with the one that follows from its temperature in a sample of each shell.

The sample takes every so many rows and columns, from one on that the number of the step draws, so each cell has the
same chance in each step. The mean square over all cells tells whether there is something between these rows and columns
that the sample does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.coding.scalars import parts
from earthgan_training.coding.shares import LEAST_SQUARE, Products
from earthgan_training.harmonics.analysis import fast_vector_field
from earthgan_training.velocity.moments import spherical

Array = NDArray[np.float64]
Field = NDArray[np.floating]
#: Gets a component of a velocity, 0 for x, and a range of shells: `(shell, latitude, longitude)`.
Velocity = Callable[[int, range], NDArray[np.float32]]

#: A sample has at least as many rows and columns, if the grid has.
LEAST = 40
#: The mean square over all cells may differ from that of the velocity which follows by this share. A larger share of a
#: shell's velocity cannot hide where the sample does not look, unless it has the size of what should be there.
HIDDEN = 0.1
#: Mean squares of this many shells are computed together, which fit into a processor's cache.
_AT_ONCE = 4


@dataclass(frozen=True)
class Sample:
    """The products of a step's true and driven velocity as a sample shows them, and the mean squares `(shell,)` of both
    on the whole sphere: of the true one over all cells, and of the driven one by its coefficients.
    """

    products: Products
    true: Array
    driven: Array

    @classmethod
    def of(cls, velocity: Velocity, driven: Field, profiles: Array, grid: ShellGrid, t: int) -> Sample:
        """The sample of step `t`. `driven` `(2, degree, order, part, profile)` are the coefficients of U and V, and
        `profiles` `(shell, profile)` are orthonormal.
        """
        rows, columns = drawn(grid, t)
        at = replace(grid, latitudes_deg=grid.latitudes_deg[rows], longitudes_deg=grid.longitudes_deg[columns])
        points, square = np.empty((3, *at.shape), np.float32), np.zeros(len(profiles))
        weights = cell_weights(grid).astype(np.float32).ravel()
        for i in range(3):
            for some in parts(grid):
                kept, values = slice(some.start, some.stop), velocity(i, some)
                points[i, kept] = values[:, rows, columns]
                square[kept] += _mean_squares(values, weights)
        x, y, z = points
        fields = fast_vector_field(driven[0], driven[1], at.latitudes_deg, at.longitudes_deg)
        roots, onto = np.sqrt(cell_weights(at)).ravel(), profiles.astype(np.float32)
        true = np.stack([each.reshape(len(onto), -1) * roots for each in spherical(x, y, z, at)])
        made = [onto @ each.reshape(onto.shape[1], -1) * roots for each in fields]
        return cls(Products.of_points(true, np.stack(made)), square, _mean_squares_of(driven, profiles))

    def agrees(self, strength: float) -> NDArray[np.bool_]:
        """`(shell,)`: whether the mean square over all cells is that of the driven velocity times a strength.

        It may differ by the share `HIDDEN`.
        """
        apart = np.abs(self.true - strength**2 * self.driven)
        return np.asarray(apart <= HIDDEN * np.maximum(self.true, LEAST_SQUARE * self.true.max(initial=0)))


def every_so_many(grid: ShellGrid) -> tuple[int, int]:
    """A sample takes one of so many rows, and one of so many columns."""
    _, rows, columns = grid.shape
    return max(1, rows // LEAST), max(1, columns // LEAST)


def drawn(grid: ShellGrid, t: int) -> tuple[slice, slice]:
    """The rows and columns of the sample of step `t`."""
    every = every_so_many(grid)
    first = np.random.default_rng(t).integers(every)
    return slice(int(first[0]), None, every[0]), slice(int(first[1]), None, every[1])


def _mean_squares(values: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(shell,)`: the mean squares of fields `(shell, latitude, longitude)`."""
    flat, out = values.reshape(len(values), -1), np.empty(len(values), np.float32)
    squares = np.empty((_AT_ONCE, flat.shape[1]), np.float32)
    with np.errstate(over="ignore"):  # what is beyond float32 does not agree with anything
        for first in range(0, len(flat), _AT_ONCE):
            some = flat[first : first + _AT_ONCE]
            np.matmul(np.square(some, out=squares[: len(some)]), weights, out=out[first : first + _AT_ONCE])
    return out


def _mean_squares_of(driven: Field, profiles: Array) -> Array:
    """`(shell,)`: the mean squares over the sphere of a velocity with the coefficients U and V of profiles."""
    n = np.arange(driven.shape[1])[:, None]
    orders = np.where(np.arange(len(n)) == 0, 1.0, 2.0)  # those above 0 stand for two
    factors = np.sqrt(np.stack([np.ones_like(n), n * (n + 1)]) * orders / (4 * np.pi))
    flat = (driven * factors[..., None, None]).reshape(-1, driven.shape[-1])
    return np.asarray(np.einsum("sk,sk->s", profiles @ (flat.T @ flat), profiles))
