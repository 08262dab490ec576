"""The spectral surrogate: its numbers are those of the harmonics, its velocity obeys the Stokes equations."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from contest_file import write_fields
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.kinds.coded import Code
from earthgan.kinds.graphs import spectral_graph
from earthgan.kinds.spectral_arguments import ComponentSpec, SpectralArguments
from earthgan.kinds.spectral_planner import Kernels, SpectralPlanner
from earthgan.numerics.transform import Transform
from earthgan.quantities import lateral_mean, quantities
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.coding.make import add_steps
from earthgan_training.harmonics.analysis import scalar_field, vector_field
from earthgan_training.simulations.opening import open_source
from earthgan_training.surrogates.folder import write_spec
from spectral_surrogate import (
    DEGREE,
    LATITUDES_DEG,
    LONGITUDES_DEG,
    NODES,
    RADII_KM,
    evaluated,
    in_memory,
    make,
    truth,
    write_raw,
)

MakeBackend = Callable[[Surrogate], Backend | None]
BACKENDS: dict[str, MakeBackend] = {
    "onnx": lambda surrogate: onnx_backend(surrogate, threads=1),
    "torch": lambda surrogate: torch_backend(surrogate, device="cpu"),
    "transform": lambda surrogate: None,  # the kind evaluates itself
}
each_backend = pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS.keys())


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("spectral") / "raw")


@pytest.fixture(scope="module")
def folder(raw: Path) -> Path:
    return make(raw, raw.parent / "surrogate")


@pytest.fixture(scope="module")
def surrogate(folder: Path) -> Surrogate:
    return Surrogate(folder)


def psnr_db(found: np.ndarray, true: np.ndarray) -> float:
    return float(10 * np.log10(np.ptp(true) ** 2 / np.mean((found - true) ** 2)))


@each_backend
def test_shells_are_the_truth_at_any_step(surrogate: Surrogate, backend: MakeBackend) -> None:
    grid, run = surrogate.grid, backend(surrogate)
    shells = [0, 11, 23]
    for t in (5, 8):  # step 5 is a training step, and step 8 is not
        found = surrogate.in_units(surrogate.shells(run, surrogate.variables, t, shells), surrogate.variables)
        true = truth(t, np.array(grid.radii_km)[shells], grid.latitudes_deg, grid.longitudes_deg)
        for name, field in zip(surrogate.variables, found, strict=True):
            assert psnr_db(field, true[name]) > (45 if name == "temperature" else 50), name


def test_more_bytes_are_nearer_the_truth(raw: Path, tmp_path: Path) -> None:
    errors = []
    for step_bytes in (300, 600, 1200):
        surrogate = Surrogate(make(raw, tmp_path / str(step_bytes), step_bytes))
        sizes = [(surrogate.folder / step.file).stat().st_size for step in surrogate.steps]
        assert np.mean(sizes) == pytest.approx(step_bytes, rel=0.1)
        field = evaluated(surrogate, ["temperature"], 8, [12])[0]
        grid = surrogate.grid
        true = truth(8, np.array(grid.radii_km)[[12]], grid.latitudes_deg, grid.longitudes_deg)["temperature"]
        errors.append(psnr_db(field, true))
    assert errors[0] + 6 < errors[1]
    assert errors[1] + 6 < errors[2]


def test_what_other_runs_are_like_is_learnt_beside_its_own(raw: Path, tmp_path: Path) -> None:
    """Steps of the other runs take fewer bytes. The bytes and ranges of the surrogate's own run stay the same."""
    waves = (4, 5, 6)
    other = write_raw(tmp_path / "other", range(11, 17), waves=waves)
    later = write_raw(tmp_path / "later", range(17, 18), waves=waves)
    sizes, ranges = [], []
    for also in ([], [other]):
        folder = make(raw, tmp_path / f"of-{1 + len(also)}", also=also)
        own = Surrogate(folder)
        assert np.mean([(folder / step.file).stat().st_size for step in own.steps]) == pytest.approx(1200, rel=0.1)
        ranges.append([variable.range for variable in own.spec.variables])
        add_steps(folder, open_source([later]), [17], lambda *_: None)
        sizes.append((folder / "inputs/017.bin").stat().st_size)
        surrogate = Surrogate(folder)
        grid, names = surrogate.grid, ["temperature"]
        field = evaluated(surrogate, names, 17, [12])[0]
        radii_km = np.array(grid.radii_km)[[12]]
        true = truth(17, radii_km, grid.latitudes_deg, grid.longitudes_deg, waves=waves)["temperature"]
        assert psnr_db(field, true) > 60
    assert sizes[1] < 0.55 * sizes[0]  # about half: another BLAS changes a few bytes
    assert ranges[0] == ranges[1]


