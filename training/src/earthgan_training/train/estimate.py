"""Predicts what a run takes: it makes two updates of each stage, in memory, and measures the second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch

from earthgan_training.train.loop import Trainer
from earthgan_training.train.memory import peak_gb
from earthgan_training.train.parallel import Processes


@dataclass(frozen=True)
class Estimate:
    """What a run takes: seconds for an update of each stage, and for all updates. On a CPU, these are CPU seconds, and
    on a GPU seconds. A stage without updates takes none. `expected_gb` is the memory that was predicted, and `peak_gb`
    that which the measured updates used.
    """

    content_s: float
    adversarial_s: float
    total_s: float
    expected_gb: float
    peak_gb: float


def estimate(trainer: Trainer, processes: Processes) -> Estimate:
    """Measure updates of a trainer, which cannot be used afterwards."""
    config = trainer.config
    clock = _clock(processes.device)
    took = []
    for first, stage in ((0, config.content), (config.content.steps, config.adversarial)):
        trainer.step = first
        times = [clock()]
        for _ in islice(trainer.run(), min(2, stage.steps)):
            times.append(clock())
        took.append(times[-1] - times[max(0, len(times) - 2)])
    total = took[0] * config.content.steps + took[1] * config.adversarial.steps
    return Estimate(took[0], took[1], total, trainer.fit.expected_gb, peak_gb(processes.device))


def _clock(device: torch.device) -> Callable[[], float]:
    """A clock that counts the device's seconds: those of all cores, or those until a GPU has finished."""
    if device.type != "cuda":
        return time.process_time

    def seconds() -> float:
        torch.cuda.synchronize(device)
        return time.monotonic()

    return seconds
