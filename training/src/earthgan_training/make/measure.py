"""Measures a surrogate against the source that it was made from, by decoding it as a server would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.progress import Show
from earthgan.quantities import derive
from earthgan.surrogate import LONGEST_RUN, Surrogate
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.ranges import common_extents
from earthgan_training.surrogates.ranges import ranges as ranges

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """How close a variable is. `psnr_db` is the mean over steps; a step's PSNR is its range over its rms error.

    `largest_error` and `span`, the range over all measured steps, are in the variable's unit. The components of one
    vector have their common range.
    """

    psnr_db: float
    largest_error: float
    span: float


@dataclass
class _Sums:
    """What is known of one variable in one step so far."""

    low: float = np.inf
    high: float = -np.inf
    square: float = 0.0
    cells: int = 0
    largest: float = 0.0

    def add(self, truth: Field, found: Field, name: str, t: int) -> None:
        there = np.isfinite(found)
        if (there & ~np.isfinite(truth)).any():
            raise BadInput(f"step {t}: {name} has values where the source has none")
        error = np.abs(np.subtract(found, truth, dtype=np.float64))[there]
        if not error.size:
            return
        self.low, self.high = min(self.low, float(truth[there].min())), max(self.high, float(truth[there].max()))
        self.square += float(np.square(error).sum())
        self.cells += error.size
        self.largest = max(self.largest, float(error.max()))

    @property
    def mean_square(self) -> float:
        return self.square / max(self.cells, 1)


def psnr_db(span: float, mean_square: float) -> float:
    """The PSNR of an error. It is infinite for no error, and the span of a constant field counts as 1."""
    if mean_square == 0:
        return float("inf")
    return float(20 * np.log10((span if span > 0 else 1.0) / np.sqrt(mean_square)))


def measured(source: Source, surrogate: Surrogate, steps: Sequence[int], show: Show) -> dict[str, Score]:
    """Decode every cell of some steps, and compare with the source. Raises BadInput."""
    if surrogate.grid.shape != source.grid.shape:
        raise BadInput(f"{surrogate.folder}: its grid is not that of {source.address}")
    sums: dict[str, list[_Sums]] = {each.variable.name: [] for each in source.variables}
    for t in _counted(steps, show):
        for of_variable in sums.values():
            of_variable.append(_Sums())
        for name, shells, found in decoded(surrogate, t, tuple(sums)):
            sums[name][-1].add(source.read(t, name, shells), found, name, t)
    ends = [
        common_extents({name: (each[i].low, each[i].high) for name, each in sums.items()}, source.vector)
        for i in range(len(steps))
    ]
    return {name: _score(each, [of_step[name] for of_step in ends]) for name, each in sums.items()}


def decoded(surrogate: Surrogate, t: int, names: Sequence[str] | None = None) -> Iterator[tuple[str, range, Field]]:
    """Fields of a step, in units, as `(name, shells, field)` for runs of neighbouring shells. They are all variables,
    or some and quantities that are derived from them.

    The surrogate's kind computes them itself, as it does in a gateway.
    """
    count = len(surrogate.grid.radii_km)
    for start in range(0, count, LONGEST_RUN):
        run = range(start, min(start + LONGEST_RUN, count))
        fields = surrogate.in_units(surrogate.shells(None, surrogate.variables, t, run), surrogate.variables)
        by_name = dict(zip(surrogate.variables, fields, strict=True))
        for name in surrogate.variables if names is None else names:
            yield name, run, derive(name, by_name, surrogate.grid)


def beyond(scores: Mapping[str, Score], largest: Mapping[str, float]) -> str | None:
    """What breaks the bounds, as a phrase; None if they hold."""
    for name, score in scores.items():
        if not score.largest_error <= largest[name]:
            return f"{name} is off by {score.largest_error:.6g}, more than the {largest[name]:.6g} that were asked for"
    return None


def _score(steps: Sequence[_Sums], ends: Sequence[tuple[float, float]]) -> Score:
    return Score(
        psnr_db=float(
            np.mean([psnr_db(high - low, each.mean_square) for each, (low, high) in zip(steps, ends, strict=True)])
        ),
        largest_error=max(each.largest for each in steps),
        span=max(max(high for _, high in ends) - min(low for low, _ in ends), 0.0),
    )


def _counted(steps: Sequence[int], show: Show) -> Iterator[int]:
    for i, t in enumerate(steps):
        show("measuring", i, len(steps))
        yield t
    show("measuring", len(steps), len(steps))
