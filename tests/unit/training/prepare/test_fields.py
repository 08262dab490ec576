"""Prepared fields lie in the right places, keep their means, and rotate with the globe."""

from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file, write_fields
from earthgan.errors import BadInput
from earthgan.quantities import turn
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid, Window, cell_weights
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.dataset import Dataset, rolled
from earthgan_training.prepare.default import default_grids
from earthgan_training.prepare.paper import bicubic, paper_grids, prepare_paper
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.run import prepare, split
from earthgan_training.simulations.contest import CONTEST_LATITUDES_DEG, contest_radius_km
from earthgan_training.simulations.opening import open_source

PAPER = ("temperature", "vx", "vy", "vz")
DEFAULT = Recipe(preset=Preset.DEFAULT)
NATIVE = ShellGrid(
    radii_km=tuple(contest_radius_km(np.arange(1, 200)).tolist()),
    latitudes_deg=tuple(CONTEST_LATITUDES_DEG.tolist()),
    longitudes_deg=tuple((np.arange(359) * 360 / 359).tolist()),
)
TRUTH, INPUTS = default_grids(NATIVE, DEFAULT)
PROVENANCE = Provenance(source="test", licence="CC0-1.0", notice="", simulated=True)
#: A small globe with 56 columns, two for each of the 28 input columns.
RADII = np.concatenate([[3485.0], 3500 + 100 * np.arange(28.0), [6371]])
LATITUDES = np.concatenate([[90.0], 90 - (np.arange(26) + 0.5) * 180 / 26, [-90.0]])
LONGITUDES = np.arange(57) * 360 / 56


def serial(function, tasks):
    return map(function, tasks)


def make(folder: Path, fields: dict[str, np.ndarray], steps: int = 1, **settings: object) -> Dataset:
    raw, out = folder / "raw", folder / "out"
    raw.mkdir(parents=True)
    for t in range(1, steps + 1):
        write_fields(raw / f"spherical{t:03d}.nc", fields, LATITUDES, RADII, LONGITUDES)
    recipe = Recipe(preset=Preset.DEFAULT, **settings)
    prepare(open_source([raw]).chosen(tuple(fields)), out, recipe, PROVENANCE, serial)
    return Dataset(out)


def waves(turned_deg: float = 0.0) -> dict[str, np.ndarray]:
    """A smooth temperature and a flow around a tilted axis, rotated eastwards about the globe's axis."""
    lat, lon = np.radians(LATITUDES)[None, :, None], np.radians(LONGITUDES - turned_deg)[None, None, :]
    r = (RADII / 6371)[:, None, None]
    x, y, z = r * np.cos(lat) * np.cos(lon), r * np.cos(lat) * np.sin(lon), r * np.sin(lat) + 0 * lon
    vx, vy, vz = 0.3 * y - z, 0.5 * z - 0.3 * x, x - 0.5 * y
    cos, sin = np.cos(np.radians(turned_deg)), np.sin(np.radians(turned_deg))
    fields = {"temperature": 1500 + 300 * x * y + 200 * x, "vx": vx * cos - vy * sin, "vy": vx * sin + vy * cos}
    return {name: values.astype(np.float32) for name, values in (fields | {"vz": vz}).items()}


def test_truth_cells_nest_in_input_cells() -> None:
    """The mean by area of 8 x 8 ground-truth cells is an input cell, for any field."""
    field = np.random.default_rng(1).normal(size=NATIVE.shape[1:]).astype(np.float32)[None]
    truth, inputs = area_mean(field, NATIVE, TRUTH), area_mean(field, NATIVE, INPUTS)
    weighted = (truth * cell_weights(TRUTH)).reshape(14, 8, 28, 8).sum(axis=(1, 3))
    np.testing.assert_allclose(weighted / cell_weights(INPUTS), inputs[0], rtol=0, atol=2e-6)
    assert len(TRUTH.radii_km) == 199
    assert (INPUTS.radii_km[0], INPUTS.radii_km[-1]) == (TRUTH.radii_km[0], TRUTH.radii_km[-1])


def test_the_global_mean_is_conserved_to_1e_6() -> None:
    rng = np.random.default_rng(2)
    field = (1500 + 400 * rng.normal(size=(3, *NATIVE.shape[1:]))).astype(np.float32)
    due = (field.astype(np.float64) * cell_weights(NATIVE)).sum(axis=(1, 2))
    for grid in (TRUTH, INPUTS):
        mean = (area_mean(field, NATIVE, grid).astype(np.float64) * cell_weights(grid)).sum(axis=(1, 2))
        np.testing.assert_allclose(mean, due, rtol=1e-6)


