"""Chebyshev collocation in radius: nodes, derivatives, interpolation and integration.

The formulas are those of Trefethen, *Spectral Methods in MATLAB* (2000), chapters 6 and 12, and Berrut & Trefethen,
"Barycentric Lagrange interpolation", SIAM Review 46 (2004). Lengths are in shell thicknesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RadialGrid:
    """Chebyshev-Lobatto nodes between `inner` and `outer`, in ascending order. Both ends are nodes."""

    count: int
    inner: float
    outer: float

    @cached_property
    def nodes(self) -> Array:
        """`(node,)`: the radii of the nodes."""
        # The sine form is exactly antisymmetric about the middle; a cosine is not.
        k = np.arange(self.count)
        x = np.sin(np.pi * (2 * k - (self.count - 1)) / (2 * (self.count - 1)))
        nodes = self.inner + (self.outer - self.inner) * (1 + x) / 2
        nodes[[0, -1]] = self.inner, self.outer
        return nodes

    @cached_property
    def barycentric_weights(self) -> Array:
        """`(node,)`: the weights of barycentric interpolation, up to a common factor."""
        weights: Array = (-1.0) ** np.arange(self.count, dtype=np.float64)
        weights[[0, -1]] /= 2
        return weights

    @cached_property
    def derivative(self) -> Array:
        """`(node, node)`: the matrix from values at the nodes to the derivative d/dr at the nodes."""
        r, w = self.nodes, self.barycentric_weights
        difference = r[:, None] - r + np.eye(self.count)
        matrix = w / w[:, None] / difference
        # The derivative of a constant is zero. This fixes the diagonal with less rounding than the closed form.
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        return np.asarray(matrix, np.float64)

    @cached_property
    def integral(self) -> Array:
        """`(node,)`: the Clenshaw-Curtis weights of the integral over r from `inner` to `outer`."""
        k = np.arange(self.count)
        moments = np.where(k % 2 == 0, 2.0 / (1.0 - k**2 + (k == 1)), 0.0)
        return np.asarray(moments @ self.chebyshev) * (self.outer - self.inner) / 2

    @cached_property
    def chebyshev(self) -> Array:
        """`(polynomial, node)`: the matrix from values at the nodes to coefficients of Chebyshev polynomials."""
        k = np.arange(self.count)
        # The nodes ascend, so the angles of their cosines descend.
        matrix = 2 / (self.count - 1) * np.cos(np.pi * k[:, None] * (self.count - 1 - k) / (self.count - 1))
        matrix[:, [0, -1]] /= 2
        matrix[[0, -1]] /= 2
        return np.asarray(matrix, np.float64)

    @cached_property
    def spacing(self) -> Array:
        """`(node,)`: the distance from each node to its nearer neighbour."""
        gaps = np.diff(self.nodes)
        return np.asarray(np.minimum(np.r_[gaps, gaps[-1]], np.r_[gaps[0], gaps]), np.float64)

    def interpolation(self, radii: Array) -> Array:
        """`(radius, node)`: the matrix from values at the nodes to the interpolating polynomial's values at `radii`."""
        difference = radii[:, None] - self.nodes
        hit = np.abs(difference) < 1e-13 * self.outer
        matrix = self.barycentric_weights / np.where(hit, 1.0, difference)
        matrix /= matrix.sum(axis=1, keepdims=True)
        on_node = hit.any(axis=1)
        matrix[on_node] = hit[on_node]
        return matrix
