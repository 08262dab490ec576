"""Encodes the fields of a source by wavelets: chooses how each variable is coded, and codes time steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.wavelet import VariableCoding, runs_of_shells, step_bytes
from earthgan.kinds.wavelet_code import BoxCode, decode_box, encode_box, estimate_box
from earthgan.kinds.wavelet_transform import Axes, Order, Plan, most_levels, split
from earthgan.sphere.grid import ShellGrid, column_widths_deg
from earthgan_training.simulations.labelled import Field, Source
from earthgan_training.surrogates.ranges import common_extents

#: The cells on which codings are chosen: all cells of the first, the middle and the last time step, or some boxes.
_SAMPLE_CELLS = 12 << 20
#: Steps in tolerances that are tried. Smaller steps need fewer corrections.
_STEPS_PER_TOLERANCE = (1.2, 1.6, 2.0, 2.4, 2.8, 3.2)
#: The search for a size ends this near to it.
_NEAR = 0.004
#: What a code can hope for is found on so many shells, by so many attempts at most, to so many decibels. An attempt
#: changes the quantisation step by so many decibels at most.
_HOPEFUL_SHELLS, _HOPES, _NEAR_DB, _FAR_DB = 24, 3, 2.0, 20.0
#: A variable is refined if its steps have at most this many cells, because that doubles the time to decode them, and if
#: it lowers the square error by this share.
REFINED_CELLS, _WORTH = 1 << 19, 0.02
#: The bytes of a box that an estimate leaves out, in proportion: the states of the lanes.
_LANES = 1 + 1 / 128


@dataclass(frozen=True)
class Score:
    """How one variable was coded: bytes, and the errors over cells that have a value.

    `low` and `high` are the extremes of the source. Scores of several fields can be added.
    """

    bytes: int = 0
    cells: int = 0
    squared_error: float = 0.0
    max_error: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def __add__(self, other: Score) -> Score:
        return Score(
            self.bytes + other.bytes,
            self.cells + other.cells,
            self.squared_error + other.squared_error,
            max(self.max_error, other.max_error),
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def psnr_db(self) -> float:
        """Over all cells alike, with the extent of the variable as the peak. Infinite if nothing is lost."""
        if self.squared_error == 0:
            return math.inf
        return 10 * math.log10((self.high - self.low) ** 2 * self.cells / self.squared_error)


@dataclass(frozen=True)
class CodedStep:
    """The bytes of a time step, and each variable's score."""

    data: bytes
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class _Sample:
    """Boxes of one variable, without cells that have no value, and the share of all cells that they are.

    `extent` is the range of the variable, or the common one of a vector's components.
    """

    boxes: tuple[Field, ...]
    share: float
    extent: float


class WaveletEncoder:
    """Encodes time steps of a source. `coding` holds how each of its variables is coded."""

    def __init__(self, grid: ShellGrid, coding: Sequence[VariableCoding]) -> None:
        self.grid, self.coding = grid, tuple(coding)
        #: The cells without a value, by variable and first shell. They are the same in all time steps.
        self.hidden: dict[tuple[str, int], NDArray[np.bool_]] = {}

    def encode(self, source: Source, t: int) -> CodedStep:
        """Encode a time step. NaN means that a cell has no value. The errors are those of the decoded bytes.

        Raises BadInput if other cells have no value than in the time steps before, because a surrogate has one mask.
        """
        boxes, scores = [], []
        runs = runs_of_shells(self.grid.shape)
        for each, coding in zip(source.variables, self.coding, strict=True):
            coded, score = [], Score()
            for run in runs:
                name = each.variable.name
                values = source.read(t, name, run)
                hidden = np.isnan(values)
                if (self.hidden.setdefault((name, run.start), hidden) != hidden).any():
                    raise BadInput(
                        f"{source.address}: {name}: step {t} lacks values in other cells than the steps before: "
                        "`--missing fill` fills them"
                    )
                data = encode_box(filled(values), _box_code(coding, values.shape, self.grid))
                coded.append(data)
                score += _score(values, decode_box(data, _axes(values)), len(data))
            if coding.max_error is not None and score.max_error > coding.max_error:
                raise BadInput(f"{source.address}: {each.variable.name}: an error of {score.max_error:g} remains")
            boxes.append(coded)
            scores.append(score)
        return CodedStep(step_bytes(boxes), tuple(scores))


