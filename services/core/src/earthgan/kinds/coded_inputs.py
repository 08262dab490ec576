"""Conditional inputs that are coded coefficients. They are read, refined and kept, and previewed on a coarse grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, model_validator

from earthgan.bounded import Bounded
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Code, CodedStep
from earthgan.kinds.corrections import Corrections, corrections_of, parted
from earthgan.kinds.kept_inputs import KeptInputs
from earthgan.kinds.prediction import Predictor
from earthgan.kinds.refine import Refinement
from earthgan.kinds.registry import StepInputs
from earthgan.kinds.spectral_arguments import Clock
from earthgan.records import StepSpec, optional
from earthgan.sphere.grid import ShellGrid, Window

Field = NDArray[np.float32]

#: The shells, rows and columns of a preview of coded inputs. Inputs that lie on a grid have about this size.
LOOK = 30, 28, 56
#: Key frames are kept longest, and of the steps that are predicted from them each second one: all others are a single
#: prediction away from these.
KEPT_EVERY = 2
#: The share of the memory that keeps all other predicted steps. They are those that were asked for last.
LATEST_SHARE = 1 / 8


class CodedInputsSpec(StepInputs):
    """The conditional inputs are coded coefficients (`earthgan.kinds.coded`). Time steps that are predicted from one
    another have their files in one folder.

    With `max_error`, no cell of the surrogate's grid is off by more than that in a stored time step. It has a number
    for each variable, in its unit. Each time step then ends with the corrections that keep this promise
    (`earthgan.kinds.corrections`).
    """

    may_predict = True

    coded: Literal[True] = True
    max_error: tuple[PositiveFloat, ...] | None = optional(None)

    @model_validator(mode="after")
    def _chains_share_a_folder(self) -> CodedInputsSpec:
        folders = {step.t: PurePosixPath(step.file).parent for step in self.steps}
        if any(
            step.predicted_from is not None and folders[step.predicted_from] != folders[step.t] for step in self.steps
        ):
            raise ValueError("a time step is predicted from a file in another folder")
        return self


class Evaluator(Protocol):
    """Evaluates coefficients on a grid, and on any other grid of the same planet."""

    grid: ShellGrid
    variables: int

    def on(self, grid: ShellGrid) -> Evaluator: ...

    def evaluate(self, x: Field, window: Window, variables: Sequence[int]) -> Field: ...


@dataclass(frozen=True)
class Packed:
    """A predicted time step: the coefficients of orders that a degree has, and of modes `used` `(degree, mode)` that it
    has. All others are 0.
    """

    values: Field
    used: NDArray[np.bool_]

    @property
    def bytes(self) -> int:
        """The memory that this object takes."""
        return self.values.nbytes + self.used.nbytes + 400

    @classmethod
    def of(cls, coefficients: Field) -> Packed:
        """Pack coefficients `(degree, order, part, mode)`."""
        used = (coefficients != 0).any(axis=(1, 2))
        return cls(coefficients[_places(used)], used)

    def unpacked(self) -> Field:
        """The coefficients `(degree, order, part, mode)`."""
        degrees, modes = self.used.shape
        out = np.zeros((degrees, degrees, 2, modes), np.float32)
        out[_places(self.used)] = self.values
        return out


def _places(used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where coefficients `(degree, order, part, mode)` may differ from 0."""
    degrees, modes = used.shape
    orders = np.tri(degrees, dtype=bool)[:, :, None, None]
    return np.broadcast_to(orders & used[:, None, None], (degrees, degrees, 2, modes))


