"""The grid on which everything is compared."""

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan_training.evaluate.grids import comparison_grid, volumes
from earthgan_training.simulations.contest import contest_radius_km


def test_the_contests_files_are_compared_on_the_papers_grid() -> None:
    grid = comparison_grid(180, 360, tuple(contest_radius_km(np.arange(1, 200)).tolist()))
    assert grid.shape == (198, 108, 216)
    assert grid.radii_km[0] == pytest.approx(3485 + 1.5 * 2886 / 199)


def test_shells_count_by_their_volume() -> None:
    shares = volumes(ShellGrid.cell_centred(tuple(np.linspace(1000, 2000, 101).tolist()), 2, 2))
    assert shares.sum() == pytest.approx(1)
    assert shares[:51].sum() == pytest.approx((1500**3 - 1000**3) / (2000**3 - 1000**3), rel=0.02)