def coding_for_bytes(source: Source, bytes_wanted: float) -> tuple[VariableCoding, ...]:
    """The codings by which a time step takes so many bytes on average.

    The quantisation steps of all variables are the same in proportion to their extents. Then no byte would reduce the
    sum of their squared errors, in proportion to their extents, more at another variable.
    """
    samples = _samples(source)
    wanted = bytes_wanted - _overhead(source)
    codings = [_first_coding(sample, source.grid) for sample in samples]

    def bytes_at(relative: float) -> float:
        return sum(
            _bytes(sample, _with_step(coding, relative * sample.extent), source.grid)
            for sample, coding in zip(samples, codings, strict=True)
        )

    relative = _solved(bytes_at, wanted, 1e-3)
    found = [_best_plan(sample, relative * sample.extent, source.grid) for sample in samples]
    if found != [_with_step(each, one.step) for each, one in zip(codings, found, strict=True)]:
        codings = found
        relative = _solved(bytes_at, wanted, relative)
    return tuple(
        _perhaps_refined(sample, _with_step(coding, relative * sample.extent), source.grid)
        for coding, sample in zip(codings, samples, strict=True)
    )


def coding_for_psnr(source: Source, psnr_db: float) -> tuple[VariableCoding, ...]:
    """The codings by which each variable has this PSNR over the sample of its cells."""
    out = []
    for sample in _samples(source):
        coding = _best_plan(sample, sample.extent * 10 ** (-psnr_db / 20) * math.sqrt(12), source.grid)
        coding = _perhaps_refined(sample, coding, source.grid)

        def error_at(relative: float, sample: _Sample = sample, coding: VariableCoding = coding) -> float:
            squared = _square_error(sample, _with_step(coding, relative * sample.extent), source.grid)
            return math.sqrt(squared / sum(box.size for box in sample.boxes)) / sample.extent

        # A larger step has a larger error, so the sign of the logarithms is turned.
        relative = _solved(
            lambda step: 1 / max(error_at(step), 1e-30), 10 ** (psnr_db / 20), coding.step / sample.extent
        )
        out.append(_with_step(coding, relative * sample.extent))
    return tuple(out)


def hopeful(source: Source, psnr_db: float) -> tuple[float, float]:
    """About the bytes of a time step and the mean PSNR of its variables, if the PSNR should be `psnr_db`.

    They are those of some shells of each variable's calmest box. So most fields take more, and few take much less.
    """
    size, found = _overhead(source), []
    for sample in _samples(source):
        box = min(sample.boxes, key=lambda each: float(np.std(each)))[:_HOPEFUL_SHELLS]
        step = sample.extent * 10 ** (-psnr_db / 20) * math.sqrt(12)
        _, coding = min(_guessed(box, step, source.grid), key=lambda each: each[0])
        for _ in range(_HOPES):
            coding = _with_step(coding, step)
            in_box, squared = estimate_box(box, _box_code(coding, box.shape, source.grid))
            in_box_db = 10 * math.log10(sample.extent**2 * box.size / max(squared, 1e-300))
            if abs(in_box_db - psnr_db) < _NEAR_DB:
                break
            step *= 10 ** ((min(in_box_db, psnr_db + _FAR_DB) - psnr_db) / 20)
        size += in_box * math.prod(source.grid.shape) / box.size
        found.append(in_box_db)
    return size, float(np.mean(found))


