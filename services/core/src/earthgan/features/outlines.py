"""Outlines of cells on a shell, as polygons of GeoJSON (RFC 7946): longitudes from -180 to 180, cut at the date line.

An outline follows the edges of cells, so its area is that of the cells. It has one polygon for each part that is
connected in the plane of the map. Outer rings run anticlockwise, and holes run clockwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.features.components import components, runs_of
from earthgan.sphere.grid import ShellGrid

#: Steps east, north, west and south in units of (row, column) of the corners. Rows count southwards.
_STEPS = ((0, 1), (-1, 0), (0, -1), (1, 0))
#: Longitudes and latitudes have so many decimals, which is a tenth of a metre.
DECIMALS = 6

Ring = list[list[float]]


def polygons(members: NDArray[np.bool_], grid: ShellGrid) -> list[list[Ring]]:
    """The polygons around cells `(latitude, longitude)`. Each is a list of rings: the outer one, and its holes."""
    latitudes, longitudes, columns = _plane(grid)
    plane = np.pad(members[:, columns], 1)
    part = _parts(plane)
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for owner, corners in _rings(plane, part):
        rows, across = np.array(corners).T
        ring = np.stack([longitudes[across], latitudes[rows]], axis=1).round(DECIMALS) + 0.0
        closed: Ring = [*ring.tolist(), ring[0].tolist()]
        if _area(ring) > 0:
            outer[owner] = closed
        else:
            holes.setdefault(owner, []).append(closed)
    return [[ring, *holes.get(owner, [])] for owner, ring in sorted(outer.items())]


def _plane(grid: ShellGrid) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """The edges of rows and columns on a map from -180 to 180, and the column of the grid that each of the map is.

    A column that lies across the date line is two columns of the map.
    """
    latitudes = np.asarray(grid.latitudes_deg)
    rows = np.concatenate([[90.0], (latitudes[:-1] + latitudes[1:]) / 2, [-90.0]])
    longitudes = np.asarray(grid.longitudes_deg)
    west = (longitudes + np.roll(longitudes, 1) - 360 * (np.arange(len(longitudes)) == 0)) / 2
    edges = np.unique(np.append((west + 180) % 360 - 180, [-180.0, 180.0]))
    edges = edges[np.append(True, np.diff(edges) > 1e-9)]
    edges[0], edges[-1] = -180.0, 180.0
    middle = (edges[1:] + edges[:-1]) / 2
    column = np.searchsorted(west, (middle - west[0]) % 360 + west[0], side="right") - 1
    return rows, edges, column


def _parts(plane: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The part of each cell of a padded plane: its first run, or -1 for no member."""
    cells = np.flatnonzero(plane)
    starts, lengths = runs_of(cells, plane.shape[1])
    root = components(starts, lengths, (1, *plane.shape), on_sphere=False)
    out = np.full(plane.size, -1)
    out[cells] = np.repeat(root, lengths)
    return out.reshape(plane.shape)


def _rings(plane: NDArray[np.bool_], part: NDArray[np.int64]) -> list[tuple[int, list[tuple[int, int]]]]:
    """The rings around the parts of a padded plane, by part: corners `(row, column)` where the ring turns.

    The members lie to the left of a ring. Corner `(i, j)` is the north-western one of cell `(i, j)` before padding.
    """
    outside = {
        0: plane[1:-1, 1:-1] & ~plane[2:, 1:-1],  # eastwards along the southern edge of a member
        1: plane[1:-1, 1:-1] & ~plane[1:-1, 2:],  # northwards along its eastern edge
        2: plane[1:-1, 1:-1] & ~plane[:-2, 1:-1],
        3: plane[1:-1, 1:-1] & ~plane[1:-1, :-2],
    }
    starts = {0: (1, 0), 1: (1, 1), 2: (0, 1), 3: (0, 0)}
    leaving: dict[tuple[int, int, int], list[int]] = {}
    for direction, edges in outside.items():
        for i, j in np.argwhere(edges).tolist():
            corner = i + starts[direction][0], j + starts[direction][1]
            leaving.setdefault((*corner, int(part[i + 1, j + 1])), []).append(direction)
    rings = []
    for first in sorted(leaving):
        while leaving[first]:
            rings.append((first[2], _walked(leaving, first)))
    return rings


def _walked(leaving: dict[tuple[int, int, int], list[int]], first: tuple[int, int, int]) -> list[tuple[int, int]]:
    """One ring from a corner of a part, which is taken out of `leaving`.

    Where the part touches itself by a corner, two edges leave. The right turn keeps what they enclose a hole of its
    own, so that no ring touches itself.
    """
    row, column, part = first
    began = heading = leaving[first].pop()
    corners = [(row, column)]
    while True:
        row, column = row + _STEPS[heading][0], column + _STEPS[heading][1]
        if (row, column, part) == first and not _goes_on(leaving[first], heading, began):
            break
        options = leaving[(row, column, part)]
        turned = (heading - 1) % 4 if (heading - 1) % 4 in options else options[0]
        options.remove(turned)
        if turned != heading:
            corners.append((row, column))
        heading = turned
    return corners if heading != began else corners[1:]


def _goes_on(options: list[int], heading: int, began: int) -> bool:
    """Whether a ring that comes back to its first corner belongs to another edge than the one that it began with."""
    right = (heading - 1) % 4
    return right != began and right in options


def _area(ring: NDArray[np.float64]) -> float:
    """Twice the signed area of a ring in square degrees. It is positive if the ring runs anticlockwise."""
    x, y = ring.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
