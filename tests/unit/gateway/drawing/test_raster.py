"""The hot path's arithmetic gives what the plain one gives."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import TILE_MATRIX_SETS, Tile, pixel_centres
from earthgan_gateway.cache.packing import Packed
from earthgan_gateway.drawing.colours import indices
from earthgan_gateway.drawing.raster import TileRaster

#: A step of a smaller extent is no normal float32, and no unit makes a field so small.
NOTHING = 1e-33

GRIDS = {
    "even": ShellGrid.cell_centred((3500.0, 6300.0), 18, 36),
    "uneven": ShellGrid(
        radii_km=(3500.0, 6300.0),
        latitudes_deg=tuple(np.linspace(90, -88, 18)),
        longitudes_deg=tuple(0.4 + np.arange(27) * 13.2),
    ),
}


@st.composite
def tiles(draw: st.DrawFn) -> Tile:
    z = draw(st.integers(0, 6))
    return Tile(
        draw(st.sampled_from(TILE_MATRIX_SETS)), z, draw(st.integers(0, 2**z - 1)), draw(st.integers(0, 2**z - 1))
    )


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@settings(max_examples=40, deadline=None)
@given(tile=tiles(), low=st.floats(-2, 0), width=st.floats(0.1, 3), holes=st.booleans())
def test_indices_are_those_of_the_sampled_values(
    grid: ShellGrid, tile: Tile, low: float, width: float, holes: bool
) -> None:
    shell = np.random.default_rng(0).normal(size=grid.shape[1:]).astype(np.float32)
    if holes:
        shell[3, 4] = shell[10, 20] = np.nan
    raster = TileRaster(grid)
    values = ShellSampler(grid).sample(shell, *pixel_centres(tile))
    np.testing.assert_allclose(raster.values(raster.padded(shell), tile, 256, False), values, rtol=0, atol=1e-5)
    index = raster.indices(raster.padded(shell), tile, 256, False, low, low + width)
    expected = indices(values, low, low + width)
    np.testing.assert_array_equal(index == 0, expected == 0)
    difference = np.abs(index.astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01, "only where rounding falls on a border between two colours"


@settings(max_examples=40, deadline=None)
@given(
    tile=tiles(),
    magnitude=st.floats(1e-30, 1e30),
    low=st.floats(-1e38, 1e38),
    width=st.floats(1e-36, 2e38),
    nearest=st.booleans(),
)
@example(Tile("WebMercatorQuad", 0, 0, 0), 1e3, 0.0, 1e-36, False)
def test_values_far_beyond_any_range_are_no_holes(
    tile: Tile, magnitude: float, low: float, width: float, nearest: bool
) -> None:
    assume(np.float32(low + width) > np.float32(low))
    grid = GRIDS["even"]
    shell = (magnitude * np.random.default_rng(0).normal(size=grid.shape[1:])).astype(np.float32)
    raster = TileRaster(grid)
    assert raster.indices(raster.padded(shell), tile, 256, nearest, low, low + width).all()


@settings(max_examples=30, deadline=None)
@given(tile=tiles())
def test_nearest_shows_grid_values_alone(tile: Tile) -> None:
    grid = GRIDS["even"]
    shell = np.arange(18 * 36, dtype=np.float32).reshape(18, 36)
    raster = TileRaster(grid)
    padded = raster.padded(shell)
    values = raster.values(padded, tile, 256, True)
    assert np.isin(values, padded).all()
    latitudes, longitudes = pixel_centres(tile)
    off = np.abs(latitudes) < 85  # nearer to the pole, the pole's own row is the nearest
    row = np.clip(np.round((85 - latitudes) / 10), 0, 17).astype(int)
    column = np.round(longitudes % 360 / 10).astype(int) % 36
    edge = np.abs(latitudes % 10) > 1e-6  # half way between rows either will do
    np.testing.assert_array_equal(values[off & edge][:, :], shell[row[off & edge]][:, column])


def test_buffers_of_one_tile_do_not_show_in_the_next() -> None:
    grid = GRIDS["even"]
    random = np.random.default_rng(1)
    raster = TileRaster(grid)
    shells = [random.normal(size=(18, 36)).astype(np.float32) for _ in range(3)]
    shells[1][5] = np.nan
    order = [Tile("WebMercatorQuad", z, x, 0) for z in (0, 3, 1) for x in (0,)]
    fresh = [TileRaster(grid).indices(raster.padded(s), t, 256, False, -2, 2).copy() for s in shells for t in order]
    reused = [raster.indices(raster.padded(s), t, 256, False, -2, 2).copy() for s in shells for t in order]
    for one, other in zip(fresh, reused):
        np.testing.assert_array_equal(one, other)


@given(
    values=hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2), elements=st.floats(-4e3, 4e3, width=32) | st.just(np.nan)
    ),
    unit=st.sampled_from([1.0, 1e-13]),
)
def test_packed_shells_come_back_within_half_a_step(values: np.ndarray, unit: float) -> None:
    values = (values * np.float32(unit)).astype(np.float32)
    exact = Packed.read(Packed.of(values, exact=True).to_bytes(), values.shape).values()
    np.testing.assert_array_equal(exact, values)
    back = Packed.read(Packed.of(values).to_bytes(), values.shape).values()
    np.testing.assert_array_equal(np.isnan(back), np.isnan(values))
    if not np.isnan(values).all():
        extent = float(np.nanmax(values)) - float(np.nanmin(values))
        largest = float(np.nanmax(np.abs(values)))
        assert np.nanmax(np.abs(back.astype(float) - values)) <= 0.51 * extent / 65534 + 2e-7 * largest + NOTHING