def coding_for_max_error(source: Source, max_errors: Sequence[float]) -> tuple[VariableCoding, ...]:
    """The codings by which every cell is within its variable's tolerance, in the variable's unit, in few bytes."""
    out = []
    for sample, max_error in zip(_samples(source), max_errors, strict=True):
        plan = _best_plan(sample, max(2 * max_error, sample.extent * 1e-8), source.grid)
        tried = [
            plan.model_copy(update={"step": max(each * max_error, sample.extent * 1e-9), "max_error": max_error})
            for each in _STEPS_PER_TOLERANCE
        ]
        box = max(sample.boxes, key=lambda each: float(np.ptp(each)))
        out.append(min(tried, key=lambda each: len(encode_box(box, _box_code(each, box.shape, source.grid)))))
    return tuple(out)


def _perhaps_refined(sample: _Sample, coding: VariableCoding, grid: ShellGrid) -> VariableCoding:
    """The same coding, refined if that is worth its time."""
    if math.prod(grid.shape) > REFINED_CELLS:
        return coding
    better = coding.model_copy(update={"refined": True})
    lowered = _square_error(sample, better, grid) < (1 - _WORTH) * _square_error(sample, coding, grid)
    return better if lowered else coding


def _square_error(sample: _Sample, coding: VariableCoding, grid: ShellGrid) -> float:
    return sum(estimate_box(box, _box_code(coding, box.shape, grid))[1] for box in sample.boxes)


def _with_step(coding: VariableCoding, step: float) -> VariableCoding:
    return coding.model_copy(update={"step": float(step)})


def filled(values: Field) -> Field:
    """The field with a smooth continuation in cells without a value (NaN): means over wider and wider neighbourhoods.

    A field without any value is 0.
    """
    hidden = np.isnan(values)
    if not hidden.any():
        return values
    return np.where(
        hidden, _pyramid(np.where(hidden, 0, values).astype(np.float64), (~hidden).astype(np.float64)), values
    ).astype(np.float32)


