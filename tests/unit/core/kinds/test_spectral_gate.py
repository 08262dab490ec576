"""Velocity that does not follow from temperature is coded on shells that the gate does not serve, and only there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contest_file import write_fields
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.cli import main
from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.flow.gate import GatedRun, StoredRun, StoredShells
from earthgan.kinds.coded import Code
from earthgan.kinds.spectral_arguments import ComponentSpec, SpectralArguments
from earthgan.kinds.spectral_planner import Kernels
from earthgan.spec import SurrogateSpec
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.coding.flow import gated_runs
from earthgan_training.coding.make import add_steps
from earthgan_training.evaluate.inputs import encode_inputs
from earthgan_training.simulations.opening import open_source
from earthgan_training.velocity.gate import Verdict, measured_verdict
from earthgan_training.velocity.moments import source_moments
from spectral_surrogate import (
    DEGREE,
    LATITUDES_DEG,
    LONGITUDES_DEG,
    PROFILE,
    RADII_KM,
    STIRRED_KM,
    make,
    truth,
    write_raw,
)

VELOCITY = ("vx", "vy", "vz")
MakeBackend = Callable[[Surrogate], Backend | None]
BACKENDS: dict[str, MakeBackend] = {
    "onnx": lambda surrogate: onnx_backend(surrogate, threads=1),
    "torch": lambda surrogate: torch_backend(surrogate, device="cpu"),
    "transform": lambda surrogate: None,  # the kind evaluates itself
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flow that follows from temperature, except between two radii, where it is stirred."""
    return write_raw(tmp_path_factory.mktemp("gate") / "raw", stirred=True)


@pytest.fixture(scope="module")
def gate(raw: Path) -> Verdict:
    moments = source_moments(open_source([raw]).chosen(steps=(7, 8)), DEGREE)
    return measured_verdict(moments, PROFILE.shell_maps(moments.radii_km, DEGREE))


@pytest.fixture(scope="module")
def surrogate(raw: Path, gate: Verdict) -> Surrogate:
    return Surrogate(make(raw, raw.parent / "surrogate", gate=gate))


def arguments_of(surrogate: Surrogate) -> SpectralArguments:
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    return arguments


def stored_shells(surrogate: Surrogate) -> np.ndarray:
    return arguments_of(surrogate).stored.holds(surrogate.grid.radii_km)


def velocity_psnr_db(surrogate: Surrogate, t: int, shells: np.ndarray, run: Backend | None = None) -> float:
    """The PSNR of the velocity on some shells, relative to its range on these shells."""
    grid = surrogate.grid
    found = surrogate.in_units(surrogate.shells(run, VELOCITY, t, shells.tolist()), VELOCITY)
    fields = truth(t, np.array(grid.radii_km)[shells], grid.latitudes_deg, grid.longitudes_deg, stirred=True)
    true = np.stack([fields[name] for name in VELOCITY])
    return float(10 * np.log10(np.ptp(true) ** 2 / np.mean((found - true) ** 2)))


def test_the_gate_finds_what_is_stirred(surrogate: Surrogate) -> None:
    below, stirred, above = arguments_of(surrogate).gate
    assert (below.served, stirred.served, above.served) == (True, False, True)
    assert STIRRED_KM[0] < stirred.first_km < stirred.last_km < STIRRED_KM[1]
    assert stirred.radial < 0.1 < 0.9 <= min(below.radial, below.lateral, above.radial, above.lateral)
    assert below.shells + stirred.shells + above.shells == len(surrogate.grid.radii_km)


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS.keys())
def test_velocity_is_the_truth_on_every_shell(surrogate: Surrogate, backend: MakeBackend) -> None:
    run, stored = backend(surrogate), stored_shells(surrogate)
    for t in (5, 8):  # step 5 is a training step, and step 8 is not
        assert surrogate.steps[t - 5].t == t
        assert (surrogate.folder / surrogate.steps[t - 5].file).stat().st_size < 1300
        assert velocity_psnr_db(surrogate, t, np.flatnonzero(stored)[::3], run) > 60
        assert velocity_psnr_db(surrogate, t, np.flatnonzero(~stored)[::5], run) > 60


def test_without_a_gate_it_is_not_and_the_surrogate_is_refused(raw: Path, tmp_path: Path) -> None:
    message = r"raw: step 5: [\d,]+ km deep, its temperature explains 0\.\d\d of the (radial|lateral) velocity, not 0.9"
    with pytest.raises(BadInput, match=message):
        make(raw, tmp_path / "ungated")
    assert not (tmp_path / "ungated").exists()


