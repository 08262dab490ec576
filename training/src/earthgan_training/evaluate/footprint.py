"""The bytes of a surrogate: all that must be kept to compute every time step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from earthgan.surrogate import Surrogate

#: The number of time steps in the contest's series. The model's bytes are shared among them.
SERIES = 251


@dataclass(frozen=True)
class Footprint:
    """The bytes of a surrogate. `inputs_per_step` counts a time step's files and its entry in `spec.json`. `model`
    counts the weights, the mask and the rest of `spec.json`.

    `entry` and `description` are the parts of these two that `spec.json` takes.

    `onnx` is another form of the weights, which `earthgan export` makes from them, and is not added.
    """

    inputs_per_step: int
    model: int
    onnx: int
    description: int
    entry: float

    @property
    def per_step(self) -> float:
        """The bytes of one time step in a series of 251."""
        return self.inputs_per_step + self.model / SERIES


def footprint(surrogate: Surrogate) -> Footprint:
    """Count the bytes of the files in the surrogate's folder. Time steps are averaged, and the mean is rounded up."""
    spec, folder = surrogate.spec, surrogate.folder
    bare = len(spec.model_copy(update={"inputs": spec.inputs.model_copy(update={"steps": ()})}).to_json().encode())
    entries = len(spec.to_json().encode()) - bare
    of_steps = {each.file for step in spec.inputs.steps for each in (step, step.mask) if each is not None}
    stored = sum((folder / file).stat().st_size for file in of_steps)
    weights, onnx = spec.generator.weights, spec.generator.onnx
    parts = [each for each in (weights, spec.mask) if each is not None]
    return Footprint(
        inputs_per_step=math.ceil((stored + entries) / len(spec.inputs.steps)),
        model=sum((folder / each.file).stat().st_size for each in parts) + bare,
        description=bare,
        entry=entries / len(spec.inputs.steps),
        onnx=(folder / onnx.file).stat().st_size if onnx else 0,
    )


def stored_bytes(surrogate: Surrogate, t: int) -> float:
    """The bytes of time step `t` as it is stored, with its entry in `spec.json` and its share of the model."""
    size, file = footprint(surrogate), surrogate.folder / surrogate.check_step(t).file
    return file.stat().st_size + size.entry + size.model / SERIES
