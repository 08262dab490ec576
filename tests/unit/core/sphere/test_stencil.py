"""Values at points from small boxes: the same as from whole shells, for the least work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid, Surrogate, Window
from earthgan.errors import InvalidRequest
from earthgan.sphere.great_circle import GreatCircle, within_a_turn
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.stencil import Stencil, cheapest_stencils
from grids import GRIDS, each_grid

latitudes = st.one_of(st.floats(-90, 90), st.sampled_from([90.0, -90.0, 85.0, -85.0, 0.0]))
places = st.tuples(latitudes, st.floats(-720, 720))


def shells(grid: ShellGrid) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, *grid.shape[1:])).astype(np.float32)


@each_grid
@settings(max_examples=100, deadline=None)
@given(points=st.lists(places, min_size=1, max_size=5))
def test_a_box_gives_what_the_whole_shell_gives(grid: ShellGrid, points: list[tuple[float, float]]) -> None:
    latitude, longitude = np.array(points).T
    field = shells(grid)
    stencil = Stencil.of(grid, latitude, longitude)
    found = stencil.sample(stencil.cut(field))
    whole = [
        [ShellSampler(grid).sample(shell, latitude, longitude)[i, i] for i in range(len(points))] for shell in field
    ]
    np.testing.assert_allclose(found, whole, rtol=0, atol=2e-6)
    window = stencil.window(range(2))
    assert window.shape[1:] == stencil.cut(field).shape[1:] == (len(stencil.latitudes_deg), len(stencil.longitudes_deg))
    np.testing.assert_array_equal(grid.window(field[:2], window), stencil.cut(field[:2]))
    assert 0 <= window.rows.start < window.rows.stop <= grid.shape[1]
    assert 0 <= window.columns.start < grid.shape[2]
    assert len(window.columns) <= grid.shape[2]


@each_grid
@settings(max_examples=100, deadline=None)
@given(points=st.lists(places, min_size=1, max_size=5), seed=st.integers(0, 99), missing=st.floats(0, 1))
def test_holes_are_where_the_nearest_point_of_the_grid_is_missing(
    grid: ShellGrid, points: list[tuple[float, float]], seed: int, missing: float
) -> None:
    latitude, longitude = np.array(points).T
    field = shells(grid)
    field[np.random.default_rng(seed).random(field.shape) < missing] = np.nan
    sampler, stencil = ShellSampler(grid), Stencil.of(grid, latitude, longitude)
    found = stencil.sample(stencil.cut(field))
    for shell, values in zip(field, found, strict=True):
        whole = np.diagonal(sampler.sample(shell, latitude, longitude))
        np.testing.assert_allclose(values, whole, rtol=0, atol=2e-6)
        rows, columns = sampler.rows(latitude), sampler.columns(longitude)
        nearest = sampler.padded(shell)[rows.nearest, columns.nearest]
        np.testing.assert_array_equal(np.isnan(values), np.isnan(nearest))
        if np.isfinite(shell).any():
            known = values[np.isfinite(values)]
            assert (known >= np.nanmin(shell) - 1e-6).all()
            assert (known <= np.nanmax(shell) + 1e-6).all()


def test_a_point_needs_four_columns_over_the_date_line_too() -> None:
    grid = GRIDS["cell-centred"]
    for longitude, columns in ((355.0, range(35, 37)), (-5.0, range(35, 37)), (11.0, range(1, 3))):
        stencil = Stencil.of(grid, np.array([3.0]), np.array([longitude]))
        assert (stencil.rows, stencil.columns) == (range(8, 10), columns)


def test_a_point_beyond_the_last_row_needs_the_whole_row() -> None:
    grid = GRIDS["cell-centred"]
    for latitude, row in ((88.0, 0), (-88.0, 17)):
        stencil = Stencil.of(grid, np.array([latitude]), np.array([11.0]))
        assert (stencil.rows, stencil.columns) == (range(row, row + 1), range(36))


def test_a_missing_cell_is_missing_around_itself_and_left_out_of_the_pole() -> None:
    grid = GRIDS["cell-centred"]
    shell = np.ones(grid.shape[1:], np.float32)
    shell[0, 7] = np.nan
    near, pole = (
        Stencil.of(grid, np.array([84.0]), np.array([71.0])),
        Stencil.of(grid, np.array([90.0]), np.array([0.0])),
    )
    assert np.isnan(near.sample(near.cut(shell)))
    assert pole.sample(pole.cut(shell)) == 1


@each_grid
@settings(max_examples=40, deadline=None)
@given(start=places, end=places, n=st.integers(2, 60))
def test_pieces_of_a_path_join_to_the_whole_and_cost_no_more(
    grid: ShellGrid, start: tuple[float, float], end: tuple[float, float], n: int
) -> None:
    try:
        latitude, longitude = GreatCircle(start, end).points_deg(n)
    except InvalidRequest:
        return
    field = shells(grid)

    def cost(window: Window) -> int:
        return 10**6 * window.shape[1] * window.shape[2]

    pieces = cheapest_stencils(grid, latitude, longitude, range(2), cost)
    found = np.concatenate([piece.sample(piece.cut(field)) for piece in pieces], axis=-1)
    whole = Stencil.of(grid, latitude, longitude)
    np.testing.assert_allclose(found, whole.sample(whole.cut(field)), rtol=0, atol=2e-6)
    assert sum(cost(piece.window(range(2))) for piece in pieces) <= cost(whole.window(range(2)))


def test_an_oblique_path_is_cut_and_a_straight_one_is_not(baseline_surrogate: Surrogate) -> None:
    grid, cost = baseline_surrogate.grid, baseline_surrogate.planner.multiply_adds
    shells = range(grid.shape[0])

    def pieces(start: tuple[float, float], end: tuple[float, float]) -> int:
        return len(cheapest_stencils(grid, *GreatCircle(start, end).points_deg(90), shells, lambda w: cost(w, 4)))

    assert pieces((40.0, 5.0), (-40.0, 5.0)) == 1
    assert pieces((0.2, 0.0), (0.2, 80.0)) == 1
    assert pieces((60.0, -60.0), (-60.0, 60.0)) > 2


@given(start=places, end=places, n=st.integers(2, 50))
def test_an_arc_has_even_steps_between_the_places_asked_for(
    start: tuple[float, float], end: tuple[float, float], n: int
) -> None:
    try:
        arc = GreatCircle(start, end)
    except InvalidRequest:
        return
    latitude, longitude = (np.radians(axis) for axis in arc.points_deg(n))
    vectors = np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    chords = np.linalg.norm(np.diff(vectors, axis=1), axis=0)
    np.testing.assert_allclose(chords, 2 * np.sin(np.radians(arc.length_deg) / (n - 1) / 2), rtol=1e-4, atol=1e-9)
    normal = np.cross(vectors[:, 0], vectors[:, -1])
    if np.linalg.norm(normal) > 1e-3:
        np.testing.assert_allclose(normal @ vectors, 0, atol=1e-9)
    assert np.degrees(latitude[0]) == pytest.approx(start[0], abs=1e-9)
    assert np.degrees(latitude[-1]) == pytest.approx(end[0], abs=1e-9)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((10.0, 20.0), (10.0, 380.0)),
        ((0.0, 0.0), (0.0, 180.0)),
        ((90.0, 3.0), (-90.0, 77.0)),
        ((90.0, 1.0), (90.0, 2.0)),
    ],
)
def test_places_that_no_one_arc_joins_are_refused(start: tuple[float, float], end: tuple[float, float]) -> None:
    with pytest.raises(InvalidRequest):
        GreatCircle(start, end)


@given(longitude=st.floats(-1e300, 1e300))
def test_longitudes_come_within_a_turn(longitude: float) -> None:
    turned = float(within_a_turn(longitude))
    assert -180 <= turned < 180
    if abs(longitude) < 1e6:
        assert np.cos(np.radians(turned)) == pytest.approx(np.cos(np.radians(longitude)), abs=1e-6)
