"""The kinds of generator, and what is particular to each when a surrogate is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.coded import Code
from earthgan.kinds.inputs import CodedInputs, GridInputs, Inputs
from earthgan.kinds.interpolate import InterpolatePreset
from earthgan.kinds.paper import PaperPreset
from earthgan.kinds.refine import Refinement
from earthgan.kinds.residual import ResidualPreset
from earthgan.kinds.spectral import Kernels, SpectralPreset
from earthgan.spec import InputsSpec, PaperArguments, ResidualArguments, SpectralArguments, SurrogateSpec
from earthgan.sphere.grid import Window


class Preset(Protocol):
    """Plans windows of the output grid."""

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """What the generator is fed beside its conditional input."""

    def multiply_adds(self, window: Window, variables: int) -> int:
        """What a window costs."""


def opened(spec: SurrogateSpec, weights: Path) -> tuple[Preset, Inputs]:
    """The preset that a spec names, and its inputs. Raises ValueError where its grids do not fit it, and
    DamagedSurrogate where the weights do not.
    """
    arguments, grid = spec.generator.arguments, spec.grid.shell_grid
    if isinstance(arguments, SpectralArguments):
        code = Code.load(weights, arguments)
        bases = {name: component.basis for name, component in code.components.items()}
        temperature, *velocity = (variable.normalisation.scale for variable in spec.variables)
        kernels = Kernels(arguments, bases, temperature, velocity[0] if velocity else 1.0)
        spectral = SpectralPreset(kernels, grid)
        refinement = (
            Refinement.load(weights, arguments, code.components["temperature"]) if arguments.refinement else None
        )
        return spectral, CodedInputs(code, refinement, spectral)
    assert isinstance(spec.inputs, InputsSpec)
    inputs = spec.inputs.grid.shell_grid
    if isinstance(arguments, PaperArguments):
        paper = PaperPreset(arguments, inputs, grid)
        return paper, GridInputs(spec.inputs, paper)
    if isinstance(arguments, ResidualArguments):
        residual = ResidualPreset(arguments, inputs, grid)
        return residual, GridInputs(spec.inputs, residual)
    interpolate = InterpolatePreset(inputs, grid)
    return interpolate, GridInputs(spec.inputs, interpolate)
