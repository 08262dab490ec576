"""Every field comes onto one grid without being displaced, blurred or changed in its integral."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import Polynomial

from earthgan import ShellGrid
from earthgan.quantities import cell_weights
from earthgan_training.area_mean import area_mean
from earthgan_training.contest import CONTEST_LATITUDES_DEG, contest_radius_km
from earthgan_training.evaluate.grids import column_edges_deg, comparison_grid, remap, row_edges_deg, volumes
from grids import GRIDS, each_grid

TARGET = ShellGrid.cell_centred((3500.0, 6300.0), 10, 22)
NATIVE = ShellGrid(
    radii_km=(3500.0, 6300.0),
    latitudes_deg=tuple(CONTEST_LATITUDES_DEG.tolist()),
    longitudes_deg=tuple(np.linspace(0, 360, 360)[:-1].tolist()),
)


def at_points(grid: ShellGrid) -> np.ndarray:
    """A field of degrees up to 8, `(1, latitude, longitude)`, that varies over the poles too."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    return (x + 3 * x * y**3 - 2 * z**5 * x + 8 * y**6 * z**2)[None].astype(np.float32)


def test_the_contests_files_are_compared_on_the_papers_grid() -> None:
    grid = comparison_grid(180, 360, tuple(contest_radius_km(np.arange(1, 200)).tolist()))
    assert grid.shape == (198, 108, 216)
    assert grid.radii_km[0] == pytest.approx(3485 + 1.5 * 2886 / 199)


@each_grid
@given(value=st.floats(-1e4, 1e4, width=32))
@settings(max_examples=10)
def test_a_constant_stays_what_it_is(grid: ShellGrid, value: float) -> None:
    mapped = remap(grid, TARGET)(np.full(grid.shape, value, np.float32))
    assert np.allclose(mapped, value, rtol=2e-6)


@each_grid
@given(values=arrays(np.float32, (18, 27), elements=st.floats(-1, 1, width=32)))
@settings(max_examples=20)
def test_the_integral_is_kept(grid: ShellGrid, values: np.ndarray) -> None:
    _, rows, columns = grid.shape
    field = np.resize(values, (1, rows, columns))
    before, after = (
        f[0].ravel() @ cell_weights(g).ravel() for f, g in ((field, grid), (remap(grid, TARGET)(field), TARGET))
    )
    assert after == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("name", ["cell-centred", "with poles"])
def test_a_grids_own_cells_are_left_alone(name: str) -> None:
    grid = GRIDS[name]
    field = at_points(grid)
    assert np.allclose(remap(grid, grid)(field), field, atol=1e-5)


def exact_means(grid: ShellGrid) -> np.ndarray:
    """Means of cos(8 lon) cos(lat)**8 (1 + 3 sin(lat)) over the grid's cells, by its integral."""
    integral = (Polynomial([1, 0, -1]) ** 4 * Polynomial([1, 3])).integ()
    sines = np.sin(np.radians(row_edges_deg(grid)))
    meridional = (np.diff(integral(sines)) / np.diff(sines))[::-1]
    edges = np.radians(column_edges_deg(grid))
    zonal = np.diff(np.sin(8 * edges)) / 8 / np.diff(edges)
    return (meridional[:, None] * zonal)[None].astype(np.float32)


def test_a_smooth_field_is_not_displaced() -> None:
    """Summing overlaps of cells, as if the field were constant in each, errs a hundred times as much."""
    target = ShellGrid.cell_centred((3500.0, 6300.0), 108, 216)
    error = np.abs(remap(NATIVE, target)(exact_means(NATIVE)) - exact_means(target)).max()
    assert error < 1e-4
    assert np.abs(area_mean(exact_means(NATIVE), NATIVE, target) - exact_means(target)).max() > 100 * error


def test_shells_count_by_their_volume() -> None:
    shares = volumes(ShellGrid.cell_centred(tuple(np.linspace(1000, 2000, 101).tolist()), 2, 2))
    assert shares.sum() == pytest.approx(1)
    assert shares[:51].sum() == pytest.approx((1500**3 - 1000**3) / (2000**3 - 1000**3), rel=0.02)
