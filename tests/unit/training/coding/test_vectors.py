"""The components of one vector have one scale: what is rounding noise in one of them costs nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earthgan import ShellGrid, Surrogate
from earthgan_training.coding.harmonics import fit_harmonics
from earthgan_training.coding.training import read_training
from earthgan_training.coding.wavelet import fit_wavelet
from earthgan_training.make.measure import measured, ranges
from earthgan_training.surrogates.ranges import common_extents
from memory_source import smooth_field, source_of

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 8).tolist()), 24, 48)
VECTOR = ("vx", "vy", "vz")
KINDS: dict[str, Callable[..., object]] = {
    "harmonics": lambda source, out: fit_harmonics(source, out, psnr_db=55, onnx=False, report=silent),
    "wavelet": lambda source, out: fit_wavelet(source, out, psnr=55, onnx=False),
}


def silent(*_: object) -> None: ...


def noise(seed: int, size: float) -> np.ndarray:
    return size * np.random.default_rng(seed).standard_normal(GRID.shape)


def made(kind: str, out: Path, fields: dict[str, np.ndarray], vector: tuple[str, str, str] | None) -> tuple[int, dict]:
    source = source_of(GRID, {(1, name): field for name, field in fields.items()}, vector=vector)
    KINDS[kind](source, out)
    surrogate = Surrogate(out)
    stored = sum((out / file).stat().st_size for file in ("generator.safetensors", surrogate.steps[0].file))
    return stored, measured(source, surrogate, [1], silent)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flow", ["smooth", "uniform"])
def test_noise_in_a_component_costs_nothing(tmp_path: Path, kind: str, flow: str) -> None:
    strong = smooth_field(GRID) if flow == "smooth" else np.ones(GRID.shape)
    fields = {"vx": strong, "vy": noise(1, 1e-8), "vz": noise(2, 1e-8)}
    exact, _ = made(kind, tmp_path / "exact", fields | dict.fromkeys(VECTOR[1:], 0 * strong), VECTOR)
    stored, scores = made(kind, tmp_path / "vector", fields, VECTOR)
    apart, _ = made(kind, tmp_path / "apart", fields, None)
    assert stored <= exact + 16
    assert apart > 5 * stored, "the noise of a variable of its own is coded, as nobody knows that it is noise"
    # The error of a constant jumps as its step shrinks, so it may miss by more than that of another field.
    assert min(each.psnr_db for each in scores.values()) >= (54.5 if flow == "smooth" else 54)
    assert len({each.range for each in Surrogate(tmp_path / "vector").spec.variables}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_weak_component_is_as_accurate_as_the_others_in_their_unit(tmp_path: Path, kind: str) -> None:
    fields = {name: size * smooth_field(GRID, seed=i) for i, (name, size) in enumerate(zip(VECTOR, (1, 0.1, 0.01)))}
    _, scores = made(kind, tmp_path / "out", fields, VECTOR)
    assert all(54.5 <= each.psnr_db <= 90 for each in scores.values())
    assert len({each.span for each in scores.values()}) == 1
    assert scores["vy"].largest_error < 3 * scores["vx"].largest_error


@pytest.mark.parametrize("symmetric", [True, False])
def test_all_kinds_draw_a_velocity_alike(tmp_path: Path, symmetric: bool) -> None:
    """Temperature has a range of its own, also if it is drawn about zero. All components are coded in one unit."""
    sizes = {"temperature": 900.0, "vx": 1.0, "vy": 2.0, "vz": 0.1}
    fields = {(1, name): size * smooth_field(GRID, seed=i) for i, (name, size) in enumerate(sizes.items())}
    source = source_of(GRID, fields, symmetric, vector=VECTOR)
    KINDS["harmonics"](source, tmp_path / "out")
    temperature, *velocity = read_training(source, [1], [], tuple(sizes), 8, None, silent).variables
    assert [each.range for each in (temperature, *velocity)] == [
        each.range for each in Surrogate(tmp_path / "out").spec.variables
    ]
    assert temperature.normalisation.scale > 100
    assert len({each.normalisation for each in velocity}) == 1
    assert velocity[0].normalisation.offset == 0
    assert symmetric == (len({each.range for each in velocity}) == 1)


def test_a_range_in_percent_is_the_vectors() -> None:
    fields = {"vx": noise(1, 1.0), "vy": noise(2, 1e-8), "vz": noise(3, 1e-8), "T": 5 + noise(4, 1.0)}
    source = source_of(GRID, {(1, name): field for name, field in fields.items()}, vector=VECTOR)
    found = ranges(source, [1])
    assert found["vx"] == found["vy"] == found["vz"] == pytest.approx(np.ptp(fields["vx"]), rel=1e-6)
    assert found["T"] == pytest.approx(np.ptp(fields["T"]), rel=1e-6)


@pytest.mark.parametrize(
    ("extents", "due"),
    [
        ([(-1, 2), (-3, 1), (0, 0)], (-3, 2)),
        ([(1, 1), (1e-9, 2e-9), (0, 0)], (0, 1)),
        ([(-2, -1), (-2, -1), (-2, -1)], (-2, 0)),
        ([(0, 0), (0, 0), (0, 0)], (0, 0)),
    ],
)
def test_a_common_range_spans_zero(extents: list[tuple[float, float]], due: tuple[float, float]) -> None:
    by_name = dict(zip(VECTOR, extents)) | {"T": (7.0, 9.0)}
    assert common_extents(by_name, VECTOR) == dict.fromkeys(VECTOR, due) | {"T": (7.0, 9.0)}
    assert common_extents(by_name, None) == by_name
