"""What a load test asks of every answer, and which tiles a map asks for. Plain functions: nothing of Locust's."""

import math
import struct
from collections.abc import Mapping

PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def fault(status: int, headers: Mapping[str, str], body: bytes, digest: str, pixels: int = 256) -> str | None:
    """What is wrong with a tile's answer, in a few words; None where nothing is."""
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
    """The tiles `(z, x, y)` of a window on the Web Mercator map whose centre is at shares `x`, `y` of it.

    Columns go on beyond the date line, rows end at the poles; no tile is named twice.
    """
    width, y = 2**z, min(y, math.nextafter(1, 0))
    left, top = math.floor(x * width - columns / 2 + 0.5), math.floor(y * width - rows / 2 + 0.5)
    tiles = [(z, column % width, row) for row in range(top, top + rows) for column in range(left, left + columns)]
    return list(dict.fromkeys(tile for tile in tiles if 0 <= tile[2] < width))
