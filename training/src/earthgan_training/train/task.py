"""The task of a generator on a data set: the grids of its inputs and outputs, and the place of each output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.inputs import GridPlanner
from earthgan.kinds.networks import PaperGenerator, ResidualGenerator, UpsamplingGenerator
from earthgan.kinds.paper import PaperArguments, PaperPlanner, pass_size, registration
from earthgan.kinds.registry import kind_of
from earthgan.kinds.residual import ResidualArguments, ResidualPlanner
from earthgan.kinds.upsampling import UpsamplingArguments, UpsamplingPlanner
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid, Window
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.recipe import Preset
from earthgan_training.train.config import TrainConfig

BLOCKS = 3
RATIO = 2**BLOCKS
Generator = PaperGenerator | ResidualGenerator | UpsamplingGenerator


class PassPlanner(GridPlanner, Protocol):
    """A planner that knows the largest window which one pass of the generator can compute."""

    @property
    def whole_pass(self) -> Window: ...


@dataclass(frozen=True)
class Task:
    """A task. `radial` `(output shell, truth shell)` interpolates the ground truth to the radii of the outputs. A patch
    may begin at every `starts`-th shell, row and column.
    """

    names: tuple[str, ...]
    arguments: PaperArguments | ResidualArguments | UpsamplingArguments
    planner: PassPlanner
    outputs: ShellGrid
    radial: NDArray[np.float32]
    starts: tuple[int, int, int]


def make_task(data: Dataset, config: TrainConfig) -> Task:
    """The task for a configuration and a data set. Raises BadInput if they do not fit together."""
    if config.dataset not in (None, data.spec.preset):
        raise BadInput(
            f"{data.folder}: was prepared with the preset {data.spec.preset}, but training needs {config.dataset}"
        )
    names = _names(data, config)
    try:
        return (_paper_task if config.generator.preset == "paper" else _cells_task)(data, names, config)
    except ValueError as error:
        raise BadInput(f"{data.folder}: {error}") from error


def make_network(task: Task) -> Generator:
    """The task's generator with untrained weights."""
    network = kind_of(task.arguments).torch_module(task.arguments, len(task.names))
    assert isinstance(network, Generator)
    return network


def _names(data: Dataset, config: TrainConfig) -> tuple[str, ...]:
    known = tuple(each.name for each in data.spec.variables)
    names = config.variables or known
    for name in names:
        if name not in known:
            raise BadInput(f"{data.folder}: has no variable {name!r}; its variables are {', '.join(known)}")
    vector = data.spec.vector or VELOCITY
    if 0 < len(set(vector) & set(names)) < 3 and (config.samples.rotate or config.samples.mirror):
        raise BadInput(f"{data.folder}: {', '.join(vector)} rotate together: train on all three, or without symmetries")
    return names


def _paper_task(data: Dataset, names: tuple[str, ...], config: TrainConfig) -> Task:
    """The task of the paper's generator.

    The generator is unpadded in radius, so its outputs begin and end inside the range of its inputs. The ground truth
    is interpolated to the radii of the outputs. With a data set of the preset `paper`, output shell `i` is instead
    matched with ground-truth shell `i`, as in the paper and as the published weights expect. That is up to 290 km away
    from where its inputs lie (`docs/published.md`).
    """
    inputs, truth = data.input_grid, data.truth_grid
    width = config.generator.width
    missing_rows = RATIO * inputs.shape[1] - truth.shape[1]
    if truth.shape[2] != RATIO * inputs.shape[2] or missing_rows < 0 or missing_rows % 2:
        raise BadInput(
            f"{data.folder}: the ground truth must have {RATIO} times as many rows and columns as the inputs"
        )
    shells = pass_size(inputs.shape[0], BLOCKS)
    if shells < 1:
        raise BadInput(f"{data.folder}: has {inputs.shape[0]} layers, but the generator needs at least 6")
    arguments = PaperArguments(
        channels=tuple(width.channels(level) for level in range(BLOCKS, -1, -1)),
        noise=config.generator.noise,
        first=(0, 3 + missing_rows // 2, 3),
    )
    if data.spec.preset is Preset.PAPER:
        if shells != truth.shape[0]:
            raise BadInput(f"{data.folder}: the ground truth must have {shells} shells")
        outputs, radial = truth, np.eye(shells, dtype=np.float32)
    else:
        radii_km = registration(inputs.radii_km, BLOCKS)
        outputs = replace(truth, radii_km=tuple(radii_km.tolist()))
        radial = radial_weights(np.array(truth.radii_km), radii_km)
    return Task(names, arguments, PaperPlanner(arguments, inputs, outputs), outputs, radial, (RATIO, RATIO, RATIO))


def _cells_task(data: Dataset, names: tuple[str, ...], config: TrainConfig) -> Task:
    """The task of the residual or the upsampling generator. Its outputs have the shells, rows and columns of the ground
    truth.
    """
    vector = data.spec.vector or VELOCITY
    affines = {(data.variable(name).truth, data.variable(name).inputs) for name in vector if name in names}
    alike = len(affines) == 1 and all(each.offset == 0 for pair in affines for each in pair)
    if affines and not alike:
        raise BadInput(
            f"{data.folder}: velocities can only rotate if they share one scale about zero, as in the preset default"
        )
    x, y, z = (names.index(name) for name in vector) if affines else (0, 0, 0)
    channels, second, third, last = (config.generator.width.channels(level) for level in range(BLOCKS, -1, -1))
    blocks, turned = config.generator.blocks, (x, y, z) if affines else None
    outputs = data.truth_grid
    arguments: ResidualArguments | UpsamplingArguments
    if config.generator.preset == "residual":
        arguments = ResidualArguments(channels=channels, blocks=blocks, vector=turned)
        planner = ResidualPlanner(arguments, data.input_grid, outputs)
    else:
        arguments = UpsamplingArguments(
            channels=channels,
            blocks=blocks,
            vector=turned,
            doubled=(second, third, last),
            layers=data.input_grid.shape[0],
        )
        planner = UpsamplingPlanner(arguments, data.input_grid, outputs)
    return Task(names, arguments, planner, outputs, np.eye(outputs.shape[0], dtype=np.float32), (1, RATIO, RATIO))


def radial_weights(radii_km: NDArray[np.float64], wanted_km: NDArray[np.float64]) -> NDArray[np.float32]:
    """The weights `(wanted, known)` for linear interpolation between shells."""
    below = np.clip(np.searchsorted(radii_km, wanted_km) - 1, 0, len(radii_km) - 2)
    share = (wanted_km - radii_km[below]) / (radii_km[below + 1] - radii_km[below])
    weights = np.zeros((len(wanted_km), len(radii_km)), dtype=np.float32)
    rows = np.arange(len(wanted_km))
    weights[rows, below], weights[rows, below + 1] = 1 - share, share
    return weights
