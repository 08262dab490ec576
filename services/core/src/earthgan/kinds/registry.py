"""The kinds of surrogate: what a kind answers, and which kinds there are.

A kind is one class. It says what a surrogate of it is made of, plans the windows of its globe, reads its conditional
inputs, and makes its generator for torch and as ONNX. Nothing outside `earthgan.kinds` and a kind's own maker names a
particular kind, so a new kind is a new module here, or a class that another package registers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from earthgan.records import Frozen, StepSpec, VariableSpec
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

    from earthgan.flow.stokes import StokesProfile

Array = NDArray[np.float32]
Feeds = dict[str, NDArray[np.generic]]


class KindArguments(Frozen):
    """The arguments of a generator in `spec.json`. `preset` names the kind; each kind has a model of its own."""

    preset: str


class StepInputs(Frozen):
    """The conditional inputs in `spec.json`: a file for each time step, and what a kind adds to read them."""

    steps: tuple[StepSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_ascend(self) -> StepInputs:
        numbers = [step.t for step in self.steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("time steps do not ascend")
        return self


class Planner(Protocol):
    """Plans windows of the output grid."""

    def feeds(self, window: Window, seed: int | None) -> Feeds:
        """What the generator takes beside its conditional input. Without a seed, noise is zero."""

    def multiply_adds(self, window: Window, variables: int) -> int:
        """What a window costs."""


class Inputs(Protocol):
    """The conditional inputs of one surrogate."""

    @property
    def grid(self) -> ShellGrid | None:
        """Where a conditional input's cells lie; None for inputs that are not on a grid."""

    @property
    def stored_as(self) -> str:
        """How a step is stored, in a word: `uint16`, `coded`."""

    def check(self, path: Path) -> None:
        """Raises DamagedSurrogate where the file cannot be a step's."""

    def read(self, path: Path) -> Array:
        """The conditional input of a step. Raises DamagedSurrogate."""

    def keep(self, max_bytes: int) -> None:
        """Keeps no more than that of what takes time in reading steps. What was kept is forgotten."""

    def read_ahead(self, path: Path) -> bool:
        """Does what takes time in reading a step, and keeps the result. Returns whether another was forgotten for it.

        Raises DamagedSurrogate.
        """

    def cut(self, conditional_input: Array, window: Window) -> Array:
        """The part `(1, ...)` of it that the generator needs for a window of the output grid."""

    def look(self, conditional_input: Array) -> tuple[ShellGrid, Array]:
        """A coarse normalised field `(variable, shell, latitude, longitude)` of it, and its grid."""


class Kind(ABC):
    """A kind of surrogate; an instance belongs to one opened surrogate."""

    #: The kind's name: `preset` in `spec.json`.
    name: ClassVar[str]
    #: The model of the generator's arguments.
    Arguments: ClassVar[type[KindArguments]]
    #: The model of the conditional inputs.
    StepInputs: ClassVar[type[StepInputs]]
    #: Whether the generator does nothing but interpolate its conditional input.
    interpolates: ClassVar[bool] = False
    #: Whether `evaluate` computes fields in NumPy, so that serving needs no engine.
    evaluates: ClassVar[bool] = False
    #: Whether the weights in `generator.safetensors` are the torch module's parameters.
    has_parameters: ClassVar[bool] = True

    def __init__(self, planner: Planner, inputs: Inputs) -> None:
        self.planner, self.inputs = planner, inputs

    @classmethod
    @abstractmethod
    def open(
        cls,
        arguments: Any,
        inputs: Any,
        variables: Sequence[VariableSpec],
        grid: ShellGrid,
        weights: Path,
    ) -> Kind:
        """The kind of one surrogate. `arguments` and `inputs` are instances of the kind's own models.

        Raises ValueError where the parts do not fit each other, and DamagedSurrogate where the weights do not.
        """

    @classmethod
    @abstractmethod
    def torch_module(cls, arguments: Any, variables: int) -> Module:
        """The generator, untrained. Its method `run` takes feeds by name. Needs the `torch` extra."""

    @classmethod
    @abstractmethod
    def onnx_graph(cls, arguments: Any, variables: int, state: Mapping[str, Array]) -> ModelProto:
        """The generator as ONNX, with the parameters `state`. Needs the `export` extra."""

    @classmethod
    def check(cls, arguments: Any, inputs: Any, variables: Sequence[VariableSpec]) -> None:
        """Raises ValueError where the parts of a `spec.json` contradict each other."""
        return

    @classmethod
    def without_network(cls, arguments: Any, state: Mapping[str, Array]) -> tuple[Any, dict[str, Array]] | None:
        """Arguments and weights of the same surrogate without the network that refines it; None where it has none."""
        return None

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        """The normalised field `(variable, shell, row, column)` of a window, of kinds that say `evaluates`."""
        raise NotImplementedError(f"surrogates of kind {self.name} need an engine")

    def lateral_means(self, conditional_input: Array) -> dict[str, Array]:
        """Normalised means over the sphere `(shell,)` by variable, as far as the conditional input tells them."""
        return {}

    @property
    def stokes(self) -> StokesProfile | None:
        """The profile by which temperature makes velocity; None where it does not."""
        return None

    def facts(self) -> dict[str, Any]:
        """What `earthgan info` says about a surrogate of this kind alone."""
        return {}


#: The modules of the kinds that come with this package; each registers its kind when it is imported.
_BUILT_IN = {
    "paper": "earthgan.kinds.paper",
    "residual": "earthgan.kinds.residual",
    "interpolate": "earthgan.kinds.interpolate",
    "spectral": "earthgan.kinds.spectral",
}
#: The entry-point group by which another package offers a kind: the kind's name, and its class or module.
GROUP = "earthgan.kinds"
_registered: dict[str, type[Kind]] = {}

_K = TypeVar("_K", bound=type[Kind])


def register(kind: _K) -> _K:
    """Make a kind known by its name: a class decorator. Raises ValueError for a name that another class has."""
    known = _registered.setdefault(kind.name, kind)
    if known is not kind:
        raise ValueError(f"there are two kinds of surrogate named {kind.name!r}")
    return kind


def kind_named(name: object) -> type[Kind]:
    """The kind of that name. Raises ValueError, which lists the names that there are."""
    if name not in _registered:
        if isinstance(name, str) and name in _BUILT_IN:
            import_module(_BUILT_IN[name])
        for entry_point in entry_points(group=GROUP):
            if entry_point.name == name:
                entry_point.load()
    if not isinstance(name, str) or name not in _registered:
        names = ", ".join(sorted({*_BUILT_IN, *_registered}))
        raise ValueError(f"there is no kind of surrogate named {name!r}: the kinds are {names}")
    return _registered[name]


def kind_of(arguments: KindArguments) -> type[Kind]:
    """The kind that a generator's arguments belong to. Raises ValueError."""
    return kind_named(arguments.preset)
