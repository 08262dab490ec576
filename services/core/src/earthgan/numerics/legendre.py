"""Normalised associated Legendre functions and their derivatives: spherical harmonics on latitudes.

`Y_lm = N_lm P_lm(cos theta) exp(i m phi)` with the integral of `|Y_lm|^2` over the sphere 1 and without the
Condon-Shortley sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Legendre:
    """For each order m an array `(latitude, degree - m)`, float64, at colatitudes theta."""

    values: list[NDArray[np.float64]]
    #: d/d theta of the values.
    slopes: list[NDArray[np.float64]]
    #: m / sin(theta) times the values: with i, the eastward derivative. Finite at the poles.
    eastward: list[NDArray[np.float64]]


def legendre(degree: int, colatitudes: NDArray[np.float64]) -> Legendre:
    """Normalised associated Legendre functions up to `degree` at `colatitudes` (radians), poles included.

    The recurrence in degree is Holmes & Featherstone (2002), J. Geodesy 76, eq. 11. It is run on `P / sin(theta)` for
    m > 0, which is a polynomial too: so neither derivative divides by a sine that may be zero.
    """
    cosine, sine = np.cos(colatitudes), np.sin(colatitudes)
    values, slopes, eastward = [], [], []
    sectoral = np.full_like(cosine, np.sqrt(1 / (4 * np.pi)))
    for m in range(degree + 1):
        if m == 1:
            sectoral = sectoral * np.sqrt(3 / 2)  # divided by the sine
        elif m > 1:
            sectoral = sectoral * sine * np.sqrt((2 * m + 1) / (2 * m))
        q = np.zeros((len(cosine), degree - m + 1))
        q[:, 0] = sectoral
        for n in range(m + 1, degree + 1):
            q[:, n - m] = np.sqrt((4 * n * n - 1) / (n * n - m * m)) * cosine * q[:, n - m - 1]
            if n > m + 1:
                c = (2 * n + 1) * ((n - 1) ** 2 - m * m) / ((2 * n - 3) * (n * n - m * m))
                q[:, n - m] -= np.sqrt(c) * q[:, n - m - 2]
        degrees = np.arange(m, degree + 1)
        if m == 0:
            values.append(q)
            slopes.append(np.zeros_like(q))  # from order 1, below
            eastward.append(np.zeros_like(q))
            continue
        # sin(theta) dP_nm/dtheta = n cos(theta) P_nm - sqrt((n^2 - m^2)(2n + 1)/(2n - 1)) P_n-1,m
        lower = np.zeros_like(q)
        lower[:, 1:] = q[:, :-1] * np.sqrt((degrees**2 - m * m) * (2 * degrees + 1) / (2 * degrees - 1))[1:]
        values.append(q * sine[:, None])
        slopes.append(degrees * cosine[:, None] * q - lower)
        eastward.append(m * q)
        if m == 1:
            slopes[0][:, 1:] = -np.sqrt(degrees * (degrees + 1)) * values[1]
    return Legendre(values, slopes, eastward)
