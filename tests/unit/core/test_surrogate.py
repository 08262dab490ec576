"""Surrogate folders are verified when they are opened, and errors say exactly what they have."""

import gc
import json
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earthgan import Surrogate, Window
from earthgan.backends.onnx import onnx_backend
from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid, UnknownShell, UnknownStep, UnknownVariable
from earthgan.kinds.inputs import InputsSpec
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def edit_spec(**changes: object) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "spec missing": ("spec.json", Path.unlink),
    "spec truncated": ("spec.json", truncate),
    "spec of a later format": ("spec.json", edit_spec(format=2)),
    "spec with an unknown field": ("spec.json", edit_spec(colour="blue")),
    "spec that points outside": (
        "spec.json",
        edit_spec(
            generator={
                "arguments": {"preset": "interpolate"},
                "weights": {"file": "../secret", "sha256": "0" * 64},
            }
        ),
    ),
    "spec with a grid of another generator": (
        "spec.json",
        lambda path: path.write_text(path.read_text().replace('"preset": "interpolate"', '"preset": "paper"')),
    ),
    "step missing": ("inputs/120.npy", Path.unlink),
    "step truncated": ("inputs/120.npy", truncate),
    "step altered": ("inputs/113.npy", alter),
    "generator truncated": ("generator.onnx", truncate),
    "weights missing": ("generator.safetensors", Path.unlink),
}


@pytest.mark.parametrize(("file", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_refused_with_the_files_name(
    tmp_path: Path, file: str, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(BASELINE_SURROGATE, folder)
    damage(folder / file)
    with pytest.raises(DamagedSurrogate) as caught:
        Surrogate(folder)
    assert str(folder / file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", [DEFAULT_SURROGATE, BASELINE_SURROGATE], ids=["default", "baseline"])
def test_what_ships_says_that_it_is_simulated_and_how_it_was_made(folder: Path) -> None:
    spec = Surrogate(folder).spec
    assert spec.provenance.simulated
    assert "simulation" in spec.provenance.notice
    assert ("interpolated" if folder == BASELINE_SURROGATE else "reconstructed") in spec.provenance.notice


def test_the_shipped_surrogate_is_small_and_holds_much(default_surrogate: Surrogate) -> None:
    files = [path for path in DEFAULT_SURROGATE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 1.5e6
    assert len(default_surrogate.steps) >= 128
    assert len(default_surrogate.variables) == 8


@pytest.mark.parametrize("t", [115, 121])
def test_steps_that_many_tests_read_are_key_frames(default_surrogate: Surrogate, t: int) -> None:
    """A server that has just started decodes them at once. If others are, take those in these tests."""
    assert default_surrogate.check_step(t).predicted_from is None


def test_the_baselines_inputs_reach_both_ends(baseline_surrogate: Surrogate) -> None:
    spec = baseline_surrogate.spec
    assert [step.t for step in spec.inputs.steps] == list(range(113, 129))
    assert isinstance(spec.inputs, InputsSpec)
    inputs = spec.inputs.grid.shell_grid
    assert inputs.shape[0] == 30
    assert inputs.radii_km[0] == spec.grid.radii_km[0]
    assert inputs.radii_km[-1] == spec.grid.radii_km[-1]


def test_shells_are_given_in_any_order_and_only_once_computed(default_surrogate: Surrogate) -> None:
    calls: list[int] = []
    run = onnx_backend(default_surrogate)

    def counting(feeds: dict[str, np.ndarray]) -> np.ndarray:
        calls.append(1)
        return run(feeds)

    field = default_surrogate.shells(counting, ["vz", "temperature"], 120, [7, 8, 9, 3])  # type: ignore[arg-type]
    assert field.shape == (2, 4, *default_surrogate.grid.shape[1:])
    assert len(calls) == 2
    for position, r in enumerate([7, 8, 9, 3]):
        alone = default_surrogate.shells(run, ["vz", "temperature"], 120, [r])
        np.testing.assert_allclose(field[:, position], alone[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("variables", "t", "shells", "error"),
    [
        (["density"], 120, [0], UnknownVariable),
        (["vx"], 129, [0], UnknownStep),
        (["vx"], 120, [199], UnknownShell),
        (["vx"], 120, [-1], UnknownShell),
    ],
)
def test_what_it_does_not_have_is_refused_before_anything_runs(
    default_surrogate: Surrogate, variables: list[str], t: int, shells: list[int], error: type[Exception]
) -> None:
    def never(_: object) -> np.ndarray:
        raise AssertionError("the generator was called")

    with pytest.raises(error):
        default_surrogate.shells(never, variables, t, shells)


@pytest.mark.parametrize("answer", [np.zeros((1, 4, 1, 3, 3)), np.full((1, 4, 1, 180, 359), np.nan)])
def test_nonsense_from_a_generator_is_not_passed_on(default_surrogate: Surrogate, answer: np.ndarray) -> None:
    with pytest.raises(EngineAnswerInvalid):
        default_surrogate.shells(lambda _: answer, ["vx"], 120, [5])


def test_a_window_over_the_date_line_is_part_of_the_shell(default_surrogate: Surrogate) -> None:
    run = onnx_backend(default_surrogate)
    shell = default_surrogate.normalised(run, 113, default_surrogate.grid.shell(60), None)
    part = default_surrogate.normalised(run, 113, Window(range(60, 61), range(100, 120), range(-15, 15)), None)
    expected = np.concatenate([shell[..., 100:120, -15:], shell[..., 100:120, :15]], axis=-1)
    np.testing.assert_allclose(part, expected, rtol=0, atol=2e-6)


def test_the_digest_covers_every_file(tmp_path: Path, default_surrogate: Surrogate) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    assert Surrogate(folder).digest == default_surrogate.digest
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace("Simulated mantle", "Simulated  mantle"))
    assert Surrogate(folder).digest != default_surrogate.digest


def test_the_specs_text_reads_back_the_same(default_surrogate: Surrogate) -> None:
    text = default_surrogate.spec.to_json()
    assert type(default_surrogate.spec).model_validate_json(text) == default_surrogate.spec
    assert (DEFAULT_SURROGATE / "spec.json").read_text() == text


@pytest.mark.parametrize(
    "folder", sorted(DEFAULT_SURROGATE.parent.glob("*/spec.json")), ids=lambda path: path.parent.name
)
def test_a_seed_tells_draws_apart_exactly_where_the_kind_says_so(folder: Path) -> None:
    surrogate = Surrogate(folder.parent)
    backend, window = onnx_backend(surrogate), Window(range(100, 101), range(40, 48), range(40, 48))
    one, other = (surrogate.normalised(backend, surrogate.steps[0].t, window, seed) for seed in (1, 2))
    assert surrogate.kind.has_noise == (not np.array_equal(one, other))


def test_a_dropped_surrogate_takes_its_tables_with_it() -> None:
    """They are about 20 MB. In a process of many objects, the garbage collector comes too late for them."""
    surrogate = Surrogate(DEFAULT_SURROGATE)
    surrogate.conditional_input(surrogate.steps[1].t)  # predicted from a key frame
    inputs = surrogate.inputs
    kept = [weakref.ref(each) for each in (inputs._code._entropy, inputs._predictions.predictor)]  # type: ignore[attr-defined]
    gc.disable()
    try:
        del surrogate, inputs
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()
