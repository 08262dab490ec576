"""`earthgan study` as a plain function: the studies by name, and what they find."""

from __future__ import annotations

from typing import Protocol

from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study import condition, input_size, noise, stripes, variables
from earthgan_training.study.result import Study
from earthgan_training.study.setting import Tick, held_out_steps, measured_variable


class StudyFunction(Protocol):
    """A study of a dataset, of `updates` for each variant (its own number for None); `tick` is told what is done."""

    def __call__(self, data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study: ...


STUDIES: dict[str, StudyFunction] = {
    "input-size": input_size.study,
    "variables": variables.study,
    "noise": noise.study,
    "stripes": stripes.study,
    "condition": condition.study,
}


def run_study(name: str, data: Dataset, seed: int, updates: int | None, tick: Tick) -> Study:
    """One study. Raises BadInput where the dataset cannot be asked this, or holds no steps out."""
    held_out_steps(data)
    return STUDIES[name](data, seed, updates, tick)


def persistence_db(data: Dataset) -> float:
    """PSNR of the last training step, taken for the first held-out one: how much of what is measured was there to see
    in training.
    """
    name = measured_variable(data)
    seen, due = (data.stored_truth(t, name) for t in (data.spec.split.train[-1], held_out_steps(data)[0]))
    return psnr(seen, due)
