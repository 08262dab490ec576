"""Map tiles: which tiles exist, and where the centres of their pixels lie. The matrix sets are those of morecantile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import morecantile
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest, TileOutsideMatrix
from earthgan.sphere.grid import ShellGrid

TILE_PIXELS = 256
WEB_MERCATOR = "WebMercatorQuad"
WORLD_CRS84 = "WorldCRS84Quad"
TILE_MATRIX_SETS = (WEB_MERCATOR, WORLD_CRS84)

_MERCATOR_RADIUS_M = 6378137.0  # EPSG:3857 uses this radius


@dataclass(frozen=True)
class Tile:
    """One tile of a tile matrix set: column `x` from the west, row `y` from the north.

    Raises InvalidRequest for an unknown set and TileOutsideMatrix for a tile that the set does not have.
    """

    tms: str
    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if self.tms not in TILE_MATRIX_SETS:
            raise InvalidRequest(f"unknown tile matrix set {self.tms!r}: there are {', '.join(TILE_MATRIX_SETS)}")
        columns, rows = _matrix_size(self.tms, self.z)
        if not (0 <= self.x < columns and 0 <= self.y < rows):
            raise TileOutsideMatrix(self.tms, self.z, self.x, self.y)


@lru_cache(maxsize=256)
def _matrix_size(tms: str, z: int) -> tuple[int, int]:
    """The numbers of columns and rows of a tile matrix, or (0, 0) if there is no such zoom."""
    matrix_set = morecantile.tms.get(tms)
    if not matrix_set.minzoom <= z <= matrix_set.maxzoom:
        return 0, 0
    matrix = matrix_set.matrix(z)
    return matrix.matrixWidth, matrix.matrixHeight


def pixel_centres(tile: Tile, pixels: int = TILE_PIXELS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The latitudes of a tile's pixel rows, north first, and the longitudes of its pixel columns, both in degrees."""
    bounds = morecantile.tms.get(tile.tms).xy_bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    share = (np.arange(pixels) + 0.5) / pixels
    across = bounds.left + share * (bounds.right - bounds.left)
    down = bounds.top + share * (bounds.bottom - bounds.top)
    if tile.tms == WEB_MERCATOR:
        return np.degrees(np.arctan(np.sinh(down / _MERCATOR_RADIUS_M))), np.degrees(across / _MERCATOR_RADIUS_M)
    return down, across


def bounds_deg(tms: str) -> tuple[float, float, float, float]:
    """The western, southern, eastern and northern bounds of a tile matrix set, in degrees."""
    south = -math.degrees(math.atan(math.sinh(math.pi))) if tms == WEB_MERCATOR else -90.0
    return -180.0, south, 180.0, -south


def max_native_zoom(tms: str, grid: ShellGrid) -> int:
    """The zoom at which pixels are at most half as wide as the grid's columns. A higher zoom shows no more detail."""
    pixels_at_zoom_0 = TILE_PIXELS * morecantile.tms.get(tms).matrix(0).matrixWidth
    return max(0, math.ceil(math.log2(grid.shape[2] / pixels_at_zoom_0)) + 1)
