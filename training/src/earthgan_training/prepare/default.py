"""The preset `default`: area means on the sphere, with every cell in its place.

The ground truth has every shell of the source. Its lateral cells nest in those of the conditional input, so the mean of
8 x 8 of these cells *is* an input cell. The conditional input averages the same field over the coarse cells, at evenly
spaced radii that include the first and the last shell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.recipe import Recipe
from earthgan_training.simulations.labelled import Source


def default_grids(native: ShellGrid, recipe: Recipe) -> tuple[ShellGrid, ShellGrid]:
    """The grids of the ground truth and of the conditional input, for a source on the native grid."""
    layers, input_rows, input_columns = recipe.inputs
    rows, columns = recipe.truth
    radii_km = np.linspace(native.radii_km[0], native.radii_km[-1], layers)
    inputs = ShellGrid.cell_centred(tuple(radii_km.tolist()), input_rows, input_columns)
    # Input column 0 is centred on 0° E. The first column of the ground truth begins at that column's west edge.
    longitudes = -180 / input_columns + (np.arange(columns) + 0.5) * 360 / columns
    centred = ShellGrid.cell_centred(native.radii_km, rows, columns)
    truth = ShellGrid(
        radii_km=native.radii_km, latitudes_deg=centred.latitudes_deg, longitudes_deg=tuple(longitudes.tolist())
    )
    return truth, inputs


def prepare_default(
    source: Source, t: int, name: str, recipe: Recipe
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The ground truth and the conditional input `(shell, latitude, longitude)` of a variable, in its unit.

    Cartesian components can be averaged like scalars, because their directions are the same everywhere.
    """
    native = source.grid
    truth, inputs = default_grids(native, recipe)
    field = source.read(t, name)
    coarse = area_mean(field, native, inputs)
    return area_mean(field, native, truth), at_radii(coarse, np.array(native.radii_km), np.array(inputs.radii_km))
