"""Tracers follow flows that are known exactly, and the distance between two flows is what it must be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan_training.evaluate.tracers import Drift, Flow, Tracers, advected, rms_speed, start

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 24).tolist()), 36, 72)
SHELLS, COLUMNS = GRID.radii_km, GRID.longitudes_deg
GAUSS = tuple(np.degrees(np.arcsin(np.polynomial.legendre.leggauss(36)[0][::-1])).tolist())
GRIDS = {
    "cell-centred": GRID,
    "cell-centred, and the poles": replace(GRID, latitudes_deg=(90.0, *GRID.latitudes_deg, -90.0)),
    "with the poles": replace(GRID, latitudes_deg=tuple(np.linspace(90, -90, 37).tolist())),
    "with one pole": replace(GRID, latitudes_deg=(90.0, *GRID.latitudes_deg)),
    "Gauss": replace(GRID, latitudes_deg=GAUSS),
    "an odd number of columns": replace(
        GRID, longitudes_deg=tuple(np.linspace(-180, 180, 73, endpoint=False).tolist())
    ),
    "a narrow last column": replace(GRID, longitudes_deg=(*COLUMNS, (COLUMNS[-1] + 360) / 2)),
    "shells that crowd": replace(GRID, radii_km=tuple((4900 - 1400 * np.cos(np.linspace(0.3, 2.84, 24))).tolist())),
}
#: Axes of rotation: through the poles, across them, and in between.
AXES = [(0, 0, 1), (1, 0, 0), (0.3, -0.5, 0.8)]
KM_PER_MYR = 1000 / (365.25 * 86400e6)  # as m/s


def rotation(axis: tuple[float, float, float], speed: float = 1.0, grid: ShellGrid = GRID) -> list[np.ndarray]:
    """The components of a rigid rotation about an axis, by `speed` radians in a time of 1."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    unit = [
        np.cos(latitude) * np.cos(longitude),
        np.cos(latitude) * np.sin(longitude),
        np.sin(latitude) + 0 * longitude,
    ]
    places = np.stack([np.asarray(grid.radii_km)[:, None, None] * each for each in unit])
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    turned = np.stack([y * places[2] - z * places[1], z * places[0] - x * places[2], x * places[1] - y * places[0]])
    return list((speed * turned).astype(np.float32))


def turned(places: np.ndarray, axis: tuple[float, float, float], angle: float) -> np.ndarray:
    """Rodrigues' formula."""
    k = (np.asarray(axis, float) / np.linalg.norm(axis))[:, None]
    cross = np.cross(k, places, axis=0)
    return places * np.cos(angle) + cross * np.sin(angle) + k * (k * places).sum(axis=0) * (1 - np.cos(angle))


def drift(tracers: Tracers, *steps: tuple[float, list[np.ndarray], list[np.ndarray]]) -> Drift:
    for t, (time_myr, true, predicted) in enumerate(steps, start=1):
        tracers.see(t, time_myr, true, predicted)
    return tracers.drift()


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("axis", AXES)
def test_a_rotation_is_followed_across_poles_and_date_line(axis: tuple[float, float, float], grid: ShellGrid) -> None:
    places, flow = start(500, grid), Flow(rotation(axis, grid=grid), grid)
    found = advected(places, (flow, flow), 3.0, 1.0, 100, grid)
    assert np.linalg.norm(found - turned(places, axis, 3.0), axis=0).max() < 3.0


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_a_flow_between_two_steps_changes_linearly_in_time(share: float) -> None:
    places = start(200, GRID)
    flows = Flow(rotation((0, 0, 1), 1.0), GRID), Flow(rotation((0, 0, 1), 2.0), GRID)
    found = advected(places, flows, share, share, 50, GRID)
    assert np.linalg.norm(found - turned(places, (0, 0, 1), share + share**2 / 2), axis=0).max() < 3.0


def test_the_method_is_of_fourth_order() -> None:
    """Half the steps have sixteen times the error, in a rotation that the method alone gets wrong."""
    places = start(50, GRID)
    exact = [turned(places, (0, 0, 1), 2.0)]

    def spin(at: np.ndarray) -> np.ndarray:
        return np.stack([-at[1], at[0], 0 * at[2]])

    errors = [np.abs(advected(places, (spin, spin), 2.0, 1.0, n, GRID) - exact[0]).max() for n in (10, 20, 40)]
    for coarse, fine in pairwise(errors):
        assert 12 < coarse / fine < 40


def test_tracers_start_everywhere_and_stay_within_the_shells() -> None:
    places = start(4000, GRID)
    radii = np.linalg.norm(places, axis=0)
    share_below = (GRID.radii_km[12] ** 3 - GRID.radii_km[0] ** 3) / (GRID.radii_km[-1] ** 3 - GRID.radii_km[0] ** 3)
    assert np.mean(radii < GRID.radii_km[12]) == pytest.approx(share_below, abs=0.03)
    assert np.abs((places / radii).mean(axis=1)).max() < 0.05

    def outwards(at: np.ndarray) -> np.ndarray:
        return at * 1.0

    far = np.linalg.norm(advected(places, (outwards, outwards), 5.0, 1.0, 20, GRID), axis=0)
    np.testing.assert_allclose(far, GRID.radii_km[-1])


def test_equal_flows_do_not_part_and_a_faster_one_does_by_as_much() -> None:
    true = rotation((0, 0, 1))
    same = drift(Tracers(300, GRID, "", None), (0.0, true, true))
    assert same.median == same.ninetieth == 0
    assert same.moved > 1000
    assert same.steady
    assert same.overturn_myr is None
    faster = drift(Tracers(300, GRID, "", None), (0.0, true, [1.01 * each for each in true]))
    angle = (GRID.radii_km[-1] - GRID.radii_km[0]) / rms_speed(true, GRID)
    places = start(300, GRID)
    apart = 2 * np.hypot(*places[:2]) * np.sin(0.01 * angle / 2)
    assert faster.median == pytest.approx(np.median(apart), abs=1.0)
    assert faster.ninetieth == pytest.approx(np.quantile(apart, 0.9), abs=1.0)


@pytest.mark.parametrize(
    ("unit", "span_myr", "steady"),
    [("m/s", 5.0, False), ("m/s", 0.01, True), ("m/s", None, True), ("furlongs", 5.0, True), ("", 5.0, True)],
)
def test_the_flow_is_steady_unless_the_series_is_long_enough(unit: str, span_myr: float | None, steady: bool) -> None:
    """The rotation speeds up from one step to the next, which a steady flow does not see."""
    slow, fast = (rotation((0, 0, 1), speed * KM_PER_MYR) for speed in (1.0, 3.0))
    found = drift(Tracers(100, GRID, unit, span_myr), (100.0, slow, slow), (102.0, fast, slow), (105.0, fast, slow))
    assert found.steady is steady
    assert (found.first, found.last) == ((1, 1) if steady else (1, 2))
    assert (found.median > 10) is not steady
    if unit == "m/s":
        assert found.overturn_myr == pytest.approx(2800 * KM_PER_MYR / rms_speed(slow, GRID))
