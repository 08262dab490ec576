"""The code of a box of cells: quantised coefficients of its wavelet transform, and corrections of what they miss.

The means of the shells are subtracted first, because a profile is cheap to store. The coefficients that remain are
divided by one quantisation step and rounded. Corrections bring every cell within a tolerance of its value. They refer
to what this very decoder computes in float32, and the encoder checks them by decoding.

A box may be *refined*: a network adds to the decoded cells what it expects that the rounding has lost
(`earthgan.kinds.wavelet_refine`). A refined box has no corrections, because machines differ in its last digits.

The bytes of a box are, in this order, with little-endian numbers: 2 bytes of flags (from the lowest bit: the order of
splitting, 2 bits; whether columns are periodic; whether neighbouring shells resemble each other; the kind of
corrections, 2 bits; whether the box is refined; the levels along the three axes, 3 bits each); the quantisation step (2
bytes: k + 128 e stands for (128 + k) 2^(e - 178)); how far the magnitudes 1 and 2 lie inside their steps (1 byte: 4
bits each, in 1/32); the mean of the first shell and the differences between neighbouring shells in 1/64 steps, and the
magnitude to expect in the coarsest band (varints); and the coded coefficients. If there are corrections, the length of
the coded coefficients stands before them (a varint), and the corrections follow them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.wavelet_bands import code_magnitudes, new_model
from earthgan.kinds.wavelet_choice import PRICE, chosen, tried
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
from earthgan.kinds.wavelet_refine import refined
from earthgan.kinds.wavelet_transform import Axes, Box, Key, Order, Plan, joined, split

Field = NDArray[np.float32]

_HEAD = struct.Struct("<HHB")
#: The exponents of quantisation steps are stored with this added. The finest step is above the least exponent.
_EXPONENT, _LEAST_STEP = 170, 2.0**-160
#: Means are stored in this part of a step, and how far magnitudes lie inside their steps in this one.
_OF_MEAN, _OF_INWARD = 64, 32
#: A magnitude is rounded up if it lies in the last part of a step, and down otherwise, because zeros are cheap. For
#: magnitudes below 1.5 steps, this part grows from `_QUIET` to `_BUSY` while the mean magnitude around grows from 0 to
#: `_BUSY_FROM` steps: where all is zero, zeros are cheapest.
_QUIET, _BUSY, _BUSY_FROM = 0.1, 0.44, 0.6
#: In boxes of at most this many cells, bits have their price when magnitudes are rounded, which takes twice the time.
_CHOSEN_CELLS = 1 << 19
#: A quantisation step is at least this part of the field's largest magnitude. Finer steps are beyond float32.
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
    shells resemble each other, and `refined` whether a network adds what the rounding may have lost.

    So often as `trials` says, the encoder decodes the box for each change of a number, and keeps what helps. It takes
    minutes for a hundred numbers, and is meant for boxes of a hundred bytes.
    """

    plan: Plan
    step: float
    across: bool = True
    max_error: float | None = None
    refined: bool = False
    trials: int = 0

    def __post_init__(self) -> None:
        if self.refined and self.max_error is not None:
            raise ValueError("a refined box cannot be corrected")


@dataclass(frozen=True)
class _Quantised:
    """A box in whole numbers: the mean of each shell in parts of a step, and the coefficients."""

    step: float
    means: Ints
    bands: dict[Key, Ints]
    inward: tuple[int, int]

    def coded(self, plan: Plan, across: bool, coder: Magnitudes) -> tuple[int, NDArray[np.bool_]]:
        """Give the magnitudes to a coder. Return the loudness, and the signs of the magnitudes that are not 0."""
        magnitudes = {key: np.abs(band) for key, band in self.bands.items()}
        keys = plan.bands()
        loudness = _loudness(plan, magnitudes)
        code_magnitudes(plan, coder, loudness, across, magnitudes)
        return loudness, np.concatenate([self.bands[key][magnitudes[key] > 0] < 0 for key in keys])

    def decoded(self, plan: Plan, refine: bool) -> Field:
        first, second = (each / _OF_INWARD for each in self.inward)
        box = joined({key: _restored(band, self.step, first, second) for key, band in self.bands.items()}, plan)
        if refine:
            box = refined(box, self.step, plan.periodic)
        box += (self.means * (self.step / _OF_MEAN))[:, None, None]
        return np.clip(box, -_LARGEST, _LARGEST, out=box).astype(np.float32, order="C")


def encode_box(values: NDArray[np.floating], code: BoxCode) -> bytes:
    """The bytes of a box `(shell, latitude, longitude)` of finite values."""
    plan, quantised = code.plan, _quantised(values, code)
    encoder = Encoder(new_model())
    loudness, signs = quantised.coded(plan, code.across, encoder)
    coded = encoder.finish(signs)
    kind, corrections = _Corrections.NONE, b""
    if code.max_error is not None:
        kind, corrections = _corrections(quantised.decoded(plan, refine=False), values, code.max_error)
    flags = plan.order | plan.periodic << 2 | code.across << 3 | kind << 4 | code.refined << 6
    for axis, levels in enumerate(plan.levels):
        flags |= levels << 7 + 3 * axis
    first, second = quantised.inward
    head = _HEAD.pack(flags, _step_number(quantised.step), first | second << 4)
    means = [_zigzag(int(each)) for each in np.diff(quantised.means, prepend=0)]
    length = [] if kind is _Corrections.NONE else [len(coded)]
    return head + write_varints([*means, loudness, *length]) + coded + corrections


