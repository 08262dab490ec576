"""A coordinate network as a code: its bytes, and what it learns."""

import numpy as np
import pytest
import torch

from earthgan import ShellGrid
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.network import code_by_network

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 8).tolist()), 24, 48)


def field() -> np.ndarray:
    latitude, longitude = np.radians(GRID.latitudes_deg)[:, None], np.radians(GRID.longitudes_deg)
    x, z = np.cos(latitude) * np.cos(longitude), np.sin(latitude) + 0 * longitude
    radii = np.asarray(GRID.radii_km)[:, None, None] / 1000
    return (1e-10 * (np.sin(3 * x + radii) + z * x)).astype(np.float32)


@pytest.mark.parametrize("size", [100, 1000, 3000, 12000])
def test_the_bytes_are_not_exceeded_and_mostly_used(size: int) -> None:
    assert 0.7 * size < code_by_network(field(), GRID, size, 1).bytes <= size


def test_it_learns_and_the_same_call_gives_the_same_field() -> None:
    before = torch.random.get_rng_state()
    briefly, longer, again = (code_by_network(field(), GRID, 2000, updates) for updates in (5, 300, 300))
    assert psnr(longer.field, field()) > psnr(briefly.field, field()) + 8
    np.testing.assert_array_equal(longer.field, again.field)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_constant_field_is_coded() -> None:
    constant = np.full(GRID.shape, 300, np.float32)
    np.testing.assert_allclose(code_by_network(constant, GRID, 500, 50).field, constant, atol=5)
