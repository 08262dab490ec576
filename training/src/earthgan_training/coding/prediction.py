"""Fits the prediction of time steps (`earthgan.kinds.prediction`) to pairs and chains of neighbouring time steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.coded import Code, Component
from earthgan.kinds.prediction import GAIN_STEPS, Predictor
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral_arguments import Clock, PredictionArguments, SpectralArguments, gains_name, tables_name
from earthgan_training.coding.encode import Coefficients
from earthgan_training.coding.modes import degrees_of_rows, in_rows
from earthgan_training.coding.series import Coder, decoded_key
from earthgan_training.coding.tables import assigned, smoothed
from earthgan_training.simulations.labelled import SourceStep

Array = NDArray[np.float64]

#: Of the degrees of the code, this share is carried, but all of them up to `ALL_CARRIED`. All 95 degrees would take
#: half as much time again and save a tenth of a predicted step's bytes (`docs/spectral.md`).
CARRIED, ALL_CARRIED = 5 / 6, 64
#: A wave may turn by this many radians per pass and stage (`Predictor.phase`), measured on a chain of eight steps. A
#: tenth of a pass or of a stage more is let pass.
PHASE, SLACK = 1.5, 0.1
#: The motions per step, as a largest phase in radians, from which the fit of the physics starts.
MOTIONS = 0.3 * 2.0 ** np.arange(8)
#: The number of chains that gains and tables are fitted to.
CHAINS = 3
#: The shells on which the physics is fitted.
FINE_SHELLS = 32
#: The corrections of the physics, and of gains and tables.
CORRECTIONS, ROUNDS = 4, 3


@dataclass(frozen=True)
class Chain:
    """Neighbouring time steps before rounding, each component `(degree, order, part, mode)`, and their times."""

    steps: list[Coefficients]
    times: list[float]

    def branches(self, back: int) -> tuple[Chain, Chain]:
        """The chains forwards and backwards that begin with the key frame, which has `back` steps before it."""
        key = min(back, len(self.steps) - 1)
        after, before = slice(key, None), slice(key, None, -1)
        return Chain(self.steps[after], self.times[after]), Chain(self.steps[before], self.times[before])


@dataclass(frozen=True)
class FittedPrediction:
    """A prediction, the arrays that it adds to the weights, and the ratio of the bytes of predicted steps to those of
    key frames on the chains of the fit.
    """

    arguments: PredictionArguments
    arrays: dict[str, NDArray[Any]]
    ratio: float


def fit_prediction(
    arguments: SpectralArguments,
    code: Code[Component],
    refinement: Refinement | None,
    key_code: Callable[[Coefficients], bytes],
    kelvins: float,
    chains: Sequence[Chain],
    draft: PredictionArguments,
) -> FittedPrediction:
    """Fit gains and tables to chains of decoded steps. `draft` gives everything else. `key_code` codes a step that is
    not predicted.
    """
    bases = _bases(code)
    predictor = _predictors(arguments, bases, kelvins)
    branches = [branch for chain in chains for branch in chain.branches(draft.back)]
    keys = [key_code(branch.steps[0]) for branch in branches]
    rounds = _Rounds(code, refinement, predictor, branches, keys)
    found = rounds.first(draft)
    for _ in range(ROUNDS):
        found = rounds.next(draft, found)
    edges = np.cumsum([basis.shape[1] for basis in bases.values()])[:-1]
    forwards, back = (np.round(gains * GAIN_STEPS).astype(np.uint8) for gains in found.gains)
    arrays: dict[str, NDArray[Any]] = {}
    for naming, array in ((gains_name, forwards), (_back_name, back), (tables_name, found.tables)):
        arrays |= {naming(name): each.copy() for name, each in zip(bases, np.split(array, edges, axis=1), strict=True)}
    return FittedPrediction(draft, arrays, found.size / float(np.mean([len(key) for key in keys])))


def _back_name(field: str) -> str:
    return gains_name(field, back=True)


def _bases(code: Code[Component]) -> dict[str, Array]:
    return {name: component.basis for name, component in code.components.items()}


def _predictors(arguments: SpectralArguments, bases: Mapping[str, Array], kelvins: float) -> Callable[..., Predictor]:
    """A function that makes the predictor of a prediction, with gains of 1."""
    ones = np.ones((arguments.degree + 1, sum(basis.shape[1] for basis in bases.values())), np.float32)

    def predictor(prediction: PredictionArguments) -> Predictor:
        return Predictor(arguments, prediction, bases, ones, ones, kelvins)

    return predictor


def fit_physics(
    arguments: SpectralArguments,
    code: Code[Component],
    kelvins: float,
    chains: Sequence[Chain],
    draft: PredictionArguments,
) -> PredictionArguments:
    """The draft with the motion, the diffusivity and the heating that carry exact steps nearest to the next ones.

    The draft's stages are the most that a pass may have. Several motions are tried first. Then all three numbers follow
    by Gauss and Newton's method. Only low degrees count, carried on more shells than the draft has: what a coarse
    prediction misses grows with the motion, so a fit to all degrees would find a motion that is a quarter too small. If
    nothing is gained, or if there are no Stokes maps, nothing is carried: a step is then predicted to be like the step
    before it.
    """
    if arguments.stokes is None:
        return draft
    predictor, degree, nodes = _predictors(arguments, _bases(code), kelvins), arguments.degree, arguments.nodes
    pairs = [(_all(chain.steps[0]), _all(chain.steps[1]), chain.times[1] - chain.times[0]) for chain in chains]
    first, _, duration = pairs[0]
    counted = max(draft.degree // 3, 1)
    fine = draft.model_copy(
        update={
            "degree": min(degree, 2 * counted + 16),
            "shells": min(nodes, FINE_SHELLS),
            "flow_degree": draft.degree,
        }
    )

    def phase(prediction: PredictionArguments) -> float:
        return predictor(prediction.model_copy(update={"advection": 1.0})).phase(first, duration)

    def made(prediction: PredictionArguments, unit: float, parameters: Array) -> PredictionArguments:
        advection, diffusivity, heating = (float(each) for each in parameters)
        most, needed = draft.stages - 1, unit * abs(advection) / PHASE
        passes = max(1.0, np.ceil(needed / most - SLACK))
        stages = 1 + min(2 * max(1, math.ceil((needed / passes - SLACK) / 2)), most)  # an odd number
        found = {"advection": advection, "diffusivity": max(diffusivity, 0.0), "heating": heating}
        return prediction.model_copy(update={**found, "stages": stages, "interval": float(duration / passes)})

    unit = phase(fine)
    if not unit > 0:
        return draft
    rows = degrees_of_rows(counted)

    def error(parameters: Array) -> Array:
        carry = predictor(made(fine, unit, parameters).model_copy(update={"stages": fine.stages})).carried
        found = (in_rows((carry(x, time) - y).astype(np.float64))[: len(rows)].ravel() for x, y, time in pairs)
        return np.concatenate(list(found))

    still = float(np.sum(error(np.zeros(3)) ** 2))
    tried = [(float(np.sum(error(np.array([each / unit, 0, 0])) ** 2)), each / unit) for each in MOTIONS]
    best = np.array([min(tried)[1], 0.0, 0.0])
    # Steps of the derivatives: a hundredth of the motion, of the diffusion of the highest degree, and of the heating.
    small = np.array([best[0], 1 / (counted**2 * duration), 1e-2 / duration]) / 100
    for _ in range(CORRECTIONS):
        now = error(best)
        slopes = np.stack([error(best + step) - now for step in np.diag(small)])
        best = best + small * np.linalg.lstsq(slopes.T, -now, rcond=None)[0]
        best[1] = max(best[1], 0.0)
    gained = np.isfinite(best).all() and float(np.sum(error(best) ** 2)) < still
    return made(draft, phase(draft), best) if gained else draft


@dataclass(frozen=True)
class _Found:
    """Gains `(degree, mode)` forwards and backwards, tables `(degree, mode)`, and a predicted step's mean bytes."""

    gains: tuple[Array, Array]
    tables: NDArray[np.int8]
    size: float


