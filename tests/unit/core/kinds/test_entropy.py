"""The entropy code: decoding returns the encoded numbers, and the code takes as few bits as the tables allow."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds.entropy import BITS, ESCAPE, LANES, REACH, SYMBOLS, TOTAL, EntropyCode, Tables, frequencies_of

SCALES, SHIFTS = np.array([0.05, 0.6, 3.0, 40.0]), np.array([0, 0, 0, 4], np.uint8)


def laplace(scale: float) -> np.ndarray:
    share = np.exp(-np.abs(np.arange(SYMBOLS) - REACH) / scale)
    share[ESCAPE] = share[0]
    return share


TABLES = Tables(frequencies_of(np.stack([laplace(s / 2**shift) for s, shift in zip(SCALES, SHIFTS)])), SHIFTS)
CODE = EntropyCode(TABLES)


NUMBERS = st.integers(-30_000, 30_000) | st.integers(-20, 20)


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 3)), max_size=200))
@settings(deadline=None)
def test_numbers_come_back(pairs: list[tuple[int, int]]) -> None:
    numbers, tables = [n for n, _ in pairs], [t for _, t in pairs]
    assert CODE.decode(CODE.encode(numbers, tables), tables).tolist() == numbers


@st.composite
def extreme_tables(draw: st.DrawFn) -> Tables:
    """Tables with any counts and any shift. Some have one symbol that is almost certain."""
    count = draw(st.integers(1, 3))
    lists = st.lists(st.floats(0, 1e6), min_size=SYMBOLS, max_size=SYMBOLS).filter(lambda counts: sum(counts) > 1e-3)
    certain = st.integers(0, SYMBOLS - 1).map(lambda symbol: np.eye(SYMBOLS)[symbol].tolist())
    rows = draw(st.lists(certain | lists, min_size=count, max_size=count))
    shifts = draw(st.lists(st.integers(0, BITS), min_size=count, max_size=count))
    return Tables(frequencies_of(np.array(rows)), np.array(shifts, np.uint8))


@given(extreme_tables(), st.integers(0, 3000), st.sampled_from([1, 20, 30_000]), st.integers(0, 99))
@settings(deadline=None)
def test_numbers_come_back_by_extreme_tables_in_any_number_of_lanes(
    tables: Tables, count: int, reach: int, seed: int
) -> None:
    rng, code = np.random.default_rng(seed), EntropyCode(tables)
    follow = np.sort(rng.integers(0, len(tables.shifts), count))
    numbers = rng.integers(-reach, reach + 1, count)
    data = code.encode(numbers, follow)
    np.testing.assert_array_equal(code.decode(data, follow), numbers)
    with pytest.raises(ValueError, match="end where they should"):
        code.decode(data + b"\0", follow)


@given(st.binary(max_size=300), st.lists(st.integers(0, 3), max_size=300))
@settings(deadline=None)
def test_bytes_of_chance_are_numbers_or_refused(data: bytes, tables: list[int]) -> None:
    with contextlib.suppress(ValueError):
        assert len(CODE.decode(data, tables)) == len(tables)


def test_bytes_that_end_too_soon_are_refused() -> None:
    data = CODE.encode(list(range(-50, 50)), [2] * 100)
    for kept in (0, 3, len(data) // 2):
        with pytest.raises(ValueError, match="too soon"):
            CODE.decode(data[:kept], [2] * 100)


@pytest.mark.parametrize(("wide", "slack"), [(0.4, 2), (0.02, 4), (0.0, 16)])
def test_the_length_is_the_entropy(wide: float, slack: int) -> None:
    """The length is near the entropy whether raw bits, bits of other numbers or hardly any bits fill the lanes."""
    rng = np.random.default_rng(0)
    tables = np.sort(rng.choice(4, 30_000, p=[1 - wide, 0, 0, wide] if not wide else [0.5 - wide / 2] * 2 + [0, wide]))
    share = TABLES.frequencies / TOTAL
    symbols = np.array([rng.choice(ESCAPE, p=share[t, :ESCAPE] / share[t, :ESCAPE].sum()) for t in tables])
    numbers = ((symbols - REACH) << SHIFTS[tables]) + rng.integers(0, 1 << SHIFTS[tables].astype(int))
    due = (-np.log2(share[tables, symbols]).sum() + SHIFTS[tables].sum()) / 8
    data = CODE.encode(numbers, tables)
    assert CODE.decode(data, tables).tolist() == numbers.tolist()
    assert due * 0.997 <= len(data) <= due * 1.001 + slack


def test_a_part_has_no_more_lanes_than_there_are_bits_to_fill_them() -> None:
    tables = np.repeat([0, 1, 2, 3], [40_000, 20_000, 10_000, 100])
    parts = CODE._parts(tables)
    assert [part.start for part, _ in parts[1:]] == [part.stop for part, _ in parts[:-1]]
    assert (parts[0][0].start, parts[-1][0].stop) == (0, len(tables))
    assert parts[0][1] == LANES
    assert parts[-1][1] == SHIFTS[tables].sum() // BITS


def test_one_symbol_that_is_nearly_certain_takes_next_to_nothing() -> None:
    code = EntropyCode(Tables(frequencies_of(np.eye(SYMBOLS)[[REACH]]), np.zeros(1, np.uint8)))
    assert len(code.encode([0], [0])) == 2
    assert len(code.encode([0] * 4000, [0] * 4000)) <= 4000 * -np.log2(1 - 31 / TOTAL) / 8 + 3


def test_numbers_and_tables_that_are_not_as_many_are_refused() -> None:
    with pytest.raises(ValueError, match="one table for each"):
        CODE.encode([1, 2], [0])


def test_a_number_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        CODE.encode([10**6], [0])


@given(st.lists(st.floats(0, 1e9), min_size=SYMBOLS, max_size=SYMBOLS).filter(lambda counts: sum(counts) > 1e-3))
def test_frequencies_have_the_sum_and_none_is_zero(counts: list[float]) -> None:
    found = frequencies_of(np.array(counts)).astype(int)
    assert found.sum() == TOTAL
    assert found.min() >= 1


@pytest.mark.parametrize(
    ("frequencies", "shifts"),
    [
        (np.full((1, SYMBOLS), TOTAL // SYMBOLS, np.uint16)[:, :-1], np.zeros(1, np.uint8)),
        (np.full((1, SYMBOLS), 1, np.uint16), np.zeros(1, np.uint8)),
        (np.full((1, SYMBOLS), TOTAL // SYMBOLS, np.uint16), np.zeros(2, np.uint8)),
        (np.full((1, SYMBOLS), TOTAL // SYMBOLS, np.uint16), np.full(1, 15, np.uint8)),
    ],
)
def test_tables_that_cannot_be_are_refused(frequencies: np.ndarray, shifts: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"symbols|sum|shift"):
        Tables(frequencies, shifts)
