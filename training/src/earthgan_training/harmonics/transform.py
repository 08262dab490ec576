"""Orthonormal spherical harmonics: values and gradients on latitudes, and the transforms of one step.

`Y_lm = N_lm P_lm(cos theta) exp(i m phi)` with the integral of `|Y_lm|^2` over the sphere 1 and without the
Condon-Shortley sign. A real field is the sum over m >= 0 of `(2 - [m = 0]) Re(c_lm Y_lm)`.

Coefficients are real arrays `(degree, order, part, node)`, part 0 the real and 1 the imaginary one, zero where order >
degree or (order 0, part 1). So a radial operator of each degree is one matrix product with a contiguous block, and a
Legendre transform of each order another: no copies in between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft  # type: ignore[import-untyped]
from numpy.typing import DTypeLike, NDArray

from earthgan.numerics.legendre import legendre

Array = NDArray[np.floating[Any]]


class SphereTransform:
    """Between coefficients up to `degree` and a Gauss-Legendre grid that holds products of two fields unaliased.

    Fields are `(longitude, latitude, node)`, north first, in `dtype`. Orszag (1971): 3/2 as many points as modes.
    """

    def __init__(self, degree: int, nodes: int, dtype: DTypeLike) -> None:
        self.degree, self.nodes, self.dtype = degree, nodes, np.dtype(dtype)
        self.latitudes = (3 * degree) // 2 + 1
        self.longitudes = scipy.fft.next_fast_len(3 * degree + 1, real=True)
        x, weights = np.polynomial.legendre.leggauss(self.latitudes)
        self.colatitudes = np.arccos(x[::-1])
        self.weights = weights[::-1] * 2 * np.pi  # of the integral over the sphere, all longitudes together
        functions = legendre(degree, self.colatitudes)
        self._values = [p.astype(self.dtype) for p in functions.values]
        self._slopes = [p.astype(self.dtype) for p in functions.slopes]
        self._eastward = [p.astype(self.dtype) for p in functions.eastward]
        self._analysis = [np.ascontiguousarray((p * self.weights[:, None]).T, self.dtype) for p in functions.values]
        complex_dtype = np.result_type(self.dtype, np.complex64)
        shape = (self.latitudes, nodes)
        self._modes = np.zeros((degree + 1, *shape), complex_dtype)
        self._order = np.empty((2, *shape), self.dtype)

    def values(self, coefficients: Array) -> Array:
        """The field of `(degree, order, part, node)` coefficients."""
        return self._synthesise(coefficients, self._values, turned=False)

    def gradient(self, coefficients: Array) -> tuple[Array, Array]:
        """The derivatives d/d theta (southward) and 1/sin(theta) d/d phi (eastward) of the field."""
        return (
            self._synthesise(coefficients, self._slopes, turned=False),
            self._synthesise(coefficients, self._eastward, turned=True),
        )

    def coefficients(self, field: Array) -> Array:
        """The `(degree, order, part, node)` coefficients of a field: the inverse of `values`."""
        modes = scipy.fft.rfft(field, axis=0, norm="forward")
        out = np.zeros((self.degree + 1, self.degree + 1, 2, self.nodes), self.dtype)
        for m, matrix in enumerate(self._analysis):
            self._order[0], self._order[1] = modes[m].real, modes[m].imag
            np.matmul(matrix, self._order, out=out[m:, m].transpose(1, 0, 2))
        return out

    def _synthesise(self, coefficients: Array, functions: list[Array], turned: bool) -> Array:
        """Legendre functions of each order times coefficients, times i where `turned`, then FFT to longitudes."""
        for m, matrix in enumerate(functions):
            np.matmul(matrix, coefficients[m:, m].transpose(1, 0, 2), out=self._order)
            if turned:
                np.negative(self._order[1], out=self._modes[m].real)
                self._modes[m].imag = self._order[0]
            else:
                self._modes[m].real, self._modes[m].imag = self._order
        return np.asarray(scipy.fft.irfft(self._modes, n=self.longitudes, axis=0, norm="forward"))


def per_degree(maps: Array, coefficients: Array) -> Array:
    """Apply a radial operator `(degree, node, node)` of each degree to `(degree, order, part, node)` coefficients."""
    out = np.zeros_like(coefficients)
    nodes = coefficients.shape[-1]
    for n, matrix in enumerate(maps):
        np.matmul(coefficients[n, : n + 1].reshape(-1, nodes), matrix.T, out=out[n, : n + 1].reshape(-1, nodes))
    return out


def degree_power(coefficients: Array, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(degree,)`: the integral over the sphere of each degree's square, summed over nodes with `weights`."""
    squares = (coefficients.astype(np.float64) ** 2).sum(axis=2) @ weights
    return np.asarray(2 * squares.sum(axis=1) - squares[:, 0])


def resized(coefficients: Array, degree: int) -> Array:
    """The same field with coefficients up to another degree: higher ones zero, or left out."""
    kept = min(degree, len(coefficients) - 1) + 1
    out = np.zeros((degree + 1, degree + 1, *coefficients.shape[2:]), coefficients.dtype)
    out[:kept, :kept] = coefficients[:kept, :kept]
    return out
