"""The training: a content warm-up, then the adversarial stage. Read this module first.

An update takes one batch. The batch is cut into micro-batches and spread over processes. Gradients are summed, so
neither changes the result. The critic gets new batches of its own, with predictions that have no gradient. No random
state is stored: the sample `index` of draw `draw` in step `step` is always the same (`samples.py`).
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from earthgan.errors import BadInput
from earthgan_training.train import checkpoint as checkpoints
from earthgan_training.train.checkpoint import Checkpoint
from earthgan_training.train.config import Stage, TrainConfig
from earthgan_training.train.critic import Critic
from earthgan_training.train.losses import Terms
from earthgan_training.train.memory import Fit
from earthgan_training.train.objective import Objective
from earthgan_training.train.parallel import Processes
from earthgan_training.train.samples import Batch, Sample, Samples, Scales, make_batch
from earthgan_training.train.task import Generator

T = TypeVar("T")
N = TypeVar("N", bound=nn.Module)
Metrics = dict[str, float]

#: By rank: in these memory formats, convolutions take a third less time, forwards and backwards.
_LAYOUT = {4: torch.channels_last, 5: torch.channels_last_3d}


class NotFinite(BadInput):
    """A loss or its gradient is no longer finite."""


class Trainer:
    """The two networks, the average of the generator, two optimisers, and the number of steps that were taken."""

    def __init__(
        self,
        config: TrainConfig,
        generator: Generator,
        critic: Critic,
        samples: Samples,
        scales: Scales,
        processes: Processes,
        fit: Fit,
    ) -> None:
        self.config, self._processes, self.fit = config, processes, fit
        self.samples, self.scales = samples, scales
        self.generator = laid_out(generator.to(processes.device))
        self.critic = laid_out(critic.to(processes.device))
        self.average = deepcopy(self.generator).requires_grad_(False)
        self._objective = Objective(self.generator, self.critic, config)
        self._optimisers = {
            "generator": _optimiser(self.generator, config),
            "critic": _optimiser(self.critic, config),
        }
        half = config.precision == "float16"
        self._scalers = {name: torch.amp.GradScaler(processes.device.type, enabled=half) for name in self._optimisers}
        self.step = 0

    def run(self) -> Iterator[Metrics]:
        """Train up to the last step. Yields the measurements of each step."""
        config = self.config
        batches = _ahead(self._batches())
        while self.step < config.steps:
            metrics: Metrics = {}
            if self.step >= config.content.steps:
                self.critic.requires_grad_(True)
                rate = _rate(config.adversarial, self.step - config.content.steps)
                critic = partial(self._objective.critic, self.step)
                for _ in range(config.adversarial.critic_steps):
                    critic_rate = rate * config.adversarial.critic_learning_rate / config.adversarial.learning_rate
                    metrics |= self._update("critic", self.critic, critic, batches, critic_rate)
                self.critic.requires_grad_(False)
                metrics |= self._update("generator", self.generator, self._objective.adversarial, batches, rate)
            else:
                rate = _rate(config.content, self.step)
                metrics |= self._update("generator", self.generator, self._objective.content, batches, rate)
            self.step += 1
            self._follow()
            yield metrics

    def _update(
        self,
        name: str,
        network: nn.Module,
        terms: Callable[[Batch], Iterator[Terms]],
        batches: Iterator[Batch],
        rate: float,
    ) -> Metrics:
        """Update a network once with the gradient of the mean over a whole batch.

        Raises NotFinite if a loss or the gradient is not finite. The weights are then unchanged.
        """
        optimiser, scaler = self._optimisers[name], self._scalers[name]
        optimiser.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        seen: list[tuple[tuple[Sample, ...], float]] = []
        for batch in islice(batches, len(self._micro_batches())):
            for group in terms(batch):
                loss = torch.stack([weight * term.sum() for weight, term in group.values()]).sum() / self.config.batch
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                for key, (_, term) in group.items():
                    sums[key] = sums.get(key, 0) + term.detach().double().sum() / self.config.batch
                seen.append((batch.samples, float(loss.detach())))
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        self._processes.sum(gradients)
        self._processes.sum(sums.values())
        scaler.unscale_(optimiser)
        metrics = {key: float(value) for key, value in sums.items()}
        norm = float(torch.nn.utils.get_total_norm(gradients))
        whole = math.isfinite(norm) or scaler.is_enabled()  # the scaler skips an update with an infinite norm
        if not (whole and all(map(math.isfinite, metrics.values()))):
            raise NotFinite(f"step {self.step + 1}: the {name}'s loss is not finite ({_where(seen)})")
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate
        scaler.step(optimiser)
        scaler.update()
        return metrics | {f"gradient_norm/{name}": norm, f"learning_rate/{name}": rate}

    def _follow(self) -> None:
        """Move the average a little towards the weights. It moves faster at first."""
        keep = min(self.config.optimiser.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)

    def _micro_batches(self) -> list[range]:
        """This process's part of a batch, cut into as many samples as fit at once."""
        share, size = self._processes.share(self.config.batch), self.fit.micro_batch
        return [share[first : first + size] for first in range(0, len(share), size)]

    def _batches(self) -> Iterator[Callable[[], Batch]]:
        """All later micro-batches, in the order in which the updates take them. Each is a function that makes the
        batch.
        """
        for step in range(self.step, self.config.steps):
            adversarial = step >= self.config.content.steps
            noise = (self.config.adversarial if adversarial else self.config.content).noise
            # Only the generator's own batch, which is the last one, has second draws.
            twice = adversarial and self.config.adversarial.draws == 2
            for draw in range(self.config.adversarial.critic_steps if adversarial else 0, -1, -1):
                for part in self._micro_batches():
                    yield partial(self._batch, step, draw, part, noise, twice and draw == 0)

    def _batch(self, step: int, draw: int, part: range, noise: bool, twice: bool) -> Batch:
        samples = [self.samples.draw(step, draw, index, noise, twice) for index in part]
        return make_batch(samples, self.scales, self._processes.device)

    def state(self, about: dict[str, str]) -> Checkpoint:
        """The state that the run needs to continue to the same bits."""
        parts = {
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "critic": self.critic.state_dict(),
            **{f"optimiser_{name}": checkpoints.optimiser_tensors(each) for name, each in self._optimisers.items()},
        }
        tensors = {f"{part}.{name}": tensor for part, own in parts.items() for name, tensor in own.items()}
        scalers = json.dumps({name: scaler.state_dict() for name, scaler in self._scalers.items()})
        return Checkpoint(tensors, {"step": str(self.step), "scalers": scalers, **about})

    def restore(self, path: Path, stored: Checkpoint) -> None:
        """Restore a stored state. Raises BadInput if it belongs to other networks."""
        for name in ("generator", "average", "critic"):
            checkpoints.load_module(path, getattr(self, name), stored.of(name))
        for name, optimiser in self._optimisers.items():
            checkpoints.load_optimiser(optimiser, stored.of(f"optimiser_{name}"))
        for name, state in json.loads(stored.about["scalers"]).items():
            self._scalers[name].load_state_dict(state)
        self.step = stored.step


