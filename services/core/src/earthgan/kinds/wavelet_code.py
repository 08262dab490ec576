"""The code of a box of cells: quantised coefficients of its wavelet transform, and corrections of what they miss.

The means of the shells are subtracted first, because a profile is cheap to store. The coefficients that remain are
divided by one quantisation step and rounded. Corrections bring every cell within a tolerance of its value. They refer
to what this very decoder computes in float32, and the encoder checks them by decoding.

The bytes of a box are, in this order, with little-endian numbers: a byte of flags (from the lowest bit: the order of
splitting, 2 bits; whether columns are periodic; whether neighbouring shells resemble each other; the kind of
corrections); the levels along the three axes (1 byte each); how far the magnitudes 1 and 2 lie inside their steps (1
byte each, in 1/256); the quantisation step and the mean of the first shell (float64 each); the differences between the
means of neighbouring shells in steps, the magnitude to expect in the coarsest band, and the length of the coded
coefficients (varints); the coded coefficients; and the corrections, if there are any.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.wavelet_bands import code_magnitudes, new_model
from earthgan.kinds.wavelet_entropy import (
    Decoder,
    Encoder,
    Estimate,
    Ints,
    Magnitudes,
    Model,
    read_varints,
    write_varints,
)
from earthgan.kinds.wavelet_transform import Axes, Box, Key, Order, Plan, joined, split

Field = NDArray[np.float32]

_HEAD = struct.Struct("<6B2d")
#: A magnitude is rounded up if it lies in the last part of a step, and down otherwise, because zeros are cheap. For
#: magnitudes below 1.5 steps, this part grows from `_QUIET` to `_BUSY` while the mean magnitude around grows from 0 to
#: `_BUSY_FROM` steps: where all is zero, zeros are cheapest.
_QUIET, _BUSY, _BUSY_FROM = 0.1, 0.44, 0.6
#: A quantisation step is at least this part of the field's extent. Finer steps are beyond float32.
_FINEST = 2.0**-27
#: What is expected first in the coarsest band, in proportion to its mean magnitude.
_LOUDNESS = 5
_LARGEST = float(np.finfo(np.float32).max)


class _Corrections(IntEnum):
    NONE = 0
    STEPS = 1  # whole multiples of a unit are added
    EXACT = 2  # the distance in the order of all float32 numbers


@dataclass(frozen=True)
class BoxCode:
    """How a box is coded. With `max_error`, every cell is within it of its value. `across` says whether neighbouring
    shells resemble each other.
    """

    plan: Plan
    step: float
    across: bool = True
    max_error: float | None = None


@dataclass(frozen=True)
class _Quantised:
    """A box in whole numbers: the mean of each shell in steps from `base`, and the coefficients."""

    step: float
    base: float
    means: Ints
    bands: dict[Key, Ints]
    inward: tuple[int, int]

    def coded(self, plan: Plan, across: bool, coder: Magnitudes) -> tuple[int, NDArray[np.bool_]]:
        """Give the magnitudes to a coder. Return the loudness, and the signs of the magnitudes that are not 0."""
        magnitudes = {key: np.abs(band) for key, band in self.bands.items()}
        keys = plan.bands()
        loudness = int(magnitudes[keys[0]].mean() * _LOUDNESS)
        code_magnitudes(plan, coder, loudness, across, magnitudes)
        return loudness, np.concatenate([self.bands[key][magnitudes[key] > 0] < 0 for key in keys])

    def decoded(self, plan: Plan) -> Field:
        first, second = (each / 256 for each in self.inward)
        box = joined({key: _restored(band, self.step, first, second) for key, band in self.bands.items()}, plan)
        box += (self.base + self.means * self.step)[:, None, None]
        return np.clip(box, -_LARGEST, _LARGEST, out=box).astype(np.float32, order="C")


def encode_box(values: NDArray[np.floating], code: BoxCode) -> bytes:
    """The bytes of a box `(shell, latitude, longitude)` of finite values."""
    plan, quantised = code.plan, _quantised(values, code)
    encoder = Encoder(new_model())
    loudness, signs = quantised.coded(plan, code.across, encoder)
    coded = encoder.finish(signs)
    kind, corrections = _Corrections.NONE, b""
    if code.max_error is not None:
        kind, corrections = _corrections(quantised.decoded(plan), values, code.max_error)
    flags = plan.order | plan.periodic << 2 | code.across << 3 | kind << 4
    head = _HEAD.pack(flags, *plan.levels, *quantised.inward, quantised.step, quantised.base)
    means = write_varints(_zigzag(int(each)) for each in np.diff(quantised.means, prepend=0))
    return head + means + write_varints([loudness, len(coded)]) + coded + corrections


def estimate_box(values: NDArray[np.floating], code: BoxCode) -> tuple[float, float]:
    """About how many bytes a box takes without corrections, and the sum of the squared errors."""
    quantised = _quantised(values, code)
    estimate = Estimate(new_model())
    _, signs = quantised.coded(code.plan, code.across, estimate)
    errors = quantised.decoded(code.plan).astype(np.float64) - values
    return (estimate.bits + len(signs)) / 8 + _HEAD.size + 2 * len(values), float(np.vdot(errors, errors))


def decode_box(data: bytes, shape: Axes) -> Field:
    """The box of `shape` that `encode_box` wrote. Raises ValueError if the bytes cannot be its work."""
    if len(data) < _HEAD.size:
        raise ValueError("the box ends too soon")
    flags, *small, step, base = _HEAD.unpack_from(data)
    if flags & 3 > max(Order) or flags >> 4 > max(_Corrections) or not (np.isfinite((step, base)).all() and step > 0):
        raise ValueError("the box has an unknown header")
    plan = Plan(shape, (small[0], small[1], small[2]), Order(flags & 3), bool(flags & 4))
    data = data[_HEAD.size :]
    (*numbers, loudness, length), used = read_varints(data, shape[0] + 2)
    means = np.cumsum([_unzigzag(each) for each in numbers])
    end = used + length
    if end > len(data):
        raise ValueError("the box ends too soon")
    decoder = Decoder(new_model(), data[used:end])
    bands, keys = code_magnitudes(plan, decoder, loudness, bool(flags & 8)), plan.bands()
    counts = [int(np.count_nonzero(bands[key])) for key in keys]
    signs = decoder.finish(sum(counts))
    for key, negative in zip(keys, np.split(signs, np.cumsum(counts)[:-1]), strict=True):
        band = bands[key].reshape(-1)
        stored = np.flatnonzero(band)
        band[stored] = np.where(negative, -band[stored], band[stored])
    field = _Quantised(step, base, means, bands, (small[3], small[4])).decoded(plan)
    return _corrected(field, _Corrections(flags >> 4), data[end:])


def _quantised(values: NDArray[np.floating], code: BoxCode) -> _Quantised:
    box = values.astype(np.float64)
    means = box.mean(axis=(1, 2))
    base = float(means[0])
    extent = float(max(np.abs(box - means[:, None, None]).max(), np.abs(means - base).max()))
    step = max(code.step, extent * _FINEST, 2.0**-160)
    whole = np.rint((means - base) / step).astype(np.int64)
    box -= (base + whole * step)[:, None, None]
    bands, sums, counts = {}, [0.0, 0.0], [0, 0]
    for key, band in split(box, code.plan).items():
        scaled = np.abs(band) / step
        whole_band = _rounded(scaled)
        for at in (0, 1):
            here = whole_band == at + 1
            counts[at] += int(np.count_nonzero(here))
            sums[at] += float((at + 1 - scaled[here]).sum())
        bands[key] = np.where(band < 0, -whole_band, whole_band)
    # The mean of the magnitudes that were rounded to 1, and to 2, lies further inwards than the middle.
    inward = [
        int(np.clip(round(256 * total / max(count, 1)), 0, 255)) for total, count in zip(sums, counts, strict=True)
    ]
    return _Quantised(step, base, whole, bands, (inward[0], inward[1]))


def _rounded(scaled: Box) -> Ints:
    around = np.minimum(scaled, 4)
    for axis, length in enumerate(scaled.shape):
        if length > 1:
            line = around.swapaxes(0, axis)
            sums = line.copy()
            sums[1:] += line[:-1]
            sums[:-1] += line[1:]
            sums[0] += line[1]
            sums[-1] += line[-2]
            around = (sums / 3).swapaxes(0, axis)
    part = _QUIET + (_BUSY - _QUIET) * np.minimum(around / _BUSY_FROM, 1)
    return np.floor(scaled + np.where(scaled < 1.5, part, _BUSY)).astype(np.int64)


def _restored(band: Ints, step: float, first: float, second: float) -> Box:
    magnitudes = np.abs(band)
    out = magnitudes.astype(np.float64)
    out[magnitudes == 1] -= first
    out[magnitudes == 2] -= second
    out *= step
    return np.negative(out, out=out, where=band < 0)


def _corrections(decoded: Field, values: NDArray[np.floating], max_error: float) -> tuple[_Corrections, bytes]:
    """Corrections by which every cell is within `max_error` of its value, and their kind."""
    error = values.astype(np.float64) - decoded
    wrong = np.flatnonzero(np.abs(error) > max_error)
    if not len(wrong):
        return _Corrections.NONE, b""
    # Most errors are between one and two tolerances. The unit leaves room for the rounding to float32.
    unit = 1.96 * max_error
    error = error.reshape(-1)[wrong]
    if unit > 2.0**-1000 and np.abs(error).max() / unit < 2.0**40:
        coded = struct.pack("<d", unit) + _sparse(wrong, np.rint(error / unit).astype(np.int64))
        left = np.abs(_corrected(decoded.copy(), _Corrections.STEPS, coded) - values.astype(np.float64))
        if (left <= max_error).all():
            return _Corrections.STEPS, coded
    # Tolerances near the distance between two float32 numbers leave no such room.
    targets = values.reshape(-1)[wrong].astype(np.float32)
    coded = _sparse(wrong, _ordered(targets) - _ordered(decoded.reshape(-1)[wrong]))
    left = np.abs(_corrected(decoded.copy(), _Corrections.EXACT, coded) - values.astype(np.float64))
    if (left <= max_error).all():
        return _Corrections.EXACT, coded
    raise ValueError("the values are not float32 numbers")


def _corrected(field: Field, kind: _Corrections, data: bytes) -> Field:
    if kind is _Corrections.NONE:
        if data:
            raise ValueError("the box does not end where it should")
        return field
    flat = field.reshape(-1)
    if kind is _Corrections.STEPS:
        (unit,) = struct.unpack_from("<d", data) if len(data) >= 8 else (np.nan,)
        if not np.isfinite(unit):
            raise ValueError("the corrections have an unknown unit")
        cells, numbers = _from_sparse(data[8:], flat.size)
        corrected = flat[cells].astype(np.float64) + numbers * unit
        flat[cells] = np.clip(corrected, -_LARGEST, _LARGEST).astype(np.float32)
    else:
        cells, numbers = _from_sparse(data, flat.size)
        flat[cells] = _from_ordered(_ordered(flat[cells]) + numbers)
    return field


def _sparse_model() -> Model:
    return Model(np.array([4.0, 0.5]))


def _sparse(cells: Ints, numbers: Ints) -> bytes:
    """Numbers other than 0 at cells, which ascend."""
    gaps, sizes = np.diff(cells, prepend=-1) - 1, np.abs(numbers) - 1
    shifts = [max(int(np.median(each)).bit_length() - 2, 0) for each in (gaps, sizes)]
    encoder = Encoder(_sparse_model())
    for context, (values, shift) in enumerate(zip((gaps, sizes), shifts, strict=True)):
        for part in _parts(len(values)):
            cut = values[part]
            encoder.code(np.full(len(cut), context), np.full(len(cut), shift), cut)
    return write_varints([len(cells), *shifts]) + encoder.finish(numbers < 0)


def _from_sparse(data: bytes, size: int) -> tuple[Ints, Ints]:
    (count, *shifts), used = read_varints(data, 3)
    if count > size or max(shifts) > 40:
        raise ValueError("there are more corrections than cells")
    decoder = Decoder(_sparse_model(), data[used:])
    gaps, sizes = (
        np.concatenate(
            [
                decoder.code(np.full(each, context), np.full(each, shift))
                for each in (part.stop - part.start for part in _parts(count))
            ]
        )
        for context, shift in enumerate(shifts)
    )
    cells = np.cumsum(gaps + 1) - 1
    if count and not 0 <= cells[-1] < size:
        raise ValueError("a correction is beyond the last cell")
    return cells, np.where(decoder.finish(count), -1 - sizes, 1 + sizes)


def _parts(count: int) -> list[slice]:
    """Parts that grow, so that the frequencies soon follow the first numbers."""
    edges = [0]
    while edges[-1] < count:
        edges.append(min(count, 2 * edges[-1] + 256))
    return [slice(a, b) for a, b in pairwise(edges)] or [slice(0, 0)]


def _ordered(values: Field) -> Ints:
    """The places of float32 numbers in their order."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _from_ordered(places: Ints) -> Field:
    bits = np.where(places < 0, -places | 0x80000000, places)
    return (bits & 0xFFFFFFFF).astype(np.uint32).view(np.float32)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _unzigzag(number: int) -> int:
    return number >> 1 if number % 2 == 0 else -((number + 1) >> 1)
