"""The grid that surrogates and their rivals are compared on, and the volumes of shells.

It is the paper's truth grid: the last 198 shells of the file, and 60 % of its rows and columns, here cell-centred.
Fields come onto it by `area_mean`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid

SHELLS, PERCENT = 198, 60


def comparison_grid(latitudes: int, longitudes: int, radii_km: tuple[float, ...]) -> ShellGrid:
    """The grid for files of so many latitudes and longitudes, a repeated meridian counted: 198 x 108 x 216 for the
    contest's 180 x 360.
    """
    rows, columns = latitudes * PERCENT // 100, longitudes * PERCENT // 200 * 2
    return ShellGrid.cell_centred(radii_km[-SHELLS:], rows, columns)


def volumes(grid: ShellGrid) -> NDArray[np.float64]:
    """Each shell's share `(shell,)` of the volume: radius squared times its thickness."""
    radii = np.asarray(grid.radii_km)
    edges = np.concatenate([radii[:1], (radii[1:] + radii[:-1]) / 2, radii[-1:]])
    shares = radii**2 * np.diff(edges)
    return np.asarray(shares / shares.sum())
