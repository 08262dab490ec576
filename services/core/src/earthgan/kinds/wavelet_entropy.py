"""An adaptive entropy code for magnitudes: rANS, asymmetric numeral systems with ranges, in lanes.

The method is that of Duda (2013), https://arxiv.org/abs/1311.2540. Each magnitude is coded in a *context*, which the
caller derives from numbers that are known already. A context has a table of frequencies. After every call, the
frequencies follow the symbols seen so far. The encoder and the decoder do so alike and in whole numbers only, so every
machine and every language reads the same numbers.

The symbols 0 to 14 stand for themselves, and 15 announces a larger number. The caller may shift a magnitude first. The
low bits that the shift drops, the rest of large numbers, and the signs are *raw bits*: they are stored as they are.

A lane is a state of 32 bits. The i-th symbol of a call is coded in lane i modulo the number of lanes. A state that
falls below 2^16 takes 16 more bits from the stream of words. The lanes' last states are free to choose, so they hold
the first signs, 16 each.

The bytes are the number of lanes (a varint), the lanes' first states (4 bytes each, little-endian), the words (2 bytes
each, little-endian), and the raw bits from the last byte backwards, the highest bit of each byte first. Words and raw
bits are read towards each other and meet, so neither states its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: The symbols, the last of which announces a number that is not below it. Frequencies sum to `TOTAL`.
SYMBOLS = 16
ESCAPE = SYMBOLS - 1
BITS = 12
TOTAL = 1 << BITS
#: How much a symbol counts, and how much all symbols together count before the first one.
WEIGHT, PRIOR = 16, 1024
#: If the counts of a context exceed this sum, they are halved.
MOST = 1 << 16
#: A lane for so many bytes, and the largest number of lanes.
LANE_BYTES, LANES = 128, 1024

_LOW = 1 << 16  # states are not below this number
_LENGTH_BITS = 6  # they state the number of bits of the rest of a large number


class Magnitudes(Protocol):
    """Codes magnitudes one call after the other. The encoder is given what the decoder returns."""

    def code(self, contexts: Ints, shifts: Ints | None = None, values: Ints | None = None) -> Ints:
        """The magnitudes in these contexts. With `shifts`, so many low bits of each are raw bits."""


class Model:
    """The frequencies of the contexts. `means` `(context,)` holds the magnitude that each context expects at first."""

    def __init__(self, means: NDArray[np.float64]) -> None:
        # Only divisions and multiplications of single numbers: the same everywhere.
        ratio = means / (1.0 + means)
        shares = np.empty((len(means), SYMBOLS))
        left = np.ones(len(means))
        for symbol in range(SYMBOLS):
            shares[:, symbol] = left * (1.0 - ratio)
            left = left * ratio
        shares[:, ESCAPE] += left
        self._counts = 1 + np.floor(shares * PRIOR).astype(np.int64)
        self._built = np.zeros(len(means), np.int64)
        #: The frequencies `(context, symbol)`, and the sums of the frequencies of the symbols before.
        self.frequencies = np.zeros((len(means), SYMBOLS), np.int64)
        self.starts = np.zeros((len(means), SYMBOLS), np.int64)

    def refresh(self, contexts: Ints) -> NDArray[np.intp]:
        """Let the frequencies of the contexts in use follow their counts. Return the contexts that have changed.

        Frequencies change only if the counts have grown by an eighth since.
        """
        used = np.flatnonzero(np.bincount(contexts, minlength=len(self._built)))
        sums = self._counts[used].sum(axis=1)
        changed: NDArray[np.intp] = used[sums * 8 >= self._built[used] * 9]
        counts = self._counts[changed]
        total = counts.sum(axis=1)
        self._built[changed] = total
        frequencies = 1 + counts * (TOTAL - SYMBOLS) // total[:, None]
        rows = np.arange(len(changed))
        frequencies[rows, counts.argmax(axis=1)] += TOTAL - frequencies.sum(axis=1)
        self.frequencies[changed] = frequencies
        self.starts[changed] = np.cumsum(frequencies, axis=1) - frequencies
        return changed

    def count(self, contexts: Ints, symbols: Ints) -> None:
        """Take note of symbols."""
        seen = np.bincount(contexts * SYMBOLS + symbols, minlength=self._counts.size).reshape(self._counts.shape)
        self._counts += seen * WEIGHT
        large = np.flatnonzero(self._counts.sum(axis=1) > MOST)
        if len(large):
            self._counts[large] = (self._counts[large] + 1) >> 1
            self._built[large] = 0

    def note(self, contexts: Ints, shifts: Ints | None, values: Ints) -> None:
        """Take note of magnitudes."""
        self.count(contexts, _symbols(values, shifts)[0])

    def bits(self, contexts: Ints, values: Ints, shifts: Ints | None = None) -> NDArray[np.float64]:
        """The bits that each magnitude takes, without its sign. The frequencies are those of the last `refresh`, which
        has to include the contexts.
        """
        symbols, high = _symbols(values, shifts)
        frequencies = np.maximum(self.frequencies[contexts, symbols], 1)
        rest = np.where(symbols == ESCAPE, _LENGTH_BITS + _bit_length(np.maximum(high - ESCAPE, 0) + 1) - 1, 0)
        return np.asarray(rest - np.log2(frequencies / TOTAL) + (0 if shifts is None else shifts))


@dataclass
class Estimate:
    """Counts the bits that magnitudes would take, and encodes nothing."""

    model: Model
    bits: float = 0.0

    def code(self, contexts: Ints, shifts: Ints | None = None, values: Ints | None = None) -> Ints:
        assert values is not None
        self.model.refresh(contexts)
        self.bits += float(self.model.bits(contexts, values, shifts).sum())
        self.model.note(contexts, shifts, values)
        return values


@dataclass
class Encoder:
    """Encodes magnitudes and then signs."""

    model: Model
    _calls: list[tuple[Ints, Ints]] = field(default_factory=list)
    _raw: list[NDArray[np.uint8]] = field(default_factory=list)

    def code(self, contexts: Ints, shifts: Ints | None = None, values: Ints | None = None) -> Ints:
        """Encode `values`, which are below 2^53."""
        assert values is not None
        symbols, high = _symbols(values, shifts)
        self.model.refresh(contexts)
        self._calls.append((self.model.frequencies[contexts, symbols], self.model.starts[contexts, symbols]))
        self.model.count(contexts, symbols)
        rest = high[symbols == ESCAPE] - ESCAPE + 1
        lengths = _bit_length(rest) - 1
        self._raw.append(_bits(lengths, np.full(len(lengths), _LENGTH_BITS)))
        self._raw.append(_bits(rest, lengths))
        if shifts is not None:
            self._raw.append(_bits(values, shifts))
        return values

    def finish(self, negative: NDArray[np.bool_]) -> bytes:
        """The bytes of everything. `negative` holds the signs of the magnitudes that are not 0."""
        signs = negative.astype(np.uint8)
        raw = np.concatenate([*self._raw, np.zeros(0, np.uint8)])
        bits = sum(float(np.log2(TOTAL / frequencies).sum()) for frequencies, _ in self._calls)
        lanes = int(min(max((bits + len(raw) + len(signs)) / 8 // LANE_BYTES, 1), LANES))
        held = np.zeros(lanes * 16, np.uint8)
        held[: min(len(signs), len(held))] = signs[: len(held)]
        states = _LOW + (held.reshape(lanes, 16).astype(np.int64) << np.arange(15, -1, -1)).sum(axis=1)
        words: list[Ints] = []
        for frequencies, starts in reversed(self._calls):
            for first in reversed(range(0, len(frequencies), lanes)):
                one, start = frequencies[first : first + lanes], starts[first : first + lanes]
                state = states[: len(one)]
                full = state >= one << (32 - BITS)
                if full.any():
                    words.append(state[full] & (_LOW - 1))
                    state[full] >>= 16
                state[:] = ((state // one) << BITS) + state % one + start
        stream = np.concatenate([*words[::-1], np.zeros(0, np.int64)]).astype("<u2").tobytes()
        opening: bytes = states.astype("<u4").tobytes()
        packed: bytes = np.packbits(np.concatenate([raw, signs[len(held) :]])).tobytes()
        return write_varints([lanes]) + opening + stream + packed[::-1]


class Decoder:
    """Decodes what the encoder wrote. Raises ValueError if the bytes cannot be its work."""

    def __init__(self, model: Model, data: bytes) -> None:
        (lanes,), head = read_varints(data, 1)
        states_end = head + 4 * lanes
        if not 1 <= lanes <= LANES or states_end > len(data):
            raise ValueError("the coded magnitudes end too soon")
        self.model = model
        self._states = np.frombuffer(data, "<u4", lanes, head).astype(np.int64)
        # A step reads at most one word for each lane. Zeros are read beyond the end.
        words = np.frombuffer(data, "<u2", (len(data) - states_end) // 2, states_end).astype(np.int64)
        self._words, self._count = np.concatenate([words, np.zeros(lanes, np.int64)]), len(words)
        self._place = 0
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=states_end)[::-1])
        self._raw_place = 0
        self._entries = np.empty((len(model.frequencies), TOTAL), np.int32)

    def code(self, contexts: Ints, shifts: Ints | None = None, values: Ints | None = None) -> Ints:
        changed = self.model.refresh(contexts)
        if len(changed):
            self._entries[changed] = _entries(self.model.frequencies[changed], self.model.starts[changed])
        symbols = self._symbols(contexts)
        self.model.count(contexts, symbols)
        large = np.flatnonzero(symbols == ESCAPE)
        if len(large):
            lengths = self._raw(np.full(len(large), _LENGTH_BITS))
            symbols[large] += (1 << lengths) + self._raw(lengths) - 1
        if shifts is not None:
            symbols <<= shifts
            wide = np.flatnonzero(shifts)
            symbols[wide] += self._raw(shifts[wide])
        return symbols

    def finish(self, count: int) -> NDArray[np.bool_]:
        """The signs of the `count` magnitudes that are not 0."""
        held = (self._states[:, None] >> np.arange(15, -1, -1) & 1).reshape(-1).astype(np.uint8)
        first = self._raw_place
        end = first + max(count - len(held), 0)
        if not 0 <= len(self._bits) - 16 * self._place - end < 8 or (self._states >> 16 != 1).any():
            raise ValueError("the coded magnitudes do not end where they should")
        return np.concatenate([held, self._bits[first:end]])[:count].astype(bool)

    def _symbols(self, contexts: Ints) -> Ints:
        lanes, count = len(self._states), len(contexts)
        entries, offsets = self._entries.reshape(-1), contexts << BITS
        out = np.empty(count, np.int64)
        words, place, most = self._words, self._place, self._count
        for first in range(0, count, lanes):
            last = min(first + lanes, count)
            state = self._states[: last - first]
            entry = entries.take(offsets[first:last] + (state & (TOTAL - 1)))
            out[first:last] = entry
            state >>= BITS
            state *= entry >> 16
            state += entry >> 4 & (TOTAL - 1)
            empty = np.flatnonzero(state < _LOW)
            if len(empty):
                state[empty] = (state[empty] << 16) + words[place : place + len(empty)]
                place += len(empty)
                if place > most:
                    raise ValueError("the coded magnitudes end too soon")
        self._place = place
        out &= SYMBOLS - 1
        return out

    def _raw(self, lengths: Ints) -> Ints:
        """The next raw bits, as one number for each length."""
        ends = np.cumsum(lengths) + self._raw_place
        end = int(ends[-1]) if len(ends) else self._raw_place
        if end > len(self._bits):
            raise ValueError("the raw bits end too soon")
        bits, starts, numbers = self._bits, ends - lengths, np.zeros(len(lengths), np.int64)
        for place in range(int(lengths.max(initial=0))):
            more = lengths > place
            numbers[more] = (numbers[more] << 1) | bits[starts[more] + place]
        self._raw_place = end
        return numbers


def _entries(frequencies: Ints, starts: Ints) -> NDArray[np.int32]:
    """For each table and each position in it: the symbol, the position among the symbol's, and the frequency."""
    symbols = np.broadcast_to(np.arange(SYMBOLS), frequencies.shape)
    packed = (frequencies << 16) - (starts << 4) + symbols
    entries = np.repeat(packed.reshape(-1), frequencies.reshape(-1)).reshape(-1, TOTAL)
    return (entries + (np.arange(TOTAL) << 4)).astype(np.int32)


def _symbols(values: Ints, shifts: Ints | None) -> tuple[Ints, Ints]:
    high = values if shifts is None else values >> shifts
    return np.minimum(high, ESCAPE), high


def _bit_length(values: Ints) -> Ints:
    return np.frexp(values)[1].astype(np.int64)


def _bits(values: Ints, lengths: Ints) -> NDArray[np.uint8]:
    """The lowest bits of each value, one value after another."""
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(ends[-1] if len(ends) else 0) - 1
    return ((np.repeat(values, lengths) >> left) & 1).astype(np.uint8)


def write_varints(numbers: Iterable[int]) -> bytes:
    """Numbers that are not negative, in as many bytes as each needs: seven bits a byte, the lowest bits first."""
    out = bytearray()
    for number in numbers:
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return bytes(out)


def read_varints(data: bytes, count: int) -> tuple[list[int], int]:
    """The first `count` numbers, and where they end. Raises ValueError."""
    numbers, place = [], 0
    for _ in range(count):
        number, shift = 0, 0
        while True:
            if place >= len(data) or shift > 63:
                raise ValueError("the coded numbers end too soon")
            byte = data[place]
            place += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        numbers.append(number)
    return numbers, place
