"""Area means on the sphere: on another grid, a field is neither displaced nor blurred, and its integral
is unchanged.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import Polynomial

from earthgan import ShellGrid
from earthgan.sphere.grid import cell_weights
from earthgan_training.grids.area_mean import area_mean, column_edges_deg, row_edges_deg, zonal_weights
from earthgan_training.simulations.contest import CONTEST_LATITUDES_DEG
from grids import GRIDS, each_grid

RADII_KM = (3500.0, 6300.0)
TARGET = ShellGrid.cell_centred(RADII_KM, 10, 22)
NATIVE = ShellGrid(
    radii_km=RADII_KM,
    latitudes_deg=tuple(CONTEST_LATITUDES_DEG.tolist()),
    longitudes_deg=tuple((np.arange(359) * 360 / 359).tolist()),
)
COARSE = ShellGrid.cell_centred(RADII_KM, 14, 28)


def at_points(grid: ShellGrid) -> np.ndarray:
    """A field `(1, latitude, longitude)` of degrees up to 8 that also varies over the poles."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    return (x + 3 * x * y**3 - 2 * z**5 * x + 8 * y**6 * z**2)[None].astype(np.float32)


@each_grid
@given(value=st.floats(-1e4, 1e4, width=32))
@settings(max_examples=10)
def test_a_constant_stays_what_it_is(grid: ShellGrid, value: float) -> None:
    mean = area_mean(np.full(grid.shape, value, np.float32), grid, TARGET)
    assert np.allclose(mean, value, rtol=2e-6)


@each_grid
@given(values=arrays(np.float32, (18, 27), elements=st.floats(-1, 1, width=32)))
@settings(max_examples=20)
def test_the_integral_is_kept(grid: ShellGrid, values: np.ndarray) -> None:
    _, rows, columns = grid.shape
    field = np.resize(values, (1, rows, columns))
    mean = area_mean(field, grid, TARGET)
    before, after = (f[0].ravel() @ cell_weights(g).ravel() for f, g in ((field, grid), (mean, TARGET)))
    assert after == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("name", ["cell-centred", "with poles"])
def test_a_grids_own_cells_are_left_alone(name: str) -> None:
    grid = GRIDS[name]
    field = at_points(grid)
    assert np.allclose(area_mean(field, grid, grid), field, atol=1e-5)


def test_where_cells_nest_the_mean_is_that_of_whole_cells() -> None:
    """This holds for any field, noise included: nothing is smoothed, and nothing comes from outside the cell."""
    fine = ShellGrid(
        radii_km=RADII_KM,
        latitudes_deg=ShellGrid.cell_centred(RADII_KM, 42, 2).latitudes_deg,
        longitudes_deg=tuple((-180 / 28 + (np.arange(112) + 0.5) * 360 / 112).tolist()),
    )
    field = np.random.default_rng(0).normal(size=(1, 42, 112)).astype(np.float32)
    due = (field * cell_weights(fine)).reshape(14, 3, 28, 4).sum(axis=(1, 3)) / cell_weights(COARSE)
    np.testing.assert_allclose(area_mean(field, fine, COARSE)[0], due, rtol=0, atol=2e-6)


def exact_means(grid: ShellGrid) -> np.ndarray:
    """The means of cos(8 lon) cos(lat)**8 (1 + 3 sin(lat)) over the grid's cells, from its integral."""
    integral = (Polynomial([1, 0, -1]) ** 4 * Polynomial([1, 3])).integ()
    sines = np.sin(np.radians(row_edges_deg(grid)))
    meridional = (np.diff(integral(sines)) / np.diff(sines))[::-1]
    edges = np.radians(column_edges_deg(grid))
    zonal = np.diff(np.sin(8 * edges)) / 8 / np.diff(edges)
    return (meridional[:, None] * zonal)[None].astype(np.float32)


def overlapping(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """The shares `(coarse cell, fine cell)` of overlapping lengths between ascending edges."""
    lengths = np.minimum(coarse[1:, None], fine[1:]) - np.maximum(coarse[:-1, None], fine[:-1])
    return lengths.clip(0) / lengths.clip(0).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("rows", "columns"), [(108, 216), (112, 224), (180, 360)])
def test_a_smooth_field_is_not_displaced(rows: int, columns: int) -> None:
    """A sum over overlapping cells, as if the field were constant in each, has an error a hundred times as large."""
    target = ShellGrid.cell_centred(RADII_KM, rows, columns)
    field, due = exact_means(NATIVE), exact_means(target)
    error = np.abs(area_mean(field, NATIVE, target) - due).max()
    assert error < 1e-4
    meridional = overlapping(*(np.sin(np.radians(row_edges_deg(grid))) for grid in (NATIVE, target)))[::-1, ::-1]
    assert np.abs(meridional @ field[0] @ zonal_weights(NATIVE, target).T - due).max() > 100 * error


def test_a_cells_mean_is_the_integral_over_it() -> None:
    """sin(latitude) averaged over a band is the mean of its sine at the band's edges."""
    sines = np.sin(np.radians(row_edges_deg(NATIVE)))[::-1]
    field = np.broadcast_to((sines[1:] + sines[:-1])[:, None] / 2, NATIVE.shape).astype(np.float32)
    edges = np.sin(np.radians(90 - np.arange(15) * 180 / 14))
    expected = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(area_mean(field, NATIVE, COARSE)[0, :, 0], expected, rtol=0, atol=2e-6)


def test_the_first_column_gathers_from_both_sides_of_greenwich() -> None:
    weights = zonal_weights(NATIVE, COARSE)[0]
    assert weights[:7].sum() + weights[-6:].sum() == pytest.approx(1, abs=0.01)
    assert weights[1:7] == pytest.approx(weights[:-7:-1])
