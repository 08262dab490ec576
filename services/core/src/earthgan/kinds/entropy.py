"""Whole numbers of known distributions as bytes: tANS, asymmetric numeral systems by a table of transitions.

Duda (2013), https://arxiv.org/abs/1311.2540. A state is one of `TOTAL`; each table gives every state a symbol, as often
as the symbol's frequency, and to decode one is to look it up, read as many bits as the table says, and add them to what
it says the next state begins with. Only whole numbers are used, so every machine and every language reads the same.

NumPy decodes many numbers at a time: they are dealt to *lanes*, each with a state of its own. A lane costs nothing, for
what its state is after its last number is free to choose: it holds `BITS` bits that have to be stored anyway. At first
those are raw bits: the low bits of numbers of wide distributions and then, for each number beyond a table's reach, a
sign, four bits that say how many follow, and those. Where they do not suffice for enough lanes, the last numbers are
coded first, in few lanes; what comes of it are bits for the last states of more lanes, and so on (`_parts`).

So the bits of a part are the lanes' first states, `BITS` each, what the lanes read, number by number, and whatever bits
of the part behind it their last states have no room for. Bytes have their highest bit first; zeros fill the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

BITS = 14
TOTAL = 1 << BITS
#: A table's symbols stand for -REACH to REACH; the last symbol announces a number that lies farther out.
REACH = 15
SYMBOLS = 2 * REACH + 2
ESCAPE = SYMBOLS - 1
#: The most lanes; how many numbers each has in a part that is there to fill another's lanes; and how many numbers a
#: lane has at most, though there be nothing to fill more lanes with.
LANES, FILLING, MOST = 512, 64, 4096

#: How far apart a table's states are to which it gives one symbol after another; it is odd, so all have their turn.
_STRIDE = (TOTAL >> 1) + (TOTAL >> 3) + 3
#: In an entry of the table of transitions: bits that are read, then the symbol, then from `BITS` on the next state.
_READ_BITS, _SYMBOL_BITS = 4, 5
_LENGTH_BITS = 4  # of the number of bits of a number beyond reach

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]  # zeros and ones


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
        self._frequencies = tables.frequencies.astype(np.int64)
        self._shifts = tables.shifts.astype(np.int64)
        #: What a number of each table adds at least to the bits of its part.
        self._least = BITS - _bit_length(self._frequencies.max(axis=1) - 1)

    @cached_property
    def _states(self) -> Ints:
        """`(table, occurrence)`: the states of a table's first symbol, of its second and so on, each ascending."""
        places = np.arange(TOTAL) * _STRIDE % TOTAL
        symbols = np.empty(TOTAL, np.uint8)
        out = np.empty((len(self._frequencies), TOTAL), np.int64)
        for states, frequencies in zip(out, self._frequencies, strict=True):
            symbols[places] = np.repeat(np.arange(SYMBOLS, dtype=np.uint8), frequencies)
            states[:] = np.argsort(symbols, kind="stable")
        return out

    @cached_property
    def _transitions(self) -> Ints:
        """`(table and state,)`: what to decode in a state."""
        symbols = np.arange(SYMBOLS) << _READ_BITS
        starts = np.cumsum(self._frequencies, axis=1) - self._frequencies
        out = np.empty_like(self._states)
        for entries, states, frequencies, first in zip(out, self._states, self._frequencies, starts, strict=True):
            # The occurrences of a symbol are numbered from its frequency to twice that; shifted until they reach
            # TOTAL, they leave room for the bits that are read.
            numbered = np.arange(TOTAL) + np.repeat(frequencies - first, frequencies)
            read = BITS + 1 - _bit_length(numbered)
            entries[states] = (((numbered << read) - TOTAL) << BITS) | np.repeat(symbols, frequencies) | read
        return out.reshape(-1)

    def encode(self, numbers: ArrayLike, tables: ArrayLike) -> bytes:
        """The bytes of `numbers`, the i-th by table `tables[i]`. Raises ValueError beyond 16 bits."""
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
        """The bits of a part, with those behind it."""
        room = lanes * BITS
        held = np.zeros(room, np.uint8)
        held[: len(behind)] = behind[:room]
        states = _numbers(held.reshape(lanes, BITS)) + TOTAL
        frequencies = self._frequencies[tables, symbols]
        firsts = (np.cumsum(self._frequencies, axis=1) - self._frequencies)[tables, symbols] - frequencies
        most = BITS + 1 - _bit_length(frequencies)
        read, given = np.empty_like(symbols), np.empty_like(symbols)
        for start in reversed(range(0, len(symbols), lanes)):  # the last in is the first out
            at = slice(start, min(start + lanes, len(symbols)))
            state = states[: at.stop - start]
            read[at] = most[at] - (state >> most[at] < frequencies[at])
            given[at] = state & ((1 << read[at]) - 1)
            state[:] = TOTAL + self._states[tables[at], firsts[at] + (state >> read[at])]
        return np.concatenate([_bits(states - TOTAL, np.full(lanes, BITS)), _bits(given, read), behind[room:]])

    def decode(self, data: bytes, tables: ArrayLike) -> NDArray[np.int32]:
        """The numbers of `encode`. Raises ValueError where the bytes do not end with them."""
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
        """The parts in the order of the numbers, each with its lanes: as many as there are at least bits for them to
        hold, and in the first part the most.
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
        """The symbol of each number, the last state of each lane, and how many bits were read. Beyond the end of the
        data zeros are read.
        """
        following, transitions, first_states = _windows(data), self._transitions, tables << BITS
        states = following.take(np.arange(lanes) * BITS, mode="clip")
        entries, end = np.empty(len(tables), np.int64), lanes * BITS
        whole = len(tables) - len(tables) % lanes
        for first, last, width in ((0, whole, lanes), (whole, len(tables), len(tables) - whole)):
            state, place = states[:width], np.empty(width, np.int64)
            # Where the first lane reads and how many bits each lane does, and their sums: where the next lanes read.
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
    """Numbers beyond reach: a sign, and by how much, as in Elias' gamma code. Raises ValueError beyond 16 bits."""
    beyond = np.abs(high) - REACH
    lengths = _bit_length(beyond) - 1
    if lengths.size and lengths.max() >= 1 << _LENGTH_BITS:
        raise ValueError(f"a number {beyond.max()} beyond the reach of its table is too large to be encoded")
    each = np.stack([high < 0, lengths, beyond - (1 << lengths)], axis=1)
    return _bits(each.reshape(-1), np.stack([1 + 0 * lengths, _LENGTH_BITS + 0 * lengths, lengths], axis=1).reshape(-1))


