"""Chebyshev collocation against functions whose derivative and integral are known."""

import numpy as np
import pytest

from earthgan.numerics.radial import RadialGrid


@pytest.fixture
def grid() -> RadialGrid:
    return RadialGrid(33, 1.2, 2.2)


def test_nodes_reach_from_end_to_end(grid: RadialGrid) -> None:
    assert grid.nodes[0] == 1.2
    assert grid.nodes[-1] == 2.2
    assert (np.diff(grid.nodes) > 0).all()
    np.testing.assert_allclose(grid.spacing[[0, -1]], grid.nodes[1] - grid.nodes[0], rtol=1e-12)


def test_derivative_and_integral_of_an_exponential(grid: RadialGrid) -> None:
    values = np.exp(grid.nodes)
    np.testing.assert_allclose(grid.derivative @ values, values, rtol=1e-11)
    assert grid.integral @ values == pytest.approx(np.exp(2.2) - np.exp(1.2), rel=1e-14)


@pytest.mark.parametrize("count", [8, 9])
def test_integral_is_exact_for_polynomials(count: int) -> None:
    grid = RadialGrid(count, 0.0, 2.0)
    for power in range(count):
        assert grid.integral @ grid.nodes**power == pytest.approx(2 ** (power + 1) / (power + 1), rel=1e-13)


def test_interpolation_meets_nodes_and_between(grid: RadialGrid) -> None:
    radii = np.r_[grid.nodes[[0, 7, -1]], 1.234, 2.0]
    matrix = grid.interpolation(radii)
    np.testing.assert_array_equal(matrix[:3], np.eye(33)[[0, 7, 32]])
    np.testing.assert_allclose(matrix @ np.sin(3 * grid.nodes), np.sin(3 * radii), atol=1e-14)


def test_chebyshev_coefficients(grid: RadialGrid) -> None:
    x = 2 * (grid.nodes - 1.2) - 1
    values = 3 + 2 * x + 0.5 * np.cos(5 * np.arccos(x.clip(-1, 1))) + 0.25 * np.cos(32 * np.arccos(x.clip(-1, 1)))
    expected = np.zeros(33)
    expected[[0, 1, 5, 32]] = 3, 2, 0.5, 0.25
    np.testing.assert_allclose(grid.chebyshev @ values, expected, atol=1e-12)