def test_the_engines_agree(surrogate: Surrogate) -> None:
    shell = int(np.flatnonzero(stored_shells(surrogate))[2])
    window = surrogate.grid.shell(shell)
    answers = [surrogate.normalised(make_run(surrogate), 6, window, None) for make_run in BACKENDS.values()]
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], atol=3e-6)


def test_served_shells_take_nothing_of_what_is_coded(surrogate: Surrogate) -> None:
    """Velocity on served shells comes from the maps alone, so it has no divergence."""
    kernels, stored = surrogate.planner.kernels, stored_shells(surrogate)
    arguments = arguments_of(surrogate)
    assert [component.field for component in arguments.components] == ["temperature", "u", "v", "w"]
    of_temperature = np.any(kernels[0] != 0, axis=(0, 1))
    assert not kernels[:, :, ~stored][..., ~of_temperature].any()
    assert kernels[1:, :, stored][..., ~of_temperature].any(axis=(0, 1, 3)).all()
    alone = arguments.model_copy(update={"components": arguments.components[:1], "gate": ()})
    temperature, speed = (surrogate.spec.variables[i].normalisation.scale for i in (0, 1))
    basis = Code.load(surrogate.weights_path, arguments).components["temperature"].basis
    maps = Kernels(alone, {"temperature": basis}, temperature, speed)
    np.testing.assert_array_equal(kernels[:3][..., of_temperature], maps.at(surrogate.grid.radii_km))


def test_a_gate_that_serves_every_shell_changes_no_byte(gate: Verdict, tmp_path: Path) -> None:
    ones = tuple(np.ones(len(gate.radii_km)).tolist())
    calm = write_raw(tmp_path / "calm")
    served = make(calm, tmp_path / "served", gate=gate.model_copy(update={"radial": ones, "lateral": ones}))
    ungated = make(calm, tmp_path / "ungated")
    for path in ungated.rglob("*"):
        if path.is_file() and path.name != "spec.json":
            assert (served / path.relative_to(ungated)).read_bytes() == path.read_bytes(), path
    texts = [json.loads((folder / "spec.json").read_text()) for folder in (served, ungated)]
    gates = [text["generator"]["arguments"].pop("gate") for text in texts]
    assert texts[0] == texts[1]
    assert [run["served"] for run in gates[0]] == [True]
    assert gates[1] == []


def test_where_no_shell_is_served_velocity_is_coded_throughout(raw: Path, gate: Verdict, tmp_path: Path) -> None:
    none = gate.model_copy(update={"radial": (0.0,) * len(gate.radii_km)})
    surrogate = Surrogate(make(raw, tmp_path / "none", gate=none, nodes=24))
    assert stored_shells(surrogate).all()
    assert velocity_psnr_db(surrogate, 8, np.arange(0, 24, 5)) > 60


def test_what_temperature_makes_after_all_is_not_coded(gate: Verdict, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "raw")
    surrogate = Surrogate(make(raw, tmp_path / "surrogate", gate=gate))
    assert [component.field for component in arguments_of(surrogate).components] == ["temperature"]
    ungated = make(raw, tmp_path / "ungated")
    for step in surrogate.steps:
        assert (surrogate.folder / step.file).read_bytes() == (ungated / step.file).read_bytes()


