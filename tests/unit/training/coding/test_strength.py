"""The velocity of a step whose buoyancy is another than the surrogate's own, and steps whose velocity is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.cli import main
from earthgan.errors import BadInput
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.coding.flow import gated_runs, lowered
from earthgan_training.coding.make import add_steps
from earthgan_training.coding.shares import Products
from earthgan_training.evaluate.inputs import encode_inputs, opened_at
from earthgan_training.make.spectral import what_follows
from earthgan_training.simulations.opening import open_source
from earthgan_training.velocity.gate import Verdict, measured_verdict
from earthgan_training.velocity.moments import source_moments
from spectral_surrogate import DEGREE, PROFILE, Fields, Knots, evaluated, in_memory, make, stronger, truth, write_raw

VELOCITY = ("vx", "vy", "vz")
STRENGTHS = (0.01, 0.6180339, 1.0, 2.0, 37.0)
BACKENDS: dict[str, Callable[[Surrogate], Backend]] = {
    "onnx": lambda surrogate: onnx_backend(surrogate, threads=1),
    "torch": lambda surrogate: torch_backend(surrogate, device="cpu"),
}


@pytest.fixture(scope="module", params=[False, True], ids=["served", "stirred"])
def stirred(request: pytest.FixtureRequest) -> bool:
    """Whether some shells have a velocity that no temperature drives, so that it is stored."""
    return bool(request.param)


@pytest.fixture(scope="module")
def folder(stirred: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A surrogate of steps 5 to 8, whose strength is 1."""
    place = tmp_path_factory.mktemp("strength")
    raw = write_raw(place / "raw", stirred=stirred)
    return make(raw, place / "surrogate", gate=verdict(raw))


def verdict(raw: Path) -> Verdict:
    moments = source_moments(open_source([raw]).chosen(steps=(7, 8)), DEGREE)
    return measured_verdict(moments, PROFILE.shell_maps(moments.radii_km, DEGREE))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def velocity_db(surrogate: Surrogate, t: int, true: Fields) -> float:
    """The PSNR of the velocity on every shell, over its range."""
    due = np.stack([true[name] for name in VELOCITY])
    found = evaluated(surrogate, VELOCITY, t, range(surrogate.grid.shape[0]))
    return float(10 * np.log10(np.ptp(due) ** 2 / np.mean((found - due) ** 2)))


def true_at(surrogate: Surrogate, t: int, stirred: bool, factor: float) -> Fields:
    grid = surrogate.grid
    return stronger(factor)(truth(t, np.array(grid.radii_km), grid.latitudes_deg, grid.longitudes_deg, stirred))


@pytest.mark.parametrize("factor", STRENGTHS)
def test_a_run_of_another_rayleigh_number_has_its_own_velocity(copy: Path, stirred: bool, factor: float) -> None:
    before = Surrogate(copy)
    notes = add_steps(copy, in_memory(range(2, 3), stirred, changed=stronger(factor)), [2], lambda *_: None)
    surrogate = Surrogate(copy)
    assert not notes
    assert surrogate.steps[0].strength == pytest.approx(factor, rel=1e-4)
    assert velocity_db(surrogate, 2, true_at(surrogate, 2, stirred, factor)) > 60
    # Neither the other steps nor the temperature know of it.
    assert surrogate.steps[1:] == before.steps
    twin = in_memory(range(3, 4), stirred)
    add_steps(copy, twin, [3], lambda *_: None)
    assert Surrogate(copy).check_step(3).strength == 1


def test_its_own_steps_state_no_strength(folder: Path) -> None:
    steps = json.loads((folder / "spec.json").read_text())["inputs"]["steps"]
    assert [list(step) for step in steps] == [["file", "sha256", "t", "time_myr"]] * 4


