"""Connected regions of cells on the sphere, from the runs of cells that they consist of.

Two cells are connected if they share a face: neighbours in a row, a column or a radius. The last column lies next to
the first. All cells of the row next to a pole share the pole, and are connected. Cells that touch only by an edge or a
corner are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def runs_of(cells: Indices, columns: int) -> tuple[Indices, Indices]:
    """The first index and the length of each run of cells side by side in a row.

    `cells` are ascending flat indices on a grid `(shell, latitude, longitude)`. A run ends at the last column.
    """
    if not len(cells):
        return cells, cells
    breaks = (np.diff(cells) != 1) | (cells[1:] % columns == 0)
    first = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    return cells[first], np.diff(np.append(first, len(cells)))


def components(starts: Indices, lengths: Indices, shape: tuple[int, int, int], on_sphere: bool = True) -> Indices:
    """The component of each run: the index of the component's first run.

    With `on_sphere=False`, the rows neither close nor meet at poles.
    """
    _, rows, columns = shape
    stops, row, column = starts + lengths, starts // columns % rows, starts % columns
    inner = row < rows - 1
    pairs = [
        _overlapping(starts, stops, np.flatnonzero(inner), columns),
        _overlapping(starts, stops, np.arange(len(starts)), rows * columns),
    ]
    if on_sphere:
        west = np.flatnonzero(column == 0)
        before = starts[west] + columns - 1  # the last cell of the same row
        east = np.searchsorted(starts, before, side="right") - 1
        closes = stops[east] > before
        pairs.append((west[closes], east[closes]))
        polar = np.flatnonzero((row == 0) | (row == rows - 1))
        same = np.diff(starts[polar] // columns) == 0
        pairs.append((polar[:-1][same], polar[1:][same]))
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return _joined(len(starts), first, second)


def _overlapping(starts: Indices, stops: Indices, which: Indices, shift: int) -> tuple[Indices, Indices]:
    """The pairs of runs of which one, moved by `shift`, overlaps the other. A moved run lies within one row."""
    low = np.searchsorted(stops, starts[which] + shift, side="right")
    high = np.searchsorted(starts, stops[which] + shift, side="left")
    counts = np.maximum(high - low, 0)
    first = np.repeat(which, counts)
    offsets = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first, np.repeat(low, counts) + offsets


def _joined(count: int, first: Indices, second: Indices) -> Indices:
    """The smallest member of each set, for `count` members of which pairs belong together."""
    root = np.arange(count)
    while True:
        one, other = root[first], root[second]
        apart = one != other
        if not apart.any():
            return root
        first, second, one, other = first[apart], second[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while True:  # every member points to its root
            above = root[root]
            if np.array_equal(above, root):
                break
            root = above
