"""A way to store fields for tests of `make`: rounded numbers. And sources whose fields are arrays in memory."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from earthgan import ShellGrid
from earthgan.kinds.registry import Feeds, Kind, KindArguments, StepInputs, register
from earthgan.progress import Show
from earthgan.records import Affine, GridSpec, PlanetSpec, StepSpec, VariableSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import Window
from earthgan.surrogate import Surrogate
from earthgan.variables import Variable
from earthgan_training.make.goal import Bounds, Goal, Quality
from earthgan_training.simulations.labelled import Source, SourceStep
from earthgan_training.simulations.layout import SourceVariable
from earthgan_training.surrogates.folder import (
    changed_folder,
    new_folder,
    write_coded_step,
    write_spec,
    write_weights,
)

Array = NDArray[np.float32]
GRID = ShellGrid.cell_centred((3500.0, 4500.0, 5500.0, 6300.0), 12, 24)


@dataclass(frozen=True)
class Arrays:
    """Reads fields `(shell, latitude, longitude)` by step and name, and counts what was read."""

    fields: Mapping[int, Mapping[str, Array]]
    reads: list[tuple[int, str]] = field(default_factory=list)

    def read(self, t: int, name: str, shells: range) -> Array:
        self.reads.append((t, name))
        return self.fields[t][name][shells.start : shells.stop]

    def digest(self, t: int, names: Iterable[str]) -> str:
        return hashlib.sha256(b"".join(self.fields[t][name].tobytes() for name in sorted(names))).hexdigest()


def array_source(fields: Mapping[int, Mapping[str, Array]], unit: str = "K", grid: ShellGrid = GRID) -> Source:
    """A source of fields in memory."""
    names = list(next(iter(fields.values())))
    return Source(
        address="memory",
        title="Invented",
        provenance=Provenance(source="memory", credit="Nobody"),
        planet=PlanetSpec(),
        grid=grid,
        variables=tuple(SourceVariable(n, Variable(n, n.title(), unit, "inferno", symmetric=False)) for n in names),
        steps=tuple(SourceStep(t, label=f"{t} Ma") for t in fields),
        reader=Arrays(fields),
    )


def noise(steps: Sequence[int] = (1,), names: Sequence[str] = ("temperature",), grid: ShellGrid = GRID) -> Source:
    """A source of random numbers about 1000, with a standard deviation of 100."""
    rng = np.random.default_rng(0)
    return array_source(
        {t: {name: (1000 + 100 * rng.standard_normal(grid.shape)).astype(np.float32) for name in names} for t in steps},
        grid=grid,
    )


class RoundedArguments(KindArguments):
    preset: Literal["rounded", "wasteful"] = "rounded"
    quantum: float


class RoundedInputs(StepInputs):
    stored_as: Literal["rounded"] = "rounded"


class _Inputs:
    grid = None
    stored_as = "rounded"

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def check(self, path: Path) -> None: ...

    def read(self, path: Path) -> Array:
        codes: NDArray[np.int32] = np.frombuffer(zlib.decompress(path.read_bytes()), np.int32, np.prod(self._shape))
        return codes.astype(np.float32).reshape(self._shape)

    def has(self, path: Path) -> bool:
        return True

    def read_ahead(self, path: Path) -> bool:
        return False

    def keep(self, max_bytes: int) -> None: ...

    def cut(self, conditional_input: Array, window: Window) -> Array:
        return conditional_input

    def look(self, conditional_input: Array) -> tuple[ShellGrid, Array]:
        raise NotImplementedError


class _Planner:
    def feeds(self, window: Window, seed: int | None) -> Feeds:
        return {}

    def multiply_adds(self, window: Window, variables: int) -> int:
        return 0


class _RoundedKind(Kind):
    Arguments = RoundedArguments
    StepInputs = RoundedInputs
    evaluates = True

    def __init__(self, inputs: _Inputs, grid: ShellGrid) -> None:
        super().__init__(_Planner(), inputs)
        self._grid = grid

    @classmethod
    def open(
        cls, arguments: Any, inputs: Any, variables: Sequence[VariableSpec], grid: ShellGrid, weights: Path
    ) -> Kind:
        return cls(_Inputs((len(variables), *grid.shape)), grid)

    @classmethod
    def torch_module(cls, arguments: Any, variables: int) -> Any:
        raise NotImplementedError

    @classmethod
    def onnx_graph(cls, arguments: Any, variables: int, state: Mapping[str, Array]) -> Any:
        raise NotImplementedError

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._grid.window(conditional_input[list(variables)], window)


@register
class RoundedKind(_RoundedKind):
    name = "rounded"


@register
class WastefulKind(_RoundedKind):
    """The same numbers with as many useless bytes."""

    name = "wasteful"


@dataclass(frozen=True)
class Rounding:
    """Stores numbers that are rounded to a quantum."""

    name: Literal["rounded", "wasteful"] = "rounded"
    best_db: float = 200.0  # what it reaches at most
    bounds: bool = True
    sloppy: float = 1.0  # by how much its errors exceed what it promises
    fits: int = 2
    added: list[int] = field(default_factory=list)
    hopes: tuple[float, float] | None = None  # bytes and dB
    fitted: list[int] = field(default_factory=list)

    def hopeful(self, source: Source, steps: Sequence[int], psnr_db: float) -> tuple[float, float] | None:
        return self.hopes

    def can(self, goal: Goal, source: Source) -> bool:
        return self.bounds or not isinstance(goal, Bounds)

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        return self.fits

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        self.fitted.extend(steps)
        fields = [self._fields(source, t) for t in steps]
        span = float(np.nanmax(fields) - np.nanmin(fields))
        match goal:
            case Bounds(largest=largest):
                quantum = 2 * min(largest.values()) * 0.99 * self.sloppy
            case Quality(psnr_db=psnr_db):
                quantum = span * np.sqrt(12) * 10 ** (-min(psnr_db, self.best_db) / 20)
            case _:
                quantum = span
                while quantum > span * 1e-6 and len(self._coded(fields[0], quantum / 1.2)) < goal.step_bytes:
                    quantum /= 1.2
        with new_folder(folder) as draft:
            records = [
                self._written(draft, source, source.step(t), each, quantum)
                for t, each in zip(steps, fields, strict=True)
            ]
            variables = tuple(
                VariableSpec(
                    name=each.variable.name,
                    long_name=each.variable.long_name,
                    unit=each.variable.unit,
                    colormap=each.variable.colormap,
                    range=(0, 2000),
                    normalisation=Affine(offset=0, scale=quantum),
                )
                for each in source.variables
            )
            spec = SurrogateSpec(
                title=source.title,
                description="Rounded numbers.",
                variables=variables,
                grid=GridSpec.of(source.grid),
                inputs=RoundedInputs(steps=tuple(records)),
                generator=GeneratorSpec(
                    arguments=RoundedArguments(preset=self.name, quantum=quantum), weights=write_weights(draft, {})
                ),
                planet=source.planet,
                provenance=source.provenance,
            )
            write_spec(draft, spec)

    def add(self, folder: Path, source: Source, steps: Sequence[int], memory_bytes: int, show: Show) -> None:
        with changed_folder(folder) as draft:
            spec = Surrogate(folder).spec
            records = {step.t: step for step in spec.inputs.steps}
            for t in steps:
                quantum = spec.variables[0].normalisation.scale
                records[t] = self._written(draft, source, source.step(t), self._fields(source, t), quantum)
                self.added.append(t)
            inputs = RoundedInputs(steps=tuple(records[t] for t in sorted(records)))
            write_spec(draft, spec.model_copy(update={"inputs": inputs}))

    def _fields(self, source: Source, t: int) -> Array:
        return np.stack([source.read(t, each.variable.name) for each in source.variables])

    def _written(self, draft: Path, source: Source, step: SourceStep, fields: Array, quantum: float) -> StepSpec:
        record = write_coded_step(draft, step.t, self._coded(fields, quantum), step.time_myr)
        return record.model_copy(update={"label": step.label})

    def _coded(self, fields: Array, quantum: float) -> bytes:
        data = np.rint(fields.astype(np.float64) / quantum).astype(np.int32).tobytes()
        code = zlib.compress(data, 9)
        if self.name == "rounded":
            return code
        return zlib.compress(data + np.random.default_rng(0).bytes(len(code)), 9)  # `read` ignores what follows
