"""Statistics over the sphere: cells count by their area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid
from earthgan.sphere.statistics import BINS, PERCENTILES, shell_statistics

GRID = ShellGrid.cell_centred((3500.0, 6300.0), 90, 180)
SINES = np.broadcast_to(np.sin(np.radians(GRID.latitudes_deg))[:, None], GRID.shape[1:]).astype(np.float32)


def test_the_sine_of_latitude_is_uniform_over_the_sphere() -> None:
    """Archimedes: equal heights of a sphere have equal areas."""
    found = shell_statistics(SINES, GRID, (-1, 1))
    assert found.mean == pytest.approx(0, abs=1e-6)
    assert found.std == pytest.approx(1 / np.sqrt(3), rel=1e-3)
    assert (found.min, found.max) == pytest.approx((-1, 1), abs=1e-3)
    for percent in PERCENTILES:
        assert found.percentiles[percent] == pytest.approx(2 * percent / 100 - 1, abs=0.01)
    assert sum(found.bins[: BINS // 2]) == pytest.approx(0.5, abs=0.02)
    assert found.missing == found.below == found.above == 0


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), low=st.floats(-3, 0), high=st.floats(0.1, 3), missing=st.integers(0, 16199))
def test_every_part_of_the_sphere_is_counted_once(seed: int, low: float, high: float, missing: int) -> None:
    shell = np.random.default_rng(seed).normal(size=GRID.shape[1:]).astype(np.float32)
    shell.flat[:missing] = np.nan
    found = shell_statistics(shell, GRID, (low, high))
    assert sum(found.bins) + found.below + found.above == pytest.approx(1)
    percentiles = list(found.percentiles.values())
    assert percentiles == sorted(percentiles)  # type: ignore[type-var]
    assert found.min <= percentiles[0] <= percentiles[-1] <= found.max  # type: ignore[operator]
    assert found.min <= found.mean <= found.max  # type: ignore[operator]
    assert (found.missing > 0) == (missing > 0)


def test_a_shell_without_values_has_no_statistics() -> None:
    found = shell_statistics(np.full(GRID.shape[1:], np.nan, np.float32), GRID, (0, 1))
    assert found.mean is None
    assert found.percentiles[50] is None
    assert found.missing == 1
