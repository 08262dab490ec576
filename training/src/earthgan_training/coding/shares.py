"""The share of a velocity's variance on each shell that another velocity explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan_training.velocity.moments import laplace

Array = NDArray[np.float64]
Field = NDArray[np.floating]

#: The digits of a step's strength. With five, its rounding takes 86 dB off the velocity.
DIGITS = 5
#: A shell whose mean square is a smaller part of the largest shell's does not move. Its error is compared with this.
LEAST_SQUARE = 1e-6


@dataclass(frozen=True)
class Products:
    """Products of two velocities, integrated over each shell: of the true one with itself, of the driven one with
    itself, and of both. Each is `(2, shell)`, for the radial and the lateral velocity.

    All are float64: the error of the driven velocity is a small difference between them.
    """

    true: Array
    driven: Array
    both: Array

    @classmethod
    def of_coefficients(cls, true: Field, driven: Field) -> Products:
        """From the coefficients of U, V and W, `(field, degree, order, part, shell)`."""
        return cls(_products(true, true), _products(driven, driven), _products(true, driven))

    @classmethod
    def of_points(cls, true: Field, driven: Field) -> Products:
        """From the components outwards, southwards and eastwards, `(component, shell, point)`, times the root of each
        point's share of the shell.
        """

        def products(a: Field, b: Field) -> Array:
            radial, *lateral = np.einsum("csp,csp->cs", a, b, dtype=np.float64)
            return np.stack([radial, np.sum(lateral, axis=0)])

        return cls(products(true, true), products(driven, driven), products(true, driven))

    def on(self, shells: NDArray[np.bool_]) -> Products:
        """On some of the shells."""
        return Products(self.true[:, shells], self.driven[:, shells], self.both[:, shells])

    @property
    def together(self) -> Products:
        """The sums over all shells, as those of one shell."""
        return Products(*(each.sum(axis=1, keepdims=True) for each in (self.true, self.driven, self.both)))

    @property
    def least(self) -> float:
        """The square that an error is compared with, at least."""
        return float(LEAST_SQUARE * self.true.sum(axis=0).max(initial=0))

    @property
    def strength(self) -> float:
        """The factor of the driven flow that leaves the least of the true one: the sum over the shells of the shares of
        the radial and the lateral variance. It is 1 where there is none.
        """
        weights = 1 / np.maximum(self.true, self.least) if self.true.any() else self.true
        square, product = float((weights * self.driven).sum()), float((weights * self.both).sum())
        return float(f"{product / square:.{DIGITS}g}") if product > 0 and square > 0 else 1.0

    def explained(self, strength: float = 1.0) -> Array:
        """`(2, shell)`: the shares of the radial and the lateral variance of the true velocity that the driven one
        explains, times a strength. Where nothing moves, and nothing should, it is 1.
        """
        error = self.true - 2 * strength * self.both + strength**2 * self.driven
        within = np.maximum(self.true, self.least)
        return np.where(error > 0, 1 - np.divide(error, within, out=np.full_like(error, 2), where=within > 0), 1)


def _products(a: Field, b: Field) -> Array:
    """`(2, shell)`: the products of two radial and of two lateral flows, integrated over the sphere."""
    # Orders above 0 stand for two. Squares of small velocities may be beyond float32.
    every = np.einsum("flmps,flmps->fls", a, b, dtype=np.float64)
    u, v, w = 2 * every - np.einsum("flps,flps->fls", a[:, :, 0], b[:, :, 0], dtype=np.float64)
    return np.stack([u.sum(axis=0), (laplace(len(v)) * (v + w)).sum(axis=0)])
