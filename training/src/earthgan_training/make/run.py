"""Makes a surrogate folder from a source. A run that was interrupted or killed goes on where it stopped.

The work lies in a folder beside the result, `.NAME.making`, which belongs to one process at a time. It holds a key, so
that another source or other options do not continue it, and a surrogate with the steps that are finished. The result
appears in one rename, after everything that was promised has been proved.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from earthgan.errors import BadInput, EarthGANError
from earthgan.files import cannot_be_written, locked, write_json, write_whole
from earthgan.numerics.threads import one_thread
from earthgan.progress import Show
from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Surrogate
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.make.absent import hide, is_hidden
from earthgan_training.make.choice import Trial, adjusted, chosen, meets_better, spread, trials_of, tried
from earthgan_training.make.code import Code, Declined
from earthgan_training.make.goal import AskedBounds, Bounds, Goal, Quality, Size, bounds_for
from earthgan_training.make.interrupt import interruptible
from earthgan_training.make.measure import Score, beyond, measured, ranges
from earthgan_training.make.report import Report, VariableReport
from earthgan_training.make.rival import sperr_bytes, sperr_psnr_db
from earthgan_training.make.spectral import what_follows
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import check_place, new_folder

#: The steps that are measured for the report, at most. A bound on errors is proved on all steps.
MEASURED_STEPS = 8
#: The steps that are encoded between two changes of the unfinished surrogate.
STEPS_AT_ONCE = 4
#: It changes when an unfinished surrogate of an earlier version of this program cannot be continued.
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is wanted of a surrogate. `kind` is None if measurements choose it. `rival` adds SPERR to the report."""

    goal: Quality | Size | AskedBounds = Quality()  # noqa: RUF009  (it is frozen)
    kind: str | None = None
    memory_bytes: int = 1000 * 2**20
    overwrite: bool = False
    rival: bool = True


@one_thread
def make_surrogate(
    source: Source,
    out: Path,
    wish: Wish,
    codes: Sequence[Code],
    identity: Any,
    show: Show,
    with_gaps: Source | None = None,
) -> Report:
    """Make the surrogate folder `out` of all steps and variables of a source, whole or not at all.

    All values of `source` are finite. `with_gaps` is the same source with NaN where cells have no value. The surrogate
    hides these cells, in each step those that it lacks.

    `identity` is JSON that changes when the source or the way to read it changes. `codes` are the ways to store fields,
    the one that wins ties first.

    Raises BadInput if the source cannot be read, if a promise does not hold, or if the folder exists or another process
    makes it. Nothing is left then. Raises WrongUsage for a goal that does not fit the source.
    """
    began = time.monotonic()
    check_place(out, wish.overwrite)
    able = [code for code in codes if wish.kind in (None, code.name)]
    steps = [step.t for step in source.steps]
    key = _key(source, wish, identity)
    with _work_folder(out, key) as work, interruptible(show) as show:
        unfinished = work / "surrogate"
        goal = _goal_of(wish.goal, source, steps)
        _encode(source, unfinished, goal, able, wish.memory_bytes, show)
        if with_gaps and not is_hidden(Surrogate(unfinished)):
            hide(unfinished, with_gaps, show)
        surrogate = Surrogate(unfinished)
        shown = steps if isinstance(goal, Bounds) else spread(steps, MEASURED_STEPS)
        scores = measured(with_gaps or source, surrogate, shown, show)
        if isinstance(goal, Bounds) and (broken := beyond(scores, goal.largest)):
            raise BadInput(f"{source.address}: --max-error does not hold: {broken}")
        report = _report(with_gaps or source, out, surrogate, wish, goal, scores, show)
        choice = (*json.loads(_choice_file(unfinished).read_text("utf-8")), *what_follows(surrogate))
        with new_folder(out, wish.overwrite) as draft:
            shutil.copytree(unfinished, draft, dirs_exist_ok=True)
    return replace(report, choice=choice, measured=len(shown), seconds=time.monotonic() - began)


