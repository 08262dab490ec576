"""A run from its start, or from its last checkpoint, to its last file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np

from earthgan.errors import BadInput, EarthGANError
from earthgan.files import cannot_be_written, write_whole
from earthgan_training.simulate import archive, checkpoint, initial
from earthgan_training.simulate.attributes import attributes
from earthgan_training.simulate.checkpoint import Checkpoint
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.diagnostics import (
    LARGEST_TAIL,
    LARGEST_TAIL_BEFORE,
    Diagnostics,
    check_resolved,
    diagnose,
)
from earthgan_training.simulate.model import Model, State, at_resolution
from earthgan_training.simulate.output import ContestWriter, file_name
from earthgan_training.simulate.parameters import Setup
from earthgan_training.simulate.scale import HISTORY_FILE, kept_time_scale, time_scale

Keep = Literal["files", "coefficients"]

#: Number of steps between two checks of the resolution.
DIAGNOSE_EVERY = 16
#: Number of steps between two checkpoints if no file is written meanwhile.
CHECKPOINT_EVERY = 512


@dataclass(frozen=True)
class Progress:
    """The progress of a run. `written` counts files. `intervals` is the number of finished intervals out of `of`,
    including the spin-up. `diagnostics` are the latest numbers.
    """

    written: int
    intervals: float
    of: int
    diagnostics: Diagnostics


def simulate(
    setup: Setup,
    seed: int,
    steps: int,
    folder: Path,
    watch: Callable[[Progress], None] = lambda _: None,
    keep: Keep = "files",
) -> Diagnostics:
    """Write `steps` files to `folder`: contest files, or the coefficients of temperature (`archive.py`). If the folder
    holds a checkpoint, the run continues from it. Every file then has the same bytes as if the run had never stopped
    (on the same machine, with the same number of threads).

    Raises BadInput if the flow is under-resolved, if the folder holds another run, or if the folder cannot be written.
    """
    if steps < 1:
        raise BadInput(f"--steps {steps}: at least one step is needed")
    identity = checkpoint.fingerprint(setup, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run = _Run(setup, seed, folder, identity, checkpoint.load(folder, identity), keep)
        of = sum(stage.intervals for stage in setup.all_stages) + steps
        last = run.latest
        while run.written < steps:
            last = run.advance()
            watch(Progress(run.written, run.intervals, of, last))
        return last
    except OSError as error:
        raise cannot_be_written(folder, error) from error


def simulate_seed(setup: Setup, steps: int, keep: Keep, task: tuple[int, Path]) -> tuple[int, Diagnostics | str]:
    """Run one `(seed, folder)` of a sweep. Workers call this. An error that a person can correct is returned as a
    sentence, because a worker would repeat a task that raises.
    """
    seed, folder = task
    try:
        return seed, simulate(setup, seed, steps, folder, keep=keep)
    except EarthGANError as error:
        return seed, str(error)


def write_archived(
    kept: Path, folder: Path, steps: int | None, watch: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Write the files of the first `steps` steps (default: of all) whose coefficients the folder `kept` holds. They
    have the same bytes as those that the run itself would have written.

    Raises BadInput if the coefficients cannot be read, or if the folder cannot be written.
    """
    found = archive.steps(kept)[:steps]
    setup = archive.load(kept, found[0]).setup
    scale = kept_time_scale(setup, kept)
    writer = ContestWriter(Model(setup.physics, setup.resolution, setup.cfl), setup.grid, scale)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, t in enumerate(found, 1):
            step = archive.load(kept, t)
            if step.setup != setup:
                raise BadInput(f"{kept}: holds coefficients of several runs")
            writer.write(folder / file_name(t), step.temperature, step.time, attributes(setup, step.seed, scale))
            watch(done, len(found))
    except OSError as error:
        raise cannot_be_written(folder, error) from error


