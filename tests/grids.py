"""Small grids that differ in what matters: rows on the poles or not, columns that close evenly or not."""

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
