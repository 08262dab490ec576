"""`earthgan study` as a plain function: the studies by name, and their results."""

from __future__ import annotations

from typing import Protocol

from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import condition, input_size, noise, stripes, variables
from earthgan_training.study.result import Study
from earthgan_training.study.setting import Tick, held_out_steps, measured_variable


class StudyFunction(Protocol):
    """A study of a data set with `updates` updates for each variant (None: the study's own number). `tick` is called
    when a piece of work is done.
    """

    def __call__(self, data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study: ...


STUDIES: dict[str, StudyFunction] = {
    "input-size": input_size.study,
    "variables": variables.study,
    "noise": noise.study,
    "stripes": stripes.study,
    "condition": condition.study,
}


def run_study(name: str, data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """Run one study. Raises BadInput if the data set does not suit it, or if it holds out no time steps."""
    held_out_steps(data)
    return STUDIES[name](data, seed, updates, tick)


def persistence_db(data: Dataset) -> float:
    """The PSNR of the last training step as a prediction of the first held-out step. It shows how much of the measured
    field was already known from training.
    """
    name = measured_variable(data)
    seen, due = (data.stored_truth(t, name) for t in (data.spec.split.train[-1], held_out_steps(data)[0]))
    return psnr(seen, due)
