"""Finds the better way to store a source by trying each on a few of its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earthgan.errors import BadInput
from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.make.code import Code, Declined
from earthgan_training.make.goal import Bounds, Goal, Quality, Size
from earthgan_training.make.measure import beyond, measured
from earthgan_training.simulations.labelled import Source

#: A choice is made on at most this many steps, and on one if a step has more than so many numbers.
TRIAL_STEPS, TRIAL_NUMBERS = 3, 12_000_000
#: A code that comes this close to the quality asked for has reached it.
NEAR_DB = 0.3
#: A later code must be better than an earlier one by this much to be chosen.
MARGIN_DB = 0.1
#: No variable is taken for better than the worst by more than this.
ABOVE_DB = 40.0
#: A code is not tried if what it can hope for is worse by this much: by the bytes of a doubling.
HOPELESS_DB = 4.0
#: By how much a trial may exceed a size before it is repeated without the bytes of its description.
ROOM = 0.05
#: The relative difference from a size that is close enough.
NEAR_SIZE = 0.01
#: The fewest bytes of a step in which anything can be coded.
FEWEST_BYTES = 64
#: By how many decibels the PSNR grows, at least, if a field takes twice the bytes. It makes differences of bytes
#: comparable with differences of PSNR.
DB_PER_DOUBLING = 4.0


@dataclass(frozen=True)
class Trial:
    """A code on some steps: its surrogate folder, and what was measured on it.

    `step_bytes` is the mean size of a step with its share of the model. `described_bytes` is the part of that which
    says what the numbers are, and which no code makes smaller. `psnr_db` is the mean over the variables, and `least_db`
    the least of them. No variable counts for more than `ABOVE_DB` above the least, as a component of a vector that is
    rounding noise would. `short_db` is by how much the variables miss the quality asked for, on average. `holds` is
    False if a cell breaks the bounds that were asked for.
    """

    code: Code
    folder: Path
    step_bytes: float
    described_bytes: float
    psnr_db: float
    least_db: float
    short_db: float = 0.0
    holds: bool = True


def tried(
    code: Code, source: Source, steps: Sequence[int], folder: Path, goal: Goal, memory_bytes: int, show: Show
) -> Trial:
    """Make and measure the surrogate of a code for some steps of a source. Raises BadInput."""
    code.fit(source, folder, goal, steps, memory_bytes, show)
    surrogate = Surrogate(folder)
    scores = measured(source, surrogate, steps, show)
    found = np.array([score.psnr_db for score in scores.values()])
    wanted_db = goal.psnr_db if isinstance(goal, Quality) else -np.inf
    size, series = footprint(surrogate), len(source.steps)
    return Trial(
        code=code,
        folder=folder,
        step_bytes=size.inputs_per_step + size.model / series,
        described_bytes=size.entry + size.description / series,
        psnr_db=float(np.minimum(found, found.min() + ABOVE_DB).mean()),
        least_db=float(found.min()),
        short_db=float(np.maximum(wanted_db - found, 0).mean()),
        holds=not isinstance(goal, Bounds) or beyond(scores, goal.largest) is None,
    )


def adjusted(goal: Goal, trial: Trial) -> Goal | None:
    """What to ask the code for instead, so that the goal is met more closely; None if it is met.

    A code knows neither the size of the description nor, before it has tried, the quality. If a quality costs fewer
    bytes than the description, better quality for as many bytes is nearly free, and is taken. Raises BadInput if the
    description alone takes the bytes that were asked for.
    """
    coded_bytes = trial.step_bytes - trial.described_bytes
    match goal:
        case Size(step_bytes=step_bytes):
            left = step_bytes - trial.described_bytes
            if left < FEWEST_BYTES:
                raise BadInput(
                    f"--bytes {step_bytes:,}: what describes the numbers takes {trial.described_bytes:,.0f} bytes of a "
                    f"step already: {int(trial.described_bytes) + 1 + FEWEST_BYTES:,} bytes are the least"
                )
            return Size(int(left)) if abs(trial.step_bytes / step_bytes - 1) > NEAR_SIZE else None
        case Quality(psnr_db=psnr_db) if np.isfinite(trial.least_db):
            if coded_bytes < trial.described_bytes * (1 - NEAR_SIZE):
                return Size(int(trial.described_bytes))
            if trial.least_db < psnr_db - NEAR_DB:
                return Quality(2 * psnr_db - trial.least_db)
    return None


def meets_better(goal: Goal, first: Trial, second: Trial) -> bool:
    """Whether the second trial of a code meets a goal better than the first."""
    if isinstance(goal, Size):
        return abs(second.step_bytes - goal.step_bytes) < abs(first.step_bytes - goal.step_bytes)
    return second.least_db > first.least_db


def better(a: Trial, b: Trial, goal: Goal) -> Trial:
    """The better trial. `b` must be better by `MARGIN_DB`.

    Where a quality is asked for, a code that misses it loses against one that reaches it, and otherwise the smaller
    wins. Where a size is asked for, the closer wins. What little the two differ in the other respect is converted.
    Where errors are bounded, the smaller of those that keep the bounds wins.
    """
    if isinstance(goal, Bounds):
        return min(a, b, key=lambda trial: (not trial.holds, trial.step_bytes))
    if isinstance(goal, Quality):
        reach = [trial.short_db <= NEAR_DB for trial in (a, b)]
        if reach[0] != reach[1]:
            return a if reach[0] else b
        if not any(reach):  # what one variable has too much of does not make up for what another lacks
            gain_db = a.short_db - b.short_db + DB_PER_DOUBLING * float(np.log2(a.step_bytes / b.step_bytes))
            return b if gain_db > MARGIN_DB else a
    if not np.isfinite([a.psnr_db, b.psnr_db]).all():
        return min(a, b, key=lambda trial: (-trial.psnr_db, trial.step_bytes))
    return b if _gain_db(a, b.step_bytes, b.psnr_db) > MARGIN_DB else a


def _gain_db(trial: Trial, step_bytes: float, psnr_db: float) -> float:
    """By how much a PSNR is better than that of a trial, if fewer bytes count as a higher PSNR."""
    return psnr_db - trial.psnr_db + DB_PER_DOUBLING * float(np.log2(trial.step_bytes / step_bytes))


def worth_trying(code: Code, best: Trial, source: Source, steps: Sequence[int], goal: Goal) -> bool:
    """Whether a code might be better than the best trial so far. Raises BadInput."""
    missed = isinstance(goal, Quality) and best.short_db > NEAR_DB
    if isinstance(goal, Bounds) or missed or not np.isfinite(best.psnr_db):
        return True
    hopes = code.hopeful(source, steps, best.psnr_db)
    if hopes is None:
        return True
    coded_bytes, psnr_db = hopes
    return _gain_db(best, coded_bytes + best.described_bytes, psnr_db) > -HOPELESS_DB


def trials_of(source: Source) -> list[int]:
    """The steps of a source that a choice is made on."""
    numbers = len(source.variables) * int(np.prod(source.grid.shape))
    return spread([step.t for step in source.steps], max(1, min(TRIAL_STEPS, TRIAL_NUMBERS // numbers)))


def spread(steps: Sequence[int], most: int) -> list[int]:
    """At most `most` steps, evenly spaced, with the first and the last; if it is one, the one in the middle."""
    if most == 1:
        return [steps[len(steps) // 2]]
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
    say: Callable[[str], None] = lambda line: None,
) -> Trial | Code:
    """The best of the codes that can promise the goal, as some steps show. It is the trial if there was one. `say` gets
    a line for each code that was tried.

    Raises BadInput if no code can promise the goal, or if one fails.
    """
    able = [code for code in codes if code.can(goal, source)]
    if not able:
        named = ", ".join(code.name for code in codes)
        raise BadInput(f"{source.address}: surrogates of kind {named} cannot be made of it with this goal")
    if len(able) == 1:
        return able[0]
    best, refused = None, None
    for code in able:
        if best is not None and not worth_trying(code, best, source, steps, goal):
            say(f"{code.name} would take far more bytes, by a look at some shells")
            continue
        try:
            trial = _tried_at_its_size(code, source, steps, scratch / code.name, goal, memory_bytes, show)
        except Declined as declined:
            say(f"{code.name} does not suit it: {str(declined).removeprefix(source.address + ': ')}")
            refused = declined
            continue
        say(f"{code.name} takes {_in_words(trial, goal)}")
        best = trial if best is None else better(best, trial, goal)
    if best is None:
        assert refused is not None
        raise refused
    return best


def _tried_at_its_size(
    code: Code, source: Source, steps: Sequence[int], folder: Path, goal: Goal, memory_bytes: int, show: Show
) -> Trial:
    """A trial that takes about the bytes that were asked for, all counted: what describes the numbers may be most of
    them, and differs from code to code. Raises BadInput, and Declined if a code has no bytes left for its numbers.
    """
    trial = tried(code, source, steps, folder, goal, memory_bytes, show)
    if not isinstance(goal, Size) or trial.step_bytes < goal.step_bytes * (1 + ROOM):
        return trial
    try:
        again = adjusted(goal, trial)
    except BadInput as error:
        raise Declined(str(error)) from error
    return trial if again is None else tried(code, source, steps, folder / "again", again, memory_bytes, show)


def _in_words(trial: Trial, goal: Goal) -> str:
    size = f"{trial.step_bytes:,.0f} bytes a step"
    if isinstance(goal, Bounds):
        return f"{size} and {'keeps' if trial.holds else 'breaks'} the bounds"
    return f"{size} and is exact" if np.isinf(trial.least_db) else f"{size} with {trial.least_db:.1f} dB or more"
