"""GeoTIFF files of georeferenced float32 values, written without GDAL."""

from __future__ import annotations

import io
from dataclasses import dataclass
from xml.sax.saxutils import escape

import morecantile
import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import WEB_MERCATOR, Tile
from earthgan.variables import shown_unit
from earthgan_gateway.formats.contents import Contents


@dataclass(frozen=True)
class Extent:
    """The area inside a raster's outer pixel edges, in the unit of its EPSG code: degrees (4326) or metres (3857).

    x is the longitude and y the latitude, in EPSG:4326 too, as in every GeoTIFF.
    """

    epsg: int
    west: float
    south: float
    east: float
    north: float


def tile_extent(tile: Tile) -> Extent:
    """Return the extent of a tile in the reference system of its matrix set."""
    bounds = morecantile.tms.get(tile.tms).xy_bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    epsg = 3857 if tile.tms == WEB_MERCATOR else 4326
    return Extent(epsg, bounds.left, bounds.bottom, bounds.right, bounds.top)


def shell_raster(grid: ShellGrid, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], Extent]:
    """Turn a shell `(latitude, longitude)` into a raster of the whole globe, from about 180° W, with its extent.

    If the shell's rows and columns are evenly spaced, the raster has the shell's values, with the columns rotated.
    Otherwise the shell is sampled at the same number of evenly spaced rows and columns.
    """
    latitudes, longitudes = np.array(grid.latitudes_deg, float), np.array(grid.longitudes_deg, float)
    height, width = 180 / len(latitudes), 360 / len(longitudes)
    even_latitudes = 90 - (np.arange(len(latitudes), dtype=np.float64) + 0.5) * height
    if np.allclose(latitudes, even_latitudes) and np.allclose(np.diff(longitudes), width):
        turned = np.where(longitudes >= 180 - 1e-9, longitudes - 360, longitudes)
        first = int(turned.argmin())
        west = float(turned[first]) - width / 2
        return np.roll(values, -first, axis=1), Extent(4326, west, -90, west + 360, 90)
    even_longitudes = -180 + (np.arange(len(longitudes), dtype=np.float64) + 0.5) * width
    sampled = ShellSampler(grid).sample(values, even_latitudes, even_longitudes)
    return sampled, Extent(4326, -180, -90, 180, 90)


def encode(values: NDArray[np.float32], contents: Contents) -> bytes:
    """Write a GeoTIFF file of a tile, or of a shell as a raster of the whole globe. NaN means "no value"."""
    if contents.tile is None:
        values, extent = shell_raster(contents.grid, values)
    else:
        extent = tile_extent(contents.tile)
    return encode_raster(values, extent, contents.unit, contents.description)


def encode_raster(values: NDArray[np.float32], extent: Extent, unit: str, description: str) -> bytes:
    """Write a GeoTIFF file of `(row, column)` values, northernmost row first. NaN means "no value"."""
    import tifffile  # not at the top, because it takes a tenth of a second and most gateways never need it

    rows, columns = values.shape
    geographic = extent.epsg == 4326
    keys = [
        (1024, 2 if geographic else 1),  # model type: geographic or projected
        (1025, 1),  # a pixel is an area
        (2048, 4326) if geographic else (3072, extent.epsg),
    ]
    directory = [1, 1, 0, len(keys), *(number for key, value in keys for number in (key, 0, 1, value))]
    scale = ((extent.east - extent.west) / columns, (extent.north - extent.south) / rows, 0.0)
    corner = (0.0, 0.0, 0.0, extent.west, extent.north, 0.0)  # the place of the raster's first corner
    items = [("DESCRIPTION", "description", description)]
    if shown_unit(unit):
        items.insert(0, ("UNITTYPE", "unittype", unit))
    metadata = "".join(
        # Escaped twice, because GDAL unescapes again what its XML parser has already unescaped.
        f'<Item name="{name}" sample="0" role="{role}">{escape(escape(text))}</Item>'
        for name, role, text in items
    )
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        np.ascontiguousarray(values, dtype="<f4"),
        byteorder="<",
        photometric="minisblack",
        compression="zlib",
        metadata=None,
        software="EarthGAN",
        extratags=[
            (33550, "d", 3, scale, True),
            (33922, "d", 6, corner, True),
            (34735, "H", len(directory), directory, True),
            (42112, "s", 0, f"<GDALMetadata>{metadata}</GDALMetadata>", True),
            (42113, "s", 0, "nan", True),
        ],
    )
    return file.getvalue()
