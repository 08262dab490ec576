"""The table of file formats. Each other module of this package writes one format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan_gateway.formats import geotiff, json, netcdf, npy, png, webp
from earthgan_gateway.formats.contents import Contents

__all__ = ["COLOUR_FORMATS", "FORMATS", "VALUE_FORMATS", "ColourFormat", "Contents", "Format", "ValueFormat"]


@dataclass(frozen=True, kw_only=True)
class _Format:
    """A file format, with its media type, whether gzip makes it smaller, and what it is offered for.

    The version is a part of every key and entity tag. Raise it when the same array would be written differently.
    """

    name: str
    media_type: str
    version: int = 1
    compressible: bool = False
    for_tiles: bool = False
    for_shells: bool = True


@dataclass(frozen=True, kw_only=True)
class ColourFormat(_Format):
    """A format that shows colours: `encode` takes `(row, column)` palette indices and the palette's 768 bytes."""

    encode: Callable[[NDArray[np.uint8], bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class ValueFormat(_Format):
    """A format that holds values: `encode` takes values `(row, column)`, north first, and their description."""

    encode: Callable[[NDArray[np.float32], Contents], bytes]


Format = ColourFormat | ValueFormat

COLOUR_FORMATS = {
    each.name: each
    for each in (
        ColourFormat(name="png", media_type="image/png", encode=png.encode, for_tiles=True),
        ColourFormat(name="webp", media_type="image/webp", encode=webp.encode, for_tiles=True),
    )
}
VALUE_FORMATS = {
    each.name: each
    for each in (
        ValueFormat(name="npy", media_type="application/x-npy", encode=npy.encode, for_tiles=True, compressible=True),
        ValueFormat(
            name="tif", media_type="image/tiff; application=geotiff", version=2, encode=geotiff.encode, for_tiles=True
        ),
        ValueFormat(name="nc", media_type="application/x-netcdf", version=3, encode=netcdf.encode, compressible=True),
        ValueFormat(
            name="chunk",
            media_type="application/octet-stream",
            encode=lambda values, _: values.astype("<f4").tobytes(),
            compressible=True,
            for_shells=False,
        ),
        ValueFormat(name="json", media_type="application/json", encode=json.encode, compressible=True),
    )
}
FORMATS: dict[str, Format] = {**COLOUR_FORMATS, **VALUE_FORMATS}
