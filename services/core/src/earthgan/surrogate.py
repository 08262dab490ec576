"""Opens and verifies a surrogate folder, and computes any window of its globe with any backend for its generator."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import Bounded
from earthgan.errors import (
    DamagedSurrogate,
    EngineAnswerInvalid,
    InvalidRequest,
    UnknownShell,
    UnknownStep,
    UnknownVariable,
)
from earthgan.kinds.registry import Feeds, Inputs, Kind, Planner, kind_of
from earthgan.mask import Mask
from earthgan.records import FileSpec, StepSpec
from earthgan.spec import SPEC_FILE
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.verified import decoding, files_of, read_spec, verify

#: One call of the generator computes at most this many whole neighbouring shells. 38 shells of the paper's generator
#: would take 1.3 GB.
LONGEST_RUN = 16
#: The default for the memory in bytes that keeps time steps that were read.
STEPS_BYTES = 96 * 2**20
#: The memory in bytes that keeps masks of single time steps.
MASKS_BYTES = 16 * 2**20

Field = NDArray[np.float32]

#: Runs the generator. It takes inputs by name and returns a normalised field
#: `(1, variable, shell, latitude, longitude)`.
Backend = Callable[[Mapping[str, NDArray[np.generic]]], Field]


class Surrogate:
    """A verified surrogate folder.

    `digest` is the SHA-256 of `spec.json`. That file holds the digests of all other files, so `digest` identifies the
    whole folder. `steps_bytes` bounds the memory for time steps that were read.
    Raises DamagedSurrogate, which names the file, if anything is missing, unreadable or altered.

    A command may change the folder at any time (`earthgan_training.surrogates.folder`). A surrogate that is opened
    meanwhile is either the old one or the new one. A surrogate that was opened before the change raises
    DamagedSurrogate for conditional inputs that are no longer there.
    """

    def __init__(self, folder: Path | str, steps_bytes: int = STEPS_BYTES) -> None:
        self.folder = Path(folder)
        #: The first damage that was met after the folder was opened.
        self.damage: DamagedSurrogate | None = None
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
        self._masks: Bounded[str, Mask] = Bounded(MASKS_BYTES, lambda mask: mask.bits.nbytes)
        self.mask = None if self.spec.mask is None else self._read_mask(self.spec.mask)
        for file in {step.mask.file: step.mask for step in self.steps if step.mask is not None}.values():
            self._read_mask(file)
        self.inputs.keep(
            steps_bytes - steps_bytes // 5
        )  # what is slow to decode is worth more than what follows from it
        self._conditional_inputs: Bounded[float, Field] = Bounded(steps_bytes // 5, lambda field: field.nbytes)

    def _opened(self) -> Kind:
        spec = self.spec
        for file in files_of(spec):
            verify(self.folder, file)
        arguments, grid = spec.generator.arguments, spec.grid.shell_grid
        try:
            kind = kind_of(arguments).open(arguments, spec.inputs, spec.variables, grid, self.weights_path)
        except DamagedSurrogate:
            raise
        except Exception as error:  # parts that do not fit each other fail in many ways
            raise DamagedSurrogate(self.folder / SPEC_FILE, str(error) or type(error).__name__) from error
        for step in self.steps:
            with decoding(self.folder / step.file):
                kind.inputs.check(self.folder / step.file)
        return kind

    def _read_mask(self, file: FileSpec) -> Mask:
        path = self.folder / file.file
        try:
            return Mask.read(path.read_bytes(), len(self.variables), self.grid)
        except (OSError, ValueError) as error:
            raise DamagedSurrogate(path, str(error)) from error

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
        """The path of the generator as ONNX. Raises DamagedSurrogate if the surrogate has not been exported."""
        if self.spec.generator.onnx is None:
            raise DamagedSurrogate(self.folder / SPEC_FILE, "has no ONNX generator: run `earthgan export`")
        return self.folder / self.spec.generator.onnx.file

    def check_variable(self, name: str) -> int:
        """The index of a variable. Raises UnknownVariable."""
        if name not in self.variables:
            raise UnknownVariable(name, self.variables)
        return self.variables.index(name)

    def check_step(self, t: int) -> StepSpec:
        """The time step `t`. Raises UnknownStep."""
        if t not in self._steps:
            raise UnknownStep(t, self.steps[0].t, self.steps[-1].t)
        return self._steps[t]

    def check_shell(self, r: int) -> float:
        """The radius in km of radial shell `r`. Raises UnknownShell."""
        if not 0 <= r < len(self.grid.radii_km):
            raise UnknownShell(r, len(self.grid.radii_km))
        return self.grid.radii_km[r]

    def check_box(self, rows: range, columns: range) -> None:
        """Raise InvalidRequest for rows that the grid does not have, for no columns, and for more than one turn."""
        _, height, width = self.grid.shape
        if not (0 <= rows.start < rows.stop <= height and rows.step == 1):
            raise InvalidRequest(f"rows {rows.start} to {rows.stop} are not within rows 0 to {height}")
        if not (abs(columns.start) <= width and 0 < columns.stop - columns.start <= width and columns.step == 1):
            raise InvalidRequest(f"columns {columns.start} to {columns.stop} are not part of one turn of {width}")

    def check_time(self, t: float) -> tuple[StepSpec, StepSpec]:
        """The time steps before and after `t`. For a time step, both are that step. Only a float may lie between two.

        Raises UnknownStep.
        """
        if t in self._steps or not isinstance(t, float):
            return (self.check_step(int(t)),) * 2
        if not self.steps[0].t < t < self.steps[-1].t:
            raise UnknownStep(t, self.steps[0].t, self.steps[-1].t)
        after = bisect_right(self.steps, t, key=lambda step: step.t)
        return self.steps[after - 1], self.steps[after]

    def conditional_input(self, t: float) -> Field:
        """The conditional input of time step `t`: a normalised field on the inputs' grid, or coefficients. It is kept.

        A float may lie between two time steps (`state`). Raises UnknownStep, DamagedSurrogate and InvalidRequest.
        """
        return self._conditional_inputs.get_or(t, lambda: self.state(t))

    def state(self, t: float) -> Field:
        """The conditional input at any real time `t` between the first and the last time step. The numbers of the time
        steps are its units: 7.25 lies a quarter of the way from step 7 to step 8.

        Between two time steps, the surrogate's predictor gives it. It meets both of them. Raises UnknownStep,
        DamagedSurrogate, and InvalidRequest if the surrogate has no predictor and `t` is not a time step.
        """
        before, after = self.check_time(t)
        if before is after:
            with self._decoding(before.t) as path:
                return self.inputs.read(path)
        paths = self._step_path(before.t), self._step_path(after.t)
        try:
            return self.kind.between(*paths, (t - before.t) / (after.t - before.t))
        except ValueError as error:
            raise InvalidRequest(f"there is nothing between steps {before.t} and {after.t}: {error}") from error

    def has_step(self, t: int) -> bool:
        """Whether `conditional_input` of time step `t` is quick now. Raises UnknownStep."""
        path = self.folder / self.check_step(t).file
        return self._conditional_inputs.get(t) is not None or self.inputs.has(path)

    def read_ahead(self, t: int) -> bool:
        """Read the conditional input of a time step into memory. Return True if another one was dropped for it, that
        is, if the memory is full.

        Raises UnknownStep and DamagedSurrogate.
        """
        with self._decoding(t) as path:
            return self.inputs.read_ahead(path)

    @contextmanager
    def _decoding(self, t: int) -> Iterator[Path]:
        """The path of a time step's file, to decode it. A damage is noted, whatever error it causes."""
        with decoding(self.folder / self.check_step(t).file, self._note):
            yield self._step_path(t)

    def _note(self, damage: DamagedSurrogate) -> None:
        self.damage = self.damage or damage

    def _step_path(self, t: int) -> Path:
        """The path of a time step's file. It is verified, and so are the files from which the step is predicted."""
        step = self.check_step(t)
        path = self.folder / step.file
        if step.predicted_from is not None:
            self._step_path(step.predicted_from)
        try:
            verify(self.folder, step)
        except DamagedSurrogate as error:
            reason = "has changed since it was opened: restart the program that reads it"
            raise DamagedSurrogate(path, reason) from error
        return path

    def feeds(self, t: float, window: Window, seed: int | None) -> Feeds:
        """The inputs by name from which the generator computes `window` of time step `t`."""
        return {"x": self.inputs.cut(self.conditional_input(t), window), **self.planner.feeds(window, seed)}

    def normalised(
        self,
        backend: Backend | None,
        t: float,
        window: Window,
        seed: int | None,
        variables: Sequence[int] | None = None,
    ) -> Field:
        """The generator's own numbers `(variable, shell, latitude, longitude)` in a window.

        `variables` holds indices of variables, and None means all variables. Without a backend, the kind itself
        computes the numbers, and only those of the given variables. Raises EngineAnswerInvalid.
        """
        index = range(len(self.variables)) if variables is None else variables
        if backend is None:
            found = self.kind.evaluate(self.conditional_input(t), window, index)
            return self._corrected(t, window, index, self._driven(t, index, found))
        answer = backend(self.feeds(t, window, seed))
        if answer.shape != (expected := (1, self.kind.computed or len(self.variables), *window.shape)):
            raise EngineAnswerInvalid(f"the generator gave an array of shape {answer.shape} instead of {expected}")
        driven = self._driven(t, range(len(answer[0])), answer[0])
        return self._corrected(t, window, index, self.kind.finished(driven, self.conditional_input(t), window, index))

    def _corrected(self, t: float, window: Window, index: Sequence[int], normalised: Field) -> Field:
        """Variables `index` at a time in a window, with the corrections of single cells that a time step may have."""
        step, after = self.check_time(t)
        with decoding(self.folder / step.file, self._note):
            found = self.kind.corrections(self.folder / step.file) if step is after else None
        return found.added(normalised, window, index) if found else normalised

    def coded_shell(self, variable: str, t: int, r: int) -> Field | None:
        """A shell `(latitude, longitude)` in the variable's unit, of what is coded of a time step, without what refines
        it. None if the step's file does not say that. Raises UnknownVariable, UnknownStep, UnknownShell and
        DamagedSurrogate.
        """
        self.check_shell(r)
        index, window = [self.check_variable(variable)], self.grid.shell(r)
        with self._decoding(t) as path:
            coded = self.kind.coded(path)
        if coded is None:
            return None
        driven = self._driven(t, index, self.kind.evaluate(coded, window, index))
        shell: Field = self.in_units(driven, [variable])[0, 0]
        return shell

    def strength(self, t: float) -> float:
        """The strength of the buoyancy at a time. Between two time steps, it changes evenly. Raises UnknownStep."""
        before, after = self.check_time(t)
        share = (t - before.t) / max(after.t - before.t, 1)
        return before.strength + share * (after.strength - before.strength)

    def _driven(self, t: float, index: Sequence[int], normalised: Field) -> Field:
        """What the generator computes for variables `index` of a time step, with the strength of its buoyancy."""
        strength = self.strength(t)
        if strength == 1:
            return normalised
        factors = [strength if i in self.kind.driven else 1 for i in index]
        return normalised * np.array(factors, np.float32)[:, None, None, None]

    def in_units(self, normalised: Field, variables: Sequence[str]) -> Field:
        """Convert normalised values `(variable, ...)` to physical values in the variables' units."""
        by_name = {v.name: (v.normalisation.offset, v.normalisation.scale) for v in self.spec.variables}
        offset, scale = np.array([by_name[name] for name in variables], np.float32).T[..., None, None, None]
        field: Field = normalised * scale + offset
        return field

    def shells(
        self,
        backend: Backend | None,
        variables: Sequence[str],
        t: float,
        shells: Sequence[int],
        seed: int | None = None,
        rows: range | None = None,
        columns: range | None = None,
    ) -> Field:
        """Normalised radial shells `(variable, shell, latitude, longitude)`. Cells without a value are NaN.

        One call of the generator computes neighbouring shells. With `rows` and `columns`, only that part of each shell
        is computed. `columns` may run over the date line. A float `t` may lie between two time steps (`state`).

        Raises UnknownVariable, UnknownStep and UnknownShell. Raises InvalidRequest if `rows` or `columns` are not part
        of a shell, or if there is nothing between two time steps. Raises EngineAnswerInvalid if the generator gives
        another shape or numbers that are not finite.
        """
        index = [self.check_variable(name) for name in variables]
        self.check_time(t)
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
        field, hidden = _finite(field), self.hidden(t, variables, shells, rows, columns)
        return field if hidden is None else np.where(hidden, np.float32(np.nan), field)

    def hidden(
        self, t: float, variables: Sequence[str], shells: Sequence[int], rows: range, columns: range
    ) -> NDArray[np.bool_] | None:
        """Whether cells `(variable, shell, row, column)` have no value in time step `t`. None means that all have one.

        Raises UnknownStep, UnknownVariable and DamagedSurrogate.
        """
        mask = self.mask_of(t)
        if mask is None:
            return None
        return mask.cut([self.check_variable(name) for name in variables], shells, rows, columns)

    def mask_of(self, t: float) -> Mask | None:
        """The mask of time step `t`, or of the one before: its own, or else the surrogate's. Raises UnknownStep and
        DamagedSurrogate.
        """
        own = self.check_time(t)[0].mask
        return self.mask if own is None else self._masks.get_or(own.file, lambda: self._read_mask(own))

    def depth_km(self, r: int) -> float:
        """The depth of radial shell `r` below the planet's surface. Raises UnknownShell."""
        return self.spec.planet.depth_km(self.check_shell(r))

    def preview(self, t: int) -> tuple[ShellGrid, Field]:
        """A time step in physical units on a coarse grid `(variable, shell, latitude, longitude)`, without the
        generator. Cells without a value are NaN. Raises UnknownStep and DamagedSurrogate.
        """
        grid, look = self.inputs.look(self.conditional_input(t))
        field = self.in_units(self._driven(t, range(len(self.variables)), look), self.variables)
        mask = self.mask_of(t)
        if mask is not None:
            field[mask.nearest(range(len(self.variables)), self.grid, grid)] = np.nan
        return grid, field

    def lateral_means(self, t: int) -> dict[str, Field]:
        """Means over the sphere `(shell,)` in physical units, by variable. Only variables whose means follow from the
        conditional input without the generator are included. These are means of all cells, so a time step with a mask
        has none. Raises UnknownStep and DamagedSurrogate.
        """
        if self.mask_of(t) is not None:
            return {}
        means = self.kind.lateral_means(self.conditional_input(t))
        return {name: self.in_units(mean[None, :, None, None], [name])[0, :, 0, 0] for name, mean in means.items()}

    def probe(self, backend: Backend | None) -> Field:
        """Compute a single voxel of the first time step. This is the smallest real inference.

        Raises EngineAnswerInvalid.
        """
        return _finite(self.normalised(backend, self.steps[0].t, Window(range(1), range(1), range(1)), self.spec.seed))


def _finite(field: Field) -> Field:
    if not np.isfinite(field).all():
        raise EngineAnswerInvalid("the generator gave numbers that are not finite")
    return field


def _runs(shells: Sequence[int], longest: int) -> list[range]:
    """Join consecutive shells into ranges of at most `longest`: [3, 4, 5, 9] is [range(3, 6), range(9, 10)]."""
    runs: list[range] = []
    for r in shells:
        if runs and r == runs[-1].stop and len(runs[-1]) < longest:
            runs[-1] = range(runs[-1].start, r + 1)
        else:
            runs.append(range(r, r + 1))
    return runs
