"""Colour ranges: they hold the data, they ascend, and a legend can print them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.variables import TEMPERATURE, VX
from earthgan_training.surrogates.ranges import colour_range, extent, normalisation

SEQUENTIAL, DIVERGING = replace(TEMPERATURE, symmetric=False), replace(VX, symmetric=True)

numbers = st.floats(-1e30, 1e30).filter(lambda value: value == 0 or abs(value) > 1e-30)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0.97, (0, 0.97)),
        (0, float(np.float32(0.97)), (0, 0.97)),
        (0, 1, (0, 1)),
        (0.003, 0.9712, (0, 0.98)),
        (273.1, 310, (273, 310)),
        (1973.2, 4799, (1900, 4800)),
        (0, 3.2e-12, (0, 3.2e-12)),
        (1e22, 2.34e22, (1e22, 2.4e22)),
        (1e6, 1e6 + 1, (1e6, 1e6 + 1)),
        (1e6, 1e6 + 1e-3, (9e5, 1.1e6)),
        (-3.33, 1.21, (-3.4, 1.3)),
        (300, 300, (290, 310)),
        (1.234, 1.234, (1.2, 1.3)),
        (-1e22, -1e22, (-1.1e22, -9e21)),
        (0, 0, (0, 1)),
    ],
)
def test_a_range_ends_at_two_significant_figures_of_its_span(low, high, expected):
    assert colour_range(np.array([[low, high]]), SEQUENTIAL) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-1e-10, 1.234e-10, 1.3e-10), (-2, 2, 2), (0, 0, 1), (-7.01e22, 1, 7.1e22), (-0.97, 0.5, 0.97)],
)
def test_the_range_of_a_perturbation_is_symmetric(low, high, expected):
    assert colour_range(np.array([[low, high]]), DIVERGING) == (-expected, expected)


@given(st.lists(st.tuples(numbers, numbers).map(sorted), min_size=1, max_size=4), st.booleans())
def test_a_range_ascends_holds_the_data_and_is_short(extents, symmetric):
    variable = DIVERGING if symmetric else SEQUENTIAL
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = colour_range(np.array(extents), variable)
        assert normalisation((low, high), variable).scale > 0
    rounding = 1e-7 * max(abs(value) for each in extents for value in each)
    assert low < high
    assert low <= min(each[0] for each in extents) + rounding
    assert high >= max(each[1] for each in extents) - rounding
    data = max(each[1] for each in extents) - min(each[0] for each in extents)
    largest = max(abs(value) for each in extents for value in each)
    assert np.float32(low) < np.float32(high)
    if largest and (symmetric or data < rounding):
        assert high - low <= 2.4 * largest
    elif largest:
        assert high - low <= 1.21 * data
    if symmetric:
        assert low == -high
        assert len(Decimal(repr(high)).normalize().as_tuple().digits) <= 2


@pytest.mark.parametrize("variable", [SEQUENTIAL, DIVERGING])
@pytest.mark.parametrize("constant", [0.0, 300.0, -1e22, 1e-12, np.nan])
@pytest.mark.filterwarnings("error")
def test_a_constant_field_has_a_range(variable, constant):
    low, high = colour_range(np.array([extent(np.full((2, 3, 4), constant, np.float32), variable)]), variable)
    assert low < high
    assert np.isnan(constant) or low - 1e-7 * abs(constant) <= constant <= high + 1e-7 * abs(constant)


@pytest.mark.filterwarnings("error")
def test_cells_without_values_do_not_count():
    field = np.array([[1, np.nan, 2], [np.nan, 3, np.nan]], dtype=np.float32)
    assert extent(field, SEQUENTIAL) == (1, 3)
    assert extent(field, DIVERGING)[1] == pytest.approx(3, rel=1e-2)
    assert colour_range(np.array([[np.nan, np.nan], [1, 3]]), SEQUENTIAL) == (1, 3)


def test_a_sparse_perturbation_is_not_drawn_as_nothing():
    field = np.zeros((10, 100, 100), dtype=np.float32)
    field[5, 50, 50] = 4
    assert extent(field, DIVERGING) == (-4, 4)
