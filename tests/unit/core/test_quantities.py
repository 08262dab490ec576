"""Derived quantities: velocities turned to the sphere, anomalies about the lateral mean, global ranges."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid, Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.quantities import (
    DERIVED,
    VELOCITY,
    anomaly,
    derive,
    lateral_mean,
    quantities,
    turn,
)
from earthgan.sphere.grid import cell_weights
from grids import GRIDS, each_grid
from places import BASELINE_SURROGATE

numbers = st.floats(-10, 10, width=32)


def positions(grid: ShellGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors to the cells, each component `(latitude, longitude)`."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    return x, y, np.sin(latitude) * np.ones_like(x)


def velocity(*components: np.ndarray) -> dict[str, np.ndarray]:
    return {name: component.astype(np.float32) for name, component in zip(VELOCITY, components, strict=True)}


def random_shell(grid: ShellGrid, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2000, 300, grid.shape[1:]).astype(np.float32)


@each_grid
def test_a_rigid_rotation_goes_eastwards_and_nowhere_else(grid: ShellGrid) -> None:
    x, y, _ = positions(grid)
    shells = velocity(-y, x, 0 * x)
    cosine = np.broadcast_to(np.cos(np.radians(grid.latitudes_deg))[:, None], grid.shape[1:])
    np.testing.assert_allclose(derive("v_phi", shells, grid), cosine, atol=1e-6)
    np.testing.assert_allclose(derive("speed", shells, grid), cosine, atol=1e-6)
    for name in ("v_radial", "v_theta"):
        np.testing.assert_allclose(derive(name, shells, grid), 0, atol=1e-6)


@each_grid
def test_a_radial_flow_is_radial(grid: ShellGrid) -> None:
    shells = velocity(*(3 * component for component in positions(grid)))
    np.testing.assert_allclose(derive("v_radial", shells, grid), 3, atol=1e-5)
    for name in ("v_theta", "v_phi"):
        np.testing.assert_allclose(derive(name, shells, grid), 0, atol=1e-5)


def test_at_the_origin_of_longitude_the_axes_are_up_east_and_north() -> None:
    here = (np.float32(1), np.float32(2), np.float32(3), 0.0, 0.0)
    assert [float(turn(name, *here)) for name in ("v_radial", "v_phi", "v_theta")] == [1, 2, -3]


@given(vx=numbers, vy=numbers, vz=numbers, latitude=st.floats(-90, 90), longitude=st.floats(-720, 720))
def test_turning_keeps_the_length(vx: float, vy: float, vz: float, latitude: float, longitude: float) -> None:
    for scale in (1, 1e-10):  # the second is as slow as a mantle, where squares lose digits in float32
        v = [np.float32(scale * component) for component in (vx, vy, vz)]
        turned = [float(turn(name, *v, latitude, longitude)) for name in ("v_radial", "v_theta", "v_phi")]
        length = np.linalg.norm(np.asarray(v, dtype=np.float64))
        assert np.linalg.norm(turned) == pytest.approx(length, rel=1e-5, abs=scale * 1e-6)
        assert float(turn("speed", *v, latitude, longitude)) == pytest.approx(length, rel=1e-6)


@each_grid
def test_cells_share_the_sphere_by_their_area(grid: ShellGrid) -> None:
    weights = cell_weights(grid)
    assert weights.shape == grid.shape[1:]
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1)
    _, _, z = positions(grid)
    assert (weights * z**2).sum() == pytest.approx(1 / 3, rel=0.02), "the mean of z squared over the sphere"


@each_grid
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), missing=st.integers(0, 200))
def test_an_anomaly_has_no_mean_over_the_sphere(grid: ShellGrid, seed: int, missing: int) -> None:
    shell = random_shell(grid, seed)
    shell.flat[:missing] = np.nan
    found = anomaly(shell, grid)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(found), np.isnan(shell))
    assert np.nansum(found * cell_weights(grid)) == pytest.approx(0, abs=1e-3)
    np.testing.assert_array_equal(derive("temperature_anomaly", {"temperature": shell}, grid), found)


@each_grid
@given(value=st.floats(-1e4, 1e4, width=32))
def test_a_constant_shell_has_no_anomaly(grid: ShellGrid, value: float) -> None:
    shell = np.full(grid.shape[1:], value, np.float32)
    np.testing.assert_allclose(anomaly(shell, grid), 0, atol=1e-6 * max(1, abs(value)))


def test_a_shell_without_values_has_no_mean() -> None:
    grid = GRIDS["cell-centred"]
    assert np.isnan(anomaly(np.full(grid.shape[1:], np.nan, np.float32), grid)).all()


def test_means_of_several_shells_are_each_shells_own() -> None:
    grid = GRIDS["with poles"]
    shells = np.stack([random_shell(grid, seed) for seed in range(3)])
    np.testing.assert_allclose(lateral_mean(shells, grid), [lateral_mean(shell, grid) for shell in shells])


def test_a_stored_variable_is_its_own_shell() -> None:
    grid = GRIDS["cell-centred"]
    shell = random_shell(grid)
    assert derive("temperature", {"temperature": shell}, grid) is shell
    with pytest.raises(KeyError):
        derive("v_phi", {"vx": shell}, grid)
    with pytest.raises(KeyError):
        derive("density", velocity(shell, shell, shell), grid)


def test_the_shipped_surrogate_has_its_variables_and_all_that_is_derived(default_surrogate: Surrogate) -> None:
    found = quantities(default_surrogate)
    stored = [variable.name for variable in default_surrogate.spec.variables]
    assert list(found) == [*stored, "v_radial", "v_theta", "v_phi", "speed"]  # the anomaly of temperature is stored
    assert "temperature_anomaly" in stored
    assert all(name == quantity.name for name, quantity in found.items())
    assert found["temperature"].range == default_surrogate.spec.variables[0].range
    assert found["temperature_anomaly"].unit == "K"
    assert {found[name].unit for name in ("v_radial", "v_theta", "v_phi", "speed", "vx")} == {"m/s"}
    assert found["speed"].range[0] == 0
    for name in ("vx", "temperature_anomaly", "v_radial", "v_theta", "v_phi"):
        assert found[name].symmetric
        assert found[name].range[0] == -found[name].range[1]
    assert not found["temperature"].symmetric
    assert found["speed"].needs == ("vx", "vy", "vz")
    assert quantities(default_surrogate) == found


def test_ranges_hold_nearly_all_values_of_real_shells_and_not_much_more(default_surrogate: Surrogate) -> None:
    run, grid, t = onnx_backend(default_surrogate), default_surrogate.grid, 124
    everywhere = list(range(0, 199, 9))
    field = default_surrogate.in_units(
        default_surrogate.shells(run, default_surrogate.variables, t, everywhere), default_surrogate.variables
    )
    for name, quantity in quantities(default_surrogate).items():
        values = np.stack([derive(name, dict(zip(default_surrogate.variables, f)), grid) for f in field.swapaxes(0, 1)])
        anomalies = values - lateral_mean(values, grid)[:, None, None]
        for found, (low, high) in ((values, quantity.range), (anomalies, quantity.anomaly_range)):
            assert ((found >= low) & (found <= high)).mean() > 0.998, name
            assert np.abs(found).max() > 0.6 * high, name
        for bound in (*quantity.range, *quantity.anomaly_range):
            assert name == "temperature" or bound == float(f"{bound:.1e}"), "two digits"


def with_units(folder: Path, min_max: bool = False, **units: str) -> Surrogate:
    shutil.copytree(BASELINE_SURROGATE, folder)
    spec = json.loads((folder / "spec.json").read_text())
    for variable in spec["variables"]:
        variable["unit"] = units.get(variable["name"], variable["unit"])
        variable["range"] = [0.0, 1.0] if min_max else variable["range"]
    (folder / "spec.json").write_text(json.dumps(spec))
    return Surrogate(folder)


def test_velocities_without_a_known_zero_are_not_turned(tmp_path: Path) -> None:
    not_turned = [*Surrogate(BASELINE_SURROGATE).variables, "temperature_anomaly"]
    normalised = quantities(with_units(tmp_path / "1", min_max=True, temperature="1", vx="1", vy="1", vz="1"))
    assert list(normalised) == not_turned
    mixed = quantities(with_units(tmp_path / "2", vz="cm/yr"))
    assert list(mixed) == not_turned


@pytest.mark.parametrize("unit", ["", "1"])
def test_non_dimensional_velocities_are_turned(tmp_path: Path, unit: str) -> None:
    assert set(DERIVED) <= set(quantities(with_units(tmp_path / "folder", vx=unit, vy=unit, vz=unit)))


def test_the_published_surrogate_offers_an_anomaly_and_no_derived_velocity(published_surrogate: Surrogate) -> None:
    found = quantities(published_surrogate)
    assert set(found) == {"temperature", "vx", "vy", "vz", "temperature_anomaly"}
    assert 0 < found["temperature_anomaly"].range[1] <= 1
