"""Whole numbers of known distributions as bytes: rANS, the range variant of asymmetric numeral systems.

Duda (2013), https://arxiv.org/abs/1311.2540. Frequencies are of `TOTAL`, the state has 32 bits and is topped up by
words of 16; only whole numbers are used, so that every machine and every language reads the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = 14
TOTAL = 1 << BITS
#: A table's symbols stand for -REACH to REACH; the last symbol announces a number that lies farther out.
REACH = 15
SYMBOLS = 2 * REACH + 2
ESCAPE = SYMBOLS - 1

_LOW = 1 << 16
_Interval = tuple[int, int]  # cumulative frequency, frequency


@dataclass(frozen=True)
class Tables:
    """Distributions: `frequencies` `(table, symbol)`, each row positive and of sum `TOTAL`; and of each table how many
    low bits of its numbers are stored as they are, for those of a wide distribution are as good as random.
    """

    frequencies: NDArray[np.uint16]
    shifts: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.frequencies.ndim != 2 or self.frequencies.shape[1] != SYMBOLS:
            raise ValueError(f"tables have {SYMBOLS} symbols, not shape {self.frequencies.shape}")
        if self.frequencies.min() < 1 or (self.frequencies.sum(axis=1, dtype=np.int64) != TOTAL).any():
            raise ValueError(f"the frequencies of a table are not positive numbers of sum {TOTAL}")
        if self.shifts.shape != self.frequencies.shape[:1] or self.shifts.max() > BITS:
            raise ValueError(f"there is not one shift of at most {BITS} bits for each table")


class EntropyCode:
    """Encodes and decodes numbers, each by the table it is said to follow."""

    def __init__(self, tables: Tables) -> None:
        frequencies = tables.frequencies.astype(np.int64)
        self._frequencies: list[list[int]] = frequencies.tolist()
        self._starts: list[list[int]] = (np.cumsum(frequencies, axis=1) - frequencies).tolist()
        symbols = np.arange(SYMBOLS, dtype=np.uint8)
        self._symbols = [np.repeat(symbols, row).tobytes() for row in frequencies]
        self._shifts: list[int] = tables.shifts.tolist()

    def encode(self, numbers: Sequence[int], tables: Sequence[int]) -> bytes:
        """The bytes of `numbers`, the i-th by table `tables[i]`. Raises ValueError beyond 16 bits."""
        intervals: list[_Interval] = []
        for number, table in zip(numbers, tables, strict=True):
            intervals.extend(self._intervals(number, table))
        words: list[int] = []
        state = _LOW
        for start, frequency in reversed(intervals):  # the last in is the first out
            if state >= frequency << (32 - BITS):
                words.append(state & 0xFFFF)
                state >>= 16
            state = ((state // frequency) << BITS) + state % frequency + start
        words += [state & 0xFFFF, state >> 16]
        return np.array(words[::-1], dtype="<u2").tobytes()

    def _intervals(self, number: int, table: int) -> Iterable[_Interval]:
        shift = self._shifts[table]
        high = number >> shift
        symbol = high + REACH if abs(high) <= REACH else ESCAPE
        yield self._starts[table][symbol], self._frequencies[table][symbol]
        if symbol == ESCAPE:
            beyond = abs(high) - REACH  # Elias gamma: how many bits, then all but the first
            length = beyond.bit_length() - 1
            if length > BITS:
                raise ValueError(f"{number} is too large to be encoded")
            yield _raw(int(high < 0), 1)
            yield _raw(length, 4)
            yield _raw(beyond - (1 << length), length)
        yield _raw(number - (high << shift), shift)

    def decode(self, data: bytes, tables: Sequence[int]) -> NDArray[np.int32]:
        """The numbers of `encode`. Raises ValueError where the bytes do not end with them."""
        words = np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2").tolist()
        following = iter(words)
        numbers = []
        frequencies, starts, symbols, shifts = self._frequencies, self._starts, self._symbols, self._shifts
        mask = TOTAL - 1
        try:
            state = next(following) << 16 | next(following)

            def raw(bits: int) -> int:
                nonlocal state
                value: int = (state & mask) >> (BITS - bits)
                kept = BITS - bits
                state = (state >> BITS << kept) + (state & ((1 << kept) - 1))
                if state < _LOW:
                    state = state << 16 | next(following)
                return value

            for table in tables:
                slot = state & mask
                symbol = symbols[table][slot]
                state = frequencies[table][symbol] * (state >> BITS) + slot - starts[table][symbol]
                if state < _LOW:
                    state = state << 16 | next(following)
                number = symbol - REACH
                if symbol == ESCAPE:
                    negative, length = raw(1), raw(4)
                    beyond = REACH + (1 << length) + raw(length)
                    number = -beyond if negative else beyond
                shift = shifts[table]
                if shift:
                    number = (number << shift) + raw(shift)
                numbers.append(number)
        except StopIteration:
            raise ValueError("the coded numbers end too soon") from None
        if state != _LOW or len(data) % 2 or next(following, None) is not None:
            raise ValueError("the coded numbers do not end where they should")
        return np.array(numbers, dtype=np.int32)


def _raw(value: int, bits: int) -> _Interval:
    """Bits that are all equally likely."""
    return value << (BITS - bits), 1 << (BITS - bits)


def frequencies_of(counts: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Frequencies `(..., symbol)` of sum `TOTAL`, none zero, in proportion to `counts` as nearly as may be."""
    share = counts / counts.sum(axis=-1, keepdims=True)
    out = 1 + np.floor(share * (TOTAL - counts.shape[-1])).astype(np.int64)
    most = share.argmax(axis=-1)[..., None]
    rest = TOTAL - out.sum(axis=-1, keepdims=True)  # of rounding down
    np.put_along_axis(out, most, np.take_along_axis(out, most, axis=-1) + rest, axis=-1)
    return np.asarray(out, np.uint16)
