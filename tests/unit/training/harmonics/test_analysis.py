"""Harmonic analysis recovers band-limited fields on every kind of grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.sphere.grid import ShellGrid
from earthgan_training.harmonics.analysis import (
    fast_vector_coefficients,
    highest_degree,
    scalar_coefficients,
    scalar_field,
    vector_coefficients,
    vector_field,
)
from earthgan_training.simulations.contest import CONTEST_LATITUDES_DEG
from grids import each_grid

CONTEST_GRID = ShellGrid(
    radii_km=(3500.0, 6300.0),
    latitudes_deg=tuple(CONTEST_LATITUDES_DEG.tolist()),
    longitudes_deg=tuple(np.linspace(0, 360, 360)[:-1].tolist()),
)


def random_coefficients(seed: int, degree: int, shells: int = 2, lowest: int = 0) -> np.ndarray:
    c = np.random.default_rng(seed).standard_normal((degree + 1, degree + 1, 2, shells))
    order = np.arange(degree + 1)
    c[order[:, None] < order] = 0
    c[:, 0, 1] = 0
    c[:lowest] = 0
    return c


@each_grid
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), degree=st.integers(1, 8))
def test_a_scalar_comes_back(grid: ShellGrid, seed: int, degree: int) -> None:
    c = random_coefficients(seed, degree)
    field = scalar_field(c, grid.latitudes_deg, grid.longitudes_deg)
    np.testing.assert_allclose(scalar_coefficients(field, grid, degree), c, atol=1e-10)


@each_grid
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), degree=st.integers(1, 8))
def test_a_vector_comes_back(grid: ShellGrid, seed: int, degree: int) -> None:
    parts = [random_coefficients(seed + i, degree, lowest=min(i, 1)) for i in range(3)]
    fields = vector_field(*parts, grid.latitudes_deg, grid.longitudes_deg)
    for found, part in zip(vector_coefficients(*fields, grid, degree), parts):
        np.testing.assert_allclose(found, part, atol=1e-9)


@each_grid
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), degree=st.integers(1, 8))
def test_float32_is_as_near_as_its_numbers(grid: ShellGrid, seed: int, degree: int) -> None:
    parts = [random_coefficients(seed + i, degree, lowest=min(i, 1)) for i in range(3)]
    fields = [each.astype(np.float32) for each in vector_field(*parts, grid.latitudes_deg, grid.longitudes_deg)]
    found = fast_vector_coefficients(*fields, grid, degree)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack(parts), atol=2e-5)


def test_degree_95_of_the_contests_layout() -> None:
    c = random_coefficients(0, 95)
    field = scalar_field(c, CONTEST_GRID.latitudes_deg, CONTEST_GRID.longitudes_deg)
    assert np.abs(scalar_coefficients(field, CONTEST_GRID, 95) - c).max() < 1e-10
    # Files hold float32.
    assert np.abs(scalar_coefficients(field.astype(np.float32), CONTEST_GRID, 95) - c).max() < 1e-5
    v, w = random_coefficients(1, 95, lowest=1), random_coefficients(2, 95, lowest=1)
    fields = vector_field(c, v, w, CONTEST_GRID.latitudes_deg, CONTEST_GRID.longitudes_deg)
    for found, part in zip(vector_coefficients(*fields, CONTEST_GRID, 95), (c, v, w)):
        assert np.abs(found - part).max() < 1e-8


def test_the_square_of_a_field_is_the_sum_of_its_coefficients_squares() -> None:
    """The normalisation: coefficients of orders above 0 count twice."""
    c = random_coefficients(3, 6, shells=1)
    x, weights = np.polynomial.legendre.leggauss(10)
    field = scalar_field(c, np.degrees(np.arcsin(x)), np.arange(20) * 18.0)
    integral = (field[0] ** 2).mean(axis=1) @ weights * 2 * np.pi
    assert integral == pytest.approx(2 * (c**2).sum() - (c[:, 0] ** 2).sum())


def test_turning_rigidly_is_toroidal() -> None:
    """An eastward flow of sin(theta) is W of degree 1 and order 0, and nothing else."""
    latitudes = np.asarray(CONTEST_GRID.latitudes_deg)
    east = np.broadcast_to(np.cos(np.radians(latitudes))[:, None], CONTEST_GRID.shape)
    nothing = np.zeros(CONTEST_GRID.shape)
    u, v, w = vector_coefficients(nothing, nothing, east, CONTEST_GRID, 3)
    # d/d theta of Y_10 = sqrt(3 / 4 pi) cos(theta) is -sqrt(3 / 4 pi) sin(theta).
    np.testing.assert_allclose(w[1, 0, 0], -np.sqrt(4 * np.pi / 3))
    w[1, 0, 0] = 0
    for part in (u, v, w):
        assert np.abs(part).max() < 1e-12


def test_a_grid_too_coarse_is_refused() -> None:
    grid = ShellGrid.cell_centred((1.0, 2.0), 18, 36)
    assert highest_degree(grid) == 17
    with pytest.raises(ValueError, match="degree 18"):
        scalar_coefficients(np.zeros(grid.shape), grid, 18)
