"""The preset `paper` repeats what von Hahn & Mechefske (2021) did, for comparison. `docs/preparation.md` lists its
errors.

It takes shells 2 to 199 of the file and keeps the repeated meridian. It resizes them bicubically to 60 %, without
antialiasing. It mirrors two rows onto each pole, resizes them bicubically again to an eighth, and gives thirty shells
of the result to the generator. Bicubic means the convolution of Keys (1981) with a = -0.75. Cell edges are aligned, and
the outermost samples are repeated beyond the edges, as in OpenCV and torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import PolarRule, ShellGrid
from earthgan_training.simulations.labelled import Source

A = -0.75
LAYERS = 30
STRIDE = 6.6
POLAR_ROWS = 2
SHRINK = 8


def bicubic(size: int, wanted: int) -> NDArray[np.float32]:
    """The weights `(wanted, size)` that resize an axis."""
    weights = np.zeros((wanted, size))
    at = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    first = np.floor(at).astype(int) - 1
    for tap in range(4):
        x = np.abs(at - (first + tap))
        near = (A + 2) * x**3 - (A + 3) * x**2 + 1
        far = A * x**3 - 5 * A * x**2 + 8 * A * x - 4 * A
        np.add.at(weights, (np.arange(wanted), np.clip(first + tap, 0, size - 1)), np.where(x <= 1, near, far))
    return weights.astype(np.float32)


def _resized(coordinates: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    """The coordinates of the cells of a resized axis."""
    at = (np.arange(wanted) + 0.5) * len(coordinates) / wanted - 0.5
    return np.interp(at, np.arange(len(coordinates)), coordinates)


def _sizes(rows: int, columns: int) -> tuple[int, int, int, int]:
    """Rows and columns of the ground truth (60 %) and of the conditional input (an eighth of that), rounded down."""
    truth_rows, truth_columns = rows * 6 // 10, columns * 6 // 10
    return truth_rows, truth_columns, (truth_rows + 2 * POLAR_ROWS) // SHRINK, truth_columns // SHRINK


def paper_grids(source: Source) -> tuple[ShellGrid, ShellGrid]:
    """The grids of the ground truth and of the conditional input. Raises BadInput if the source is too small for
    the paper's sizes.
    """
    latitudes, longitudes = np.array(source.grid.latitudes_deg), _longitudes(source)
    rows, columns, input_rows, input_columns = _sizes(len(latitudes), len(longitudes))
    layers = _layers(source)
    truth_latitudes, truth_longitudes = _resized(latitudes, rows), _resized(longitudes, columns)
    # The two mirrored rows at each pole move the coarse rows: the first is centred between rows 1 and 2 of the ground
    # truth.
    between = (np.arange(input_rows) + 0.5) * (rows + 2 * POLAR_ROWS) / input_rows - 0.5 - POLAR_ROWS
    radii = np.array(source.grid.radii_km[1:])

    def grid(radii: NDArray[np.float64], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> ShellGrid:
        return ShellGrid(
            radii_km=tuple(radii.tolist()),
            latitudes_deg=tuple(lat.tolist()),
            longitudes_deg=tuple(lon.tolist()),
            polar_rule=PolarRule.MIRROR,
        )

    input_latitudes = np.interp(between, np.arange(rows), truth_latitudes)
    return (
        grid(radii, truth_latitudes, truth_longitudes),
        grid(radii[layers], input_latitudes, _resized(truth_longitudes, input_columns)),
    )


def _longitudes(source: Source) -> NDArray[np.float64]:
    """The longitudes as they are stored, with a repeated first meridian."""
    longitudes = np.array(source.grid.longitudes_deg)
    return np.append(longitudes, longitudes[0] + 360) if source.reader.storage.closed else longitudes


def _layers(source: Source) -> NDArray[np.intp]:
    """The indices of the ground-truth shells that the generator gets."""
    layers = np.round(np.arange(LAYERS) * STRIDE).astype(int)
    shells, rows, _ = source.grid.shape
    columns = len(_longitudes(source))
    if shells - 1 <= layers[-1] or min(_sizes(rows, columns)) < 2:
        raise BadInput(
            f"{source.address}: is too small for the preset paper, which needs 193 shells and 20 x 27 points: it has "
            f"{shells} shells and {rows} x {columns} points"
        )
    return layers


def prepare_paper(source: Source, t: int, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A variable's ground truth `(shell, latitude, longitude)`, and its conditional input at *every* shell of the
    ground truth. The paper computed its normalisation constants from all of them.
    """
    field = source.read(t, name)[1:]  # the paper drops one more shell, which leaves 198
    if source.reader.storage.closed:
        field = np.concatenate([field, field[:, :, :1]], axis=2)
    rows, columns, input_rows, input_columns = _sizes(*field.shape[1:])
    truth = _resize(field, rows, columns)
    padded = np.concatenate([truth[:, POLAR_ROWS - 1 :: -1], truth, truth[:, : -POLAR_ROWS - 1 : -1]], axis=1)
    return truth, _resize(padded, input_rows, input_columns)


def _resize(field: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    resized = bicubic(field.shape[-2], rows) @ (field @ bicubic(field.shape[-1], columns).T)
    return np.asarray(resized, dtype=np.float32)


def chosen_layers(source: Source, coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """The thirty layers that the generator gets."""
    return np.ascontiguousarray(coarse[_layers(source)])