def test_coefficients_tell_the_lateral_means_of_temperature(surrogate: Surrogate) -> None:
    names, grid = ["temperature"], surrogate.grid
    every = range(grid.shape[0])
    shells = evaluated(surrogate, names, 6, every)[0]
    found = surrogate.lateral_means(6)
    assert set(found) == {"temperature"}
    np.testing.assert_allclose(found["temperature"], lateral_mean(shells, grid), rtol=1e-6)


@pytest.mark.parametrize(("times", "loudness"), [(8.0, 6), (1.0, 0), (0.25, -4)])
def test_a_step_says_by_how_much_its_coefficients_are_larger_than_usual(
    raw: Path, tmp_path: Path, times: float, loudness: int
) -> None:
    """Loudness counts half octaves. A loud step is as accurate, and takes fewer bytes than without its loudness."""
    copy = make(raw, tmp_path / "copy", step_bytes=300)
    add_steps(copy, in_memory(range(9, 10), times=times), [9], lambda *_: None)
    surrogate = Surrogate(copy)
    data = (copy / "inputs/009.bin").read_bytes()
    assert int.from_bytes(data[2:3], signed=True) == pytest.approx(loudness, abs=1)
    arguments, grid, names = surrogate.spec.generator.arguments, surrogate.grid, ["temperature"]
    assert isinstance(arguments, SpectralArguments)
    code = Code.load(surrogate.weights_path, arguments)
    coefficients = code.coefficients(code.decode(data))
    assert len(data) <= len(code.encode({"temperature": coefficients}, 0)) * (1 if times == 1 else 0.95)
    field = evaluated(surrogate, names, 9, [12])[0]
    radii_km = np.array(grid.radii_km)[[12]]
    true = truth(9, radii_km, grid.latitudes_deg, grid.longitudes_deg, times=times)["temperature"]
    assert np.sqrt(np.mean((field - true) ** 2)) == pytest.approx(3, abs=1.5), "K, whatever its loudness"


def test_another_run_that_does_not_fit_is_named(raw: Path, tmp_path: Path) -> None:
    fields = truth(3, RADII_KM[:-2], LATITUDES_DEG, LONGITUDES_DEG)
    write_fields(tmp_path / "spherical003.nc", fields, LATITUDES_DEG, RADII_KM[:-2], LONGITUDES_DEG)
    with pytest.raises(BadInput, match=f"{tmp_path}: its shells are not those"):
        make(raw, tmp_path / "made", also=[tmp_path])
    with pytest.raises(BadInput, match="empty"):
        make(raw, tmp_path / "made", also=[tmp_path / "empty"])
    assert not (tmp_path / "made").exists()


@each_backend
def test_a_window_is_a_part_of_the_whole(surrogate: Surrogate, backend: MakeBackend) -> None:
    run, grid = backend(surrogate), surrogate.grid
    whole = surrogate.normalised(run, 6, grid.shell(7), None)
    window = Window(range(7, 8), range(0, 9), range(-4, 5))
    part = surrogate.normalised(run, 6, window, None)
    np.testing.assert_allclose(part, whole[:, :, :9, np.arange(-4, 5)], atol=2e-6)


def test_the_engines_agree(surrogate: Surrogate) -> None:
    window = Window(range(3, 8), range(8, 30), range(60, 84))
    answers = [surrogate.normalised(make_backend(surrogate), 5, window, None) for make_backend in BACKENDS.values()]
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], atol=2e-6)


def test_its_velocity_has_no_divergence(surrogate: Surrogate) -> None:
    grid = surrogate.grid
    radii = np.array(grid.radii_km)
    kernels = surrogate.planner.kernels.astype(np.float64)  # (field, degree, shell, mode)
    degree = np.arange(DEGREE + 1)[:, None, None]
    flux = radii[:, None] ** 2 * kernels[1]
    # div u = 0: d(r^2 U)/dr = l(l + 1) r V, here by differences over shells 12 km apart.
    slope = np.gradient(flux, radii, axis=1)
    lateral = degree * (degree + 1) * radii[:, None] * kernels[2]
    assert np.abs(slope - lateral)[:, 3:-3].max() < 0.1 * np.abs(lateral).max()


