"""Time steps that are predicted from a neighbour: bytes, chains, jumps, and times between steps."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from earthgan.errors import BadInput, DamagedSurrogate, InvalidRequest, UnknownStep
from earthgan.kinds.prediction import Predictor, exponentials
from earthgan.surrogate import Surrogate
from earthgan_training.coding.make import Recipe, add_steps, make_spectral
from earthgan_training.evaluate.asked import Asked
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.evaluate.inputs import opened_at
from earthgan_training.evaluate.run import evaluate
from earthgan_training.simulate.parameters import DIFFUSION_TIME_MYR, THICKNESS_KM
from earthgan_training.simulations.labelled import Source
from flowing import CONTRAST_K, DEGREE, INTERVAL, NODES, PROFILE, flowing, temperatures

STEPS, KEY_EVERY = 16, 4
RANGE_K = 3307.0


def make(source: Source, out: Path, steps: range, key_every: int, step_bytes: int = 400) -> Surrogate:
    recipe = Recipe(step_bytes=step_bytes, degree=DEGREE, nodes=NODES, updates=0, profile=PROFILE, key_every=key_every)
    make_spectral(source, range(1, 13), steps, out, recipe, lambda *_: None, True)
    return Surrogate(out)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Surrogate:
    return make(flowing(STEPS), tmp_path_factory.mktemp("keyed") / "it", range(1, STEPS + 1), KEY_EVERY)


def errors_db(surrogate: Surrogate, source: Source) -> dict[int, float]:
    return {step.t: error_db(surrogate, source, step.t) for step in surrogate.steps}


def error_db(surrogate: Surrogate, source: Source, t: int) -> float:
    shells = range(len(surrogate.grid.radii_km))
    found = surrogate.in_units(surrogate.shells(None, ["temperature"], t, shells), ["temperature"])[0]
    weights = np.cos(np.radians(surrogate.grid.latitudes_deg))[:, None]
    square = np.mean((found - source.read(t, "temperature")) ** 2 * weights) / weights.mean()
    return float(10 * np.log10(RANGE_K**2 / square))


@pytest.mark.parametrize("t", [3, 4, 5], ids=["predicted", "predicted backwards", "a key frame"])
def test_a_step_of_another_run_is_not_the_stored_step_of_its_number(keyed: Surrogate, t: int) -> None:
    """Both runs have the same times and the same lateral means."""
    for source, stored in ((flowing(STEPS), True), (flowing(STEPS, cut=1), False)):
        with opened_at(keyed, source, t) as at_step:
            assert at_step.stored is stored
            assert (at_step.surrogate is keyed) is (stored and t != 5)
            assert error_db(at_step.surrogate, source, t) > 35


def sizes(surrogate: Surrogate) -> dict[int, int]:
    return {step.t: (surrogate.folder / step.file).stat().st_size for step in surrogate.steps}


def test_predicted_steps_take_few_bytes_and_are_as_near_as_key_frames(keyed: Surrogate) -> None:
    taken, near = sizes(keyed), errors_db(keyed, flowing(STEPS))
    keys = [step.t for step in keyed.steps if step.predicted_from is None]
    assert keys == [1, 5, 9, 13, 16]
    back, forwards = ([step.t for step in keyed.steps if step.predicted_from == step.t + by] for by in (1, -1))
    assert back == [4, 8, 12]
    assert sorted([*keys, *back, *forwards]) == list(taken)
    for predicted, far_db in ((forwards, 1.0), (back, 3.5)):  # backwards, diffusion is undone in part only
        assert np.mean([taken[t] for t in predicted]) < 0.1 * np.mean([taken[t] for t in keys])
        assert min(near[t] for t in predicted) > min(near[t] for t in keys) - far_db


def test_the_evaluation_states_the_bytes_of_steps_alone_and_predicted(keyed: Surrogate) -> None:
    pytest.importorskip("imagecodecs")
    steps = range(5, 9)
    found = evaluate(
        keyed.folder, flowing(STEPS).chosen(steps=steps), codecs=(), asked=Asked(series=True), on_source_grid=True
    )
    assert found.series
    assert found.series.predicted
    alone, predicted = found.series.alone, found.series.predicted
    model = footprint(keyed).per_step - footprint(keyed).inputs_per_step + footprint(keyed).entry
    taken = sizes(keyed)
    assert predicted.bytes - model == pytest.approx(np.mean([taken[t] for t in steps]))
    assert alone.bytes - model == pytest.approx(taken[5], rel=0.2)
    assert alone.psnr_db == pytest.approx(predicted.psnr_db, abs=2)


@pytest.mark.parametrize("asked", [400, 1000])
def test_steps_take_the_bytes_that_were_asked_for(tmp_path: Path, keyed: Surrogate, asked: int) -> None:
    surrogate = keyed if asked == 400 else make(flowing(12), tmp_path / "it", range(1, 13), KEY_EVERY, asked)
    assert np.mean(list(sizes(surrogate).values())) == pytest.approx(asked, rel=0.06)


def test_the_physics_is_found(keyed: Surrogate) -> None:
    prediction = keyed.spec.generator.arguments.prediction  # type: ignore[attr-defined]
    assert prediction.clock == "time_myr"
    # In m/s times Myr per thickness, and in squares of the thickness per Myr.
    assert prediction.advection == pytest.approx(365.25 * 86400 * 1e6 / (THICKNESS_KM * 1e3), rel=0.05)
    assert prediction.diffusivity == pytest.approx(1 / DIFFUSION_TIME_MYR, rel=0.2)


def test_a_step_is_the_same_from_cold_in_order_and_without_memory(keyed: Surrogate) -> None:
    in_order = {step.t: keyed.conditional_input(step.t) for step in keyed.steps}
    for steps_bytes in (0, 2**26):
        for t in (16, 7, 2, 12):
            assert np.array_equal(Surrogate(keyed.folder, steps_bytes).conditional_input(t), in_order[t])


def test_states_meet_the_steps_and_beat_the_mean(tmp_path: Path) -> None:
    """A surrogate of every other step: between its steps, its states are nearer to the truth than means of steps."""
    source = flowing(STEPS)
    odd = source.chosen(steps=[step.t for step in source.steps if step.t % 2])
    recipe = Recipe(step_bytes=1500, degree=DEGREE, nodes=NODES, updates=0, profile=PROFILE, key_every=KEY_EVERY)
    make_spectral(odd, [1, 3, 5, 7, 9, 11], [1, 3, 5, 7, 9], tmp_path / "it", recipe, lambda *_: None, False)
    surrogate = Surrogate(tmp_path / "it")
    for t, later in pairwise(step.t for step in surrogate.steps):
        first, last = surrogate.conditional_input(t), surrogate.conditional_input(later)
        assert np.allclose(surrogate.state(t + 1e-6), first, atol=1e-4)
        assert np.allclose(surrogate.state(later - 1e-6), last, atol=1e-4)
        truth = source.read(t + 1, "temperature")
        shells = range(len(surrogate.grid.radii_km))
        field = surrogate.in_units(surrogate.shells(None, ["temperature"], t + 1.0, shells), ["temperature"])[0]
        ends = (source.read(t, "temperature") + source.read(later, "temperature")) / 2
        assert np.mean((field - truth) ** 2) < 0.5 * np.mean((ends - truth) ** 2)


@pytest.mark.parametrize("t", [0.5, 16.5, -1.0, float("nan")])
def test_no_state_lies_outside_the_steps(keyed: Surrogate, t: float) -> None:
    with pytest.raises(UnknownStep):
        keyed.state(t)


def test_without_a_predictor_nothing_lies_between_steps(tmp_path: Path) -> None:
    surrogate = make(flowing(STEPS), tmp_path / "it", range(1, 4), 1)
    assert all(step.predicted_from is None for step in surrogate.steps)
    with pytest.raises(InvalidRequest, match="nothing between steps 1 and 2"):
        surrogate.state(1.5)


def test_a_jump_costs_a_key_frame(tmp_path: Path) -> None:
    surrogate = make(flowing(STEPS, cut=15), tmp_path / "it", range(13, STEPS + 1), KEY_EVERY)
    assert [step.predicted_from for step in surrogate.steps] == [None, 13, None, 15]
    near = errors_db(surrogate, flowing(STEPS, cut=15))
    assert min(near.values()) > max(near.values()) - 3


def test_steps_without_a_time_count(tmp_path: Path) -> None:
    surrogate = make(flowing(STEPS, timed=False), tmp_path / "it", range(1, 5), KEY_EVERY)
    assert surrogate.spec.generator.arguments.prediction.clock == "t"  # type: ignore[attr-defined]
    assert [step.predicted_from for step in surrogate.steps] == [None, 1, 2, None]


def test_steps_are_added_to_the_chain(tmp_path: Path, keyed: Surrogate) -> None:
    source = flowing(STEPS)
    surrogate = make(source, tmp_path / "it", range(1, 7), KEY_EVERY)
    before = surrogate.conditional_input(6)
    add_steps(surrogate.folder, source, [7, 8, 9, 10], lambda *_: None)
    added = Surrogate(surrogate.folder)
    assert [step.predicted_from for step in added.steps] == [None, 1, 2, 5, None, 5, 6, 9, None, 9]
    assert np.array_equal(added.conditional_input(6), before)
    with pytest.raises(BadInput, match="step 3 is predicted from step 2"):
        add_steps(surrogate.folder, source, [2], lambda *_: None)
    assert Surrogate(surrogate.folder).digest == added.digest


#: Origins of time steps instead of their own, and what is said of them.
NOWHERE = {
    "no such step": ({2: 1000}, "step 2 cannot be predicted from step 1000"),
    "itself": ({2: 2}, "step 2 cannot be predicted from step 2"),
    "a circle of two": ({2: 3}, "step 3 cannot be predicted from step 2"),
    "a circle of many": ({5: 8, 8: 7}, "step 6 cannot be predicted from step 5"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_chains_that_lead_nowhere_are_refused(tmp_path: Path, keyed: Surrogate, name: str) -> None:
    origins, reason = NOWHERE[name]
    folder = tmp_path / "it"
    folder.mkdir()
    spec = json.loads((keyed.folder / "spec.json").read_text())
    for step in spec["inputs"]["steps"]:
        step["predicted_from"] = origins.get(step["t"], step.get("predicted_from"))
    (folder / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(DamagedSurrogate, match=reason):
        Surrogate(folder)


@pytest.mark.parametrize("key_every", [2, 3, 6])
def test_few_predictions_lead_to_any_step(tmp_path: Path, key_every: int) -> None:
    surrogate = make(flowing(12), tmp_path / "it", range(1, 13), key_every)
    origins = {step.t: step.predicted_from for step in surrogate.steps}
    depths = dict.fromkeys(origins, 0)
    for t in origins:
        at = origins[t]
        while at is not None:
            depths[t] += 1
            at = origins[at]
    assert max(depths.values()) == max(key_every - 2, 1)
    assert sum(depth == 0 for depth in depths.values()) in (12 // key_every, 12 // key_every + 1)
    assert depths[1] == 0


def test_the_exponential_is_that_of_a_matrix() -> None:
    rng = np.random.default_rng(0)
    matrices = rng.standard_normal((5, 8, 8)) * np.array([1e-9, 1e-3, 1, 5, 20])[:, None, None]
    for each, found in zip(matrices, exponentials(matrices), strict=True):
        assert np.allclose(found, expm(each), rtol=1e-8, atol=1e-8 * np.abs(expm(each)).max())


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_the_flow_carries_a_step_near_to_the_next(keyed: Surrogate, passes: int) -> None:
    """One pass is enough to be 10 dB nearer than the step as it is. More passes do not lose that."""
    inputs = keyed.inputs
    predictor: Predictor = inputs._predictions.predictor  # type: ignore[attr-defined]
    duration = INTERVAL * DIFFUSION_TIME_MYR
    fine = predictor.arguments.model_copy(update={"interval": duration / passes})
    bases = {"temperature": inputs._code.components["temperature"].basis}  # type: ignore[attr-defined]
    scale = keyed.spec.variables[0].normalisation.scale
    ones = np.ones(1, np.float32)
    carrier = Predictor(keyed.spec.generator.arguments, fine, bases, ones, ones, scale)  # type: ignore[arg-type]
    assert carrier.passes(duration) == carrier.passes(-duration) == passes
    basis = bases["temperature"]
    inverse = np.linalg.pinv(basis.transpose(0, 2, 1))
    first, last = (np.einsum("lmpn,lkn->lmpk", x * CONTRAST_K / scale, inverse) for x in temperatures(STEPS)[:2])
    still = np.sum((first - last)[1:] ** 2)
    carried = carrier.carried(first.astype(np.float32), duration)
    assert np.sum((carried - last)[1:] ** 2) < 0.1 * still
    back = carrier.carried(last.astype(np.float32), -duration)
    assert np.sum((back - first)[1:] ** 2) < 0.1 * still
