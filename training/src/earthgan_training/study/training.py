"""Trains one variant with the losses of `earthgan train`, without the parts that only a long run needs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn

from earthgan.errors import BadInput
from earthgan_training.study.setting import Setting
from earthgan_training.train.config import Stage
from earthgan_training.train.critic import Critic
from earthgan_training.train.losses import Terms
from earthgan_training.train.objective import Objective
from earthgan_training.train.task import Generator


class Schedule:
    """Adam on a network's parameters. The learning rate falls along a cosine over `updates` updates."""

    def __init__(self, network: nn.Module, rate: float, final: float, updates: int) -> None:
        self._parameters = list(network.parameters())
        self._optimiser = torch.optim.Adam(self._parameters, rate, betas=(0.9, 0.99))
        self._rate = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimiser, max(updates, 1), rate * final)

    def update(self, terms: Iterator[Terms]) -> None:
        """Update the network once with the gradient of a batch's mean. Raises BadInput if a loss is not finite."""
        self._optimiser.zero_grad(set_to_none=True)
        for group in terms:
            loss = torch.stack([weight * term.mean() for weight, term in group.values()]).sum()
            if not math.isfinite(loss.item()):
                raise BadInput("the training of a variant diverged: its loss is not finite")
            loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._rate.step()


def content(setting: Setting, generator: Generator, seed: int) -> None:
    """Run the content stage of the setting's configuration."""
    stage = setting.config.content
    objective = Objective(generator, setting.critic(seed), setting.config)
    schedule = _schedule(generator, stage, stage.learning_rate)
    for step in range(stage.steps):
        schedule.update(objective.content(setting.batch(seed, step)))


def adversarial(setting: Setting, generator: Generator, critic: Critic, objective: Objective, seed: int) -> None:
    """Run the adversarial stage for both networks of an objective."""
    config = setting.config
    stage, first = config.adversarial, config.content.steps
    learns, judges = (
        _schedule(generator, stage, stage.learning_rate),
        _schedule(critic, stage, stage.critic_learning_rate),
    )
    for step in range(first, first + stage.steps):
        for draw in range(stage.critic_steps, 0, -1):
            critic.requires_grad_(True)
            judges.update(objective.critic(step, setting.batch(seed, step, draw)))
        critic.requires_grad_(False)
        learns.update(objective.adversarial(setting.batch(seed, step)))
    critic.requires_grad_(True)


def _schedule(network: nn.Module, stage: Stage, rate: float) -> Schedule:
    return Schedule(network, rate, stage.final, stage.steps)
