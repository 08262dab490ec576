"""Vectors on the sphere: between Cartesian components and those along the local axes of each place.

x points to 0° N 0° E, y to 0° N 90° E and z to the north pole. The local axes point outwards, southwards and
eastwards: they are the unit vectors of spherical coordinates with colatitude theta and longitude phi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LocalAxes:
    """The local axes of places: sines and cosines that broadcast against the components of vectors.

    Latitudes beyond 90° are those of a meridian that is followed over the pole.
    """

    sin_lat: Array
    cos_lat: Array
    sin_lon: Array
    cos_lon: Array

    @classmethod
    def at(cls, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike, dtype: DTypeLike = np.float64) -> LocalAxes:
        """Of places whose latitudes and longitudes broadcast against each other. Sines have the given data type."""
        latitude, longitude = np.radians(latitudes_deg), np.radians(longitudes_deg)
        return cls(*(np.asarray(f(angle), dtype) for angle in (latitude, longitude) for f in (np.sin, np.cos)))

    @classmethod
    def on_grid(cls, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike, dtype: DTypeLike = np.float64) -> LocalAxes:
        """Of rows `(latitude,)` times columns `(longitude,)`, for components `(..., latitude, longitude)`."""
        return cls.at(np.asarray(latitudes_deg)[:, None], longitudes_deg, dtype)

    def outwards(self, x: Array, y: Array, z: Array) -> Array:
        """The outward component of a Cartesian vector."""
        return self._from_axis(x, y) * self.cos_lat + z * self.sin_lat

    def southwards(self, x: Array, y: Array, z: Array) -> Array:
        """The southward component of a Cartesian vector."""
        return self._from_axis(x, y) * self.sin_lat - z * self.cos_lat

    def eastwards(self, x: Array, y: Array) -> Array:
        """The eastward component of a Cartesian vector, which its z has no part in."""
        return y * self.cos_lon - x * self.sin_lon

    def local(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """The components outwards, southwards and eastwards of a Cartesian vector."""
        return self.outwards(x, y, z), self.southwards(x, y, z), self.eastwards(x, y)

    def xy(self, outwards: Array, southwards: Array, eastwards: Array) -> tuple[Array, Array]:
        """x and y of a vector along the local axes."""
        from_axis = outwards * self.cos_lat + southwards * self.sin_lat
        return (
            from_axis * self.cos_lon - eastwards * self.sin_lon,
            from_axis * self.sin_lon + eastwards * self.cos_lon,
        )

    def z(self, outwards: Array, southwards: Array) -> Array:
        """z of a vector along the local axes, which its eastward component has no part in."""
        return outwards * self.sin_lat - southwards * self.cos_lat

    def cartesian(self, outwards: Array, southwards: Array, eastwards: Array) -> tuple[Array, Array, Array]:
        """x, y and z of a vector along the local axes."""
        return *self.xy(outwards, southwards, eastwards), self.z(outwards, southwards)

    def unit_vectors(self) -> Array:
        """Unit vectors outwards, southwards and eastwards `(3, 3, ...)`: the second axis is x, y, z."""
        return np.stack([np.stack(np.broadcast_arrays(*self.cartesian(*along))) for along in np.eye(3)])

    def _from_axis(self, x: Array, y: Array) -> Array:
        """The component away from the axis of rotation."""
        return x * self.cos_lon + y * self.sin_lon


def about_axis(x: Array, y: Array, angle_rad: float) -> tuple[Array, Array]:
    """x and y of vectors that are turned eastwards about the axis. float32 stays float32."""
    cosine, sine = (f(angle_rad).astype(x.dtype) for f in (np.cos, np.sin))
    return x * cosine - y * sine, x * sine + y * cosine