def test_the_run_itself_may_be_another_than_the_fits(stirred: bool, tmp_path: Path) -> None:
    """The profile of one run serves a surrogate of a run of thrice its Rayleigh number."""
    raw = write_raw(tmp_path / "raw", stirred=stirred)
    profile = PROFILE.model_copy(update={"strength": PROFILE.strength / 3})
    surrogate = Surrogate(make(raw, tmp_path / "surrogate", profile=profile, gate=verdict(raw)))
    assert [step.strength for step in surrogate.steps] == pytest.approx([3] * 4, rel=1e-4)
    assert velocity_db(surrogate, 8, true_at(surrogate, 8, stirred, 1)) > 60


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS.keys())
def test_every_engine_and_the_preview_know_the_strength(
    copy: Path, stirred: bool, backend: Callable[[Surrogate], Backend]
) -> None:
    for t, factor in ((2, 1.0), (3, 4.0)):
        changed = stronger(factor)
        add_steps(copy, in_memory(range(2, 3), stirred, changed=changed), [2], lambda *_: None)
        surrogate = Surrogate(copy)
        window = surrogate.grid.shell(11)
        numbers = [surrogate.normalised(run, 2, window, None) for run in (None, backend(surrogate))]
        np.testing.assert_allclose(numbers[1], numbers[0], atol=3e-6 * factor)
        only = surrogate.normalised(backend(surrogate), 2, window, None, [3, 0])
        np.testing.assert_array_equal(only, numbers[1][[3, 0]])
        look = surrogate.preview(2)[1]
        if t == 2:
            usual = numbers[0], look
    for now, before in zip((numbers[0], look), usual, strict=True):
        np.testing.assert_array_equal(now[0], before[0])
        np.testing.assert_allclose(now[1:], 4 * before[1:], atol=2e-3 * np.abs(now[1:]).max())


def test_what_evaluate_encodes_has_its_strength(folder: Path, stirred: bool) -> None:
    surrogate, source = Surrogate(folder), in_memory(range(2, 3), stirred, changed=stronger(2.0))
    found = encode_inputs(surrogate, source, 2)
    assert found is not None
    assert found.strength == pytest.approx(2, rel=1e-4)
    with opened_at(surrogate, source, 2) as at_step:
        assert velocity_db(at_step.surrogate, 2, true_at(surrogate, 2, stirred, 2.0)) > 60


def other_step(fields: Fields) -> Fields:
    axes = (np.array(in_memory(range(1, 2)).grid.radii_km), *in_memory(range(1, 2)).grid.axes_deg)
    return fields | {name: field for name, field in truth(77, *map(np.ravel, axes)).items() if name in VELOCITY}


def noise(fields: Fields) -> Fields:
    rng = np.random.default_rng(0)
    return fields | {name: fields[name].std() * rng.standard_normal(fields[name].shape) for name in VELOCITY}


STIFF_LID = PROFILE.model_copy(
    update={"log_viscosity": Knots(radii_km=PROFILE.log_viscosity.radii_km, values=(0.0, -2.0, 6.0))}
)
UNFIT = {
    "another viscosity": {"profile": STIFF_LID},
    "held boundaries": {"profile": PROFILE.model_copy(update={"free_slip": False})},
    "reversed": {"changed": stronger(-1.0)},
    "still": {"changed": stronger(0.0)},
    "of another step": {"changed": other_step},
    "noise": {"changed": noise},
    "turned": {"changed": lambda fields: fields | {"vx": fields["vy"], "vy": fields["vx"]}},
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT.keys())
def test_velocity_that_does_not_follow_is_refused(copy: Path, stirred: bool, unfit: dict[str, object]) -> None:
    source = in_memory(range(2, 3), stirred, **unfit)  # type: ignore[arg-type]
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    message = (
        r"^memory: step 2: .*explains 0\.\d\d of the (radial|lateral) velocity, not 0\.9: make a surrogate of its own"
    )
    with pytest.raises(BadInput, match=message) as refused:
        add_steps(copy, source, [2], lambda *_: None)
    assert "\n" not in str(refused.value)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    with pytest.raises(BadInput, match=message):
        encode_inputs(Surrogate(copy), source, 2)


