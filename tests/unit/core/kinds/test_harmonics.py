"""The `harmonics` kind: its code holds what was written, and its fields are those of its coefficients."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.harmonics_arguments import HarmonicsArguments, ScalarSpec
from earthgan.kinds.harmonics_code import (
    CODE,
    Weights,
    code_of,
    load_code,
    orthonormal,
    packed,
    packed_weights,
    polynomials,
    unpacked,
    unpacked_weights,
)
from earthgan.quantities import lateral_mean
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.surrogate import Surrogate
from earthgan_training.coding.harmonics import fit_harmonics
from memory_source import smooth_field, source_of

RADII = {
    "even": np.linspace(3500, 6350, 12),
    "uneven": 6371 - np.geomspace(3, 2871, 14)[::-1],
    "doubled": np.array([3480.0, 4500, 5701, 5701.001, 6000, 6346.6, 6346.601, 6371]),
    "two": np.array([1000.0, 1700]),
    "without a unit": np.linspace(0.55, 1, 9),
}
GRID = ShellGrid.cell_centred(tuple(RADII["even"].tolist()), 18, 36)


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory: pytest.TempPathFactory) -> Surrogate:
    fields = {(t, name): smooth_field(GRID, 8, 10 * t + i) for t in (1, 2) for i, name in enumerate(("dlnVs", "rho"))}
    out = tmp_path_factory.mktemp("harmonics") / "made"
    fit_harmonics(source_of(GRID, fields), out, step_bytes=1500, report=lambda *_: None)
    return Surrogate(out)


@pytest.mark.parametrize("radii", RADII.values(), ids=RADII.keys())
def test_polynomials_are_orthonormal_on_any_levels(radii: np.ndarray) -> None:
    every = polynomials(radii, len(radii))
    np.testing.assert_allclose(every @ every.T, np.eye(len(radii)), atol=1e-12)
    np.testing.assert_allclose(every[0], 1 / np.sqrt(len(radii)))
    np.testing.assert_array_equal(polynomials(radii, 2), every[:2])
    assert (np.diff(every[1]) > 0).all()


def test_polynomials_hardly_depend_on_the_last_digits_of_radii() -> None:
    """What a decoder on another machine computes must be the same."""
    radii = RADII["doubled"]
    moved = radii * (1 + 1e-15 * np.random.default_rng(0).standard_normal(len(radii)))
    np.testing.assert_allclose(polynomials(moved, 8), polynomials(radii, 8), atol=1e-10)


def test_whole_numbers_become_orthonormal_in_their_order() -> None:
    rows = np.random.default_rng(1).integers(-40, 40, (5, 9))
    found = orthonormal(rows)
    np.testing.assert_allclose(found @ found.T, np.eye(5), atol=1e-12)
    assert found[0] @ rows[0] == pytest.approx(np.linalg.norm(rows[0]))
    with pytest.raises(ValueError, match="not independent"):
        orthonormal(np.stack([rows[0], 2 * rows[0]]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(-(2**20), 2**20), max_size=30), min_size=1, max_size=6))
def test_any_numbers_can_be_packed(lists: list[list[int]]) -> None:
    arrays = [np.array(each, np.int64) for each in lists]
    back = unpacked(packed(arrays), [len(each) for each in arrays])
    for array, found in zip(arrays, back, strict=True):
        np.testing.assert_array_equal(found, array)


def test_weights_are_read_as_they_were_written() -> None:
    rng = np.random.default_rng(2)
    specs = (
        ScalarSpec(variable="a", step=0.1, modes=(3,)),
        ScalarSpec(variable="b", step=0.2, groups=(0, 2), modes=(4, 2)),
    )
    arguments = HarmonicsArguments(degree=5, bands=(0, 1, 4), shape=2, components=specs)
    modes = (rng.integers(-9, 9, (4, 7)), rng.integers(-9, 9, (2, 7)))
    written = [
        Weights(rng.integers(-99, 99, 3), rng.integers(-2, 2, 6), rng.integers(-3, 20, (3, 3))),
        Weights(rng.integers(-99, 99, 4), rng.integers(-2, 2, 6), rng.integers(-3, 20, (3, 4)), modes),
    ]
    content = packed_weights(written)
    for found, due in zip(unpacked_weights(content, arguments, 7), written, strict=True):
        for a, b in zip(found.arrays(), due.arrays(), strict=True):
            np.testing.assert_array_equal(a, b)
    components = code_of(arguments, written, np.arange(1.0, 8)).components
    assert (components["b"].tables[2:, 2:] < -100).all(), "a mode that a group lacks is never stored"
    assert (components["b"].basis[1, 2:] == 0).all()


def test_a_window_is_a_part_of_the_whole_whoever_computes_it(surrogate: Surrogate) -> None:
    window = Window(range(3, 8), range(2, 9), range(-4, 5))
    whole = surrogate.normalised(None, 2, surrogate.grid.whole, None)
    due = whole[:, 3:8, 2:9][..., np.arange(-4, 5)]
    backends = {
        "kind": None,
        "onnx": onnx_backend(surrogate, threads=1),
        "torch": torch_backend(surrogate, device="cpu"),
    }
    for name, backend in backends.items():
        np.testing.assert_allclose(surrogate.normalised(backend, 2, window, None), due, atol=3e-6, err_msg=name)
    x = surrogate.conditional_input(2)
    for asked in ([1], [1, 0], [1, 1], []):
        found = surrogate.kind.evaluate(x, window, asked)
        assert found.shape == (len(asked), *window.shape)
        np.testing.assert_allclose(found, due[asked], atol=3e-6)


def test_between_two_shells_lies_their_mean(surrogate: Surrogate) -> None:
    grid = surrogate.grid
    middle = (grid.radii_km[4] + grid.radii_km[5]) / 2
    between = ShellGrid.cell_centred((grid.radii_km[4], middle, grid.radii_km[-1]), 18, 36)
    x = surrogate.conditional_input(1)
    found = surrogate.planner.on(between).evaluate(x, between.whole, [0])[0]
    whole = surrogate.normalised(None, 1, grid.whole, None)[0]
    np.testing.assert_allclose(found[0], whole[4], atol=3e-6)
    np.testing.assert_allclose(found[1], (whole[4] + whole[5]) / 2, atol=3e-6)
    np.testing.assert_allclose(found[2], whole[-1], atol=3e-6)
    outside = ShellGrid.cell_centred((grid.radii_km[0] - 1, middle), 18, 36)
    with pytest.raises(ValueError, match="beyond the radial modes"):
        surrogate.planner.on(outside).evaluate(x, outside.whole, [0])


def test_lateral_means_follow_from_the_coefficients(surrogate: Surrogate) -> None:
    found = surrogate.lateral_means(2)
    assert set(found) == {"dlnVs", "rho"}
    every = range(surrogate.grid.shape[0])
    for name, means in found.items():
        shells = surrogate.in_units(surrogate.shells(None, [name], 2, every), [name])[0]
        np.testing.assert_allclose(means, lateral_mean(shells, surrogate.grid), atol=2e-6)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda code: code[:-8], "does not hold this surrogate's code"),
        (lambda code: code[:3], "too short"),
        (lambda code: np.concatenate([[9], code[1:]]).astype(np.uint8), "another version"),
        (lambda code: code[:0], "another version"),
    ],
)
def test_weights_that_are_not_whole_are_refused(surrogate: Surrogate, tmp_path: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, HarmonicsArguments)
    save_file({CODE: damage(load_file(surrogate.weights_path)[CODE])}, tmp_path / "weights")
    with pytest.raises(DamagedSurrogate, match=message):
        load_code(tmp_path / "weights", arguments, surrogate.grid.radii_km)


@pytest.mark.parametrize(
    ("groups", "modes", "message"),
    [((0, 3), (1,), "number of modes"), ((1,), (1,), "ascend"), ((), (0,), "number of modes"), ((0, 0), (1, 1), "asc")],
)
def test_arguments_that_contradict_each_other_are_refused(
    groups: tuple[int, ...], modes: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ScalarSpec(variable="a", step=1, groups=groups, modes=modes)
