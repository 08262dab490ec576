"""What the variants of a study share: data, samples, initial weights, and held-out fields for measuring.

Everything is a function of a seed: the sample `index` of draw `draw` in step `step` of seed `seed` is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.variables import TEMPERATURE
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study.networks import begun
from earthgan_training.train.config import TrainConfig
from earthgan_training.train.critic import Critic, score_size
from earthgan_training.train.samples import Batch, Sample, Samples, Scales, make_batch
from earthgan_training.train.symmetry import Symmetry
from earthgan_training.train.task import Generator, Task, make_network, make_task

Array = NDArray[np.float32]
#: Reports that a named piece of a study's work is done.
Tick = Callable[[str], None]

_SEED_STRIDE = 1_000_000  # distance between the first steps of two seeds, which share the samples' memory
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Setting:
    """A task on a data set."""

    data: Dataset
    config: TrainConfig
    task: Task
    samples: Samples
    scales: Scales

    @property
    def measured(self) -> int:
        """The index of the variable that is measured."""
        return self.task.names.index(measured_variable(self.data))

    @property
    def unit(self) -> str:
        return self.data.variable(measured_variable(self.data)).unit

    def in_units(self, field: Array) -> Array:
        """The measured variable's normalised field in its unit."""
        affine = self.data.variable(measured_variable(self.data)).truth
        return np.asarray(field * affine.scale + affine.offset, dtype=np.float32)

    def middle(self, shells: int) -> tuple[ShellGrid, Window]:
        """The grid and the window of all rows and columns on `shells` shells in the middle of the outputs."""
        count, rows, columns = self.task.outputs.shape
        first = max(count - shells, 0) // 2
        window = Window(range(first, min(first + shells, count)), range(rows), range(columns))
        radii_km = self.task.outputs.radii_km[window.shells.start : window.shells.stop]
        return replace(self.task.outputs, radii_km=radii_km), window

    def generator(self, seed: int) -> Generator:
        """A generator with the initial weights of a seed."""
        return begun(lambda: make_network(self.task), seed)

    def critic(self, seed: int, more: int = 0) -> Critic:
        """A critic with the initial weights of a seed, whose condition has `more` further channels."""
        return begun(lambda: Critic(len(self.task.names), self.config.critic.width, more), seed + 1)

    def batch(self, seed: int, step: int, draw: int = 0) -> Batch:
        """A batch of training samples."""
        step += seed * _SEED_STRIDE
        return self._batch([self.samples.draw(step, draw, index) for index in range(self.config.batch)])

    def held_out_patches(self, count: int) -> list[Batch]:
        """Held-out samples of the same size as training samples, each as a batch."""
        return [self._batch([each]) for each in self.samples.validation(count)]

    def at(self, t: int, window: Window, noise_seed: int | None) -> Batch:
        """A window of a time step, without any symmetry. Without a seed, the noise is zero."""
        return self._batch([self.samples.sample(t, window, Symmetry(), noise_seed)])

    def predict(self, generator: Generator, batch: Batch, feeds: Mapping[str, Tensor] | None = None) -> Array:
        """The measured variable's normalised field `(shell, latitude, longitude)` for a batch of one. `feeds` replace
        those of the batch.
        """
        with torch.no_grad():
            field: Array = generator.run({**batch.feeds, **(feeds or {})})[0, self.measured].float().numpy()
        return field

    def truth(self, batch: Batch) -> Array:
        """The ground truth for `predict`."""
        field: Array = batch.truth[0, self.measured].numpy()
        return field

    def _batch(self, samples: list[Sample]) -> Batch:
        return make_batch(samples, self.scales, _CPU)


def make_setting(data: Dataset, config: TrainConfig) -> Setting:
    """Make the setting of a study. Raises BadInput if the configuration does not fit the data set."""
    if config.adversarial.steps and not all(map(score_size, config.samples.patch)):
        raise BadInput(f"{data.folder}: is too small for the critic, whose patch is {config.samples.patch}")
    task = make_task(data, config)
    samples = Samples(data, task, config.samples, config.seed)
    return Setting(data, config, task, samples, samples.scales())


def measured_variable(data: Dataset) -> str:
    """The name of the temperature, or of the first variable if there is no temperature."""
    names = [each.name for each in data.spec.variables]
    return TEMPERATURE.name if TEMPERATURE.name in names else names[0]


def held_out_steps(data: Dataset) -> tuple[int, ...]:
    """The held-out time steps. Raises BadInput if there are none."""
    steps = tuple(data.spec.split.held_out)
    if not steps:
        raise BadInput(f"{data.folder}: holds out no time steps, but a study needs them")
    return steps


def averaged(numbers: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each number over held-out time steps."""
    return {key: float(np.mean([each[key] for each in numbers])) for key in numbers[0]}
