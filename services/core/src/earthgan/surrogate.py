"""A surrogate folder, opened: verified, and able to plan any window of its globe for whatever runs the generator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from earthgan.bounded import Bounded
from earthgan.errors import (
    DamagedSurrogate,
    EngineAnswerInvalid,
    InvalidRequest,
    UnknownShell,
    UnknownStep,
    UnknownVariable,
    what_is_wrong,
)
from earthgan.kinds.registry import Feeds, Inputs, Kind, Planner, kind_of
from earthgan.records import FileSpec, StepSpec
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.sphere.grid import Window

#: How many whole neighbouring shells one call of the generator gives; 38 of the paper's would take 1.3 GB.
LONGEST_RUN = 16
#: Memory for time steps that were read, unless told otherwise.
STEPS_BYTES = 96 * 2**20

Field = NDArray[np.float32]

#: Runs the generator: named inputs in, normalised field `(1, variable, shell, latitude, longitude)` out.
Backend = Callable[[Mapping[str, NDArray[np.generic]]], Field]


class Surrogate:
    """A verified surrogate folder.

    `digest` identifies everything in it: the SHA-256 of `spec.json`, which holds the digests of all other files.
    `steps_bytes` bounds what is kept of the time steps that were read.
    Raises DamagedSurrogate, naming the file, when anything is missing, unreadable or altered.

    A command may change the folder at any time (`earthgan_training.surrogates.folder`): a surrogate that is opened
    meanwhile is the old one or the new one. One that was opened before raises DamagedSurrogate for the conditional
    inputs that are no longer there.
    """

    def __init__(self, folder: Path | str, steps_bytes: int = STEPS_BYTES) -> None:
        self.folder = Path(folder)
        self.spec, self.digest = read_spec(self.folder / SPEC_FILE)
        while True:
            try:
                self.kind = self._opened()
                break
            except DamagedSurrogate:
                damaged = self.digest
                self.spec, self.digest = read_spec(self.folder / SPEC_FILE)
                if self.digest == damaged:
                    raise
        self.grid = self.spec.grid.shell_grid
        self.variables = tuple(variable.name for variable in self.spec.variables)
        self._steps = {step.t: step for step in self.spec.inputs.steps}
        self.inputs.keep(steps_bytes // 2)
        self._conditional_inputs: Bounded[int, Field] = Bounded(steps_bytes // 2, lambda field: field.nbytes)

    def _opened(self) -> Kind:
        spec = self.spec
        for file in files_of(spec):
            _verify(self.folder / file.file, file.sha256)
        arguments, grid = spec.generator.arguments, spec.grid.shell_grid
        try:
            kind = kind_of(arguments).open(arguments, spec.inputs, spec.variables, grid, self.weights_path)
        except ValueError as error:
            raise DamagedSurrogate(self.folder / SPEC_FILE, str(error)) from error
        for step in self.steps:
            kind.inputs.check(self.folder / step.file)
        return kind

    @property
    def planner(self) -> Planner:
        return self.kind.planner

    @property
    def inputs(self) -> Inputs:
        return self.kind.inputs

    @property
    def steps(self) -> tuple[StepSpec, ...]:
        return self.spec.inputs.steps

    @property
    def weights_path(self) -> Path:
        return self.folder / self.spec.generator.weights.file

    @property
    def onnx_path(self) -> Path:
        """Raises DamagedSurrogate where the surrogate has not been exported."""
        if self.spec.generator.onnx is None:
            raise DamagedSurrogate(self.folder / SPEC_FILE, "has no ONNX generator: run `earthgan export`")
        return self.folder / self.spec.generator.onnx.file

    def check_variable(self, name: str) -> int:
        """The index of a variable. Raises UnknownVariable."""
        if name not in self.variables:
            raise UnknownVariable(name, self.variables)
        return self.variables.index(name)

    def check_step(self, t: int) -> StepSpec:
        """The step of that number. Raises UnknownStep."""
        if t not in self._steps:
            raise UnknownStep(t, self.steps[0].t, self.steps[-1].t)
        return self._steps[t]

    def check_shell(self, r: int) -> float:
        """The radius in km of that shell. Raises UnknownShell."""
        if not 0 <= r < len(self.grid.radii_km):
            raise UnknownShell(r, len(self.grid.radii_km))
        return self.grid.radii_km[r]

    def check_box(self, rows: range, columns: range) -> None:
        """Raises InvalidRequest for rows that the grid does not have, or columns that are none or more than a turn."""
        _, height, width = self.grid.shape
        if not (0 <= rows.start < rows.stop <= height and rows.step == 1):
            raise InvalidRequest(f"rows {rows.start} to {rows.stop} are not a part of 0 to {height}")
        if not (abs(columns.start) <= width and 0 < columns.stop - columns.start <= width and columns.step == 1):
            raise InvalidRequest(f"columns {columns.start} to {columns.stop} are not at most one turn of {width}")

    def conditional_input(self, t: int) -> Field:
        """What the generator is given of a step: a normalised field on the inputs' grid, or coefficients."""
        return self._conditional_inputs.get_or(t, lambda: self.inputs.read(self._step_path(t)))

    def read_ahead(self, t: int) -> bool:
        """Have the conditional input of a step at hand. Returns whether memory is full: another was forgotten for it.

        Raises UnknownStep, DamagedSurrogate.
        """
        return self.inputs.read_ahead(self._step_path(t))

    def _step_path(self, t: int) -> Path:
        step = self.check_step(t)
        path = self.folder / step.file
        try:
            _verify(path, step.sha256)
        except DamagedSurrogate as error:
            raise DamagedSurrogate(path, "has changed since it was opened: restart what reads it") from error
        return path

    def feeds(self, t: int, window: Window, seed: int | None) -> Feeds:
        """Everything the generator takes to give `window` of step `t`, and nothing more."""
        return {"x": self.inputs.cut(self.conditional_input(t), window), **self.planner.feeds(window, seed)}

    def normalised(
        self, backend: Backend | None, t: int, window: Window, seed: int | None, variables: Sequence[int] | None = None
    ) -> Field:
        """The generator's own numbers `(variable, shell, latitude, longitude)` in a window, of all variables or of
        those at the indices named. Without a backend, the kind itself computes them, and nothing that is not asked for.

        Raises EngineAnswerInvalid.
        """
        if backend is None:
            index = range(len(self.variables)) if variables is None else variables
            return self.kind.evaluate(self.conditional_input(t), window, index)
        answer = backend(self.feeds(t, window, seed))
        expected = (1, len(self.variables), *window.shape)
        if answer.shape != expected:
            raise EngineAnswerInvalid(f"the generator gave shape {answer.shape} where {expected} was due")
        normalised: Field = answer[0]
        return normalised if variables is None else normalised[list(variables)]

    def in_units(self, normalised: Field, variables: Sequence[str]) -> Field:
        """Physical values of normalised ones `(variable, ...)`."""
        by_name = {v.name: (v.normalisation.offset, v.normalisation.scale) for v in self.spec.variables}
        offset, scale = _columns([by_name[name] for name in variables])
        field: Field = normalised * scale + offset
        return field

    def shells(
        self,
        backend: Backend | None,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None = None,
        rows: range | None = None,
        columns: range | None = None,
    ) -> Field:
        """Normalised radial shells `(variable, shell, latitude, longitude)`, neighbouring ones in one call of the
        generator; with `rows` and `columns`, which may run over the date line, that part of each shell and no more
        work than it takes.

        Raises UnknownVariable, UnknownStep, UnknownShell, InvalidRequest for a part that is none, and
        EngineAnswerInvalid where the generator gives another shape or numbers that are not finite.
        """
        index = [self.check_variable(name) for name in variables]
        self.check_step(t)
        for r in shells:
            self.check_shell(r)
        whole = self.grid.whole
        rows, columns = whole.rows if rows is None else rows, whole.columns if columns is None else columns
        self.check_box(rows, columns)
        longest = LONGEST_RUN * len(whole.rows) * len(whole.columns) // (len(rows) * len(columns))
        parts = [
            self.normalised(backend, t, Window(run, rows, columns), self.spec.seed if seed is None else seed, index)
            for run in _runs(shells, longest)
        ]
        empty = np.empty((len(index), 0, len(rows), len(columns)), np.float32)
        field = np.concatenate(parts, axis=1) if parts else empty
        return _finite(field)

    def lateral_means(self, t: int) -> dict[str, Field]:
        """Means over the sphere `(shell,)` in units, by variable: those that the conditional input of a step tells
        without the generator. Raises UnknownStep.
        """
        means = self.kind.lateral_means(self.conditional_input(t))
        return {name: self.in_units(mean[None, :, None, None], [name])[0, :, 0, 0] for name, mean in means.items()}

    def probe(self, backend: Backend | None) -> Field:
        """A single voxel of the first step: the smallest real inference. Raises EngineAnswerInvalid."""
        return _finite(self.normalised(backend, self.steps[0].t, Window(range(1), range(1), range(1)), self.spec.seed))


