"""Variables that follow from temperature by curves: what a table means, and that every engine gives the same."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.curves import Curve, in_radius, mean_rows, range_at, shares
from earthgan.numerics.transform import Transform
from earthgan.sphere.grid import Window
from spectral_surrogate import FOLLOWERS, evaluated, make, write_raw

INNER_KM, OUTER_KM = 3000.0, 6000.0
RNG = np.random.default_rng(0)
TEMPERATURE = RNG.uniform(0, 1, (3, 5, 7)).astype(np.float32)
EVERYWHERE = RNG.uniform(0, 1, (3, 50)).astype(np.float32)
SHARES = np.full(50, 1 / 50)
RADII_KM = np.array([3000.0, 4000.0, 6000.0])


def curve(function: Callable[[np.ndarray, np.ndarray], np.ndarray], less_mean: bool = False, knots: int = 13) -> Curve:
    r = np.linspace(INNER_KM, OUTER_KM, knots)
    ranges = np.stack([np.linspace(-0.3, -0.1, knots), np.linspace(1.0, 1.5, knots)], axis=1)
    temperatures = ranges[:, :1] + (ranges[:, 1:] - ranges[:, :1]) * np.linspace(0, 1, 18)
    return Curve(INNER_KM, OUTER_KM, less_mean, function(temperatures, r[:, None]), ranges)


def values(of: Curve, temperature: np.ndarray = TEMPERATURE) -> np.ndarray:
    return of.of(temperature, EVERYWHERE, SHARES, RADII_KM)


@pytest.mark.parametrize(
    "function",
    [
        lambda t, r: 0 * t * r + 0.3,
        lambda t, r: t * r / OUTER_KM,
        lambda t, r: 0.4 * np.sqrt(0.6 / (t + 0.6)) * (r / OUTER_KM) ** 2,
        lambda t, r: 1 / (1 + np.exp((t - r / OUTER_KM) / 0.15)),
    ],
)
@pytest.mark.parametrize("less_mean", [False, True])
def test_a_table_gives_the_function_that_it_was_made_of(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], less_mean: bool
) -> None:
    r = RADII_KM[:, None, None]
    due = function(TEMPERATURE, r)
    if less_mean:
        due = due - function(EVERYWHERE, RADII_KM[:, None]).mean(axis=1)[:, None, None]
    np.testing.assert_allclose(values(curve(function, less_mean)), due, atol=2e-3)


def test_a_constant_of_the_curve_does_not_change_an_anomaly() -> None:
    with_one, without = (curve(lambda t, r, c=c: np.sin(t) + c + 0 * r, less_mean=True) for c in (5.0, 0.0))
    np.testing.assert_allclose(values(with_one), values(without), atol=2e-6)


def test_temperature_less_its_mean_needs_no_table() -> None:
    found = values(Curve(INNER_KM, OUTER_KM, less_mean=True, factor=2.5))
    np.testing.assert_allclose(found, 2.5 * (TEMPERATURE - EVERYWHERE.mean(axis=1)[:, None, None]), atol=1e-6)


def test_a_curve_goes_on_straight_beyond_its_knots() -> None:
    bent = Curve(INNER_KM, OUTER_KM, False, np.tile(np.linspace(0, 1, 99) ** 2, (4, 1)), np.tile([0.0, 1.0], (4, 1)))
    beyond = np.full((3, 1, 4), [-0.5, 0.0, 1.0, 1.5], np.float32)
    np.testing.assert_allclose(values(bent, beyond)[:, 0], [[0, 0, 1, 2]] * 3, atol=0.01)


def test_knots_in_radius_hold_a_straight_line() -> None:
    radii_km = np.linspace(INNER_KM, OUTER_KM, 41)
    for knots in (2, 3, 11):
        line = in_radius(INNER_KM, OUTER_KM, knots, radii_km) @ np.linspace(INNER_KM, OUTER_KM, knots)
        np.testing.assert_allclose(line, radii_km)


def test_ranges_are_linear_in_radius() -> None:
    ranges = np.array([[0.0, 1.0], [0.5, 0.9], [0.3, 0.7]])
    found = range_at(INNER_KM, OUTER_KM, ranges, [2000.0, 3000.0, 3750.0, 4500.0, 6000.0])
    np.testing.assert_allclose(found, [[0, 1], [0, 1], [0.25, 0.95], [0.5, 0.9], [0.3, 0.7]])


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("raw"), followers=True)


@pytest.fixture(scope="module")
def folder(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(raw, tmp_path_factory.mktemp("made") / "seven")


def test_followers_take_no_byte_of_a_step(folder: Path, tmp_path: Path) -> None:
    four = make(write_raw(tmp_path / "raw"), tmp_path / "four")
    steps, of_four = ({path.name: path.read_bytes() for path in (each / "inputs").iterdir()} for each in (folder, four))
    assert steps == of_four
    grown = (folder / "generator.safetensors").stat().st_size - (four / "generator.safetensors").stat().st_size
    assert 1000 < grown <= 4096
    assert (folder / "generator.onnx").read_bytes() == (four / "generator.onnx").read_bytes()
    assert not [
        name for name in json.loads((four / "spec.json").read_text())["generator"]["arguments"] if name == "curves"
    ]


def test_every_engine_gives_the_same_followers(folder: Path) -> None:
    surrogate = Surrogate(folder)
    names = ("vz", *FOLLOWERS, "temperature")
    assert set(names) < set(surrogate.variables)
    boxes = [(range(0, 3), range(0, 4), range(-3, 5)), (range(10, 11), range(17, 18), range(70, 71))]
    for backend in (onnx_backend(surrogate), torch_backend(surrogate, device="cpu", dtype=torch.float32)):
        for shells, rows, columns in boxes:
            ours = surrogate.shells(None, names, 7, shells, rows=rows, columns=columns)
            theirs = surrogate.shells(backend, names, 7, shells, rows=rows, columns=columns)
            np.testing.assert_allclose(theirs, ours, atol=2e-5)
        whole = Window(range(2), range(3), range(4))
        assert surrogate.normalised(backend, 7, whole, None).shape == (7, 2, 3, 4)


def test_a_window_is_a_part_of_the_shell(folder: Path) -> None:
    surrogate = Surrogate(folder)
    whole = surrogate.shells(None, FOLLOWERS, 6, [4])
    part = surrogate.shells(None, FOLLOWERS, 6, [4], rows=range(3, 9), columns=range(5, 11))
    np.testing.assert_allclose(part, whole[:, :, 3:9, 5:11], atol=1e-6)


def test_followers_are_drawn_previewed_and_told(folder: Path) -> None:
    from earthgan.verify import verify

    surrogate = Surrogate(folder)
    quantities = verify(surrogate)
    assert {*FOLLOWERS} < set(quantities)
    grid, field = surrogate.preview(5)
    assert field.shape == (7, *grid.shape)
    told = surrogate.kind.facts()["curves"]
    assert [line.split()[0] for line in told] == list(FOLLOWERS)
    assert np.abs(evaluated(surrogate, ["temperature_anomaly"], 5, [3])).max() > 50


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda spec, arrays: arrays.pop("curves.spin_density_anomaly"), "curves"),
        (lambda spec, arrays: arrays.update({"curves.thermal_conductivity": np.zeros(4, np.float16)}), "no table"),
        (lambda spec, arrays: arrays.update({"curve_ranges": arrays["curve_ranges"][:, ::-1].copy()}), "do not ascend"),
        (lambda spec, arrays: spec["variables"].pop(), "last variables"),
        (lambda spec, arrays: spec["variables"].reverse(), "last variables"),
    ],
)
def test_damaged_curves_are_refused(
    folder: Path, tmp_path: Path, damage: Callable[[dict, dict], object], says: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    spec, arrays = json.loads((copy / "spec.json").read_text()), load_file(copy / "generator.safetensors")
    damage(spec, arrays)
    content = save(arrays)
    (copy / "generator.safetensors").write_bytes(content)
    spec["generator"]["weights"]["sha256"] = sha256(content).hexdigest()
    (copy / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(DamagedSurrogate, match=says):
        Surrogate(copy)


@pytest.mark.parametrize("degree", [1, 20, 63, 64, 95, 127, 191])
def test_the_mean_of_temperature_is_exact(degree: int) -> None:
    """The mean of a field is its coefficient of degree 0, whatever its other coefficients are."""
    coefficients = np.random.default_rng(degree).normal(size=(degree + 1, degree + 1, 2, 1))
    coefficients *= np.tri(degree + 1)[..., None, None]
    coefficients[:, 0, 1] = 0
    sphere = Transform.gauss(degree, mean_rows(degree), 2 * mean_rows(degree), np.float64)
    field = sphere.values(coefficients)[0].ravel()
    assert field @ shares(degree) == pytest.approx(coefficients[0, 0, 0, 0] / np.sqrt(4 * np.pi), abs=1e-9)
