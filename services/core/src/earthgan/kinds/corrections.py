"""Corrections: whole numbers that are added to single cells of a decoded field, so that no cell is off by more than a
surrogate promises.

Coded coefficients see a field as a whole. Where they leave a cell farther from its value than the promised bound, the
step's file says by how many units the cell is moved. A unit is `UNIT` times the bound. Few cells need this, and they
lie together: above each other, because radial modes are smooth, and beside each other. So corrections are coded as
runs, in the order variable, row, column, shell.

A step's file is its code, the block of corrections, and the block's length (4 bytes, little-endian). The block is empty
if there are none. Otherwise it is the CRC-16 of what follows (2 bytes), the number of runs (4), the number of bytes of
the heads (4), the heads, and the tails. For every run there are three whole numbers of at least 0: the cells between it
and the run before it, its cells less one, and its number as 2 (n - 1) for n > 0 or -2 n - 1 for n < 0. All firsts come
first, then all seconds, then all thirds. They follow Elias (1975): of x + 1 in binary, the head holds as many zeros as
there are digits after the first, and a one; the tail holds those digits.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.records import VariableSpec
from earthgan.sphere.grid import Window

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]

#: The size of a correction, in bounds. The cells that need one are mostly off by a little more than the bound.
UNIT = 1.25
_LENGTH_BYTES, _CRC_BYTES, _HEAD_BYTES = 4, 2, 8
_CRC_START = 0xFFFF
#: No run is longer, and no gap wider.
_MOST_DIGITS = 40


@dataclass(frozen=True)
class Corrections:
    """The corrections of a time step. `cells` are indices into `shape`, which is `(variable, shell, row, column)`. They
    ascend. `values` holds what is added to each cell, in normalised numbers.
    """

    shape: tuple[int, int, int, int]
    cells: Ints
    values: Array

    def added(self, field: Array, window: Window, variables: Sequence[int]) -> Array:
        """A normalised field `(variable, shell, row, column)` in a window after the corrections."""
        _, shells, rows, columns = self.shape
        out = field.copy()
        for i, variable in enumerate(variables):
            first, last = ((variable * shells + r) * rows * columns for r in (window.shells.start, window.shells.stop))
            cut = slice(*np.searchsorted(self.cells, (first, last)))
            place = np.unravel_index(self.cells[cut] - first, (len(window.shells), rows, columns))
            shell, row, column = (np.asarray(each) for each in place)
            row, column = row - window.rows.start, (column - window.columns.start) % columns
            inside = (row >= 0) & (row < len(window.rows)) & (column < len(window.columns))
            out[i, shell[inside], row[inside], column[inside]] += self.values[cut][inside]
        return out


def units_of(max_error: Sequence[float], variables: Sequence[VariableSpec]) -> tuple[float, ...]:
    """The size of a correction of each variable in normalised numbers, for bounds in their units."""
    return tuple(UNIT * each / of.normalisation.scale for each, of in zip(max_error, variables, strict=True))


def with_corrections(code: bytes, numbers: NDArray[np.integer] | None = None) -> bytes:
    """The bytes of a time step. `numbers` `(variable, shell, row, column)` are those of every cell, mostly 0."""
    block = b"" if numbers is None else _block(numbers)
    return code + block + len(block).to_bytes(_LENGTH_BYTES, "little")


def parted(data: bytes) -> tuple[bytes, bytes]:
    """The code and the block of corrections in a time step's bytes. Raises ValueError if there is no block."""
    length = int.from_bytes(data[-_LENGTH_BYTES:], "little")
    place = len(data) - _LENGTH_BYTES - length
    if place < 0:
        raise ValueError("the step does not end with its corrections")
    return data[:place], data[place : len(data) - _LENGTH_BYTES]


