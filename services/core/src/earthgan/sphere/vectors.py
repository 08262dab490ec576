"""Converts vectors on the sphere between Cartesian components and components along the local axes of each place.

x points to 0° N 0° E, y to 0° N 90° E and z to the north pole. The local axes point outwards, southwards and
eastwards. They are the unit vectors of spherical coordinates with colatitude theta and longitude phi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LocalAxes:
    """The local axes of places, as sines and cosines that broadcast against the components of vectors.

    A latitude beyond 90° lies on a meridian that continues over the pole.
    """

    sin_lat: Array
    cos_lat: Array
    sin_lon: Array
    cos_lon: Array

    @classmethod
    def at(cls, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike, dtype: DTypeLike = np.float64) -> LocalAxes:
        """The local axes at places. Latitudes and longitudes broadcast against each other.

        The sines and cosines have the data type `dtype`.
        """
        latitude, longitude = np.radians(latitudes_deg), np.radians(longitudes_deg)
        return cls(*(np.asarray(f(angle), dtype) for angle in (latitude, longitude) for f in (np.sin, np.cos)))

    @classmethod
    def on_grid(cls, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike, dtype: DTypeLike = np.float64) -> LocalAxes:
        """The local axes on a grid of rows `(latitude,)` and columns `(longitude,)`.

        They broadcast against components `(..., latitude, longitude)`.
        """
        return cls.at(np.asarray(latitudes_deg)[:, None], longitudes_deg, dtype)

    def outwards(self, x: Array, y: Array, z: Array) -> Array:
        """The outward component of a Cartesian vector."""
        return self._from_axis(x, y) * self.cos_lat + z * self.sin_lat

    def southwards(self, x: Array, y: Array, z: Array) -> Array:
        """The southward component of a Cartesian vector."""
        return self._from_axis(x, y) * self.sin_lat - z * self.cos_lat

    def eastwards(self, x: Array, y: Array) -> Array:
        """The eastward component of a Cartesian vector. It does not depend on z."""
        return y * self.cos_lon - x * self.sin_lon

    def local(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """The outward, southward and eastward components of a Cartesian vector."""
        return self.outwards(x, y, z), self.southwards(x, y, z), self.eastwards(x, y)

    def xy(self, outwards: Array, southwards: Array, eastwards: Array) -> tuple[Array, Array]:
        """x and y of a vector that is given by its components along the local axes."""
        from_axis = outwards * self.cos_lat + southwards * self.sin_lat
        return (
            from_axis * self.cos_lon - eastwards * self.sin_lon,
            from_axis * self.sin_lon + eastwards * self.cos_lon,
        )

    def z(self, outwards: Array, southwards: Array) -> Array:
        """z of a vector that is given along the local axes. It does not depend on the eastward component."""
        return outwards * self.sin_lat - southwards * self.cos_lat

    def cartesian(self, outwards: Array, southwards: Array, eastwards: Array) -> tuple[Array, Array, Array]:
        """x, y and z of a vector that is given by its components along the local axes."""
        return *self.xy(outwards, southwards, eastwards), self.z(outwards, southwards)

    def unit_vectors(self) -> Array:
        """The unit vectors outwards, southwards and eastwards `(3, 3, ...)`. The second axis holds x, y and z."""
        return np.stack([np.stack(np.broadcast_arrays(*self.cartesian(*along))) for along in np.eye(3)])

    def _from_axis(self, x: Array, y: Array) -> Array:
        """The component away from the axis of rotation."""
        return x * self.cos_lon + y * self.sin_lon


def about_axis(x: Array, y: Array, angle_rad: float) -> tuple[Array, Array]:
    """x and y of vectors after a turn eastwards about the axis of rotation. float32 stays float32."""
    cosine, sine = (f(angle_rad).astype(x.dtype) for f in (np.cos, np.sin))
    return x * cosine - y * sine, x * sine + y * cosine