def _read_escaped(raw: Bits, start: int, count: int) -> tuple[list[int], int]:
    """So many numbers beyond reach, and where in `raw` they end."""
    numbers = []
    for _ in range(count):
        length = int(_numbers(raw[start + 1 : start + 1 + _LENGTH_BITS]))
        negative, start = raw[start : start + 1].any(), start + 1 + _LENGTH_BITS
        beyond = REACH + (1 << length) + int(_numbers(raw[start : start + length]))
        numbers.append(-beyond if negative else beyond)
        start += length
    return numbers, start


def frequencies_of(counts: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Frequencies `(..., symbol)` of sum `TOTAL`, none zero, in proportion to `counts` as nearly as may be."""
    share = counts / counts.sum(axis=-1, keepdims=True)
    out = 1 + np.floor(share * (TOTAL - counts.shape[-1])).astype(np.int64)
    most = share.argmax(axis=-1)[..., None]
    rest = TOTAL - out.sum(axis=-1, keepdims=True)  # of rounding down
    np.put_along_axis(out, most, np.take_along_axis(out, most, axis=-1) + rest, axis=-1)
    return np.asarray(out, np.uint16)


def _bit_length(values: Ints) -> Ints:
    return np.frexp(values)[1].astype(np.int64)


def _bits(values: Ints, lengths: Ints) -> Bits:
    """The lowest bits of each value, as many as its length, one after another."""
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(ends[-1] if len(ends) else 0) - 1
    return ((np.repeat(values, lengths) >> left) & 1).astype(np.uint8)


def _numbers(bits: Bits) -> Ints:
    """The number that each row `(..., bit)` stands for."""
    return bits @ (1 << np.arange(bits.shape[-1])[::-1])


def _windows(data: bytes) -> Ints:
    """The number that each bit of the data begins with the next `BITS - 1`; and zero behind the last."""
    padded = np.frombuffer(data + b"\0\0\0", np.uint8).astype(np.int64)
    of_bytes = padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]
    return ((of_bytes[:, None] >> np.arange(24 - BITS, 16 - BITS, -1)) & (TOTAL - 1)).reshape(-1)