@dataclass(frozen=True)
class Predictions:
    """How time steps follow from one another: `before` names the file from which a file's time step is predicted.
    `times` holds the time of each file's time step, on the predictor's clock, and `strengths` that of its buoyancy.
    """

    predictor: Predictor
    before: Mapping[str, str]
    times: Mapping[str, float]
    strengths: Mapping[str, float]

    @classmethod
    def of(cls, predictor: Predictor, steps: Sequence[StepSpec]) -> Predictions:
        """The predictions of a surrogate's time steps. Raises ValueError if a time step does not say its time."""
        names = {step.t: PurePosixPath(step.file).name for step in steps}
        before = {names[step.t]: names[step.predicted_from] for step in steps if step.predicted_from is not None}
        times = {names[step.t]: time_of(step, predictor.arguments.clock) for step in steps}
        return cls(predictor, before, times, {names[step.t]: step.strength for step in steps})

    def chain(self, name: str) -> list[str]:
        """The names of a file and of those from which it is predicted, back to the key frame."""
        chain = [name]
        while before := self.before.get(chain[-1]):
            chain.append(before)
        return chain

    def span(self, before: Path, after: Path) -> tuple[float, float]:
        """The time from one time step to another, and the strength of the first one's buoyancy."""
        return self.times[after.name] - self.times[before.name], self.strengths[before.name]