def laid_out(network: N) -> N:
    """The network with its weights in the memory format in which convolutions are fastest."""
    for weights in network.parameters():
        if layout := _LAYOUT.get(weights.dim()):
            weights.data = weights.data.contiguous(memory_format=layout)
    return network


def _optimiser(network: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        network.parameters(), betas=config.optimiser.betas, weight_decay=config.optimiser.weight_decay
    )


def _rate(stage: Stage, step: int) -> float:
    """The learning rate of a stage at a step. It falls along half a cosine."""
    share = 0.5 * (1 + math.cos(math.pi * step / stage.steps))
    return stage.learning_rate * (stage.final + (1 - stage.final) * share)


def _where(seen: list[tuple[tuple[Sample, ...], float]]) -> str:
    """The samples of the first micro-batch whose loss is not finite; all samples if only the gradient is not finite."""
    wrong = next((samples for samples, loss in seen if not math.isfinite(loss)), None)
    return "; ".join(map(str, wrong or [sample for samples, _ in seen for sample in samples]))


def _ahead(tasks: Iterable[Callable[[], T]], count: int = 2) -> Iterator[T]:
    """The results in order. Other threads compute the next few results meanwhile."""
    tasks = iter(tasks)
    with ThreadPoolExecutor(count) as pool:
        waiting = deque(pool.submit(task) for task in islice(tasks, count))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(task) for task in islice(tasks, 1))
            yield result
