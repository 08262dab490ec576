"""The registry of the kinds of surrogate, and the interface of a kind.

A kind is one class. It states the parts of its surrogates, plans the windows of their globe, reads their conditional
inputs, and makes their generator for torch and as ONNX. Only `earthgan.kinds`, and the command that makes surrogates of
a kind, name a particular kind. A new kind is therefore a new module here, or a class that another package registers.
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
    from earthgan.kinds.corrections import Corrections

Array = NDArray[np.float32]
Feeds = dict[str, NDArray[np.generic]]


class KindArguments(Frozen):
    """The arguments of a generator in `spec.json`. `preset` names the kind. Each kind has its own subclass."""

    preset: str


class StepInputs(Frozen):
    """The conditional inputs in `spec.json`: one file for each time step. A kind may add fields."""

    #: Whether a time step may be predicted from another one.
    may_predict: ClassVar[bool] = False

    steps: tuple[StepSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_ascend(self) -> StepInputs:
        numbers = [step.t for step in self.steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("the time steps do not ascend")
        origins = {step.t: step.predicted_from for step in self.steps}
        known: set[int] = set()  # those that follow from a key frame
        for t in numbers:
            chain: set[int] = set()
            while t not in known:
                chain.add(t)
                origin = origins[t]
                if origin is None:
                    break
                if not self.may_predict or origin in chain or origin not in origins:
                    raise ValueError(f"step {t} cannot be predicted from step {origin}")
                t = origin
            known |= chain
        return self


class Planner(Protocol):
    """Plans windows of the output grid."""

    def feeds(self, window: Window, seed: int | None) -> Feeds:
        """The generator's inputs by name, except the conditional input. Without a seed, noise is zero."""

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The number of multiplications that a window takes."""


class Inputs(Protocol):
    """The conditional inputs of one surrogate."""

    @property
    def grid(self) -> ShellGrid | None:
        """The grid of the conditional inputs, or None if they do not lie on a grid."""

    @property
    def stored_as(self) -> str:
        """How a time step is stored, in one word such as `uint16` or `coded`."""

    def check(self, path: Path) -> None:
        """Raise DamagedSurrogate if the file cannot be a conditional input."""

    def read(self, path: Path) -> Array:
        """Read the conditional input of a time step. Raises DamagedSurrogate."""

    def keep(self, max_bytes: int) -> None:
        """Set the memory for slow intermediate results of `read`, and forget all results that were kept."""

    def has(self, path: Path) -> bool:
        """Whether `read` is quick now, because it has nothing slow to do or its slow results are kept."""

    def read_ahead(self, path: Path) -> bool:
        """Do the slow part of `read` and keep the result. Return whether another result was dropped for it.

        Raises DamagedSurrogate.
        """

    def cut(self, conditional_input: Array, window: Window) -> Array:
        """The part `(1, ...)` of a conditional input that the generator needs for a window of the output grid."""

    def look(self, conditional_input: Array) -> tuple[ShellGrid, Array]:
        """A preview of a conditional input: a coarse grid, and a normalised field `(variable, shell, latitude,
        longitude)` on it.
        """


class Kind(ABC):
    """A kind of surrogate. An instance belongs to one opened surrogate."""

    #: The kind's name. `spec.json` states it as `preset`.
    name: ClassVar[str]
    #: The model of the generator's arguments.
    Arguments: ClassVar[type[KindArguments]]
    #: The model of the conditional inputs.
    StepInputs: ClassVar[type[StepInputs]]
    #: Whether the generator only interpolates its conditional input.
    interpolates: ClassVar[bool] = False
    #: Whether `evaluate` computes fields in NumPy, so that serving needs no engine.
    evaluates: ClassVar[bool] = False
    #: Whether served numbers must be those that are computed, because a surrogate may state how far they may be off.
    exact: bool = False
    #: Whether the generator takes noise, so that each seed gives another draw.
    has_noise: bool = False
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
        """Open one surrogate of this kind. `arguments` and `inputs` are instances of the kind's own models.

        Raises ValueError if the parts do not fit each other, and DamagedSurrogate if the weights do not fit.
        """

    @classmethod
    @abstractmethod
    def torch_module(cls, arguments: Any, variables: int) -> Module:
        """The untrained generator. Its method `run` takes the generator's inputs by name. Needs the `torch` extra."""

    @classmethod
    @abstractmethod
    def onnx_graph(cls, arguments: Any, variables: int, state: Mapping[str, Array]) -> ModelProto:
        """The generator with the parameters `state` as an ONNX model. Needs the `export` extra."""

    @classmethod
    def check(cls, arguments: Any, inputs: Any, variables: Sequence[VariableSpec]) -> None:
        """Raise ValueError if the parts of a `spec.json` contradict each other."""
        return

    @classmethod
    def without_network(cls, arguments: Any, state: Mapping[str, Array]) -> tuple[Any, dict[str, Array]] | None:
        """The arguments and weights of the surrogate without its refining network. None if it has no such network."""
        return None

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        """The normalised field `(variable, shell, row, column)` in a window. Only kinds with `evaluates` compute it."""
        raise NotImplementedError(f"surrogates of kind {self.name} need an engine")

    @property
    def computed(self) -> int | None:
        """The number of variables that a generator computes. None means all of the surrogate's variables."""
        return None

    def finished(self, field: Array, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        """The given variables of a window, from the `(variable, shell, row, column)` that a generator computed."""
        return field[list(variables)]

    def between(self, before: Path, after: Path, share: float) -> Array:
        """The conditional input between two neighbouring time steps, after `share` of the time between them.

        Raises ValueError if the surrogate does not say how time steps follow from one another, and DamagedSurrogate.
        """
        raise ValueError(f"surrogates of kind {self.name} hold their time steps only")

    def lateral_means(self, conditional_input: Array) -> dict[str, Array]:
        """Normalised means over the sphere `(shell,)` by variable, if they follow from the conditional input alone."""
        return {}

    def coded(self, path: Path) -> Array | None:
        """The conditional input as the file of a time step codes it, before a network refines it. None if the file
        alone does not say it.
        """
        return None

    def corrections(self, path: Path) -> Corrections | None:
        """What the file of a time step says to add to single cells; None if the surrogate does not work so."""
        return None

    @property
    def driven(self) -> tuple[int, ...]:
        """The indices of the variables that the strength of a time step multiplies: those that temperature drives."""
        return ()

    @property
    def stokes(self) -> StokesProfile | None:
        """The profile by which velocity follows from temperature. None if it does not follow."""
        return None

    def facts(self) -> dict[str, Any]:
        """Facts that `earthgan info` shows for surrogates of this kind only."""
        return {}


#: The modules of the kinds in this package. Each module registers its kind when it is imported.
_BUILT_IN = {
    "paper": "earthgan.kinds.paper",
    "residual": "earthgan.kinds.residual",
    "upsampling": "earthgan.kinds.upsampling",
    "interpolate": "earthgan.kinds.interpolate",
    "spectral": "earthgan.kinds.spectral",
    "harmonics": "earthgan.kinds.harmonics",
    "wavelet": "earthgan.kinds.wavelet",
}
#: The entry-point group by which other packages offer kinds. An entry maps a kind's name to its class or module.
GROUP = "earthgan.kinds"
_registered: dict[str, type[Kind]] = {}

_K = TypeVar("_K", bound=type[Kind])


def register(kind: _K) -> _K:
    """Register a kind under its name. This is a class decorator. Raises ValueError if another class has the name."""
    known = _registered.setdefault(kind.name, kind)
    if known is not kind:
        raise ValueError(f"there are two kinds of surrogate named {kind.name!r}")
    return kind


def kind_named(name: object) -> type[Kind]:
    """The kind `name`. Raises ValueError, which lists the known names, if there is no such kind."""
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
