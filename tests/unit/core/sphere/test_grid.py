"""Shell grids: what lies beyond their edges, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.sphere.grid import PolarRule, ShellGrid, Window

RADII_KM = (3500.0, 4000.0, 6000.0)


def cells(rows: int, columns: int) -> ShellGrid:
    return ShellGrid.cell_centred(RADII_KM, rows, columns)


def on_the_sphere(grid: ShellGrid) -> np.ndarray:
    """x, y and z of a unit vector at every grid point: smooth everywhere, the poles included."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    z = np.broadcast_to(np.sin(latitude), x.shape)
    return np.repeat(np.stack([x, y, z])[:, None], len(RADII_KM), axis=1)


@given(start=st.integers(-20, 20), length=st.integers(1, 30))
def test_columns_are_periodic(start: int, length: int) -> None:
    grid = cells(4, 6)
    field = np.random.default_rng(0).normal(size=(2, *grid.shape))
    cut = grid.window(field, Window(range(0, 2), range(1, 3), range(start, start + length)))
    for column in range(length):
        np.testing.assert_array_equal(cut[..., column], field[:, 0:2, 1:3, (start + column) % 6])


@pytest.mark.parametrize("columns", [8, 12])
def test_beyond_a_pole_the_same_meridian_goes_on_half_a_turn_away(columns: int) -> None:
    grid = cells(6, columns)
    field = np.random.default_rng(1).normal(size=grid.shape)
    cut = grid.window(field, Window(range(0, 3), range(-2, 8), range(0, columns)))
    np.testing.assert_array_equal(cut[:, 1], np.roll(field[:, 0], columns // 2, axis=-1))
    np.testing.assert_array_equal(cut[:, 0], np.roll(field[:, 1], columns // 2, axis=-1))
    np.testing.assert_array_equal(cut[:, 8], np.roll(field[:, 5], columns // 2, axis=-1))


@pytest.mark.parametrize("columns", [27, 28, 359, 360])
def test_a_smooth_field_stays_smooth_across_a_pole(columns: int) -> None:
    grid = cells(180, columns)
    field = on_the_sphere(grid)
    cut = grid.window(field, Window(range(0, 1), range(-3, 4), range(0, columns)))[:, 0]
    bends = np.diff(cut, n=2, axis=1)
    assert abs(bends).max() < 0.01, "a mirrored pole would bend x and y by about 0.03"


def test_mirrored_poles_repeat_the_row_at_the_same_longitude() -> None:
    grid = ShellGrid(
        radii_km=RADII_KM,
        latitudes_deg=(60.0, 0.0, -60.0),
        longitudes_deg=(0.0, 90.0, 180.0, 270.0),
        polar_rule=PolarRule.MIRROR,
    )
    field = np.arange(36.0).reshape(grid.shape)
    cut = grid.window(field, Window(range(0, 3), range(-2, 5), range(0, 4)))
    np.testing.assert_array_equal(cut, field[:, [1, 0, 0, 1, 2, 2, 1]])


def test_a_row_on_the_pole_is_not_repeated_behind_it() -> None:
    grid = ShellGrid(radii_km=RADII_KM, latitudes_deg=(90.0, 0.0, -90.0), longitudes_deg=(0.0, 180.0))
    field = np.arange(18.0).reshape(grid.shape)
    cut = grid.window(field, Window(range(0, 3), range(-1, 4), range(0, 2)))
    np.testing.assert_array_equal(cut[:, 0], field[:, 1, ::-1])
    np.testing.assert_array_equal(cut[:, -1], field[:, 1, ::-1])


def test_nothing_lies_below_the_first_shell_or_above_the_last() -> None:
    grid = cells(4, 4)
    for shells in (range(-1, 2), range(1, 4)):
        with pytest.raises(ValueError, match="are not all within 0 to 2"):
            grid.window(np.zeros(grid.shape), Window(shells, range(0, 1), range(0, 1)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"radii_km": (4000.0, 3500.0)}, "radii"),
        ({"radii_km": (-1.0, 3500.0)}, "radii"),
        ({"latitudes_deg": (-10.0, 10.0)}, "latitudes"),
        ({"latitudes_deg": (91.0, 10.0)}, "latitudes"),
        ({"longitudes_deg": (0.0, 180.0, 360.0)}, "first meridian must not be repeated"),
        ({"longitudes_deg": (0.0, float("nan"))}, "finite"),
        ({"longitudes_deg": (0.0,)}, "at least two"),
    ],
)
def test_axes_that_are_no_grid_are_refused(changed: dict[str, tuple[float, ...]], message: str) -> None:
    axes = {"radii_km": RADII_KM, "latitudes_deg": (10.0, -10.0), "longitudes_deg": (0.0, 180.0)}
    with pytest.raises(ValueError, match=message):
        ShellGrid(**(axes | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", range(2, 402, 8))
def test_a_meridian_crosses_the_pole_to_the_column_opposite_wherever_columns_begin(columns: int) -> None:
    """Longitudes of area means, as those of a conditional input, are rounded."""
    row = np.random.default_rng(columns).standard_normal((1, columns))
    for ratio in (1, 2, 4, 7):
        fine = np.arange(columns * ratio) * (360 / (columns * ratio)) + 0.5 * 360 / (columns * ratio)
        for longitudes in (fine.reshape(columns, ratio).mean(axis=1), fine[::ratio] - 180):
            grid = ShellGrid(
                radii_km=RADII_KM, latitudes_deg=(45.0, -45.0), longitudes_deg=tuple(map(float, longitudes))
            )
            np.testing.assert_allclose(grid.beyond_pole(row), np.roll(row, columns // 2, axis=1), atol=1e-9)
