"""The promise of a largest error: it holds in every cell, by every engine, and costs few bytes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowing
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.cli import main
from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.kinds.corrections import UNIT, corrections_of, parted, with_corrections
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.coding.make import Recipe, add_steps, make_spectral
from earthgan_training.coding.promise import numbers_for
from earthgan_training.evaluate.inputs import opened_at
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import open_source
from spectral_surrogate import DEGREE, NODES, PROFILE, in_memory, stronger, write_raw

BOUNDS = {"temperature": 4.0, "vx": 1e-11, "vy": 1e-11, "vz": 1e-11}
NOT_TOLD = lambda *_: None  # noqa: E731
BACKENDS: dict[str, Callable[[Surrogate], Backend | None]] = {
    "transform": lambda surrogate: None,
    "onnx": lambda surrogate: onnx_backend(surrogate, threads=1),
    "torch": lambda surrogate: torch_backend(surrogate, device="cpu"),
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("promise") / "raw")


def made(raw: Path, out: Path, bounds: dict[str, float] | None, step_bytes: int | None, updates: int = 0) -> Surrogate:
    recipe = Recipe(
        step_bytes=step_bytes, max_error=bounds, degree=DEGREE, nodes=NODES, updates=updates, profile=PROFILE
    )
    make_spectral(open_source([raw]), range(1, 7), range(5, 9), out, recipe, NOT_TOLD, overwrite=False)
    return Surrogate(out)


@pytest.fixture(scope="module")
def surrogate(raw: Path) -> Surrogate:
    """Coarse, so that many cells need a correction, and with a network."""
    return made(raw, raw.parent / "surrogate", BOUNDS, 300, updates=20)


def errors(surrogate: Surrogate, source: Source, t: int, run: Backend | None = None) -> dict[str, float]:
    """The largest error of each variable in any cell, as the surrogate answers."""
    out = {}
    for name in surrogate.variables:
        shells = surrogate.shells(run, [name], t, range(surrogate.grid.shape[0]))
        out[name] = float(np.abs(surrogate.in_units(shells, [name])[0] - source.read(t, name).astype(np.float64)).max())
    return out


def holds(surrogate: Surrogate, source: Source, t: int, run: Backend | None = None) -> bool:
    found, bounds = errors(surrogate, source, t, run), surrogate.kind.facts()["max_error"]
    return all(found[name] <= bound for name, bound in zip(surrogate.variables, bounds, strict=True))


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS.keys())
def test_it_holds_in_every_cell_by_every_engine(
    surrogate: Surrogate, raw: Path, backend: Callable[[Surrogate], Backend | None]
) -> None:
    run = backend(surrogate)
    assert surrogate.kind.exact
    for t in (5, 8):
        assert holds(surrogate, open_source([raw]), t, run)


def test_without_corrections_it_does_not(raw: Path, tmp_path: Path) -> None:
    plain = made(raw, tmp_path / "plain", None, 300)
    assert errors(plain, open_source([raw]), 8)["temperature"] > 1.5 * BOUNDS["temperature"]
    assert not plain.kind.exact


@pytest.mark.parametrize("share", [0.3, 1.0, 3.0])
def test_the_cheapest_size_is_near_the_least(raw: Path, tmp_path: Path, share: float) -> None:
    bounds = {name: share * bound for name, bound in BOUNDS.items()}
    sizes = {}
    for step_bytes in (None, 200, 400, 800, 1600, 3200):
        found = made(raw, tmp_path / str(step_bytes), bounds, step_bytes)
        assert holds(found, open_source([raw]), 8)
        sizes[step_bytes] = np.mean([(found.folder / step.file).stat().st_size for step in found.steps])
    chosen = sizes.pop(None)
    assert chosen < 1.1 * min(sizes.values()), sizes


def test_windows_are_parts_of_the_corrected_whole(surrogate: Surrogate) -> None:
    whole = surrogate.normalised(None, 6, surrogate.grid.whole, None)
    _, rows, columns = surrogate.grid.shape
    for window in (
        Window(range(3, 9), range(5, 11), range(4, 20)),
        Window(range(0, 1), range(rows), range(-7, columns - 7)),
        Window(range(20, 24), range(rows - 3, rows), range(columns - 2, columns + 9)),
    ):
        part = surrogate.normalised(None, 6, window, None)
        around = np.arange(window.columns.start, window.columns.stop) % columns
        due = whole[:, window.shells.start : window.shells.stop, window.rows.start : window.rows.stop][..., around]
        np.testing.assert_allclose(part, due, atol=3e-6)


def test_added_steps_keep_it_and_those_of_another_rayleigh_number(surrogate: Surrogate, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(surrogate.folder, tmp_path / "copy"))
    before = surrogate.steps
    source = in_memory(range(2, 4), changed=stronger(1.7))
    add_steps(copy, source, [2, 3], NOT_TOLD)
    after = Surrogate(copy)
    assert after.steps[2:] == before
    assert [step.strength for step in after.steps[:2]] == pytest.approx([1.7, 1.7], rel=1e-3)
    assert all(holds(after, source, t) for t in (2, 3))
    with opened_at(surrogate, source, 2) as at_step:
        assert holds(at_step.surrogate, source, 2)
    add_steps(copy, in_memory(range(2, 3)), [2], NOT_TOLD)
    assert holds(Surrogate(copy), in_memory(range(2, 3)), 2)


def test_predicted_steps_keep_it_too(tmp_path: Path) -> None:
    source = flowing.flowing(16)
    temperature, *velocity = (np.ptp(source.read(4, name)) for name in ("temperature", "vx", "vy", "vz"))
    bounds = dict(
        zip(("temperature", "vx", "vy", "vz"), (0.01 * temperature, *np.multiply(velocity, 0.01)), strict=True)
    )
    recipe = Recipe(
        step_bytes=500, max_error=bounds, degree=12, nodes=14, updates=0, profile=flowing.PROFILE, key_every=4
    )
    make_spectral(source, range(1, 13), range(1, 9), tmp_path / "keyed", recipe, NOT_TOLD, overwrite=False)
    surrogate = Surrogate(tmp_path / "keyed")
    assert [step.t for step in surrogate.steps if step.predicted_from is None] == [1, 5, 8]
    assert all(holds(surrogate, source, t) for t in range(1, 9))
    assert sum(len(parted((surrogate.folder / step.file).read_bytes())[1]) for step in surrogate.steps) > 0
    surrogate.normalised(None, 2.5, surrogate.grid.shell(3), None)  # between steps, nothing is promised
    add_steps(tmp_path / "keyed", source, [9, 10], NOT_TOLD)
    assert all(holds(Surrogate(tmp_path / "keyed"), source, t) for t in (8, 9, 10))


def test_a_source_without_the_promised_variables_is_refused(surrogate: Surrogate, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(surrogate.folder, tmp_path / "copy"))
    source = in_memory(range(2, 3), changed=lambda fields: {"temperature": fields["temperature"]}, vector=None)
    with pytest.raises(BadInput, match="has no variable 'vx'"):
        add_steps(copy, source, [2], NOT_TOLD)
    assert Surrogate(copy).steps == surrogate.steps


def test_a_bound_below_rounding_is_refused(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--max-error: 0\.01 for temperature is below 0\.\d+, the least that is kept"):
        made(raw, tmp_path / "tight", BOUNDS | {"temperature": 0.01}, 300)
    assert not (tmp_path / "tight").exists()


def test_info_tells_it(surrogate: Surrogate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(surrogate.folder), "--json", str(tmp_path / "info.json")]) == 0
    assert json.loads((tmp_path / "info.json").read_text())["max_error"] == list(BOUNDS.values())
    assert "max_error" in capsys.readouterr().out


def test_damaged_corrections_are_refused(surrogate: Surrogate, tmp_path: Path) -> None:
    data = (surrogate.folder / surrogate.steps[0].file).read_bytes()
    code, block = parted(data)
    assert len(block) > 40
    for damaged in (data[:3], data[:-1], data[:-30] + b"\1" + data[-29:], code + block[:-9] + data[-4:]):
        (tmp_path / "step.bin").write_bytes(damaged)
        with pytest.raises(DamagedSurrogate):
            surrogate.kind.corrections(tmp_path / "step.bin")


SHAPE = (2, 4, 3, 5)


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9), min_size=120, max_size=120), st.integers(0, 5), st.booleans())
def test_numbers_are_those_that_were_coded(values: list[int], sparse: int, far: bool) -> None:
    numbers = np.reshape(values, SHAPE)
    numbers[np.abs(numbers) < 2 * sparse] = 0
    numbers[1, 3, 2, 4] *= 2**30 if far else 1
    data = with_corrections(b"code", numbers)
    code, block = parted(data)
    assert code == b"code"
    found = corrections_of(block, SHAPE, (1.0, 0.5))
    field = found.added(np.zeros(SHAPE, np.float32), Window(range(4), range(3), range(5)), [0, 1])
    np.testing.assert_array_equal(field, np.float32(numbers * np.array([1, 0.5])[:, None, None, None]))
    turned = found.added(np.zeros((1, 2, 2, 5), np.float32), Window(range(1, 3), range(1, 3), range(-2, 3)), [1])
    np.testing.assert_array_equal(turned[0], np.roll(field[1, 1:3, 1:3], 2, axis=-1))


def test_no_correction_takes_four_bytes() -> None:
    assert with_corrections(b"", np.zeros(SHAPE, int)) == with_corrections(b"") == bytes(4)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 30), st.floats(1e-12, 1e3))
def test_no_error_is_above_the_limit(seed: int, size: float, bound: float) -> None:
    rng = np.random.default_rng(seed)
    error = size * bound * np.cumsum(rng.standard_normal((9, 4, 6)), axis=0) / 3
    limit = 0.98 * bound
    numbers = numbers_for(error, bound, limit)
    assert (np.abs(error - UNIT * bound * numbers) <= limit).all()
    assert numbers.any() != (np.abs(error) <= limit).all()