def test_toroidal_flow_and_its_own_components(surrogate: Surrogate) -> None:
    """If velocity does not follow from temperature, its U, V and W are coded in the same way as temperature."""
    rng, names = np.random.default_rng(0), ("temperature", "u", "v", "w")
    arguments = SpectralArguments(
        degree=4,
        nodes=NODES,
        inner_km=3485.0,
        outer_km=6371.0,
        bands=(0, 1),
        components=tuple(ComponentSpec(field=name, step=0.1) for name in names),
    )
    bases = {name: np.broadcast_to(np.eye(NODES)[:3], (5, 3, NODES)) for name in names}
    planner = SpectralPlanner(Kernels(arguments, bases, 1.0, 1.0), surrogate.grid)
    x = rng.standard_normal((5, 5, 2, 12)).astype(np.float32)
    order = np.arange(5)
    x[order[:, None] < order] = 0
    x[:, 0, 1] = 0
    x[0, ..., 3:] = 0
    window = surrogate.grid.shell(1)
    found = planner.evaluate(x, window, range(4))[:, 0]
    on_shell = [planner.kernels[i, :, 1, 3 * i : 3 * i + 3] for i in range(4)]
    t, u, v, w = (np.einsum("lmpk,lk->lmp", x[..., 3 * i : 3 * i + 3], k)[..., None] for i, k in enumerate(on_shell))
    latitudes, longitudes = surrogate.grid.latitudes_deg, surrogate.grid.longitudes_deg
    np.testing.assert_allclose(found[0], scalar_field(t, latitudes, longitudes)[0], atol=1e-4)
    radial, south, east = vector_field(u, v, w, latitudes, longitudes)
    theta, phi = np.radians(90 - np.array(latitudes))[:, None], np.radians(longitudes)
    np.testing.assert_allclose(found[3], (radial * np.cos(theta) - south * np.sin(theta))[0], atol=1e-4)
    outward = radial * np.sin(theta) + south * np.cos(theta)
    np.testing.assert_allclose(found[1], (outward * np.cos(phi) - east * np.sin(phi))[0], atol=1e-4)
    assert spectral_graph(4, len(arguments.fields)).graph.input[1].type.tensor_type.shape.dim[0].dim_value == 4


def test_each_variable_is_the_same_whoever_is_asked_for_beside_it(surrogate: Surrogate) -> None:
    """Variables are requested in any order and number, on whole shells and in windows."""
    x, planner = surrogate.conditional_input(6), surrogate.planner
    for window in (surrogate.grid.shell(3), Window(range(2, 5), range(15, 22), range(-3, 2))):
        every = planner.evaluate(x, window, range(4))
        for asked in ([0], [3], [1, 3], [3, 0, 2], [2, 2], []):
            found = planner.evaluate(x, window, asked)
            assert found.shape == (len(asked), *window.shape)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, every[asked], atol=2e-6)


def test_many_shells_at_once_are_each_its_own(surrogate: Surrogate) -> None:
    x, planner, whole = surrogate.conditional_input(6), surrogate.planner, surrogate.grid.whole
    together = planner.evaluate(x, Window(range(3, 9), whole.rows, whole.columns), range(4))
    apart = [planner.evaluate(x, surrogate.grid.shell(r), range(4)) for r in range(3, 9)]
    np.testing.assert_allclose(together, np.concatenate(apart, axis=1), atol=2e-6)


def test_threads_may_evaluate_at_once_from_the_first_shell_on(surrogate: Surrogate) -> None:
    x, whole = surrogate.conditional_input(6), surrogate.grid.whole
    due = surrogate.planner.evaluate(x, whole, range(4))
    for _ in range(5):
        fresh, start = surrogate.planner.on(surrogate.grid), Barrier(4)

        def evaluate(r: int, planner: SpectralPlanner = fresh, start: Barrier = start) -> np.ndarray:
            start.wait(10)
            return planner.evaluate(x, surrogate.grid.shell(r), range(4))

        with ThreadPoolExecutor(4) as threads:
            found = np.concatenate(list(threads.map(evaluate, range(4))), axis=1)
        np.testing.assert_allclose(found, due[:, :4], atol=2e-6)


