"""Interpolation of conditional inputs: the paper's, the surrogate's own, and area means in as many bytes. A generator
should be better with the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan_training.grids.area_mean import area_mean, at_radii

Array = NDArray[np.float32]

#: The paper's input has an eighth of the ground truth's rows and columns and 30 of its shells. Here each number takes
#: one byte, and two numbers give the scale and the offset of the bytes.
LAYERS, SHRINK, LEVELS, CONSTANTS_BYTES = 30, 8, 255, 8
#: Cubic interpolation takes four cells along an axis.
FEWEST = 4


def paper_input_grid(grid: ShellGrid) -> ShellGrid:
    """The grid of the paper's conditional input for a ground truth on `grid`: 30 x 14 x 27 for 198 x 108 x 216. Its
    layers are evenly spaced and include the first and the last shell.
    """
    radii_km = np.linspace(grid.radii_km[0], grid.radii_km[-1], LAYERS)
    _, rows, columns = grid.shape
    sizes = max(2, (rows + SHRINK // 2) // SHRINK), max(2, columns // SHRINK)
    return ShellGrid.cell_centred(tuple(radii_km.tolist()), *sizes)


def paper_input(truth: Array, grid: ShellGrid, coarse_grid: ShellGrid) -> tuple[Array, int]:
    """A variable's conditional input `(layer, latitude, longitude)` in the paper's size, and its bytes. It consists of
    means over cells, stored as 256 levels between their extremes.
    """
    coarse = at_radii(area_mean(truth, grid, coarse_grid), np.asarray(grid.radii_km), np.asarray(coarse_grid.radii_km))
    low, extent = float(coarse.min()), float(np.ptp(coarse)) or 1.0
    levels = np.round((coarse.astype(np.float64) - low) / extent * LEVELS)
    return (low + levels * extent / LEVELS).astype(np.float32), levels.size + CONSTANTS_BYTES


def input_of_bytes(truth: Array, grid: ShellGrid, size: float) -> tuple[Array, ShellGrid, int]:
    """Means of a variable over cells in the proportions of the paper's input, as many as `size` bytes hold; their grid,
    and the bytes that they take. They have at least four layers, rows and columns, and no more than the ground truth.
    """
    full = paper_input_grid(grid).shape
    share = (max(1.0, size - CONSTANTS_BYTES) / np.prod(full)) ** (1 / 3)
    layers, rows, columns = (
        min(most, max(FEWEST, int(share * cells))) for most, cells in zip(grid.shape, full, strict=True)
    )
    radii_km = np.linspace(grid.radii_km[0], grid.radii_km[-1], layers)
    coarse_grid = ShellGrid.cell_centred(tuple(radii_km.tolist()), rows, columns)
    coarse, taken = paper_input(truth, grid, coarse_grid)
    return coarse, coarse_grid, taken


def cubic(coarse: Array, inputs: ShellGrid, outputs: ShellGrid) -> Array:
    """Tricubic convolution, as in the kind `interpolate`."""
    planner, whole = InterpolatePlanner(inputs, outputs), outputs.whole
    matrices = planner.feeds(whole, None)
    needed = inputs.window(coarse, planner.input_window(whole))
    layers = np.tensordot(matrices["radial"], needed, (1, 0))
    return np.asarray(matrices["meridional"] @ layers @ matrices["zonal"].T, dtype=np.float32)


def trilinear(coarse: Array, inputs: ShellGrid, outputs: ShellGrid) -> Array:
    """Linear interpolation in radius and bilinear interpolation on each shell. A pole has the mean of the row beside
    it.
    """
    sampler = ShellSampler(inputs)
    rows, columns = np.asarray(outputs.latitudes_deg), np.asarray(outputs.longitudes_deg)
    layers = np.stack([sampler.sample(layer, rows, columns) for layer in coarse])
    return at_radii(layers, np.asarray(inputs.radii_km), np.asarray(outputs.radii_km))


#: The interpolation methods by name.
METHODS = {"trilinear": trilinear, "cubic": cubic}
