"""Computes all measures of one variable in one time step, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.evaluate.accuracy import (
    decibels,
    lateral_std,
    mean_square,
    overlap,
    psnr,
    rms_gradient,
    ssim,
)
from earthgan_training.evaluate.artefacts import pole_ratio, seam_ratio, stripe_ratio, wrap_meridian_deg
from earthgan_training.evaluate.ensemble import crps, ensemble_mean, spread
from earthgan_training.evaluate.flow import relative_divergence
from earthgan_training.evaluate.spectrum import DegreeSpectrum
from earthgan_training.grids.area_mean import area_mean, at_radii

Array = NDArray[np.float32]
Curve = NDArray[np.float64]

DATE_LINE_DEG = 180.0

#: The title of each number and its meaning, in the order of the table.
MEASURES = {
    "psnr_global_db": (
        "PSNR, dB",
        "the variable's range in this step over the rms error; all grid points have the same weight",
    ),
    "psnr_area_db": ("PSNR by area, dB", "the same, but each point is weighted by its area on the sphere"),
    "psnr_shell_db": ("PSNR of shells, dB", "the mean over shells of each shell's PSNR over its own range"),
    "rmse_over_lateral_std": (
        "RMSE / lateral std",
        "a shell's rms error over its lateral standard deviation, both weighted by area; the median over shells",
    ),
    "ssim": (
        "SSIM",
        "structural similarity of shells as maps over their own range, in a Gaussian window of 11 x 11; the mean over "
        "shells",
    ),
    "gradient_ratio": ("gradients", "the rms lateral gradient of the prediction over that of the ground truth"),
    "overlap_high": (
        "overlap, hot or high",
        "intersection over union of the volumes that are more than a lateral standard deviation above the lateral mean",
    ),
    "overlap_low": ("overlap, cold or low", "the same for the volumes that are as far below the lateral mean"),
    "redownsampling_error": (
        "re-downsampling",
        "the rms error of means over the input's cells, over the lateral standard deviation of these means",
    ),
    "seam_ratio": (
        "seam",
        "the jump across the date line or where the grid closes, over the jumps beside it; divided by the same ratio "
        "of the ground truth",
    ),
    "pole_ratio": ("poles", "the rms error within 10° of the poles over the rms error elsewhere"),
    "stripe_ratio": (
        "stripes",
        "how much short zonal waves keep their phase from 60° S to 60° N, from 1 (not at all) to 6 (entirely); divided "
        "by the same number of the ground truth",
    ),
    "psnr_mean_db": ("PSNR of the mean, dB", "the PSNR of the mean of all draws"),
    "spread": ("spread", "the rms standard deviation of the draws, in units"),
    "crps": ("CRPS", "the continuous ranked probability score (fair estimator), in units"),
}
#: The prefix for the names of degree-power ratios. The degrees follow.
POWER = "power_ratio_"


@dataclass(frozen=True)
class VariableScores:
    """The numbers by their names in `MEASURES` and of degree bands, the curves over shells, and the power ratio of each
    degree.
    """

    numbers: Mapping[str, float]
    shells: Mapping[str, Curve]
    power_ratio: Curve


class Scorer:
    """Scores predictions `(shell, latitude, longitude)` on one grid. `own` and `inputs` are the grids of the surrogate
    itself.
    """

    def __init__(self, grid: ShellGrid, own: ShellGrid, inputs: ShellGrid) -> None:
        self.grid = grid
        self._areas = cell_weights(grid)
        self._spectrum = DegreeSpectrum(grid)
        self._seams_deg = DATE_LINE_DEG, wrap_meridian_deg(own)
        self._inputs = inputs
        layers_km, radii_km = np.asarray(inputs.radii_km), grid.radii_km
        self._layers_km = layers_km[(layers_km >= radii_km[0]) & (layers_km <= radii_km[-1])]

    def score(self, members: Sequence[Array], truth: Array) -> VariableScores:
        """The scores of the first member. The other members contribute the scores that compare members."""
        prediction = members[0]
        error = prediction - truth
        rms, std = np.sqrt(mean_square(error, self._areas)), lateral_std(truth, self.grid)
        with np.errstate(divide="ignore", invalid="ignore"):
            shells = {
                "psnr_db": decibels(np.ptp(truth, axis=(-2, -1)), np.sqrt(mean_square(error))),
                "rmse_over_lateral_std": rms / std,
                "ssim": ssim(prediction, truth, self.grid),
            }
            high, low = overlap(prediction, truth, self.grid)
            numbers = {
                "psnr_global_db": psnr(prediction, truth),
                "psnr_area_db": psnr(prediction, truth, self._areas),
                "psnr_shell_db": _mean(shells["psnr_db"]),
                "rmse_over_lateral_std": float(np.median(shells["rmse_over_lateral_std"])),
                "ssim": _mean(shells["ssim"]),
                "gradient_ratio": rms_gradient(prediction, self.grid) / rms_gradient(truth, self.grid),
                "overlap_high": high,
                "overlap_low": low,
                "redownsampling_error": self._redownsampling_error(prediction, truth),
                "seam_ratio": _over(lambda field: seam_ratio(field, self.grid, self._seams_deg), prediction, truth),
                "pole_ratio": pole_ratio(error, self.grid),
                "stripe_ratio": _over(lambda field: stripe_ratio(field, self.grid), prediction, truth),
            }
            power = [self._spectrum.power(field).sum(axis=0) for field in (prediction, truth)]
            for band in self._spectrum.bands():
                ratio = power[0][band].sum() / power[1][band].sum()
                numbers[f"{POWER}{band.start}_{band.stop - 1}"] = float(ratio)
            power_ratio = power[0] / power[1]
        if len(members) > 1:
            numbers["psnr_mean_db"] = psnr(ensemble_mean(members), truth)
            numbers["spread"] = spread(members, self.grid)
            numbers["crps"] = crps(members, truth, self.grid)
        return VariableScores(numbers, shells, power_ratio)

    def divergence(self, velocity: Sequence[Array]) -> float:
        """The relative divergence of Cartesian components."""
        return relative_divergence(velocity[0], velocity[1], velocity[2], self.grid)

    def _redownsampling_error(self, prediction: Array, truth: Array) -> float:
        radii_km = np.asarray(self.grid.radii_km)
        coarsened = (area_mean(field, self.grid, self._inputs) for field in (prediction, truth))
        a, b = (at_radii(coarse, radii_km, self._layers_km) for coarse in coarsened)
        variance = np.square(lateral_std(b, self._inputs)).mean()
        return float(np.sqrt(mean_square(a - b, cell_weights(self._inputs)).mean() / variance))


def _over(trace: Callable[[Array], float], prediction: Array, truth: Array) -> float:
    """A trace in the prediction, divided by the same trace in the ground truth, which has some by chance."""
    return trace(prediction) / trace(truth)


def _mean(curve: Curve) -> float:
    """The mean of the finite values. A shell without variation has no PSNR of its own."""
    finite = curve[np.isfinite(curve)]
    return float(finite.mean()) if len(finite) else float("nan")