def test_what_is_not_asked_for_costs_nothing(surrogate: Surrogate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the fields that are computed from modes: one for temperature, two for vz, all four for vx."""
    made: list[int] = []
    field = Transform.field

    def counted(self: Transform, modes: np.ndarray) -> np.ndarray:
        made.append(modes[0, 0, 0, ..., 0].size)
        return field(self, modes)

    monkeypatch.setattr(Transform, "field", counted)
    for asked, due in (([0], 1), ([3], 2), ([1], 3), ([0, 3], 3), ([0, 1, 2, 3], 4)):
        made.clear()
        surrogate.planner.evaluate(surrogate.conditional_input(6), surrogate.grid.shell(3), asked)
        assert sum(made) == due, asked


def test_temperature_alone(raw: Path, tmp_path: Path) -> None:
    surrogate = Surrogate(make(raw, tmp_path / "alone", profile=None))
    assert surrogate.variables == ("temperature",)
    window = surrogate.grid.shell(5)
    answers = [surrogate.normalised(backend(surrogate), 6, window, None) for backend in BACKENDS.values()]
    for answer in answers:
        np.testing.assert_allclose(answer, answers[0], atol=2e-6)
        assert answer.shape == (1, 1, 36, 72), "the source's own grid"


def test_ranges_to_draw_come_from_a_look(surrogate: Surrogate) -> None:
    found = quantities(surrogate)
    grid = surrogate.grid
    true = truth(6, np.array(grid.radii_km), np.array(grid.latitudes_deg)[::8], np.array(grid.longitudes_deg)[::8])
    speed = np.sqrt(sum(true[name] ** 2 for name in ("vx", "vy", "vz"))).max()
    assert 0.5 * speed < found["speed"].range[1] < 2 * speed


def test_further_steps(raw: Path, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = Surrogate(copy)
    add_steps(copy, open_source([raw]), [1, 5], lambda *_: None)
    after = Surrogate(copy)
    assert [step.t for step in after.steps] == [1, 5, 6, 7, 8]
    np.testing.assert_array_equal(after.conditional_input(5), before.conditional_input(5))
    assert after.steps[1] == before.steps[0]
    with pytest.raises(BadInput, match="has no step 99"):
        add_steps(copy, open_source([raw]), [99], lambda *_: None)


def test_an_altered_or_truncated_code_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    surrogate = Surrogate(copy)
    step = copy / surrogate.steps[0].file
    step.write_bytes(step.read_bytes()[:-40])
    with pytest.raises(DamagedSurrogate, match=r"005\.bin: does not have the digest"):
        Surrogate(copy)
    with pytest.raises(DamagedSurrogate, match=r"005\.bin: has changed since it was opened"):
        surrogate.conditional_input(5)
    with pytest.raises(DamagedSurrogate, match=r"005\.bin: the coded step is damaged"):
        surrogate.inputs.read(step)


def test_weights_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    spec = Surrogate(copy).spec
    arguments = spec.generator.arguments.model_copy(update={"nodes": NODES + 1})
    write_spec(copy, spec.model_copy(update={"generator": spec.generator.model_copy(update={"arguments": arguments})}))
    with pytest.raises(DamagedSurrogate, match=r"generator\.safetensors: does not hold this surrogate's code"):
        Surrogate(copy)


@pytest.mark.parametrize("version", [None, 1, 3])
def test_weights_of_another_version_of_the_code_are_told(folder: Path, tmp_path: Path, version: int | None) -> None:
    arguments = Surrogate(folder).spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    arrays = load_file(folder / "generator.safetensors")
    del arrays["version"]
    if version is not None:
        arrays["version"] = np.array([version], np.uint8)
    save_file(arrays, tmp_path / "weights.safetensors")
    with pytest.raises(
        DamagedSurrogate, match=rf"coded by version {version or 1}, not 2: run `earthgan spectral` anew"
    ):
        Code.load(tmp_path / "weights.safetensors", arguments)


def test_a_step_whose_bytes_were_altered_is_refused(surrogate: Surrogate) -> None:
    """A CRC of 16 bits detects any change within two bytes."""
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    code = Code.load(surrogate.weights_path, arguments)
    data = (surrogate.folder / surrogate.steps[0].file).read_bytes()
    altered = [data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :] for at in range(len(data))]
    for damaged in [*altered, b"", data[:1], data[:2], data[:3], data[:-1], data[1:], data + b"\0"]:
        with pytest.raises(ValueError, match="damaged"):
            code.decode(damaged)


def test_what_is_decoded_is_within_a_step(surrogate: Surrogate) -> None:
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    code = Code.load(surrogate.weights_path, arguments)
    modes = code.components["temperature"].basis.shape[1]
    step = arguments.components[0].step
    x = np.random.default_rng(1).normal(0, 100 * step, (DEGREE + 1, DEGREE + 1, 2, modes))
    back = code.coefficients(code.decode(code.encode({"temperature": x}, 0)))
    stored = np.abs(back) > 0
    assert stored.sum() > 300
    assert np.abs(back - x)[stored].max() <= step
