"""Finds the better way to store a source by trying each on a few of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earthgan.errors import BadInput
from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.make.code import Code
from earthgan_training.make.goal import Goal, Quality
from earthgan_training.make.measure import measured
from earthgan_training.simulations.labelled import Source

#: The number of steps that a choice is made on.
TRIAL_STEPS = 3
#: A code that comes this close to the quality asked for has reached it.
NEAR_DB = 0.3
#: A later code must be better than an earlier one by this much to be chosen.
MARGIN_DB = 0.1
#: By how many decibels the PSNR grows, at least, if a field takes twice the bytes. It makes differences of bytes
#: comparable with differences of PSNR.
DB_PER_DOUBLING = 4.0


@dataclass(frozen=True)
class Trial:
    """A code on the steps of a trial: its surrogate folder, the bytes of a step and the mean PSNR of all variables.

    `step_bytes` contains a step's share of the model among all steps that the surrogate will have.
    """

    code: Code
    folder: Path
    step_bytes: float
    psnr_db: float


def tried(
    code: Code, source: Source, steps: Sequence[int], folder: Path, goal: Goal, memory_bytes: int, show: Show
) -> Trial:
    """Make and measure the surrogate of a code for some steps of a source. Raises BadInput."""
    code.fit(source, folder, goal, steps, memory_bytes, show)
    surrogate = Surrogate(folder)
    scores = measured(source, surrogate, steps, show)
    size = footprint(surrogate)
    mean = float(np.mean([score.psnr_db for score in scores.values()]))
    return Trial(code, folder, size.inputs_per_step + size.model / len(source.steps), mean)


def better(a: Trial, b: Trial, goal: Goal) -> Trial:
    """The better trial. `b` must be better by `MARGIN_DB`.

    Where a quality is asked for, a code that misses it loses against one that reaches it, and otherwise the smaller
    wins. Where a size is asked for, the closer wins. What little the two differ in the other respect is converted.
    """
    if isinstance(goal, Quality):
        reach = [trial.psnr_db >= goal.psnr_db - NEAR_DB for trial in (a, b)]
        if reach[0] != reach[1]:
            return a if reach[0] else b
    if not np.isfinite([a.psnr_db, b.psnr_db]).all():
        return min(a, b, key=lambda trial: (-trial.psnr_db, trial.step_bytes))
    gain_db = b.psnr_db - a.psnr_db + DB_PER_DOUBLING * float(np.log2(a.step_bytes / b.step_bytes))
    return b if gain_db > MARGIN_DB else a


def trial_steps(steps: Sequence[int], most: int = TRIAL_STEPS) -> list[int]:
    """At most `most` steps, evenly spaced, with the first and the last."""
    index = np.unique(np.round(np.linspace(0, len(steps) - 1, min(most, len(steps)))).astype(int))
    return [steps[i] for i in index]


def chosen(
    codes: Sequence[Code],
    source: Source,
    steps: Sequence[int],
    scratch: Path,
    goal: Goal,
    memory_bytes: int,
    show: Show,
) -> Trial | Code:
    """The best of the codes that can promise the goal, as some steps show. It is the trial if there was one.

    Raises BadInput if no code can promise the goal, or if one fails.
    """
    able = [code for code in codes if code.can(goal, source)]
    if not able:
        named = ", ".join(code.name for code in codes)
        raise BadInput(f"{source.address}: surrogates of kind {named} cannot be made of it with this goal")
    if len(able) == 1:
        return able[0]
    best: Trial | None = None
    for code in able:
        trial = tried(code, source, steps, scratch / code.name, goal, memory_bytes, show)
        best = trial if best is None else better(best, trial, goal)
    assert best is not None
    return best
