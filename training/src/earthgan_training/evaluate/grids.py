"""The grid on which surrogates and their rivals are compared, and the volumes of its shells.

For the contest's files, it has the size of the paper's ground-truth grid: the last 198 shells of the file, and 60 % of
its rows and columns. A coarser source keeps its own rows and columns, up to that size. `area_mean` brings fields onto
the grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid

SHELLS, ROWS, COLUMNS, PERCENT = 198, 108, 216, 60


def comparison_grid(latitudes: int, longitudes: int, radii_km: tuple[float, ...]) -> ShellGrid:
    """The cell-centred grid for a source with these numbers of latitudes and longitudes, including a repeated meridian.
    For the contest's 180 x 360 it is 198 x 108 x 216.
    """
    rows = max(latitudes * PERCENT // 100, min(latitudes, ROWS))
    columns = max(longitudes * PERCENT // 200 * 2, min(longitudes, COLUMNS))
    return ShellGrid.cell_centred(radii_km[-SHELLS:], rows, columns)


def volumes(grid: ShellGrid) -> NDArray[np.float64]:
    """The share `(shell,)` of each shell in the volume: its radius squared times its thickness."""
    radii = np.asarray(grid.radii_km)
    edges = np.concatenate([radii[:1], (radii[1:] + radii[:-1]) / 2, radii[-1:]])
    shares = radii**2 * np.diff(edges)
    return np.asarray(shares / shares.sum())
