"""Samples: each output is in its place and correctly rotated, and depends only on its place in the run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan.quantities import turn
from earthgan.sphere.grid import Window
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.dataset import Dataset, rolled
from earthgan_training.train.config import read_preset
from earthgan_training.train.objective import interpolation
from earthgan_training.train.samples import Samples, make_batch
from earthgan_training.train.symmetry import Symmetry
from earthgan_training.train.task import make_task
from training_data import NAMES, make_dataset

CONFIG = read_preset("debug")
symmetries = st.builds(Symmetry, st.integers(-200, 200), st.booleans(), st.booleans())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("samples"), steps=3)


@pytest.fixture(scope="module")
def samples(data: Dataset) -> Samples:
    return Samples(data, make_task(data, CONFIG), CONFIG.samples, seed=1)


def in_units(data: Dataset, values: np.ndarray, kind: str) -> np.ndarray:
    affines = [getattr(data.variable(name), kind) for name in NAMES]
    return np.stack([affine.offset + affine.scale * field for affine, field in zip(affines, values, strict=True)])


@settings(deadline=None, max_examples=25)
@given(symmetry=symmetries)
def test_the_inputs_of_a_changed_field_are_its_own_area_means(samples: Samples, symmetry: Symmetry) -> None:
    data = samples.data
    truth, inputs = data.truth_grid, data.input_grid
    source = symmetry.source(truth.whole, truth.shape[1])
    stored = data.truth(1, NAMES, source, normalised=False)
    changed = symmetry.turn(symmetry.flipped(stored), NAMES, data.spec.vector, truth)
    due = at_radii(area_mean(changed, truth, inputs), np.array(truth.radii_km), np.array(inputs.radii_km))
    found = symmetry.turn(samples._inputs(1, symmetry), NAMES, data.spec.vector, truth)
    largest = np.abs(due).max(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found / largest, due / largest, atol=2e-5)


@settings(deadline=None, max_examples=25)
@given(symmetry=symmetries)
def test_velocity_turns_with_the_field(data: Dataset, symmetry: Symmetry) -> None:
    """The velocity's components along a place's own axes are those at the place it came from, except for the sign of
    mirrored ones.
    """
    truth = data.truth_grid
    latitudes, longitudes = np.array(truth.latitudes_deg)[:, None], np.array(truth.longitudes_deg)
    source = symmetry.source(truth.whole, truth.shape[1])
    changed = symmetry.turn(
        symmetry.flipped(data.truth(1, NAMES, source, normalised=False)), NAMES, data.spec.vector, truth
    )
    for name, sign in (
        ("v_radial", 1),
        ("v_theta", -1 if symmetry.north_south else 1),
        ("v_phi", -1 if symmetry.east_west else 1),
    ):
        came_from = symmetry.flipped(data.truth(1, [name], source, normalised=False))[0]
        found = turn(name, *changed[1:], latitudes, longitudes)
        np.testing.assert_allclose(found / 1e-10, sign * came_from / 1e-10, atol=1e-4)


def test_a_rotation_is_the_data_sets_own(data: Dataset) -> None:
    truth = data.truth_grid
    stored = data.truth(1, NAMES, normalised=False)
    symmetry = Symmetry(columns=-13)
    source = symmetry.source(truth.whole, truth.shape[1])
    found = symmetry.turn(data.truth(1, NAMES, source, normalised=False), NAMES, data.spec.vector, truth)
    np.testing.assert_allclose(found, rolled(stored, NAMES, data.spec.vector, 13), rtol=1e-4, atol=1e-15)


def test_a_sample_depends_on_its_place_in_the_run_alone(data: Dataset, samples: Samples) -> None:
    again = Samples(data, samples.task, CONFIG.samples, seed=1)
    first, other = again.draw(7, 1, 3), again.draw(7, 0, 3)
    found = samples.draw(7, 1, 3)
    assert found.t == first.t
    np.testing.assert_array_equal(found.truth, first.truth)
    for name in found.feeds:
        np.testing.assert_array_equal(found.feeds[name], first.feeds[name])
    assert not np.array_equal(found.truth, other.truth)


def test_a_second_draw_has_other_noise_for_the_same_patch(samples: Samples) -> None:
    once, twice = samples.draw(7, 0, 3), samples.draw(7, 0, 3, twice=True)
    noise = [name for name in once.feeds if name.startswith("noise")]
    assert not once.again
    assert list(twice.again) == noise
    np.testing.assert_array_equal(once.truth, twice.truth)
    for name in noise:
        np.testing.assert_array_equal(once.feeds[name], twice.feeds[name])
        assert not np.array_equal(twice.again[name], twice.feeds[name])


def test_training_never_sees_what_is_held_out(data: Dataset, samples: Samples) -> None:
    assert {samples.draw(step, 0, 0).t for step in range(20)} == {1, 2} == set(data.spec.split.train)
    assert {sample.t for sample in samples.validation(3)} == {3}


def test_outputs_lie_where_their_inputs_say(data: Dataset, tmp_path: Path) -> None:
    """A field that is linear in radius and, away from the date line, in longitude is interpolated to itself:
    registration along both axes is exact. Rows on the sphere differ in area, so latitude is right to a small part of a
    cell.
    """
    task = make_task(data, CONFIG)
    samples = Samples(data, task, CONFIG.samples, seed=1)
    truth = data.truth_grid
    radius = np.array(truth.radii_km)[:, None, None] + np.zeros(truth.shape)
    column = np.arange(truth.shape[2]) + np.zeros(truth.shape)
    row = np.arange(truth.shape[1])[:, None] + np.zeros(truth.shape)
    fields = dict(zip(NAMES, (radius, column, row, row), strict=True))

    class Ramps(Dataset):
        def stored_truth(self, t: int, name: str) -> np.ndarray:
            return fields[name].astype(np.float32)

    ramps = Ramps(data.folder)
    ramps.spec = data.spec.model_copy(update={"vector": None})
    samples = Samples(ramps, task, CONFIG.samples, seed=1)
    # The patch is rotated by one column, so the inputs are averaged again. It avoids the poles and the date line, where
    # the ramps end.
    window = Window(range(8, 28), range(20, 28), range(29, 61))
    sample = samples.sample(1, window, Symmetry(columns=1), noise_seed=0)
    found = in_units(
        data, interpolation(make_batch([sample], samples.scales(), torch.device("cpu")).feeds)[0].numpy(), "inputs"
    )
    due = in_units(data, sample.truth, "truth")
    np.testing.assert_allclose(due[0, :, 0, 0], np.array(task.outputs.radii_km)[8:28], rtol=1e-6)
    assert np.abs(found[0] - due[0]).max() < 0.01  # km
    assert np.abs(found[1] - due[1]).max() < 1e-3  # columns
    assert np.abs(found[2] - due[2]).max() < 0.25  # rows, of 8 to a cell


def test_a_patch_may_skip_shells(data: Dataset) -> None:
    changes = ["generator.preset=upsampling", "generator.blocks=2", "samples.patch=[3, 16, 16]", "samples.every=3"]
    config = read_preset("debug", changes)
    samples = Samples(data, make_task(data, config), config.samples, seed=1)
    starts = set()
    for index in range(12):
        sample = samples.draw(0, 0, index, noise=False)
        starts.add(sample.window.shells.start)
        assert [b - a for a, b in zip(sample.window.shells, sample.window.shells[1:])] == [3, 3]
        assert sample.truth.shape == (4, 3, 16, 16)
        assert not sample.feeds["noise_1"].any()
    assert starts == {0, 1, 2, 3}
    consecutive = Window(range(10), *sample.window.axes[1:])
    whole = samples.sample(1, consecutive, Symmetry(), 0).truth
    some = samples.sample(1, Window(range(0, 10, 3), *sample.window.axes[1:]), Symmetry(), 0).truth
    np.testing.assert_array_equal(some, whole[:, ::3])


def test_a_patch_too_large_is_refused(data: Dataset) -> None:
    config = CONFIG.samples.model_copy(update={"patch": (39, 36, 36)})
    with pytest.raises(BadInput, match="39 shells, but the generator computes 1 to 38"):
        Samples(data, make_task(data, CONFIG), config, seed=0)


def test_variables_that_turn_together_are_trained_together(data: Dataset) -> None:
    with pytest.raises(BadInput, match="rotate together"):
        make_task(data, CONFIG.model_copy(update={"variables": ("temperature", "vz")}))
    with pytest.raises(BadInput, match="no variable 'salinity'"):
        make_task(data, CONFIG.model_copy(update={"variables": ("salinity",)}))
    assert make_task(data, CONFIG.model_copy(update={"variables": ("temperature",)})).names == ("temperature",)


def test_scales_are_the_truths_lateral_spread(data: Dataset, samples: Samples) -> None:
    scales = samples.scales()
    assert scales.mean.shape == scales.spread.shape == (4, 38)
    truth = np.stack([data.truth(t, NAMES) for t in data.spec.split.train])
    weights = np.cos(np.radians(data.truth_grid.latitudes_deg))[:, None]
    spread = np.sqrt(np.average(truth.var(axis=-1), axis=-1, weights=weights[:, 0]).mean(axis=0))
    assert (scales.spread[1:, 10:28].mean() > 0.8 * spread[1:].mean()).all()
    assert (scales.spread > 0).all()


def test_the_papers_data_are_turned_by_whole_cells(tmp_path: Path) -> None:
    data = make_dataset(tmp_path, steps=1, paper=True)
    config = read_preset("paper", ["samples.patch=[38, 36, 36]"])
    task = make_task(data, config)
    assert task.arguments.first == (0, 5, 3)
    assert task.outputs.radii_km == data.truth_grid.radii_km
    samples = Samples(data, task, config.samples, seed=0)
    assert samples.finest_turn == 8
    sample = samples.draw(0, 0, 0)
    assert sample.truth.shape == (4, 38, 36, 36)
    assert replace(sample, t=9).t == 9