class _Rounds:
    """Codes chains again and again, each time with the gains and tables of the time before. The `keys` are the codes of
    their first steps.
    """

    def __init__(
        self,
        code: Code[Component],
        refinement: Refinement | None,
        predictor: Callable[[PredictionArguments], Predictor],
        chains: Sequence[Chain],
        keys: Sequence[bytes],
    ) -> None:
        self._code, self._predictor = code, predictor
        self._starts = np.searchsorted(degrees_of_rows(code.degree), np.arange(code.degree + 1))
        self._chains = [(decoded_key(code, refinement, data), chain) for data, chain in zip(keys, chains, strict=True)]

    def first(self, draft: PredictionArguments) -> _Found:
        """Gains and tables for the first predictions of the chains."""
        sums = _Sums(self._starts), _Sums(self._starts)
        carry = self._predictor(draft).carried
        for key, chain in self._chains:
            if len(chain.steps) > 1:
                duration = chain.times[1] - chain.times[0]
                sums[duration < 0].add(carry(key, duration), _all(chain.steps[1]))
        return self._found(draft, sums, 0.0)

    def next(self, draft: PredictionArguments, found: _Found) -> _Found:
        """Better gains and tables, from chains that are coded with these."""
        edges = np.cumsum([each.basis.shape[1] for each in self._code.components.values()])[:-1]
        parts = np.split(found.tables, edges, axis=1)
        components = {
            name: replace(each, predicted=part)
            for (name, each), part in zip(self._code.components.items(), parts, strict=True)
        }
        coder = Coder(self._code.with_components(components, draft.coarseness), self._predictor(draft))
        sums, sizes = (_Sums(self._starts), _Sums(self._starts)), []
        for state, chain in self._chains:
            for truth, duration in zip(chain.steps[1:], np.diff(chain.times).tolist(), strict=True):
                carried = coder.predictor.carried(state, duration)
                sums[duration < 0].add(carried, _all(truth))
                prediction = carried * found.gains[duration < 0].astype(np.float32)[:, None, None]
                data = coder.difference(truth, prediction)
                state = coder.decoded(data, prediction)
                sizes.append(len(data))
        return self._found(draft, sums, float(np.mean(sizes)))

    def _found(self, draft: PredictionArguments, sums: tuple[_Sums, _Sums], size: float) -> _Found:
        # There may be nothing before the key frames.
        forwards, back = (np.round(each.gains() * GAIN_STEPS) / GAIN_STEPS for each in (sums[0], sums[1] or sums[0]))
        missed = sums[0].missed(forwards) + sums[1].missed(back)
        degrees = np.arange(len(forwards))[:, None]
        usual = smoothed(missed / (sums[0].count + sums[1].count) / (2 * degrees + 1))
        steps = np.concatenate([np.full(each.basis.shape[1], each.step) for each in self._code.components.values()])
        return _Found((forwards, back), assigned(usual / steps, draft.coarseness, of_profile=0), size)


