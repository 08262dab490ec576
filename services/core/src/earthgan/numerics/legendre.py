"""Normalised associated Legendre functions and their derivatives, for spherical harmonics on rows of equal colatitude.

`Y_lm = N_lm P_lm(cos theta) exp(i m phi)`. The integral of `|Y_lm|^2` over the sphere is 1. The Condon-Shortley sign is
left out.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Legendre:
    """The functions up to `degree` at `colatitudes` `(row,)` in radians. Rows may lie on the poles.

    Each kind of function is a list with an array `(row, degree - m)` for each order m. It is computed on first use.
    """

    def __init__(self, degree: int, colatitudes: Array) -> None:
        self.degree, self.colatitudes = degree, colatitudes
        self._cosine, self._sine = np.cos(colatitudes), np.sin(colatitudes)

    @cached_property
    def values(self) -> list[Array]:
        """The functions themselves."""
        return [q.T * self._sine[:, None] if m else q.T for m, q in enumerate(self._over_sine)]

    @cached_property
    def slopes(self) -> list[Array]:
        """The derivatives d/d theta of the values."""
        # sin(theta) dP_nm/dtheta = n cos(theta) P_nm - sqrt((n^2 - m^2)(2n + 1)/(2n - 1)) P_n-1,m
        found = [np.zeros((len(self.colatitudes), self.degree + 1))]
        for m, q in list(enumerate(self._over_sine))[1:]:
            n = np.arange(m, self.degree + 1)[:, None]
            slope = n * self._cosine * q
            slope[1:] -= q[:-1] * np.sqrt((n**2 - m * m) * (2 * n + 1) / (2 * n - 1))[1:]
            found.append(slope.T)
        if self.degree:
            n = np.arange(1, self.degree + 1)
            found[0][:, 1:] = -np.sqrt(n * (n + 1)) * self.values[1]
        return found

    @cached_property
    def eastward(self) -> list[Array]:
        """m / sin(theta) times the values. Times i, this is the eastward derivative. It is finite at the poles."""
        return [m * q.T for m, q in enumerate(self._over_sine)]

    @cached_property
    def _over_sine(self) -> list[Array]:
        """An array `(degree - m, row)` for each order m. It holds the values, divided by sin(theta) if m > 0.

        The recurrence in degree is that of Holmes & Featherstone (2002), J. Geodesy 76, eq. 11. It gives the quotient
        directly, so neither derivative has to divide by a sine that may be zero.
        """
        q = np.zeros((self.degree + 1, self.degree + 1, len(self.colatitudes)))  # (degree, order, row)
        sectoral = np.full_like(self._cosine, np.sqrt(1 / (4 * np.pi)))
        for n in range(self.degree + 1):
            if n == 1:
                sectoral = sectoral * np.sqrt(3 / 2)  # the sine is left out
            elif n > 1:
                sectoral = sectoral * self._sine * np.sqrt((2 * n + 1) / (2 * n))
            q[n, n] = sectoral
            m = np.arange(n)[:, None]
            q[n, :n] = np.sqrt((4 * n * n - 1) / (n * n - m * m)) * self._cosine * q[n - 1, :n]
            if n > 1:
                m = m[:-1]
                c = (2 * n + 1) * ((n - 1) ** 2 - m * m) / ((2 * n - 3) * (n * n - m * m))
                q[n, : n - 1] -= np.sqrt(c) * q[n - 2, : n - 1]
        return [np.ascontiguousarray(q[m:, m]) for m in range(self.degree + 1)]
