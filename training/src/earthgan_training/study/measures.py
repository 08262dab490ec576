"""The measures of studies on the held-out globe: scores of `earthgan evaluate` on shells of one variable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.artefacts import BAND_DEG, BANDS, stripe_ratio
from earthgan_training.evaluate.spectrum import DegreeSpectrum
from earthgan_training.study.result import Measure
from earthgan_training.study.setting import Setting, averaged, held_out_steps
from earthgan_training.train.objective import interpolation
from earthgan_training.train.task import Generator

Array = NDArray[np.float32]

PSNR = Measure("psnr_db", "PSNR by area, dB", "higher", effect=0.25)
FINE = Measure("fine_spectrum_db", "spectrum error, dB", "lower", effect=0.5)
STRIPES = Measure("stripes_db", "stripes, dB", "lower", effect=0.2)
PHASE = Measure("grid_phase_db", "at the grid's own waves, dB", "lower", effect=1.0)


class Globe:
    """Measures fields `(shell, latitude, longitude)` that cover all rows and columns of the output grid.

    `inputs` determines which scales the conditional input does not resolve: the degrees above its number of rows. The
    first octave of these is measured, because the mantle still has power there.
    """

    def __init__(self, outputs: ShellGrid, inputs: ShellGrid) -> None:
        self._grid, self._columns = outputs, inputs.shape[2]
        self._areas = cell_weights(outputs)
        self._spectrum = DegreeSpectrum(outputs)
        rows = inputs.shape[1]
        self._octave = slice(rows + 1, min(2 * rows, self._spectrum.degree) + 1)

    def accuracy(self, field: Array, truth: Array) -> dict[str, float]:
        """The PSNR, and the mean absolute decibels of the power over that of the ground truth, degree by degree in the
        octave.
        """
        powers = (self._spectrum.power(each).sum(axis=0)[self._octave] for each in (field, truth))
        a, b = (np.maximum(power, 1e-30) for power in powers)
        return {
            PSNR.key: psnr(field, truth, self._areas),
            FINE.key: float(np.abs(10 * np.log10(a / b)).mean()),
        }

    def stripes(self, field: Array, truth: Array) -> dict[str, float]:
        """The stripe ratio divided by that of the ground truth, in decibels, and likewise `grid_phase`."""
        ratio = stripe_ratio(field, self._grid) / stripe_ratio(truth, self._grid)
        phase = grid_phase(field, self._grid, self._columns) / grid_phase(truth, self._grid, self._columns)
        return {STRIPES.key: float(10 * np.log10(ratio)), PHASE.key: float(10 * np.log10(phase))}


def grid_phase(field: Array, grid: ShellGrid, columns: int) -> float:
    """How much of the zonal waves that all bands of latitude share repeats with the columns of the conditional input.

    It is the power at multiples of `columns` divided by the power at the other wavenumbers from there on, both per
    wavenumber.
    """
    rows = np.flatnonzero(np.abs(np.asarray(grid.latitudes_deg)) <= BAND_DEG)
    means = np.stack([field[:, band].mean(axis=1, dtype=np.float64) for band in np.array_split(rows, BANDS)])
    power = (np.abs(np.fft.rfft(means, axis=-1).sum(axis=0)) ** 2).sum(axis=0)[columns:-1]
    own = np.arange(len(power)) % columns == 0
    return float(power[own].mean() / power[~own].mean())


def whole_globe(setting: Setting, generator: Generator | None) -> dict[str, float]:
    """`Globe.accuracy` of a generator on all shells of the held-out time steps. Without a generator, that of
    interpolation.
    """
    outputs = setting.task.outputs
    globe = Globe(outputs, setting.data.input_grid)
    found = []
    for t in held_out_steps(setting.data):
        batch = setting.at(t, outputs.whole, None)
        if generator:
            field = setting.predict(generator, batch)
        else:
            field = interpolation(batch.feeds)[0, setting.measured].numpy()
        found.append(globe.accuracy(field, setting.truth(batch)))
    return averaged(found)
