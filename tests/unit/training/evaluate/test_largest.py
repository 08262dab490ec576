"""The largest error and its place."""

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan.records import PlanetSpec
from earthgan_training.evaluate.largest import largest_error

GRID = ShellGrid.cell_centred((3500.0, 4500.0, 6300.0), 18, 36)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("cell", [(0, 0, 0), (1, 7, 20), (2, 17, 35)])
def test_it_is_found_with_its_sign_and_its_place(cell: tuple[int, int, int], sign: int) -> None:
    truth = np.random.default_rng(0).uniform(300, 3600, GRID.shape).astype(np.float32)
    predicted = truth + np.random.default_rng(1).uniform(-1, 1, GRID.shape).astype(np.float32)
    predicted[cell] = truth[cell] + np.float32(sign * 50)
    found = largest_error(predicted, truth, GRID, PlanetSpec(), 7)
    shell, row, column = cell
    assert found.error == pytest.approx(sign * 50, abs=1e-3)
    assert found.truth == truth[cell]
    assert found.share == pytest.approx(50 / np.ptp(truth), rel=1e-4)
    assert (found.t, found.depth) == (7, 6371 - GRID.radii_km[shell])
    assert (found.latitude_deg, found.longitude_deg) == (GRID.latitudes_deg[row], GRID.longitudes_deg[column])