def _report(
    source: Source,
    out: Path,
    surrogate: Surrogate,
    wish: Wish,
    goal: Goal,
    scores: Mapping[str, Score],
    show: Show,
) -> Report:
    size, steps = footprint(surrogate), len(source.steps)
    bounds = goal.largest if isinstance(goal, Bounds) else None
    step_bytes, middle = size.inputs_per_step + size.model / steps, source.steps[steps // 2].t
    spans = ranges(source, [middle]) if source.vector and wish.rival and not bounds else {}
    variables = {}
    for i, each in enumerate(source.variables):
        name = each.variable.name
        show("comparing with SPERR", i, len(source.variables))
        rival_db = rival_bytes = None
        if wish.rival and bounds:
            rival_bytes = sperr_bytes(source, middle, name, bounds[name], wish.memory_bytes)
        elif wish.rival:
            rival_db = sperr_psnr_db(source, middle, name, step_bytes, wish.memory_bytes, spans.get(name))
        score = scores[name]
        variables[name] = VariableReport(score.psnr_db, score.largest_error, each.variable.unit, rival_db, rival_bytes)
    return Report(
        folder=out,
        kind=surrogate.spec.generator.arguments.preset,
        asked=_in_words(goal),
        steps=steps,
        measured=steps,
        cells=source.grid.shape,
        inputs=size.inputs_per_step * steps,
        model=size.model,
        variables=variables,
        seconds=0.0,
        notes=(*source.notes, *_shortfalls(goal, [score.psnr_db for score in scores.values()])),
    )


def _goal_of(asked: Quality | Size | AskedBounds, source: Source, steps: Sequence[int]) -> Goal:
    """The goal for a source. Percent refer to the range in a few steps, which is no larger than that in all."""
    if not isinstance(asked, AskedBounds):
        return asked
    percent = any(each.unit == "%" for each in asked.bounds)
    return bounds_for(asked, source, ranges(source, trials_of(source)) if percent else {})


def _encode(source: Source, unfinished: Path, goal: Goal, codes: Sequence[Code], memory_bytes: int, show: Show) -> None:
    """Make or continue the unfinished surrogate, until it has all steps. A code that declines a later step is left."""
    able, said = list(codes), list[str]()
    while True:
        if not (unfinished / SPEC_FILE).exists():
            _begin(source, unfinished, said, goal, able, memory_bytes, show)
        preset = Surrogate(unfinished).spec.generator.arguments.preset
        code = next(code for code in codes if code.name == preset)
        try:
            _finish(source, unfinished, code, memory_bytes, show)
        except Declined as declined:
            able = [each for each in able if each is not code]
            if not able:
                raise
            said = [f"{code.name} is given up: {str(declined).removeprefix(source.address + ': ')}"]
            shutil.rmtree(unfinished)
        else:
            return


def _begin(
    source: Source,
    unfinished: Path,
    before: Sequence[str],
    goal: Goal,
    codes: Sequence[Code],
    memory_bytes: int,
    show: Show,
) -> None:
    """Choose a code and fit it. The folder `unfinished` appears at once, with the steps that the code was fitted to.

    `before` are lines that say what happened before this choice.
    """
    trials = unfinished.with_name("trial")
    steps = [step.t for step in source.steps]
    shutil.rmtree(trials, ignore_errors=True)
    few = trials_of(source)
    said = list(before)
    best = chosen(codes, source, few, trials, goal, memory_bytes, show, said.append)
    write_json(_choice_file(unfinished), said)
    code = best.code if isinstance(best, Trial) else best
    fitted = spread(steps, code.fitting_steps(source, memory_bytes))
    done = best if isinstance(best, Trial) and set(fitted) <= set(few) else None
    if isinstance(goal, Bounds):
        if done is None:
            code.fit(source, trials / "fitted", goal, fitted, memory_bytes, show)
        (done.folder if done else trials / "fitted").rename(unfinished)
    else:
        trial = done or tried(code, source, fitted, trials / "fitted", goal, memory_bytes, show)
        if again := adjusted(goal, trial):
            second = tried(code, source, fitted, trials / "again", again, memory_bytes, show)
            trial = second if meets_better(goal, trial, second) else trial
        trial.folder.rename(unfinished)
    shutil.rmtree(trials, ignore_errors=True)


def _choice_file(unfinished: Path) -> Path:
    """Beside an unfinished surrogate, the lines that say how its kind was chosen."""
    return unfinished.with_name("choice.json")


def _finish(source: Source, unfinished: Path, code: Code, memory_bytes: int, show: Show) -> None:
    """Encode the steps that are not in the folder yet."""
    steps = [step.t for step in source.steps]
    there = {step.t for step in Surrogate(unfinished).steps}
    left = [t for t in steps if t not in there]
    for start in range(0, len(left), STEPS_AT_ONCE):
        show("steps", len(there) + start, len(steps))
        code.add(unfinished, source, left[start : start + STEPS_AT_ONCE], memory_bytes, show)
    show("steps", len(steps), len(steps))


def _key(source: Source, wish: Wish, identity: Any) -> str:
    """What must be the same for an unfinished surrogate to be continued."""
    facts = {
        "version": VERSION,
        "identity": identity,
        "goal": repr(wish.goal),
        "kind": wish.kind,
        "memory": wish.memory_bytes,
        "title": source.title,
        "provenance": source.provenance.model_dump(),
        "planet": source.planet.model_dump(),
        "variables": [repr(each.variable) for each in source.variables],
        "steps": [repr(step) for step in source.steps],
        "grid": repr(source.grid),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@contextmanager
def _work_folder(out: Path, key: str) -> Iterator[Path]:
    """The locked folder of the work on `out`. It is kept if the process is killed or interrupted, and else removed.

    Raises BadInput if another process has it, or if the file system refuses.
    """
    work = out.with_name(f".{out.name}.making")
    try:
        while True:
            work.mkdir(parents=True, exist_ok=True)
            found = work.stat()
            with _held(work, out):
                if not (work.exists() and work.stat().st_ino == found.st_ino):
                    continue  # another process has finished meanwhile, and has removed the folder
                if _read(work / "key") != key:
                    _emptied(work)
                    write_whole(work / "key", key)
                try:
                    yield work
                except EarthGANError:
                    shutil.rmtree(work, ignore_errors=True)
                    raise
                shutil.rmtree(work, ignore_errors=True)
                return
    except OSError as error:
        raise cannot_be_written(out, error) from error


@contextmanager
def _held(work: Path, out: Path) -> Iterator[None]:
    lock = locked(work)
    try:
        lock.__enter__()
    except BadInput as error:
        raise BadInput(f"{out}: another process is making it") from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _in_words(goal: Goal) -> str:
    match goal:
        case Quality(psnr_db=psnr_db):
            return f"{psnr_db:g} dB asked for"
        case Size(step_bytes=step_bytes):
            return f"{step_bytes:,} bytes a step asked for"
        case Bounds(largest=largest):
            bounds = ", ".join(f"{name} within {bound:.3g}" for name, bound in largest.items())
            return f"{bounds} in every cell, as decoding has shown"


def _shortfalls(goal: Goal, scores_db: Sequence[float]) -> tuple[str, ...]:
    if isinstance(goal, Quality) and np.min(scores_db) < goal.psnr_db - 1:
        return (f"the quality asked for, {goal.psnr_db:g} dB, was not reached",)
    return ()
