"""Sampling a shell at tile pixels: periodic in longitude, single-valued at the poles, no holes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import TILE_MATRIX_SETS, Tile, pixel_centres
from grids import GRIDS, each_grid


def tilted(latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """A smooth field: the height above a plane through the centre of the sphere."""
    latitude, longitude = np.radians(latitudes)[:, None], np.radians(longitudes)
    return np.asarray(np.cos(latitude) * np.cos(longitude - 1) + 0.5 * np.sin(latitude))


@each_grid
@settings(max_examples=40, deadline=None)
@given(latitude=st.floats(-90, 90), longitude=st.floats(-720, 720))
def test_a_smooth_field_is_found_everywhere(grid: ShellGrid, latitude: float, longitude: float) -> None:
    shell = tilted(np.array(grid.latitudes_deg), np.array(grid.longitudes_deg)).astype(np.float32)
    found = ShellSampler(grid).sample(shell, np.array([latitude]), np.array([longitude]))
    assert found[0, 0] == pytest.approx(tilted(np.array([latitude]), np.array([longitude]))[0, 0], abs=0.02)


@each_grid
def test_grid_points_keep_their_values(grid: ShellGrid) -> None:
    shell = np.random.default_rng(0).normal(size=grid.shape[1:]).astype(np.float32)
    inner = slice(1, -1)  # a row on the pole is one point, whatever it stores
    found = ShellSampler(grid).sample(shell, np.array(grid.latitudes_deg), np.array(grid.longitudes_deg))
    np.testing.assert_allclose(found[inner], shell[inner], rtol=0, atol=1e-5)


def test_a_pole_has_one_value_whichever_way_it_is_reached() -> None:
    grid = GRIDS["cell-centred"]
    shell = np.random.default_rng(1).normal(size=(18, 36)).astype(np.float32)
    found = ShellSampler(grid).sample(shell, np.array([90.0, -90.0]), np.linspace(-180, 180, 50))
    assert np.ptp(found, axis=1).max() < 1e-6
    np.testing.assert_allclose(found[:, 0], [shell[0].mean(), shell[-1].mean()], rtol=0, atol=1e-6)


@pytest.mark.parametrize("tms", TILE_MATRIX_SETS)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), columns=st.integers(0, 35))
def test_rolling_the_data_changes_nothing_but_the_place(tms: str, data: st.DataObject, columns: int) -> None:
    grid = GRIDS["cell-centred"]
    z = data.draw(st.integers(0, 4))
    x, y = data.draw(st.integers(0, 2**z - 1)), data.draw(st.integers(0, 2**z - 1))
    latitudes, longitudes = pixel_centres(Tile(tms, z, x, y))
    shell = np.random.default_rng(2).normal(size=(18, 36)).astype(np.float32)
    sampler = ShellSampler(grid)
    moved = sampler.sample(np.roll(shell, columns, axis=1), latitudes, longitudes + 10 * columns)
    np.testing.assert_allclose(moved, sampler.sample(shell, latitudes, longitudes), rtol=0, atol=1e-4)


@pytest.mark.parametrize("tms", TILE_MATRIX_SETS)
def test_a_global_field_leaves_no_hole(tms: str) -> None:
    sampler = ShellSampler(GRIDS["cell-centred"])
    for z in range(3):
        for x in range(2**z):
            for y in range(2**z):
                field = sampler.sample(np.ones((18, 36), np.float32), *pixel_centres(Tile(tms, z, x, y)))
                np.testing.assert_array_equal(field, 1)


def test_a_missing_cell_is_missing_around_itself_alone() -> None:
    shell = np.ones((18, 36), dtype=np.float32)
    shell[0, 7] = shell[9, 20] = np.nan
    grid = GRIDS["cell-centred"]
    found = ShellSampler(grid).sample(shell, np.array(grid.latitudes_deg), np.arange(36) * 10.0)
    assert np.isnan(found[9, 20])
    rows, columns = np.nonzero(np.isnan(found))
    near = [(abs(r - 9) <= 1 and abs(c - 20) <= 1) or (r == 0 and abs(c - 7) <= 1) for r, c in zip(rows, columns)]
    assert all(near)
    pole = ShellSampler(grid).sample(shell, np.array([90.0]), np.array([180.0]))
    assert pole[0, 0] == 1
