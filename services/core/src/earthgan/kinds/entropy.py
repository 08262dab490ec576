"""An entropy code for whole numbers with known distributions: tANS, asymmetric numeral systems with a table of
transitions.

The method is that of Duda (2013), https://arxiv.org/abs/1311.2540. The decoder has one of `TOTAL` states. A table
assigns a symbol to every state, and each symbol to as many states as its frequency. To decode a symbol, the decoder
looks its state up. The table gives the symbol, a number of bits to read, and the number to which these bits are added
to form the next state. The code uses whole numbers only, so every machine and every language reads the same numbers.

NumPy decodes many numbers at a time. They are dealt to *lanes*, and each lane has its own state. A lane costs nothing:
the encoder can freely choose the state of a lane after its last number, so this state holds `BITS` bits that have to be
stored anyway. The first such bits are the raw bits. They are the low bits of numbers with wide distributions, and then,
for each number beyond the reach of its table, a sign, four bits that state a length, and as many bits as this length.
If the raw bits do not fill enough lanes, the last numbers form a part of their own, which is coded first and in few
lanes. The bits of this part then fill the last states of more lanes, and so on (`_parts`).

The bits of a part are, in this order: the first states of its lanes, `BITS` bits each; the bits that the lanes read,
number by number; and those bits of the following part that do not fit into the lanes' last states. A byte has its
highest bit first. The last byte is filled with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

BITS = 14
TOTAL = 1 << BITS
#: A table's symbols stand for the numbers -REACH to REACH. The last symbol announces a number beyond them.
REACH = 15
SYMBOLS = 2 * REACH + 2
ESCAPE = SYMBOLS - 1
#: The largest number of lanes; the number of numbers in each lane of a part that exists to fill the lanes of another
#: part; and the largest number of numbers in a lane, even if no bits are left to fill more lanes.
LANES, FILLING, MOST = 512, 64, 4096

#: A table assigns symbols to states that are this far apart. The number is odd, so every state is reached.
_STRIDE = (TOTAL >> 1) + (TOTAL >> 3) + 3
#: An entry of the table of transitions holds, from the lowest bit on: the number of bits to read, and the symbol. The
#: bits from `BITS` on hold the start of the next state.
_READ_BITS, _SYMBOL_BITS = 4, 5
_LENGTH_BITS = 4  # they state the number of bits of a number beyond reach

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]  # zeros and ones


@dataclass(frozen=True)
class Tables:
    """The distributions. `frequencies` `(table, symbol)` are positive, and each row sums to `TOTAL`.

    `shifts` `(table,)` says how many low bits of each number are stored as they are. The low bits of numbers with a
    wide distribution are practically random. Raises ValueError if the arrays do not fit this description.
    """

    frequencies: NDArray[np.uint16]
    shifts: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.frequencies.ndim != 2 or self.frequencies.shape[1] != SYMBOLS:
            raise ValueError(f"frequencies of shape {self.frequencies.shape} are not tables of {SYMBOLS} symbols")
        if self.frequencies.min() < 1 or (self.frequencies.sum(axis=1, dtype=np.int64) != TOTAL).any():
            raise ValueError(f"the frequencies of a table are not positive numbers that sum to {TOTAL}")
        if self.shifts.shape != self.frequencies.shape[:1] or self.shifts.max() > BITS:
            raise ValueError(f"there is not one shift of at most {BITS} bits for each table")


class EntropyCode:
    """Encodes and decodes numbers. The caller says which table each number follows."""

    def __init__(self, tables: Tables) -> None:
        self._frequencies = tables.frequencies.astype(np.int64)
        self._shifts = tables.shifts.astype(np.int64)
        #: The smallest number of bits by which a number of each table lengthens its part.
        self._least = BITS - _bit_length(self._frequencies.max(axis=1) - 1)

    @cached_property
    def _states(self) -> Ints:
        """`(table, occurrence)`: the states of a table's first symbol, of its second symbol, and so on.

        The states of each symbol ascend.
        """
        places = np.arange(TOTAL) * _STRIDE % TOTAL
        symbols = np.empty(TOTAL, np.uint8)
        out = np.empty((len(self._frequencies), TOTAL), np.int64)
        for states, frequencies in zip(out, self._frequencies, strict=True):
            symbols[places] = np.repeat(np.arange(SYMBOLS, dtype=np.uint8), frequencies)
            states[:] = np.argsort(symbols, kind="stable")
        return out

    @cached_property
    def _transitions(self) -> Ints:
        """`(table and state,)`: the transition from each state of each table."""
        symbols = np.arange(SYMBOLS) << _READ_BITS
        starts = np.cumsum(self._frequencies, axis=1) - self._frequencies
        out = np.empty_like(self._states)
        for entries, states, frequencies, first in zip(out, self._states, self._frequencies, starts, strict=True):
            # The occurrences of a symbol are numbered from its frequency to twice its frequency. They are shifted left
            # until they reach TOTAL, which makes room for the bits that are read.
            numbered = np.arange(TOTAL) + np.repeat(frequencies - first, frequencies)
            read = BITS + 1 - _bit_length(numbered)
            entries[states] = (((numbered << read) - TOTAL) << BITS) | np.repeat(symbols, frequencies) | read
        return out.reshape(-1)

    def encode(self, numbers: ArrayLike, tables: ArrayLike) -> bytes:
        """Encode `numbers` as bytes. The i-th number follows the table `tables[i]`.

        Raises ValueError if a number is beyond the reach of its table by more than 16 bits.
        """
        values, follow = np.asarray(numbers, np.int64), np.asarray(tables, np.intp)
        if values.shape != follow.shape:
            raise ValueError("there is not one table for each number")
        shifts = self._shifts[follow]
        high = values >> shifts
        symbols = np.where(np.abs(high) <= REACH, high + REACH, ESCAPE)
        raw = np.concatenate([_bits(values - (high << shifts), shifts), _escaped(high[symbols == ESCAPE])])
        bits = raw
        for part, lanes in reversed(self._parts(follow)):
            bits = self._encoded(symbols[part], follow[part], lanes, bits)
        return np.packbits(bits).tobytes()

    def _encoded(self, symbols: Ints, tables: NDArray[np.intp], lanes: int, behind: Bits) -> Bits:
        """The bits of a part and of all parts after it. `behind` holds the bits of those parts."""
        room = lanes * BITS
        held = np.zeros(room, np.uint8)
        held[: len(behind)] = behind[:room]
        states = _numbers(held.reshape(lanes, BITS)) + TOTAL
        frequencies = self._frequencies[tables, symbols]
        firsts = (np.cumsum(self._frequencies, axis=1) - self._frequencies)[tables, symbols] - frequencies
        most = BITS + 1 - _bit_length(frequencies)
        read, given = np.empty_like(symbols), np.empty_like(symbols)
        for start in reversed(range(0, len(symbols), lanes)):  # the number that is encoded last is decoded first
            at = slice(start, min(start + lanes, len(symbols)))
            state = states[: at.stop - start]
            read[at] = most[at] - (state >> most[at] < frequencies[at])
            given[at] = state & ((1 << read[at]) - 1)
            state[:] = TOTAL + self._states[tables[at], firsts[at] + (state >> read[at])]
        return np.concatenate([_bits(states - TOTAL, np.full(lanes, BITS)), _bits(given, read), behind[room:]])

    def decode(self, data: bytes, tables: ArrayLike) -> NDArray[np.int32]:
        """Decode the numbers that `encode` wrote. Raises ValueError if the bytes do not end with the last number."""
        follow = np.asarray(tables, np.intp)
        symbols, bits, room = np.empty(len(follow), np.int64), np.unpackbits(np.frombuffer(data, np.uint8)), 0
        for part, lanes in self._parts(follow):
            symbols[part], states, end = self._decoded(data, follow[part], lanes)
            if end > len(bits):
                raise ValueError("the coded numbers end too soon")
            bits, room = np.concatenate([_bits(states, np.full(lanes, BITS)), bits[end:]]), lanes * BITS
            data = np.packbits(bits).tobytes()
        shifts = self._shifts[follow]
        far = symbols == ESCAPE
        beyond, used = _read_escaped(bits, int(shifts.sum()), int(np.count_nonzero(far)))
        if not 0 <= len(bits) - max(used, room) < 8:
            raise ValueError("the coded numbers do not end where they should")
        numbers = symbols - REACH
        numbers[far] = beyond
        wide = np.flatnonzero(shifts)
        low = shifts[wide]
        numbers[wide] = (numbers[wide] << low) + (_windows(data)[np.cumsum(low) - low] >> (BITS - low))
        return numbers.astype(np.int32)

    def _parts(self, tables: NDArray[np.intp]) -> list[tuple[slice, int]]:
        """The parts in the order of the numbers, each with its number of lanes.

        A part has as many lanes as the bits after it are certain to fill. The first part has the most lanes.
        """
        parts, end, bits = [], len(tables), int(self._shifts[tables].sum())
        while end:
            lanes = min(max(bits // BITS, -(-end // MOST)), LANES, end)
            start = 0 if lanes == LANES else max(0, end - lanes * FILLING)
            parts.append((slice(start, end), lanes))
            bits = max(bits, lanes * BITS)
            if start:
                bits += int(self._least[tables[start:end]].sum())
            end = start
        return parts[::-1]

    def _decoded(self, data: bytes, tables: NDArray[np.intp], lanes: int) -> tuple[Ints, Ints, int]:
        """Decode one part. Return the symbol of each number, the last state of each lane, and the number of bits read.

        Zeros are read beyond the end of the data.
        """
        following, transitions, first_states = _windows(data), self._transitions, tables << BITS
        states = following.take(np.arange(lanes) * BITS, mode="clip")
        entries, end = np.empty(len(tables), np.int64), lanes * BITS
        whole = len(tables) - len(tables) % lanes
        for first, last, width in ((0, whole, lanes), (whole, len(tables), len(tables) - whole)):
            state, place = states[:width], np.empty(width, np.int64)
            # The terms are the position at which the first lane reads, and the number of bits that each lane reads.
            # Their sums are the positions at which the following lanes read.
            terms, sums = np.empty(width + 1, np.int64), np.full(width + 1, end)
            read, starts = terms[1:], sums[:-1]
            for at in range(first, last, width or 1):
                entry = entries[at : at + width]
                np.add(state, first_states[at : at + width], out=place)
                transitions.take(place, out=entry, mode="clip")
                terms[0] = sums[-1]
                np.bitwise_and(entry, (1 << _READ_BITS) - 1, out=read)
                np.add.accumulate(terms, out=sums)
                following.take(starts, out=place, mode="clip")
                np.left_shift(place, read, out=place)
                np.bitwise_or(place, entry, out=place)
                np.right_shift(place, BITS, out=state)
            end = int(sums[-1])
        return (entries >> _READ_BITS) & ((1 << _SYMBOL_BITS) - 1), states, end


def _escaped(high: Ints) -> Bits:
    """The bits of numbers beyond reach: a sign, and the distance beyond the reach as in Elias' gamma code.

    Raises ValueError if the distance takes more than 16 bits.
    """
    beyond = np.abs(high) - REACH
    lengths = _bit_length(beyond) - 1
    if lengths.size and lengths.max() >= 1 << _LENGTH_BITS:
        raise ValueError(f"a number {beyond.max()} beyond the reach of its table is too large to be encoded")
    each = np.stack([high < 0, lengths, beyond - (1 << lengths)], axis=1)
    return _bits(each.reshape(-1), np.stack([1 + 0 * lengths, _LENGTH_BITS + 0 * lengths, lengths], axis=1).reshape(-1))


def _read_escaped(raw: Bits, start: int, count: int) -> tuple[list[int], int]:
    """Read `count` numbers beyond reach from position `start` of `raw`. Return them and the position of their end."""
    numbers = []
    for _ in range(count):
        length = int(_numbers(raw[start + 1 : start + 1 + _LENGTH_BITS]))
        negative, start = raw[start : start + 1].any(), start + 1 + _LENGTH_BITS
        beyond = REACH + (1 << length) + int(_numbers(raw[start : start + length]))
        numbers.append(-beyond if negative else beyond)
        start += length
    return numbers, start


def frequencies_of(counts: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Frequencies `(..., symbol)` that are positive, sum to `TOTAL`, and are nearly proportional to `counts`."""
    share = counts / counts.sum(axis=-1, keepdims=True)
    out = 1 + np.floor(share * (TOTAL - counts.shape[-1])).astype(np.int64)
    most = share.argmax(axis=-1)[..., None]
    rest = TOTAL - out.sum(axis=-1, keepdims=True)  # rounding down leaves a rest
    np.put_along_axis(out, most, np.take_along_axis(out, most, axis=-1) + rest, axis=-1)
    return np.asarray(out, np.uint16)


def _bit_length(values: Ints) -> Ints:
    return np.frexp(values)[1].astype(np.int64)


def _bits(values: Ints, lengths: Ints) -> Bits:
    """The lowest bits of each value, one value after another. `lengths` says how many bits of each value to take."""
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(ends[-1] if len(ends) else 0) - 1
    return ((np.repeat(values, lengths) >> left) & 1).astype(np.uint8)


def _numbers(bits: Bits) -> Ints:
    """The number that each row of bits `(..., bit)` represents."""
    return bits @ (1 << np.arange(bits.shape[-1])[::-1])


def _windows(data: bytes) -> Ints:
    """For each bit of the data, the number that it forms with the next `BITS - 1` bits. The data end with zeros."""
    padded = np.frombuffer(data + b"\0\0\0", np.uint8).astype(np.int64)
    of_bytes = padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]
    return ((of_bytes[:, None] >> np.arange(24 - BITS, 16 - BITS, -1)) & (TOTAL - 1)).reshape(-1)
