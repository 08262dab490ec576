"""The `spectral` kind. It codes coefficients of temperature, refines them with a network, and derives velocity from
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputs, CodedInputsSpec
from earthgan.kinds.refine import Refinement
from earthgan.kinds.registry import Kind, register
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.kinds.spectral_planner import Kernels, SpectralPlanner
from earthgan.records import VariableSpec
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.variables import TEMPERATURE

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]


@register
class SpectralKind(Kind):
    """Surrogates whose conditional inputs are coefficients of spherical harmonics and radial modes."""

    name = "spectral"
    Arguments = SpectralArguments
    StepInputs = CodedInputsSpec
    evaluates = True
    has_parameters = False

    def __init__(self, planner: SpectralPlanner, inputs: CodedInputs, arguments: SpectralArguments) -> None:
        super().__init__(planner, inputs)
        self._spectral, self._arguments = planner, arguments

    @classmethod
    def open(
        cls,
        arguments: SpectralArguments,
        inputs: CodedInputsSpec,
        variables: Sequence[VariableSpec],
        grid: ShellGrid,
        weights: Path,
    ) -> SpectralKind:
        code = Code.load(weights, arguments)
        bases = {name: component.basis for name, component in code.components.items()}
        temperature, *velocity = (variable.normalisation.scale for variable in variables)
        kernels = Kernels(arguments, bases, temperature, velocity[0] if velocity else 1.0)
        planner = SpectralPlanner(kernels, grid)
        refinement = (
            Refinement.load(weights, arguments, code.components["temperature"]) if arguments.refinement else None
        )
        return cls(planner, CodedInputs(code, refinement, planner), arguments)

    @classmethod
    def torch_module(cls, arguments: SpectralArguments, variables: int) -> Module:
        from earthgan.kinds.networks import Synthesis

        return Synthesis()

    @classmethod
    def onnx_graph(cls, arguments: SpectralArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import spectral_graph

        return spectral_graph(variables, len(arguments.fields))

    @classmethod
    def without_network(
        cls, arguments: SpectralArguments, state: Mapping[str, Array]
    ) -> tuple[SpectralArguments, dict[str, Array]] | None:
        if arguments.refinement is None:
            return None
        plain = {name: array for name, array in state.items() if not name.startswith("refinement.")}
        return arguments.model_copy(update={"refinement": None}), plain

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._spectral.evaluate(conditional_input, window, variables)

    def lateral_means(self, conditional_input: Array) -> dict[str, Array]:
        return {TEMPERATURE.name: self._spectral.temperature_means(conditional_input)}

    @property
    def driven(self) -> tuple[int, ...]:
        return (1, 2, 3) if self._spectral.variables > 1 else ()

    @property
    def stokes(self) -> StokesProfile | None:
        return self._arguments.stokes

    def facts(self) -> dict[str, Any]:
        return {"gate": [str(run) for run in self._arguments.gate]} if self._arguments.gate else {}
