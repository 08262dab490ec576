"""Makes a surrogate folder from a trained generator, to be served and evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from earthgan.errors import BadInput
from earthgan.kinds.inputs import InputsSpec
from earthgan.records import GridSpec, VariableSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.spec import DatasetVariable
from earthgan_training.surrogates.export import export
from earthgan_training.surrogates.folder import new_folder, write_spec, write_step, write_weights
from earthgan_training.surrogates.grid_code import codes_of, coding_of
from earthgan_training.train.config import SurrogateConfig
from earthgan_training.train.run_folder import data_sha256
from earthgan_training.train.task import Task


def write_surrogate(
    out: Path, data: Dataset, task: Task, state: Mapping[str, Tensor], config: SurrogateConfig, description: str
) -> None:
    """Write the surrogate of time steps in a data set, with its ONNX generator. It replaces a surrogate at `out`.

    Raises BadInput if it should hold the held-out steps and there are none.
    """
    spec = data.spec
    kept = [step for step in spec.steps if config.steps == "all" or step.t in spec.split.held_out]
    if not kept:
        raise BadInput(f"{data.folder}: holds out no time step, and the surrogate should hold those only")
    if config.weights == "float16":
        state = {name: tensor.half() for name, tensor in state.items()}
    inputs = {step.t: data.inputs(step.t, task.names) for step in kept}
    coding = coding_of(inputs.values())
    with new_folder(out, overwrite=True) as folder:
        steps = tuple(
            write_step(folder, step.t, codes_of(inputs[step.t], coding), step.time_myr, step.label) for step in kept
        )
        write_spec(
            folder,
            SurrogateSpec(
                title=spec.title or spec.provenance.source,
                description=description,
                variables=tuple(_variable(data.variable(name)) for name in task.names),
                grid=GridSpec.of(task.outputs),
                inputs=InputsSpec(grid=spec.input_grid, dtype="uint16", coding=coding, steps=steps),
                generator=GeneratorSpec(arguments=task.arguments, weights=write_weights(folder, state)),
                seed=0,
                planet=spec.planet,
                provenance=spec.provenance.model_copy(update={"training_data_sha256": data_sha256(data)}),
            ),
        )
        export(folder)


def _variable(variable: DatasetVariable) -> VariableSpec:
    low, high = variable.extent
    if variable.symmetric:
        high = max(-low, high)
        low = -high
    return VariableSpec(
        name=variable.name,
        long_name=variable.long_name,
        unit=variable.unit,
        colormap=variable.colormap,
        range=(low, high),
        normalisation=variable.truth,
    )
