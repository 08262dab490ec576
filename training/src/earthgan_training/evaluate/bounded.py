"""Codecs that promise a largest error: their bytes at a bound that every cell keeps.

SPERR: Li, Lindstrom & Clyne (2023), IPDPS, which corrects outliers after its wavelets. SZ3: Liang et al. (2022), IEEE
Trans. Big Data 9. EBCC: Huang et al. (2025), arXiv 2510.22265, JPEG 2000 and a bounded residual. A promise is not
believed: every code is decoded, and its largest error is measured. The extras `codecs` and `ebcc` install them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from earthgan_training.evaluate.codecs import CONSTANTS_BYTES

Array = NDArray[np.float32]

#: What float32 rounds away is kept from the bound that a codec is asked for.
ROUNDING = 1e-3
#: A codec that breaks its promise is asked for a smaller bound, this often in all.
TRIES = 3
#: The ratio of compression of EBCC's base layer. On a temperature of 198 x 108 x 216 within 1 % of its range, 30 kept
#: the bound and 100 broke it, with as many bytes. EBCC codes pictures. They are sections along a parallel, which take
#: 147 kB, and not maps, which take 549 kB.
_EBCC_BASE, _SECTIONS = 30.0, (1, 0, 2)
#: The smallest picture that EBCC accepts has this many rows and columns.
_PICTURE = 32


@dataclass(frozen=True)
class BoundedCodec:
    """A compressor of fields `(shell, latitude, longitude)` with values in 0…1 that promises a largest error."""

    name: str
    encode: Callable[[Array, float], bytes]
    decode: Callable[[bytes, tuple[int, int, int]], Array]


@dataclass(frozen=True)
class AtBound:
    """The bytes of a field's code, and its largest error when it was decoded, over the range of the field. `kept` says
    whether that is within the bound.
    """

    bytes: int
    largest: float
    kept: bool


def bounded_codecs() -> tuple[BoundedCodec, ...]:
    """The codecs with a bound whose packages are installed."""
    found = []
    if find_spec("imagecodecs"):
        found += [
            BoundedCodec("sperr", _sperr_encode, _sperr_decode),
            BoundedCodec("sz3", _sz3_encode, _sz3_decode),
        ]
    if find_spec("numcodecs_wasm_ebcc"):
        found.append(BoundedCodec("ebcc", _ebcc_encode, _ebcc_decode))
    return tuple(found)


def at_bound(codec: BoundedCodec, field: Array, bound: float, extent: float) -> AtBound:
    """Code a field so that no cell is farther off than `bound` times `extent`, a range in the field's unit.

    If the decoded field breaks the bound, the codec is asked for a smaller one, in proportion. The last try counts.
    """
    low, own = float(field.min()), float(np.ptp(field)) or 1.0
    normalised = np.ascontiguousarray((field - np.float32(low)) / np.float32(own))
    shape = field.shape[0], field.shape[1], field.shape[2]
    asked = bound * (1 - ROUNDING)
    for _ in range(TRIES):
        stream = codec.encode(normalised, asked * extent / own)
        decoded = codec.decode(stream, shape).astype(np.float64) * own + low
        largest = float(np.abs(decoded - field).max()) / extent
        if largest <= bound:
            break
        asked *= (1 - ROUNDING) * bound / largest
    return AtBound(len(stream) + CONSTANTS_BYTES, largest, largest <= bound)


def remainder(surrogate: float, prediction: Array, truth: Array, bound: float, codec: BoundedCodec) -> AtBound:
    """The bytes of a variable when a surrogate that takes `surrogate` bytes for it is followed by a bounded code of
    what it leaves. Nothing is added where the surrogate keeps the bound itself.
    """
    extent = float(np.ptp(truth)) or 1.0
    left = (truth.astype(np.float64) - prediction).astype(np.float32)
    largest = float(np.abs(left).max()) / extent
    if largest <= bound:
        return AtBound(round(surrogate), largest, True)
    added = at_bound(codec, left, bound, extent)
    return AtBound(round(surrogate) + added.bytes, added.largest, added.kept)


#: The ways of the surrogate among the results at a bound: as it is, and followed by SPERR of what it leaves.
SURROGATE, AND_REMAINDER = "surrogate", "surrogate_and_sperr"


def within_bounds(
    predictions: Mapping[str, Array],
    truth: Mapping[str, Array],
    per_step: float,
    bounds: Sequence[float],
    say: Callable[[str], None],
    codecs: Sequence[BoundedCodec],
) -> dict[float, dict[str, dict[str, AtBound]]]:
    """The results by bound, way and variable, for fields by variable. The surrogate takes `per_step` bytes for all of
    its variables together; here each has the same share of them.
    """
    share = per_step / len(truth)
    found: dict[float, dict[str, dict[str, AtBound]]] = {}
    for bound in bounds:
        of = found.setdefault(bound, {SURROGATE: {}})
        for name, true in truth.items():
            extent = float(np.ptp(true)) or 1.0
            largest = float(np.abs(predictions[name].astype(np.float64) - true).max()) / extent
            of[SURROGATE][name] = AtBound(round(share), largest, largest <= bound)
            for codec in codecs:
                say(f"{name} by {codec.name} within {100 * bound:g} % of its range")
                of.setdefault(codec.name, {})[name] = at_bound(codec, true, bound, extent)
                if codec.name == "sperr":
                    both = remainder(share, predictions[name], true, bound, codec)
                    of.setdefault(AND_REMAINDER, {})[name] = both
    return found


def _sperr_encode(field: Array, bound: float) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.sperr_encode(field, mode="pwe", level=bound))


def _sperr_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    import imagecodecs

    return np.asarray(imagecodecs.sperr_decode(stream), np.float32).reshape(shape)


def _sz3_encode(field: Array, bound: float) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.sz3_encode(field, mode="abs", abs=bound))


def _sz3_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    import imagecodecs

    return np.asarray(imagecodecs.sz3_decode(stream, shape, np.float32))


def _ebcc_encode(field: Array, bound: float) -> bytes:
    from numcodecs_wasm_ebcc import Ebcc

    turned = field.transpose(_SECTIONS)
    beyond = [(0, size - n) for n, size in zip(turned.shape, _padded(field.shape), strict=True)]
    sections = np.ascontiguousarray(np.pad(turned, beyond, mode="edge"))
    return bytes(Ebcc(residual="absolute", error=float(bound), base_cr=_EBCC_BASE).encode(sections))


def _ebcc_decode(stream: bytes, shape: tuple[int, int, int]) -> Array:
    from numcodecs_wasm_ebcc import Ebcc

    decoded = Ebcc(residual="absolute", error=1.0).decode(np.frombuffer(stream, np.uint8))
    sections = np.asarray(decoded, np.float32).reshape(_padded(shape)).transpose(_SECTIONS)
    return sections[: shape[0], : shape[1], : shape[2]]


def _padded(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The shape of a field's sections, as large as EBCC wants them."""
    sections, rows, columns = (shape[axis] for axis in _SECTIONS)
    return sections, max(rows, _PICTURE), max(columns, _PICTURE)
