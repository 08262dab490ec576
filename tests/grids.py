"""Small grids with and without rows on the poles, with and without an even gap from the last to the first column."""

import numpy as np
import pytest

from earthgan import ShellGrid

GRIDS = {
    "cell-centred": ShellGrid.cell_centred((3500.0, 6300.0), 18, 36),
    "with poles": ShellGrid(
        radii_km=(3500.0, 6300.0),
        latitudes_deg=tuple(np.linspace(90, -90, 19)),
        longitudes_deg=tuple(np.arange(36) * 10.0),
    ),
    "uneven where it closes": ShellGrid(
        radii_km=(3500.0, 6300.0),
        latitudes_deg=tuple(np.linspace(88, -88, 18)),
        longitudes_deg=tuple(0.4 + np.arange(27) * 13.2),
    ),
}
each_grid = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
