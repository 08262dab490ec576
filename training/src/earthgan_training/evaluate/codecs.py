"""Compressors of fields that a user could choose instead of a surrogate: SPERR, SZ3 and AV1, if they are installed.

SPERR: Li, Lindstrom & Clyne (2023), IPDPS. SZ3: Liang et al. (2022), IEEE Trans. Big Data 9. AV1: the encoder SVT-AV1
at 10 bits, with shells as frames. The extra `codecs` installs all three.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from earthgan_training.evaluate.search import finest

Array = NDArray[np.float32]

#: The relative difference from the requested bytes that is small enough.
NEAR = 0.02
#: The two float32 numbers that convert a code's 0…1 to units.
CONSTANTS_BYTES = 8


@dataclass(frozen=True)
class Codec:
    """A compressor of fields `(shell, latitude, longitude)` with values in 0…1. A higher `quality` takes more bytes."""

    name: str
    encode: Callable[[Array, float], bytes]
    decode: Callable[[bytes, tuple[int, int, int]], Array]
    coarsest: float
    finest: float
    resolution: float  # of the quality: smaller differences hardly change the bytes
    steady: bool = True  # whether more quality never takes fewer bytes
    usual: Callable[[float], float] | None = None  # the quality that gives about these bits a number


@dataclass(frozen=True)
class Coded:
    """A field after coding and decoding, and the bytes of its code."""

    field: Array
    bytes: int


def available_codecs() -> tuple[Codec, ...]:
    """The codecs whose packages are installed."""
    found = []
    if find_spec("imagecodecs"):
        found += [
            Codec("sperr", _sperr_encode, _sperr_decode, coarsest=-14, finest=5, resolution=1e-3, usual=math.log2),
            Codec("sz3", _sz3_encode, _sz3_decode, coarsest=0, finest=16, resolution=1e-3, steady=False),
        ]
    if find_spec("av"):
        found.append(Codec("av1", _av1_encode, _av1_decode, coarsest=0, finest=_CRF_LAST - 1, resolution=0.5))
    return tuple(found)


def code(codec: Codec, field: Array, bytes_wanted: float) -> Coded:
    """Code a field in `bytes_wanted` bytes, which include its two constants. The result is within 2 % of this number.
    If the codec cannot do that, the result takes fewer bytes, or the codec's smallest number.
    """
    shells, rows, columns = field.shape
    low, extent = float(field.min()), float(np.ptp(field)) or 1.0
    normalised = np.ascontiguousarray((field - np.float32(low)) / np.float32(extent))
    wanted = bytes_wanted - CONSTANTS_BYTES
    limit, near = wanted * (1 + NEAR), math.log2((1 + NEAR) / (1 - NEAR))
    qualities = (codec.coarsest, codec.finest) if codec.steady else _bracket(codec, normalised, limit)
    first = codec.usual(8 * max(wanted, 1) / field.size) if codec.usual else sum(qualities) / 2
    best = finest(
        lambda quality: codec.encode(normalised, quality),
        lambda stream: math.log2(max(len(stream), 1) / max(limit, 1)),
        qualities,
        first,
        near,
        codec.resolution,
    )
    decoded = codec.decode(best, (shells, rows, columns)).astype(np.float64)
    return Coded((decoded * extent + low).astype(np.float32), len(best) + CONSTANTS_BYTES)


def _bracket(codec: Codec, field: Array, limit: float) -> tuple[float, float]:
    """The best whole quality that fits, and the next one. With SZ3, a coarser quality may take more bytes."""
    fits = codec.coarsest
    for quality in np.arange(codec.coarsest, codec.finest):
        size = len(codec.encode(field, float(quality)))
        if size <= limit:
            fits = float(quality)
        elif size > 2 * limit:
            break
    return fits, fits + 1


def _sperr_encode(field: Array, quality: float) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.sperr_encode(field, mode="bpp", level=2.0**quality))


def _sperr_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    import imagecodecs

    return np.asarray(imagecodecs.sperr_decode(stream), np.float32).reshape(shape)


def _sz3_encode(field: Array, quality: float) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.sz3_encode(field, mode="abs", abs=2.0**-quality))


def _sz3_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    import imagecodecs

    return np.asarray(imagecodecs.sz3_decode(stream, shape, np.float32))


#: Settings of AV1: constant rate factors go up to 63, the coarsest; the encoder's preset is a slow one; samples have 10
#: bits.
_CRF_LAST, _PRESET, _LEVELS, _GREY = 63, 4, 1023, 512
#: The smallest frame that the encoder accepts.
_FRAME = 64


def _av1_encode(field: Array, quality: float) -> bytes:
    os.environ.setdefault("SVT_LOG", "0")  # read when the encoder starts; else it would print its settings
    import av

    rows, columns = field.shape[1:]
    height, width = (max(_FRAME, n + n % 2) for n in (rows, columns))
    encoder = av.CodecContext.create("libsvtav1", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p10le"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"crf": str(_CRF_LAST - round(quality)), "preset": str(_PRESET)}
    padding = ((0, height - rows), (0, width - columns))
    packets = []
    for number, shell in enumerate(np.round(field * _LEVELS).astype(np.uint16)):
        planes = np.full((height * 3 // 2, width), _GREY, np.uint16)  # brightness, then two colours at half the size
        planes[:height] = np.pad(shell, padding, mode="edge")
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def _av1_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    import av

    _, rows, columns = shape
    with av.open(io.BytesIO(stream), "r", format="obu") as container:
        frames = [frame.to_ndarray()[:rows, :columns] for frame in container.decode(video=0)]
    return np.stack(frames).astype(np.float32) / np.float32(_LEVELS)