def test_a_stored_flow_that_the_code_does_not_know_is_refused(copy: Path, stirred: bool) -> None:
    """On shells whose velocity is stored, any velocity may be, as far as the code holds it."""
    if not stirred:
        pytest.skip("no velocity is stored")
    components = json.loads((copy / "spec.json").read_text())["generator"]["arguments"]["components"]
    assert [each["field"] for each in components] == ["temperature", "u", "v", "w"]
    spec = json.loads((copy / "spec.json").read_text())
    spec["generator"]["arguments"]["components"].pop()
    (copy / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(BadInput, match=r"where velocity is stored, this surrogate holds 0.* of the lateral velocity"):
        add_steps(copy, in_memory(range(2, 3), stirred), [2], lambda *_: None)


def test_without_velocity_a_step_is_added_and_it_is_said(copy: Path, stirred: bool) -> None:
    if stirred:
        pytest.skip("its velocity is stored, so it is needed")
    source = in_memory(range(2, 3), changed=lambda fields: {"temperature": fields["temperature"]}, vector=None)
    (note,) = add_steps(copy, source, [2], lambda *_: None)
    assert note.startswith("memory: has no velocity, so whether it follows from temperature")
    assert Surrogate(copy).check_step(2).strength == 1


def test_another_unit_is_no_strength(copy: Path, stirred: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    source = in_memory(range(2, 3), stirred, changed=stronger(3.15e9))
    for each in source.variables[1:]:
        monkeypatch.setitem(each.variable.__dict__, "unit", "cm/yr")
    with pytest.raises(BadInput, match="memory: vx is in cm/yr, but the surrogate's is in m/s"):
        add_steps(copy, source, [2], lambda *_: None)


def test_a_step_that_follows_less_closely_is_added_and_it_is_said(copy: Path, stirred: bool) -> None:
    """A lid that is a little stiffer still gives 0.9 of the variance, but less than the surrogate stated."""
    knots = PROFILE.log_viscosity.model_copy(update={"values": (0.0, 0.0, -0.9)})
    source = in_memory(range(2, 3), stirred, profile=PROFILE.model_copy(update={"log_viscosity": knots}))
    notes = add_steps(copy, source, [2], lambda *_: None)
    said = [note.removeprefix("memory: follows less closely than the surrogate's own steps: ") for note in notes]
    assert said
    assert set(said) <= set(Surrogate(copy).kind.facts()["gate"])
    assert any("explains at least 0.9" in run for run in said)


def test_a_report_says_in_how_many_cells_steps_were_tested(
    copy: Path, stirred: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = what_follows(Surrogate(copy))
    assert ("; on the other" in whole) == stirred
    monkeypatch.setattr("earthgan_training.coding.sample.LEAST", 12)
    assert "in 1 of 18 cells and by the mean square of all" in what_follows(Surrogate(copy))[1]


def test_info_tells_strengths_that_are_not_1(
    copy: Path, stirred: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(copy)]) == 0
    assert "strength" not in capsys.readouterr().out
    add_steps(copy, in_memory(range(2, 3), stirred, changed=stronger(2.5)), [2], lambda *_: None)
    assert main(["info", str(copy), "--json", str(tmp_path / "info.json")]) == 0
    assert json.loads((tmp_path / "info.json").read_text())["strength"] == pytest.approx([2.5, 1, 1, 1, 1], rel=1e-4)


def test_a_gate_states_no_more_than_its_steps_have() -> None:
    gate = gated_runs(
        Verdict(
            radii_km=(3500.0, 4000.0, 4500.0),
            radial=(0.999, 0.98, 0.2),
            lateral=(0.95, 0.99, 0.9),
            radial_of_degree=(),
            lateral_of_degree=(),
            whole=(0.9, 0.9),
            toroidal_share=0.0,
        ),
        radii_km := [3500.0, 4000.0, 4500.0],
    )
    same = np.array([[1.0, 0.9795, np.nan], [0.96, 1.0, np.nan]])
    assert lowered(gate, radii_km, same) == gate
    lower = lowered(gate, radii_km, np.array([[1.0, 0.99, np.nan], [0.91, 1.0, np.nan]]))
    assert (lower[0].radial, lower[0].lateral) == (0.98, 0.91)
    assert lower[1] == gate[1]


def explained(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    return Products.of_coefficients(true, made).explained()


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.0, -1.0])
def test_shares_are_those_of_the_gate(factor: float) -> None:
    """Of a flow that is `factor` times the true one, 1 - (1 - factor)^2 of the variance is explained."""
    true = np.random.default_rng(1).standard_normal((3, 5, 5, 2, 4))
    assert explained(true, factor * true) == pytest.approx(np.full((2, 4), 1 - (1 - factor) ** 2))
    nothing = np.zeros_like(true)
    np.testing.assert_array_equal(explained(nothing, nothing), np.ones((2, 4)))
    assert (explained(nothing, true) < 0.9).all()
