"""Fits the code of a `harmonics` surrogate to sample steps: radial modes and usual sizes of coefficients.

All of the bytes count: those of each step, and those that are written once. Radial modes are polynomials, which take no
bytes, or they are learned, the more of them the more steps share their bytes. For a given rounding step, the best modes
are those with the smallest sum of square error and `PRICE` times bits (the slope of the square error of a uniform
quantiser: Gersho & Gray, *Vector Quantization and Signal Compression*, 1992).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.distributions import COUNT, DEADZONE, LOWEST, PER_OCTAVE, SHAPES, distributions, low_bits
from earthgan.kinds.entropy import ESCAPE, REACH, SYMBOLS, TOTAL
from earthgan.kinds.harmonics_arguments import HarmonicsArguments, ScalarSpec
from earthgan.kinds.harmonics_code import Weights, orthonormal, packed_weights, polynomials
from earthgan_training.coding.modes import BANDS
from earthgan_training.coding.scalars import degrees_of

Array = NDArray[np.float64]
Rows = NDArray[np.floating]

#: The square error, in square rounding steps, that is worth one bit.
PRICE = np.log(2) / 6
#: The groups of degrees that may share learned modes. The empty one stands for polynomials.
GROUPS: tuple[tuple[int, ...], ...] = ((), (0,), (0, 15), (0, 6, 15, 36), (0, 3, 8, 15, 27, 48, 91, 181))
#: The smallest and the largest root mean square of a learned mode's whole numbers.
_COARSE, _FINE = 3.0, 100.0
#: The search for a rounding step ends so much below the square error that it looks for, or after so many attempts.
_NEAR, _ATTEMPTS = 0.006, 14
#: A table that is never used, unless a step is much louder than usual; and the least table of a mean profile.
_QUIET, _PROFILE = -3, 8
#: The bytes of the file of weights without the code, and of a step without its numbers.
_WEIGHTS_BYTES, _STEP_BYTES = 80, 8


@dataclass(frozen=True)
class Sample:
    """Normalised coefficients of sample steps: for each variable, one array `(coefficient, shell)` for each step, as of
    `real_rows`. `steps` is the number of steps that the surrogate will have.
    """

    radii_km: tuple[float, ...]
    steps: int
    rows: dict[str, list[Rows]]
    _components: dict[tuple[str, int, int], tuple[Array, Array]] = field(default_factory=dict, repr=False)

    @cached_property
    def degree(self) -> int:
        return int(np.sqrt(len(next(iter(self.rows.values()))[0]))) - 1

    def cut(self, degree: int) -> Sample:
        """The same sample without degrees above `degree`."""
        rows = {name: [each[: (degree + 1) ** 2].copy() for each in steps] for name, steps in self.rows.items()}
        return Sample(self.radii_km, self.steps, rows)

    @cached_property
    def unit(self) -> float:
        """The mean square of a mode over the shells is 4 pi. This is its norm."""
        return float(np.sqrt(4 * np.pi * len(self.radii_km)))

    @cached_property
    def polynomials(self) -> Array:
        """All polynomials `(polynomial, shell)`."""
        return polynomials(self.radii_km, len(self.radii_km))

    @cached_property
    def in_polynomials(self) -> dict[str, list[Rows]]:
        """The coefficients `(coefficient, polynomial)` of each step, by variable. Nothing of the field is left out."""
        to = self.polynomials.T / self.unit  # in float64, because a profile may be far larger than all waves
        return {name: [(rows @ to).astype(np.float32) for rows in steps] for name, steps in self.rows.items()}

    @cached_property
    def powers(self) -> dict[str, Array]:
        """`(degree, polynomial)`: the mean squares of a degree's coefficients, by variable."""
        degrees = np.arange(self.degree + 1)
        out = {}
        for name, steps in self.in_polynomials.items():
            sums = [np.add.reduceat(np.square(values, dtype=np.float64), degrees**2, axis=0) for values in steps]
            out[name] = np.mean(sums, axis=0) / (2 * degrees + 1)[:, None]
        return out

    def components(self, name: str, first: int, last: int) -> tuple[Array, Array]:
        """The principal components of a variable's degrees from `first` to before `last`, the strongest first: their
        powers `(component,)`, which are means over steps, and their profiles `(component, shell)`.
        """
        if (name, first, last) not in self._components:
            sums = np.zeros((len(self.radii_km), len(self.radii_km)))
            for rows in self.rows[name]:
                some = rows[first**2 : last**2].astype(np.float64)
                sums += some.T @ some
            powers, vectors = np.linalg.eigh(sums / len(self.rows[name]))
            self._components[name, first, last] = np.maximum(powers[::-1], 0), np.ascontiguousarray(vectors.T[::-1])
        return self._components[name, first, last]