def estimate_box(values: NDArray[np.floating], code: BoxCode) -> tuple[float, float]:
    """About how many bytes a box takes without corrections, and the sum of the squared errors."""
    bits, error = _measured(_quantised(values, code), values, code)
    return bits / 8 + _HEAD.size + 3 + 2 * len(values), error


def decode_box(data: bytes, shape: Axes) -> Field:
    """The box of `shape` that `encode_box` wrote. Raises ValueError if the bytes cannot be its work."""
    if len(data) < _HEAD.size:
        raise ValueError("the box ends too soon")
    flags, number, inward = _HEAD.unpack_from(data)
    kind = flags >> 4 & 3
    if flags & 3 > max(Order) or kind > max(_Corrections):
        raise ValueError("the box has an unknown header")
    z, y, x = (flags >> 7 + 3 * axis & 7 for axis in range(3))
    plan = Plan(shape, (z, y, x), Order(flags & 3), bool(flags & 4))
    data = data[_HEAD.size :]
    (*numbers, loudness), used = read_varints(data, shape[0] + 1)
    means = np.cumsum([_unzigzag(each) for each in numbers])
    end = len(data)
    if kind != _Corrections.NONE:
        (length,), more = read_varints(data[used:], 1)
        used += more
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
    field = _Quantised(_step_of(number), means, bands, (inward & 15, inward >> 4)).decoded(plan, bool(flags >> 6 & 1))
    return _corrected(field, _Corrections(kind), data[end:])


def _quantised(values: NDArray[np.floating], code: BoxCode) -> _Quantised:
    box = values.astype(np.float64)
    means = box.mean(axis=(1, 2))
    largest = float(max(np.abs(box - means[:, None, None]).max(), np.abs(means).max()))
    step = _step_of(_step_number(max(code.step, largest * _FINEST, _LEAST_STEP)))
    whole = np.rint(means / step * _OF_MEAN).astype(np.int64)
    box -= (whole * (step / _OF_MEAN))[:, None, None]
    coefficients = {key: band / step for key, band in split(box, code.plan).items()}
    scaled = {key: np.abs(band) for key, band in coefficients.items()}
    rounded = {key: _rounded(band) for key, band in scaled.items()}
    if box.size <= _CHOSEN_CELLS and code.max_error is None:
        rounded = chosen(code.plan, scaled, _loudness(code.plan, rounded), code.across)
    signed = {key: np.where(band < 0, -rounded[key], rounded[key]) for key, band in coefficients.items()}
    quantised = _Quantised(step, whole, signed, _inward(scaled, rounded))
    for _ in range(code.trials):
        quantised = _tried(quantised, coefficients, values, code)
    return quantised


def _tried(
    quantised: _Quantised, coefficients: dict[Key, Box], values: NDArray[np.floating], code: BoxCode
) -> _Quantised:
    def cost(of: _Quantised) -> float:
        bits, error = _measured(of, values, code)
        return error / of.step**2 + PRICE * bits

    tried(quantised.bands, coefficients, lambda: cost(quantised))
    _, second = quantised.inward
    quantised = min((replace(quantised, inward=(each, second)) for each in range(16)), key=cost)
    first, _ = quantised.inward
    return min((replace(quantised, inward=(first, each)) for each in range(16)), key=cost)


def _measured(quantised: _Quantised, values: NDArray[np.floating], code: BoxCode) -> tuple[float, float]:
    """The bits of the numbers and their signs, and the sum of the squared errors."""
    estimate = Estimate(new_model())
    _, signs = quantised.coded(code.plan, code.across, estimate)
    errors = quantised.decoded(code.plan, code.refined).astype(np.float64) - values
    return estimate.bits + len(signs), float(np.vdot(errors, errors))


def _inward(scaled: Mapping[Key, Box], rounded: Mapping[Key, Ints]) -> tuple[int, int]:
    """How far inside their steps the magnitudes lie that were rounded to 1, and to 2. These are further inwards than
    the middle.
    """
    distances = (
        np.concatenate([(number - scaled[key])[rounded[key] == number] for key in scaled]) for number in (1, 2)
    )
    first, second = (int(np.clip(round(_OF_INWARD * each.sum() / max(len(each), 1)), 0, 15)) for each in distances)
    return first, second


def _loudness(plan: Plan, magnitudes: Mapping[Key, Ints]) -> int:
    """The magnitude to expect in the coarsest band."""
    return int(magnitudes[plan.bands()[0]].mean() * _LOUDNESS)


def _step_number(step: float) -> int:
    """The number that stands for the largest quantisation step that is not above `step`."""
    mantissa, exponent = math.frexp(step)
    return int(256 * mantissa) - 128 + 128 * (exponent + _EXPONENT)


def _step_of(number: int) -> float:
    return math.ldexp(128 + number % 128, number // 128 - _EXPONENT - 8)


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