def corrections_of(block: bytes, shape: tuple[int, int, int, int], units: Sequence[float]) -> Corrections:
    """The corrections that a block holds. `units` are of each variable. Raises ValueError if the block is damaged."""
    gaps, lengths, codes = _runs(block)
    starts = np.cumsum(gaps + 1 + lengths) - lengths - 1
    size = int(np.prod(shape))
    if len(starts) and starts[-1] + lengths[-1] >= size:
        raise ValueError("a correction is beyond the last cell")
    within = np.arange((lengths + 1).sum()) - np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1)
    variables, shells, rows, columns = shape
    place = np.unravel_index(np.repeat(starts, lengths + 1) + within, (variables, rows, columns, shells))
    variable, row, column, shell = (np.asarray(each) for each in place)
    cells = np.ravel_multi_index((variable, shell, row, column), shape)
    numbers = np.repeat(np.where(codes % 2, -(codes + 1) // 2, codes // 2 + 1), lengths + 1)
    order = np.argsort(cells)
    values = numbers * np.asarray(units)[variable]
    return Corrections(shape, cells[order], values[order].astype(np.float32))


def _block(numbers: NDArray[np.integer]) -> bytes:
    flat = np.asarray(numbers, np.int64).transpose(0, 2, 3, 1).reshape(-1)
    starts = np.flatnonzero((flat != 0) & (np.diff(flat, prepend=0) != 0))
    if not len(starts):
        return b""
    ends = np.flatnonzero((flat != 0) & (np.diff(flat, append=0) != 0)) + 1
    number = flat[starts]
    codes = np.where(number > 0, 2 * (number - 1), -2 * number - 1)
    heads, tails = _elias(np.concatenate([starts - np.r_[0, ends[:-1]], ends - starts - 1, codes]))
    content = len(starts).to_bytes(4, "little") + len(heads).to_bytes(4, "little") + heads + tails
    return _crc(content) + content


def _runs(block: bytes) -> tuple[Ints, Ints, Ints]:
    """The gaps, lengths less one and codes of the runs. Raises ValueError."""
    if not block:
        return (np.zeros(0, np.int64),) * 3
    content = block[_CRC_BYTES:]
    if len(content) < _HEAD_BYTES or _crc(content) != block[:_CRC_BYTES]:
        raise ValueError("the corrections are damaged")
    count, heads = (int.from_bytes(content[i : i + 4], "little") for i in (0, 4))
    found = _from_elias(content[_HEAD_BYTES : _HEAD_BYTES + heads], content[_HEAD_BYTES + heads :], 3 * count)
    gaps, lengths, codes = found.reshape(3, count)
    return gaps, lengths, codes


def _elias(numbers: Ints) -> tuple[bytes, bytes]:
    """The heads and the tails of numbers from 0 on."""
    more = numbers + 1
    digits = np.frexp(more.astype(np.float64))[1].astype(np.int64) - 1
    heads = np.zeros((digits + 1).sum(), np.uint8)
    heads[np.cumsum(digits + 1) - 1] = 1
    of, place = _places(digits)
    tails = (more[of] >> place & 1).astype(np.uint8)
    return np.packbits(heads).tobytes(), np.packbits(tails).tobytes()


def _from_elias(heads: bytes, tails: bytes, count: int) -> Ints:
    ones = np.flatnonzero(np.unpackbits(np.frombuffer(heads, np.uint8)))
    if len(ones) != count:
        raise ValueError("the corrections are not as many as they say")
    digits = np.diff(ones, prepend=-1) - 1
    bits = np.unpackbits(np.frombuffer(tails, np.uint8))
    if digits.max(initial=0) > _MOST_DIGITS or len(bits) < digits.sum():
        raise ValueError("the corrections do not end where they should")
    of, place = _places(digits)
    below = np.bincount(of, bits[: len(of)] * 2.0**place, minlength=count)
    return (np.int64(1) << digits) + below.astype(np.int64) - 1


def _places(digits: Ints) -> tuple[Ints, Ints]:
    """For every digit of the tails, the number that it belongs to, and how many of its digits follow."""
    of = np.repeat(np.arange(len(digits)), digits)
    return of, np.repeat(np.cumsum(digits), digits) - 1 - np.arange(len(of))


def _crc(content: bytes) -> bytes:
    return binascii.crc_hqx(content, _CRC_START).to_bytes(_CRC_BYTES, "little")