def _pyramid(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means. Where a cell has no weight, the mean of the coarser cell around it."""
    if weights.all() or max(sums.shape) == 1:
        return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
    coarse = []
    for each in (sums, weights):
        for axis in range(3):
            starts = np.arange(0, each.shape[axis], 2)
            each = np.add.reduceat(each, starts, axis=axis)
        coarse.append(each)
    wide = _pyramid(coarse[0], coarse[1])
    for axis, length in enumerate(sums.shape):
        wide = np.repeat(wide, 2, axis=axis).take(range(length), axis=axis)
    return np.divide(sums, weights, out=wide, where=weights > 0)


def _score(values: Field, decoded: Field, size: int) -> Score:
    error = np.abs(values.astype(np.float64) - decoded)
    known = ~np.isnan(error)
    if not known.any():
        return Score(size)
    error = error[known]
    return Score(
        size,
        error.size,
        float(np.vdot(error, error)),
        float(error.max()),
        float(np.nanmin(values)),
        float(np.nanmax(values)),
    )


def _samples(source: Source) -> list[_Sample]:
    """Boxes of each variable from the first, the middle and the last time step."""
    steps = sorted({source.steps[i].t for i in (0, len(source.steps) // 2, -1)})
    runs = runs_of_shells(source.grid.shape)
    places = [(t, run) for t in steps for run in runs]
    cells = math.prod(source.grid.shape) * len(steps) * len(source.variables)
    every = max(1, math.ceil(cells / _SAMPLE_CELLS))
    # A stride that shares no factor with the number of runs visits all depths.
    while every > 1 and math.gcd(every, len(runs)) > 1:
        every += 1
    found, extents = [], {}
    for each in source.variables:
        boxes = tuple(filled(source.read(t, each.variable.name, run)) for t, run in places[::every])
        share = sum(box.size for box in boxes) / math.prod(source.grid.shape)
        found.append((boxes, share))
        extents[each.variable.name] = min(float(box.min()) for box in boxes), max(float(box.max()) for box in boxes)
    return [
        _Sample(boxes, share, (high - low) or abs(high) or 1.0)
        for (boxes, share), (low, high) in zip(found, common_extents(extents, source.vector).values(), strict=True)
    ]


def _overhead(source: Source) -> float:
    return 4 + 2 * (len(source.variables) * len(runs_of_shells(source.grid.shape)) - 1)


def _first_coding(sample: _Sample, grid: ShellGrid) -> VariableCoding:
    return _best_plan(sample, 1e-3 * sample.extent, grid)


def _best_plan(sample: _Sample, step: float, grid: ShellGrid) -> VariableCoding:
    """The order and the levels that suit a variable at a quantisation step."""
    box = max(sample.boxes, key=lambda each: float(np.std(each)))
    tried = list(_guessed(box, step, grid))
    least = min(bits for bits, _ in tried)
    likely = [coding for bits, coding in tried if bits <= 1.12 * least]
    both = [coding.model_copy(update={"across": across}) for coding in likely for across in (True, False)]
    return min(both, key=lambda coding: estimate_box(box, _box_code(coding, box.shape, grid))[0])


def _guessed(box: Field, step: float, grid: ShellGrid) -> Iterator[tuple[float, VariableCoding]]:
    """Each order with its levels, and a number that grows with the bits that it takes."""
    flat = box - box.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    for coding in _plans(box.shape, step):
        bands = split(flat, _box_code(coding, box.shape, grid).plan)
        # A coefficient takes about as many bits as its magnitude in steps has.
        yield sum(float(np.log2(1 + (band / step) ** 2).sum()) for band in bands.values()), coding


def _plans(shape: Sequence[int], step: float) -> Iterator[VariableCoding]:
    rows, columns = (most_levels(length) for length in shape[1:])
    for shells in sorted({0, most_levels(shape[0])}):
        for order in Order:
            if order is not Order.SHELLS or shells:  # without levels along the radius, it is the same as DYADIC
                yield VariableCoding(step=step, order=order, levels=(shells, rows, columns))


def _box_code(coding: VariableCoding, shape: Sequence[int], grid: ShellGrid) -> BoxCode:
    axes = (shape[0], shape[1], shape[2])
    z, y, x = (min(levels, most_levels(length, 2)) for levels, length in zip(coding.levels, axes, strict=True))
    plan = Plan(axes, (z, y, x), Order(coding.order), _periodic(grid))
    return BoxCode(plan, coding.step, coding.across, coding.max_error, coding.refined)


def _periodic(grid: ShellGrid) -> bool:
    """Whether the last column is about as far from the first as others are from each other."""
    widths = column_widths_deg(grid)
    return bool(widths.max() < 1.5 * np.median(widths))


def _axes(values: Field) -> Axes:
    shells, rows, columns = values.shape
    return shells, rows, columns


def _bytes(sample: _Sample, coding: VariableCoding, grid: ShellGrid) -> float:
    """About how many bytes a variable takes in a time step."""
    total = sum(estimate_box(box, _box_code(coding, box.shape, grid))[0] for box in sample.boxes)
    return total * _LANES / sample.share


def _solved(size_at: Callable[[float], float], wanted: float, guess: float) -> float:
    """The step at which `size_at` is about, and not above, `wanted`. Sizes fall as steps grow. If no step that makes a
    difference reaches it, the nearest one.
    """
    fine, coarse = 2.0**-27, 4.0
    known: dict[float, float] = {}
    step, best = guess, coarse
    for _ in range(24):
        size = known[step] = size_at(step)
        if size <= wanted:
            coarse, best = step, step
            if size >= wanted * (1 - _NEAR):
                break
        else:
            fine = step
        if coarse / fine < 1 + 1e-4:
            break
        # Sizes are roughly powers of steps. Bisection takes over where they are not.
        inside = [each for each in known if fine <= each <= coarse]
        middle = math.sqrt(fine * coarse)
        if len(inside) == 2 and known[fine] > known[coarse] > 0:
            slope = math.log(known[fine] / known[coarse]) / math.log(coarse / fine)
            middle = fine * (known[fine] / (wanted * (1 - _NEAR / 2))) ** (1 / slope)
        elif len(inside) == 1:
            middle = step * (size / wanted) ** 1.2 if size > wanted else step / (wanted / max(size, 1)) ** 1.2
        lowest, highest = fine * (coarse / fine) ** 0.03, coarse / (coarse / fine) ** 0.03
        step = min(max(middle, lowest), highest)
    return best
