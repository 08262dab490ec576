"""Computes the conditional input of any time step from the ground truth, as the surrogate's own inputs
were computed.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from earthgan.errors import BadInput
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.corrections import parted
from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.registry import StepInputs
from earthgan.records import StepSpec
from earthgan.spec import SurrogateSpec
from earthgan.sphere.grid import PolarRule
from earthgan.surrogate import Surrogate
from earthgan_training.coding.make import encoded_step, encoder_of
from earthgan_training.coding.promise import keep_promise, other_grid, promised, without_promise
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.paper import chosen_layers, prepare_paper
from earthgan_training.simulations.labelled import Source, SourceStep
from earthgan_training.surrogates.folder import write_file, write_spec, write_weights
from earthgan_training.surrogates.grid_code import encoded


@dataclass(frozen=True)
class EncodedInputs:
    """The conditional input as the bytes of its file, and the strength of the step's buoyancy. `clipped` counts the
    numbers that lay outside the range of the stored type.
    """

    content: bytes
    clipped: int = 0
    strength: float = 1.0


#: Two inputs are of the same time step if their difference has a smaller share than this of the rms.
SAME_STEP = 0.5


@dataclass(frozen=True)
class AtStep:
    """A surrogate that has the time step. If its input was computed, `clipped` counts the numbers that were clipped.
    `differs` is then the largest difference from the input that is stored under the step's number, in normalised
    numbers; None if there is no such input. `stored` says whether the original stores this very step: a step of another
    run may have the same number.
    """

    surrogate: Surrogate
    stored: bool
    clipped: int = 0
    differs: float | None = None


def encode_inputs(surrogate: Surrogate, source: Source, t: int) -> EncodedInputs | None:
    """The input of a surrogate for time step `t` of a source. None if it is unknown how its inputs were made.

    Inputs of the preset `paper` are such a case, because no spec states the constants that scale them.
    """
    if is_normalised(surrogate):
        return _as_published(surrogate, source, t)
    encode = _ENCODERS.get(type(surrogate.spec.inputs))
    return encode(surrogate, source, t) if encode else None


def _coefficients(surrogate: Surrogate, source: Source, t: int) -> EncodedInputs:
    """The code of the harmonics, as in `earthgan spectral`."""
    encoded = encoded_step(encoder_of(surrogate), source, t)
    return EncodedInputs(encoded.content, strength=encoded.strength)


def _area_means(surrogate: Surrogate, source: Source, t: int) -> EncodedInputs | None:
    """Lateral area means at the radii of the inputs, as in `earthgan baseline` and in the preset `default` of `earthgan
    prepare`.

    None for inputs on a grid of the preset `paper`, because those are not area means.
    """
    inputs = surrogate.spec.inputs
    assert isinstance(inputs, InputsSpec)
    if inputs.grid.polar_rule is PolarRule.MIRROR:
        return None
    grid, dtype = inputs.grid.shell_grid, np.dtype(inputs.dtype)
    native_km, layers_km = np.asarray(source.grid.radii_km), np.asarray(grid.radii_km)
    codes = np.empty((len(inputs.coding), *grid.shape), dtype)
    clipped = 0
    for out, variable, coding in zip(codes, surrogate.spec.variables, inputs.coding, strict=True):
        coarse = at_radii(area_mean(source.read(t, variable.name), source.grid, grid), native_km, layers_km)
        # Double precision is needed: velocities of 1e-10 and their scales are near the lower end of float32.
        normalised = (coarse - np.float64(variable.normalisation.offset)) / variable.normalisation.scale
        out[:], beyond = encoded(normalised, coding, dtype)
        clipped += beyond
    return EncodedInputs(_npy(codes), clipped)


#: For each way to store inputs, the function that makes the input of a time step.
_ENCODERS: dict[type[StepInputs], Callable[[Surrogate, Source, int], EncodedInputs | None]] = {
    CodedInputsSpec: _coefficients,
    InputsSpec: _area_means,
}


def _as_published(surrogate: Surrogate, source: Source, t: int) -> EncodedInputs:
    """The published preparation. It scales to 0…1 between the extremes of all shells, but here only of the one time
    step.
    """
    layers = []
    for name in surrogate.variables:
        coarse = prepare_paper(source, t, name)[1]
        layers.append(chosen_layers(source, (coarse - coarse.min()) / np.ptp(coarse)))
    return EncodedInputs(_npy(np.stack(layers).astype(np.float32)))


def _npy(array: NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def is_normalised(surrogate: Surrogate) -> bool:
    """Whether nobody knows what the surrogate's numbers mean, as those of the published generator. (A simulation may
    have no units either, but its numbers are its own.)
    """
    inputs = surrogate.inputs.grid
    published = inputs is not None and inputs.polar_rule is PolarRule.MIRROR
    return published and any(not variable.has_unit for variable in surrogate.spec.variables)


@contextmanager
def opened_at(original: Surrogate, source: Source, t: int, alone: bool = False) -> Iterator[AtStep]:
    """Open a surrogate's generator with time step `t`. Its conditional input is computed from the source.

    If the input cannot be computed, or if the original predicts this very step from another one, the stored input is
    used. With `alone`, a predicted step is coded by itself, as a key frame. Raises BadInput if there is no stored input
    for this step either.
    """
    known = t in (step.t for step in original.steps)
    inputs = encode_inputs(original, source, t)
    if inputs is None:
        if not known:
            raise BadInput(f"{original.folder}: its inputs cannot be computed, and it stores none for step {t}")
        yield AtStep(original, stored=True)
        return
    with _copied(original) as folder:
        plain, max_error = without_promise(original.spec), promised(original.spec)
        surrogate = _with_step(plain, folder, source.step(t), inputs.content, inputs.strength)
        stored = known and _same_step(original, surrogate, t)
        if stored and not alone and original.check_step(t).predicted_from is not None:
            yield AtStep(original, stored)  # encoded alone, it would be a key frame, of other bytes and another error
            return
        if max_error and not other_grid(source, surrogate):
            keep_promise(folder, source, [t], max_error, lambda *_: None)
            surrogate = Surrogate(folder)
        differs = None
        if known:
            differs = float(np.abs(surrogate.conditional_input(t) - original.conditional_input(t)).max())
        yield AtStep(surrogate, stored, inputs.clipped, differs)


def _same_step(original: Surrogate, computed: Surrogate, t: int) -> bool:
    """Whether the input that is stored under a step's number shows the same fields as the computed one. Lateral means
    do not count, because those of different runs are alike.
    """
    stored, found = (of.preview(t)[1].astype(np.float64) for of in (original, computed))
    stored, found = (field - np.nanmean(field, axis=(-2, -1), keepdims=True) for field in (stored, found))
    missed, rms = (np.sqrt(np.nanmean(field**2, axis=(-3, -2, -1))) for field in (stored - found, found))
    return bool((missed <= SAME_STEP * rms).all())


@contextmanager
def without_network(original: Surrogate) -> Iterator[Surrogate | None]:
    """The same surrogate with the temperature as decoded; None if no network refines the temperature."""
    spec, kind = original.spec, original.kind
    bare_parts = kind.without_network(spec.generator.arguments, load_file(original.weights_path))
    if bare_parts is None:
        yield None
        return
    arguments, arrays = bare_parts
    with _copied(original) as folder:
        weights = write_weights(folder, {name: torch.from_numpy(array) for name, array in arrays.items()})
        plain = {"arguments": arguments, "weights": weights}
        bare = spec.model_copy(update={"generator": spec.generator.model_copy(update=plain)})
        step = original.steps[0]
        content = (original.folder / step.file).read_bytes()
        if promised(spec):  # its corrections are those of the network's temperature
            content = parted(content)[0]
        yield _with_step(without_promise(bare), folder, step, content, step.strength)


@contextmanager
def _copied(original: Surrogate) -> Iterator[Path]:
    """A temporary folder with the same generator."""
    with TemporaryDirectory(prefix="earthgan-evaluate-") as name:
        for each in (original.spec.generator.weights, original.spec.generator.onnx):
            if each is not None:
                path = Path(name) / each.file
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original.folder / each.file, path)
        yield Path(name)


def _with_step(
    spec: SurrogateSpec, folder: Path, at: StepSpec | SourceStep, content: bytes, strength: float
) -> Surrogate:
    """The generator in `folder` as a surrogate with a single time step, whose input and strength are given."""
    known = PurePosixPath(spec.inputs.steps[0].file)
    written = write_file(folder, str(known.with_name(f"{at.t:03d}{known.suffix}")), content)
    step = StepSpec(t=at.t, time_myr=at.time_myr, file=written.file, sha256=written.sha256, strength=strength)
    write_spec(folder, spec.model_copy(update={"inputs": spec.inputs.model_copy(update={"steps": (step,)})}))
    return Surrogate(folder)
