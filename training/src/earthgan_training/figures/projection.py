"""The projections plate carrée and Mollweide: the globe as a rectangle or as an ellipse, twice as wide as it is high.

In both, the map coordinate `x` goes from -2 to 2 eastwards, and `y` goes from -1 to 1 northwards. Mollweide follows
Snyder (1987), "Map projections: a working manual", p. 249: `2 theta + sin 2 theta = pi sin(latitude)`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
#: For every latitude, this number of Newton steps leaves an error below 1e-12.
_NEWTON_STEPS = 8


class Projection(StrEnum):
    """A way to flatten the globe."""

    PLATE_CARREE = "plate-carree"
    MOLLWEIDE = "mollweide"

    def forward(self, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> tuple[Floats, Floats]:
        """The map coordinates of points. Longitudes are relative to the map's middle, from -180 to 180."""
        latitude, longitude = _as_floats(latitudes_deg, longitudes_deg)
        if self is Projection.PLATE_CARREE:
            return longitude / 90, latitude / 90
        theta = _auxiliary_angle(latitude)
        return longitude / 90 * np.cos(theta), np.sin(theta)

    def inverse(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """The latitudes, and the longitudes relative to the map's middle. Points beyond the globe's outline get those
        of the outline.
        """
        across, up = _as_floats(x, np.clip(y, -1, 1))
        if self is Projection.PLATE_CARREE:
            return up * 90, np.clip(across * 90, -180, 180)
        theta = np.arcsin(up)
        width = np.cos(theta)
        latitude = np.degrees(np.arcsin(np.clip((2 * theta + np.sin(2 * theta)) / np.pi, -1, 1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            longitude = np.where(width > 0, np.clip(across * 90 / width, -180, 180), 0)
        return latitude, longitude


def _as_floats(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.broadcast_arrays(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    return a, b


def _auxiliary_angle(latitude_deg: Floats) -> Floats:
    """Mollweide's theta, found by Newton's method for the remaining angle to the pole.

    Close to the pole, this angle is nearly a cube root, and the iteration starts there. A start that suits only the
    equator would converge slowly at the pole.
    """
    colatitude = np.radians(90 - np.abs(latitude_deg))
    due = np.pi * 2 * np.sin(colatitude / 2) ** 2  # pi (1 - sin(latitude)), without cancellation
    left = np.cbrt(0.75 * due)
    for _ in range(_NEWTON_STEPS):
        slope = 4 * np.sin(left) ** 2
        residual = 2 * left - np.sin(2 * left) - due
        left = left - np.divide(residual, slope, out=np.zeros_like(left), where=slope > 1e-12)
    return np.asarray(np.copysign(np.pi / 2 - left, latitude_deg))
