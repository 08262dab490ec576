"""Formats beside PNG and NPY: each module turns an array into the bytes of one kind of file."""

from earthgan_gateway.formats.geotiff import Extent, encode_geotiff, shell_raster, tile_extent
from earthgan_gateway.formats.netcdf import encode_netcdf
from earthgan_gateway.formats.shell_json import encode_json
from earthgan_gateway.formats.webp import encode_webp

__all__ = [
    "Extent",
    "encode_geotiff",
    "encode_json",
    "encode_netcdf",
    "encode_webp",
    "shell_raster",
    "tile_extent",
]
