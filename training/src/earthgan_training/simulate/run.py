"""A run from its start, or from its last checkpoint, to its last file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from earthgan.errors import BadInput
from earthgan.files import cannot_be_written, write_whole
from earthgan_training.simulate import checkpoint, initial
from earthgan_training.simulate.checkpoint import Checkpoint
from earthgan_training.simulate.diagnostics import Diagnostics, check_resolved, diagnose
from earthgan_training.simulate.model import Model, State
from earthgan_training.simulate.output import ContestWriter, file_name
from earthgan_training.simulate.parameters import Setup

HISTORY_FILE = "history.csv"
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
    setup: Setup, seed: int, steps: int, folder: Path, watch: Callable[[Progress], None] = lambda _: None
) -> Diagnostics:
    """Write `steps` files to `folder`. If the folder holds a checkpoint, the run continues from it. Every file then has
    the same bytes as if the run had never stopped (on the same machine, with the same number of threads).

    Raises BadInput if the flow is under-resolved, if the folder holds another run, or if the folder cannot be written.
    """
    if steps < 1:
        raise BadInput(f"--steps {steps}: at least one step is needed")
    identity = checkpoint.fingerprint(setup, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        resumed = checkpoint.load(folder, identity)
        model = Model(setup.physics, setup.resolution, setup.cfl)
        run = _Run(setup, seed, folder, model, identity, resumed)
        last = run.latest
        while run.written < steps:
            last = run.advance()
            watch(Progress(run.written, run.state.clock.time / setup.interval, setup.spin_up + steps, last))
        return last
    except OSError as error:
        raise cannot_be_written(folder, error) from error


class _Run:
    """A run's state, its history, and the files that it writes."""

    def __init__(
        self,
        setup: Setup,
        seed: int,
        folder: Path,
        model: Model,
        identity: dict[str, object],
        resumed: Checkpoint | None,
    ) -> None:
        self._setup, self._folder, self._model, self._identity = setup, folder, model, identity
        self._writer = ContestWriter(model, setup.grid)
        self._attributes = _attributes(setup, seed)
        if resumed is None:
            if any(folder.glob("spherical*.nc")):
                raise BadInput(f"{folder}: holds spherical<step>.nc files but no checkpoint; choose another --out")
            start = initial.random(model.grid, setup.resolution.degree, seed)
            self.state: State = model.start(start, setup.interval)
            self._history: list[Diagnostics] = []
            self._save()  # so that a run that is killed at its first file can continue from there
        else:
            self.state = resumed.state
            self._history = [_row(row) for row in resumed.history]
        self.latest = diagnose(model, self.state)

    @property
    def written(self) -> int:
        """The number of files that are written."""
        return max(0, self.state.clock.done - self._setup.spin_up)

    def advance(self) -> Diagnostics:
        """Continue to the next check of the resolution or to the next file, whichever comes first."""
        while True:
            self.state = self._model.advanced(self.state)
            if self.state.clock.on_interval or self.state.step % DIAGNOSE_EVERY == 0:
                break
        self.latest = diagnose(self._model, self.state)
        check_resolved(self.latest, self._model)
        if self.state.clock.on_interval:
            self._history.append(self.latest)
            if self.written:
                self._write_file()
        if (self.state.clock.on_interval and self.written) or self.state.step % CHECKPOINT_EVERY == 0:
            self._save()
        return self.latest

    def _write_file(self) -> None:
        path = self._folder / file_name(self.written)
        self._writer.write(path, self.state.temperature, self.state.clock.time, self._attributes)

    def _save(self) -> None:
        # The checkpoint is written last, so that every file that it counts exists.
        lines = [",".join(field.name for field in fields(Diagnostics))]
        lines += [",".join(repr(value) for value in astuple(row)) for row in self._history]
        write_whole(self._folder / HISTORY_FILE, "\n".join(lines) + "\n")
        history = np.array([astuple(row) for row in self._history], np.float64).reshape(-1, len(fields(Diagnostics)))
        checkpoint.save(self._folder, Checkpoint(self.state, history), self._identity)


def _row(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Diagnostics:
    step, *rest = values.tolist()
    return Diagnostics(int(step), *rest)


def _attributes(setup: Setup, seed: int) -> dict[str, str | float | int]:
    """The attributes that describe how a file was made."""
    physics, resolution = setup.physics, setup.resolution
    layers = "; ".join(
        f"x {s.factor:g} above {s.depth_km:g} km (tanh, {s.width_km:g} km)" for s in physics.viscosity_steps
    )
    return {
        "source": "earthgan simulate: Boussinesq, infinite Prandtl number, spherical harmonics x Chebyshev",
        "comment": "Simulated by EarthGAN, without phase transitions. Conductivity, expansivity and the density of the "
        "spin transition are diagnostic curves of temperature at each depth, which the flow does not feel. "
        "Time scales with the diffusivity.",
        "preset": setup.name,
        "seed": seed,
        "rayleigh_number": physics.rayleigh,
        "internal_heating": physics.heating,
        "boundaries": "free slip" if physics.free_slip else "no slip",
        "viscosity": layers or "constant",
        "chebyshev_nodes": resolution.nodes,
        "harmonic_degree": resolution.degree,
        "precision": resolution.dtype,
        "cfl_number": setup.cfl,
    }
