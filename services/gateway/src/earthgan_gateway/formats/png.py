"""PNG of palette indices, written by hand: this is where most of a tile's time goes.

Every row has the *up* filter: of smooth fields its differences are mostly 0 and ±1, it costs one subtraction, and it
came out smaller than *sub*, *average* and *Paeth* at the same speed (docs/decisions.md has the numbers).
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
except ImportError:  # no wheel for this machine: zlib does the same, a third slower
    deflate = None  # type: ignore[assignment]

PALETTE_BYTES = 3 * 256
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter's number in the format


def with_libdeflate(rows: bytes) -> bytes:
    """A zlib stream from libdeflate's fastest level."""
    return bytes(deflate.zlib_compress(rows, 1))


def with_zlib(rows: bytes) -> bytes:
    """A zlib stream from zlib, matching runs alone: faster and, after a filter, smaller than its level 1."""
    stream = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return stream.compress(rows) + stream.flush()


COMPRESS: Callable[[bytes], bytes] = with_zlib if deflate is None else with_libdeflate


def encode(index: NDArray[np.uint8], palette: bytes, compress: Callable[[bytes], bytes] = COMPRESS) -> bytes:
    """The PNG file of `(row, column)` palette indices, transparent where the index is 0.

    `palette` is red, green and blue of all 256 indices. Raises ValueError for an array without pixels or a palette
    of another length.
    """
    rows, columns = index.shape
    if not index.size:
        raise ValueError("a picture has at least one pixel")
    filtered = np.empty((rows, columns + 1), dtype=np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = index[0]
    np.subtract(index[1:], index[:-1], out=filtered[1:, 1:])  # modulo 256, as the format wants it
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
    """All that comes before the pixels: the same for every tile of a size and style."""
    if len(palette) != PALETTE_BYTES:
        raise ValueError(f"a palette has {PALETTE_BYTES} bytes, not {len(palette)}")
    size = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)  # 8 bits, palette, not interlaced
    transparency = _chunk(b"tRNS", b"\0") if transparent else b""
    return _SIGNATURE + _chunk(b"IHDR", size) + _chunk(b"PLTE", palette) + transparency
