"""Cells without a value: refuses them, fills them smoothly, or keeps them as NaN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree  # type: ignore[import-untyped]

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid
from earthgan_training.simulations.checks import left_in
from earthgan_training.simulations.layout import Missing

Values = NDArray[np.floating]

_SWEEPS = 200


def settled(values: Values, policy: Missing, grid: ShellGrid, shells: range, where: str) -> NDArray[np.float32]:
    """Values `(shell, latitude, longitude)` on some shells of a grid, with missing cells as the policy wants them.

    Numbers that stand for "none" are missing too. Raises BadInput, which names the first shell, if the policy is to
    refuse, and if there is nothing on a shell to fill it from.
    """
    marks = left_in(values)
    lacking = ~np.isfinite(values) | marks
    if not lacking.any():
        return np.ascontiguousarray(values, dtype=np.float32)
    cells = lacking.sum(axis=(1, 2))
    bad = np.flatnonzero(cells)
    shell = f"shell {shells[bad[0]]} ({grid.radii_km[shells[bad[0]]]:g} km)"
    if policy is Missing.REFUSE:
        if (cells == values[0].size).any():
            empty = shells[np.flatnonzero(cells == values[0].size)[0]]
            raise BadInput(
                f"{where} has a shell without a finite value ({empty}): leave it out with skip under [axes] in a"
                " mapping, or say --missing mask"
            )
        if marks.any():
            extreme = float(values[marks][0])
            raise BadInput(
                f"{where} holds {extreme:g} in {int(marks.sum())} cells, first on {shell}, far beyond all other values:"
                " a fill value was left in; say --missing fill or --missing mask, or missing in a mapping"
            )
        raise BadInput(
            f"{where} has values that are not finite in {int(cells.sum())} cells on {len(bad)} of its shells, first on"
            f" {shell}: say --missing fill or --missing mask, or missing in a mapping"
        )
    values = np.where(lacking, np.nan, values).astype(np.float32)
    if policy is Missing.FILL:
        for i in bad:
            if cells[i] == values[i].size:
                raise BadInput(f"{where} has no value on {shell}, so that nothing can fill it: say --missing mask")
            values[i] = filled(values[i], grid)
    return values


def filled(shell: NDArray[np.float32], grid: ShellGrid) -> NDArray[np.float32]:
    """One shell `(latitude, longitude)` whose NaN cells have been filled: with the nearest value, then smoothed.

    Present cells keep their values. The result depends on the shell and the grid alone.
    """
    lacking = np.isnan(shell)
    latitude, longitude = np.radians(grid.axes_deg[0]), np.radians(grid.axes_deg[1])
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    points = np.stack([x, y, np.sin(latitude) + 0 * longitude], axis=-1)
    _, nearest = cKDTree(points[~lacking]).query(points[lacking])
    values = shell.astype(np.float64)
    values[lacking] = values[~lacking][nearest]
    for _ in range(_SWEEPS):
        north, south = grid.beyond_pole(values[:1]), grid.beyond_pole(values[-1:])
        padded = np.concatenate([north, values, south])
        around = padded[:-2] + padded[2:] + np.roll(values, 1, axis=1) + np.roll(values, -1, axis=1)
        values[lacking] = around[lacking] / 4
    return values.astype(np.float32)
