"""Checks of answers, and the tiles that a map asks for. These are plain functions that do not depend on Locust."""

import math
import struct
from collections.abc import Mapping

PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def fault(status: int, headers: Mapping[str, str], body: bytes, digest: str, pixels: int = 256) -> str | None:
    """Say in a few words what is wrong with the answer for a tile. Return None if nothing is wrong."""
    if status != 200:
        return f"status {status}"
    if not body.startswith(PNG_START) or not body.endswith(b"IEND\xaeB`\x82"):
        return "not a whole PNG"
    if struct.unpack(">II", body[16:24]) != (pixels, pixels):
        return f"not {pixels} pixels wide and high"
    if not headers.get("etag", "").strip('"'):
        return "no entity tag"
    if headers.get("earthgan-surrogate") != digest:
        return "of another surrogate"
    return None


def view(z: int, x: float, y: float, columns: int = 3, rows: int = 2) -> list[tuple[int, int, int]]:
    """Return the tiles `(z, x, y)` of a window on the Web Mercator map, whose centre is at fractions `x`, `y` of it.

    Columns go on beyond the date line, rows end at the poles; no tile is named twice.
    """
    width, y = 2**z, min(y, math.nextafter(1, 0))
    left, top = math.floor(x * width - columns / 2 + 0.5), math.floor(y * width - rows / 2 + 0.5)
    tiles = [(z, column % width, row) for row in range(top, top + rows) for column in range(left, left + columns)]
    return list(dict.fromkeys(tile for tile in tiles if 0 <= tile[2] < width))
