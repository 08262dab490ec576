"""The `interpolate` kind: cubic, periodic, correct across the poles, and the same in every window."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.kinds.networks import Interpolator
from earthgan.sphere.grid import ShellGrid, Window

INPUTS = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 8)), 12, 24)
OUTPUTS = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 37)), 45, 90)


def interpolated(
    field: np.ndarray, window: Window, inputs: ShellGrid = INPUTS, outputs: ShellGrid = OUTPUTS
) -> np.ndarray:
    planner = InterpolatePlanner(inputs, outputs)
    x = inputs.window(field.astype(np.float32), planner.input_window(window))[None]
    feeds = {"x": x, **planner.feeds(window, None)}
    return Interpolator().run({name: torch.from_numpy(value) for name, value in feeds.items()}).numpy()[0]


def coordinates(grid: ShellGrid) -> np.ndarray:
    """Cartesian x, y, z in units of the outer radius at every point: smooth across the poles and the date line."""
    r = (np.array(grid.radii_km) / 6300)[:, None, None]
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    z = np.broadcast_to(np.sin(latitude), (len(grid.latitudes_deg), len(longitude)))
    return np.stack([r * np.cos(latitude) * np.cos(longitude), r * np.cos(latitude) * np.sin(longitude), r * z])


def test_it_passes_through_its_own_input() -> None:
    field = np.random.default_rng(0).normal(size=(2, *INPUTS.shape))
    same = interpolated(field, INPUTS.whole, INPUTS, INPUTS)
    np.testing.assert_allclose(same, field, rtol=0, atol=1e-6)


@pytest.mark.parametrize("columns", [24, 27])
def test_smooth_fields_come_out_right_everywhere_the_poles_included(columns: int) -> None:
    inputs = ShellGrid.cell_centred(INPUTS.radii_km, 12, columns)
    error = np.abs(interpolated(coordinates(inputs), OUTPUTS.whole, inputs) - coordinates(OUTPUTS)).max(axis=(0, 1, 3))
    assert error.max() < 0.01
    assert error[:4].max() < 2 * error.mean() + 0.004, "the northern rows are no worse than the rest"


def test_radial_ends_are_included_and_continued_linearly() -> None:
    profile = 2 + 3 * np.linspace(0, 1, 8)
    field = np.broadcast_to(profile[:, None, None], (1, *INPUTS.shape))
    out = interpolated(field, OUTPUTS.whole)[0, :, 5, 5]
    np.testing.assert_allclose(out, 2 + 3 * np.linspace(0, 1, 37), rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    shells=st.tuples(st.integers(0, 36), st.integers(1, 5)),
    rows=st.tuples(st.integers(0, 44), st.integers(1, 9)),
    columns=st.tuples(st.integers(-100, 100), st.integers(1, 9)),
)
def test_any_window_equals_the_whole(shells: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> None:
    field = np.random.default_rng(1).normal(size=(1, *INPUTS.shape))
    whole = interpolated(field, OUTPUTS.whole)
    window = Window(
        range(shells[0], min(37, sum(shells))), range(rows[0], min(45, sum(rows))), range(columns[0], sum(columns))
    )
    expected = whole[:, window.shells.start : window.shells.stop, window.rows.start : window.rows.stop]
    expected = expected[..., np.arange(window.columns.start, window.columns.stop) % 90]
    np.testing.assert_allclose(interpolated(field, window), expected, rtol=0, atol=1e-5)


def test_a_point_needs_four_cells_an_axis() -> None:
    window = Window(range(17, 18), range(20, 21), range(31, 32))
    assert InterpolatePlanner(INPUTS, OUTPUTS).input_window(window).shape == (4, 4, 4)


def test_rolling_the_input_rolls_the_output() -> None:
    inputs = ShellGrid.cell_centred(INPUTS.radii_km, 12, 30)
    field = np.random.default_rng(2).normal(size=(1, *inputs.shape))
    rolled = interpolated(np.roll(field, 1, axis=-1), OUTPUTS.whole, inputs)
    expected = np.roll(interpolated(field, OUTPUTS.whole, inputs), 3, axis=-1)
    np.testing.assert_allclose(rolled, expected, rtol=0, atol=1e-5)


def test_grids_that_do_not_fit_are_refused() -> None:
    deeper = ShellGrid.cell_centred((3000.0, 6300.0), 45, 90)
    with pytest.raises(ValueError, match="reach beyond"):
        InterpolatePlanner(INPUTS, deeper)
    uneven = ShellGrid.cell_centred((3500.0, 3600.0, 6300.0), 12, 24)
    with pytest.raises(ValueError, match="radii are not evenly spaced"):
        InterpolatePlanner(uneven, OUTPUTS)
