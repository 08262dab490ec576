"""Surrogates with key frames: fits the prediction that belongs to a code, and encodes time steps in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code, Component
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral_arguments import PredictionArguments, SpectralArguments
from earthgan.records import StepSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.encode import EncodedStep, Encoder
from earthgan_training.coding.prediction import ALL_CARRIED, CARRIED, FittedPrediction, chains_of, fit_prediction
from earthgan_training.coding.series import Link, SeriesEncoder
from earthgan_training.coding.work import Report, counted
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import write_coded_step

#: The ratio of a predicted step's bytes to those of a key frame, from which the fit starts.
EXPECTED_RATIO = 0.1


@dataclass(frozen=True)
class Parts:
    """A fitted code: its arguments, its arrays, and what encodes with it."""

    arguments: SpectralArguments
    state: Mapping[str, Any]
    code: Code[Component]
    encoder: Encoder


@dataclass(frozen=True)
class KeyFrames:
    """The settings of a surrogate with key frames, of which there is one in `every` time steps at least."""

    every: int
    source: Source
    train: Sequence[int]
    kelvins: float
    report: Report

    def fitted(self, fit: Callable[[int], Parts], step_bytes: int) -> Parts:
        """The code with which time steps take `step_bytes` on average. The bytes of predicted steps follow from those
        of key frames, so a first code tells their ratio.
        """
        first = fit(self._key_bytes(step_bytes, EXPECTED_RATIO))
        return fit(self._key_bytes(step_bytes, self.prediction(first, None).ratio))

    def prediction(self, parts: Parts, refinement: Refinement | None) -> FittedPrediction:
        """The prediction that suits a code and its refinement. Raises BadInput."""
        self.report("predicting", 0, 1)
        clock, chains = chains_of(parts.encoder, self.source, self.train, self.every)
        degree = parts.arguments.degree
        usual = PredictionArguments.model_fields["shells"].default
        draft = PredictionArguments(
            degree=degree if degree <= ALL_CARRIED else round(degree * CARRIED),
            shells=min(usual, parts.arguments.nodes),
            interval=min(b - a for chain in chains for a, b in zip(chain.times, chain.times[1:], strict=False)),
            clock=clock,
            key_every=self.every,
        )
        key = parts.encoder.key
        found = fit_prediction(parts.arguments, parts.code, refinement, key, self.kelvins, chains, draft)
        self.report("predicting", 1, 1)
        return found

    def _key_bytes(self, step_bytes: int, ratio: float) -> int:
        return round(step_bytes * self.every / (1 + (self.every - 1) * ratio))


def encode_in_order(
    folder: Path,
    series: SeriesEncoder,
    source: Source,
    steps: Sequence[int],
    report: Report,
    before: Callable[[int], Link | None] = lambda t: None,
) -> list[tuple[StepSpec, EncodedStep]]:
    """Encode time steps in ascending order and write them to a draft. `before` gives what is known before a time step
    whose predecessor is not encoded here. Raises BadInput.
    """
    records: list[tuple[StepSpec, EncodedStep]] = []
    last: Link | None = None
    for t in counted(sorted(set(steps)), "encoding", report):
        known = before(t)
        link = known if last is None or (known is not None and known.t > last.t) else last
        coded = series.encode(source, t, link)
        last, step = coded.link, source.step(t)
        written = write_coded_step(folder, t, coded.encoded.content, step.time_myr, step.label)
        stated = {"strength": coded.encoded.strength, "predicted_from": coded.predicted_from}
        records.append((written.model_copy(update=stated), coded.encoded))
    return records


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