@dataclass(frozen=True)
class FittedVariable:
    """The code of one variable. `counts` `(table, symbol)` are over all sample steps. `raw_bits` are those without
    tables. `square_error` is the mean over the sample steps, the sphere and the shells.
    """

    spec: ScalarSpec
    weights: Weights
    counts: NDArray[np.int64]
    raw_bits: float
    square_error: float

    def bits(self, shape: int) -> float:
        """The bits of all sample steps if coefficients have a shape of distribution."""
        return float((self.counts * _prices(shape)).sum()) + self.raw_bits


@dataclass(frozen=True)
class FittedCode:
    """The code of all variables, and its expected bytes in a surrogate with all steps."""

    arguments: HarmonicsArguments
    weights: tuple[Weights, ...]
    bytes: float
    square_error: dict[str, float]


def fit_code(sample: Sample, steps: dict[str, float], groups: Mapping[str, tuple[int, ...]]) -> FittedCode:
    """Fit the code with given rounding steps and groups of degrees by variable."""
    fitted = [fit_variable(sample, name, step, groups[name]) for name, step in steps.items()]
    shape = int(np.argmin([sum(each.bits(i) for each in fitted) for i in range(len(SHAPES))]))
    degree = max(_highest(each.weights, sample.degree) for each in fitted)
    cut = [_cut(each, degree) for each in fitted]
    sizes = sum(each.bits(shape) for each in fitted) / 8 / len(next(iter(sample.rows.values())))
    bands = _bands(degree)
    arguments = HarmonicsArguments(degree=degree, bands=bands, shape=shape, components=tuple(spec for spec, _ in cut))
    weights = tuple(each for _, each in cut)
    once = len(packed_weights(weights)) + _WEIGHTS_BYTES
    errors = {each.spec.variable: each.square_error for each in fitted}
    return FittedCode(arguments, weights, once + sample.steps * (sizes + _STEP_BYTES), errors)


def best_groups(sample: Sample, name: str, step: float) -> tuple[int, ...]:
    """The groups of degrees by which a variable's square error and bytes are smallest together."""

    def cost(groups: tuple[int, ...]) -> float:
        fitted = fit_variable(sample, name, step, groups)
        bits = min(fitted.bits(shape) for shape in range(len(SHAPES))) / len(sample.rows[name])
        bits += 8 * len(packed_weights([fitted.weights])) / sample.steps
        return float(fitted.square_error + PRICE * step**2 * bits)

    known = [tuple(first for first in groups if first <= sample.degree) for groups in GROUPS]
    return min(dict.fromkeys(known), key=cost)