def _finite(field: Field) -> Field:
    if not np.isfinite(field).all():
        raise EngineAnswerInvalid("the generator gave numbers that are not finite")
    return field


def _runs(shells: Sequence[int], longest: int) -> list[range]:
    """Consecutive shells as ranges, none longer than that: [3, 4, 5, 9] is [range(3, 6), range(9, 10)]."""
    runs: list[range] = []
    for r in shells:
        if runs and r == runs[-1].stop and len(runs[-1]) < longest:
            runs[-1] = range(runs[-1].start, r + 1)
        else:
            runs.append(range(r, r + 1))
    return runs


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[Field, Field]:
    """(offset, scale) pairs as two arrays that broadcast over `(variable, shell, latitude, longitude)`."""
    table = np.array(pairs, dtype=np.float32).T[..., None, None, None]
    return table[0], table[1]


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, as lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(spec: SurrogateSpec) -> list[FileSpec]:
    """Every file that a spec names."""
    generator = spec.generator
    return [file for file in (generator.weights, generator.onnx, *spec.inputs.steps) if file is not None]


def read_spec(path: Path) -> tuple[SurrogateSpec, str]:
    """What a `spec.json` says, and its digest. Raises DamagedSurrogate."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DamagedSurrogate(path, error.strerror or "cannot be read") from error
    try:
        return SurrogateSpec.model_validate_json(text), hashlib.sha256(text).hexdigest()
    except ValidationError as error:
        raise DamagedSurrogate(path, what_is_wrong(error)) from error


def _verify(path: Path, sha256: str) -> None:
    try:
        actual = file_sha256(path)
    except OSError as error:
        raise DamagedSurrogate(path, error.strerror or "cannot be read") from error
    if actual != sha256:
        raise DamagedSurrogate(path, "does not have the digest that spec.json states (truncated or altered)")
