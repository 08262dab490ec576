"""The entropy code: what goes in comes out, in as few bits as the tables allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.kinds.entropy import ESCAPE, REACH, SYMBOLS, TOTAL, EntropyCode, Tables, frequencies_of

SCALES, SHIFTS = np.array([0.05, 0.6, 3.0, 40.0]), np.array([0, 0, 0, 4], np.uint8)


def laplace(scale: float) -> np.ndarray:
    share = np.exp(-np.abs(np.arange(SYMBOLS) - REACH) / scale)
    share[ESCAPE] = share[0]
    return share


TABLES = Tables(frequencies_of(np.stack([laplace(s / 2**shift) for s, shift in zip(SCALES, SHIFTS)])), SHIFTS)
CODE = EntropyCode(TABLES)


@given(st.lists(st.tuples(st.integers(-30_000, 30_000) | st.integers(-20, 20), st.integers(0, 3)), max_size=200))
def test_numbers_come_back(pairs: list[tuple[int, int]]) -> None:
    numbers, tables = [n for n, _ in pairs], [t for _, t in pairs]
    assert CODE.decode(CODE.encode(numbers, tables), tables).tolist() == numbers


def test_the_length_is_the_entropy() -> None:
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 3, 20_000)
    share = TABLES.frequencies / TOTAL
    symbols = np.array([rng.choice(ESCAPE, p=share[t, :ESCAPE] / share[t, :ESCAPE].sum()) for t in tables])
    data = CODE.encode((symbols - REACH).tolist(), tables.tolist())
    assert len(data) == pytest.approx(-np.log2(share[tables, symbols]).sum() / 8, rel=2e-3, abs=8)


def test_bytes_that_end_too_soon_are_refused() -> None:
    data = CODE.encode(list(range(-50, 50)), [2] * 100)
    for kept in (0, 3, len(data) // 2, len(data) - 2):
        with pytest.raises(ValueError, match="too soon"):
            CODE.decode(data[:kept], [2] * 100)


def test_bytes_that_end_elsewhere_are_refused() -> None:
    numbers = list(range(-50, 50))
    data = CODE.encode(numbers, [2] * 100)
    altered = bytes([*data[:9], data[9] ^ 16, *data[10:]])
    for damaged in (data + b"\0\0", data + b"\1", altered):
        with pytest.raises(ValueError, match="numbers"):
            CODE.decode(damaged, [2] * 100)


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
