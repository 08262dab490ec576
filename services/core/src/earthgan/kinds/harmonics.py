"""The `harmonics` kind: any scalar variables, as coded coefficients of spherical harmonics on the source's own grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.coded_inputs import CodedInputs, CodedInputsSpec
from earthgan.kinds.corrections import Corrections, units_of
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.harmonics_code import load_code
from earthgan.kinds.harmonics_planner import ScalarPlanner
from earthgan.kinds.registry import Kind, register
from earthgan.records import VariableSpec
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]


@register
class HarmonicsKind(Kind):
    """Surrogates of scalar variables whose conditional inputs are coefficients of harmonics and radial modes."""

    name = "harmonics"
    Arguments = HarmonicsArguments
    StepInputs = CodedInputsSpec
    evaluates = True
    has_parameters = False

    def __init__(self, planner: ScalarPlanner, inputs: CodedInputs, variables: Sequence[str]) -> None:
        super().__init__(planner, inputs)
        self._scalars, self._coded, self._variables = planner, inputs, tuple(variables)
        self._max_error: tuple[float, ...] | None = None

    @classmethod
    def open(
        cls,
        arguments: HarmonicsArguments,
        inputs: CodedInputsSpec,
        variables: Sequence[VariableSpec],
        grid: ShellGrid,
        weights: Path,
    ) -> HarmonicsKind:
        code = load_code(weights, arguments, grid.radii_km)
        planner = ScalarPlanner(arguments.degree, code.components, grid.radii_km, grid)
        units = units_of(inputs.max_error, variables) if inputs.max_error else None
        found = cls(planner, CodedInputs(code, None, planner, units=units), tuple(code.components))
        found._max_error, found.exact = inputs.max_error, units is not None
        return found

    @classmethod
    def check(cls, arguments: HarmonicsArguments, inputs: Any, variables: Sequence[VariableSpec]) -> None:
        if [each.variable for each in arguments.components] != [variable.name for variable in variables]:
            raise ValueError("the coded variables are not the surrogate's variables")

    @classmethod
    def torch_module(cls, arguments: HarmonicsArguments, variables: int) -> Module:
        from earthgan.kinds.networks import ScalarSynthesis

        return ScalarSynthesis()

    @classmethod
    def onnx_graph(cls, arguments: HarmonicsArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import harmonics_graph

        return harmonics_graph(variables)

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._scalars.evaluate(conditional_input, window, variables)

    def corrections(self, path: Path) -> Corrections | None:
        return self._coded.corrections(path)

    def lateral_means(self, conditional_input: Array) -> dict[str, Array]:
        return {name: self._scalars.means(conditional_input, i) for i, name in enumerate(self._variables)}

    def facts(self) -> dict[str, Any]:
        return {"max_error": list(self._max_error)} if self._max_error else {}
