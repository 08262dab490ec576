"""Encodes time steps: key frames, and time steps that are predicted from a decoded neighbour.

The encoder predicts from what a decoder has, so errors of the code do not add up along a chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code, Component
from earthgan.kinds.prediction import Predictor
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral_arguments import PredictionArguments, SpectralArguments
from earthgan_training.coding.encode import Coefficients, EncodedStep, Encoder
from earthgan_training.coding.modes import degrees_of_rows, in_rows
from earthgan_training.coding.tables import loudness_of
from earthgan_training.simulations.labelled import Source

Array = NDArray[np.float32]

#: A time step that lies more passes of the predictor from its neighbour is a key frame.
MOST_PASSES = 8


def decoded_key(code: Code[Component], refinement: Refinement | None, data: bytes) -> Array:
    """The decoded and refined coefficients `(degree, order, part, mode)` of a key frame, of all components."""
    step = code.decode(data)
    if refinement is not None:
        modes = code.components["temperature"].basis.shape[1]
        step = code.added(step, refinement(code.coefficients(step)[..., :modes]))
    return code.coefficients(step)


@dataclass(frozen=True)
class Coder:
    """Codes differences from predictions and decodes them, as `earthgan.kinds.coded_inputs` does."""

    code: Code[Component]
    predictor: Predictor

    def difference(self, truth: Coefficients, prediction: Array) -> bytes:
        """The code of a time step's difference from its prediction. Raises ValueError if it is too large."""
        parts: dict[str, NDArray[np.float64]] = {}
        first = 0
        for name, component in self.code.components.items():
            modes = component.basis.shape[1]
            parts[name] = truth[name] - prediction[..., first : first + modes]
            first += modes
        tables = np.concatenate([self._tables(each) for each in self.code.components.values()], axis=1)
        scaled = np.concatenate([in_rows(parts[name]) / self._step(name) for name in parts], axis=1)
        loudness = loudness_of(scaled, tables[degrees_of_rows(self.code.degree)])
        return self.code.encode(parts, loudness, predicted=True)

    def decoded(self, data: bytes, prediction: Array) -> Array:
        """The coefficients of a predicted time step."""
        return np.asarray(prediction + self.code.coefficients(self.code.decode(data, predicted=True)))

    def _step(self, name: str) -> float:
        return self.code.components[name].step * self.predictor.arguments.coarseness

    @staticmethod
    def _tables(component: Component) -> NDArray[np.int8]:
        assert component.predicted is not None
        return component.predicted


@dataclass(frozen=True)
class Link:
    """A decoded time step: its number, its time, how many predictions lead to it, its coefficients, and the strength of
    its buoyancy.
    """

    t: int
    time: float
    depth: int
    state: Array
    strength: float


@dataclass(frozen=True)
class CodedLink:
    """An encoded time step, the time step from which it is predicted, if it is, and what a decoder makes of it."""

    encoded: EncodedStep
    predicted_from: int | None
    link: Link


class SeriesEncoder:
    """Encodes time steps one after another for a surrogate that predicts time steps."""

    def __init__(
        self, encoder: Encoder, code: Code[Component], refinement: Refinement | None, predictor: Predictor
    ) -> None:
        self.encoder, self._code, self._refinement = encoder, code, refinement
        self._coder = Coder(code, predictor)

    @classmethod
    def load(cls, arguments: SpectralArguments, weights: Path, encoder: Encoder, kelvins: float) -> SeriesEncoder:
        """The encoder of a surrogate's weights. Raises DamagedSurrogate."""
        code = Code.load(weights, arguments)
        temperature = code.components["temperature"]
        refinement = Refinement.load(weights, arguments, temperature) if arguments.refinement else None
        bases = {name: component.basis for name, component in code.components.items()}
        return cls(encoder, code, refinement, Predictor.load(weights, arguments, bases, kelvins))

    @property
    def arguments(self) -> PredictionArguments:
        return self._coder.predictor.arguments

    def encode(self, source: Source, t: int, near: Link | None) -> CodedLink:
        """Encode a time step. It becomes a key frame if that takes fewer bytes, if the chain is long enough, or if no
        time step `near` it is known. Raises BadInput.
        """
        time, true = self.time(source, t), self.encoder.read(source, t)
        try:
            data, origin, depth = self.encoder.key(true.coefficients), None, 0
            found = None if near is None else self._predicted(true.coefficients, time, near)
        except ValueError as error:
            raise BadInput(f"{source.address}: step {t}: {error}") from error
        if near is not None and found is not None and len(found[0]) < len(data):
            (data, state), origin, depth = found, near.t, near.depth + 1
        else:
            state = decoded_key(self._code, self._refinement, data)
        encoded = self.encoder.checked(source, t, true, data, lambda: state)
        return CodedLink(encoded, origin, Link(t, time, depth, state, encoded.strength))

    def time(self, source: Source, t: int) -> float:
        """The time of a source's step on the predictor's clock. Raises BadInput if the source does not say it."""
        time = t if self.arguments.clock == "t" else source.step(t).time_myr
        if time is None:
            raise BadInput(f"{source.address}: step {t} has no time, from which steps are predicted")
        return float(time)

    def reaches(self, near: Link, time: float) -> bool:
        """Whether a time step at this time may be predicted from the one `near` it."""
        duration = time - near.time
        passes = self._coder.predictor.passes(duration, near.strength)
        return near.depth < self.arguments.most and duration != 0 and passes <= MOST_PASSES

    def _predicted(self, truth: Coefficients, time: float, near: Link) -> tuple[bytes, Array] | None:
        """The bytes and the coefficients of a predicted time step. None if it should not be predicted."""
        if not self.reaches(near, time):
            return None
        prediction = self._coder.predictor.predicted(near.state, time - near.time, near.strength)
        if not np.isfinite(prediction).all():
            return None
        data = self._coder.difference(truth, prediction)
        return data, self._coder.decoded(data, prediction)
