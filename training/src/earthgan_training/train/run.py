"""`earthgan train` as a plain function. It starts or continues a run, keeps checkpoints and writes the surrogate."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from earthgan.errors import BadInput
from earthgan.files import cannot_be_written
from earthgan.surrogate import Surrogate
from earthgan.verified import file_sha256
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.train import checkpoint as checkpoints
from earthgan_training.train import run_folder
from earthgan_training.train.config import TrainConfig
from earthgan_training.train.loop import Metrics, NotFinite
from earthgan_training.train.memory import Fit, peak_gb
from earthgan_training.train.objective import Objective
from earthgan_training.train.parallel import Processes
from earthgan_training.train.report import Report
from earthgan_training.train.samples import make_batch
from earthgan_training.train.setup import set_up
from earthgan_training.train.surrogate import write_surrogate
from earthgan_training.train.task import Task
from earthgan_training.train.validation import panel, validate


@dataclass(frozen=True)
class Progress:
    """The progress of a run: its step, the total number of steps, and the measurements."""

    step: int
    of: int
    stage: str
    metrics: Metrics


@dataclass(frozen=True)
class Result:
    """The result of a run: its last step, whether the run is finished, the numbers of the best weights and the samples
    that these were measured on, and the memory.
    """

    step: int
    finished: bool
    best: dict[str, float]
    measured_on: str
    peak_memory_gb: float
    expected_memory_gb: float


def train(
    data: Dataset,
    run: Path,
    config: TrainConfig | None,
    processes: Processes,
    *,
    weights: Path | None = None,
    cut: Collection[str] = (),
    watch: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Result:
    """Train on a data set in a new folder `run`. Without a configuration, continue the run in that folder.

    `weights` names the generator's initial weights: a surrogate folder or a `.safetensors` file. Of the options
    `samples.patch` and `generator.blocks`, those in `cut` are cut to what the data have. `stopped` is called after
    every step; if it returns true, the run ends there with a checkpoint. Raises BadInput, and then keeps the last
    checkpoint.
    """
    try:
        return _train(data, run, config, processes, weights, cut, watch, stopped)
    except OSError as error:
        raise cannot_be_written(run, error) from error
    except torch.OutOfMemoryError as error:
        raise BadInput(
            f"{run}: out of memory on {processes.device}; a smaller --max-memory-gb cuts batches into smaller parts"
        ) from error


def _train(
    data: Dataset,
    run: Path,
    config: TrainConfig | None,
    processes: Processes,
    weights: Path | None,
    cut: Collection[str],
    watch: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> Result:
    goes_on, main = config is None, processes.rank == 0
    if weights and weights.is_dir():
        weights = Surrogate(weights).weights_path
    if config is None:
        trainer = set_up(data, run_folder.resumed(run, data), processes)
    else:
        trainer = set_up(data, config, processes, weights, cut)
    config, task, samples, scales = trainer.config, trainer.samples.task, trainer.samples, trainer.scales

    last = checkpoints.path_of(run, "last")
    best: dict[str, float] = {}
    if goes_on and last.exists():
        stored = checkpoints.read(last)
        trainer.restore(last, stored)
        best = json.loads(stored.about["best"])
    elif main and not goes_on:
        run_folder.begin(run, config, data, _about(trainer.fit, processes, weights))
    processes.wait()  # the other processes wait for what the first one makes

    def keep(name: str) -> None:
        checkpoints.write(checkpoints.path_of(run, name), trainer.state({"best": json.dumps(best)}))

    averaged = Objective(trainer.average, trainer.critic, config)
    checked = {
        name: [
            make_batch([each], scales, processes.device)
            for each in samples.validation(config.validation_samples, stage.noise)
        ]
        for name, stage in (("content", config.content), ("adversarial", config.adversarial))
    }
    report = Report(run, trainer.step) if main else None
    stopping = False
    try:
        began = time.monotonic()
        for metrics in trainer.run():
            step, took = trainer.step, time.monotonic() - began
            stage = "content" if step <= config.content.steps else "adversarial"
            stage_ends = step in (config.content.steps, config.steps)
            stopping = processes.any(stopped())
            if report:
                if stage_ends or step % config.validate_every == 0:
                    validation = validate(averaged, checked[stage], task)
                    metrics |= validation.numbers
                    report.picture(
                        step, samples.validates_on, panel(validation, checked[stage][0], task, data.spec.planet, step)
                    )
                    # What a critic teaches costs content. In its stage, the newest weights are the best.
                    newest = stage == "adversarial" or not best
                    if newest or validation.content < best["validation/content"]:
                        best = validation.numbers
                        keep("best")
                report.numbers(step, {"stage": stage, **metrics, "seconds": took, "peak_memory_gb": _peak(processes)})
                if stage_ends and step < config.steps:
                    keep("content")
                    best = {}
                if stage_ends or stopping or step % config.checkpoint_every == 0:
                    keep("last")
                watch(Progress(step, config.steps, stage, metrics))
            if stopping:
                break
            began = time.monotonic()
    except NotFinite as error:
        kept = f"the checkpoint of step {checkpoints.read(last).step} is kept" if last.exists() else "no checkpoint yet"
        raise BadInput(f"{run}: {error}; {kept}") from error
    finally:
        if report:
            report.close()
    finished = trainer.step == config.steps
    if finished and main:
        _write_surrogate(run, data, task, config, samples.validates_on)
    return Result(trainer.step, finished, best, samples.validates_on, _peak(processes), trainer.fit.expected_gb)


def _about(chosen: Fit, processes: Processes, weights: Path | None) -> dict[str, Any]:
    return {
        "first_weights_sha256": file_sha256(weights) if weights else None,
        "device": str(processes.device),
        "processes": processes.count,
        "micro_batch": chosen.micro_batch,
        "checkpointed": chosen.checkpointed,
        "expected_memory_gb": round(chosen.expected_gb, 2),
    }


def _peak(processes: Processes) -> float:
    return round(peak_gb(processes.device), 3)


def _write_surrogate(run: Path, data: Dataset, task: Task, config: TrainConfig, measured_on: str) -> None:
    best = checkpoints.read(checkpoints.path_of(run, "best"))
    gains = json.loads(best.about["best"])
    told = ", ".join(f"{name} {gains[f'gain_db/{name}']:+.1f} dB" for name in task.names)
    description = f"Trained for {best.step} updates. On {measured_on}, against interpolation: {told}."
    folder = run / run_folder.SURROGATE_FOLDER
    write_surrogate(folder, data, task, best.of("average"), config.surrogate, description)
