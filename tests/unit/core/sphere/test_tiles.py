"""Tile maths, against morecantile and mercantile."""

import mercantile
import morecantile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import InvalidRequest, TileOutsideMatrix
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.tiles import (
    TILE_MATRIX_SETS,
    WEB_MERCATOR,
    WORLD_CRS84,
    Tile,
    bounds_deg,
    max_native_zoom,
    pixel_centres,
)


@st.composite
def tiles(draw: st.DrawFn) -> Tile:
    tms = draw(st.sampled_from(TILE_MATRIX_SETS))
    z = draw(st.integers(0, 18))
    matrix = morecantile.tms.get(tms).matrix(z)
    return Tile(tms, z, draw(st.integers(0, matrix.matrixWidth - 1)), draw(st.integers(0, matrix.matrixHeight - 1)))


@given(tile=tiles())
def test_pixels_lie_within_morecantiles_bounds(tile: Tile) -> None:
    bounds = morecantile.tms.get(tile.tms).bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    latitudes, longitudes = pixel_centres(tile)
    half = (bounds.right - bounds.left) / 512
    assert longitudes[0] == pytest.approx(bounds.left + half, abs=1e-9)
    assert longitudes[-1] == pytest.approx(bounds.right - half, abs=1e-9)
    assert bounds.top > latitudes[0] > latitudes[-1] > bounds.bottom
    assert len(latitudes) == len(longitudes) == 256


@given(tile=tiles().filter(lambda tile: tile.tms == WEB_MERCATOR))
def test_web_mercator_agrees_with_mercantile(tile: Tile) -> None:
    """Each of a tile's 2 x 2 pixels covers one of the four children into which mercantile divides the tile."""
    latitudes, longitudes = pixel_centres(tile, pixels=2)
    children = sorted(mercantile.children(mercantile.Tile(tile.x, tile.y, tile.z)), key=lambda c: (c.y, c.x))
    for child, (row, column) in zip(children, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        west, south, east, north = mercantile.bounds(child)
        assert west < longitudes[column] < east
        assert south < latitudes[row] < north
        assert longitudes[column] == pytest.approx((west + east) / 2, abs=1e-9)


@pytest.mark.parametrize("tms", TILE_MATRIX_SETS)
def test_neighbouring_tiles_continue_each_other(tms: str) -> None:
    left, right = (pixel_centres(Tile(tms, 2, x, 1))[1] for x in (1, 2))
    assert right[0] - left[-1] == pytest.approx(left[1] - left[0])
    upper, lower = (pixel_centres(Tile(tms, 2, 1, y))[0] for y in (1, 2))
    assert lower[0] == pytest.approx(-upper[-1])


def test_world_crs84_reaches_both_poles_with_two_tiles() -> None:
    latitudes, west = pixel_centres(Tile(WORLD_CRS84, 0, 0, 0))
    _, east = pixel_centres(Tile(WORLD_CRS84, 0, 1, 0))
    assert latitudes[0] == pytest.approx(90 - 90 / 256)
    assert latitudes[-1] == pytest.approx(-90 + 90 / 256)
    assert west[0] == pytest.approx(-180 + 90 / 256)
    assert east[-1] == pytest.approx(180 - 90 / 256)


@pytest.mark.parametrize(
    ("tms", "z", "x", "y"),
    [
        (WEB_MERCATOR, 0, 1, 0),
        (WEB_MERCATOR, 1, 0, 2),
        (WEB_MERCATOR, 3, -1, 0),
        (WEB_MERCATOR, 99, 0, 0),
        (WORLD_CRS84, 0, 2, 0),
        (WORLD_CRS84, 0, 0, 1),
        (WORLD_CRS84, 10**8, 0, 0),
    ],
)
def test_tiles_outside_the_matrix_do_not_exist(tms: str, z: int, x: int, y: int) -> None:
    with pytest.raises(TileOutsideMatrix, match="is outside"):
        Tile(tms, z, x, y)


def test_an_unknown_matrix_set_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="there are WebMercatorQuad, WorldCRS84Quad"):
        Tile("Mars", 0, 0, 0)


def test_zooming_further_shows_no_more() -> None:
    grid = ShellGrid.cell_centred((3500.0, 6300.0), 180, 360)
    assert max_native_zoom(WEB_MERCATOR, grid) == 2
    assert max_native_zoom(WORLD_CRS84, grid) == 1


def test_bounds_are_those_of_the_matrix_sets() -> None:
    for tms in TILE_MATRIX_SETS:
        np.testing.assert_allclose(bounds_deg(tms), morecantile.tms.get(tms).bbox, rtol=0, atol=1e-6)
