"""Measures how far a prediction is from the ground truth, point by point: PSNR, RMSE, SSIM, gradients, and the overlap
of anomalies.

Fields are `(shell, latitude, longitude)` on one grid. Weighted means weight each cell by its area on the sphere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d  # type: ignore[import-untyped]

from earthgan.sphere.grid import ShellGrid, Window, cell_weights
from earthgan_training.evaluate.grids import volumes

Array = NDArray[np.float32]
Curve = NDArray[np.float64]

#: Wang et al. (2004), IEEE Trans. Image Process. 13: a Gaussian window of 11 x 11 cells, and its two constants.
SIGMA, RADIUS, K1, K2 = 1.5, 5, 0.01, 0.03


def decibels(extent: float | Curve, rms: float | Curve) -> Curve:
    """The PSNR in dB for an rms error and the extent of the values; infinite if there is no error."""
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(np.asarray(extent) / np.asarray(rms)))


def psnr(prediction: Array, truth: Array, weights: NDArray[np.float64] | None = None) -> float:
    """The PSNR over the ground truth's own range, in dB. `weights` `(latitude, longitude)` sum to 1; without them, all
    points have the same weight.
    """
    return float(decibels(float(np.ptp(truth)), float(np.sqrt(mean_square(prediction - truth, weights).mean()))))


def mean_square(field: NDArray[np.floating[Any]], weights: NDArray[np.float64] | None = None) -> Curve:
    """The mean square of each shell `(shell,)`."""
    squares = np.square(field, dtype=np.float64)
    if weights is None:
        return np.asarray(squares.mean(axis=(-2, -1)))
    return np.asarray(np.einsum("...ij,ij->...", squares, weights))


def lateral_std(field: Array, grid: ShellGrid) -> Curve:
    """The standard deviation of each shell `(shell,)` over the sphere."""
    weights = cell_weights(grid)
    mean = np.einsum("...ij,ij->...", field.astype(np.float64), weights)
    return np.asarray(np.sqrt(mean_square(field - mean[..., None, None], weights)))


def ssim(prediction: Array, truth: Array, grid: ShellGrid) -> Curve:
    """The mean structural similarity `(shell,)` of shells as maps, each over the range of its ground truth.

    Wang et al. (2004), eq. 13. The window continues around the globe and across the poles. The result is NaN where the
    ground truth is constant.
    """
    low, extent = (f(truth, axis=(-2, -1))[:, None, None] for f in (np.min, np.ptp))
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = (_beyond_poles((field - low) / extent, grid) for field in (prediction, truth))
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * covariance + K2**2) / (var_x + var_y + K2**2)
    similarity = (luminance * structure)[:, _reach(grid) : -_reach(grid)]
    return np.asarray(similarity.mean(axis=(-2, -1)))


def _reach(grid: ShellGrid) -> int:
    """The number of rows beyond a pole that the window needs, limited by the number that exist."""
    return min(RADIUS, grid.shape[1] - 1)


def _beyond_poles(field: Array, grid: ShellGrid) -> NDArray[np.float64]:
    shells, rows, columns = grid.shape
    rows_and_more = range(-_reach(grid), rows + _reach(grid))
    return grid.window(field, Window(range(shells), rows_and_more, range(columns))).astype(np.float64)


def _blurred(field: NDArray[np.float64]) -> NDArray[np.float64]:
    along_columns = gaussian_filter1d(field, SIGMA, axis=-2, mode="nearest", radius=RADIUS)
    return np.asarray(gaussian_filter1d(along_columns, SIGMA, axis=-1, mode="wrap", radius=RADIUS))


def rms_gradient(field: Array, grid: ShellGrid) -> float:
    """The rms lateral gradient, per km, over the volume."""
    radii = np.asarray(grid.radii_km)[:, None, None]
    latitudes, longitudes = np.radians(grid.latitudes_deg), np.radians(grid.longitudes_deg)
    southwards = np.diff(field.astype(np.float64), axis=-2) / (radii * -np.diff(latitudes)[:, None])
    eastwards = np.diff(field.astype(np.float64), axis=-1, append=field[..., :1])
    eastwards /= radii * np.cos(latitudes)[:, None] * np.diff(longitudes, append=longitudes[0] + 2 * np.pi)
    areas = cell_weights(grid)
    between = (areas[1:] + areas[:-1]) / 2
    squares = mean_square(southwards, between / between.sum()) + mean_square(eastwards, areas)
    return float(np.sqrt(squares @ volumes(grid)))


def overlap(prediction: Array, truth: Array, grid: ShellGrid) -> tuple[float, float]:
    """How well the volumes inside isosurfaces coincide, for high and for low anomalies: their intersection over union,
    by volume.

    An anomaly is the field minus its own lateral mean. The isosurfaces lie at plus and minus one lateral standard
    deviation of the ground truth's shell. The result is NaN if neither field has such a volume.
    """
    areas, level = cell_weights(grid), lateral_std(truth, grid)[:, None, None]
    share = volumes(grid)[:, None, None] * areas
    a, b = (field - np.einsum("...ij,ij->...", field, areas)[..., None, None] for field in (prediction, truth))
    found = []
    for sign in (1, -1):
        inside_a, inside_b = sign * a > level, sign * b > level
        union = float(share[inside_a | inside_b].sum())
        found.append(float(share[inside_a & inside_b].sum()) / union if union else float("nan"))
    return found[0], found[1]
