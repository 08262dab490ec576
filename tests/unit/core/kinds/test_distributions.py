"""Computed distributions: every machine computes the same tables, and they fit what they describe."""

import numpy as np
import pytest

from earthgan.kinds.distributions import COUNT, DEADZONE, SHAPES, distributions, low_bits, shares, sizes
from earthgan.kinds.entropy import REACH, TOTAL

each_shape = pytest.mark.parametrize("shape", range(len(SHAPES)), ids=map(str, SHAPES))


@each_shape
def test_no_frequency_depends_on_the_last_digits_of_an_exponential_function(shape: int) -> None:
    """Frequencies are rounded down. A number within 1e-9 of a whole one might fall on either side of it. The symbol of
    zero takes the rest, and nothing is below zero.
    """
    for size, shift in zip(sizes(), low_bits(), strict=True):
        free = shares(size, int(shift), SHAPES[shape])
        free = np.delete(free, REACH)
        assert (free >= 0).all()
        assert ((np.abs(free - np.round(free)) > 1e-9) | (free < 1e-9)).all()


@each_shape
def test_tables_are_symmetric_and_widen(shape: int) -> None:
    frequencies = distributions(shape).tables.frequencies.astype(int)
    assert (frequencies.sum(axis=1) == TOTAL).all()
    unshifted = frequencies[low_bits() == 0]
    np.testing.assert_array_equal(unshifted[:, :REACH], unshifted[:, 2 * REACH : REACH : -1])
    assert (np.diff(unshifted[:, REACH]) <= 0).all(), "zero becomes rarer"


@pytest.mark.parametrize("table", [5, 9, 14, 20, 30, COUNT - 1])
@each_shape
def test_bits_are_nearly_the_entropy(shape: int, table: int) -> None:
    """Draw coefficients of a table's size. Its code takes hardly more bits than the ideal one for their counts."""
    rng, size, number = np.random.default_rng(0), sizes()[table], 200_000
    laplace = rng.random(number) < SHAPES[shape]
    values = np.where(laplace, rng.laplace(0, size / np.sqrt(2), number), rng.normal(0, size, number))
    numbers = (np.sign(values) * np.floor(np.abs(values) + DEADZONE)).astype(int)
    high = numbers >> int(low_bits()[table])
    symbols = np.where(np.abs(high) <= REACH, high + REACH, 2 * REACH + 1)
    counts = np.bincount(symbols, minlength=2 * REACH + 2)
    share = counts / number
    ideal = -(share[share > 0] * np.log2(share[share > 0])).sum()
    found = -share @ np.log2(distributions(shape).tables.frequencies[table] / TOTAL)
    assert ideal - 1e-9 <= found < ideal + 0.03


@each_shape
def test_rounded_numbers_are_expected_nearer_to_zero(shape: int) -> None:
    inward = distributions(shape).inward
    assert (inward >= -DEADZONE).all()
    assert (inward <= DEADZONE).all()
    assert inward[10, 0] > inward[25, 0], "the smaller the usual size, the nearer"