class _Sums:
    """Sums of products of predictions and truths, for each degree and mode."""

    def __init__(self, starts: NDArray[np.intp]) -> None:
        self._starts, self.count = starts, 0
        self._sums: Array | float = 0.0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, carried: NDArray[np.floating], truth: NDArray[np.floating]) -> None:
        p, y = in_rows(carried.astype(np.float64)), in_rows(truth.astype(np.float64))
        self._sums = self._sums + np.stack([np.add.reduceat(each, self._starts) for each in (p * p, p * y, y * y)])
        self.count += 1

    def gains(self) -> Array:
        """`(degree, mode)`: from 0 to 1; 1 for degree 0, which holds the mean profile."""
        squares, products, _ = np.asarray(self._sums)
        gains = np.clip(products / np.maximum(squares, 1e-300), 0, 1)
        gains[0] = 1
        return np.asarray(gains)

    def missed(self, gains: Array) -> Array:
        """`(degree, mode)`: the sums of squares of what the predictions miss."""
        if not self:
            return np.zeros_like(gains)
        squares, products, truths = np.asarray(self._sums)
        return np.asarray(np.maximum(truths - 2 * gains * products + gains**2 * squares, 0))


def _all(components: Coefficients) -> NDArray[np.float32]:
    """The coefficients of all components, their modes one after another."""
    return np.concatenate(list(components.values()), axis=-1).astype(np.float32)


def chains_of(times: Sequence[float], spacing: float, most: int) -> list[list[int]]:
    """Up to `CHAINS` chains of at most `most` neighbours among steps at these times, spread over them, as indices. In a
    chain, one step follows another by `spacing` at most. There may be none.
    """
    runs: list[list[int]] = [[]]
    for i in np.argsort(times).tolist():
        if runs[-1] and (len(runs[-1]) == most or times[i] - times[runs[-1][-1]] > spacing):
            runs.append([])
        runs[-1].append(i)
    longest = [run for run in runs if len(run) == max(2, *map(len, runs))]
    chosen = sorted({round(i) for i in np.linspace(0, len(longest) - 1, CHAINS)}) if longest else []
    return [longest[i] for i in chosen]


def clock_of(steps: Sequence[SourceStep]) -> Clock:
    """The clock that time steps in ascending order have."""
    times = [step.time_myr for step in steps]
    known = [time for time in times if time is not None]
    return "time_myr" if len(known) == len(times) and all(a < b for a, b in pairwise(known)) else "t"