class CodedInputs(KeptInputs[Path, CodedStep | Packed]):
    """Conditional inputs that are coefficients `(degree, order, part, mode)`.

    They are stored as their code. If the surrogate has a refinement, key frames are refined after decoding. A time step
    that is predicted is decoded after the time step from which it is predicted. Decoded time steps are kept, because a
    time series asks for a point of each, and decoding would be nearly all of its work. A key frame of 12 kB takes
    200 kB, a predicted time step of degree 95 takes 1.7 MB. Threads that need the same key frame at once take turns,
    because most of their work is the same.

    If the surrogate promises a largest error, `units` are the sizes of a correction of each variable, in normalised
    numbers.
    """

    def __init__(
        self,
        code: Code[Any],
        refinement: Refinement | None,
        planner: Evaluator,
        predictions: Predictions | None = None,
        units: tuple[float, ...] | None = None,
    ) -> None:
        self._units, self._shape = units, (planner.variables, *planner.grid.shape)
        self._code, self._refinement, self._predictions = code, refinement, predictions
        self._turns: dict[str, Lock] = {}
        super().__init__(lambda step: step.bytes if isinstance(step, Packed) else step.values.nbytes + 200)
        shells, rows, columns = LOOK
        radii_km = np.linspace(planner.grid.radii_km[0], planner.grid.radii_km[-1], shells)
        self._look_grid = ShellGrid.cell_centred(tuple(radii_km.tolist()), rows, columns)
        self._look = planner.on(self._look_grid)

    def read(self, path: Path) -> Field:
        return self._coefficients(self._step(path)[0])

    def coded(self, path: Path) -> Field | None:
        """The coefficients that a key frame codes, before they are refined. None for a predicted time step."""
        if len(self._chain(path)) > 1:
            return None
        return self._code.coefficients(self._coded(path, predicted=False))

    def has(self, path: Path) -> bool:
        return self._kept(path).get(path) is not None

    def read_ahead(self, path: Path) -> bool:
        """Decode a time step that is kept for long. All others are quick after it."""
        return self._kept(path) is self._decoded and self._step(path)[1]

    def _step(self, path: Path) -> tuple[CodedStep | Packed, bool]:
        """A decoded time step, and whether another one was dropped for it."""
        kept = self._kept(path)
        found = kept.get(path)
        if found is not None:
            return found, False
        with self._turns.setdefault(self._chain(path)[-1].name, Lock()):
            found = kept.get(path)  # another thread may have been faster
            if found is not None:
                return found, False
            found = self._decode(path)
            return found, kept.set(path, found)

    def _chain(self, path: Path) -> list[Path]:
        """The paths of a time step and of those from which it is predicted, back to the key frame."""
        names = self._predictions.chain(path.name) if self._predictions else [path.name]
        return [path.with_name(name) for name in names]

    def _kept(self, path: Path) -> Bounded[Path, CodedStep | Packed]:
        """The memory that keeps a time step."""
        predictions = len(self._predictions.chain(path.name)) - 1 if self._predictions else 0
        return self._latest if predictions % KEPT_EVERY else self._decoded

    def between(self, before: Path, after: Path, share: float) -> Field:
        """The coefficients between two neighbouring time steps. The first one is carried to that time, and a share of
        what the second one differs from the first one carried to its time is added.

        Raises ValueError if the surrogate does not say how time steps follow from one another, and DamagedSurrogate.
        """
        if self._predictions is None:
            raise ValueError("this surrogate does not say how its time steps follow from one another")
        first, last = self.read(before), self.read(after)
        carried, (duration, strength) = self._predictions.predictor.carried, self._predictions.span(before, after)
        missed = last - carried(first, duration, strength)
        return carried(first, share * duration, strength) + np.float32(share) * missed

    def _decode(self, path: Path) -> CodedStep | Packed:
        """Decode a time step from the nearest one before it that is kept. On the way, it keeps those that stay for
        long.
        """
        chain = self._chain(path)
        found = None
        for back, earlier in enumerate(chain[1:], 1):
            if (found := self._kept(earlier).get(earlier)) is not None:
                chain = chain[: back + 1]
                break
        if found is None:
            found = self._key(chain[-1])
            if len(chain) > 1:
                self._decoded.set(chain[-1], found)
        if len(chain) == 1:
            return found
        assert self._predictions is not None
        coefficients = self._coefficients(found)
        for earlier, later in pairwise(reversed(chain)):
            duration, strength = self._predictions.span(earlier, later)
            difference = self._code.coefficients(self._coded(later, predicted=True))
            coefficients = self._predictions.predictor.predicted(coefficients, duration, strength) + difference
            if later != path and self._kept(later) is self._decoded:
                self._decoded.set(later, Packed.of(coefficients))
        return Packed.of(coefficients)

    def _key(self, path: Path) -> CodedStep:
        """Decode and refine a key frame. It holds far fewer numbers than there are coefficients."""
        step = self._coded(path, predicted=False)
        if self._refinement is None:
            return step
        modes = self._code.components["temperature"].basis.shape[1]
        return self._code.added(step, self._refinement(self._code.coefficients(step)[..., :modes]))

    def _coded(self, path: Path, predicted: bool) -> CodedStep:
        try:
            data = path.read_bytes()
            return self._code.decode(data if self._units is None else parted(data)[0], predicted)
        except (OSError, ValueError) as error:
            raise DamagedSurrogate(path, str(error)) from error

    def _coefficients(self, step: CodedStep | Packed) -> Field:
        return step.unpacked() if isinstance(step, Packed) else self._code.coefficients(step)

    def keep(self, max_bytes: int) -> None:
        latest = int(LATEST_SHARE * max_bytes) if self._predictions and self._predictions.before else 0
        super().keep(max_bytes - latest)
        self._latest: Bounded[Path, CodedStep | Packed] = Bounded(latest, self._value_bytes)
        self._corrections: Bounded[Path, Corrections] = Bounded(max_bytes // 8, lambda kept: 12 * len(kept.cells) + 200)

    def corrections(self, path: Path) -> Corrections | None:
        """The corrections of a time step; None if the surrogate promises no largest error. Raises DamagedSurrogate."""
        if self._units is None:
            return None
        return self._corrections.get_or(path, lambda: self._read_corrections(path))

    def _read_corrections(self, path: Path) -> Corrections:
        assert self._units is not None
        try:
            return corrections_of(parted(path.read_bytes())[1], self._shape, self._units)
        except (OSError, ValueError) as error:
            raise DamagedSurrogate(path, str(error)) from error

    def cut(self, conditional_input: Field, window: Window) -> Field:
        return conditional_input[None]

    def look(self, conditional_input: Field) -> tuple[ShellGrid, Field]:
        variables = range(self._look.variables)
        return self._look_grid, self._look.evaluate(conditional_input, self._look_grid.whole, variables)


def time_of(step: StepSpec, clock: Clock) -> float:
    """The time of a time step on a clock. Raises ValueError if the time step does not say it."""
    time = step.t if clock == "t" else step.time_myr
    if time is None:
        raise ValueError(f"step {step.t} has no time, from which steps are predicted")
    return float(time)