def test_a_radial_ramp_is_registered_within_half_a_fine_cell() -> None:
    radii = np.array(NATIVE.radii_km)
    ramp = np.broadcast_to(radii.astype(np.float32)[:, None, None], (199, 2, 2))
    inputs = at_radii(ramp, radii, np.array(INPUTS.radii_km))[:, 0, 0]
    assert np.abs(inputs - INPUTS.radii_km).max() < 0.01  # km; half a fine cell is 7.25
    # The field is read back at every ground-truth shell from the stated radii of the input, including both ends.
    back = np.interp(TRUTH.radii_km, INPUTS.radii_km, inputs)
    assert np.abs(back - TRUTH.radii_km).max() < 0.01


@pytest.mark.parametrize("grid", [TRUTH, INPUTS], ids=["truth", "inputs"])
def test_deltas_are_registered_within_half_a_fine_cell_in_each_direction(grid: ShellGrid) -> None:
    """The centre of a prepared delta, averaged over all places of the delta within the cells, shows no shift. (No
    scheme can place a single delta better than the width of its cell.)
    """
    deltas = np.eye(359, dtype=np.float32)[:, None, :].repeat(180, axis=1)  # (column, 180, 359): one meridian each
    rows = area_mean(deltas, NATIVE, grid)[:, len(grid.latitudes_deg) // 2]
    phases = np.exp(1j * np.radians(grid.longitudes_deg))
    placed = np.angle(rows @ phases * np.exp(-1j * np.radians(NATIVE.longitudes_deg)))
    assert abs(np.degrees(placed).mean()) < 0.5 * 360 / 224 / 100
    if grid is TRUTH:
        assert np.degrees(np.abs(placed)).max() < 0.5 * 360 / 224
    deltas = np.eye(180, dtype=np.float32)[:, :, None].repeat(359, axis=2)  # one parallel each
    columns = area_mean(deltas, NATIVE, grid)[:, :, 0] * cell_weights(grid).sum(axis=1)
    latitude = columns @ np.array(grid.latitudes_deg) / columns.sum(axis=1)
    middle = slice(20, 160)  # near a pole a cell's centre of area is not its middle
    shift = (latitude - np.array(NATIVE.latitudes_deg))[middle]
    assert abs(shift.mean()) < 0.5 * 180 / 112 / 10
    if grid is TRUTH:
        assert np.abs(shift).max() < 0.5 * 180 / 112
    radii = np.array(NATIVE.radii_km)
    deltas = np.eye(199, dtype=np.float32)[:, :, None, None]
    layers = at_radii(deltas, radii, np.array(grid.radii_km))[:, :, 0, 0]
    seen = layers.sum(axis=1) > 0
    radius = (layers[seen] @ np.array(grid.radii_km)) / layers[seen].sum(axis=1)
    assert abs((radius - radii[seen]).mean()) < 0.5 * 14.5 / 10


def test_a_turned_field_prepares_to_the_turned_result(tmp_path: Path) -> None:
    sizes = {"truth": (56, 112), "inputs": (6, 14, 28)}
    still, turned = make(tmp_path / "a", waves(), **sizes), make(tmp_path / "b", waves(2 * 360 / 28), **sizes)
    spherical = ("v_radial", "v_theta", "v_phi")
    for kind, columns in ((Dataset.inputs, 2), (Dataset.truth, 8)):
        before, after = (kind(data, 1, PAPER, normalised=False) for data in (still, turned))
        np.testing.assert_allclose(after, rolled(before, PAPER, still.spec.vector, columns), rtol=2e-6, atol=3e-6)
        before, after = (kind(data, 1, spherical, normalised=False) for data in (still, turned))
        np.testing.assert_allclose(after, np.roll(before, columns, axis=-1), rtol=0, atol=4e-6)


def test_the_normalised_velocity_can_be_turned_too(tmp_path: Path) -> None:
    data = make(tmp_path, waves())
    scales = {data.variable(name).truth.scale for name in PAPER[1:]}
    assert len(scales) == 1
    assert all(data.variable(name).truth.offset == 0 for name in (*PAPER[1:], "v_radial", "v_theta", "v_phi"))
    numbers = data.truth(1, data.names)
    assert numbers[0].min() == 0
    assert numbers[0].max() == 1
    assert np.abs(numbers[1:]).max() == pytest.approx(1, abs=1e-6)


def test_windows_run_around_the_globe_and_over_the_poles(tmp_path: Path) -> None:
    data = make(tmp_path, waves())
    grid = data.truth_grid
    window = Window(range(3, 9), range(-5, 117), range(-20, 260))
    whole = data.truth(1, PAPER, normalised=False)
    np.testing.assert_array_equal(data.truth(1, PAPER, window, normalised=False), grid.window(whole, window))
    # A flow that is the same everywhere has a southward component sin(lat) cos(lon), also beyond lat = 90°.
    fields = {name: np.full_like(waves()["vx"], float(name == "vx")) for name in PAPER[1:]}
    data = make(tmp_path / "same", fields)
    south, east = data.truth(1, ("v_theta", "v_phi"), Window(range(1), range(-4, 4), range(0, 224)), normalised=False)
    latitudes = 90 - (np.arange(-4, 4) + 0.5) * 180 / 112
    lon = np.radians(grid.longitudes_deg)
    np.testing.assert_allclose(south[0], np.sin(np.radians(latitudes))[:, None] * np.cos(lon), rtol=0, atol=1e-6)
    np.testing.assert_allclose(east[0], np.broadcast_to(-np.sin(lon), (8, 224)), rtol=0, atol=1e-6)


def test_spherical_components_are_those_of_the_cartesian_ones(tmp_path: Path) -> None:
    data = make(tmp_path, waves())
    lat, lon = np.array(data.truth_grid.latitudes_deg)[:, None], np.array(data.truth_grid.longitudes_deg)
    due = turn("v_radial", *data.truth(1, PAPER[1:], normalised=False), lat, lon)
    np.testing.assert_array_equal(data.truth(1, ("v_radial",), normalised=False)[0], due)


def test_the_papers_resizing_is_torchs_bicubic(tmp_path: Path) -> None:
    import torch

    field = torch.tensor(np.random.default_rng(0).normal(size=(1, 1, 180, 360)))  # float64
    due = torch.nn.functional.interpolate(field, size=(108, 216), mode="bicubic", align_corners=False)[0, 0].numpy()
    ours = bicubic(180, 108) @ field[0, 0].numpy() @ bicubic(360, 216).T
    np.testing.assert_allclose(ours, due, rtol=0, atol=2e-6)


def test_the_papers_grids_are_the_published_ones(tmp_path: Path) -> None:
    from earthgan_training.surrogates.published import published_grids

    path = tmp_path / "spherical001.nc"
    radii = np.concatenate([[3485.0], contest_radius_km(np.arange(1, 200)), [6371.0]])
    longitudes = np.linspace(0, 360, 360)
    field = np.random.default_rng(0).normal(size=(201, 180, 360)).astype(np.float32)
    field[..., -1] = field[..., 0]  # the first meridian is stored twice
    field[[0, 200]] = np.nan  # the boundary faces are corrupt
    write_fields(path, {"vx": field}, CONTEST_LATITUDES_DEG, radii, longitudes)
    source = open_source([tmp_path])
    truth_grid, input_grid = paper_grids(source)
    truth, inputs = prepare_paper(source, 1, "vx")
    published_inputs, published_outputs = published_grids()
    assert (truth_grid.shape, input_grid.shape) == ((198, 108, 216), (30, 14, 27))
    assert (truth.shape, inputs.shape) == ((198, 108, 216), (198, 14, 27))
    for name in ("radii_km", "latitudes_deg", "longitudes_deg"):
        np.testing.assert_allclose(getattr(input_grid, name), getattr(published_inputs, name), rtol=1e-12, atol=1e-9)
        if name != "radii_km":  # the published generator's outputs lie elsewhere than its truth
            due = getattr(published_outputs, name)
            np.testing.assert_allclose(getattr(truth_grid, name), due, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(truth[0], bicubic(180, 108) @ field[2] @ bicubic(360, 216).T, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("steps", "held_out", "gap", "due"),
    [
        (range(1, 17), None, None, (12, (15, 16), (13, 14))),
        (range(1, 5), None, None, (4, (), ())),
        (range(1, 11), [4, 5], 1, (6, (4, 5), (3, 6))),
    ],
)
def test_steps_are_divided_in_blocks(steps, held_out, gap, due) -> None:
    divided = split(list(steps), Preset.DEFAULT, held_out, gap)
    assert (len(divided.train), divided.held_out, divided.gap) == due


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [([2, 4], "not one block"), ([99], "does not exist"), (list(range(1, 7)), "nothing is left")],
)
def test_splits_that_cannot_be_are_refused(held_out: list[int], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        split(list(range(1, 9)), Preset.DEFAULT, held_out, None)


def test_constants_come_from_the_training_split_alone(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for t in range(1, 6):
        write_contest_file(raw / f"spherical{t:03d}.nc", spoil=lambda values, t=t: values * t)
    source = open_source([raw]).chosen(("temperature",))
    prepare(source, out, Recipe(preset=Preset.DEFAULT), PROVENANCE, serial, held_out=[5], gap=1)
    spec = Dataset(out).spec
    assert (spec.split.train, spec.split.gap) == ((1, 2, 3), (4,))
    largest = [max(high for e in step.extremes for high in e.truth) for step in spec.steps]
    assert spec.variables[0].extent[1] == largest[2] < largest[4]
