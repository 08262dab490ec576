"""PNG files of palette indices. This module writes them itself, because most of a tile's time is spent here.

Every row has the *up* filter. It costs one subtraction, and the differences of smooth fields are mostly 0 and ±1. The
files are smaller than with *sub*, *average* and *Paeth* at the same speed (docs/decisions.md has the numbers).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

try:
    import deflate
except ImportError:  # there is no wheel for this machine; zlib does the same and is a third slower
    deflate = None  # type: ignore[assignment]

PALETTE_BYTES = 3 * 256
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter's number in the format


def with_libdeflate(rows: bytes) -> bytes:
    """Compress to a zlib stream with libdeflate's fastest level."""
    return bytes(deflate.zlib_compress(rows, 1))


def with_zlib(rows: bytes) -> bytes:
    """Compress to a zlib stream with zlib, which looks only for runs.

    After a filter, this is faster than zlib's level 1, and the stream is smaller.
    """
    stream = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return stream.compress(rows) + stream.flush()


COMPRESS: Callable[[bytes], bytes] = with_zlib if deflate is None else with_libdeflate


def encode(index: NDArray[np.uint8], palette: bytes, compress: Callable[[bytes], bytes] = COMPRESS) -> bytes:
    """Write a PNG file of `(row, column)` palette indices. Index 0 is transparent.

    `palette` holds red, green and blue of all 256 indices. Raises ValueError for an array without pixels and for a
    palette of the wrong length.
    """
    rows, columns = index.shape
    if not index.size:
        raise ValueError("a picture must have at least one pixel")
    filtered = np.empty((rows, columns + 1), dtype=np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = index[0]
    np.subtract(index[1:], index[:-1], out=filtered[1:, 1:])  # modulo 256, as the format requires
    return b"".join(
        (
            _head(columns, rows, palette, transparent=not index.all()),
            _chunk(b"IDAT", compress(filtered.tobytes())),
            _END,
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)))


_END = _chunk(b"IEND", b"")


@lru_cache(maxsize=256)
def _head(columns: int, rows: int, palette: bytes, transparent: bool) -> bytes:
    """Return the part of the file before the pixels, which all tiles of one size and style share."""
    if len(palette) != PALETTE_BYTES:
        raise ValueError(f"a palette must have {PALETTE_BYTES} bytes, not {len(palette)}")
    size = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)  # 8 bits, palette, not interlaced
    transparency = _chunk(b"tRNS", b"\0") if transparent else b""
    return _SIGNATURE + _chunk(b"IHDR", size) + _chunk(b"PLTE", palette) + transparency