def needed_degree(sample: Sample, name: str, square_error: float) -> int:
    """A degree beyond which nothing of a variable is coded, if its mean square error is `square_error`.

    A component whose mean square is above a level has an error of this level, and any other is left out whole
    (Cover & Thomas, *Elements of Information Theory*, 2006, section 10.3). The result leaves room for modes that suit
    the variable better than polynomials, and so reach a few degrees more.
    """
    powers, numbers = sample.powers[name], (2 * np.arange(sample.degree + 1) + 1)[:, None]
    low, high = -300.0, float(np.log(powers.max() + 1e-300))
    for _ in range(40):
        level = (low + high) / 2
        lost = (numbers * np.minimum(powers, np.exp(level))).sum()
        low, high = (level, high) if lost < square_error else (low, level)
    # An error of a rounding step squared over 12 goes with coefficients that are coded down to 2**LOWEST steps.
    coded = np.flatnonzero((powers > 12 * np.exp(low) * 4.0**LOWEST).any(axis=1))
    highest = int(coded[-1]) if len(coded) else 0
    return min(sample.degree, highest * 5 // 4 + 8)


def step_for(
    sample: Sample, name: str, groups: tuple[int, ...], square_error: float, guess: float | None = None
) -> float:
    """The rounding step with which a variable's normalised coefficients have a mean square error, or a little less."""
    low, high = np.log(np.sqrt(square_error)) - 8, np.log(np.sqrt(square_error)) + 3
    middle, slope, before = np.log(guess) if guess else (low + high) / 2, 1.5, None
    for attempt in range(_ATTEMPTS):
        error = fit_variable(sample, name, float(np.exp(middle)), groups).square_error
        excess = np.log(max(error, 1e-300) / square_error)
        low, high = (low, middle) if excess > 0 else (middle, high)
        if -_NEAR < excess <= 0 or high - low < _NEAR / 8:
            break
        if before is not None and middle != before[0]:
            slope = float(np.clip((excess - before[1]) / (middle - before[0]), 0.5, 3))
        before = middle, excess
        # Errors are roughly powers of steps. Bisection takes over where they are not.
        aim = middle - (excess + _NEAR / 2) / slope
        middle = aim if low < aim < high and attempt < _ATTEMPTS // 2 else (low + high) / 2
    return float(np.exp(low))


def fit_variable(sample: Sample, name: str, step: float, groups: tuple[int, ...]) -> FittedVariable:
    """Fit the modes and usual sizes of one variable. The mean square of a mode over the shells is 4 pi, so the squares
    of coefficients sum to the mean square of the field.
    """
    learned = _learned(sample, name, step * sample.unit, groups)
    if learned:
        counts_of_modes, (in_modes, outside) = tuple(map(len, learned)), _in_learned(sample, name, learned, groups)
    else:
        counts_of_modes, (in_modes, outside) = _in_polynomials(sample, name, step)
    in_modes = [values / np.float32(step) for values in in_modes]
    mean: Array = np.mean([values[0] for values in in_modes], axis=0)
    centre = np.round(mean).astype(np.int64)
    for values in in_modes:
        values[0] -= centre
    of_degree, of_band = _sizes(in_modes, sample.degree)
    of_band = _worthwhile(in_modes, of_degree, of_band)
    tables = _tables(of_degree, of_band)
    coded = [_Coded(values, tables) for values in in_modes]
    error = max(outside, 0.0) + step**2 * sum(float(each.square_error.sum()) for each in coded)
    counts = np.sum([each.counts for each in coded], axis=0)
    spec = ScalarSpec(variable=name, step=step, groups=groups, modes=counts_of_modes)
    weights = Weights(centre, of_degree, of_band, tuple(learned))
    return FittedVariable(
        spec, weights, counts, sum(float(each.raw_bits.sum()) for each in coded), error / len(in_modes)
    )


def _in_polynomials(sample: Sample, name: str, step: float) -> tuple[tuple[int], tuple[list[Rows], float]]:
    """The number of polynomials up to the last that is large enough to be coded in any degree; the coefficients in
    them, and the squares of all others.
    """
    large = np.flatnonzero((sample.powers[name] > (step * 2.0**LOWEST) ** 2).any(axis=0))
    count = int(large[-1]) + 1 if len(large) else 1
    every = sample.in_polynomials[name]
    outside = sum(float(np.square(values[:, count:], dtype=np.float64).sum()) for values in every)
    return (count,), ([values[:, :count] for values in every], outside)


def _in_learned(
    sample: Sample, name: str, learned: list[NDArray[np.int64]], groups: tuple[int, ...]
) -> tuple[list[Rows], float]:
    """The coefficients in learned modes, and the squares of all that is outside of them."""
    bases = [orthonormal(each).T / sample.unit for each in learned]
    edges = [*(first**2 for first in groups), (sample.degree + 1) ** 2]
    in_modes, outside = [], 0.0
    for rows in sample.rows[name]:
        values = np.zeros((len(rows), max(each.shape[1] for each in bases)))
        for basis, first, last in zip(bases, edges[:-1], edges[1:], strict=True):
            values[first:last, : basis.shape[1]] = rows[first:last] @ basis
        outside += float(np.square(rows, dtype=np.float64).sum() / sample.unit**2 - np.square(values).sum())
        in_modes.append(values.astype(np.float32))
    return in_modes, outside


def _learned(sample: Sample, name: str, step: float, groups: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """For each group, modes as whole numbers `(mode, shell)`: the principal components, the strongest first.

    A mode is kept if its part of the field could be worth the mode's own bytes. It is stored the more finely, the
    larger its coefficients are, because what a coarse mode misses has to be coded by later modes.
    """
    out, shells = [], len(sample.radii_km)
    for first, last in zip(groups, [*groups[1:], sample.degree + 1], strict=False):
        powers, vectors = sample.components(name, first, last)
        powers = powers / step**2
        finest = np.clip(np.sqrt(powers / (last**2 - first**2)) / 2, _COARSE, _FINE)
        bits = shells * np.log2(4 * finest)
        kept = max(int(np.count_nonzero(np.cumprod(powers * sample.steps > PRICE * bits))), 1)
        scales = finest[:kept, None] * np.sqrt(shells)
        out.append(np.round(vectors[:kept] * scales).astype(np.int64))
    return out


def _sizes(in_modes: list[Rows], degree: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of tables by degree `(degree,)` and by band and mode `(band, mode)`, whose sums fit best."""
    edges = np.arange(degree + 1) ** 2
    numbers = 2 * np.arange(degree + 1) + 1
    sums = [np.add.reduceat(np.square(values), edges, axis=0, dtype=np.float64) for values in in_modes]
    power = np.mean(sums, axis=0)
    power /= numbers[:, None]
    lowest = LOWEST - 1.0
    seen = np.maximum(np.log2(np.maximum(power, 1e-60)) / 2, lowest)
    bands = _bands(degree)
    of_degree, of_band = np.zeros(degree + 1), np.full((len(bands), power.shape[1]), lowest)
    for band, (first, last) in enumerate(zip(bands, [*bands[1:], degree + 1], strict=True)):
        live = first + np.flatnonzero((seen[first:last] > LOWEST).any(axis=1))
        dead = np.setdiff1d(np.arange(first, last), live)
        for _ in range(4 if len(live) else 0):
            scaled = power[live] / 4.0 ** of_degree[live, None]
            mean = np.average(scaled, axis=0, weights=numbers[live])
            of_band[band] = np.maximum(np.log2(np.maximum(mean, 1e-60)) / 2, lowest)
            weight = np.maximum(seen[live], of_band[band]) - lowest
            off = ((seen[live] - of_band[band]) * weight).sum(axis=1)
            of_degree[live] = off / np.maximum(weight.sum(axis=1), 1e-9)
        of_degree[dead] = lowest - of_band[band].max() if len(live) else 0
    tables = 1 + np.round((of_band - LOWEST) * PER_OCTAVE)
    tables[0] = np.maximum(tables[0], _PROFILE)  # new steps may have another profile, and storing it costs little
    of_degree[0] = 0
    return np.round(of_degree * PER_OCTAVE).astype(np.int64), np.maximum(tables, _QUIET).astype(np.int64)


def _worthwhile(in_modes: list[Rows], of_degree: NDArray[np.int64], of_band: NDArray[np.int64]) -> NDArray[np.int64]:
    """`of_band` without those bands of modes whose coefficients are not worth their bits. The profile always is."""
    bands = _bands(len(of_degree) - 1)
    edges, gain = np.square(bands), np.zeros(of_band.shape)
    tables, prices = _tables(of_degree, of_band), _prices(1)
    for values in in_modes:
        coded = _Coded(values, tables)
        lost = np.square(values) - coded.square_error
        lost[coded.stored] -= PRICE * (prices[coded.table, coded.symbols] + coded.raw_bits)
        gain += np.add.reduceat(lost, edges, axis=0, dtype=np.float64)
    out = np.where(gain > 0, of_band, _QUIET)
    out[0] = of_band[0]
    return out


def _tables(of_degree: NDArray[np.int64], of_band: NDArray[np.int64]) -> NDArray[np.int64]:
    """`(degree, mode)`: the tables, counted from 1. A coefficient with a lower number is not stored."""
    band = np.searchsorted(_bands(len(of_degree) - 1), np.arange(len(of_degree)), side="right") - 1
    return np.asarray(np.clip(of_degree[:, None] + of_band[band], 0, COUNT))


class _Coded:
    """Coefficients `(coefficient, mode)` in rounding steps after coding, and what each of them costs.

    `square_error` is `(coefficient, mode)`. The other arrays are of the coefficients that are stored, as `stored` says.
    """

    def __init__(self, values: Rows, tables: NDArray[np.int64]) -> None:
        follow = tables[degrees_of(len(values))]
        self.stored = follow > 0
        self.table, x = follow[self.stored] - 1, values[self.stored]
        magnitudes = np.floor(np.abs(x) + DEADZONE)
        numbers = (np.sign(x) * magnitudes).astype(np.int64)
        shifts = low_bits()[self.table].astype(np.int64)
        high = numbers >> shifts
        far = np.abs(high) > REACH
        self.symbols = np.where(far, ESCAPE, high + REACH)
        self.raw_bits = shifts.astype(np.float64)
        self.raw_bits[far] += 5 + np.floor(np.log2(np.abs(high[far]) - REACH))
        inward = distributions(1).inward[self.table, np.clip(magnitudes, 1, 2).astype(np.int64) - 1]
        found = np.where(magnitudes > 0, magnitudes - inward, 0)
        self.square_error = np.square(values)
        self.square_error[self.stored] = np.square(np.abs(x) - found)

    @property
    def counts(self) -> NDArray[np.int64]:
        """`(table, symbol)`: how often each symbol follows each table."""
        return np.bincount(self.table * SYMBOLS + self.symbols, minlength=COUNT * SYMBOLS).reshape(COUNT, SYMBOLS)


@lru_cache(maxsize=len(SHAPES))
def _prices(shape: int) -> Array:
    """`(table, symbol)`: the bits that a symbol takes."""
    return np.asarray(-np.log2(distributions(shape).tables.frequencies / TOTAL))


def _bands(degree: int) -> tuple[int, ...]:
    return tuple(first for first in BANDS if first <= degree)


def _highest(weights: Weights, degree: int) -> int:
    """The highest degree of which anything is stored."""
    return int(np.flatnonzero(_tables(weights.of_degree, weights.of_band).any(axis=1))[-1])


def _cut(fitted: FittedVariable, degree: int) -> tuple[ScalarSpec, Weights]:
    """A variable's code up to a degree, without the polynomials that are stored in no degree."""
    spec, weights = fitted.spec, fitted.weights
    bands = len(_bands(degree))
    of_band = weights.of_band[:bands]
    groups = tuple(first for first in spec.groups if first <= degree)
    modes, kept = weights.modes[: len(groups)], spec.modes[: max(len(groups), 1)]
    if not groups:
        used = (of_band[1:] > 0).any(axis=0) | (weights.centre != 0) | (of_band[0] > _PROFILE)
        kept = (1 + int(np.flatnonzero(used)[-1]) if used.any() else 1,)
    most = max(kept)
    cut = Weights(weights.centre[:most], weights.of_degree[: degree + 1], of_band[:, :most], modes)
    return spec.model_copy(update={"groups": groups, "modes": kept}), cut
