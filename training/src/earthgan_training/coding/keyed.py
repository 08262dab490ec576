"""Surrogates with key frames: fits the prediction that belongs to a code, and encodes time steps in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code, Component
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral_arguments import PredictionArguments, SpectralArguments
from earthgan.records import StepSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.encode import EncodedStep, Encoder
from earthgan_training.coding.prediction import (
    ALL_CARRIED,
    CARRIED,
    Chain,
    FittedPrediction,
    chains_of,
    clock_of,
    fit_physics,
    fit_prediction,
)
from earthgan_training.coding.series import Link, SeriesEncoder
from earthgan_training.coding.training import Field
from earthgan_training.coding.work import Report, counted
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import write_coded_step

#: The ratio of a predicted step's bytes to those of a key frame, from which the search of the size starts.
EXPECTED_RATIO = 0.1
#: The search ends when the average is this near to what was asked for, or after so many sizes of a key frame.
CLOSE, SIZES = 0.01, 4
#: Steps further apart than this many times the spacing of the steps to be encoded are no neighbours.
NEIGHBOURS = 1.5


@dataclass(frozen=True)
class Parts:
    """A fitted code: its arguments, its arrays, and what encodes with it."""

    arguments: SpectralArguments
    state: Mapping[str, Any]
    code: Code[Component]
    encoder: Encoder


class KeyFrames:
    """Fits a surrogate with key frames, of which there is one in `every` time steps at least, to training steps.

    `fields` are the normalised coefficients of the time steps `train` of a source by component, and `steps` are the
    time steps that will be encoded. Raises BadInput if no two training steps are neighbours.
    """

    def __init__(
        self,
        every: int,
        source: Source,
        train: Sequence[int],
        fields: Sequence[Mapping[str, Field]],
        steps: Sequence[int],
        kelvins: float,
        report: Report,
    ) -> None:
        self._every, self.kelvins, self._report = every, kelvins, report
        self._clock = clock_of(source.steps)
        times = [self._time(source, t) for t in train]
        encoded = sorted({self._time(source, t) for t in steps})
        spacing = NEIGHBOURS * float(np.median(np.diff(encoded))) if len(encoded) > 1 else np.inf
        self._chains = [[(fields[i], times[i]) for i in chain] for chain in chains_of(times, spacing, every)]
        if not self._chains:
            raise BadInput(f"{source.address}: --key-every needs time steps in --train that follow one another")
        self._physics: PredictionArguments | None = None
        self._share = self._keys(len(encoded)) / len(encoded)

    def fitted(self, fit: Callable[[int], Parts], step_bytes: int) -> Parts:
        """The code with which time steps take `step_bytes` on average. The bytes of predicted steps depend on those of
        key frames, so several sizes of a key frame are tried, by the secant method on logarithms. Raises BadInput.
        """
        size = step_bytes / (self._share + (1 - self._share) * EXPECTED_RATIO)
        tried: list[tuple[float, float]] = []
        while True:
            parts = fit(round(size))
            ratio = min(self.prediction(parts, None).ratio, 1.0)
            missed = np.log(size * (self._share + (1 - self._share) * ratio) / step_bytes)
            tried.append((np.log(size), missed))
            if abs(missed) < CLOSE or len(tried) == SIZES:
                return parts
            slope = 1.0
            if len(tried) > 1:
                (first, missed_first), (second, missed_second) = tried[-2:]
                slope = max((missed_second - missed_first) / (second - first), 0.2)
            size *= float(np.exp(-missed / slope))

    def prediction(self, parts: Parts, refinement: Refinement | None) -> FittedPrediction:
        """The prediction that suits a code and its refinement. Raises BadInput."""
        self._report("predicting", 0, 1)
        chains = [
            Chain([parts.encoder.in_modes(fields) for fields, _ in chain], [time for _, time in chain])
            for chain in self._chains
        ]
        arguments, code = parts.arguments, parts.code
        # Exact steps give the physics, so it is that of codes of any size.
        self._physics = self._physics or fit_physics(
            arguments, code, self.kelvins, chains, self._draft(arguments, chains)
        )
        found = fit_prediction(arguments, code, refinement, parts.encoder.key, self.kelvins, chains, self._physics)
        self._report("predicting", 1, 1)
        return found

    def _draft(self, arguments: SpectralArguments, chains: Sequence[Chain]) -> PredictionArguments:
        degree = arguments.degree
        usual = PredictionArguments.model_fields["shells"].default
        return PredictionArguments(
            degree=degree if degree <= ALL_CARRIED else round(degree * CARRIED),
            shells=min(usual, arguments.nodes),
            interval=min(b - a for chain in chains for a, b in pairwise(chain.times)),
            clock=self._clock,
            key_every=self._every,
        )

    def _keys(self, steps: int) -> int:
        """The number of key frames among so many steps without a jump, as `encode_in_order` places them."""
        first = PredictionArguments(degree=1, interval=1, key_every=self._every).most + 1
        return 1 + max(0, -(-(steps - first) // self._every))

    def _time(self, source: Source, t: int) -> float:
        return float(t if self._clock == "t" else source.step(t).time_myr or 0)


def encode_in_order(
    folder: Path,
    series: SeriesEncoder,
    source: Source,
    steps: Sequence[int],
    report: Report,
    before: Callable[[int], Link | None] = lambda t: None,
) -> list[tuple[StepSpec, EncodedStep]]:
    """Encode time steps and write them to a draft. `before` gives what is known before a time step whose predecessor is
    not encoded here. Raises BadInput.

    A time step is predicted from the one before it. Where that is too far from a key frame, the next key frame comes a
    little later, and the steps up to it are predicted from it backwards. So fewer predictions lead to any step than if
    each key frame were the first of its steps.
    """
    records: dict[int, tuple[StepSpec, EncodedStep]] = {}
    last: Link | None = None

    def encoded(t: int, near: Link | None) -> Link:
        coded, step = series.encode(source, t, near), source.step(t)
        written = write_coded_step(folder, t, coded.encoded.content, step.time_myr, step.label)
        stated = {"strength": coded.encoded.strength, "predicted_from": coded.predicted_from}
        records[t] = written.model_copy(update=stated), coded.encoded
        return coded.link

    ascending = sorted(set(steps))
    for i, t in enumerate(counted(ascending, "encoding", report)):
        if t in records:
            continue
        known = before(t)
        if last is None or (known is not None and known.t > last.t):
            last = known
        if last is not None and series.reaches(last, series.time(source, t)):
            last = encoded(t, last)
            continue
        # Readers begin with the first step of all, so it is a key frame.
        *back, key = ascending[i : i + (0 if last is None else series.arguments.back) + 1]
        last = link = encoded(key, None)
        for earlier in reversed(back):
            link = encoded(earlier, link)
    return [records[t] for t in ascending]


def added_in_order(
    folder: Path, surrogate: Surrogate, source: Source, steps: Sequence[int], report: Report
) -> list[tuple[StepSpec, EncodedStep]]:
    """Encode further time steps of a surrogate with key frames, each predicted from the one before it. Raises BadInput
    if another time step is predicted from one that is encoded anew.
    """
    arguments = surrogate.spec.generator.arguments
    assert isinstance(arguments, SpectralArguments)
    by_t = {step.t: step for step in surrogate.steps}
    for step in surrogate.steps:
        if step.predicted_from in steps and step.t not in steps:
            raise BadInput(
                f"{surrogate.folder}: step {step.t} is predicted from step {step.predicted_from}: encode both again"
            )
    series = SeriesEncoder.load(
        arguments, surrogate.weights_path, Encoder.of(surrogate), surrogate.spec.variables[0].normalisation.scale
    )

    def depth(step: StepSpec) -> int:
        return 0 if step.predicted_from is None else 1 + depth(by_t[step.predicted_from])

    def before(t: int) -> Link | None:
        earlier = [step for step in surrogate.steps if step.t < t and step.t not in steps]
        if not earlier:
            return None
        step = earlier[-1]
        time = step.t if series.arguments.clock == "t" else step.time_myr
        if time is None:
            return None
        return Link(step.t, float(time), depth(step), surrogate.conditional_input(step.t), step.strength)

    return encode_in_order(folder, series, source, steps, report, before)
