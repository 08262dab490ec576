"""The studies' own networks and measures: inputs with other cells, known stripes, and changed noise."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.sphere.grid import ShellGrid
from earthgan_training.grids.area_mean import area_mean
from earthgan_training.prepare.default import default_grids
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.study.input_size import coarse_grid
from earthgan_training.study.measures import PHASE, PSNR, STRIPES, Globe, grid_phase
from earthgan_training.study.networks import CELL, UPSAMPLINGS, Refiner, Upsampler, Upsampling, begun
from earthgan_training.study.stripes import alone, by_column, striped

NATIVE = ShellGrid.cell_centred((3500.0, 4500.0, 6371.0), 90, 180)
RECIPE = Recipe(preset=Preset.DEFAULT, truth=(48, 96), inputs=(3, 6, 12))
TRUTH, INPUTS = default_grids(NATIVE, RECIPE)


@pytest.fixture(scope="module")
def field() -> np.ndarray:
    return np.random.default_rng(0).normal(size=TRUTH.shape).astype(np.float32)


@pytest.fixture(scope="module")
def globe() -> Globe:
    return Globe(TRUTH, INPUTS)


def test_the_cells_of_the_data_sets_own_ratio_are_its_own() -> None:
    own = coarse_grid(TRUTH, INPUTS.radii_km, 8)
    np.testing.assert_allclose(own.latitudes_deg, INPUTS.latitudes_deg)
    np.testing.assert_allclose(own.longitudes_deg, INPUTS.longitudes_deg, atol=1e-9)


@pytest.mark.parametrize("ratio", [2, 4, 8, 16])
def test_cells_nest(ratio: int, field: np.ndarray) -> None:
    coarse = coarse_grid(TRUTH, INPUTS.radii_km, ratio)
    columns = field.reshape(*field.shape[:2], -1, ratio).mean(axis=-1)
    constant = np.broadcast_to(field[:, :1], field.shape)  # along a meridian
    np.testing.assert_allclose(area_mean(constant, TRUTH, coarse)[:, 0], columns[:, 0], atol=1e-5)


def test_the_truth_itself_has_no_error_and_no_more_stripes(field: np.ndarray, globe: Globe) -> None:
    found = globe.accuracy(field, field) | globe.stripes(field, field)
    assert found.pop(PSNR.key) == np.inf
    assert all(value == 0 for value in found.values())


@settings(deadline=None, max_examples=20)
@given(wave=st.integers(13, 40), strength=st.floats(0.05, 1))
def test_a_known_stripe_is_found_the_more_the_stronger(
    field: np.ndarray, globe: Globe, wave: int, strength: float
) -> None:
    weak, strong = (globe.stripes(striped(field, TRUTH, wave, s), field)[STRIPES.key] for s in (strength, 2 * strength))
    assert 0 < weak < strong


def test_a_stripe_is_told_from_one_of_the_inputs_columns(field: np.ndarray, globe: Globe) -> None:
    _, _, columns = INPUTS.shape
    own, other = (globe.stripes(striped(field, TRUTH, wave, 0.5), field)[PHASE.key] for wave in (2 * columns, 30))
    assert own > 10
    assert other < 0
    assert grid_phase(striped(field, TRUTH, columns, 5.0), TRUTH, columns) > 100


def test_noise_by_column_varies_along_the_parallel_alone() -> None:
    feeds = {"x": torch.randn(1, 1, 3, 4, 5), "noise_0": torch.randn(1, 1, 3, 4, 5)}
    changed = by_column(feeds)
    assert set(changed) == {"noise_0"}
    torch.testing.assert_close(changed["noise_0"], feeds["noise_0"][..., :1, :1, :].expand(1, 1, 3, 4, 5))


def test_a_slice_alone_repeats_its_outermost_columns() -> None:
    x = torch.arange(8.0)[None]
    assert alone(x, range(-2, 6), range(1, 3)).tolist() == [[3, 3, 3, 3, 4, 4, 4, 4]]
    torch.testing.assert_close(alone(x, range(-2, 6), range(-2, 6)), x)


def test_an_untrained_refiner_gives_what_it_was_given() -> None:
    field = torch.randn(2, 1, 3, 16, 32)
    torch.testing.assert_close(begun(Refiner, 0)(field), field)


def test_a_refiner_turns_with_the_field() -> None:
    network, field = begun(Refiner, 0), torch.randn(1, 1, 3, 16, 32)
    torch.nn.init.normal_(network.head.weight)
    with torch.no_grad():
        turned = network(field.roll(CELL, -1))
        torch.testing.assert_close(turned, network(field).roll(CELL, -1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", UPSAMPLINGS)
def test_an_upsampler_turns_with_the_field(kind: Upsampling) -> None:
    network, field = begun(partial(Upsampler, kind), 0), torch.randn(1, 1, 2, 5, 8)
    with torch.no_grad():
        fine = network(field)
        assert fine.shape == (1, 1, 2, 5 * CELL, 8 * CELL)
        torch.testing.assert_close(network(field.roll(1, -1)), fine.roll(CELL, -1))


def test_a_seed_is_its_weights() -> None:
    first, again, other = (begun(Refiner, seed).first.weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
