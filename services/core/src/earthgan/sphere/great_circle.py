"""The shortest path between two points on the sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.errors import InvalidRequest
from earthgan.sphere.vectors import LocalAxes

#: Two points determine no great circle if the angle between them is smaller than this (about a millimetre), or if it
#: differs from 180° by less than this.
SMALLEST_ANGLE_DEG = 1e-8


@dataclass(frozen=True)
class GreatCircle:
    """The arc between two places `(latitude, longitude)`.

    Raises InvalidRequest if the places are the same or opposite, because no single great circle joins them.
    """

    start_deg: tuple[float, float]
    end_deg: tuple[float, float]

    def __post_init__(self) -> None:
        if self.length_deg < SMALLEST_ANGLE_DEG:
            raise InvalidRequest("from and to are the same place: a section needs two places")
        if self.length_deg > 180 - SMALLEST_ANGLE_DEG:
            raise InvalidRequest("from and to are opposite places: more than one great circle joins them")

    @property
    def length_deg(self) -> float:
        """The angle at the planet's centre. The formula is well conditioned at any length."""
        a, b = _unit_vector(*self.start_deg), _unit_vector(*self.end_deg)
        return math.degrees(math.atan2(np.linalg.norm(np.cross(a, b)), float(a @ b)))

    def points_deg(self, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latitudes and longitudes `(n,)` in degrees of points at equal distances, including both ends.

        Longitudes lie within [-180, 180).
        """
        a, b = _unit_vector(*self.start_deg), _unit_vector(*self.end_deg)
        angle = math.radians(self.length_deg)
        share = np.linspace(0, 1, n)[:, None]
        points = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / math.sin(angle)
        x, y, z = points.T
        latitudes, longitudes = np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
        # The ends are exactly the given places, without the rounding of two transformations.
        latitudes[[0, -1]], longitudes[[0, -1]] = np.transpose([self.start_deg, self.end_deg])
        return latitudes, within_a_turn(longitudes)


def within_a_turn(longitudes_deg: ArrayLike) -> NDArray[np.float64]:
    """The same meridians within [-180, 180)."""
    turned = (np.asarray(longitudes_deg) + 180) % 360 - 180
    return np.where(turned >= 180, -180.0, turned)  # the remainder of a tiny negative number is 360 itself


def _unit_vector(latitude_deg: float, longitude_deg: float) -> NDArray[np.float64]:
    return np.asarray(LocalAxes.at(latitude_deg, longitude_deg).unit_vectors()[0])
