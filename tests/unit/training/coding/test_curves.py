"""Curves of temperature are found where a variable follows from it, and refused where it does not."""

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.errors import BadInput
from earthgan.kinds.curves import Curves
from earthgan.kinds.spectral_arguments import ComponentSpec, SpectralArguments
from earthgan.records import Affine, VariableSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.coding.curves import (
    KNOTS,
    MOST_BYTES,
    OF_A_NAME,
    FittedCurves,
    fit_curves,
    radius_knots,
)
from earthgan_training.coding.make import add_steps
from earthgan_training.simulations.opening import open_source
from memory_source import smooth_field, source_of
from spectral_surrogate import make, write_raw

INNER_KM, OUTER_KM = 3000.0, 6000.0
GRID = ShellGrid.cell_centred(tuple(np.linspace(INNER_KM, OUTER_KM, 12).tolist()), 24, 48)
DEPTH = np.linspace(1, 0, 12)[:, None, None]
STEPS = range(1, 9)
ARGUMENTS = SpectralArguments(
    degree=6, nodes=12, inner_km=INNER_KM, outer_km=OUTER_KM, bands=(0,),
    components=(ComponentSpec(field="temperature", step=1),),
)  # fmt: skip
KELVINS = VariableSpec(
    name="temperature", long_name="Temperature", unit="K", colormap="inferno", range=(0, 4000),
    normalisation=Affine(offset=0, scale=4000),
)  # fmt: skip
Function = Callable[[np.ndarray], np.ndarray]


def temperature(t: int) -> np.ndarray:
    """K, with a profile that drifts from step to step."""
    return 1800 + 800 * DEPTH + 40 * t + 1000 * smooth_field(GRID, seed=t)


def less_mean(field: np.ndarray) -> np.ndarray:
    return field - np.einsum("rij,ij->r", field, cell_weights(GRID))[:, None, None]


FOLLOWS: dict[str, tuple[Function, str]] = {
    "straight": (lambda t: 3e-5 * (t - 1000), "curve"),
    "conductivity": (lambda t: (3 + 4 * DEPTH) * np.sqrt(300 / t), "curve"),
    "conductivity anomaly": (lambda t: less_mean((3 + 4 * DEPTH) * np.sqrt(300 / t)), "curve less mean"),
    "spin anomaly": (lambda t: less_mean(300 / (1 + np.exp((t - 3000 * DEPTH) / 350))), "curve less mean"),
    "not monotonous": (lambda t: DEPTH + np.sin(t / 400), "curve"),
    "temperature anomaly": (less_mean, "less mean"),
    "excess density": (lambda t: -0.1 * less_mean(t), "curve less mean"),
    "the same everywhere": (lambda t: 0 * t + 5, "curve"),
}


def fit(*functions: Function, steps: range = STEPS) -> FittedCurves:
    fields = {(t, "temperature"): temperature(t) for t in steps}
    for i, function in enumerate(functions):
        fields |= {(t, f"v{i}"): function(temperature(t)) for t in steps}
    source = source_of(GRID, fields)
    names = [f"v{i}" for i in range(len(functions))]
    return fit_curves(source, list(steps), KELVINS, names, ARGUMENTS, lambda *_: None)


def evaluated(fitted: FittedCurves, t: int) -> np.ndarray:
    """`v0` of a step on the whole grid, in its own unit."""
    affine = fitted.variables[0].normalisation
    arrays = dict(fitted.arrays)
    curve = Curves.of(arrays, fitted.specs, INNER_KM, OUTER_KM, [4000 / affine.scale]).curves[0]
    normalised = (temperature(t) / 4000).astype(np.float32)
    weights = cell_weights(GRID).reshape(-1)
    return curve.of(normalised, normalised.reshape(12, -1), weights, GRID.radii_km) * affine.scale + affine.offset


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_from_temperature_is_found(name: str) -> None:
    function, form = FOLLOWS[name]
    fitted = fit(function)
    assert fitted.specs[0].form == form
    due = function(temperature(9))  # later than any step that was seen, and warmer
    error = np.abs(evaluated(fitted, 9) - due)
    assert np.sqrt(np.square(error).mean()) <= 0.01 * np.ptp(due) + 1e-3 * np.abs(due).max()
    assert fitted.specs[0].explained > 0.999
    assert fitted.specs[0].least > 0.99


def test_an_anomaly_needs_its_own_form() -> None:
    """Where the mean temperature drifts, a curve alone would be off by the drift."""
    assert fit(FOLLOWS["conductivity anomaly"][0]).specs[0].form == "curve less mean"
    assert fit(FOLLOWS["conductivity"][0]).specs[0].form == "curve"


@pytest.mark.parametrize(
    ("function", "place"),
    [
        (lambda t: smooth_field(GRID, seed=int(t[0, 0, 0])), "km"),
        (lambda t: np.where(DEPTH[5] == DEPTH, smooth_field(GRID, seed=int(t[0, 0, 0])), t / 4000), "4364 km"),
        (lambda t: less_mean(np.square(t - t[:, ::-1])), "km"),
    ],
)
def test_what_does_not_follow_is_refused_with_the_shell(function: Function, place: str) -> None:
    with pytest.raises(BadInput, match=f"v1 does not follow from temperature: .* {place}, .* --variables"):
        fit(FOLLOWS["straight"][0], function)


def test_one_step_cannot_judge() -> None:
    with pytest.raises(BadInput, match="two training steps"):
        fit(FOLLOWS["straight"][0], steps=range(1, 2))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_all_tables_together_take_at_most_4_kb(count: int) -> None:
    numbers = radius_knots(count) * (count * KNOTS + 2)
    assert 2 * numbers + (count + 1) * OF_A_NAME <= MOST_BYTES == 4096


def test_without_names_nothing_is_read() -> None:
    assert fit_curves(source_of(GRID, {(1, "temperature"): temperature(1)}), [1], KELVINS, (), ARGUMENTS, print) == (
        FittedCurves(arrays={})
    )


def test_a_step_whose_variables_follow_otherwise_is_not_added(tmp_path: Path) -> None:
    folder = make(write_raw(tmp_path / "raw", followers=True), tmp_path / "made")
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    like, unlike = (write_raw(tmp_path / name, range(9, 10), followers=True) for name in ("like", "unlike"))
    with netCDF4.Dataset(unlike / "spherical009.nc", "a") as file:
        file["thermal conductivity"][:] = file["thermal conductivity"][:][..., ::-1]
    with pytest.raises(BadInput, match="step 9: thermal_conductivity does not follow"):
        add_steps(folder, open_source([unlike]), [9], lambda *_: None)
    assert before == {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    add_steps(folder, open_source([like]), [9], lambda *_: None)
    assert Surrogate(folder).steps[-1].t == 9
