"""Is the conditional input informative enough? This study reconstructs the same field from area means over cells of
several sizes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid
from earthgan_training.evaluate.interpolation import cubic, paper_input
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study.measures import FINE, PSNR, Globe
from earthgan_training.study.networks import CELL, Refiner, begun
from earthgan_training.study.result import Comparison, Measure, Row, Study
from earthgan_training.study.setting import Tick, averaged, held_out_steps, measured_variable
from earthgan_training.study.shells import Pair, Standard, fit, predict

UPDATES = 100
SEEDS = 3
SHELLS = 16
RATIOS = (2, 4, 8, 16)
FEWEST_ROWS = 3
CELL_KM = Measure("cell_km", "cell at the equator, km", digits=0)
BYTES = Measure("bytes", "bytes a step", digits=0)

QUESTION = "Does a cell of the conditional input hold enough information, or should the network do better?"
COMPARED = (
    "The inputs are area means of one variable over cells of n x n points of the ground truth, with one byte for "
    "each number. All inputs have the same number of layers. The study compares their cubic interpolation with a "
    "network that adds to the interpolation. The network is the same for all inputs: it computes on blocks of 8 x "
    "8 points of the interpolated field, whatever the size of the cells."
)
LIMITS = (
    "The network is small and briefly trained; a larger network gains more from every input. All inputs have the "
    "same number of layers, and the radial detail that the layers miss limits the finest cells."
)


def study(data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Study cubic interpolation and a small network for inputs of each size. Raises BadInput if cells do not nest."""
    ratios = _ratios(data.truth_grid)
    if len(ratios) < 2:
        raise BadInput(f"{data.folder}: the ground truth's rows and columns are not multiples of {CELL}")
    rows = [row for ratio in ratios for row in _rows(data, ratio, max(ratios), seed, updates or UPDATES, tick)]
    compared = [Comparison(_name(ratio, "network"), _name(ratio, "cubic"), PSNR.key) for ratio in ratios]
    compared += [Comparison(_name(wide, "network"), _name(fine, "cubic"), PSNR.key) for fine, wide in pairwise(ratios)]
    measures = CELL_KM, BYTES, PSNR, FINE
    title = "The size of the input"
    return Study("input-size", title, QUESTION, COMPARED, LIMITS, measures, tuple(rows), tuple(compared))


def coarse_grid(truth: ShellGrid, layers_km: tuple[float, ...], ratio: int) -> ShellGrid:
    """The grid whose cells consist of `ratio` x `ratio` cells of the ground truth."""
    _, rows, columns = truth.shape
    centred = ShellGrid.cell_centred(layers_km, rows // ratio, columns // ratio)
    longitudes = np.asarray(truth.longitudes_deg).reshape(-1, ratio).mean(axis=1)
    return ShellGrid(radii_km=layers_km, latitudes_deg=centred.latitudes_deg, longitudes_deg=tuple(longitudes.tolist()))


def _ratios(grid: ShellGrid) -> list[int]:
    _, rows, columns = grid.shape
    nested = rows % CELL == 0 and columns % CELL == 0
    return [n for n in RATIOS if nested and rows % n == 0 and columns % n == 0 and rows // n >= FEWEST_ROWS]


def _rows(data: Dataset, ratio: int, turn: int, seed: int, updates: int, tick: Tick) -> tuple[Row, Row]:
    """The rows of the interpolated field and of the refined field."""
    grid, train, held_out = data.truth_grid, data.spec.split.train, held_out_steps(data)
    name, globe = measured_variable(data), Globe(grid, data.input_grid)
    coarse = coarse_grid(grid, data.input_grid.radii_km, ratio)
    standard = Standard.of(data.stored_truth(train[-1], name), grid)
    pairs, size = {}, 0
    for t in (*train, *held_out):
        true = data.stored_truth(t, name)
        stored, size = paper_input(true, grid, coarse)
        pairs[t] = Pair(standard.apply(cubic(stored, coarse, grid)), standard.apply(true))
    about = {CELL_KM.key: 2 * np.pi * data.spec.planet.radius_km / coarse.shape[2], BYTES.key: float(size)}

    interpolated = [globe.accuracy(standard.undo(pairs[t].given), standard.undo(pairs[t].true)) for t in held_out]
    refined = []
    for each in range(seed, seed + SEEDS):
        network = begun(Refiner, each)
        fit(network, [pairs[t] for t in train], updates, 3e-3, each, min(SHELLS, grid.shape[0]), turn)
        scores = [
            globe.accuracy(standard.undo(predict(network, pairs[t])), standard.undo(pairs[t].true)) for t in held_out
        ]
        refined.append(about | averaged(scores))
        tick(f"{_name(ratio, 'network')}, seed {each}")
    return (
        Row(_name(ratio, "cubic"), (about | averaged(interpolated),), trained=False),
        Row(_name(ratio, "network"), tuple(refined)),
    )


def _name(ratio: int, way: str) -> str:
    return f"{ratio} x {ratio}, {way}"
