"""The bytes of a surrogate: all that has to be kept to see every step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from earthgan.surrogate import Surrogate

#: The steps of the contest's series, over which the model's bytes are shared.
SERIES = 251


@dataclass(frozen=True)
class Footprint:
    """`inputs_per_step`: a step's file with its entry in `spec.json`; `model`: the weights and the rest of `spec.json`.

    `onnx` says the same as the weights in another form (`earthgan export` makes it of them) and is not added.
    """

    inputs_per_step: int
    model: int
    onnx: int

    @property
    def per_step(self) -> float:
        """The bytes of one step of a series of 251."""
        return self.inputs_per_step + self.model / SERIES


def footprint(surrogate: Surrogate) -> Footprint:
    """Counted from the files of the surrogate's folder; of the steps, the mean, rounded up."""
    spec, folder = surrogate.spec, surrogate.folder
    bare = len(spec.model_copy(update={"inputs": spec.inputs.model_copy(update={"steps": ()})}).to_json().encode())
    entries = len(spec.to_json().encode()) - bare
    stored = sum((folder / step.file).stat().st_size for step in spec.inputs.steps)
    weights, onnx = spec.generator.weights, spec.generator.onnx
    return Footprint(
        inputs_per_step=math.ceil((stored + entries) / len(spec.inputs.steps)),
        model=(folder / weights.file).stat().st_size + bare,
        onnx=(folder / onnx.file).stat().st_size if onnx else 0,
    )
