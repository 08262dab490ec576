"""Blobs of known size on a small sphere, for tests of features."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from earthgan import ShellGrid
from earthgan.features.criterion import Criterion
from earthgan.features.find import Finder, Found
from earthgan.records import PlanetSpec

PLANET = PlanetSpec(core_radius_km=3480.0)
SHELLS, ROWS, COLUMNS = 20, 18, 36
#: Cells whose shells divide the mantle evenly, so that their edges are the core and the surface.
EDGES = np.linspace(3480.0, 6371.0, SHELLS + 1)
GRID = ShellGrid.cell_centred(tuple(((EDGES[1:] + EDGES[:-1]) / 2).tolist()), ROWS, COLUMNS)
#: Half of the blobs' anomaly, so that the number of blobs does not matter.
HALF = Criterion(threshold=100.0, measure="unit", margin=0.0, least=0.0)
#: 1 m/s, in km/yr.
M_PER_S = 31557.6

Box = tuple[slice, slice, list[int] | slice]


def fields(
    hot: Iterable[Box] = (), cold: Iterable[Box] = (), grid: ShellGrid = GRID
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """An anomaly of 200 K that rises, or of -300 K that sinks, in boxes of cells; nothing elsewhere."""
    anomaly, flow = np.zeros((2, *grid.shape), np.float32)
    for boxes, kelvin, speed in ((hot, 200, 2e-9), (cold, -300, -1e-9)):
        for shells, rows, columns in boxes:
            anomaly[shells, rows, columns] = kelvin
            flow[shells, rows, columns] = speed
    return anomaly, flow


def find(
    anomaly: NDArray[np.float32],
    flow: NDArray[np.float32],
    criterion: Criterion = HALF,
    grid: ShellGrid = GRID,
    at_once: int = 7,
) -> Found:
    finder = Finder(grid, PLANET, criterion)
    for first in range(finder.shells.start, finder.shells.stop, at_once):
        part = slice(first, min(first + at_once, finder.shells.stop))
        finder.add(anomaly[part], flow[part])
    return finder.found()