class _Run:
    """A run's state in its stage, its history, and the files that it writes."""

    def __init__(
        self,
        setup: Setup,
        seed: int,
        folder: Path,
        identity: dict[str, object],
        resumed: Checkpoint | None,
        keep: Keep,
    ) -> None:
        self._setup, self._folder, self._identity = setup, folder, identity
        self._seed, self._keep = seed, keep
        self._writer: ContestWriter | None = None
        if resumed is None:
            if any(folder.glob("spherical*.nc")) or any(folder.glob(archive.PATTERN)):
                raise BadInput(f"{folder}: holds files of time steps but no checkpoint; choose another --out")
            self._stage, self._model = 0, self._model_of(0)
            start = initial.random(self._model.grid, self._model.resolution.degree, seed)
            self.state: State = self._model.start(start, Clock(setup.all_stages[0].interval))
            self._history: list[Diagnostics] = []
            self._save()  # so that a run that is killed at its first file can continue from there
        else:
            self._stage, self._model = resumed.stage, self._model_of(resumed.stage)
            self.state = resumed.state
            self._history = [Diagnostics.of_row(row) for row in resumed.history]
        self.latest = diagnose(self._model, self.state)

    def _model_of(self, stage: int) -> Model:
        setup = self._setup
        of_stage = setup.all_stages[stage]
        return Model(replace(setup.physics, rayleigh=of_stage.rayleigh), of_stage.resolution, setup.cfl)

    @property
    def _is_last(self) -> bool:
        return self._stage == len(self._setup.stages)

    @property
    def intervals(self) -> float:
        """The number of intervals that have passed since the start."""
        clock = self.state.clock
        before = sum(stage.intervals for stage in self._setup.stages[: self._stage])
        return before + (clock.time - clock.start) / clock.interval

    @property
    def written(self) -> int:
        """The number of files that are written."""
        return max(0, self.state.clock.done - self._setup.spin_up) if self._is_last else 0

    def advance(self) -> Diagnostics:
        """Continue to the next check of the resolution, the next file or the end of the stage, whichever comes
        first.
        """
        while True:
            with np.errstate(over="ignore", invalid="ignore"):  # the check below refuses a flow that is not finite
                self.state = self._model.advanced(self.state)
            if self.state.clock.on_interval or self.state.step % DIAGNOSE_EVERY == 0:
                break
        with np.errstate(over="ignore", invalid="ignore"):
            self.latest = diagnose(self._model, self.state)
        check_resolved(self.latest, self._model, LARGEST_TAIL if self._is_last else LARGEST_TAIL_BEFORE)
        must_save = self.state.step % CHECKPOINT_EVERY == 0
        if self.state.clock.on_interval:
            self._history.append(self.latest)
            if self.written:
                self._write_file()
                must_save = True
            elif not self._is_last and self.state.clock.done == self._setup.stages[self._stage].intervals:
                self._next_stage()
                must_save = True
        if must_save:
            self._save()
        return self.latest

    def _next_stage(self) -> None:
        grid, before = self._model.grid, self.state
        self._stage += 1
        self._model = self._model_of(self._stage)
        clock = Clock(self._setup.all_stages[self._stage].interval, start=before.clock.time)
        self.state = self._model.start(at_resolution(before.temperature, grid, self._model), clock, before.step)

    def _write_file(self) -> None:
        temperature, time = self.state.temperature, self.state.clock.time
        if self._keep == "coefficients":
            archive.save(self._folder, self.written, archive.Kept(self._setup, self._seed, time, temperature))
            return
        scale = time_scale(self._setup, self._history)
        self._writer = self._writer or ContestWriter(self._model, self._setup.grid, scale)
        path = self._folder / file_name(self.written)
        self._writer.write(path, temperature, time, attributes(self._setup, self._seed, scale))

    def _save(self) -> None:
        # The checkpoint is written last, so that every file that it counts exists.
        lines = [",".join(field.name for field in fields(Diagnostics))]
        lines += [",".join(repr(value) for value in astuple(row)) for row in self._history]
        write_whole(self._folder / HISTORY_FILE, "\n".join(lines) + "\n")
        history = np.array([astuple(row) for row in self._history], np.float64).reshape(-1, len(fields(Diagnostics)))
        checkpoint.save(self._folder, Checkpoint(self._stage, self.state, history), self._identity)
