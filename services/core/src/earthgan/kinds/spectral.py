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
from earthgan.kinds.coded_inputs import CodedInputs, CodedInputsSpec, Predictions
from earthgan.kinds.corrections import Corrections, units_of
from earthgan.kinds.curves import Curves, CurvesEvaluator
from earthgan.kinds.prediction import Predictor
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

    def __init__(
        self, planner: SpectralPlanner, curves: CurvesEvaluator, inputs: CodedInputs, arguments: SpectralArguments
    ) -> None:
        super().__init__(planner, inputs)
        self._spectral, self._curves, self._coded, self._arguments = planner, curves, inputs, arguments
        self._max_error: tuple[float, ...] | None = None

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
        scales = [variable.normalisation.scale for variable in variables]
        kernels = Kernels(arguments, bases, scales[0], scales[1] if arguments.computed > 1 else 1.0)
        planner = SpectralPlanner(kernels, grid)
        factors = [scales[0] / scale for scale in scales[arguments.computed :]]
        curves = Curves.load(weights, arguments.curves, arguments.inner_km, arguments.outer_km, factors)
        evaluator = CurvesEvaluator(planner, curves)
        refinement = (
            Refinement.load(weights, arguments, code.components["temperature"]) if arguments.refinement else None
        )
        predictions = None
        if arguments.prediction:
            predictions = Predictions.of(Predictor.load(weights, arguments, bases, scales[0]), inputs.steps)
        units = units_of(inputs.max_error, variables) if inputs.max_error else None
        found = cls(planner, evaluator, CodedInputs(code, refinement, evaluator, predictions, units), arguments)
        found._max_error, found.exact = inputs.max_error, units is not None
        return found

    @classmethod
    def check(cls, arguments: SpectralArguments, inputs: Any, variables: Sequence[VariableSpec]) -> None:
        if [curve.variable for curve in arguments.curves] != [each.name for each in variables[arguments.computed :]]:
            raise ValueError("the variables that follow from temperature are not the surrogate's last variables")
        if arguments.prediction is None and any(step.predicted_from is not None for step in inputs.steps):
            raise ValueError("a time step is predicted, but the generator's arguments do not say how")

    @classmethod
    def torch_module(cls, arguments: SpectralArguments, variables: int) -> Module:
        from earthgan.kinds.networks import Synthesis

        return Synthesis()

    @classmethod
    def onnx_graph(cls, arguments: SpectralArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import spectral_graph

        return spectral_graph(arguments.computed, len(arguments.fields))

    @classmethod
    def without_network(
        cls, arguments: SpectralArguments, state: Mapping[str, Array]
    ) -> tuple[SpectralArguments, dict[str, Array]] | None:
        if arguments.refinement is None:
            return None
        plain = {name: array for name, array in state.items() if not name.startswith("refinement.")}
        return arguments.model_copy(update={"refinement": None}), plain

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._curves.evaluate(conditional_input, window, variables)

    @property
    def computed(self) -> int:
        return self._arguments.computed

    def finished(self, field: Array, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._curves.finished(dict(enumerate(field)), conditional_input, window, variables)

    def coded(self, path: Path) -> Array | None:
        return self._coded.coded(path)

    def corrections(self, path: Path) -> Corrections | None:
        return self._coded.corrections(path)

    def lateral_means(self, conditional_input: Array) -> dict[str, Array]:
        return {TEMPERATURE.name: self._spectral.temperature_means(conditional_input)}

    def between(self, before: Path, after: Path, share: float) -> Array:
        return self._coded.between(before, after, share)

    @property
    def driven(self) -> tuple[int, ...]:
        return (1, 2, 3) if self._spectral.variables > 1 else ()

    @property
    def stokes(self) -> StokesProfile | None:
        return self._arguments.stokes

    def facts(self) -> dict[str, Any]:
        lists = {"gate": self._arguments.gate, "curves": self._arguments.curves}
        facts: dict[str, Any] = {name: [str(each) for each in of_name] for name, of_name in lists.items() if of_name}
        return facts | ({"max_error": list(self._max_error)} if self._max_error else {})
