"""Makes the trainer of a run from a data set and a configuration."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch

from earthgan.errors import BadInput
from earthgan.kinds.networks import UpsamplingGenerator
from earthgan.kinds.upsampling import UpsamplingPlanner
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.train import checkpoint as checkpoints
from earthgan_training.train.config import TrainConfig
from earthgan_training.train.critic import Critic, score_size
from earthgan_training.train.loop import Trainer
from earthgan_training.train.memory import checkpoint_blocks, fit
from earthgan_training.train.parallel import Processes
from earthgan_training.train.samples import Samples, make_batch
from earthgan_training.train.task import Generator, Task, make_network, make_task, radial_weights


def set_up(
    data: Dataset,
    config: TrainConfig,
    processes: Processes,
    weights: Path | None = None,
    cut: Collection[str] = (),
) -> Trainer:
    """The trainer before its first step. The options in `cut` are cut to what the data have, and `weights` holds the
    generator's initial weights. Raises BadInput if the parts do not fit together, or need too much memory.
    """
    if "generator.blocks" in cut:
        config = _with_fewer_blocks(config, data)
    task = make_task(data, config)
    if "samples.patch" in cut:
        config = _with_a_smaller_patch(config, task)
    _check(config, processes)
    samples = Samples(data, task, config.samples, config.seed)
    scales = samples.scales()
    generator, critic = _networks(task, config)
    if isinstance(generator, UpsamplingGenerator):
        to_layers = radial_weights(np.array(task.outputs.radii_km), np.array(data.input_grid.radii_km)).T
        generator.standardise(*(torch.from_numpy(each @ to_layers) for each in (scales.mean, scales.spread)))
    if weights:
        checkpoints.load_module(weights, generator, checkpoints.read(weights).tensors)
    first = samples.draw(0, 0, 0, twice=config.adversarial.draws == 2)
    probe = make_batch([first], scales, torch.device("cpu"))
    chosen = fit(generator, critic, probe, config, -(-config.batch // processes.count), processes.device)
    if chosen.checkpointed:
        checkpoint_blocks(generator)
    return Trainer(config, generator, critic, samples, scales, processes, chosen)


def _with_fewer_blocks(config: TrainConfig, data: Dataset) -> TrainConfig:
    """The same configuration with as many blocks as the inputs have rows for."""
    reach = UpsamplingPlanner.REACH if config.generator.preset == "upsampling" else 0
    blocks = min(config.generator.blocks, data.input_grid.shape[1] - 1 - reach)
    return config.model_copy(update={"generator": config.generator.model_copy(update={"blocks": blocks})})


def _with_a_smaller_patch(config: TrainConfig, task: Task) -> TrainConfig:
    """The same configuration with a patch that fits into the data."""
    shells, rows, columns = task.planner.whole_pass.axes
    sizes = zip(config.samples.patch, map(len, (shells[:: config.samples.every], rows, columns)), strict=True)
    return config.model_copy(
        update={"samples": config.samples.model_copy(update={"patch": tuple(min(each) for each in sizes)})}
    )


def _check(config: TrainConfig, processes: Processes) -> None:
    if config.batch < processes.count:
        raise BadInput(
            f"batch: {config.batch} is too small: each of the {processes.count} processes needs at least one sample"
        )
    seen = config.samples.patch[1:] if config.critic.lateral else config.samples.patch
    if config.adversarial.steps and not all(map(score_size, seen)):
        smallest = next(size for size in range(1000) if score_size(size))
        patch = " x ".join(map(str, config.samples.patch))
        raise BadInput(
            f"samples.patch: the critic needs {smallest} cells along each axis, and the patch has {patch}: "
            "--set adversarial.steps=0 trains without a critic"
        )


def _networks(task: Task, config: TrainConfig) -> tuple[Generator, Critic]:
    """Both networks with their initial weights, which the seed determines."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        judge = config.critic
        return make_network(task), Critic(len(task.names), judge.width, lateral=judge.lateral, first=judge.first)