def test_unseen_steps_are_coded_alike(raw: Path, surrogate: Surrogate, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(surrogate.folder, copy)
    add_steps(copy, open_source([raw]), [2, 5], lambda *_: None)
    after = Surrogate(copy)
    assert [step.t for step in after.steps] == [2, 5, 6, 7, 8]
    assert after.steps[1] == surrogate.steps[0]
    assert velocity_psnr_db(after, 2, np.flatnonzero(stored_shells(after))[::3]) > 60
    computed = encode_inputs(after, open_source([raw]), 2)
    assert computed is not None
    assert computed.content == (copy / after.steps[0].file).read_bytes()


def test_a_truncated_code_is_refused(surrogate: Surrogate, tmp_path: Path) -> None:
    for kept in (0, 2, 100, -60):
        path = tmp_path / "step.bin"
        path.write_bytes((surrogate.folder / surrogate.steps[0].file).read_bytes()[:kept])
        with pytest.raises(DamagedSurrogate, match="the coded step is damaged"):
            surrogate.inputs.read(path)


def test_files_of_other_shells_are_refused(surrogate: Surrogate, raw: Path, tmp_path: Path) -> None:
    radii_km = np.delete(RADII_KM, 3)
    fields = truth(9, radii_km, LATITUDES_DEG, LONGITUDES_DEG)
    write_fields(tmp_path / "spherical009.nc", fields, LATITUDES_DEG, radii_km, LONGITUDES_DEG)
    copy = tmp_path / "copy"
    shutil.copytree(surrogate.folder, copy)
    with pytest.raises(BadInput, match="its shells are not those of the surrogate"):
        add_steps(copy, open_source([tmp_path]), [9], lambda *_: None)


def test_info_tells_the_gate(surrogate: Surrogate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SurrogateSpec.model_validate_json(surrogate.spec.to_json()) == surrogate.spec
    assert main(["info", str(surrogate.folder), "--json", str(tmp_path / "info.json")]) == 0
    below, stirred, above = json.loads((tmp_path / "info.json").read_text())["gate"]
    assert stirred in capsys.readouterr().out
    assert stirred.startswith("8 shells from 4616 to 5490 km: velocity is coded")
    assert "velocity follows from temperature" in below
    assert "velocity follows from temperature" in above


def run(first_km: float, last_km: float, shells: int, served: bool) -> GatedRun:
    return GatedRun(first_km=first_km, last_km=last_km, shells=shells, radial=0.5, lateral=0.95, served=served)


@pytest.mark.parametrize(
    ("gate", "stokes", "message"),
    [
        ((run(3500, 4000, 5, False),), None, "follows from temperature, but there is no Stokes profile"),
        ((run(3500, 4000, 5, False), run(4000, 4500, 5, True)), PROFILE, "do not ascend"),
        ((run(3500, 4000, 5, True),), PROFILE, "leaves no shell"),
    ],
)
def test_a_gate_that_fits_nothing_is_refused(gate: tuple[GatedRun, ...], stokes: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SpectralArguments(
            degree=4,
            nodes=12,
            inner_km=3485.0,
            outer_km=6371.0,
            bands=(0,),
            components=(ComponentSpec(field="temperature", step=1), ComponentSpec(field="w", step=1)),
            stokes=stokes,
            gate=gate,
        )


@pytest.mark.parametrize(("first_km", "last_km", "shells"), [(4000, 3500, 3), (4000, 4000, 2), (4000, 4500, 1)])
def test_a_run_without_room_for_its_shells_is_refused(first_km: float, last_km: float, shells: int) -> None:
    with pytest.raises(ValidationError, match=f"cannot have {shells} shells"):
        run(first_km, last_km, shells, served=True)


@given(
    edges_km=st.lists(st.integers(3490, 6370), min_size=4, max_size=4, unique=True).map(sorted),
    knots=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    line=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_runs_hold_straight_lines_and_nothing_beyond(
    edges_km: list[int], knots: tuple[int, int], line: tuple[float, float]
) -> None:
    a, b, c, d = edges_km
    stored = StoredShells((StoredRun(a, b, knots[0]), StoredRun(c, d, knots[1])))
    radii_km = np.union1d(np.linspace(3485, 6371, 60), edges_km)
    held = stored.holds(radii_km)
    matrix = stored.interpolation(radii_km)
    assert matrix.shape == (len(radii_km), stored.knots)
    assert not matrix[~held].any()
    assert held[np.isin(radii_km, edges_km)].all()
    expected = np.zeros(len(radii_km))
    values = []
    for stored_run, slope in zip(stored.runs, line, strict=True):
        middle = (stored_run.first_km + stored_run.last_km) / 2 if stored_run.knots > 1 else stored_run.first_km
        straight = 1 + slope * (radii_km - middle) / 1000 if stored_run.knots > 1 else np.ones(len(radii_km))
        expected += np.where(stored_run.holds(radii_km), straight, 0)
        at = np.linspace(stored_run.first_km, stored_run.last_km, stored_run.knots)
        values += (1 + slope * (at - middle) / 1000 if stored_run.knots > 1 else np.ones(1)).tolist()
    np.testing.assert_allclose(matrix @ values, expected, atol=1e-9)


def test_a_gate_of_other_shells_judges_by_the_nearest() -> None:
    gate = Verdict(
        radii_km=(3500.0, 4500.0, 5500.0),
        radial=(0.95, 0.99, 0.2),
        lateral=(0.99, 0.97, 0.99),
        radial_of_degree=(),
        lateral_of_degree=(),
        whole=(0.9, 0.9),
        toroidal_share=0.0,
    )
    served, left = gated_runs(gate, [3500.0, 3900.0, 4400.0, 5100.0, 6300.0])
    assert served == GatedRun(first_km=3500, last_km=4400, shells=3, radial=0.95, lateral=0.97, served=True)
    assert left == GatedRun(first_km=5100, last_km=6300, shells=2, radial=0.2, lateral=0.99, served=False)
